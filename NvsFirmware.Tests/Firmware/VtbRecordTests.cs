using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class VtbRecordTests
{
    private const int At = 3;

    [TestMethod]
    public void FieldsAreThoseOfTheFormat()
    {
        Assert.AreEqual(36, VtbRecord.Bytes);
        Assert.AreEqual(0, VtbRecord.VersionAt);
        Assert.AreEqual(4, VtbRecord.ClientAt);
        Assert.AreEqual(8, VtbRecord.NumberAt);
        Assert.AreEqual(12, VtbRecord.FingerprintAt);
        Assert.AreEqual(16, VtbRecord.Sum0At);
        Assert.AreEqual(20, VtbRecord.Sum1At);
        Assert.AreEqual(24, VtbRecord.BootsAt);
        Assert.AreEqual(28, VtbRecord.NextAt);
        Assert.AreEqual(30, VtbRecord.LapAt);
        Assert.AreEqual(0x40, VtbRecord.InDoubt);
        Assert.AreEqual(0x80, VtbRecord.Passing);
    }

    [TestMethod]
    public void AnyChangedBitMakesItNotWhole()
    {
        byte[] buffer = Sealed();
        Assert.IsTrue(VtbRecord.IsWhole(buffer, At));
        for (int bit = 0; bit < VtbRecord.Bytes * 8; bit++)
        {
            buffer[At + bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.IsFalse(VtbRecord.IsWhole(buffer, At), "bit " + bit.ToString());
            buffer[At + bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    // Bits called zero are zero, whatever the CRC-32 says: so that a later format can use them.
    [TestMethod]
    [DataRow(29, 0x10)]
    [DataRow(29, 0x20)]
    [DataRow(29, 0x40)]
    [DataRow(30, 0x10)]
    [DataRow(30, 0x20)]
    [DataRow(31, 0x01)]
    [DataRow(31, 0x80)]
    public void AnUndefinedBitMakesItNotWhole(int at, int bit)
    {
        byte[] buffer = Sealed();
        buffer[At + at] |= (byte)bit;
        Buffers.PutUInt32(buffer, At + 32, Crc.Of(buffer, At, 32));
        Assert.IsFalse(VtbRecord.IsWhole(buffer, At));
    }

    // One that was never written, or torn over zeros: no prefix of it is whole.
    [TestMethod]
    public void ATornOneIsNotWhole()
    {
        byte[] whole = Sealed();
        byte[] torn = new byte[64];
        for (int stored = 0; stored < VtbRecord.Bytes; stored++)
        {
            Assert.IsFalse(VtbRecord.IsWhole(torn, At), "stored " + stored.ToString());
            torn[At + stored] = whole[At + stored];
        }
        Assert.IsTrue(VtbRecord.IsWhole(torn, At));
    }

    private static byte[] Sealed()
    {
        byte[] buffer = new byte[64];
        Check.PutSample(3, buffer, At, VtbRecord.Bytes);
        buffer[At + 29] &= 0x8F;
        buffer[At + 30] &= 0xCF;
        buffer[At + 31] = 0;
        VtbRecord.Seal(buffer, At);
        return buffer;
    }
}
