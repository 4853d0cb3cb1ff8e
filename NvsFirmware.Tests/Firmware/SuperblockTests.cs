using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class SuperblockTests
{
    private const int At = 5;

    [TestMethod]
    public void ComesBack()
    {
        byte[] buffer = Put(1);
        Superblock superblock = new Superblock();
        Is(SuperblockState.Live, superblock.Parse(buffer, At, 1));
        Assert.AreEqual(0x2000, superblock.ChipBytes);
        Assert.AreEqual(64, superblock.SegmentBytes);
        Assert.AreEqual(8, superblock.SetSegments);
        Check.IsSample(4, superblock.Id, 0, Superblock.IdBytes);
    }

    [TestMethod]
    [DataRow(0x00)]
    [DataRow(0xFF)]
    public void AnEmptyChipHasNone(int level)
    {
        byte[] buffer = new byte[80];
        for (int i = 0; i < buffer.Length; i++)
            buffer[i] = (byte)level;
        Is(SuperblockState.Void, new Superblock().Parse(buffer, At, 0));
    }

    // The copy at the beginning must not pass for the one at the end: a chip smaller than its name shows it there.
    [TestMethod]
    public void TheOtherCopyDoesNotCount() => Is(SuperblockState.Damaged, new Superblock().Parse(Put(0), At, 1));

    [TestMethod]
    public void MarkedVoidItIsGivenUpButNamed()
    {
        byte[] buffer = Put(0);
        buffer[At + Superblock.LiveAt] = 0;
        Superblock superblock = new Superblock();
        Is(SuperblockState.GivenUp, superblock.Parse(buffer, At, 0));
        Check.IsSample(4, superblock.Id, 0, Superblock.IdBytes);
    }

    [TestMethod]
    public void ANewerFormatIsTold()
    {
        byte[] buffer = Put(0);
        buffer[At + 8]++; // the format's version; then the CRC-32 is made right again
        Buffers.PutUInt32(buffer, At + 56, Crc.Of(buffer, At, 56));
        Superblock superblock = new Superblock();
        Is(SuperblockState.Newer, superblock.Parse(buffer, At, 0));
        Check.IsSample(4, superblock.Id, 0, Superblock.IdBytes);
    }

    [TestMethod]
    public void AnyChangedByteIsDamageNotBlankness()
    {
        byte[] buffer = Put(0);
        Superblock superblock = new Superblock();
        for (int i = 0; i < Superblock.Bytes; i++)
        {
            if (i >= 60 && i < Superblock.LiveAt)
                continue; // between CRC-32 and mark nothing is stored
            buffer[At + i] ^= 0x21;
            Is(SuperblockState.Damaged, superblock.Parse(buffer, At, 0));
            buffer[At + i] ^= 0x21;
        }
        Is(SuperblockState.Live, superblock.Parse(buffer, At, 0));
    }

    // Power goes while a copy is written over zeros: the byte that makes it count comes last.
    [TestMethod]
    public void ATornCopyDoesNotCount()
    {
        byte[] whole = Put(0);
        byte[] torn = new byte[80];
        Superblock superblock = new Superblock();
        for (int stored = 0; stored < Superblock.Bytes; stored++)
        {
            SuperblockState state = superblock.Parse(torn, At, 0);
            Assert.IsTrue(state == SuperblockState.Void || state == SuperblockState.GivenUp, "stored " + stored.ToString());
            torn[At + stored] = whole[At + stored];
        }
        Is(SuperblockState.Live, superblock.Parse(torn, At, 0));
    }

    private static byte[] Put(int copy)
    {
        byte[] buffer = new byte[80];
        byte[] id = new byte[Superblock.IdBytes];
        Check.PutSample(4, id, 0, id.Length);
        Superblock.Put(buffer, At, copy, new Geometry(0x2000, 64, 8), id, 1);
        return buffer;
    }

    private static void Is(SuperblockState expected, SuperblockState actual) => Assert.AreEqual((int)expected, (int)actual, "state");
}
