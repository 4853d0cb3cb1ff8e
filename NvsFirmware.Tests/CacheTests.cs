using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>
/// The cache seen from the wire: a hit costs no SPI traffic, and what it returns is what is committed, never newer, never older.
/// </summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class CacheTests
{
    private const int Blocks = 4;
    private const int BlockBytes = 200;

    private readonly TestBoard board = TestBoard.Formatted(
        settings: new BoardSettings { CacheBlocks = Blocks, CacheBlockBytes = BlockBytes, LargestPieceBytes = 256 });
    private uint number = 1;

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(64)]
    [DataRow(BlockBytes)]
    public void AReadOfWhatWasWrittenOrReadCostsNoTraffic(int length)
    {
        // Breaks with a write, or a read, that leaves no copy.
        byte[] data = TrackModel.Data(length, 1);
        Write(new TrackItem(1, data));
        AssertRead(1, data, isHit: true);
        board.Boot();
        AssertRead(1, data, isHit: false);
        AssertRead(1, data, isHit: true);
        Assert.AreEqual((2u, 1u), (board.Stat(Counter.Reads), board.Stat(Counter.CacheHits)));
    }

    [TestMethod]
    public void AMissCostsTheTrackAndOneCommand()
    {
        // 3 bytes of opcode and address on a chip this small, then a block.
        TestBoard wide = TestBoard.Formatted();
        foreach (int length in new[] { 0, 10, 64, 65, 1000, 16 * 64 })
        {
            wide.Write(number++, new TrackItem(1, TrackModel.Data(length, 1)));
            wide.Boot();
            wide.Hello();
            wide.Chip.ResetCounters();
            wide.Read(1);
            Assert.AreEqual((3 + 32 + length + 4, 1), (wide.Chip.Bytes, wide.Chip.Transactions), $"{length} bytes");
        }
    }

    [TestMethod]
    public void TracksLongerThanABlockAreNotCached()
    {
        byte[] data = TrackModel.Data(BlockBytes + 1, 1);
        Write(new TrackItem(1, data));
        AssertRead(1, data, isHit: false);
        AssertRead(1, data, isHit: false);
    }

    [TestMethod]
    public void OfABatchTheLastTrackIsCachedAndNoneIsServedFromAnOldCopy()
    {
        // The frames of the others are gone when the batch commits. Breaks with only the last track's old copy emptied.
        foreach (uint track in new uint[] { 1, 2, 3 })
            Write(new TrackItem(track, [(byte)track]));
        Write(new(1, [11]), new(2, [12]), new(3, [13]));
        AssertRead(3, [13], isHit: true);
        AssertRead(2, [12], isHit: false);
        AssertRead(1, [11], isHit: false);
    }

    [TestMethod]
    public void ALongTrackThatReplacesACachedOneIsNotServedFromTheOldCopy()
    {
        // Breaks with the old version's copy not emptied.
        Write(new TrackItem(1, [1]));
        byte[] data = TrackModel.Data(BlockBytes + 1, 1);
        Write(new TrackItem(1, data));
        AssertRead(1, data, isHit: false);
    }

    [TestMethod]
    public void ATrackPushesOutTheOneOfItsPlaceAndNoOther()
    {
        for (uint track = 1; track <= Blocks; track++)
            Write(new TrackItem(track, [(byte)track]));
        Write(new TrackItem(1 + Blocks, [9]));
        AssertRead(1 + Blocks, [9], isHit: true);
        for (uint track = 2; track <= Blocks; track++)
            AssertRead(track, [(byte)track], isHit: true);
        AssertRead(1, [1], isHit: false);
        AssertRead(1, [1], isHit: true);
        AssertRead(1 + Blocks, [9], isHit: false);
    }

    [TestMethod]
    public void AnOverwrittenTrackIsServedAnewAndAReleasedOneNotAtAll()
    {
        foreach (uint track in new uint[] { 1, 2, 3 })
            Write(new TrackItem(track, [(byte)track]));
        Write(new(1, [4]), new(2, null));
        AssertRead(1, [4], isHit: false);
        Assert.AreEqual(Status.NotFound, board.Read(2).Status);
        AssertRead(3, [3], isHit: true);
        AssertRead(1, [4], isHit: true);
        Write(new TrackItem(2, [5]));
        AssertRead(2, [5], isHit: true);
    }

    [TestMethod]
    public void AReadDuringAWriteRequestReturnsTheOldTrack()
    {
        // Breaks with a copy made before the commit.
        byte[] old = TrackModel.Data(150, 1), @new = TrackModel.Data(150, 2);
        foreach (bool isCached in new[] { true, false })
        {
            Write(new TrackItem(1, old));
            if (!isCached)
                board.Boot();
            foreach (byte[] frame in board.WriteFrames(number, [new(1, @new)]))
            {
                CollectionAssert.AreEqual(old, board.Read(1).Data);
                board.Send(frame);
            }
            number++;
            AssertRead(1, @new, isHit: true);
        }
    }

    [TestMethod]
    public void AnInterruptedWriteRequestLeavesTheOldTrack()
    {
        byte[] old = TrackModel.Data(150, 1);
        Write(new TrackItem(1, old));
        List<byte[]> frames = board.WriteFrames(number++, [new(1, TrackModel.Data(150, 2)), new(5, [5])]);
        board.Send(frames[0]);
        board.Idle(11_000);
        CollectionAssert.AreEqual(old, board.Read(1).Data);
        Write(new TrackItem(2, [2]));
        CollectionAssert.AreEqual(old, board.Read(1).Data);
        Assert.AreEqual(Status.NotFound, board.TryWrite(number++, [new(1, [3]), new(77, null)])?.Status);
        CollectionAssert.AreEqual(old, board.Read(1).Data);
    }

    [TestMethod]
    public void AReadThatTheHostLeftDuringAWriteRequestDoesNotBecomeTheNewTrack()
    {
        // Breaks with the copy of the read taken for the request's.
        byte[] old = TrackModel.Data(200, 1), @new = TrackModel.Data(200, 2);
        Write(new TrackItem(1, old));
        board.Boot();
        List<byte[]> frames = board.WriteFrames(number++, [new(5, [5]), new(1, @new)]);
        board.Send(frames[0]);
        board.Uart.IsHostReading = false;
        board.Ask(FrameType.Read, 1, 1);
        board.Uart.IsHostReading = true;
        Assert.AreEqual(Status.Ok, board.Send(frames[1])[^1].Status);
        CollectionAssert.AreEqual(@new, board.Read(1).Data);
    }

    [TestMethod]
    public void FormatEmptiesTheCache()
    {
        Write(new TrackItem(1, [1]));
        Assert.AreEqual(Status.Ok, board.Format(board.StoreId()).Status);
        Assert.AreEqual(Status.NotFound, board.Read(1).Status);
    }

    [TestMethod]
    public void ATrackFoundDamagedIsNotCached()
    {
        // Breaks with a copy made of what does not match its CRC-32.
        Write(new TrackItem(1, TrackModel.Data(100, 1)));
        board.Boot();
        byte[] whole = board.Chip.Storage.ToArray();
        int at = board.Chip.Memory.IndexOf(TrackModel.Data(100, 1));
        board.Chip.Flip(at + 50, 2);
        Assert.AreEqual(Status.TrackDamaged, board.Read(1).Status);
        Assert.AreEqual(Status.TrackDamaged, board.Read(1).Status);
        whole.CopyTo(board.Chip.Storage);
        AssertRead(1, TrackModel.Data(100, 1), isHit: false);
    }

    // A copy whose bytes change in RAM is no copy. Breaks with its CRC-32 not looked at before it is served.
    [TestMethod]
    [DataRow(0)]
    [DataRow(149)]
    public void ACopyThatChangedInRamIsNotServed(int at)
    {
        byte[] data = TrackModel.Data(150, 1);
        Write(new TrackItem(1, data));
        board.Hello(); // the frame that brought the track is written over
        int changed = 0;
        foreach (byte[] ram in RamOf(board.Firmware, []))
        {
            int found = ram.AsSpan().IndexOf(data);
            if (found < 0)
                continue;
            ram[found + at] ^= 4;
            changed++;
        }
        Assert.IsGreaterThan(0, changed, "nothing in RAM holds the track");
        AssertRead(1, data, isHit: false);
        AssertRead(1, data, isHit: true);
    }

    [TestMethod]
    public void RandomReadsAndWritesMatchAModel()
    {
        Random random = new(11);
        TrackModel model = new();
        for (int i = 0; i < 5000; i++)
        {
            uint track = (uint)random.Next(1, 9);
            TrackItem item = new(
                track, random.Next(10) == 0 && model.Tracks.ContainsKey(track) ? null : TrackModel.Data(random.Next(BlockBytes + 60), i));
            List<byte[]> frames = board.WriteFrames(number++, [item]);
            int sent = random.Next(3) == 0 ? random.Next(frames.Count) : frames.Count;
            for (int part = 0; part < sent; part++)
            {
                if (random.Next(2) == 0)
                    AssertMatches((uint)random.Next(1, 9));
                if (random.Next(10) == 0)
                    LeaveARead((uint)random.Next(1, 9));
                board.Send(frames[part]);
            }
            if (sent == frames.Count)
                model.Apply(item);
            AssertMatches((uint)random.Next(1, 9));
        }
        Assert.IsTrue(board.Stat(Counter.CacheHits) > 1000);

        void AssertMatches(uint track)
        {
            (Status status, uint _, byte[]? data) = board.Read(track);
            Assert.AreEqual(model.Tracks.ContainsKey(track) ? Status.Ok : Status.NotFound, status, $"track {track}");
            if (data != null)
                CollectionAssert.AreEqual(model.Tracks[track], data, $"track {track}");
        }

        void LeaveARead(uint track)
        {
            board.Uart.IsHostReading = false;
            board.Ask(FrameType.Read, 1, track);
            board.Uart.IsHostReading = true;
        }
    }

    // All arrays of bytes that the firmware holds.
    private static IEnumerable<byte[]> RamOf(object? held, HashSet<object> seen)
    {
        if (held == null || held.GetType().IsValueType || held is string || !seen.Add(held))
            return [];
        if (held is byte[] bytes)
            return [bytes];
        if (held is byte[][] several)
            return several;
        if (held.GetType().Namespace?.StartsWith(nameof(NvsFirmware), StringComparison.Ordinal) != true || held is ISpiBus or IUart)
            return [];
        return held.GetType().GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
            .SelectMany(field => RamOf(field.GetValue(held), seen));
    }

    private void Write(params TrackItem[] items) => board.Write(number++, items);

    private void AssertRead(uint track, byte[] expected, bool isHit)
    {
        board.Run(); // what the last commit left to do is not the read's
        board.Chip.ResetCounters();
        (Status status, uint _, byte[]? data) = board.Read(track);
        Assert.AreEqual(Status.Ok, status);
        CollectionAssert.AreEqual(expected, data);
        Assert.AreEqual(
            isHit, board.Chip.Bytes == 0, $"track {track}: {board.Chip.Bytes} bytes on the bus, {board.Chip.Count(Opcode.Read)} reads");
    }
}
