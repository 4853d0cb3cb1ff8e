using nanoFramework.TestFramework;
using NvsFirmware.HostAdapter;

namespace NvsFirmware.UnitTests;

[TestClass]
public class FrameTests
{
    [TestMethod]
    public void AnEmptyPayloadHasNoCrc()
    {
        Assert.AreEqual(16, Frame.TotalBytes(0));
        Assert.AreEqual(21, Frame.TotalBytes(1));
    }

    [TestMethod]
    public void FieldsComeBack()
    {
        byte[] frame = new byte[64];
        int total = Frame.Seal(frame, FrameType.Read | FrameType.Answer, Status.Full, -5, 0xABCD, 7);
        Assert.AreEqual(27, total);
        Assert.IsTrue(Frame.IsHeader(frame, 0));
        Assert.AreEqual(FrameType.Read | FrameType.Answer, Frame.Type(frame, 0));
        Check.Is(Status.Full, Frame.Status(frame, 0));
        Assert.AreEqual(-5, Frame.Request(frame, 0));
        Assert.AreEqual(0xABCD, Frame.Part(frame, 0));
        Assert.AreEqual(7, Frame.PayloadBytes(frame, 0));
        Assert.IsTrue(Frame.IsPayloadIntact(frame, 0));
    }

    // A frame given byte by byte, so that the codec cannot change together with its reader: HELLO, request 1, payload 01 00 00 00.
    [TestMethod]
    public void BytesAreThoseOfTheProtocol()
    {
        byte[] frame = new byte[32];
        frame[16] = 1;
        Frame.Seal(frame, FrameType.Hello, Status.Ok, 1, 0, 4);
        byte[] header = { 0x4E, 0x56, FrameType.Hello, 0, 1, 0, 0, 0, 4, 0, 0, 0 };
        for (int i = 0; i < header.Length; i++)
            Assert.AreEqual((int)header[i], (int)frame[i], "byte " + i.ToString());
        // CRC-32 of 01 00 00 00.
        Assert.AreEqual(0x99F8B879u, System.BitConverter.ToUInt32(frame, 20));
    }

    [TestMethod]
    public void AnyChangedByteIsFound()
    {
        byte[] frame = new byte[27];
        Check.PutSample(3, frame, Frame.HeaderBytes, 7);
        Frame.Seal(frame, FrameType.Write, Status.Ok, 9, 0, 7);
        for (int i = 0; i < frame.Length; i++)
        {
            frame[i] ^= 0x10;
            Assert.IsFalse(Frame.IsHeader(frame, 0) && Frame.IsPayloadIntact(frame, 0), "byte " + i.ToString());
            frame[i] ^= 0x10;
        }
        Assert.IsTrue(Frame.IsHeader(frame, 0) && Frame.IsPayloadIntact(frame, 0));
    }
}
