using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G7 on the line: a fault costs at most the frames that were hit, is told at once, and nothing that is no frame is carried out.
/// </summary>
[TestClass]
[OnlyOnDotNet("works through all and random faults: too much for an interpreter")]
public sealed class LineTests
{
    private const int Largest = 512;
    private const int Silence = FrameReader.SilenceMs + 50;

    private static readonly byte[] ten = TrackModel.Data(10, 99);

    private readonly TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestPieceBytes = Largest });
    private readonly TrackModel model = new();
    private uint number = 10;

    public static IEnumerable<object[]> Noises =>
        [["random"], ["N"], ["NV"], ["half headers"], ["headers"], ["headers of another session"], ["hello"]];

    // LOST

    [TestMethod]
    public void EveryFlippedHeaderBitIsToldAtOnceByOneLost()
    {
        // Breaks with HostAdapter passing FrameEvent.PlaceLost over: the host then waits out its two seconds.
        Commit();
        uint lost = board.Stat(Counter.PlacesLost);
        for (int bit = 0; bit < Frame.HeaderBytes * 8; bit++)
        {
            List<Answer> answers = board.Send(Flip(Good(), bit / 8, bit % 8));
            AssertLost(answers, board.Key, $"bit {bit}");
            Assert.AreEqual(++lost, board.Stat(Counter.PlacesLost), $"bit {bit}");
        }
        AssertHeld();
    }

    [TestMethod]
    public void BeforeTheFirstHelloLostTellsThatThereIsNoSession()
    {
        board.Boot();
        board.Uart.Send("What is this?"u8);
        board.Idle(Silence);
        AssertLost(board.TakeAnswers(), 0);
        byte[] keyless = Frames.Build(0, FrameType.Read, 1, 1);
        AssertLost(board.Send(keyless), 0);
        board.Idle(Silence);
        Assert.AreEqual(Status.Ok, board.Hello().Status);
    }

    [TestMethod]
    public void ALostPlaceIsToldOnceUntilTheNextFrameOrSilence()
    {
        uint key = board.Key;
        byte[] noise = TrackModel.Data(300, 1);
        AssertLost(board.Send(noise), key);
        Assert.IsEmpty(board.Send(noise));
        Assert.IsEmpty(board.Send(noise));
        Assert.AreEqual(Status.NotFound, board.Send(Read(1)).Single().Status);
        AssertLost(board.Send(noise), key, "after a frame");
        board.Idle(Silence);
        Assert.IsEmpty(board.TakeAnswers());
        AssertLost(board.Send(noise), key, "after a silence");
    }

    // Sessions

    [TestMethod]
    public void EachHelloBeginsASessionWithANewKey()
    {
        HashSet<uint> keys = [];
        for (int i = 0; i < 200; i++)
        {
            if (i % 20 == 0)
                board.Boot();
            Answer hello = board.Hello();
            Assert.AreNotEqual(0u, hello.Argument);
            Assert.IsTrue(keys.Add(hello.Argument), $"session {i} has the key of an earlier one");
            Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Info).Status);
        }
    }

    [TestMethod]
    public void EqualHellosAfterARestartDoNotGetTheSameKey()
    {
        // Breaks with the key made of HELLO's number alone: what was on its way before a restart would count after it.
        HashSet<uint> keys = [];
        for (int i = 0; i < 20; i++)
        {
            board.Boot();
            Assert.IsTrue(keys.Add(board.Hello(7).Argument));
            Assert.IsTrue(keys.Add(board.Hello(7).Argument));
        }
    }

    [TestMethod]
    public void AFrameOfAnotherSessionIsLostAndNotCarriedOut()
    {
        byte[] old = Good();
        byte[] format = FormatFrame();
        uint key = board.Hello().Argument;
        foreach (byte[] frame in new[] { old, format, Frames.Build(0, FrameType.Last, 1, 5), Frames.Build(~key, FrameType.Last, 1, 5) })
        {
            AssertLost(board.Send(frame), key);
            board.Idle(Silence);
        }
        AssertHeld();
    }

    [TestMethod]
    public void WhatWasOnItsWayWhenTheBoardRestartedIsNotCarriedOut()
    {
        List<byte[]> frames = board.WriteFrames(number, [new(1, ten), new(2, ten)]);
        Assert.AreEqual(Status.Continue, board.Send(frames[0]).Single().Status);
        board.Boot();
        AssertLost(board.Send(frames[1]), 0);
        board.Idle(Silence);
        AssertHeld();
        frames = board.WriteFrames(number, [new(1, ten), new(2, ten)]); // of the session that now begins
        Answer answer = board.Send(frames[1]).Single();
        Assert.AreEqual((Status.WrongOrder, 0u), (answer.Status, answer.Argument));
    }

    [TestMethod]
    public void TwoProgramsOnOneLineNoticeEachOther()
    {
        // Finding 1: two programs of one user, with one id and equal numbers. Breaks with frames taken whatever their session is.
        uint first = board.Hello().Argument;
        byte[] ofFirst = board.WriteFrames(1, [new(1, [1])])[0];
        uint second = board.Hello().Argument;
        byte[] ofSecond = board.WriteFrames(1, [new(2, [2])])[0];
        AssertLost(board.Send(ofFirst), second);
        Assert.AreEqual(Status.Lost, board.Send(ofSecond)[^1].Status, "of a client that the store does not know");
        board.Idle(Silence);
        Assert.AreEqual(Status.Ok, board.Send(ofSecond)[^1].Status);
        Assert.AreNotEqual(first, second);
        board.Hello();
        Assert.AreEqual(Status.OldRequest, board.TryWrite(1, [new(1, [1])])?.Status, "the first program's number is taken");
        Assert.AreEqual(Status.NotFound, board.Read(1).Status);
    }

    // What is answered

    [TestMethod]
    public void EveryFlippedPayloadBitIsBadCrcAndCostsNoOtherFrame()
    {
        // Breaks with Frame.IsPayloadIntact always true: the flipped data are committed.
        for (int at = Frame.HeaderBytes; at < Good().Length; at++)
        {
            List<Answer> answers = board.Send(Flip(Good(), at, at % 8), Read(77));
            CollectionAssert.AreEqual(new[] { Status.BadCrc, Status.NotFound }, answers.Select(a => a.Status).ToArray(), $"byte {at}");
            Assert.AreEqual((number, 0, 0u), (answers[0].Number, answers[0].Part, answers[0].Argument));
        }
        AssertHeld();
    }

    [TestMethod]
    public void BadCrcTellsWhichPartItWas()
    {
        List<byte[]> frames = board.WriteFrames(number, [new(1, ten), new(2, ten), new(3, ten)]);
        Answer answer = board.Send(frames[0], Flip(frames[1], 30))[1];
        Assert.AreEqual((Status.BadCrc, 1), (answer.Status, answer.Part));
    }

    [TestMethod]
    public void AFrameThatIsTooLongIsToldAtOnceWithTheLongestPayload()
    {
        // Breaks with FrameReader's TooLong check removed: the payload then overruns the buffer.
        byte[] frame = board.WriteFrame(number, 0, 9, new byte[Largest + 1], flags: WriteFlags.Last);
        List<Answer> answers = board.Send(frame[..Frame.HeaderBytes]);
        Assert.AreEqual((Status.TooLong, number, (uint)(Block.PayloadHeadBytes + Largest)),
            (answers.Single().Status, answers[0].Number, answers[0].Argument));
        answers = board.Send(frame[Frame.HeaderBytes..], Read(77));
        Assert.AreEqual(Status.NotFound, answers.Single().Status, "what follows is passed over");
        board.Idle(Silence);
        byte[] longest = board.BuildFrame(FrameType.Write, number, 0, new byte[65535])[..Frame.HeaderBytes];
        Assert.AreEqual(Status.TooLong, board.Send(longest).Single().Status);
        board.Idle(Silence);
        AssertHeld();
    }

    [TestMethod]
    public void AnIntactHeaderWithoutItsPayloadGetsBadCrc()
    {
        board.Uart.Send(Good()[..30]);
        board.Idle(Silence);
        Assert.AreEqual((Status.BadCrc, number), Only(board.TakeAnswers()));
        AssertHeld();
    }

    [TestMethod]
    public void AnswersAreNotAnswered()
    {
        for (int type = 0x80; type < 0x100; type++)
            Assert.IsEmpty(board.Send(board.BuildFrame(type, number, 5, ten)), $"type {type:X2}");
        Assert.AreEqual(Status.Ok, board.Format(board.StoreId()).Status, "and the place is not lost");
    }

    [TestMethod]
    public void TheBoardsOwnAnswersComingBackAreNotAnswered()
    {
        // A line with an echo, or with both its ends joined. Breaks with the check of FrameType.Answer removed.
        Commit();
        List<byte> echo = [];
        foreach (byte[] frame in new[]
        {
            Frames.Hello(1), Read(1), Read(77), Good(), board.BuildFrame(FrameType.List, 1), board.BuildFrame(FrameType.Verify, 1),
            board.BuildFrame(FrameType.Info, 1), board.BuildFrame(FrameType.Stats, 1), Flip(Good(), 0), Flip(Good(), 30),
                board.BuildFrame(0x55, 1),
        })
        {
            board.Uart.Send(frame);
            board.Run();
            byte[] sent = board.Uart.TakeSent();
            uint key = board.Key;
            foreach (Answer answer in Answer.ParseAll(sent, ref key))
                if (answer.Type == (FrameType.Hello | FrameType.Answer))
                    board.Key = answer.Argument;
            Assert.IsNotEmpty(sent);
            echo.AddRange(sent);
            board.Idle(Silence);
        }
        uint lost = board.Stat(Counter.PlacesLost);
        Assert.IsEmpty(board.Send([.. echo]));
        Assert.AreEqual(lost, board.Stat(Counter.PlacesLost));
        Commit();
        AssertHeld();
    }

    [TestMethod]
    public void FramesInOnePieceAreAnsweredInOrder()
    {
        byte[][] frames = [.. Enumerable.Range(0, 20).Select(
            i => board.BuildFrame(i % 3 == 0 ? FrameType.Info : FrameType.Last, (uint)i, i % 3 == 0 ? 0u : 9u))];
        CollectionAssert.AreEqual(
            Enumerable.Range(0, 20).Select(i => (uint)i).ToArray(), board.Send(frames).Select(a => a.Number).ToArray());
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(7)]
    [DataRow(19)]
    [DataRow(21)]
    public void FramesInPiecesWithPausesAreWhole(int piece)
    {
        byte[] frames = [.. Good(), .. Read(9), .. board.BuildFrame(FrameType.Info, 3)];
        long atMs = board.Clock.NowMs;
        foreach (byte[] bytes in frames.Chunk(piece))
            board.Uart.Send(bytes, atMs += FrameReader.SilenceMs - 20);
        board.Idle((int)(atMs - board.Clock.NowMs) + 100);
        CollectionAssert.AreEqual(new[] { Status.Ok, Status.Ok, Status.Ok }, board.TakeAnswers().Select(a => a.Status).ToArray());
    }

    [TestMethod]
    public void AHostThatDoesNotReadHoldsNothingUp()
    {
        board.Uart.IsHostReading = false;
        Assert.IsEmpty(board.Send(Good(), Read(9)));
        board.Uart.IsHostReading = true;
        model.Apply(new TrackItem(9, ten));
        Assert.AreEqual(number, board.Last().U32(Payload.LastAnswer.Number), "the answer was lost, the commit was not");
        AssertHeld();
    }

    // A fault costs the frames that were hit

    [TestMethod]
    [DynamicData(nameof(Noises))]
    public void NoiseCostsNoFrameAroundIt(string kind)
    {
        // Breaks with a reader that waits for a silence to find its place again.
        Random random = new(7);
        for (int round = 0; round < 200; round++)
        {
            board.Uart.Send(Read(77, 1000));
            board.Uart.Send(Noise(kind, random, random.Next(1, 700)));
            board.Uart.Send(Read(77, 1001));
            board.Uart.Send(Read(77, 1002));
            board.Idle(2 * Silence);
            List<Answer> answers = board.TakeAnswers();
            CollectionAssert.IsSubsetOf(new[] { 1000u, 1001u, 1002u },
                answers.Where(a => a.Status == Status.NotFound).Select(a => a.Number).ToArray(), $"round {round}");
            // A payload that noise pretended may end with a silence.
            Assert.IsTrue(answers.Count(a => a.Status == Status.Lost) <= 2, $"round {round}");
        }
        AssertHeld();
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(3)]
    public void ADamagedFrameIsNotCommittedAndCostsNoOther(int seed)
    {
        Commit(); // a client that the store does not know is not taken on trust while the place is lost
        Random random = new(seed);
        for (int round = 0; round < 500; round++)
        {
            uint damaged = number++, whole = number++;
            byte[] frame = board.WriteFrames(damaged, [new((uint)random.Next(1, 5), TrackModel.Data(random.Next(1, 200), round))])[0];
            TrackItem item = new((uint)random.Next(1, 5), TrackModel.Data(random.Next(1, 200), round));
            board.Uart.Send(Damage(frame, random));
            board.Uart.Send(board.WriteFrames(whole, [item])[0]);
            board.Idle(2 * Silence);
            List<Answer> answers = board.TakeAnswers();
            Assert.AreEqual(Status.Ok, answers.Single(a => a.Number == whole).Status, $"seed {seed}, round {round}");
            Assert.IsFalse(answers.Any(a => a.Number == damaged && a.Status == Status.Ok), $"seed {seed}, round {round}");
            model.Apply(item);
        }
        AssertHeld();
        Assert.AreEqual(0u, board.Stat(Counter.InternalErrors));
    }

    [TestMethod]
    public void FormatAndRepairAreNotTakenOnTrustWithinNoise()
    {
        // Breaks with FrameReader.IsInPlace not asked: data that were recorded from a line would format the store.
        Commit();
        byte[] format = FormatFrame();
        byte[] repair = board.BuildFrame(FrameType.Repair, 2, 0, format[Frame.HeaderBytes..(Frame.HeaderBytes + 8)]);
        foreach (byte[] frame in new[] { format, repair })
            foreach (byte[] before in new[] { [(byte)'N'], TrackModel.Data(100, 1), Flip(Good(), 3), Flip(Good(), 30) })
            {
                List<Answer> answers = board.Send(before, frame);
                Assert.AreEqual(Status.Lost, answers[^1].Status);
                Assert.AreEqual((uint)Frame.Number(frame, 0), answers[^1].Number);
                AssertHeld();
            }
        Assert.AreEqual(Status.Lost, board.Send(Flip(Good(), 3), Read(1), repair)[^1].Status, "a whole frame does not give the place back");
        board.Send(Flip(Good(), 3));
        board.Idle(Silence);
        Assert.AreEqual(Status.Ok, board.Send(repair).Single().Status, "a silence gives it back");
    }

    [TestMethod]
    public void AHelloWithinNoiseCountsOnlyWithRestBehindIt()
    {
        uint key = board.Key;
        List<Answer> answers = board.Send([1, 2, 3, .. Frames.Hello(5), .. Read(77)]);
        CollectionAssert.AreEqual(new[] { Status.Lost, Status.NotFound }, answers.Select(a => a.Status).ToArray());
        Assert.AreEqual(key, board.Key, "the session goes on");
        board.Uart.Send([1, 2, 3, .. Frames.Hello(6)]);
        board.Idle(Silence);
        Assert.AreEqual(6u, board.TakeAnswers()[^1].Number);
        Assert.AreNotEqual(key, board.Key);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(10)]
    [DataRow(50)]
    [DataRow(200)]
    [DataRow(240)]
    [DataRow(260)]
    [DataRow(1000)]
    [DataRow(2999)]
    public void NoiseAtAnyRateDoesNotStopTheConversation(int everyMs)
    {
        // Finding 15: one byte every 200 ms silenced the board for good. Every third request is a FORMAT that must not be believed.
        uint asked = 0;
        List<uint> answered = [];
        long endMs = board.Clock.NowMs + 60_000;
        long atMs = board.Clock.NowMs;
        Random random = new(everyMs);
        for (long nextMs = atMs + 700; atMs < endMs; atMs += everyMs)
        {
            board.Uart.Send([(byte)random.Next(256)], atMs);
            if (atMs < nextMs)
                continue;
            board.Uart.Send(Read(77, ++asked), atMs);
            nextMs = atMs + 700;
        }
        while (board.Clock.NowMs < endMs + 1000)
        {
            board.Firmware.Step(50);
            answered.AddRange(board.TakeAnswers().Where(a => a.Status == Status.NotFound).Select(a => a.Number));
        }
        CollectionAssert.AreEqual(Enumerable.Range(1, (int)asked).Select(i => (uint)i).ToArray(), answered);
    }

    // The window

    [TestMethod]
    public void AllThatTheWindowHoldsIsAnswered()
    {
        int window = (int)board.Hello().U32(Payload.HelloAnswer.WindowBytes);
        Assert.AreEqual(board.Settings.ReceiveWindowBytes, window);
        board.Uart.WindowBytes = window;
        List<byte[]> frames = [];
        int bytes = 0;
        for (uint n = 1; ; n++)
        {
            byte[] frame = board.WriteFrames(n, [new(n % 5, TrackModel.Data((int)(n * 31 % Largest), (int)n))],
                flags: n == 1 ? 0 : WriteFlags.Behind)[0];
            if ((bytes += frame.Length) > window)
                break;
            frames.Add(frame);
        }
        Assert.IsTrue(board.Send([.. frames]).All(a => a.Status == Status.Ok));
        Assert.AreEqual((uint)frames.Count, board.Last().U32(Payload.LastAnswer.Number));
    }

    [TestMethod]
    public void AnOverflowIsNoticedByTheNextAnswerAndHealed()
    {
        // As on an ESP32, all that is unread is thrown away; the board only sees that nothing, or something in the middle, came.
        board.Uart.WindowBytes = board.Settings.ReceiveWindowBytes;
        List<byte[]> frames = [.. Enumerable.Range(1, 40).Select(
            n => board.WriteFrames((uint)n, [new(1, TrackModel.Data(400, n))], flags: n == 1 ? 0 : WriteFlags.Behind)[0])];
        List<Answer> answers = board.Send([.. frames]);
        Assert.IsFalse(answers.Any(a => a.Status == Status.Ok), "the first is lost, so all are refused");
        board.Idle(Silence);
        foreach (byte[] frame in frames)
            Assert.AreEqual(Status.Ok, board.Send(frame).Single().Status);
        model.Apply(new TrackItem(1, TrackModel.Data(400, 40)));
        AssertHeld();
    }

    private byte[] Good() => board.WriteFrame(number, 0, 9, ten, flags: WriteFlags.Last);

    private byte[] Read(uint track, uint request = 1) => board.BuildFrame(FrameType.Read, request, track);

    private byte[] FormatFrame()
    {
        byte[] id = board.StoreId();
        return board.BuildFrame(FrameType.Format, 3, 0, [.. id, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]);
    }

    private static byte[] Flip(byte[] frame, int at, int bit = 0)
    {
        byte[] flipped = [.. frame];
        flipped[at] ^= (byte)(1 << bit);
        return flipped;
    }

    // Bits flipped, bytes lost, put in, or overwritten: anything but nothing.
    private static byte[] Damage(byte[] frame, Random random)
    {
        int at = random.Next(frame.Length);
        int count = Math.Min(random.Next(1, 30), frame.Length - at);
        byte[] noise = new byte[count];
        random.NextBytes(noise);
        switch (random.Next(4))
        {
            case 0:
                return Flip(frame, at, random.Next(8));
            case 1:
                return [.. frame[..at], .. frame[(at + count)..]];
            case 2 when at > 0:
                return [.. frame[..at], .. noise, .. frame[at..]];
            default:
                noise[0] = (byte)~frame[at];
                return [.. frame[..at], .. noise, .. frame[(at + count)..]];
        }
    }

    private byte[] Noise(string kind, Random random, int count)
    {
        byte[] noise = new byte[count];
        random.NextBytes(noise);
        byte[]? pattern = kind switch
        {
            "N" => "N"u8.ToArray(),
            "NV" => "NV"u8.ToArray(),
            "half headers" => board.BuildFrame(FrameType.Write, 1, 0, new byte[random.Next(1, 500)])[..11],
            "headers" => board.BuildFrame(FrameType.Write, 1, 0, new byte[random.Next(1, 500)])[..Frame.HeaderBytes],
            "headers of another session" =>
                board.BuildFrame(FrameType.Write, 1, 0, new byte[random.Next(1, 500)], key: 5)[..Frame.HeaderBytes],
            "hello" => Frames.Hello(1)[..^1],
            _ => null,
        };
        if (pattern != null)
            for (int i = 0; i < count; i++)
                noise[i] = pattern[i % pattern.Length];
        return noise;
    }

    private void Commit()
    {
        TrackItem item = new(1, TrackModel.Data(50, (int)number));
        board.Write(number++, item);
        model.Apply(item);
    }

    private void AssertHeld()
    {
        model.AssertHeldBy(board);
        model.AssertHeldBy(board.BootCopy(), "after a restart");
    }

    private static (Status, uint) Only(List<Answer> answers) => (answers.Single().Status, answers[0].Number);

    private static void AssertLost(List<Answer> answers, uint key, string where = "")
    {
        Answer lost = answers.Single();
        Assert.AreEqual(
            (FrameType.Lost, Status.Lost, 0u, 0, key, 0),
                (lost.Type, lost.Status, lost.Number, lost.Part, lost.Argument, lost.Payload.Length), where);
    }
}
