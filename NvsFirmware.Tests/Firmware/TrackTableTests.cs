using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class TrackTableTests
{
    // As many as entries in the hash table of 87 slots: numbers that far apart share a bucket.
    private const int Buckets = 128;

    [TestMethod]
    public void EntriesAreTakenInOrderAndGivenBack()
    {
        TrackTable table = Loaded(SmallFram.Small());
        Assert.AreEqual(0, table.Reserve());
        Assert.AreEqual(1, table.Reserve());
        table.Unreserve(0);
        Assert.AreEqual(0, table.Reserve());
        for (int slot = 2; slot < table.Slots; slot++)
            Assert.AreEqual(slot, table.Reserve());
        Assert.AreEqual(-1, table.Reserve());
    }

    [TestMethod]
    public void ATrackIsFoundUntilItIsReleased()
    {
        TrackTable table = Loaded(SmallFram.Small());
        Assert.AreEqual(-1, table.Find(7));
        Set(table, 7, 1, 10, 3);
        int slot = table.Find(7);
        Assert.IsTrue(table.IsTrack(slot));
        Assert.AreEqual(7, table.Track(slot));
        Assert.AreEqual(1, table.Version(slot));
        Assert.AreEqual(10, table.Length(slot));
        Assert.AreEqual(3, table.First(slot));
        Assert.AreEqual(1, table.TrackCount);
        table.Set(slot, 7, 2, VtbRecord.Released, 0);
        Assert.AreEqual(-1, table.Find(7));
        Assert.AreEqual(0, table.TrackCount);
        Assert.AreEqual(slot, table.Reserve());
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public void TracksThatShareABucketDoNotDisturbEachOther(int released)
    {
        TrackTable table = Loaded(SmallFram.Small());
        for (int i = 0; i < 3; i++)
            Set(table, 5 + i * Buckets, 1, 10, i);
        table.Set(table.Find(5 + released * Buckets), 5 + released * Buckets, 2, VtbRecord.Released, 0);
        for (int i = 0; i < 3; i++)
            Assert.IsTrue((i == released) == (table.Find(5 + i * Buckets) < 0));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(-1)]
    [DataRow(int.MinValue)]
    [DataRow(int.MaxValue)]
    public void EveryNumberIsATrack(int track)
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = Loaded(fram);
        Set(table, track, -5, 10, 3);
        table.Store(table.Find(track));
        TrackTable loaded = Loaded(fram, table.Sum0, table.Sum1);
        int slot = loaded.Find(track);
        Assert.IsTrue(slot >= 0);
        Assert.AreEqual(-5, loaded.Version(slot));
        Assert.AreEqual(0, loaded.DamagedCount);
    }

    [TestMethod]
    public void WhatIsStoredIsLoaded()
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = ThreeTracks(fram);
        TrackTable loaded = Loaded(fram, table.Sum0, table.Sum1);
        Assert.AreEqual(3, loaded.TrackCount);
        Assert.AreEqual(0, loaded.DamagedCount);
        Assert.AreEqual(table.Sum0, loaded.Sum0);
        Assert.AreEqual(table.Sum1, loaded.Sum1);
        Assert.AreEqual(20, loaded.Length(loaded.Find(200)));
        Assert.IsTrue(loaded.IsStored(loaded.Find(200)));
        Assert.IsTrue(loaded.IsStored(50), "an entry that was never used");
        // The free entries behind: the next new track takes the first.
        Assert.AreEqual(3, loaded.Reserve());
    }

    [TestMethod]
    public void ADamagedEntryIsFoundAndTheOthersStay()
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = ThreeTracks(fram);
        fram.Memory[Sizes().TrackEntryAddress(1) + 5] ^= 1;
        TrackTable loaded = Loaded(fram, table.Sum0, table.Sum1);
        Assert.AreEqual(1, loaded.DamagedCount);
        Assert.AreEqual(2, loaded.TrackCount);
        Assert.IsTrue(loaded.IsDamaged(loaded.Find(200)));
        Assert.IsTrue(loaded.IsTrack(loaded.Find(100)));
        Assert.IsFalse(loaded.IsDoubtful);
    }

    // An entry whose own CRC-32 is right, but of an earlier commit: only the two sums can tell, and which one it is.
    [TestMethod]
    [DataRow(100)]
    [DataRow(200)]
    [DataRow(300)]
    public void AStaleEntryIsFound(int track)
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = ThreeTracks(fram);
        int slot = table.Find(track);
        table.Set(slot, track, 9, 30, 40); // committed, but it does not reach the chip
        TrackTable loaded = Loaded(fram, table.Sum0, table.Sum1);
        Assert.AreEqual(1, loaded.DamagedCount);
        Assert.IsTrue(loaded.IsDamaged(slot));
        Assert.IsFalse(loaded.IsDoubtful);
    }

    [TestMethod]
    public void TwoStaleEntriesLeaveDoubt()
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = ThreeTracks(fram);
        table.Set(table.Find(100), 100, 9, 30, 40);
        table.Set(table.Find(300), 300, 10, 31, 41);
        TrackTable loaded = Loaded(fram, table.Sum0, table.Sum1);
        Assert.IsTrue(loaded.IsDoubtful || loaded.DamagedCount > 0);
    }

    // Both entries are whole. The newer one keeps what both claim.
    [TestMethod]
    public void OfTwoThatClaimASegmentTheNewerStays()
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = Loaded(fram);
        Set(table, 100, 1, 10, 7);
        Set(table, 200, 2, 10, 7);
        table.Store(0);
        table.Store(1);
        TrackTable loaded = Loaded(fram, table.Sum0, table.Sum1);
        Assert.IsTrue(loaded.IsDamaged(0));
        Assert.IsTrue(loaded.IsTrack(1));
        Assert.AreEqual(1, loaded.TrackCount);
    }

    [TestMethod]
    public void OfTwoEntriesOfATrackTheNewerStays()
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = Loaded(fram);
        Set(table, 100, 1, 10, 7);
        Set(table, 200, 2, 10, 8);
        table.Store(1);
        table.Set(0, 200, 3, 10, 7);
        table.Store(0);
        TrackTable loaded = Loaded(fram);
        Assert.AreEqual(0, loaded.Find(200));
        Assert.IsTrue(loaded.IsTrack(0));
        Assert.IsTrue(loaded.IsDamaged(1));
    }

    // The CRC-32 covers the numbers of all segments of a track, so a link that changed is found as well.
    [TestMethod]
    public void AChangedLinkIsDamage()
    {
        SmallFram fram = SmallFram.Small();
        SegmentTable segments = Segments(fram);
        TrackTable table = new TrackTable(Chip(fram), Sizes(), segments, new byte[512]);
        table.Check(false, 0, 0);
        short[] set = { 10, 11, 12 };
        segments.Link(set, 0, 3);
        segments.StoreLinks(10, 3);
        table.Set(table.Reserve(), 5, 1, 150, 10);
        table.Store(0);
        Assert.AreEqual(0, Loaded(fram, table.Sum0, table.Sum1).DamagedCount);
        Buffers.PutUInt16(fram.Memory, Sizes().LinkAddress(11), 13);
        Assert.AreEqual(1, Loaded(fram, table.Sum0, table.Sum1).DamagedCount);
        Buffers.PutUInt16(fram.Memory, Sizes().LinkAddress(11), 10);
        Assert.AreEqual(1, Loaded(fram, table.Sum0, table.Sum1).DamagedCount, "a chain that bites its tail must end");
    }

    [TestMethod]
    public void WithoutSumsTheTableIsTakenAsItIs()
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = ThreeTracks(fram);
        TrackTable loaded = Loaded(fram);
        Assert.AreEqual(0, loaded.DamagedCount);
        Assert.AreEqual(table.Sum0, loaded.Sum0);
        Assert.AreEqual(table.Sum1, loaded.Sum1);
    }

    [TestMethod]
    public void RedoTellsWhetherTheChipHasIt()
    {
        SmallFram fram = SmallFram.Small();
        TrackTable table = ThreeTracks(fram);
        Assert.IsFalse(table.Redo(1, 200, 2, 20, 22));
        Assert.IsTrue(table.Redo(1, 200, 3, 20, 22));
    }

    private static TrackTable ThreeTracks(SmallFram fram)
    {
        TrackTable table = Loaded(fram);
        Set(table, 100, 1, 10, 21);
        Set(table, 200, 2, 20, 22);
        Set(table, 300, 3, 0, 23);
        for (int slot = 0; slot < 3; slot++)
            table.Store(slot);
        return table;
    }

    private static void Set(TrackTable table, int track, int version, int length, int first) =>
        table.Set(table.Reserve(), track, version, length, first);

    private static TrackTable Loaded(SmallFram fram)
    {
        SegmentTable segments = Segments(fram);
        TrackTable table = new TrackTable(Chip(fram), Sizes(), segments, new byte[512]);
        table.Load();
        table.Check(false, 0, 0);
        return table;
    }

    private static TrackTable Loaded(SmallFram fram, int sum0, int sum1)
    {
        SegmentTable segments = Segments(fram);
        TrackTable table = new TrackTable(Chip(fram), Sizes(), segments, new byte[512]);
        table.Load();
        table.Check(true, sum0, sum1);
        return table;
    }

    private static SegmentTable Segments(SmallFram fram)
    {
        SegmentTable segments = new SegmentTable(Chip(fram), Sizes(), new byte[512]);
        segments.Load();
        return segments;
    }

    private static FramChip Chip(SmallFram fram)
    {
        FramChip chip = new FramChip(fram, new HostLine());
        chip.Open("");
        return chip;
    }

    private static Geometry Sizes() => new Geometry(0x2000, 64, 8);
}
