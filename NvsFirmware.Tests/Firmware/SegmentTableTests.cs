using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class SegmentTableTests
{
    [TestMethod]
    public void AllAreFreeAtFirst()
    {
        SegmentTable segments = Table(SmallFram.Small());
        Assert.AreEqual(95, segments.FreeCount);
        Assert.AreEqual(0, segments.NextFree(0));
        Assert.AreEqual(94, segments.NextFree(94));
        Assert.AreEqual(0, segments.NextFree(95), "behind the last comes the first");
    }

    [TestMethod]
    public void AChainIsClaimedAndFreed()
    {
        SegmentTable segments = Table(SmallFram.Small());
        short[] set = { 90, 94, 3, 4 };
        Assert.IsTrue(segments.Link(set, 0, 4));
        Assert.IsFalse(segments.Link(set, 0, 4), "the second time nothing changes");
        Assert.IsTrue(segments.CanClaim(90, 4));
        segments.Claim(90, 4);
        Assert.AreEqual(91, segments.FreeCount);
        Assert.IsFalse(segments.IsFree(94));
        Assert.IsTrue(segments.IsFree(5));
        Assert.AreEqual(5, segments.NextFree(3));
        segments.Free(90, 4);
        Assert.AreEqual(95, segments.FreeCount);
        Assert.IsTrue(segments.IsFree(94));
    }

    [TestMethod]
    public void NextFreeGoesRound()
    {
        SegmentTable segments = Table(SmallFram.Small());
        short[] set = { 93, 94, 0 };
        segments.Link(set, 0, 3);
        segments.Claim(93, 3);
        Assert.AreEqual(1, segments.NextFree(93));
    }

    [TestMethod]
    public void WithNoneFreeItEnds()
    {
        SegmentTable segments = Table(SmallFram.Small());
        short[] all = new short[95];
        for (int i = 0; i < all.Length; i++)
            all[i] = (short)i;
        segments.Link(all, 0, all.Length);
        segments.Claim(0, all.Length);
        Assert.AreEqual(0, segments.FreeCount);
        Assert.AreEqual(0, segments.NextFree(7));
    }

    // Links come from the medium: they may say anything, and asking must not change who is free.
    [TestMethod]
    [DataRow(11, 10)] // bites its tail
    [DataRow(95, 0)] // leaves the store
    [DataRow(-1, 0)]
    [DataRow(50, 0)] // goes into another track
    [DataRow(11, 50)]
    public void AnImpossibleChainCannotBeClaimed(int afterFirst, int after11)
    {
        SegmentTable segments = Table(SmallFram.Small());
        segments.Link(new short[] { 50, 51 }, 0, 2);
        segments.Claim(50, 2);
        segments.Link(new short[] { 10, (short)afterFirst }, 0, 2);
        segments.Link(new short[] { 11, (short)after11 }, 0, 2);
        Assert.IsFalse(segments.CanClaim(10, 3));
        Assert.AreEqual(93, segments.FreeCount);
        Assert.IsTrue(segments.IsFree(10));
        Assert.IsTrue(segments.IsFree(11));
        Assert.IsFalse(segments.IsFree(50));
    }

    [TestMethod]
    public void LinksAreStoredAndLoaded()
    {
        SmallFram fram = SmallFram.Small();
        SegmentTable segments = Table(fram);
        short[] set = { 5, 6, 7, 60, 20, 22 };
        segments.Link(set, 0, 6);
        Assert.IsFalse(segments.AreLinksStored(5, 6));
        segments.StoreLinks(5, 6);
        Assert.IsTrue(segments.AreLinksStored(5, 6));
        SegmentTable loaded = Table(fram);
        loaded.Load();
        int segment = 5;
        for (int i = 1; i < set.Length; i++)
        {
            segment = loaded.Next(segment);
            Assert.AreEqual((int)set[i], segment);
        }
    }

    // What it costs on the bus: neighbours go together, the link of the last segment is not stored.
    [TestMethod]
    public void NeighboursAreStoredInOneTransaction()
    {
        SmallFram fram = SmallFram.Small();
        SegmentTable segments = Table(fram);
        short[] set = { 5, 6, 7, 8 };
        segments.Link(set, 0, 4);
        int bytes = fram.BusBytes;
        int transactions = fram.Transactions;
        segments.StoreLinks(5, 4);
        Assert.AreEqual(2, fram.Transactions - transactions);
        Assert.AreEqual(1 + 3 + 3 * Geometry.LinkBytes, fram.BusBytes - bytes);
        segments.StoreLinks(5, 1);
        Assert.AreEqual(2, fram.Transactions - transactions, "a single segment has no link");
    }

    private static SegmentTable Table(SmallFram fram)
    {
        FramChip chip = new FramChip(fram, new HostLine());
        chip.Open("");
        return new SegmentTable(chip, new Geometry(0x2000, 64, 8), new byte[512]);
    }
}
