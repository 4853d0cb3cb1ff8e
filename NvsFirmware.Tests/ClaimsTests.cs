using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>The claims that the product implements, one test each; docs/claims.md says where each lives. 10 to 25 repeat 1 to 9.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ClaimsTests
{
    private static readonly MediumLayout layout = MediumLayout.Default(8192)!;

    private readonly TestBoard board = TestBoard.Formatted();

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

    /// <summary>
    /// Breaks when format writes no record, or none that says where set A begins; or when a request allocates nothing for the one behind
    /// it.
    /// </summary>
    [TestMethod]
    public void Claim1_FirstSegmentsAreAllocatedBeforeAnyRequestAndSecondOnesInResponseToIt()
    {
        Assert.AreEqual(
            (0u, 0), (Medium32(layout.RecordAt(0)), Medium16(layout.RecordAt(0) + 28)), "version 0, and set A begins at segment 0");
        Sets atFormat = Sets.Of(board);
        Assert.AreEqual((0, 0, layout.SetSegments - 1), (atFormat.Flag, atFormat.PreparedFirst, atFormat.PreparedLast));
        int second = -1;
        board.Uart.Answering = () => second = Medium16(layout.SegmentAt(0) + 10);
        board.Write(1, Item(7));
        board.Uart.Answering = null;
        Sets first = Sets.Of(board);
        Assert.AreEqual((0, 2), (first.CommittedFirst, first.CommittedCount), "the request used the segments allocated before it");
        Assert.AreEqual((2, 2 + layout.SetSegments - 1), (first.PreparedFirst, first.PreparedLast), "second segments");
        Assert.AreEqual(first.PreparedFirst, second & 0x0FFF, "the commit itself names them, on the medium before the answer");
    }

    /// <summary>Breaks when a request does not take the set that was prepared for it.</summary>
    [TestMethod]
    public void Claim2_TheSecondRequestIsWrittenToTheSecondSegmentsAndThirdOnesAreAllocated()
    {
        board.Write(1, Item(7));
        Sets first = Sets.Of(board);
        byte[] data = [.. Enumerable.Repeat((byte)0xA5, 60)];
        board.Write(2, new TrackItem(8, data));
        Sets second = Sets.Of(board);
        Assert.AreEqual(first.PreparedFirst, second.CommittedFirst);
        CollectionAssert.AreEqual(data, board.Chip.Memory.Slice(layout.SegmentAt(second.CommittedFirst) + 32, data.Length).ToArray());
        Assert.AreEqual(second.PreparedFirst, Medium16(layout.SegmentAt(second.CommittedFirst) + 10) & 0x0FFF, "third segments");
        Assert.IsTrue(second.PreparedFirst >= second.CommittedFirst + second.CommittedCount);
    }

    /// <summary>Breaks when the NVS allocates past the control block, or the cache forgets where a track lies.</summary>
    [TestMethod]
    public void Claim3_ACacheControlBlockTellsTheSegmentsOfATrack()
    {
        const int Piece = 1024;
        FramChip chip = new(board.Chip, board.Clock);
        NvsStore nvs = new(chip, board.Clock, Piece, new byte[Frame.TotalBytes(Block.PayloadHeadBytes + Piece)]);
        Assert.AreEqual(Status.Ok, nvs.Mount(""));
        nvs.Resume(true);
        TrackCache cache = new(nvs, 2, 128);
        byte[] info = new byte[Payload.InfoAnswer.Bytes];
        for (int i = 0; i < 2; i++)
        {
            byte[] data = [1, 2, 3, 4, (byte)i];
            byte[] frame = board.WriteFrame((uint)i + 1, 0, 70 + (uint)i, data, flags: WriteFlags.Last);
            nvs.PutInfo(info, 0);
            Assert.AreEqual(Status.Ok, cache.Write(frame, data.Length));
            CacheControlBlocks blocks = nvs.Request.Blocks;
            cache.Keep(frame, data.Length);
            Assert.AreEqual((70 + i, i, (int)blocks.FirstInSet[0]), (blocks.Tracks[0], blocks.Set, 0));
            int first = BitConverter.ToUInt16(info, Payload.InfoAnswer.PreparedFirst);
            CollectionAssert.AreEqual(
                data, board.Chip.Memory.Slice(layout.SegmentAt(first) + 32, data.Length).ToArray(), "the set's first segment");
            Assert.IsTrue(cache.Find(70 + i), "the cache goes by the block that the NVS filled in");
            Assert.AreEqual(nvs.Request.Argument, Frame.Argument(cache.Found, 0));
        }
    }

    /// <summary>Breaks when a block leaves out the other set or the flag, or the record does.</summary>
    [TestMethod]
    public void Claims4And7_TheVirtualTrackBufferIdentifiesBothSetsAndTheFlag()
    {
        board.Write(1, Item(7));
        for (uint number = 2; number <= 5; number++)
        {
            board.Write(number, Item(8, 60));
            Sets sets = Sets.Of(board);
            int expected = sets.PreparedFirst | (sets.Flag << 15);
            int block = layout.SegmentAt(sets.CommittedFirst);
            Assert.AreEqual(number, Medium32(block + 4), "the segments of the commit: where its block lies");
            Assert.AreEqual(expected, Medium16(block + 10) & 0x8FFF, "the flag, and where the set lies that it names");
            board.Idle(400); // then a record says the same
            int record = layout.RecordAt(Medium32(layout.RecordAt(0)) == number ? 0 : 1);
            Assert.AreEqual((number, expected), (Medium32(record), Medium16(record + 28)));
        }
    }

    /// <summary>Breaks when the host adapter writes past the cache: then a read after the write costs SPI traffic.</summary>
    [TestMethod]
    public void Claim5_TheCacheReceivesTheRequestFromTheHostAdapter()
    {
        board.Write(1, Item(7));
        board.Idle(400);
        board.Chip.ResetCounters();
        Assert.AreEqual(Status.Ok, board.Read(7).Status);
        Assert.AreEqual(0, board.Chip.Bytes);
    }

    /// <summary>Breaks when preparing is left to the request that needs the set.</summary>
    [TestMethod]
    public void Claim6_AfterACommitTheOtherSetIsReadyBeforeTheNextRequest()
    {
        board.Write(1, Item(7));
        int prepared = layout.SegmentAt(Sets.Of(board).PreparedFirst);
        List<byte[]> transactions = [];
        int untilTheAnswer = 0;
        board.Chip.BeforeTransaction = output => transactions.Add(output.ToArray());
        board.Uart.Answering = () => untilTheAnswer = transactions.Count;
        board.Write(2, Item(8));
        // WREN, the data straight to the prepared set, and a look whether they are there: no look-up, no allocation.
        Assert.AreEqual(3, untilTheAnswer);
        Assert.AreEqual(Opcode.Wren, transactions[0][0]);
        Assert.AreEqual((Opcode.Write, prepared), (transactions[1][0], (transactions[1][1] << 8) | transactions[1][2]));
        Assert.AreEqual(Opcode.Read, transactions[2][0]);
    }

    /// <summary>Breaks when a commit leaves the flag as it is, or a reboot turns it.</summary>
    [TestMethod]
    public void Claim8_TheFlagAlternatesWithEveryCommit()
    {
        for (uint i = 1; i <= 40; i++)
        {
            if (i % 3 == 0)
                board.Boot();
            Assert.AreEqual((int)((i - 1) % 2), Sets.Of(board).Flag);
            board.Write(i, i == 5 ? new TrackItem(7, null) : Item(7 + i % 2));
        }
    }

    /// <summary>Breaks when recovery takes the flag, or where the next set begins, from anything but the newest whole commit.</summary>
    [TestMethod]
    public void Claim9_AcrossAPowerLossItIsKnownWhichSetIsInTheCommit()
    {
        board.Write(1, Item(7));
        board.Idle(400);
        byte[] medium = board.Chip.Storage.ToArray();
        Sets before = Sets.Of(board);
        board.Chip.ResetCounters();
        board.Write(2, Item(8));
        Sets after = Sets.Of(board);
        long traffic = board.Chip.Bytes;
        HashSet<int> seen = [];
        for (long cut = 1; cut <= traffic; cut++)
        {
            board.Chip.PowerUp();
            medium.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Hello();
            board.Chip.CutAfterBits(cut * 8);
            board.TryWrite(2, [Item(8)]);
            board.Boot();
            Sets found = Sets.Of(board);
            Sets expected = board.Read(8).Status == Status.Ok ? after : before;
            Assert.AreEqual((expected.Flag, expected.PreparedFirst), (found.Flag, found.PreparedFirst), $"cut after byte {cut}");
            seen.Add(found.Flag);
        }
        Assert.HasCount(2, seen);
    }

    private uint Medium32(int address) => BitConverter.ToUInt32(board.Chip.Memory.Slice(address, 4));

    private int Medium16(int address) => BitConverter.ToUInt16(board.Chip.Memory.Slice(address, 2));
}
