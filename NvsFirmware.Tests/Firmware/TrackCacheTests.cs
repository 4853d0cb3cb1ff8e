using nanoFramework.TestFramework;
using NvsFirmware.Cache;
using NvsFirmware.Fram;

namespace NvsFirmware.UnitTests;

[TestClass]
public class TrackCacheTests
{
    private const int Blocks = 2;
    private const int BlockBytes = 100;

    [TestMethod]
    public void AHitCostsNoBusTraffic()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(cache, 7, 1, 80);
        int before = store.Fram.BusBytes;
        Reads(cache, 7, 1, 80);
        Assert.AreEqual(before, store.Fram.BusBytes);
        Assert.AreEqual(1, cache.Hits);
        Assert.AreEqual(1, cache.ReadVersion);
    }

    [TestMethod]
    public void AReadIsCachedAsWell()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 80);
        TrackCache cache = Cache(store);
        Reads(cache, 7, 1, 80);
        Assert.AreEqual(0, cache.Hits);
        Reads(cache, 7, 1, 80);
        Assert.AreEqual(1, cache.Hits);
        Assert.AreEqual(1, cache.ReadVersion);
    }

    [TestMethod]
    public void TheLeastRecentlyUsedMakesRoom()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(cache, 1, 1, 10);
        Write(cache, 2, 2, 10);
        Reads(cache, 1, 1, 10);
        Write(cache, 3, 3, 10);
        Assert.IsTrue(IsHit(cache, 1, 1));
        Assert.IsTrue(IsHit(cache, 3, 3));
        Assert.IsFalse(IsHit(cache, 2, 2));
    }

    // What is not committed must not be read: from the cache as little as from the NVS.
    [TestMethod]
    public void AStagedTrackIsNotServed()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(cache, 7, 1, 80);
        cache.Begin(1, 2);
        Stage(cache, 7, 2, 80);
        Stage(cache, 8, 3, 80);
        Check.Is(Status.NotFound, cache.BeginRead(8));
        Reads(cache, 7, 1, 80);
    }

    [TestMethod]
    public void AbortDropsWhatWasStaged()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(cache, 7, 1, 80);
        cache.Begin(1, 2);
        Stage(cache, 7, 2, 80);
        cache.Abort();
        Reads(cache, 7, 1, 80);
        Write(cache, 9, 9, 80); // a later commit must not bring it back
        Reads(cache, 7, 1, 80);
        Check.Is(Status.Ok, cache.BeginRead(9));
    }

    [TestMethod]
    public void AnOverwrittenTrackIsReadNew()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(cache, 7, 1, 80);
        Write(cache, 7, 2, 30);
        Assert.IsTrue(IsHit(cache, 7, 2));
        Assert.AreEqual(30, cache.ReadLength);
        // Too long for the cache: the old copy must go all the same.
        Write(cache, 7, 3, BlockBytes + 1);
        Reads(cache, 7, 3, BlockBytes + 1);
        Assert.IsFalse(IsHit(cache, 7, 3));
    }

    [TestMethod]
    public void AReleasedTrackIsGone()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(cache, 7, 1, 80);
        cache.Begin(1, 2);
        Check.Is(Status.Ok, cache.Release(7, false, 0));
        Check.Is(Status.Ok, cache.Commit());
        Check.Is(Status.NotFound, cache.BeginRead(7));
    }

    // A batch may have more tracks than there are blocks: the rest is read from the NVS.
    [TestMethod]
    public void ABatchLargerThanTheCache()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        cache.Begin(1, 1);
        for (int track = 1; track <= 4; track++)
            Stage(cache, track, track, 20);
        Check.Is(Status.Ok, cache.Commit());
        for (int track = 1; track <= 4; track++)
            Reads(cache, track, track, 20);
    }

    [TestMethod]
    public void DamagedDataAreNotCached()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 80);
        int first = store.Tracks.Tracks.First(store.Tracks.Tracks.Find(7));
        store.Fram.Memory[store.Tracks.Geometry.SegmentAddress(first) + 3] ^= 8;
        TrackCache cache = Cache(store);
        for (int i = 0; i < 2; i++)
        {
            byte[] buffer = new byte[4 + 80 + 4];
            Check.Is(Status.Ok, cache.BeginRead(7));
            cache.Read(buffer, 4, 80);
            Assert.IsFalse(cache.IsReadIntact);
        }
        Assert.AreEqual(0, cache.Hits);
    }

    [TestMethod]
    public void AReadThatWasNotEndedIsNotServed()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 80);
        TrackCache cache = Cache(store);
        Check.Is(Status.Ok, cache.BeginRead(7));
        cache.Read(new byte[4 + 40 + 4], 4, 40);
        Reads(cache, 7, 1, 80);
        Assert.AreEqual(0, cache.Hits);
    }

    [TestMethod]
    public void ClearForgets()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(cache, 7, 1, 80);
        cache.Clear();
        Assert.IsFalse(IsHit(cache, 7, 1));
    }

    [TestMethod]
    public void WithoutBlocksItPassesThrough()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = new TrackCache(store.Nvs, 0, 0);
        Write(cache, 7, 1, 80);
        Reads(cache, 7, 1, 80);
        Reads(cache, 7, 1, 80);
        Assert.AreEqual(0, cache.Hits);
    }

    private static TrackCache Cache(SmallStore store) => new TrackCache(store.Nvs, Blocks, BlockBytes);

    private static void Write(TrackCache cache, int track, int seed, int length)
    {
        cache.Begin(1, seed);
        Stage(cache, track, seed, length);
        Check.Is(Status.Ok, cache.Commit());
    }

    private static void Stage(TrackCache cache, int track, int seed, int length)
    {
        byte[] buffer = new byte[FramChip.CommandBytes + length + 4];
        Check.PutSample(seed, buffer, FramChip.CommandBytes, length);
        Check.Is(Status.Ok, cache.BeginTrack(track, length, false, 0));
        Check.Is(Status.Ok, cache.Append(buffer, FramChip.CommandBytes, length));
    }

    private static void Reads(TrackCache cache, int track, int seed, int length)
    {
        byte[] buffer = new byte[FramChip.CommandBytes + length + 4];
        Check.Is(Status.Ok, cache.BeginRead(track));
        Assert.AreEqual(length, cache.ReadLength);
        int half = length / 2;
        cache.Read(buffer, FramChip.CommandBytes, half);
        Check.IsSample(seed, buffer, FramChip.CommandBytes, half);
        // In two pieces, as a long track goes over the wire.
        byte[] rest = new byte[FramChip.CommandBytes + length + 4];
        cache.Read(rest, FramChip.CommandBytes, length - half);
        System.Array.Copy(rest, FramChip.CommandBytes, buffer, FramChip.CommandBytes + half, length - half);
        Assert.IsTrue(cache.IsReadIntact);
        Check.IsSample(seed, buffer, FramChip.CommandBytes, length);
    }

    // Reads a track, and tells whether the cache served it.
    private static bool IsHit(TrackCache cache, int track, int seed)
    {
        int before = cache.Hits;
        byte[] buffer = new byte[512];
        Check.Is(Status.Ok, cache.BeginRead(track));
        cache.Read(buffer, FramChip.CommandBytes, cache.ReadLength);
        Check.IsSample(seed, buffer, FramChip.CommandBytes, cache.ReadLength);
        return cache.Hits > before;
    }
}
