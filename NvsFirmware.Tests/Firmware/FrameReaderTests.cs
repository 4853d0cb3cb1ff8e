using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

[TestClass]
public class FrameReaderTests
{
    private const int LargestPayload = 100;
    private const uint Key = 0x1234567;
    private const int IdleReopenMs = 10000;

    [TestMethod]
    public void AWholeFrame()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(7, 20));
        IsWhole(7, Next(reader, line), reader);
        Check.IsSample(7, reader.Buffer, Frame.HeaderBytes, 20);
        Assert.AreEqual(20, reader.PayloadBytes);
        Assert.IsTrue(reader.IsInPlace);
        Assert.AreEqual(0, reader.PlacesLost);
        Is(FrameEvent.None, Next(reader, line));
        Assert.IsTrue(reader.IsAtRest);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(LargestPayload)]
    public void ShortestAndLongest(int payloadBytes)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(3, payloadBytes));
        IsWhole(3, Next(reader, line), reader);
        Assert.AreEqual(payloadBytes, reader.PayloadBytes);
    }

    // The line delivers as it likes: a frame may come in any pieces.
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(19)]
    [DataRow(21)]
    public void SplitReads(int piece)
    {
        BoardLine line = new BoardLine { LargestPiece = piece };
        FrameReader reader = Reader(line);
        line.Send(Build(5, 30));
        line.Send(Build(6, 0));
        line.Send(Build(7, 30));
        IsWhole(5, Next(reader, line), reader);
        IsWhole(6, Next(reader, line), reader);
        IsWhole(7, Next(reader, line), reader);
        Assert.AreEqual(0, reader.PlacesLost);
    }

    // Noise of several kinds in front: bytes that may begin a frame, a sync word that begins none, more than a header. The place is lost
    // once, and the frame behind is found at once.
    [TestMethod]
    [DataRow("?")]
    [DataRow("N")]
    [DataRow("NV")]
    [DataRow("NNNVNVNV")]
    [DataRow("NVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNVNV")]
    [DataRow("NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN")]
    [DataRow("ets Jul 29 2019 rst:0x1 (POWERON_RESET) NVS boot:0x13 (SPI_FAST_FLASH_BOOT)")]
    public void NoiseCostsOnlyItself(string noise)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        SendText(line, noise);
        line.Send(Build(5, 30));
        line.Send(Build(6, 30));
        Is(FrameEvent.PlaceLost, Next(reader, line));
        IsWhole(5, Next(reader, line), reader);
        Assert.IsFalse(reader.IsInPlace);
        IsWhole(6, Next(reader, line), reader);
        Assert.IsFalse(reader.IsInPlace, "a track's data may hold several frames");
        Is(FrameEvent.None, reader.Poll(FrameReader.SilenceMs));
        Is(FrameEvent.None, reader.Poll(0));
        line.Send(Build(7, 30));
        IsWhole(7, Next(reader, line), reader);
        Assert.IsTrue(reader.IsInPlace, "after a silence");
        Assert.AreEqual(1, reader.PlacesLost);
    }

    [TestMethod]
    [DataRow(0x00000001u)]
    [DataRow(0xFFFFFFFFu)]
    [DataRow(0xFFFFFFFEu)]
    public void BytesWithoutTheSyncWordAreNoHeaderWhateverTheKey(uint key)
    {
        for (int type = 0; type < 256; type++)
        {
            BoardLine line = new BoardLine();
            FrameReader reader = Reader(line);
            reader.Key = key;
            byte[] bytes = new byte[Frame.HeaderBytes];
            bytes[Frame.TypeAt] = (byte)type;
            line.Send(bytes);
            Is(FrameEvent.PlaceLost, Next(reader, line));
        }
    }

    [TestMethod]
    public void ABadHeaderIsToldAndTheNextFrameFound()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        frame[8] ^= 1; // its length: the CRC-32 of the header must be held against it before it is believed
        line.Send(frame);
        line.Send(Build(6, 30));
        Is(FrameEvent.PlaceLost, Next(reader, line));
        IsWhole(6, Next(reader, line), reader);
    }

    // What an earlier session recorded, or another program sends, is no frame.
    [TestMethod]
    [DataRow(0)]
    [DataRow(0x1234566)]
    [DataRow(-1)]
    public void AFrameOfAnotherSessionIsNone(int otherKey)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build((uint)otherKey, FrameType.Write, 5, 30));
        line.Send(Build(6, 30));
        Is(FrameEvent.PlaceLost, Next(reader, line));
        IsWhole(6, Next(reader, line), reader);
    }

    // Without a session there is no key that would do, 0 the least of all.
    [TestMethod]
    public void WithoutASessionOnlyHelloIsAFrame()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = new FrameReader(line, line, LargestPayload, IdleReopenMs);
        line.Send(Build(0, FrameType.Read, 5, 0));
        Is(FrameEvent.PlaceLost, Next(reader, line));
        Silence(reader, line);
        line.Send(Build(0, FrameType.Hello, 6, 0));
        IsWhole(6, Next(reader, line), reader);
    }

    [TestMethod]
    public void AHelloWithAKeyIsNone()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(Key, FrameType.Hello, 6, 0));
        Is(FrameEvent.PlaceLost, Next(reader, line));
    }

    [TestMethod]
    public void ABadPayloadIsToldAndTheNextFrameFound()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        frame[24] ^= 0x80;
        line.Send(frame);
        line.Send(Build(6, 30));
        Is(FrameEvent.BadPayload, Next(reader, line));
        Assert.AreEqual(5, Frame.Number(reader.Buffer, 0));
        IsWhole(6, Next(reader, line), reader);
        Assert.IsFalse(reader.IsInPlace);
    }

    [TestMethod]
    public void TooLongIsToldAtOnceAndTheNextFrameFound()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, LargestPayload + 1);
        line.Send(frame, 0, Frame.HeaderBytes);
        Is(FrameEvent.TooLong, Next(reader, line));
        Assert.AreEqual(5, Frame.Number(reader.Buffer, 0));
        line.Send(frame, Frame.HeaderBytes, frame.Length - Frame.HeaderBytes);
        line.Send(Build(6, 30));
        IsWhole(6, Next(reader, line), reader);
    }

    // Bytes were lost, so the reader takes the beginning of the next frame for the end of this one, and finds it there.
    [TestMethod]
    [DataRow(1)]
    [DataRow(10)]
    [DataRow(33)]
    public void LostBytesCostNoOtherFrame(int lost)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        line.Send(frame, 0, frame.Length - lost);
        line.Send(Build(6, 50));
        line.Send(Build(7, 50));
        Is(FrameEvent.BadPayload, Next(reader, line));
        IsWhole(6, Next(reader, line), reader);
        IsWhole(7, Next(reader, line), reader);
    }

    [TestMethod]
    public void AFrameThatLostBytesOfItsHeaderCostsNoOther()
    {
        for (int lost = 1; lost < Frame.HeaderBytes; lost++)
        {
            BoardLine line = new BoardLine();
            FrameReader reader = Reader(line);
            line.Send(Build(5, 30), lost, Frame.TotalBytes(30) - lost);
            line.Send(Build(6, 50));
            Is(FrameEvent.PlaceLost, Next(reader, line));
            IsWhole(6, Next(reader, line), reader);
        }
    }

    // Two kinds of frames are not taken on trust where the place is lost: this the reader decides for HELLO, and tells for the others.
    [TestMethod]
    public void AHelloWithinNoiseCountsOnlyWithRestBehindIt()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        SendText(line, "noise");
        line.Send(Build(0, FrameType.Hello, 5, 0));
        line.Send(Build(6, 30));
        Is(FrameEvent.PlaceLost, Next(reader, line));
        // No byte of what follows is lost: the frame behind the HELLO that does not count is found.
        IsWhole(6, Next(reader, line), reader);

        SendText(line, "noise");
        line.Send(Build(0, FrameType.Hello, 7, 0));
        Is(FrameEvent.PlaceLost, Next(reader, line));
        long beforeMs = line.NowMs;
        IsWhole(7, Next(reader, line), reader);
        Assert.IsTrue(line.NowMs - beforeMs >= FrameReader.RestMs, "it must wait");
        Assert.IsTrue(line.NowMs - beforeMs <= FrameReader.RestMs + FrameReader.RestMs / 10, "but not longer");
    }

    [TestMethod]
    public void AHelloInItsPlaceNeedsNoRest()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(0, FrameType.Hello, 5, 0));
        line.Send(Build(6, 30));
        IsWhole(5, Next(reader, line), reader);
        IsWhole(6, Next(reader, line), reader);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(10)]
    [DataRow(19)]
    public void AHalfHeaderEndsWithASilence(int came)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(5, 60), 0, came);
        Is(FrameEvent.None, reader.Poll(0));
        line.Sleep(FrameReader.SilenceMs - 1);
        Is(FrameEvent.None, reader.Poll(0));
        Assert.AreEqual(0, reader.PlacesLost);
        line.Sleep(1);
        Is(FrameEvent.PlaceLost, reader.Poll(0));
        Silence(reader, line);
        line.Send(Build(6, 10));
        IsWhole(6, Next(reader, line), reader);
        Assert.IsTrue(reader.IsInPlace, "a silence gives the place back");
    }

    [TestMethod]
    [DataRow(20)]
    [DataRow(40)]
    [DataRow(83)]
    public void AHalfPayloadEndsWithASilence(int came)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        line.Send(Build(5, 60), 0, came);
        Is(FrameEvent.None, Next(reader, line));
        long beforeMs = reader.LastByteMs;
        FrameEvent found;
        do
            found = reader.Poll(1000);
        while (found == FrameEvent.None);
        Is(FrameEvent.BadPayload, found);
        Assert.AreEqual(5, Frame.Number(reader.Buffer, 0));
        Assert.AreEqual(FrameReader.SilenceMs, (int)(line.NowMs - beforeMs), "as long as the document says, however long the loop waits");
        Silence(reader, line);
        line.Send(Build(6, 10));
        IsWhole(6, Next(reader, line), reader);
        Assert.IsTrue(reader.IsInPlace);
    }

    [TestMethod]
    public void AShortPauseIsNone()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 60);
        line.Send(frame, 0, 30);
        Is(FrameEvent.None, reader.Poll(0));
        Is(FrameEvent.None, reader.Poll(0));
        line.Sleep(FrameReader.SilenceMs - 1);
        Is(FrameEvent.None, reader.Poll(0));
        line.Send(frame, 30, frame.Length - 30);
        IsWhole(5, Next(reader, line), reader);
        Assert.AreEqual(0, reader.PlacesLost);
    }

    // A line that babbles must not keep the firmware's loop.
    [TestMethod]
    [DataRow("NVNNVVNVNNVNVNNNVVVNNVNVNNVNVN")]
    [DataRow("NNNNNNNNNNNNNNNNNNNNNNNNNNNNNN")]
    [DataRow("VVVVVVVVVVVVVVVVVVVVVVVVVVVVVV")]
    public void EndlessNoiseDoesNotHang(string noise)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        for (int i = 0; i < 100; i++)
            SendText(line, noise);
        Is(FrameEvent.PlaceLost, reader.Poll(0));
        Assert.IsFalse(line.IsEmpty);
        Is(FrameEvent.None, Next(reader, line));
        Assert.AreEqual(1, reader.PlacesLost);
        line.Send(Build(6, 10));
        IsWhole(6, Next(reader, line), reader);
    }

    // A byte every 200 ms keeps a frame alive, and each turn of the loop short.
    [TestMethod]
    public void ASlowFrameKeepsNoTurn()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        for (int i = 0; i < frame.Length; i++)
        {
            line.Send(frame, i, 1);
            long beforeMs = line.NowMs;
            FrameEvent found = reader.Poll(20);
            Assert.IsTrue(line.NowMs - beforeMs <= 40, "a turn of " + (line.NowMs - beforeMs).ToString() + " ms");
            Is(i < frame.Length - 1 ? FrameEvent.None : FrameEvent.Whole, found);
            line.Sleep(200);
        }
    }

    [TestMethod]
    public void TheLineIsOpenedAnewAfterALostPlaceAndASilence()
    {
        BoardLine line = new BoardLine();
        FrameReader reader = Reader(line);
        SendText(line, "noise that is longer than the header of a frame");
        Is(FrameEvent.PlaceLost, Next(reader, line));
        Is(FrameEvent.None, Next(reader, line));
        Assert.AreEqual(0, line.Reopened);
        Silence(reader, line);
        Assert.AreEqual(1, line.Reopened);
        Assert.AreEqual(1, reader.Reopened);
    }

    [TestMethod]
    [DataRow(IdleReopenMs)]
    [DataRow(0)]
    public void TheLineIsOpenedAnewWhenItIsSilentForLong(int idleReopenMs)
    {
        BoardLine line = new BoardLine();
        FrameReader reader = new FrameReader(line, line, LargestPayload, idleReopenMs) { Key = Key };
        line.Send(Build(5, 0));
        IsWhole(5, Next(reader, line), reader);
        long beforeMs = line.NowMs;
        while (line.Reopened == 0 && line.NowMs < beforeMs + 2 * IdleReopenMs)
            Is(FrameEvent.None, reader.Poll(100));
        Assert.AreEqual(idleReopenMs > 0 ? IdleReopenMs : 2 * IdleReopenMs, (int)(line.NowMs - beforeMs));
    }

    private static void Silence(FrameReader reader, BoardLine line)
    {
        Is(FrameEvent.None, Next(reader, line));
        line.Sleep(FrameReader.SilenceMs);
        Is(FrameEvent.None, reader.Poll(0));
        Is(FrameEvent.None, reader.Poll(0));
    }

    private static FrameReader Reader(BoardLine line) => new FrameReader(line, line, LargestPayload, IdleReopenMs) { Key = Key };

    // The firmware's loop calls the reader again and again; a few times more for what it has in its buffer.
    private static FrameEvent Next(FrameReader reader, BoardLine line)
    {
        for (int turns = 0; turns < 10; turns++)
        {
            FrameEvent found = reader.Poll(1);
            if (found != FrameEvent.None)
                return found;
            if (!line.IsEmpty)
                turns = 0;
        }
        return FrameEvent.None;
    }

    private static byte[] Build(int number, int payloadBytes) => Build(Key, FrameType.Write, number, payloadBytes);

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

    private static void IsWhole(int number, FrameEvent found, FrameReader reader)
    {
        Is(FrameEvent.Whole, found);
        Assert.AreEqual(number, Frame.Number(reader.Buffer, 0));
    }

    private static void Is(FrameEvent expected, FrameEvent actual) => Assert.AreEqual((int)expected, (int)actual, "frame event");
}
