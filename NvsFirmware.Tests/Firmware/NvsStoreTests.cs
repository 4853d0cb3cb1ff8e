using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;
using NvsFirmware.Nvs.Boot;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>The states that a chip can be in, and that nothing is formatted but by name.</summary>
[TestClass]
public class NvsStoreTests
{
    [TestMethod]
    public void NoChip()
    {
        SmallFram fram = SmallFram.Small();
        fram.IsThere = false;
        NvsStore nvs = Mounted(fram, Status.NoChip);
        Check.Is(Status.NoChip, Format(nvs, "BLANK"));
    }

    [TestMethod]
    public void UnknownChip()
    {
        NvsStore nvs = Mounted(new SmallFram(0x2000, 1, 2, 3, 4), Status.UnknownChip);
        Check.Is(Status.UnknownChip, Format(nvs, "BLANK"));
    }

    [TestMethod]
    public void ABlankChipStaysUntouched()
    {
        SmallFram fram = SmallFram.Small();
        NvsStore nvs = Mounted(fram, Status.Blank);
        nvs.Resume(true);
        nvs.Rest();
        Check.Is(Status.WrongName, Format(nvs, "blank"));
        Check.Is(Status.WrongName, Format(nvs, "DAMAGED"));
        Assert.IsTrue(Buffers.AreAll(fram.Memory, 0, fram.Memory.Length, 0));
        Check.Is(Status.Ok, Format(nvs, "BLANK"));
        Check.Is(Status.Ok, nvs.State);
        Mounted(fram, Status.Ok);
    }

    [TestMethod]
    public void AStoreIsFormattedByItsIdOnly()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 100);
        NvsStore nvs = Mounted(store.Fram, Status.Ok);
        byte[] medium = store.Copy();
        Check.Is(Status.WrongName, Format(nvs, "BLANK"));
        Check.Is(Status.WrongName, Format(nvs, "DAMAGED"));
        Assert.IsTrue(Buffers.AreSame(medium, 0, store.Fram.Memory, 0, medium.Length));
        byte[] names = new byte[16];
        System.Array.Copy(nvs.Id, 0, names, 0, 8);
        Check.PutSample(9, names, 8, 8);
        Check.Is(Status.Ok, nvs.Format(names, 0, names, 8, 0, 0));
        Check.IsSample(9, nvs.Id, 0, 8);
        Assert.IsTrue(nvs.Text().IndexOf(", 0 tracks,") > 0, nvs.Text());
        Check.Is(Status.NotFound, nvs.BeginRead(7));
    }

    [TestMethod]
    [DataRow(63, 4)]
    [DataRow(100, 1)]
    [DataRow(2000, 4)]
    public void ImpossibleSizesLeaveTheStoreAlone(int segmentBytes, int setSegments)
    {
        SmallStore store = new SmallStore();
        NvsStore nvs = Mounted(store.Fram, Status.Ok);
        byte[] names = new byte[16];
        System.Array.Copy(nvs.Id, 0, names, 0, 8);
        byte[] medium = store.Copy();
        Check.Is(Status.BadRequest, nvs.Format(names, 0, names, 8, 100, 4), "the id zero");
        Check.PutSample(9, names, 8, 8);
        Check.Is(Status.BadRequest, nvs.Format(names, 0, names, 8, segmentBytes, setSegments));
        Assert.IsTrue(Buffers.AreSame(medium, 0, store.Fram.Memory, 0, medium.Length));
    }

    [TestMethod]
    public void OneCopyOfTheSuperblockIsEnough()
    {
        for (int copy = 0; copy < 2; copy++)
        {
            SmallStore store = new SmallStore();
            store.Write(7, 1, 100);
            store.Resume();
            store.Fram.Memory[Geometry.SuperblockAddress(0x2000, copy) + 30] ^= 1;
            NvsStore nvs = Mounted(store.Fram, Status.Ok);
            Assert.AreEqual(RecoveryFindings.SuperblockCopy, nvs.Findings);
            nvs.Resume(false); // writes it again
            nvs = Mounted(store.Fram, Status.Ok);
            Assert.AreEqual(RecoveryFindings.Clean, nvs.Findings);
        }
    }

    [TestMethod]
    public void WithoutBothItIsDamagedNotBlank()
    {
        SmallStore store = new SmallStore();
        store.Fram.Memory[10] ^= 1;
        store.Fram.Memory[0x2000 - Superblock.Bytes + 10] ^= 1;
        NvsStore nvs = Mounted(store.Fram, Status.StoreDamaged);
        Check.Is(Status.WrongName, Format(nvs, "BLANK"));
        Check.Is(Status.Ok, Format(nvs, "DAMAGED"));
    }

    [TestMethod]
    public void ANewerFormatIsLeftAlone()
    {
        SmallStore store = new SmallStore();
        for (int copy = 0; copy < 2; copy++)
        {
            int at = Geometry.SuperblockAddress(0x2000, copy);
            store.Fram.Memory[at + 8]++;
            Buffers.PutUInt32(store.Fram.Memory, at + 56, Crc.Of(store.Fram.Memory, at, 56));
        }
        NvsStore nvs = Mounted(store.Fram, Status.NewerFormat);
        Check.Is(Status.NewerFormat, nvs.Write(store.Frame(5, 1, 7, 1, 10), 10));
        Check.Is(Status.WrongName, Format(nvs, "BLANK"));
        Check.Is(Status.WrongName, Format(nvs, "DAMAGED"));
    }

    // Finding 12: a status read wrong once made the board Protected for good. Breaks with the protection asked at boot only.
    [TestMethod]
    public void AProtectedChipIsReadOnlyAsLongAsItIsProtected()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 100);
        store.Fram.Protection = 0x0C;
        NvsStore nvs = Mounted(store.Fram, Status.Ok);
        nvs.Resume(true);
        Check.Is(Status.Protected, nvs.Write(store.Frame(5, 50, 7, 2, 10), 10));
        Check.Is(Status.Ok, nvs.BeginRead(7));
        Check.Is(Status.Protected, Format(nvs, "BLANK"));
        store.Fram.Protection = 0;
        Check.Is(Status.Ok, nvs.Write(store.Frame(5, 51, 7, 2, 10), 10));
    }

    // A chip of 8 KiB that says it is one of 32: what is written behind its end stands at its beginning.
    [TestMethod]
    public void AChipSmallerThanItsNameIsRefused()
    {
        SmallFram fram = new SmallFram(0x2000, 0x04, 0x7F, 0x05, 0x09);
        NvsStore nvs = Mounted(fram, Status.Blank);
        Check.Is(Status.UnknownChip, Format(nvs, "BLANK"));
    }

    // The store's pieces are longer than this board's frames: nothing of it could be read whole.
    [TestMethod]
    public void AStoreOfABoardWithLongerFramesIsLeftAlone()
    {
        SmallStore store = new SmallStore();
        NvsStore nvs = new NvsStore(new FramChip(store.Fram, new BoardLine()), new BoardLine(), 64, new byte[1024]);
        Check.Is(Status.BoardTooSmall, nvs.Mount(""));
        Assert.IsFalse(Buffers.AreAll(nvs.Id, 0, nvs.Id.Length, 0));
    }

    [TestMethod]
    public void BootsAreCounted()
    {
        SmallStore store = new SmallStore();
        int boots = store.Vtb.Boots;
        for (int i = 1; i <= 3; i++)
        {
            NvsStore nvs = Mounted(store.Fram, Status.Ok);
            nvs.Resume(true);
            Assert.IsTrue(nvs.Text().IndexOf("boot " + (boots + i).ToString() + ",") > 0, nvs.Text());
            nvs = Mounted(store.Fram, Status.Ok);
            nvs.Resume(false); // the same board, after a chip error
            Assert.IsTrue(nvs.Text().IndexOf("boot " + (boots + i).ToString() + ",") > 0, nvs.Text());
        }
    }

    private static NvsStore Mounted(SmallFram fram, Status expected)
    {
        BoardLine clock = new BoardLine();
        NvsStore nvs = new NvsStore(new FramChip(fram, clock), clock, SmallStore.PieceBytes, new byte[1024]);
        Check.Is(expected, nvs.Mount(""));
        Check.Is(expected, nvs.State);
        return nvs;
    }

    private static Status Format(NvsStore nvs, string name)
    {
        byte[] names = new byte[16];
        Buffers.PutText(names, 0, 8, name);
        Check.PutSample(8, names, 8, 8);
        return nvs.Format(names, 0, names, 8, 100, 4);
    }
}
