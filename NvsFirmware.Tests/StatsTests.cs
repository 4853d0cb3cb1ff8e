using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>Each counter of STATS counts what docs/protocol.md says, and nothing else.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class StatsTests
{
    private readonly TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestPieceBytes = 128, CacheBlockBytes = 100 });
    private uint number = 1;

    [TestMethod]
    public void CommitsAndWhatTheyWrote()
    {
        AssertCounts(() => board.Write(number++, new(1, new byte[10]), new(2, new byte[300]), new(3, [])),
            (Counter.Commits, 1), (Counter.TracksWritten, 3), (Counter.BytesWritten, 310));
        AssertCounts(() => board.Write(number++, new(1, null), new(2, new byte[7])),
            (Counter.Commits, 1), (Counter.TracksWritten, 1), (Counter.TracksReleased, 1), (Counter.BytesWritten, 7));
    }

    [TestMethod]
    public void WhatIsNotCommittedIsNotCounted()
    {
        AssertCounts(() => board.TryWrite(number++, [new(1, new byte[10]), new(9, null)]), (Counter.Refused, 1));
        AssertCounts(() => board.Send(board.WriteFrames(number++, [new(1, new byte[10]), new(2, [])])[0]));
        AssertCounts(() => board.Write(number++, new TrackItem(1, [])), (Counter.Commits, 1), (Counter.TracksWritten, 1));
    }

    [TestMethod]
    public void RepeatedRequests()
    {
        board.Write(number, new(1, [1]), new(2, [2]));
        AssertCounts(() => board.Write(number, new(1, [1]), new(2, [2])), (Counter.Repeated, 1));
        AssertCounts(() => board.TryWrite(number, [new(1, [9])]), (Counter.Refused, 1));
    }

    [TestMethod]
    public void RefusalsAreAllAnswersButOkAndContinue()
    {
        AssertCounts(() => board.Read(77), (Counter.Refused, 1));
        AssertCounts(() => board.Last(77), (Counter.Refused, 1));
        AssertCounts(() => board.AskOne(0x55), (Counter.Refused, 1));
        AssertCounts(() => board.Format("BLANK"), (Counter.Refused, 1));
        AssertCounts(() => board.Send(board.BuildFrame(FrameType.Info, 1, flags: 1)), (Counter.Refused, 1));
        AssertCounts(() => board.Hello(1, version: 9), (Counter.Refused, 1));
    }

    [TestMethod]
    public void ReadsAndHits()
    {
        board.Write(number++, new TrackItem(2, new byte[101]));
        board.Write(number++, new TrackItem(1, [1]));
        AssertCounts(() => board.Read(1), (Counter.Reads, 1), (Counter.CacheHits, 1));
        AssertCounts(() => board.Read(2), (Counter.Reads, 1));
        board.Boot();
        AssertCounts(() => board.Read(1), (Counter.Reads, 1));
        AssertCounts(() => board.Read(1), (Counter.Reads, 1), (Counter.CacheHits, 1));
    }

    [TestMethod]
    public void DamagedTracks()
    {
        byte[] data = TrackModel.Data(100, 1);
        board.Write(number++, new TrackItem(1, data));
        board.Boot();
        board.Chip.Flip(board.Chip.Memory.IndexOf(data) + 50, 3);
        uint before = board.Stat(Counter.TrackCrcErrors);
        Assert.AreEqual(Status.TrackDamaged, board.Read(1).Status);
        Assert.AreEqual(before + 1, board.Stat(Counter.TrackCrcErrors));
        board.Verify();
        Assert.AreEqual(before + 2, board.Stat(Counter.TrackCrcErrors));
        board.List();
        Assert.AreEqual(before + 2, board.Stat(Counter.TrackCrcErrors));
    }

    [TestMethod]
    public void FramesAndTheirErrors()
    {
        uint[] before = All();
        byte[] whole = board.BuildFrame(FrameType.Info, 1);
        byte[] damaged = board.WriteFrame(number++, 0, 1, [1], flags: WriteFlags.Last);
        damaged[^1] ^= 1;
        board.Send(whole, whole, damaged, whole, [1, 2, 3], whole);
        uint[] after = All();
        // STATS itself, asked before and after, is one more received and sent.
        Assert.AreEqual(4u + 1, after[Counter.FramesReceived] - before[Counter.FramesReceived]);
        Assert.AreEqual(6u + 1, after[Counter.FramesSent] - before[Counter.FramesSent]); // four answers, BadCrc, LOST
        Assert.AreEqual(1u, after[Counter.FrameCrcErrors] - before[Counter.FrameCrcErrors]);
        Assert.AreEqual(2u, after[Counter.PlacesLost] - before[Counter.PlacesLost]);
    }

    [TestMethod]
    public void TheBus()
    {
        board.Idle(500);
        uint[] before = All();
        board.Chip.ResetCounters();
        board.Write(number++, new TrackItem(1, new byte[100]));
        board.Idle(500);
        long bytes = board.Chip.Bytes, transactions = board.Chip.Transactions;
        uint[] after = All();
        Assert.AreEqual((uint)bytes, after[Counter.BusBytes] - before[Counter.BusBytes]);
        Assert.AreEqual((uint)transactions, after[Counter.BusTransactions] - before[Counter.BusTransactions]);
    }

    [TestMethod]
    public void RecoveriesAndWhatTheyFound()
    {
        board.Write(number++, new TrackItem(1, [1]));
        board.Idle(500);
        board.Boot();
        Assert.AreEqual(1u, board.Stat(Counter.Recoveries));
        CollectionAssert.AreEqual(new byte[8], Findings());
        board.Write(number++, new TrackItem(1, [2]));
        board.Chip.IsAbsent = true; // its bookkeeping may be due
        board.Idle(1500);
        board.Chip.IsAbsent = false;
        board.Idle(1500);
        Assert.AreEqual(2u, board.Stat(Counter.Recoveries));
        board.Chip.Flip(20, 1);
        board.Boot();
        Assert.AreEqual((byte)RecoveryFindings.SuperblockCopy, Findings()[0]);
    }

    [TestMethod]
    public void ARecoveryTellsWhatAPowerCutLeft()
    {
        board.Write(number++, new TrackItem(1, [1]));
        board.Idle(500);
        board.Hello();
        byte[] before = board.Chip.Storage.ToArray();
        HashSet<int> seen = [];
        for (int cut = 1; cut < 200; cut++)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            List<byte[]> frames = board.WriteFrames(number, [new(1, [2]), new(2, [2])]);
            board.Chip.CutAfterBits(8 * cut);
            board.Send([.. frames]);
            board.Boot();
            int findings = Findings()[0];
            bool isCommitted = board.Last().U32(Payload.LastAnswer.Number) == number;
            Assert.AreEqual(isCommitted, (findings & RecoveryFindings.RolledForward) != 0, $"cut after {cut}: {findings:X2}");
            seen.Add(findings);
        }
        CollectionAssert.AreEquivalent(
            new[] { RecoveryFindings.Clean, RecoveryFindings.RolledForward, RecoveryFindings.Discarded }, seen.ToArray());
    }

    [TestMethod]
    public void ChipErrors()
    {
        int left = 1;
        board.Chip.BeforeTransaction = _ =>
        {
            if (left-- == 0)
                throw new FramException("the bus failed");
        };
        Assert.AreEqual(Status.ChipError, board.TryWrite(number++, [new(1, [1])])?.Status);
        Assert.AreEqual(1u, board.Stat(Counter.ChipErrors));
        Assert.AreEqual(0u, board.Stat(Counter.InternalErrors));
    }

    [TestMethod]
    public void HighWaterMarks()
    {
        board.Write(number++, new(1, new byte[100]), new(2, new byte[300]));
        board.Write(number++, new TrackItem(1, new byte[10]));
        Assert.AreEqual(400u, board.Stat(Counter.LongestRequestBytes));
        int owned = board.Info().U16(Payload.InfoAnswer.Segments) - board.Info().U16(Payload.InfoAnswer.FreeSegments);
        Assert.AreEqual(2 + 5u, board.Stat(Counter.MostSegmentsOwned)); // ⌈(100 + 36) / 100⌉, and pieces of 128, 128 and 44 bytes
        Assert.AreEqual(1 + 5, owned);
    }

    [TestMethod]
    public void UptimeWrapsAtTwoToTheThirtyTwo()
    {
        // Finding 14: it wrapped at 2^31.
        long startMs = board.Clock.NowMs;
        board.Boot();
        uint before = board.Stat(Counter.UptimeMs);
        Assert.IsTrue(before < 1000);
        startMs = board.Clock.NowMs - before;
        foreach (int passMs in new[] { 100, int.MaxValue, 5000, int.MaxValue, 5000 })
        {
            board.Clock.Sleep(passMs);
            board.Idle(50);
            uint uptime = board.Stat(Counter.UptimeMs);
            Assert.IsTrue(
                unchecked((uint)(board.Clock.NowMs - startMs) - uptime) < 200, $"{uptime} after {board.Clock.NowMs - startMs} ms");
        }
        board.Write(number++, new TrackItem(1, [1]));
        Assert.IsEmpty(board.Verify());
    }

    [TestMethod]
    public void TheLineOpenedAnew()
    {
        int before = board.Uart.Reopened;
        board.Idle(25_000);
        Assert.AreEqual(before + 2, board.Uart.Reopened);
        Assert.AreEqual((uint)board.Uart.Reopened, board.Stat(Counter.LineReopened));
    }

    [TestMethod]
    public void AllCountFromBoot()
    {
        board.Write(number++, new TrackItem(1, [1]));
        board.Read(1);
        board.Boot();
        uint[] after = All();
        int[] fromBoot = [Counter.Commits, Counter.TracksWritten, Counter.Reads, Counter.Repeated, Counter.Refused, Counter.CacheHits,
            Counter.PlacesLost];
        foreach (int counter in fromBoot)
            Assert.AreEqual(0u, after[counter], $"{counter}");
    }

    // Of the counters that tell of requests only these grow, by so much.
    private void AssertCounts(Action action, params (int Counter, int By)[] expected)
    {
        uint[] before = All();
        action();
        uint[] after = All();
        for (int counter = Counter.Commits; counter <= Counter.TrackCrcErrors; counter++)
            Assert.AreEqual(
                expected.Where(e => e.Counter == counter).Sum(e => e.By), (int)(after[counter] - before[counter]), $"counter {counter}");
    }

    private uint[] All()
    {
        Answer stats = board.AskOne(FrameType.Stats);
        Assert.HasCount(Payload.StatsAnswer.Bytes, stats.Payload);
        return [.. Enumerable.Range(0, Counter.Count).Select(i => stats.U32(i * 4))];
    }

    private byte[] Findings() => board.AskOne(FrameType.Stats).Payload[Payload.StatsAnswer.Findings..];
}
