using nanoFramework.TestFramework;

namespace NvsFirmware.UnitTests;

[TestClass]
public class BuffersTests
{
    [TestMethod]
    public void NumbersAreLittleEndian()
    {
        byte[] buffer = new byte[8];
        Buffers.PutInt32(buffer, 1, 0x12345678);
        Assert.AreEqual(0, (int)buffer[0]);
        Assert.AreEqual(0x78, (int)buffer[1]);
        Assert.AreEqual(0x56, (int)buffer[2]);
        Assert.AreEqual(0x34, (int)buffer[3]);
        Assert.AreEqual(0x12, (int)buffer[4]);
        Assert.AreEqual(0, (int)buffer[5]);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(-1)]
    [DataRow(int.MaxValue)]
    [DataRow(int.MinValue)]
    public void Int32ComesBack(int value)
    {
        byte[] buffer = new byte[6];
        Buffers.PutInt32(buffer, 2, value);
        Assert.AreEqual(value, Buffers.GetInt32(buffer, 2));
        // An int that kept an unsigned tag would shift in zeros here.
        Assert.AreEqual(value >> 4, Buffers.GetInt32(buffer, 2) >> 4);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(0x00FF)]
    [DataRow(0x8000)]
    [DataRow(0xFFFF)]
    public void UInt16ComesBackUnsigned(int value)
    {
        byte[] buffer = new byte[4];
        Buffers.PutUInt16(buffer, 1, value);
        Assert.AreEqual(value, Buffers.GetUInt16(buffer, 1));
        Assert.AreEqual(0, (int)buffer[3]);
    }

    [TestMethod]
    public void UInt16KeepsTheLowHalf()
    {
        byte[] buffer = new byte[2];
        Buffers.PutUInt16(buffer, 0, -2);
        Assert.AreEqual(0xFFFE, Buffers.GetUInt16(buffer, 0));
    }

    [TestMethod]
    public void UInt32KeepsTheHighBit()
    {
        byte[] buffer = new byte[4];
        Buffers.PutUInt32(buffer, 0, 0xCAFE0123u);
        Assert.AreEqual(0xCA, (int)buffer[3]);
        Assert.IsTrue(Buffers.GetInt32(buffer, 0) < 0);
    }

    [TestMethod]
    public void TextIsPaddedAndCut()
    {
        byte[] buffer = { 9, 9, 9, 9, 9 };
        Buffers.PutText(buffer, 0, 4, "ab");
        Assert.AreEqual((int)'a', (int)buffer[0]);
        Assert.AreEqual((int)'b', (int)buffer[1]);
        Assert.AreEqual(0, (int)buffer[2]);
        Assert.AreEqual(0, (int)buffer[3]);
        Assert.AreEqual(9, (int)buffer[4]);
        Buffers.PutText(buffer, 0, 2, "xyz");
        Assert.AreEqual((int)'y', (int)buffer[1]);
        Assert.AreEqual(0, (int)buffer[2]);
    }

    [TestMethod]
    public void AreAllLooksAtTheRangeOnly()
    {
        byte[] buffer = { 1, 0, 0, 1 };
        Assert.IsTrue(Buffers.AreAll(buffer, 1, 2, 0));
        Assert.IsFalse(Buffers.AreAll(buffer, 0, 2, 0));
        Assert.IsFalse(Buffers.AreAll(buffer, 1, 3, 0));
        Assert.IsTrue(Buffers.AreAll(buffer, 3, 1, 1));
    }
}
