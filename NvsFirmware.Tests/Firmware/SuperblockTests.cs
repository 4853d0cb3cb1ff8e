using nanoFramework.TestFramework;
using NvsFirmware.Nvs;
using NvsFirmware.Nvs.Boot;

namespace NvsFirmware.UnitTests;

[TestClass]
public class SuperblockTests
{
    private const int At = 5;
    private const int FirstSizeAt = 16;
    private const int IdAt = 24;
    private const int PieceBytesAt = 36;
    private const int CrcAt = 56;

    [TestMethod]
    public void ComesBack()
    {
        byte[] buffer = Put(1, 3);
        Superblock superblock = new Superblock();
        Is(SuperblockState.Live, superblock.Parse(buffer, At, 1));
        Assert.AreEqual(0x2000, superblock.ChipBytes);
        Geometry geometry = superblock.ToGeometry();
        Assert.AreEqual(0x2000, geometry.ChipBytes);
        Assert.AreEqual(100, geometry.SegmentBytes);
        Assert.AreEqual(8, geometry.SetSegments);
        Assert.AreEqual(128, geometry.PieceBytes);
        Assert.AreEqual(3, superblock.FormatCount);
        Check.IsSample(4, superblock.Id, 0, Superblock.IdBytes);
    }

    // Sizes from which something else follows than the copy tells are none: who wrote them? Breaks when a field is not compared.
    [TestMethod]
    public void SizesThatDoNotFitEachOtherAreNone()
    {
        byte[] buffer = Put(1, 3);
        for (int at = At + FirstSizeAt; at < At + CrcAt; at++)
        {
            if (at == At + IdAt)
                at += Superblock.IdBytes + 4;
            if (at == At + PieceBytesAt + 1)
                continue; // another piece is possible
            buffer[at] ^= 1;
            Buffers.PutUInt32(buffer, At + CrcAt, Crc.Of(buffer, At, CrcAt));
            Assert.IsFalse(Parsed(buffer, 1).ToGeometry().IsPossible, "byte " + at.ToString());
            buffer[at] ^= 1;
        }
    }

    // As docs/format.md has it: an id and a format count make the mark.
    [TestMethod]
    public void TheMarkIsTheCrcOfIdAndFormatCount()
    {
        byte[] buffer = Put(0, 7);
        byte[] id = Parsed(buffer, 0).Id;
        Assert.AreEqual(Crc.Of(buffer, At + IdAt, 12), Superblock.MarkOf(id, 7));
        Assert.IsTrue(Superblock.MarkOf(id, 7) != Superblock.MarkOf(id, 8), "what an earlier store left has another mark");
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
    public void TheOtherCopyDoesNotCount() => Is(SuperblockState.Damaged, new Superblock().Parse(Put(0, 1), At, 1));

    [TestMethod]
    [DataRow(0x00)]
    [DataRow(0xFF)]
    public void MarkedVoidItIsGivenUpButNamed(int mark)
    {
        byte[] buffer = Put(0, 5);
        buffer[At + Superblock.LiveAt] = (byte)mark;
        Superblock superblock = new Superblock();
        Is(SuperblockState.GivenUp, superblock.Parse(buffer, At, 0));
        Check.IsSample(4, superblock.Id, 0, Superblock.IdBytes);
        Assert.AreEqual(5, superblock.FormatCount);
    }

    [TestMethod]
    public void ANewerFormatIsTold()
    {
        byte[] buffer = Put(0, 1);
        buffer[At + 8]++;
        Buffers.PutUInt32(buffer, At + CrcAt, Crc.Of(buffer, At, CrcAt));
        Superblock superblock = new Superblock();
        Is(SuperblockState.Newer, superblock.Parse(buffer, At, 0));
        Check.IsSample(4, superblock.Id, 0, Superblock.IdBytes);
    }

    // Breaks with the zero bytes between CRC-32 and mark not looked at.
    [TestMethod]
    public void AnyChangedByteIsDamageNotBlankness()
    {
        byte[] buffer = Put(0, 1);
        Superblock superblock = new Superblock();
        for (int i = 0; i < Superblock.Bytes; i++)
        {
            buffer[At + i] ^= 0x21;
            Is(SuperblockState.Damaged, superblock.Parse(buffer, At, 0), "byte " + i.ToString());
            buffer[At + i] ^= 0x21;
        }
        Is(SuperblockState.Live, superblock.Parse(buffer, At, 0));
    }

    // Power goes while a copy is written over zeros: the byte that makes it count comes last.
    [TestMethod]
    public void ATornCopyDoesNotCount()
    {
        byte[] whole = Put(0, 1);
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

    [TestMethod]
    public void CopiesOfOneStoreAreTheSame()
    {
        Superblock first = Parsed(Put(0, 1), 0);
        Assert.IsTrue(first.IsSame(Parsed(Put(1, 1), 1)));
        Assert.IsFalse(first.IsSame(Parsed(Put(1, 2), 1)), "another format");
        byte[] other = Put(1, 1);
        other[At + 24] ^= 1;
        Buffers.PutUInt32(other, At + CrcAt, Crc.Of(other, At, CrcAt));
        Assert.IsFalse(first.IsSame(Parsed(other, 1)), "another id");
    }

    private static Superblock Parsed(byte[] buffer, int copy)
    {
        Superblock superblock = new Superblock();
        Is(SuperblockState.Live, superblock.Parse(buffer, At, copy));
        return superblock;
    }

    private static byte[] Put(int copy, int formatCount)
    {
        byte[] buffer = new byte[80];
        byte[] id = new byte[Superblock.IdBytes];
        Check.PutSample(4, id, 0, id.Length);
        Superblock.Put(buffer, At, copy, new Geometry(0x2000, 100, 8, 128), id, formatCount);
        return buffer;
    }

    private static void Is(SuperblockState expected, SuperblockState actual, string message = "state") =>
        Assert.AreEqual((int)expected, (int)actual, message);
}
