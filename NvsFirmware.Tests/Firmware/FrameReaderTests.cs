using nanoFramework.TestFramework;
using NvsFirmware.HostAdapter;

namespace NvsFirmware.UnitTests;

[TestClass]
public class FrameReaderTests
{
    private const int LargestPayload = 64;

    [TestMethod]
    public void AWholeFrame()
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(7, 20);
        line.Send(frame, frame.Length);
        Is(FrameEvent.Whole, Next(reader, line));
        Assert.AreEqual(7, Frame.Request(reader.Buffer, 0));
        Check.IsSample(7, reader.Buffer, Frame.HeaderBytes, 20);
        Assert.AreEqual(0, reader.Resyncs);
        Is(FrameEvent.None, Next(reader, line));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(LargestPayload)]
    public void ShortestAndLongest(int payloadBytes)
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(3, payloadBytes);
        line.Send(frame, frame.Length);
        Is(FrameEvent.Whole, Next(reader, line));
        Assert.AreEqual(payloadBytes, Frame.PayloadBytes(reader.Buffer, 0));
    }

    // The line delivers as it likes: a frame may come in any pieces.
    [TestMethod]
    [DataRow(1)]
    [DataRow(3)]
    [DataRow(15)]
    [DataRow(17)]
    public void SplitReads(int piece)
    {
        HostLine line = new HostLine { LargestPiece = piece };
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        line.Send(frame, frame.Length);
        line.Send(frame, frame.Length);
        Is(FrameEvent.Whole, Next(reader, line));
        Is(FrameEvent.Whole, Next(reader, line));
        Assert.AreEqual(0, reader.Resyncs);
    }

    // Noise of several kinds in front: bytes that may begin a frame, a sync word that begins none, more than a header. What comes with
    // it is passed over; behind a silence a frame begins.
    [TestMethod]
    [DataRow("?")]
    [DataRow("N")]
    [DataRow("NV")]
    [DataRow("NNNVNVNV")]
    [DataRow("ets Jul 29 2019 rst:0x1 (POWERON_RESET) NVS boot:0x13 (SPI_FAST_FLASH_BOOT)")]
    public void NoiseBefore(string noise)
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        SendText(line, noise);
        byte[] frame = Build(5, 30);
        line.Send(frame, frame.Length);
        Is(FrameEvent.None, Next(reader, line));
        Assert.IsTrue(reader.Resyncs > 0);
        FindsTheNextBehindASilence(reader, line);
    }

    [TestMethod]
    public void ABadHeaderIsPassedOver()
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        frame[8] ^= 1; // its length: the CRC-32 of the header must be held against it before it is believed
        line.Send(frame, frame.Length);
        Is(FrameEvent.None, Next(reader, line));
        FindsTheNextBehindASilence(reader, line);
    }

    [TestMethod]
    public void ABadPayloadIsTold()
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        frame[20] ^= 0x80;
        line.Send(frame, frame.Length);
        Is(FrameEvent.BadPayload, Next(reader, line));
        Assert.AreEqual(5, Frame.Request(reader.Buffer, 0));
        FindsTheNextBehindASilence(reader, line);
    }

    [TestMethod]
    public void TooLongIsToldAndPassedOver()
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, LargestPayload + 1);
        line.Send(frame, frame.Length);
        Is(FrameEvent.TooLong, Next(reader, line));
        Assert.AreEqual(5, Frame.Request(reader.Buffer, 0));
        FindsTheNextBehindASilence(reader, line);
    }

    // A track's data may be a recorded frame. When bytes before it are lost, it must not be taken for a request.
    [TestMethod]
    public void AFrameInsideABrokenOneIsData()
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] inner = Build(6, 10);
        byte[] outer = new byte[Frame.TotalBytes(inner.Length + 10)];
        System.Array.Copy(inner, 0, outer, Frame.HeaderBytes + 10, inner.Length);
        Frame.Seal(outer, FrameType.Write, Status.Ok, 5, 0, inner.Length + 10);
        outer[3] ^= 1; // breaks the header
        line.Send(outer, outer.Length);
        Is(FrameEvent.None, Next(reader, line));
        FindsTheNextBehindASilence(reader, line);
    }

    // Bytes were lost, so the reader takes the beginning of the next frame for the end of this one.
    [TestMethod]
    [DataRow(1)]
    [DataRow(10)]
    [DataRow(33)]
    public void LostBytesCostTheNextFrameToo(int lost)
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 30);
        line.Send(frame, frame.Length - lost);
        frame = Build(6, 50);
        line.Send(frame, frame.Length);
        Is(FrameEvent.BadPayload, Next(reader, line));
        Is(FrameEvent.None, Next(reader, line));
        FindsTheNextBehindASilence(reader, line);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(10)]
    [DataRow(40)]
    public void AHalfFrameIsGivenUpAfterASilence(int came)
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 60);
        line.Send(frame, came);
        Is(FrameEvent.None, Next(reader, line));
        FindsTheNextBehindASilence(reader, line);
    }

    [TestMethod]
    public void AShortPauseIsNone()
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        byte[] frame = Build(5, 60);
        line.Send(frame, 30);
        Is(FrameEvent.None, Next(reader, line));
        line.Sleep(FrameReader.QuietMs - 50);
        Is(FrameEvent.None, reader.Poll(0));
        byte[] rest = new byte[frame.Length - 30];
        System.Array.Copy(frame, 30, rest, 0, rest.Length);
        line.Send(rest, rest.Length);
        Is(FrameEvent.Whole, Next(reader, line));
    }

    // A line that babbles must not keep the firmware's loop.
    [TestMethod]
    public void EndlessNoiseDoesNotHang()
    {
        HostLine line = new HostLine();
        FrameReader reader = Reader(line);
        for (int i = 0; i < 100; i++)
            SendText(line, "NVNNVVNVNNVNVNNNVVVNNVNVNNVNVN");
        Is(FrameEvent.None, reader.Poll(0));
        Assert.IsFalse(line.IsEmpty);
        Is(FrameEvent.None, Next(reader, line));
        Assert.AreEqual(1, reader.Resyncs);
        FindsTheNextBehindASilence(reader, line);
    }

    private static void FindsTheNextBehindASilence(FrameReader reader, HostLine line)
    {
        Is(FrameEvent.None, Next(reader, line));
        line.Sleep(FrameReader.QuietMs);
        Is(FrameEvent.None, Next(reader, line));
        byte[] frame = Build(77, 20);
        line.Send(frame, frame.Length);
        Is(FrameEvent.Whole, Next(reader, line));
        Assert.AreEqual(77, Frame.Request(reader.Buffer, 0));
        Check.IsSample(77, reader.Buffer, Frame.HeaderBytes, 20);
    }

    private static FrameReader Reader(HostLine line) => new FrameReader(line, line, LargestPayload);

    // The firmware's loop calls the reader again and again.
    private static FrameEvent Next(FrameReader reader, HostLine line)
    {
        FrameEvent found = reader.Poll(1);
        while (found == FrameEvent.None && !line.IsEmpty)
            found = reader.Poll(1);
        return found;
    }

    private static byte[] Build(int request, int payloadBytes)
    {
        byte[] frame = new byte[Frame.TotalBytes(payloadBytes)];
        Check.PutSample(request, frame, Frame.HeaderBytes, payloadBytes);
        Frame.Seal(frame, FrameType.Write, Status.Ok, request, 0, payloadBytes);
        return frame;
    }

    private static void SendText(HostLine line, string text)
    {
        byte[] bytes = new byte[text.Length];
        Buffers.PutText(bytes, 0, bytes.Length, text);
        line.Send(bytes, bytes.Length);
    }

    private static void Is(FrameEvent expected, FrameEvent actual) => Assert.AreEqual((int)expected, (int)actual, "frame event");
}
