using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;
using NvsFirmware.Nvs.Boot;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

[TestClass]
public class TrackTableTests
{
    // These three share a hash chain in a table of up to 64 buckets.
    private const int First = 1;
    private const int Second = 1 + 64;
    private const int Third = 1 + 128;

    [TestMethod]
    public void ANewTrackIsFound()
    {
        SmallStore store = new SmallStore();
        Assert.AreEqual(TrackTable.None, store.Tracks.Find(7));
        Check.Is(Status.Ok, store.Write(7, 1, 100));
        int entry = store.Tracks.Find(7);
        Assert.AreEqual(0, entry);
        Is(EntryState.Track, store.Tracks.State(entry));
        Assert.AreEqual(7, store.Tracks.Track(entry));
        Assert.AreEqual(100, store.Tracks.Length(entry));
        Assert.AreEqual(store.Vtb.Version, store.Tracks.Version(entry));
        Assert.AreEqual(2, store.Tracks.Neighbours(entry));
        Assert.AreEqual(2, store.Tracks.CountedSegments);
        Assert.AreEqual(1, store.Tracks.TrackCount);
        HasItsSums(store);
    }

    // Number 0 and numbers that share a bucket, in any order of release.
    [TestMethod]
    public void TracksThatShareAHashChainAreFound()
    {
        int[] tracks = { First, Second, Third, 0, -1 };
        for (int gone = 0; gone < tracks.Length; gone++)
        {
            SmallStore store = new SmallStore();
            for (int i = 0; i < tracks.Length; i++)
                Check.Is(Status.Ok, store.Write(tracks[i], i, 10));
            Check.Is(Status.Ok, store.Release(tracks[gone]));
            for (int i = 0; i < tracks.Length; i++)
                if (i == gone)
                    store.HoldsNot(tracks[i]);
                else
                    store.Holds(tracks[i], i, 10);
            Assert.AreEqual(tracks.Length - 1, store.Tracks.TrackCount);
            HasItsSums(store);
        }
    }

    [TestMethod]
    public void AnEntryKeepsItsPlaceUntilAnotherTrackTakesIt()
    {
        SmallStore store = new SmallStore();
        store.Write(1, 1, 10);
        store.Write(2, 2, 10);
        store.Write(1, 3, 100);
        Assert.AreEqual(0, store.Tracks.Find(1));
        store.Release(1);
        store.Write(3, 4, 10);
        Assert.AreEqual(0, store.Tracks.Find(3), "the released entry");
        Assert.AreEqual(1, store.Tracks.Find(2));
        store.Holds(3, 4, 10);
        HasItsSums(store);
    }

    // Reserved and not used: an entry must not get lost with a refused request.
    [TestMethod]
    public void EntriesOfRefusedRequestsComeBack()
    {
        SmallStore store = new SmallStore();
        for (int i = 0; i < 200; i++)
        {
            Check.Is(Status.Continue, store.Part(SmallStore.Client, ++store.Number, 0, 1000 + i, 1, 10, false));
            Check.Is(Status.BadRequest, store.Part(SmallStore.Client, store.Number, 1, 1000 + i, 1, 10, true), "the same track twice");
        }
        for (int track = 0; track < store.Geometry.Entries; track++)
            Check.Is(Status.Ok, store.Write(track, track, 10), "track " + track.ToString());
        Check.Is(Status.Full, store.Write(9999, 1, 10));
        Check.Is(Status.Ok, store.Write(5, 77, 64), "every track can still be overwritten");
        Check.Is(Status.Ok, store.Release(6));
        Check.Is(Status.Ok, store.Write(9999, 1, 10));
    }

    [TestMethod]
    public void EntriesAreOnTheChipAsInRam()
    {
        SmallStore store = new SmallStore();
        WriteScattered(store);
        store.Write(2, 5, 30);
        store.Release(3);
        for (int entry = 0; entry < 4; entry++)
            Assert.IsTrue(store.Tracks.IsStored(entry), "entry " + entry.ToString());
        uint sum0 = store.Tracks.Sum0;
        uint sum1 = store.Tracks.Sum1;
        int counted = store.Tracks.CountedSegments;
        int owned = store.Parts.Segments.OwnedCount;
        store.Restart();
        Assert.AreEqual(sum0, store.Tracks.Sum0);
        Assert.AreEqual(sum1, store.Tracks.Sum1);
        Assert.AreEqual(counted, store.Tracks.CountedSegments);
        Assert.AreEqual(owned, store.Parts.Segments.OwnedCount);
        HasItsSums(store);
    }

    // The CRC-32 of a track of several blocks covers its further segments: another chain of links is not its.
    [TestMethod]
    public void ALinkedEntryCoversItsLinks()
    {
        SmallStore store = new SmallStore();
        int track = WriteScattered(store);
        int entry = store.Tracks.Find(track);
        Assert.IsTrue(store.Tracks.IsLinked(entry));
        Assert.AreEqual(0, store.Tracks.Neighbours(entry));
        byte[] covered = new byte[20];
        int at = FramChip.CommandBytes + entry * TrackTable.EntryBytes;
        System.Array.Copy(store.Tracks.Image, at, covered, 0, TrackTable.CrcAt);
        int end = TrackTable.CrcAt;
        SegmentTable segments = store.Parts.Segments;
        for (int segment = segments.Next(store.Tracks.First(entry)); segment != SegmentTable.End; segment = segments.Next(segment))
        {
            Buffers.PutUInt16(covered, end, segment);
            end += 2;
        }
        Assert.IsTrue(end > TrackTable.CrcAt);
        Assert.AreEqual(Crc.Of(covered, 0, end), store.Tracks.LinkedCrc(at));
        Assert.IsTrue(store.Tracks.LinkedCrc(at) == System.BitConverter.ToUInt32(store.Tracks.Image, at + TrackTable.CrcAt));
    }

    [TestMethod]
    public void ADamagedTrackIsNotServedAndMayBeWrittenAnew()
    {
        SmallStore store = new SmallStore();
        store.Write(1, 1, 100);
        store.Write(2, 2, 100);
        int owned = store.Parts.Segments.OwnedCount;
        store.Tracks.MarkDamaged(0);
        store.Tracks.MarkDamaged(0);
        Is(EntryState.Damaged, store.Tracks.State(store.Tracks.Find(1)));
        Assert.AreEqual(1, store.Tracks.DamagedCount);
        Assert.AreEqual(1, store.Tracks.TrackCount);
        Assert.AreEqual(owned - 2, store.Parts.Segments.OwnedCount);
        Check.Is(Status.TrackDamaged, store.Release(99), "it may be the damaged one");
        Check.Is(Status.Ok, store.Write(1, 3, 100));
        Assert.AreEqual(0, store.Tracks.DamagedCount);
        store.Holds(1, 3, 100);
        HasItsSums(store);
    }

    // What only the sums tell must not be forgotten with the sums.
    [TestMethod]
    public void AStoredMarkIsNotWhole()
    {
        SmallStore store = new SmallStore();
        store.Write(1, 1, 100);
        store.Tracks.MarkDamaged(0);
        store.Tracks.StoreMark(0);
        HasItsSums(store);
        Assert.IsTrue(store.Tracks.IsStored(0));
        Assert.IsFalse(new TableCheck(store.Geometry, store.Parts.Segments, store.Tracks).IsWhole(0));
    }

    // Finding 6. Breaks when an entry is not read back.
    [TestMethod]
    public void ADroppedWriteIsNoticed()
    {
        SmallStore store = new SmallStore();
        store.Write(1, 1, 100);
        store.Part(SmallStore.Client, ++store.Number, 0, 1, 2, 100, true);
        store.Fram.Protection = 0x0C;
        Assert.ThrowsException(typeof(FramException), () => store.Keep());
    }

    // A track of several blocks: three segments that are no neighbours. Returns its number; tracks 2 and 3 are there, too.
    public static int WriteScattered(SmallStore store)
    {
        int filled = 0;
        for (int track = 100; filled < store.Geometry.Segments - store.Geometry.Reserve; track++, filled++)
            Check.Is(Status.Ok, store.Write(track, 1, 10));
        for (int track = 100; track < 100 + filled; track += 2)
            Check.Is(Status.Ok, store.Release(track));
        store.Write(2, 2, 10);
        store.Write(3, 3, 10);
        for (int i = 0; i < 40; i++)
        {
            Check.Is(Status.Ok, store.Write(4, 4 + i, 192));
            if (store.Tracks.IsLinked(store.Tracks.Find(4)))
                break;
        }
        return 4;
    }

    private static void HasItsSums(SmallStore store)
    {
        uint sum0 = 0;
        uint sum1 = 0;
        for (int entry = 0; entry < store.Geometry.Entries; entry++)
        {
            uint crc = System.BitConverter.ToUInt32(
                store.Tracks.Image, FramChip.CommandBytes + entry * TrackTable.EntryBytes + TrackTable.CrcAt);
            sum0 += crc;
            sum1 += crc * (uint)(entry + 1);
        }
        Assert.AreEqual(sum0, store.Tracks.Sum0);
        Assert.AreEqual(sum1, store.Tracks.Sum1);
    }

    private static void Is(EntryState expected, EntryState actual) => Assert.AreEqual((int)expected, (int)actual, "state");
}
