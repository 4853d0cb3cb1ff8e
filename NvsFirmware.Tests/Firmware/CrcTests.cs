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

    [TestMethod]
    public void PiecesGiveTheSameAsTheWhole()
    {
        byte[] buffer = new byte[100];
        Check.PutSample(1, buffer, 0, 100);
        Crc crc = new Crc();
        crc.Append(buffer, 0, 1);
        crc.Append(buffer, 1, 60);
        crc.Append(buffer, 61, 39);
        Assert.AreEqual(Crc.Of(buffer, 0, 100), crc.Value);
        Assert.AreEqual(Crc.Of(buffer, 0, 100), crc.Value, "reading the value must not change it");
    }

    [TestMethod]
    public void AnEmptyPieceChangesNothing()
    {
        byte[] buffer = { 1, 2, 3 };
        Crc crc = new Crc();
        crc.Append(buffer, 0, 0);
        crc.Append(buffer, 0, 3);
        crc.Append(buffer, 3, 0);
        Assert.AreEqual(Crc.Of(buffer, 0, 3), crc.Value);
    }

    [TestMethod]
    public void ResetForgets()
    {
        byte[] buffer = { 1, 2, 3 };
        Crc crc = new Crc();
        crc.Append(buffer, 0, 3);
        crc.Reset();
        crc.Append(buffer, 1, 1);
        Assert.AreEqual(Crc.Of(buffer, 1, 1), crc.Value);
    }
}
