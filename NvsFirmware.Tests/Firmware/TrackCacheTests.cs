using nanoFramework.TestFramework;
using NvsFirmware.Cache;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

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
        Write(store, cache, 7, 1, 80);
        int version = store.Vtb.Version + 2; // behind the one that the mount left out
        int before = store.Fram.BusBytes;
        Assert.AreEqual(version, Reads(cache, 7, 1, 80));
        Assert.AreEqual(before, store.Fram.BusBytes);
        Assert.AreEqual(1, cache.Hits);
    }

    [TestMethod]
    public void AReadIsCachedAsWell()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 80);
        TrackCache cache = Cache(store);
        Reads(cache, 7, 1, 80);
        Assert.AreEqual(0, cache.Hits);
        Assert.AreEqual(store.Tracks.Version(0), Reads(cache, 7, 1, 80));
        Assert.AreEqual(1, cache.Hits);
    }

    // A track's place follows from its number: of two that share one, the later is there, and neither is ever taken for the other.
    [TestMethod]
    [DataRow(0, 2)]
    [DataRow(1, -1)]
    [DataRow(0, int.MinValue)]
    public void TracksThatShareAPlacePushEachOtherOut(int first, int second)
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(store, cache, first, 1, 10);
        Write(store, cache, second, 2, 10);
        Assert.IsTrue(IsHit(cache, second, 2, 10));
        Assert.IsFalse(IsHit(cache, first, 1, 10));
        Assert.IsTrue(IsHit(cache, first, 1, 10), "read again, it is the later one");
        Assert.IsFalse(IsHit(cache, second, 2, 10));
    }

    [TestMethod]
    public void TracksOfTwoPlacesAreBothKept()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(store, cache, 1, 1, 10);
        Write(store, cache, 2, 2, 10);
        Assert.IsTrue(IsHit(cache, 1, 1, 10));
        Assert.IsTrue(IsHit(cache, 2, 2, 10));
    }

    // What is not committed must not be read: from the cache as little as from the NVS. Breaks with a copy kept before the last part.
    [TestMethod]
    public void WhatIsNotCommittedIsNotServed()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(store, cache, 7, 1, 80);
        byte[] frame = store.Frame(SmallStore.Client, ++store.Number, 7, 2, 80);
        frame[Frame.FlagsAt] = 0;
        Check.Is(Status.Continue, cache.Write(frame, 80));
        Reads(cache, 7, 1, 80);
    }

    [TestMethod]
    public void AnOverwrittenTrackIsReadNew()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(store, cache, 7, 1, 80);
        Write(store, cache, 7, 2, 30);
        Assert.IsTrue(IsHit(cache, 7, 2, 30));
        Write(store, cache, 7, 3, BlockBytes + 1); // too long for the cache: the old copy must go all the same
        Reads(cache, 7, 3, BlockBytes + 1);
        Assert.IsFalse(IsHit(cache, 7, 3, BlockBytes + 1));
        Write(store, cache, 7, 4, BlockBytes);
        Assert.IsTrue(IsHit(cache, 7, 4, BlockBytes));
    }

    [TestMethod]
    public void AnEmptyTrackIsServed()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(store, cache, 7, 1, 0);
        Reads(cache, 7, 1, 0);
        Assert.IsTrue(IsHit(cache, 7, 1, 0));
    }

    [TestMethod]
    public void AReleasedTrackIsGone()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(store, cache, 7, 1, 80);
        byte[] frame = store.Release(SmallStore.Client, ++store.Number, 7);
        Check.Is(Status.Ok, cache.Write(frame, 0));
        cache.Keep(frame, 0);
        Check.Is(Status.NotFound, cache.BeginRead(7));
    }

    // The data on the chip are damaged: nothing of it is given away.
    [TestMethod]
    public void ADamagedTrackIsNotServed()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 80);
        TrackCache cache = Cache(store);
        store.Fram.Memory[store.SegmentAt(store.Tracks.First(0)) + 50] ^= 1;
        Check.Is(Status.Ok, cache.BeginRead(7));
        Assert.AreEqual(-1, cache.Read(new byte[512]));
    }

    [TestMethod]
    public void ClearForgetsAll()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = Cache(store);
        Write(store, cache, 7, 1, 80);
        cache.Clear();
        Assert.IsFalse(IsHit(cache, 7, 1, 80));
        Assert.IsTrue(IsHit(cache, 7, 1, 80));
    }

    [TestMethod]
    public void ACacheOfNoBlocksServesFromTheChip()
    {
        SmallStore store = new SmallStore();
        TrackCache cache = new TrackCache(Mounted(store), 0, BlockBytes);
        Write(store, cache, 7, 1, 80);
        Reads(cache, 7, 1, 80);
        Assert.IsFalse(IsHit(cache, 7, 1, 80));
    }

    private static TrackCache Cache(SmallStore store) => new TrackCache(Mounted(store), Blocks, BlockBytes);

    private static NvsStore Mounted(SmallStore store)
    {
        NvsStore nvs = store.NewNvs();
        Check.Is(Status.Ok, nvs.Mount(""));
        nvs.Resume(false);
        nvs.BeginSession();
        return nvs;
    }

    private static void Write(SmallStore store, TrackCache cache, int track, int seed, int length)
    {
        byte[] frame = store.Frame(SmallStore.Client, ++store.Number, track, seed, length);
        Check.Is(Status.Ok, cache.Write(frame, length));
        cache.Keep(frame, length);
    }

    // As READ does: the copy if there is one. Tells the version.
    private static int Reads(TrackCache cache, int track, int seed, int length)
    {
        bool isHit = cache.Find(track);
        byte[] buffer = isHit ? cache.Found : new byte[512];
        if (!isHit)
        {
            Check.Is(Status.Ok, cache.BeginRead(track));
            Assert.AreEqual(Block.PayloadHeadBytes + length, cache.Read(buffer));
            Assert.IsTrue(cache.IsReadAtEnd);
        }
        else
        {
            Assert.AreEqual(Frame.TotalBytes(Block.PayloadHeadBytes + length), cache.FoundBytes);
            Assert.AreEqual(Block.PayloadHeadBytes + length, Frame.PayloadBytes(buffer, 0));
            Assert.AreEqual(FrameType.Read | FrameType.Answer, Frame.Type(buffer, 0));
        }
        Assert.IsTrue(Frame.IsPayloadIntact(buffer, 0, Block.PayloadHeadBytes + length));
        Assert.AreEqual(track, Buffers.GetInt32(buffer, Block.InFrame + Block.TrackAt));
        Check.IsSample(seed, buffer, Block.InFrame + Block.DataAt, length);
        return isHit ? Frame.Argument(buffer, 0) : cache.ReadVersion;
    }

    private static bool IsHit(TrackCache cache, int track, int seed, int length)
    {
        int before = cache.Hits;
        Reads(cache, track, seed, length);
        return cache.Hits > before;
    }
}
