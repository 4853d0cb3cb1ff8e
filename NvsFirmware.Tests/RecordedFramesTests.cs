using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G7: a track's data may be a recording of this very line, and when its frame is damaged the board searches in it for the next header.
/// Nothing
/// it finds there is carried out: not FORMAT, REPAIR and HELLO, which are not trusted where the place is lost, and no write request,
/// because all that could have been recorded are decided.
/// </summary>
[TestClass]
[OnlyOnDotNet("damages frames in all places: too much for an interpreter")]
public sealed class RecordedFramesTests
{
    private readonly TestBoard board = TestBoard.Formatted("MB85RS256TY", new BoardSettings { LargestPieceBytes = 1984 });
    private readonly TrackModel model = new();
    private readonly List<byte[]> recorded = [];
    private byte[] id = [];
    private uint key;
    private uint number = 1;

    [TestInitialize]
    public void RecordASession()
    {
        id = board.StoreId();
        key = board.Key;
        Commit(new(1, [1]), new(2, TrackModel.Data(100, 2)));
        Commit(new(1, [2]), new(3, []));
        Commit(new(2, null), new(4, [4]));
        Record(board.WriteFrame(number++, 0, 99, [], length: Block.Released, flags: WriteFlags.Last)); // refused: NotFound
        Record(board.BuildFrame(FrameType.Read, 1, 1));
        Record(board.BuildFrame(FrameType.List, 2));
        Record(board.BuildFrame(FrameType.Last, 3, TestBoard.Client));
        Record(board.BuildFrame(FrameType.Repair, 4, 0, id));
        // These two are put in as they would have been recorded by another line: here they would end what is to be tested.
        recorded.Add(board.BuildFrame(FrameType.Format, 5, 0, [.. id, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]));
        recorded.Add(Frames.Hello(6));
        recorded.Add(board.BuildFrame(FrameType.Info, 7)); // so that there is no rest behind HELLO
    }

    [TestMethod]
    public void NothingOfADamagedFrameFullOfRecordedOnesIsCarriedOut()
    {
        // Breaks with FORMAT carried out when FrameReader.IsInPlace is false, with HELLO taken without a rest, and with a decided write
        // request carried out again.
        byte[] data = [.. recorded.SelectMany(frame => frame)];
        byte[] frame = board.WriteFrames(number, [new(50, data)])[0];
        Random random = new(1);
        for (int at = 0; at < frame.Length; at++)
        {
            byte[] damaged = [.. frame];
            damaged[at] ^= (byte)(1 << random.Next(8));
            AssertNothingIsCarriedOut(damaged, $"byte {at} flipped");
        }
    }

    [TestMethod]
    public void NothingOfARecordingWithoutItsBeginningIsCarriedOut()
    {
        byte[] data = [.. recorded.SelectMany(frame => frame)];
        byte[] frame = board.WriteFrames(number, [new(50, data)])[0];
        for (int lost = 1; lost < frame.Length; lost++)
        {
            // A frame that now stands at the very beginning is one in its place, as if it had been sent.
            if (IsBeginningOfAFrame(frame.AsSpan(lost)))
                continue;
            AssertNothingIsCarriedOut(frame[lost..], $"{lost} bytes lost");
        }
    }

    [TestMethod]
    public void NothingOfARecordingWithAHoleIsCarriedOut()
    {
        byte[] data = [.. recorded.SelectMany(frame => frame)];
        byte[] frame = board.WriteFrames(number, [new(50, data)])[0];
        Random random = new(2);
        for (int i = 0; i < 1000; i++)
        {
            int at = random.Next(frame.Length), count = Math.Min(random.Next(1, 300), frame.Length - at);
            byte[] left = [.. frame[..at], .. frame[(at + count)..]];
            if (!left.AsSpan().EndsWith(Frames.Hello(6))) // which has the line's rest behind it then, and so is one
                AssertNothingIsCarriedOut(left, $"{count} bytes lost at {at}");
        }
    }

    [TestMethod]
    public void ATrackFullOfRecordedFramesIsOnlyData()
    {
        byte[] data = [.. recorded.SelectMany(frame => frame)];
        Commit(new TrackItem(50, data));
        CollectionAssert.AreEqual(data, board.Read(50).Data);
        AssertHeld("whole frames are data");
    }

    // After the line has come to rest all is as before, but for answers that nobody asked for; the same session goes on.
    private void AssertNothingIsCarriedOut(byte[] sent, string where)
    {
        board.Uart.Send(sent);
        board.Idle(2 * FrameReader.SilenceMs + 100);
        board.Uart.TakeSent();
        AssertHeld(where);
    }

    private void AssertHeld(string where)
    {
        Assert.AreEqual(Status.Ok, board.Send(Frames.Build(key, FrameType.Info, 9)).Single().Status, where);
        Dictionary<uint, byte[]> found = board.ReadAll();
        CollectionAssert.AreEquivalent(model.Tracks.Keys.ToArray(), found.Keys.ToArray(), where);
        foreach ((uint track, byte[] data) in model.Tracks)
            CollectionAssert.AreEqual(data, found[track], where);
    }

    private bool IsBeginningOfAFrame(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Frame.HeaderBytes)
            return false;
        byte[] header = bytes[..Frame.HeaderBytes].ToArray();
        return header[0] == Frame.Sync0 && header[1] == Frame.Sync1 && Frame.KeyOf(header, 0) is var found && (found == key || found == 0);
    }

    private void Commit(params TrackItem[] items)
    {
        foreach (byte[] frame in board.WriteFrames(number++, items))
            Record(frame);
        model.Apply(items);
    }

    private void Record(byte[] frame)
    {
        recorded.Add(frame);
        Assert.HasCount(1, board.Send(frame));
    }
}
