using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>The claims that the product implements, one test each; docs/claims.md says where each lives. 10 to 25 repeat 1 to 9.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ClaimsTests
{
    private static readonly Geometry geometry = new(0x2000, 0, 0);

    private static TrackItem Item(uint track, int length = 100) => new(track, new byte[length]);

    /// <summary>The sets and the flag as a host is told them.</summary>
    private sealed record Sets(int Flag, int CommittedFirst, int CommittedCount, int PreparedFirst, int PreparedLast)
    {
        public static Sets Of(TestBoard board)
        {
            Answer info = board.Info();
            return new Sets(
                info.Payload[Payload.InfoAnswer.Flag],
                info.U16(Payload.InfoAnswer.CommittedFirst),
                info.U16(Payload.InfoAnswer.CommittedCount),
                info.U16(Payload.InfoAnswer.PreparedFirst),
                info.U16(Payload.InfoAnswer.PreparedLast));
        }
    }

    /// <summary>Breaks when format writes no record, or the record does not name the set.</summary>
    [TestMethod]
    public void Claim1_FirstSegmentsAreAllocatedBeforeAnyRequestAndSecondOnesInResponseToIt()
    {
        TestBoard board = TestBoard.Formatted();
        VtbRecord onMedium = ReadRecord(board, 0);
        Assert.AreEqual((0, 0, 0), (onMedium.Sequence, onMedium.Flag, onMedium.NextFirst));
        Sets atFormat = Sets.Of(board);
        Assert.AreEqual(geometry.SetSegments - 1, atFormat.PreparedLast - atFormat.PreparedFirst);
        board.Write(1, Item(7));
        Sets first = Sets.Of(board);
        Assert.AreEqual(atFormat.PreparedFirst, first.CommittedFirst, "the request used the segments allocated before it");
        Assert.AreEqual(first.CommittedFirst + first.CommittedCount, first.PreparedFirst, "second segments, behind the first");
        Assert.AreEqual(geometry.SetSegments - 1, first.PreparedLast - first.PreparedFirst);
    }

    /// <summary>Breaks when a request does not take the set that was prepared for it.</summary>
    [TestMethod]
    public void Claim2_TheSecondRequestIsWrittenToTheSecondSegmentsAndThirdOnesAreAllocated()
    {
        TestBoard board = TestBoard.Formatted();
        board.Write(1, Item(7));
        Sets first = Sets.Of(board);
        byte[] data = [.. Enumerable.Repeat((byte)0xA5, 60)];
        board.Write(2, new TrackItem(8, data));
        Sets second = Sets.Of(board);
        Assert.AreEqual(first.PreparedFirst, second.CommittedFirst);
        int address = geometry.SegmentAddress(second.CommittedFirst);
        CollectionAssert.AreEqual(data, board.Chip.Memory.Slice(address, data.Length).ToArray());
        Assert.AreEqual(second.CommittedFirst + second.CommittedCount, second.PreparedFirst);
    }

    /// <summary>Breaks when the cache forgets where a track lies, or serves what is not committed.</summary>
    [TestMethod]
    public void Claim3_ACacheControlBlockTellsTheSegmentsOfATrack()
    {
        TestBoard board = TestBoard.Formatted();
        FramChip chip = new(board.Chip, board.Clock);
        NvsStore nvs = new(chip);
        nvs.Mount("");
        TrackCache cache = new(nvs, 2, 128);
        int[] firsts = new int[2];
        for (int i = 0; i < 2; i++)
        {
            cache.Begin(1, i + 1);
            Assert.AreEqual(Status.Ok, cache.BeginTrack(70 + i, 5, false, 0));
            Assert.AreEqual(Status.Ok, cache.Append(new byte[16], 4, 5));
            firsts[i] = nvs.Tracks.Vtb.ActiveSet[0];
            Assert.AreEqual(Status.Ok, cache.Commit());
            nvs.BringUpToDate();
        }
        for (int i = 0; i < 2; i++)
        {
            CacheControlBlock block = cache.Block(70 + i);
            Assert.AreEqual((CacheState.Cached, i + 1, 5, firsts[i]), (block.State, block.Version, block.Length, block.FirstSegment));
        }
    }

    /// <summary>Breaks when the record leaves out a set or the flag.</summary>
    [TestMethod]
    public void Claims4And7_TheVirtualTrackBufferIdentifiesBothSetsAndTheFlag()
    {
        TestBoard board = TestBoard.Formatted();
        board.Write(1, Item(7));
        board.Write(2, Item(8, 200));
        Sets sets = Sets.Of(board);
        short[] segments = new short[geometry.SetSegments];
        VtbRecord onMedium = ReadRecord(board, 0, segments, out int used);
        Assert.AreEqual(2, onMedium.Sequence);
        Assert.AreEqual((sets.Flag, sets.PreparedFirst), (onMedium.Flag, onMedium.NextFirst));
        Assert.AreEqual((sets.CommittedFirst, sets.CommittedCount), (segments[0], used));
    }

    /// <summary>Breaks when the host adapter writes past the cache: then a read after the write costs SPI traffic.</summary>
    [TestMethod]
    public void Claim5_TheCacheReceivesTheRequestFromTheHostAdapter()
    {
        TestBoard board = TestBoard.Formatted();
        board.Write(1, Item(7));
        board.Run();
        board.Chip.ResetCounters();
        Assert.AreEqual(Status.Ok, board.Read(7).Status);
        Assert.AreEqual(0, board.Chip.Bytes);
    }

    /// <summary>Breaks when preparing is left to the request that needs the set.</summary>
    [TestMethod]
    public void Claim6_AfterACommitTheOtherSetIsReadyBeforeTheNextRequest()
    {
        TestBoard board = TestBoard.Formatted();
        board.Write(1, Item(7));
        int prepared = geometry.SegmentAddress(Sets.Of(board).PreparedFirst);
        List<byte[]> transactions = [];
        board.Chip.BeforeTransaction = output => transactions.Add(output.ToArray());
        board.Write(2, Item(8));
        // WREN, then the data straight to the prepared set: no look-up, no allocation.
        Assert.AreEqual(Opcode.Wren, transactions[0][0]);
        Assert.AreEqual((Opcode.Write, prepared), (transactions[1][0], (transactions[1][1] << 8) | transactions[1][2]));
    }

    /// <summary>Breaks when a commit leaves the flag as it is, or a reboot turns it.</summary>
    [TestMethod]
    public void Claim8_TheFlagAlternatesWithEveryCommit()
    {
        TestBoard board = TestBoard.Formatted();
        for (uint i = 1; i <= 9; i++)
        {
            if (i % 3 == 0)
                board.Boot();
            Assert.AreEqual((int)((i - 1) % 2), Sets.Of(board).Flag);
            board.Write(i, i == 5 ? new TrackItem(7, null) : Item(7 + i % 2));
        }
    }

    /// <summary>Breaks when recovery takes the flag, or the set in the commit, from anything but the newest whole record.</summary>
    [TestMethod]
    public void Claim9_AcrossAPowerLossItIsKnownWhichSetIsInTheCommit()
    {
        TestBoard board = TestBoard.Formatted();
        board.Write(1, Item(7));
        Sets before = Sets.Of(board);
        byte[] medium = board.Chip.Storage.ToArray();
        board.Chip.ResetCounters();
        board.Write(2, Item(8));
        Sets after = Sets.Of(board);
        long traffic = board.Chip.Bytes;
        HashSet<Sets> seen = [];
        for (long cut = 1; cut <= traffic; cut++)
        {
            board.Chip.PowerUp();
            medium.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Chip.CutAfterBits(cut * 8);
            board.TryWrite(2, [Item(8)]);
            board.Boot();
            Sets found = Sets.Of(board);
            bool isCommitted = board.Read(8).Status == Status.Ok;
            Assert.AreEqual(isCommitted ? after : before, found, $"cut after byte {cut}");
            seen.Add(found);
        }
        Assert.AreEqual(2, seen.Count);
    }

    private static VtbRecord ReadRecord(TestBoard board, int which) => ReadRecord(board, which, new short[geometry.SetSegments], out _);

    private static VtbRecord ReadRecord(TestBoard board, int which, short[] segments, out int used)
    {
        VtbRecord record = new(geometry.SetSegments);
        used = record.Parse(board.Chip.Memory.Slice(geometry.RecordAddress(which), geometry.RecordBytes).ToArray(), 0, geometry, segments);
        Assert.IsTrue(used >= 0, "a whole record");
        return record;
    }
}
