using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class VirtualTrackBufferTests
{
    [TestMethod]
    public void ANewStoreUsesSetAFirst()
    {
        SmallStore store = new SmallStore();
        VirtualTrackBuffer vtb = Buffer(store);
        Assert.IsTrue(vtb.Load(out bool isTorn));
        Assert.IsFalse(isTorn);
        Assert.IsFalse(vtb.HasPrevious);
        Assert.AreEqual(0, vtb.Flag);
        Assert.AreEqual(0, vtb.Current.Sequence);
        Assert.AreEqual(0, vtb.CommittedCount);
    }

    [TestMethod]
    public void AnEmptyChipHasNoRecord()
    {
        SmallStore store = new SmallStore();
        System.Array.Clear(store.Fram.Memory, 0, store.Fram.Memory.Length);
        Assert.IsFalse(Buffer(store).Load(out bool isTorn));
        Assert.IsFalse(isTorn);
    }

    // Flag and place of the record alternate, so that the record of the commit before stays whole during the next.
    [TestMethod]
    public void SetsAndRecordsTakeTurns()
    {
        SmallStore store = new SmallStore();
        Geometry geometry = store.Tracks.Geometry;
        for (int i = 1; i <= 4; i++)
        {
            short[] active = store.Tracks.Vtb.ActiveSet;
            Check.Is(Status.Ok, store.Write(7, i, 100));
            Assert.IsTrue(active == store.Tracks.Vtb.CommittedSet);
            Assert.IsFalse(active == store.Tracks.Vtb.ActiveSet);
            Assert.AreEqual(i & 1, store.Tracks.Vtb.Flag);
            Assert.AreEqual(i, Buffers.GetInt32(store.Fram.Memory, geometry.RecordAddress(i & 1)));
            Assert.AreEqual(i - 1, Buffers.GetInt32(store.Fram.Memory, geometry.RecordAddress(1 - (i & 1))));
        }
    }

    [TestMethod]
    public void TheNewerRecordWins()
    {
        SmallStore store = new SmallStore();
        for (int i = 1; i <= 3; i++)
        {
            store.Write(7, i, 100);
            VirtualTrackBuffer vtb = Buffer(store);
            Assert.IsTrue(vtb.Load(out _));
            Assert.AreEqual(i, vtb.Current.Sequence);
            Assert.AreEqual(i - 1, vtb.Coming.Sequence);
            Assert.IsTrue(vtb.HasPrevious);
            Assert.AreEqual(2, vtb.CommittedCount);
            Assert.AreEqual((int)store.Tracks.Vtb.CommittedSet[1], (int)vtb.CommittedSet[1]);
        }
    }

    [TestMethod]
    public void ATornRecordLeavesTheOneBefore()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 100);
        store.Write(7, 2, 100);
        store.Fram.Memory[store.Tracks.Geometry.RecordAddress(0) + 12] ^= 1;
        VirtualTrackBuffer vtb = Buffer(store);
        Assert.IsTrue(vtb.Load(out bool isTorn));
        Assert.IsTrue(isTorn);
        Assert.AreEqual(1, vtb.Current.Sequence);
        Assert.IsFalse(vtb.HasPrevious);
    }

    // 0 is no version: it says that there is no track.
    [TestMethod]
    public void TheSequenceWrapsPastZero()
    {
        Assert.AreEqual(1, VirtualTrackBuffer.After(-1));
        Assert.AreEqual(1, VirtualTrackBuffer.After(0));
        Assert.AreEqual(int.MinValue, VirtualTrackBuffer.After(int.MaxValue));
        SmallStore store = new SmallStore();
        store.Tracks.Vtb.Current.Sequence = -2;
        store.Write(7, 1, 100);
        Assert.AreEqual(-1, store.Tracks.Vtb.Current.Sequence);
        store.Write(7, 2, 100);
        Assert.AreEqual(1, store.Tracks.Vtb.Current.Sequence);
        VirtualTrackBuffer vtb = Buffer(store);
        vtb.Load(out _);
        Assert.AreEqual(1, vtb.Current.Sequence, "1 is newer than 0xFFFFFFFF");
        store.Restart();
        store.Holds(7, 2, 100);
    }

    [TestMethod]
    public void ThePreparedSetIsFreeAndGoesRound()
    {
        SmallStore store = new SmallStore();
        int segments = store.Tracks.Geometry.Segments;
        bool hasGoneRound = false;
        for (int i = 0; i < segments; i++)
        {
            store.Write(7, i, 100);
            short[] set = store.Tracks.Vtb.ActiveSet;
            Assert.AreEqual(4, store.Tracks.Vtb.PreparedCount);
            for (int j = 0; j < 4; j++)
            {
                Assert.IsTrue(store.Tracks.Segments.IsFree(set[j]));
                hasGoneRound |= j > 0 && set[j] < set[j - 1];
            }
        }
        Assert.IsTrue(hasGoneRound);
    }

    private static VirtualTrackBuffer Buffer(SmallStore store) => new VirtualTrackBuffer(store.Open(), store.Tracks.Geometry, new byte[512]);
}
