using nanoFramework.TestFramework;

namespace NvsFirmware.UnitTests;

[TestClass]
public class CrcTests
{
    // The check values of CRC-32/ISO-HDLC, the one of zlib and Ethernet.
    [TestMethod]
    [DataRow("123456789", 0xCBF43926u)]
    [DataRow("a", 0xE8B7BE43u)]
    [DataRow("The quick brown fox jumps over the lazy dog", 0x414FA339u)]
    public void KnownVectors(string text, uint expected)
    {
        byte[] buffer = new byte[64];
        Buffers.PutText(buffer, 3, text.Length, text);
        Assert.AreEqual(expected, Crc.Of(buffer, 3, text.Length));
    }
}
