using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

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
        Check.Is(Status.NoChip, nvs.CheckWritable());
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
        nvs.CountBoot();
        nvs.BringUpToDate();
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
        Check.Is(Status.WrongName, Format(store.Nvs, "BLANK"));
        Check.Is(Status.WrongName, Format(store.Nvs, "DAMAGED"));
        store.Holds(7, 1, 100);
        byte[] names = new byte[16];
        System.Array.Copy(store.Nvs.Id, 0, names, 0, 8);
        Check.PutSample(9, names, 8, 8);
        Check.Is(Status.Ok, store.Nvs.Format(names, 0, names, 8, 0, 0));
        Check.IsSample(9, store.Nvs.Id, 0, 8);
        Assert.AreEqual(0, store.Tracks.Tracks.TrackCount);
    }

    [TestMethod]
    public void ImpossibleSizesLeaveTheStoreAlone()
    {
        SmallStore store = new SmallStore();
        byte[] names = new byte[16];
        System.Array.Copy(store.Nvs.Id, 0, names, 0, 8);
        Check.Is(Status.BadRequest, store.Nvs.Format(names, 0, names, 8, 31, 4));
        Check.Is(Status.Ok, store.Restart());
    }

    [TestMethod]
    public void OneCopyOfTheSuperblockIsEnough()
    {
        for (int copy = 0; copy < 2; copy++)
        {
            SmallStore store = new SmallStore();
            store.Write(7, 1, 100);
            store.Fram.Memory[Geometry.SuperblockAddress(0x2000, copy) + 30] ^= 1;
            Check.Is(Status.Ok, store.Restart());
            Assert.AreEqual(RecoveryFindings.SuperblockCopy, store.Nvs.Findings);
            store.Holds(7, 1, 100);
            store.Nvs.BringUpToDate(); // writes it again
            Check.Is(Status.Ok, store.Restart());
            Assert.AreEqual(RecoveryFindings.Clean, store.Nvs.Findings);
        }
    }

    [TestMethod]
    public void WithoutBothItIsDamagedNotBlank()
    {
        SmallStore store = new SmallStore();
        store.Fram.Memory[10] ^= 1;
        store.Fram.Memory[0x2000 - Superblock.Bytes + 10] ^= 1;
        Check.Is(Status.StoreDamaged, store.Restart());
        Check.Is(Status.WrongName, Format(store.Nvs, "BLANK"));
        Check.Is(Status.Ok, Format(store.Nvs, "DAMAGED"));
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
        Check.Is(Status.NewerFormat, store.Restart());
        Check.Is(Status.NewerFormat, store.Nvs.CheckWritable());
        Check.Is(Status.WrongName, Format(store.Nvs, "BLANK"));
        Check.Is(Status.WrongName, Format(store.Nvs, "DAMAGED"));
    }

    [TestMethod]
    public void AProtectedChipIsReadOnly()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 100);
        store.Fram.Protection = 0x0C;
        Check.Is(Status.Ok, store.Restart());
        Check.Is(Status.Protected, store.Nvs.CheckWritable());
        store.Holds(7, 1, 100);
        Check.Is(Status.Protected, Format(store.Nvs, "BLANK"));
    }

    // A chip of 8 KiB that says it is one of 32: what is written behind its end stands at its beginning.
    [TestMethod]
    public void AChipSmallerThanItsNameIsRefused()
    {
        SmallFram fram = new SmallFram(0x2000, 0x04, 0x7F, 0x05, 0x09);
        NvsStore nvs = Mounted(fram, Status.Blank);
        Check.Is(Status.UnknownChip, Format(nvs, "BLANK"));
    }

    [TestMethod]
    public void BootsAreCounted()
    {
        SmallStore store = new SmallStore();
        store.Nvs.CountBoot();
        store.Restart();
        store.Nvs.CountBoot();
        store.Restart();
        Assert.AreEqual(2, store.Nvs.BootCount);
    }

    private static NvsStore Mounted(SmallFram fram, Status expected)
    {
        NvsStore nvs = new NvsStore(new FramChip(fram, new HostLine()));
        Check.Is(expected, nvs.Mount(""));
        Check.Is(expected, nvs.State);
        return nvs;
    }

    private static Status Format(NvsStore nvs, string name)
    {
        byte[] names = new byte[16];
        Buffers.PutText(names, 0, 8, name);
        Check.PutSample(8, names, 8, 8);
        return nvs.Format(names, 0, names, 8, 64, 4);
    }
}
