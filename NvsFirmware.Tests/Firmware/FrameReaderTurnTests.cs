using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>The frame reader, turn by turn: what one poll does, when a silence counts, when the line is opened anew.</summary>
[TestClass]
public class FrameReaderTurnTests
{
    private const int LargestPayload = 100;
    private const uint Key = 0x1234567;
    private const int IdleReopenMs = 10000;
    private const int CandidatesPerPoll = 32;

    [TestMethod]
    public void ARestIsNeitherHalfAFrameNorALostPlace()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        Assert.IsTrue(reader.IsAtRest);
        line.Send(Build(Key, FrameType.Write, 5, 30), 0, 5);
        Is(FrameEvent.None, reader.Poll(0));
        Assert.IsFalse(reader.IsAtRest, "half a header");
        line.Sleep(FrameReader.SilenceMs);
        Is(FrameEvent.PlaceLost, reader.Poll(0));
        Assert.IsFalse(reader.IsAtRest, "lost");
    }

    // One byte of the sync word alone makes no header, also if the CRC-32 is that of the header.
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void BothBytesOfTheSyncWordCount(int at)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(Key, FrameType.Write, 5, 0);
        frame[at] ^= 1;
        Buffers.PutUInt32(frame, Frame.HeaderCrcAt, Crc.Of(frame, 0, Frame.HeaderCrcAt) ^ Key);
        line.Send(frame);
        Is(FrameEvent.PlaceLost, reader.Poll(0));
    }

    // However long the line was silent before, what arrives now is new.
    [TestMethod]
    public void ASilenceBeforeAFrameIsNoneWithinIt()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(Key, FrameType.Write, 5, 30);
        line.Sleep(4 * FrameReader.SilenceMs);
        line.Send(frame, 0, Frame.HeaderBytes);
        Is(FrameEvent.None, reader.Poll(0));
        Is(FrameEvent.None, reader.Poll(0));
        line.Send(frame, Frame.HeaderBytes, frame.Length - Frame.HeaderBytes);
        Is(FrameEvent.Whole, reader.Poll(0));
    }

    // The same for noise: the line is not opened anew at once, and the place is not known.
    [TestMethod]
    public void ASilenceBeforeNoiseIsNoneBehindIt()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Sleep(4 * FrameReader.SilenceMs);
        SendText(line, "noise that is longer than the header of a frame");
        Is(FrameEvent.PlaceLost, reader.Poll(0));
        Is(FrameEvent.None, reader.Poll(0));
        Assert.AreEqual(0, line.Reopened);
        line.Send(Build(Key, FrameType.Write, 5, 0));
        Is(FrameEvent.Whole, reader.Poll(0));
        Assert.IsFalse(reader.IsInPlace);
    }

    // A poll that comes late waits no longer, and not less than nothing.
    [TestMethod]
    public void APollThatComesLateDoesNotWait()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(Key, FrameType.Write, 5, 30), 0, 5);
        Is(FrameEvent.None, reader.Poll(0));
        line.Sleep(2 * FrameReader.SilenceMs);
        long beforeMs = line.NowMs;
        Is(FrameEvent.PlaceLost, reader.Poll(1000));
        Assert.AreEqual(0, (int)(line.NowMs - beforeMs));
    }

    // A line that has been silent for longer than an int tells milliseconds.
    [TestMethod]
    public void ASilenceMayLastForWeeks()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(Key, FrameType.Write, 5, 30), 0, 5);
        Is(FrameEvent.None, reader.Poll(0));
        line.Sleep(int.MaxValue);
        line.Sleep(1000);
        Is(FrameEvent.PlaceLost, reader.Poll(0));
    }

    [TestMethod]
    public void TheLineIsOpenedAnewAfterNoiseForLong()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Lost(line);
        long lostMs = line.NowMs;
        while (line.Reopened == 0 && line.NowMs < lostMs + 2 * FrameReader.NoiseMs)
        {
            line.Sleep(100);
            SendText(line, "?");
            reader.Poll(0);
        }
        Assert.AreEqual(FrameReader.NoiseMs, (int)(line.NowMs - lostMs));
    }

    // A frame is no noise, however slowly it comes behind some.
    [TestMethod]
    public void ASlowFrameBehindNoiseIsWaitedFor()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Lost(line);
        byte[] frame = Build(Key, FrameType.Write, 5, 60);
        line.Send(frame, 0, Frame.HeaderBytes);
        Is(FrameEvent.None, reader.Poll(0));
        for (int i = Frame.HeaderBytes; i < frame.Length; i++)
        {
            line.Sleep(100);
            line.Send(frame, i, 1);
            Is(i < frame.Length - 1 ? FrameEvent.None : FrameEvent.Whole, reader.Poll(0));
        }
        Assert.AreEqual(0, line.Reopened);
    }

    // And again after the same time.
    [TestMethod]
    public void TheSilentLineIsOpenedAnewAgainAndAgain()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        long startMs = line.NowMs;
        for (int times = 1; times <= 3; times++)
        {
            while (line.Reopened < times && line.NowMs < startMs + 4 * IdleReopenMs)
                Is(FrameEvent.None, reader.Poll(100));
            Assert.AreEqual(times * IdleReopenMs, (int)(line.NowMs - startMs));
        }
    }

    // As soon as the silence is noticed: the next frame counts as any.
    [TestMethod]
    public void ASilenceGivesThePlaceBackAtOnce()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Lost(line);
        line.Sleep(FrameReader.SilenceMs);
        Is(FrameEvent.None, reader.Poll(0));
        line.Send(Build(Key, FrameType.Write, 5, 0));
        Is(FrameEvent.Whole, reader.Poll(0));
        Assert.IsTrue(reader.IsInPlace);
    }

    // A poll ends after so many places where a header could stand, however many there are.
    [TestMethod]
    public void APollLooksAtAFewCandidates()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        SendText(line, "?");
        for (int i = 0; i < 2 * CandidatesPerPoll + 1; i++)
            SendText(line, "N");
        line.Send(Build(Key, FrameType.Write, 5, 0));
        Is(FrameEvent.PlaceLost, reader.Poll(0));
        Is(FrameEvent.None, reader.Poll(0));
        Is(FrameEvent.None, reader.Poll(0));
        Is(FrameEvent.Whole, reader.Poll(0));
    }

    // A HELLO behind which the line rests gives the place back, in the turn in which it has rested.
    [TestMethod]
    public void AHelloWithRestGivesThePlaceBack()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Lost(line);
        line.Send(Build(0, FrameType.Hello, 5, 0));
        Is(FrameEvent.Whole, reader.Poll(0));
        Assert.IsTrue(reader.IsInPlace);
        line.Send(Build(Key, FrameType.Write, 6, 0));
        Is(FrameEvent.Whole, reader.Poll(0));
        Assert.IsTrue(reader.IsInPlace);
    }

    // The byte by which the line does not rest is the next frame's first.
    [TestMethod]
    public void TheByteBehindAHelloIsNotLost()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Lost(line);
        line.LargestPiece = Frame.HeaderBytes;
        line.Send(Build(0, FrameType.Hello, 5, 0));
        line.Send(Build(Key, FrameType.Write, 6, 0));
        Is(FrameEvent.None, reader.Poll(0));
        Is(FrameEvent.Whole, reader.Poll(0));
        Assert.AreEqual(6, Frame.Number(reader.Buffer, 0));
    }

    private static FrameReader Reader(BoardLine line) => new FrameReader(line, line, LargestPayload, IdleReopenMs) { Key = Key };

    // A reader that has lost its place in noise.
    private static FrameReader Lost(BoardLine line)
    {
        FrameReader reader = Reader(line);
        SendText(line, "noise that is longer than the header of a frame");
        Is(FrameEvent.PlaceLost, reader.Poll(0));
        return reader;
    }

    private static byte[] Build(uint key, int type, int number, int payloadBytes)
    {
        byte[] frame = new byte[Frame.TotalBytes(payloadBytes)];
        Check.PutSample(number, frame, Frame.HeaderBytes, payloadBytes);
        Frame.Seal(frame, key, type, 0, number, 0, 0, payloadBytes);
        return frame;
    }

    private static void SendText(BoardLine line, string text)
    {
        byte[] bytes = new byte[text.Length];
        Buffers.PutText(bytes, 0, bytes.Length, text);
        line.Send(bytes);
    }

    private static void Is(FrameEvent expected, FrameEvent actual) => Assert.AreEqual((int)expected, (int)actual, "frame event");
}
