using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

[TestClass]
public class FrameTests
{
    private const uint Key = 0x89ABCDEF;

    [TestMethod]
    public void AnEmptyPayloadHasNoCrc()
    {
        Assert.AreEqual(20, Frame.TotalBytes(0));
        Assert.AreEqual(25, Frame.TotalBytes(1));
    }

    [TestMethod]
    public void FieldsComeBack()
    {
        byte[] frame = new byte[64];
        int total = Frame.Seal(frame, Key, FrameType.Read | FrameType.Answer, (int)(byte)Status.Full, -5, 0xABCD, -2, 7);
        Assert.AreEqual(31, total);
        Assert.AreEqual(Key, Frame.KeyOf(frame, 0));
        Assert.AreEqual(FrameType.Read | FrameType.Answer, Frame.Type(frame, 0));
        Check.Is(Status.Full, Frame.Status(frame, 0));
        Assert.AreEqual(-5, Frame.Number(frame, 0));
        Assert.AreEqual(0xABCD, Frame.Part(frame, 0));
        Assert.AreEqual(-2, Frame.Argument(frame, 0));
        Assert.AreEqual(7, Frame.PayloadBytes(frame, 0));
        Assert.IsTrue(Frame.IsPayloadIntact(frame, 0, 7));
    }

    // A frame given byte by byte, so that the codec cannot change together with its reader: flags 5, number 1, part 2, argument 3.
    [TestMethod]
    public void BytesAreThoseOfTheProtocol()
    {
        byte[] frame = new byte[32];
        frame[20] = 1;
        Frame.Seal(frame, 0, FrameType.Write, 5, 1, 2, 3, 4);
        byte[] header = { 0x4E, 0x56, 0x10, 5, 1, 0, 0, 0, 4, 0, 2, 0, 3, 0, 0, 0 };
        for (int i = 0; i < header.Length; i++)
            Assert.AreEqual((int)header[i], (int)frame[i], "byte " + i.ToString());
        uint crc = Crc.Of(header, 0, header.Length);
        Assert.AreEqual(crc, System.BitConverter.ToUInt32(frame, 16));
        // CRC-32 of 01 00 00 00.
        Assert.AreEqual(0x99F8B879u, System.BitConverter.ToUInt32(frame, 24));
        // Another key changes the header's CRC-32 and nothing else.
        Frame.Seal(frame, Key, FrameType.Write, 5, 1, 2, 3, 4);
        Assert.AreEqual(crc ^ Key, System.BitConverter.ToUInt32(frame, 16));
        Assert.AreEqual(0x99F8B879u, System.BitConverter.ToUInt32(frame, 24));
    }

    [TestMethod]
    public void AnyChangedByteIsFound()
    {
        byte[] frame = new byte[31];
        Check.PutSample(3, frame, Frame.HeaderBytes, 7);
        Frame.Seal(frame, Key, FrameType.Write, 0, 9, 0, 0, 7);
        for (int i = 0; i < frame.Length; i++)
        {
            frame[i] ^= 0x10;
            Assert.IsFalse(Frame.KeyOf(frame, 0) == Key && Frame.IsPayloadIntact(frame, 0, 7), "byte " + i.ToString());
            frame[i] ^= 0x10;
        }
        Assert.IsTrue(Frame.KeyOf(frame, 0) == Key && Frame.IsPayloadIntact(frame, 0, 7));
    }

    [TestMethod]
    public void OnlyWhatIsSaidWithoutASessionHasNoKey()
    {
        for (int type = 0; type < 256; type++)
            Assert.IsTrue(Frame.IsKeyless(type) == (type == 0x01 || type == 0x80 || type == 0x81), "type " + type.ToString());
    }
}
