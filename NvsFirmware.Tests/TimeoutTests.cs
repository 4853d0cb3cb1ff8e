using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G9, and each time of docs/protocol.md that the board keeps: within 10 %, on virtual time, however long a turn of its loop may wait. The
/// numbers are the document's, not the code's.
/// </summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board, and minutes of virtual time")]
public sealed class TimeoutTests
{
    private const int SilenceMs = 250;
    private const int RestMs = 50;
    private const int DropMs = 10_000;
    private const int IdleMs = 10_000;

    private static readonly byte[] ten = TrackModel.Data(10, 99);

    private readonly TestBoard board = TestBoard.Formatted();

    public static IEnumerable<object[]> Turns => [[0], [1], [50], [250], [1000]];

    [TestMethod]
    [DynamicData(nameof(Turns))]
    public void ASilenceEndsAHalfFrame(int turnMs)
    {
        board.Hello();
        byte[] frame = board.WriteFrame(1, 0, 9, ten, flags: WriteFlags.Last);
        foreach (int came in new[] { 1, 19, 20, 30, frame.Length - 1 })
        {
            long sentMs = board.Clock.NowMs;
            board.Uart.Send(frame.AsSpan(0, came));
            Answer answer = NextAnswer(turnMs, 5 * SilenceMs);
            Assert.AreEqual(came < Frame.HeaderBytes ? Status.Lost : Status.BadCrc, answer.Status, $"{came} bytes");
            AssertAbout(SilenceMs, sentMs, turnMs, $"{came} bytes");
            Idle(3 * SilenceMs, turnMs);
            Assert.IsEmpty(board.TakeAnswers());
        }
    }

    [TestMethod]
    [DynamicData(nameof(Turns))]
    public void ASilenceGivesThePlaceBackAndOpensThePortAnew(int turnMs)
    {
        board.Hello();
        int before = board.Uart.Reopened;
        board.Uart.Send(TrackModel.Data(100, 1));
        long sentMs = board.Clock.NowMs;
        while (board.Uart.Reopened == before && board.Clock.NowMs < sentMs + 5 * SilenceMs)
            board.Firmware.Step(turnMs);
        AssertAbout(SilenceMs, sentMs, turnMs);
        Idle(SilenceMs, turnMs);
        Assert.AreEqual(before + 1, board.Uart.Reopened, "once");
        Assert.AreEqual(Status.Lost, board.TakeAnswers().Single().Status);
        Assert.AreEqual((uint)before + 1, board.Stat(Counter.LineReopened));
    }

    [TestMethod]
    [DynamicData(nameof(Turns))]
    public void APortWithoutAnyByteIsOpenedAnew(int turnMs)
    {
        board.Hello();
        int before = board.Uart.Reopened;
        for (int times = 1; times <= 3; times++)
        {
            long sinceMs = board.Clock.NowMs;
            while (board.Uart.Reopened < before + times && board.Clock.NowMs < sinceMs + 3 * IdleMs)
                board.Firmware.Step(turnMs);
            AssertAbout(IdleMs, sinceMs, turnMs, $"time {times}");
        }
    }

    [TestMethod]
    public void ADeadPortIsHealedByItself()
    {
        // Finding 9: the driver's count of unread bytes goes wrong. Breaks with FrameReader never opening the port anew.
        board.Hello();
        board.Uart.IsDead = true;
        board.Uart.Send(board.BuildFrame(FrameType.Info, 1));
        board.Idle(IdleMs + IdleMs / 10);
        Assert.IsFalse(board.Uart.IsDead);
        Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Info).Status);
    }

    [TestMethod]
    [DataRow(45, false)]
    [DataRow(55, true)]
    public void AHelloWithinNoiseNeedsRestBehindIt(int restMs, bool isAnswered)
    {
        board.Hello();
        board.Uart.Send([1, 2, 3, .. Frames.Hello(5)]);
        board.Uart.Send([0], board.Clock.NowMs + restMs);
        board.Idle(2 * RestMs);
        Assert.AreEqual(isAnswered, board.TakeAnswers().Any(a => a.Number == 5));
    }

    [TestMethod]
    [DynamicData(nameof(Turns))]
    public void AHalfSentWriteRequestIsKeptNineSecondsAndDroppedAfterEleven(int turnMs)
    {
        uint number = 1;
        foreach ((int waitMs, bool isKept) in new[] { (DropMs - DropMs / 10, true), (DropMs + DropMs / 10, false) })
        {
            List<byte[]> frames = board.WriteFrames(number, [new(1, ten), new(2, ten), new(3, ten)]);
            board.Send(frames[0]);
            Idle(DropMs / 2, turnMs);
            Assert.AreEqual(Status.Continue, board.Send(frames[1]).Single().Status); // counted from its latest frame
            Idle(waitMs, turnMs);
            Answer answer = board.Send(frames[2]).Single();
            Assert.AreEqual(isKept ? Status.Ok : Status.WrongOrder, answer.Status, $"{waitMs} ms");
            if (!isKept)
                Assert.AreEqual(0u, answer.Argument);
            number++;
        }
    }

    [TestMethod]
    public void OtherRequestsDoNotKeepAHalfSentWriteRequest()
    {
        List<byte[]> frames = board.WriteFrames(1, [new(1, ten), new(2, ten)]);
        board.Send(frames[0]);
        for (int i = 0; i < 12; i++)
        {
            board.Idle(1000);
            board.Info();
        }
        Assert.AreEqual(Status.WrongOrder, board.Send(frames[1]).Single().Status);
    }

    // Finding 13: one byte every 200 ms.

    [TestMethod]
    [DataRow(0)]
    [DataRow(50)]
    [DataRow(250)]
    public void ASlowFrameKeepsNoTurnOfTheLoop(int turnMs)
    {
        // Breaks with a reader that reads until the frame is whole.
        byte[] frame = board.WriteFrame(1, 0, 9, TrackModel.Data(100, 1), flags: WriteFlags.Last);
        SendSlowly(frame);
        Answer? answer = null;
        while (answer == null && board.Clock.NowMs < 1_000_000)
        {
            long beforeMs = board.Clock.NowMs;
            board.Firmware.Step(turnMs);
            Assert.IsTrue(board.Clock.NowMs - beforeMs <= turnMs + SilenceMs, $"a turn of {board.Clock.NowMs - beforeMs} ms");
            answer = board.TakeAnswers().SingleOrDefault();
        }
        Assert.AreEqual(Status.Ok, answer?.Status, "and the frame is one");
    }

    [TestMethod]
    public void AHeaderAloneBehindALongSilenceWaitsForItsPayload()
    {
        // Breaks with a silence that counts from before the header.
        byte[] frame = board.WriteFrame(1, 0, 9, ten, flags: WriteFlags.Last);
        board.Idle(5000);
        board.Uart.Send(frame.AsSpan(0, Frame.HeaderBytes));
        board.Firmware.Step(0);
        board.Uart.Send(frame.AsSpan(Frame.HeaderBytes), board.Clock.NowMs + SilenceMs / 2);
        board.Idle(SilenceMs);
        Assert.AreEqual(Status.Ok, board.TakeAnswers().Single().Status);
    }

    [TestMethod]
    public void ASlowFrameDoesNotKeepTheBoardFromMissingItsChip()
    {
        SendSlowly(board.WriteFrame(1, 0, 9, TrackModel.Data(100, 1), flags: WriteFlags.Last));
        board.Idle(2000);
        board.Chip.IsAbsent = true;
        board.Idle(1500);
        Assert.AreEqual(Status.NoChip, board.State);
        board.Chip.IsAbsent = false;
        board.Idle(1500);
        Assert.AreEqual(Status.Ok, board.State);
    }

    [TestMethod]
    public void ASlowFrameDoesNotKeepAHalfSentWriteRequest()
    {
        List<byte[]> frames = board.WriteFrames(1, [new(1, ten), new(2, TrackModel.Data(40, 1))]);
        board.Send(frames[0]);
        SendSlowly(frames[1]);
        board.Idle(frames[1].Length * 200 + 500);
        Assert.AreEqual(Status.WrongOrder, board.TakeAnswers().Single().Status);
    }

    [TestMethod]
    public void EndlessNoiseKeepsNoTurnOfTheLoop()
    {
        board.Hello();
        board.Chip.IsAbsent = true;
        byte[] noise = TrackModel.Data(100, 1);
        long endMs = board.Clock.NowMs + 3000;
        for (long atMs = board.Clock.NowMs; atMs < endMs; atMs++) // 100 bytes a millisecond, as on a line of 921,600 baud
            board.Uart.Send(noise, atMs);
        while (board.Clock.NowMs < endMs)
        {
            int waiting = board.Uart.WaitingBytes;
            long beforeMs = board.Clock.NowMs;
            board.Firmware.Step(50);
            Assert.IsTrue(waiting - board.Uart.WaitingBytes < 20_000 && board.Clock.NowMs - beforeMs <= 300);
            board.Clock.Sleep(1);
        }
        Assert.AreEqual(Status.NoChip, board.State);
    }

    // Sends a frame as one byte every 200 ms.
    private void SendSlowly(byte[] frame)
    {
        for (int i = 0; i < frame.Length; i++)
            board.Uart.Send(frame.AsSpan(i, 1), board.Clock.NowMs + 200 * i);
    }

    private Answer NextAnswer(int turnMs, int withinMs)
    {
        long endMs = board.Clock.NowMs + withinMs;
        while (board.Clock.NowMs < endMs)
        {
            board.Firmware.Step(turnMs);
            if (board.TakeAnswers() is [Answer answer])
                return answer;
        }
        throw new AssertFailedException($"no answer within {withinMs} ms");
    }

    private void Idle(int durationMs, int turnMs)
    {
        long endMs = board.Clock.NowMs + durationMs;
        while (board.Clock.NowMs < endMs)
            board.Firmware.Step((int)Math.Min(turnMs, endMs - board.Clock.NowMs));
    }

    // A silent turn of the loop takes a millisecond at least.
    private void AssertAbout(int expectedMs, long sinceMs, int turnMs, string where = "")
    {
        long tookMs = board.Clock.NowMs - sinceMs;
        Assert.IsTrue(tookMs >= expectedMs * 9 / 10
            && tookMs <= expectedMs * 11 / 10, $"{where}: {tookMs} ms, not {expectedMs}, with turns of {turnMs} ms");
    }
}
