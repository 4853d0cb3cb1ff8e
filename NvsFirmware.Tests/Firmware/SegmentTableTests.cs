using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class SegmentTableTests
{
    private static readonly short[] scattered = { 9, 3, 4, 60 };

    [TestMethod]
    public void ClaimedSegmentsAreNotFree()
    {
        SegmentTable table = Table(new SmallStore());
        table.Claim(scattered, 1, 2);
        Assert.AreEqual(2, table.OwnedCount);
        Assert.IsTrue(table.IsTaken[3]);
        Assert.IsTrue(table.IsTaken[4]);
        Assert.IsFalse(table.IsTaken[9]);
        Assert.IsFalse(table.IsTaken[60]);
    }

    [TestMethod]
    public void NeighboursAreClaimedAllOrNone()
    {
        SegmentTable table = Table(new SmallStore());
        Assert.IsTrue(table.TryClaim(10, 3));
        Assert.IsFalse(table.TryClaim(8, 3), "one is taken");
        Assert.IsFalse(table.TryClaim(64, 3), "they end behind the store");
        Assert.AreEqual(3, table.OwnedCount);
        Assert.IsTrue(!table.IsTaken[8] && !table.IsTaken[9] && !table.IsTaken[64] && !table.IsTaken[65]);
        Assert.IsTrue(table.TryClaim(64, 2));
    }

    [TestMethod]
    public void LinkedSegmentsFollowEachOther()
    {
        SegmentTable table = Table(new SmallStore());
        table.Link(scattered, 0, 4);
        Assert.AreEqual(3, table.Next(9));
        Assert.AreEqual(4, table.Next(3));
        Assert.AreEqual(60, table.Next(4));
        Assert.AreEqual(SegmentTable.End, table.Next(60));
        Assert.AreEqual(4, table.CountLinked(9));
        Assert.IsTrue(table.TryClaimLinked(9));
        Assert.AreEqual(4, table.OwnedCount);
        Assert.IsTrue(table.IsTaken[60]);
    }

    // A chain that is not one: it bites its tail, leaves the store, or meets another track. Nothing of it stays taken.
    [TestMethod]
    [DataRow(3)]
    [DataRow(9)]
    [DataRow(66)]
    [DataRow(0xFFFE)]
    [DataRow(20)]
    public void ABrokenChainIsNotClaimed(int last)
    {
        SmallStore store = new SmallStore();
        SegmentTable table = Table(store);
        Assert.IsTrue(table.TryClaim(20, 1));
        table.Link(scattered, 0, 4);
        table.Store(9);
        Buffers.PutUInt16(store.Fram.Memory, store.Geometry.LinksAddress + 60 * Geometry.LinkBytes, last);
        table.Load();
        Assert.IsFalse(table.TryClaimLinked(9));
        Assert.AreEqual(1, table.OwnedCount);
        Assert.IsTrue(!table.IsTaken[9] && !table.IsTaken[3] && !table.IsTaken[4] && !table.IsTaken[60]);
        Assert.IsTrue(table.IsTaken[20]);
    }

    // What a commit makes free is not used again before the record: recovery may follow the chain through it.
    [TestMethod]
    public void PinnedSegmentsAreFreeWithTheRecord()
    {
        SegmentTable table = Table(new SmallStore());
        table.Link(scattered, 0, 4);
        table.Claim(scattered, 0, 4);
        Assert.IsTrue(table.TryClaim(30, 2));
        table.Pin(9, 0);
        table.Pin(30, 2);
        table.PinBlock(50); // of a released track
        Assert.AreEqual(0, table.OwnedCount);
        int[] pinned = { 9, 3, 4, 60, 30, 31, 50 };
        for (int i = 0; i < pinned.Length; i++)
            Assert.IsTrue(table.IsTaken[pinned[i]], "segment " + pinned[i].ToString());
        table.FreePinned();
        for (int i = 0; i < pinned.Length; i++)
            Assert.IsFalse(table.IsTaken[pinned[i]], "segment " + pinned[i].ToString());
        table.FreePinned();
        Assert.AreEqual(0, table.OwnedCount);
    }

    [TestMethod]
    public void ADamagedTracksSegmentsAreFreeAtOnce()
    {
        SegmentTable table = Table(new SmallStore());
        table.Link(scattered, 0, 4);
        table.Claim(scattered, 0, 4);
        table.TryClaim(30, 2);
        table.Free(9, 0);
        table.Free(30, 2);
        Assert.AreEqual(0, table.OwnedCount);
        Assert.IsTrue(!table.IsTaken[60] && !table.IsTaken[31]);
    }

    [TestMethod]
    public void TheNextFreeOneIsFoundRoundTheEnd()
    {
        SegmentTable table = Table(new SmallStore());
        table.TryClaim(0, 3);
        table.TryClaim(64, 2);
        Assert.AreEqual(3, table.NextFree(0));
        Assert.AreEqual(5, table.NextFree(5));
        Assert.AreEqual(3, table.NextFree(64));
        Assert.AreEqual(3, table.NextFree(66), "the number of segments means 0");
        table.FreeAll();
        Assert.AreEqual(64, table.NextFree(64));
    }

    [TestMethod]
    public void LinksComeBackFromTheChip()
    {
        SmallStore store = new SmallStore();
        SegmentTable table = Table(store);
        table.Link(scattered, 0, 4);
        Assert.IsFalse(table.AreStored(9));
        int before = store.Fram.Transactions;
        table.Store(9);
        Assert.AreEqual(
            3 * 3 + 4,
            store.Fram.Transactions - before,
            "those of neighbours together: 9, 3 and 4, 60; for the end a sign of life");
        Assert.IsTrue(table.AreStored(9));
        SegmentTable other = Table(store);
        other.Load();
        Assert.AreEqual(3, other.Next(9));
        Assert.AreEqual(4, other.Next(3));
        Assert.AreEqual(60, other.Next(4));
        Assert.AreEqual(SegmentTable.End, other.Next(60));
        store.Fram.Memory[store.Geometry.LinksAddress + 2 * 4] ^= 1;
        Assert.IsFalse(table.AreStored(9));
    }

    // Finding 6. Breaks when what was written is not read back.
    [TestMethod]
    public void ADroppedWriteIsNoticed()
    {
        SmallStore store = new SmallStore();
        SegmentTable table = Table(store);
        table.Link(scattered, 0, 4);
        store.Fram.Protection = 0x0C; // the chip ignores writes and says nothing
        Assert.ThrowsException(typeof(FramException), () => table.Store(9));
    }

    private static SegmentTable Table(SmallStore store) => new SegmentTable(store.Open(), store.Geometry, new byte[512]);
}
