using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;
using static NvsFirmware.Tests.ChipStates;

namespace NvsFirmware.Tests;

/// <summary>G5, G9: chips that power up slowly, sleep, vanish and come back, or are another one then.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ChipLostTests
{
    [TestMethod]
    [DataRow(250, "")]
    [DataRow(5000, "")]
    [DataRow(15000, "")]
    [DataRow(5000, "MB85RS2MT")]
    [DataRow(15000, "MB85RS2MT")]
    public void AChipThatIsSlowAtPowerUpIsWaitedFor(int powerUpUs, string name)
    {
        TestBoard board = WithTracks("MB85RS2MT", new BoardSettings { ChipName = name });
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.PowerUpUs = powerUpUs;
        board.Boot();
        AssertHolds(board, item);
    }

    [TestMethod]
    public void AChipThatIsVerySlowAtPowerUpIsFoundLater()
    {
        TestBoard board = WithTracks();
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.PowerUpUs = 800_000;
        board.Boot();
        Assert.AreEqual(Status.NoChip, board.State);
        board.Idle(1500);
        AssertHolds(board, item);
    }

    [TestMethod]
    public void AChipLeftAsleepIsWokenAtBoot()
    {
        TestBoard board = WithTracks("MB85RS2MT");
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.WakeUs = 450;
        board.Chip.Write([Opcode.Sleep], 0, 1);
        Firmware restarted = new(board.Chip, board.Uart, board.Clock, board.Settings); // the board restarts, the chip keeps its power
        restarted.Boot();
        Assert.AreEqual(Status.Ok, restarted.State);
    }

    [TestMethod]
    public void ASilentLineSendsTheChipToSleepAndTheNextRequestWakesIt()
    {
        TestBoard board = WithTracks("MB85RS2MT", new BoardSettings { SleepAfterMs = 5000, CacheBlocks = 0 });
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.WakeUs = 450;
        board.Idle(4000);
        Assert.AreEqual(0, board.Chip.Count(Opcode.Sleep));
        board.Idle(1500);
        Assert.AreEqual(1, board.Chip.Count(Opcode.Sleep));
        long transactions = board.Chip.Transactions;
        board.Idle(20000);
        Assert.AreEqual(transactions, board.Chip.Transactions, "a sleeping chip is left alone");
        AssertHolds(board, item);
        board.Idle(6000);
        board.Write(50, other);
        AssertHolds(board, item, other);
        AssertHolds(board.BootCopy(), item, other);
    }

    [TestMethod]
    [DataRow("MB85RS64V")] // has no sleep
    [DataRow("MB85RS2MT")]
    public void AChipThatVanishesWhileItMaySleepIsMissedByTheNextRequest(string part)
    {
        TestBoard board = WithTracks(part, new BoardSettings { SleepAfterMs = 5000 });
        board.Idle(6000);
        board.Chip.IsAbsent = true;
        board.Idle(2000);
        Status? status = board.TryWrite(50, [other])?.Status;
        Assert.IsTrue(status is Status.ChipError or Status.NoChip, $"{status}");
    }

    [TestMethod]
    public void AChipThatVanishesIsMissedWithinASecondAndComesBackByItself()
    {
        // Breaks with Firmware.WatchChip left out.
        TestBoard board = WithTracks();
        board.Chip.IsAbsent = true;
        board.Idle(1200);
        AssertRefusesAll(board, Status.NoChip);
        board.Chip.IsAbsent = false;
        board.Idle(1200);
        AssertHolds(board, item);
        board.Write(50, other);
        AssertHolds(board, item, other);
    }

    [TestMethod]
    public void AChipThatVanishesUnderABusyLineIsMissedWithinASecond()
    {
        // Breaks with each frame putting WatchChip off.
        TestBoard board = WithTracks();
        board.Idle(500);
        board.Chip.IsAbsent = true;
        long endMs = board.Clock.NowMs + 1200;
        while (board.Clock.NowMs < endMs)
        {
            board.Stat(Counter.Commits);
            board.Clock.Sleep(10);
        }
        Assert.AreEqual(Status.NoChip, board.State);
    }

    [TestMethod]
    public void AReadFromAVanishedChipIsAChipErrorAndNotDamage()
    {
        // Breaks with damage told without asking whether the chip is still there.
        TestBoard board = WithTracks(settings: new BoardSettings { CacheBlocks = 0 });
        board.Chip.IsAbsent = true;
        Assert.AreEqual(Status.ChipError, board.Read(1).Status);
        board.Chip.IsAbsent = false;
        board.Idle(1200);
        AssertHolds(board, item);
    }

    [TestMethod]
    public void ABusThatFailsIsAChipErrorAndLastTellsTheRest()
    {
        // Each transaction of a write request fails once, those behind its answer included.
        int answered = 0;
        for (int failing = 0; failing < 8; failing++)
        {
            TestBoard board = WithTracks();
            board.Hello();
            int left = failing;
            board.Chip.BeforeTransaction = _ =>
            {
                if (left-- == 0)
                    throw new FramException("the bus failed");
            };
            Status? status = board.TryWrite(50, [other])?.Status;
            Assert.IsTrue(status is Status.ChipError or Status.Ok, $"transaction {failing}: {status}");
            Assert.AreEqual(Status.Ok, board.Last().Status, $"LAST after transaction {failing} failed");
            bool isCommitted = board.Last().U32(Payload.LastAnswer.Number) == 50;
            Assert.IsTrue(isCommitted || status != Status.Ok, $"transaction {failing}");
            AssertHolds(board, isCommitted ? [item, other] : [item]);
            Assert.AreEqual(Status.Ok, board.TryWrite(50, [other])?.Status, $"transaction {failing}, repeated");
            AssertHolds(board, item, other);
            AssertHolds(board.BootCopy(), item, other);
            Assert.AreEqual(left < 0 ? 1u : 0, board.Stat(Counter.ChipErrors), $"transaction {failing}");
            answered += status == Status.Ok ? 1 : 0;
        }
        Assert.IsTrue(answered is > 2 and < 7, $"{answered} answers came before the failure");
    }

    [TestMethod]
    public void AChipThatLosesContactBetweenTwoCommitsIsNoticedByTheNextOne()
    {
        // Not within a second, but before it says Ok. Breaks with the block not read back.
        foreach (byte idle in new byte[] { 0x00, 0xFF })
        {
            TestBoard board = WithTracks();
            board.Chip.IdleByte = idle;
            board.Chip.IsAbsent = true;
            Assert.AreEqual(Status.ChipError, board.TryWrite(50, [other])?.Status);
            board.Chip.IsAbsent = false;
            board.Idle(1200);
            AssertHolds(board, item);
            Assert.AreEqual(1u, board.Last().U32(Payload.LastAnswer.Number));
            Assert.AreEqual(Status.Ok, board.TryWrite(50, [other])?.Status, "sent again");
        }
    }

    [TestMethod]
    public void ABusThatFailsForGoodIsAnsweredAndSurvived()
    {
        TestBoard board = WithTracks(settings: new BoardSettings { CacheBlocks = 0 });
        board.Chip.BeforeTransaction = _ => throw new FramException("the bus failed");
        Assert.AreEqual(Status.ChipError, board.Read(1).Status);
        board.Idle(5000);
        AssertRefusesAll(board, Status.NoChip);
        board.Chip.BeforeTransaction = null;
        board.Idle(1100);
        AssertHolds(board, item);
    }

    // What a chip holds is read again five times when it is not a store. Breaks with the attempts not given back by a success between.
    [TestMethod]
    public void EachTimeAChipSeemsDamagedItIsReadAgain()
    {
        TestBoard board = WithTracks();
        byte[] whole = board.Chip.Storage.ToArray();
        for (int time = 1; time <= 4; time++)
        {
            board.Chip.IsAbsent = true;
            board.Idle(1500);
            board.Chip.Memory[..64].Fill(0x55);
            board.Chip.Memory[^64..].Fill(0x55);
            board.Chip.IsAbsent = false;
            board.Idle(3500);
            Assert.AreEqual(Status.StoreDamaged, board.State, $"time {time}");
            whole.CopyTo(board.Chip.Storage);
            board.Idle(1500);
            Assert.AreEqual(Status.Ok, board.State, $"time {time}, whole again");
        }
    }

    [TestMethod]
    public void AnotherChipPutInWhileTheBoardRunsIsServedAsItself()
    {
        TestBoard board = WithTracks();
        byte[] first = board.Chip.Storage.ToArray();
        byte[] second = new byte[first.Length];
        TestBoard otherBoard = TestBoard.Formatted(segmentBytes: 100, setSegments: 8);
        otherBoard.Write(1, new TrackItem(1, [1, 2, 3]));
        otherBoard.Chip.Storage.CopyTo(second);
        foreach (byte[] medium in new[] { second, first, second })
        {
            board.Chip.IsAbsent = true;
            board.Idle(1200);
            medium.CopyTo(board.Chip.Storage);
            board.Chip.IsAbsent = false;
            board.Idle(1200);
            Assert.AreEqual(
                Status.Lost, board.Send(board.BuildFrame(FrameType.Info, 1)).Single().Status, "the session was one with another chip");
            board.Hello();
            AssertHolds(board, medium == first ? item : new(1, [1, 2, 3]));
        }
    }

    [TestMethod]
    public void BootsAreCountedOncePerStart()
    {
        TestBoard board = WithTracks();
        uint before = board.Hello().U32(Payload.HelloAnswer.BootCount);
        for (uint boots = 1; boots < 5; boots++)
        {
            board.Boot();
            board.Chip.IsAbsent = true;
            board.Idle(1500);
            board.Chip.IsAbsent = false;
            board.Idle(1500);
            Assert.AreEqual(before + boots, board.Hello().U32(Payload.HelloAnswer.BootCount));
        }
    }

    [TestMethod]
    public void AChipThatLooksBlankWhileItPowersUpIsNotFormatted()
    {
        // Breaks with a blank chip formatted at once.
        TestBoard board = WithTracks(settings: FormatsBlank());
        LooksZeroFor(board, 50);
        AssertHolds(board, item);
    }

    [TestMethod]
    public void WhatAChipHoldsIsReadAgainAWhile()
    {
        // Breaks with a board that mounts again only when there was no chip.
        TestBoard board = WithTracks();
        LooksZeroFor(board, 600);
        Assert.AreEqual(Status.Blank, board.State);
        board.Idle(1200);
        AssertHolds(board, item);
    }

    // Boots the board while each cell reads as zero; after a time they read as what they hold.
    private static void LooksZeroFor(TestBoard board, int durationMs)
    {
        byte[] cells = board.Chip.Storage.ToArray();
        board.Chip.Fill(0, board.Chip.Part.Bytes, 0);
        long endMs = board.Clock.NowMs + durationMs;
        board.Chip.BeforeTransaction = _ =>
        {
            if (board.Clock.NowMs < endMs)
                return;
            board.Chip.BeforeTransaction = null;
            cells.CopyTo(board.Chip.Storage);
        };
        board.Boot();
    }
}
