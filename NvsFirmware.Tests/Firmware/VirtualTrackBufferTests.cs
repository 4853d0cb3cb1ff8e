using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

[TestClass]
public class VirtualTrackBufferTests
{
    [TestMethod]
    public void AfterFormatSetAIsPrepared()
    {
        SmallStore store = new SmallStore();
        Assert.AreEqual(0, store.Vtb.Flag);
        Assert.AreEqual(0, store.Vtb.NextSegment);
        for (int i = 0; i < store.Vtb.Active.Length; i++)
            Assert.AreEqual(i, (int)store.Vtb.Active[i]);
        IsPrepared(store, "format");
    }

    [TestMethod]
    public void TheFlagTurnsOverWithEachCommitAndTheOtherSetIsReady()
    {
        SmallStore store = new SmallStore();
        for (int i = 0; i < 200; i++)
        {
            int flag = store.Vtb.Flag;
            int first = store.Vtb.Active[0];
            Check.Is(Status.Ok, i % 7 == 6 ? store.Release(i % 7 - 1) : store.Write(i % 7, i, 1 + i * 37 % 256));
            Assert.AreEqual(1 - flag, store.Vtb.Flag);
            Assert.AreEqual(first, store.Vtb.CommittedFirst);
            IsPrepared(store, "commit " + i.ToString());
        }
    }

    // In a full store only what the last commits gave back, and half a set more, is free: the set goes round, and may be built anew from
    // its first segment. Breaks with TopUp going on past the set's own first segment, or with Prepare before the record.
    [TestMethod]
    [DataRow(64)]
    [DataRow(10)]
    [DataRow(256)]
    public void AFullStoreAlwaysHasASet(int length)
    {
        SmallStore store = new SmallStore();
        int tracks = 0;
        while (store.Write(tracks, tracks, length) == Status.Ok)
            tracks++;
        Assert.IsTrue(tracks > 10);
        for (int i = 0; i < 300; i++)
        {
            int track = i * 31 % tracks;
            Check.Is(Status.Ok, store.Write(track, i, length), "overwrite " + i.ToString());
            IsPrepared(store, "overwrite " + i.ToString());
            store.Holds(track, i, length);
            if (i % 50 == 49)
            {
                store.Restart();
                store.Resume();
                IsPrepared(store, "restart " + i.ToString());
            }
        }
    }

    // The next request of two segments finds them in one run.
    [TestMethod]
    public void TheOtherSetBeginsWhereARunOfTheSameLengthIs()
    {
        SmallStore store = new SmallStore(8);
        short[] taken = { 2, 4, 7 };
        store.Parts.Segments.Claim(taken, 0, taken.Length);
        store.Vtb.CommittedCount = 2;
        store.Vtb.PrepareFrom(store.Parts.Segments, 0);
        // 0 1 | 3 5 6: behind a commit of two segments the next run of two is 5 and 6.
        Assert.AreEqual(0, (int)store.Vtb.Active[0]);
        Assert.AreEqual(3, (int)store.Vtb.Active[2]);
        Assert.AreEqual(3, store.Vtb.RunAt);
        Assert.AreEqual(5, (int)store.Vtb.Active[store.Vtb.RunAt]);
        Check.Is(Status.Ok, store.Write(1, 1, 100));
        Assert.AreEqual(5, store.Vtb.NextSegment);
        Assert.AreEqual(5, (int)store.Vtb.Active[0]);
        Check.Is(Status.Ok, store.Write(1, 2, 100));
        Assert.IsFalse(store.Tracks.IsLinked(store.Tracks.Find(1)));
        store.Holds(1, 2, 100);
    }

    [TestMethod]
    public void WithoutARunItBeginsBehindTheCommit()
    {
        SmallStore store = new SmallStore();
        short[] taken = { 2, 4, 6 };
        store.Parts.Segments.Claim(taken, 0, taken.Length);
        store.Vtb.CommittedCount = 2;
        store.Vtb.PrepareFrom(store.Parts.Segments, 0);
        Assert.AreEqual(2, store.Vtb.RunAt);
    }

    // 0 is no commit's number: it says that there is no track.
    [TestMethod]
    public void TheNumbersComeRoundAndTheLapGoesUp()
    {
        SmallStore store = new SmallStore();
        store.Vtb.Version = int.MaxValue;
        store.Vtb.SetComing();
        Assert.AreEqual(int.MinValue, store.Vtb.ComingVersion);
        store.Vtb.Version = -2;
        store.Vtb.Lap = 15;
        store.Vtb.SetComing();
        Assert.AreEqual(15, store.Vtb.ComingLap);
        store.Vtb.Count();
        Assert.AreEqual(-1, store.Vtb.Version);
        Assert.AreEqual(15, store.Vtb.Lap);
        Assert.AreEqual(0, store.Vtb.ComingLap);
        Assert.AreEqual(1, Buffers.GetInt32(store.Vtb.Coming, 0));
        store.Vtb.Count();
        Assert.AreEqual(1, store.Vtb.Version);
        Assert.AreEqual(0, store.Vtb.Lap);
    }

    // Commits across the end of the numbers, with restarts in between, cut before any bookkeeping or after it.
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void CommitsGoOnRoundTheEndOfTheNumbers(bool isKept)
    {
        SmallStore store = new SmallStore();
        store.Write(1, 0, 40);
        store.Vtb.Version = -7;
        store.Vtb.Lap = 3;
        store.Vtb.SetComing();
        store.Parts.Bookkeeping.StoreRecord();
        store.Vtb.Version = -6;
        store.Parts.Bookkeeping.StoreRecord(); // in both places
        store.Restart();
        store.Resume();
        for (int i = 1; i <= 12; i++)
        {
            Check.Is(Status.Ok, store.Part(SmallStore.Client, 100 + i, 0, 1, i, 40, true));
            if (isKept)
                store.Keep();
            if (!isKept || i % 3 == 0)
            {
                store.Restart();
                store.Resume();
            }
            store.Holds(1, i, 40);
        }
        Assert.IsTrue(store.Vtb.Version > 0 && store.Vtb.Version < 30, "version " + store.Vtb.Version.ToString());
        Assert.AreEqual(4, store.Vtb.Lap);
    }

    [TestMethod]
    public void ARecordIsDueAfterSoManyCommitsOrHalfASet()
    {
        SmallStore store = new SmallStore();
        store.Write(1, 1, 10);
        Assert.AreEqual(1, store.Vtb.CommitsSinceRecord);
        store.Write(1, 1, 10);
        Assert.AreEqual(0, store.Vtb.CommitsSinceRecord, "half a set of 4 segments");
        store.Write(1, 1, 100);
        Assert.AreEqual(0, store.Vtb.CommitsSinceRecord);
        Assert.AreEqual(16, VirtualTrackBuffer.CommitsPerRecord);
    }

    [TestMethod]
    public void ARecordComesBack()
    {
        SmallStore store = new SmallStore();
        VirtualTrackBuffer vtb = store.Vtb;
        vtb.Version = 1234567;
        vtb.Lap = 9;
        vtb.Flag = 1;
        store.Parts.Clients.Note(-5, 77, 1234567, 0x12345678, true);
        vtb.IsInDoubt = true;
        vtb.Boots = 42;
        vtb.NextSegment = 33;
        vtb.StoreRecord(store.Tracks, store.Parts.Segments, store.Parts.Clients);
        Assert.IsTrue(vtb.IsRecordStored());
        VirtualTrackBuffer loaded = new VirtualTrackBuffer(store.Open(), store.Geometry, new byte[512]);
        Assert.IsTrue(loaded.Load(out int next, out uint sum0, out uint sum1));
        Assert.AreEqual(33, next);
        Assert.AreEqual(store.Tracks.Sum0, sum0);
        Assert.AreEqual(store.Tracks.Sum1, sum1);
        Assert.AreEqual(1234567, loaded.Version);
        Assert.AreEqual(9, loaded.Lap);
        Assert.AreEqual(1, loaded.Flag);
        Assert.AreEqual(-5, loaded.Client);
        Assert.AreEqual(77, loaded.Number);
        Assert.AreEqual(0x12345678, loaded.Fingerprint);
        Assert.IsTrue(loaded.IsPassing);
        Assert.IsTrue(loaded.IsInDoubt);
        Assert.AreEqual(42, loaded.Boots);
    }

    // The newer one by the sign of the difference, so that the numbers may come round.
    [TestMethod]
    [DataRow(5, 6)]
    [DataRow(-1, 1)]
    [DataRow(int.MaxValue, int.MinValue)]
    public void OfTwoRecordsTheNewerIsTaken(int earlier, int later)
    {
        for (int i = 0; i < 2; i++)
        {
            SmallStore store = new SmallStore();
            if (i == 1)
                store.Vtb.StoreRecord(store.Tracks, store.Parts.Segments, store.Parts.Clients); // begin with the other place
            store.Vtb.Version = earlier;
            store.Vtb.StoreRecord(store.Tracks, store.Parts.Segments, store.Parts.Clients);
            store.Vtb.Version = later;
            store.Vtb.StoreRecord(store.Tracks, store.Parts.Segments, store.Parts.Clients);
            Assert.IsTrue(store.Vtb.Load(out _, out _, out _));
            Assert.AreEqual(later, store.Vtb.Version);
            // The next one goes where the older one lies.
            store.Vtb.Version = later + 1;
            store.Fram.CutAfter(1 + 4 + 10);
            Assert.ThrowsException(
                typeof(FramException),
                () => store.Vtb.StoreRecord(store.Tracks, store.Parts.Segments, store.Parts.Clients));
            store.Fram.PowerUp();
            Assert.IsTrue(store.Vtb.Load(out _, out _, out _));
            Assert.AreEqual(later, store.Vtb.Version, "torn");
        }
    }

    // What a commit made free stays taken when the record does not get to the chip. Breaks when the record is not read back.
    [TestMethod]
    public void ADroppedRecordIsNoticed()
    {
        SmallStore store = new SmallStore();
        store.Write(1, 1, 10);
        int old = store.Tracks.First(0);
        store.Parts.Segments.Pin(old, 1);
        store.Fram.Protection = 0x0C;
        store.Vtb.Version++; // else it would be the same record
        Assert.ThrowsException(typeof(FramException), () => store.Vtb.StoreRecord(store.Tracks, store.Parts.Segments, store.Parts.Clients));
        Assert.IsTrue(store.Parts.Segments.IsTaken[old]);
    }

    // The active set lists free segments, each once, and begins where the medium says.
    private static void IsPrepared(SmallStore store, string message)
    {
        short[] set = store.Vtb.Active;
        Assert.AreEqual(store.Geometry.SetSegments + 1, set.Length);
        Assert.AreEqual(store.Vtb.NextSegment, (int)set[0], message);
        for (int i = 0; i < set.Length; i++)
        {
            Assert.IsFalse(store.Parts.Segments.IsTaken[set[i]], message + ": segment " + set[i].ToString() + " is not free");
            for (int other = 0; other < i; other++)
                Assert.IsTrue(set[other] != set[i], message + ": segment " + set[i].ToString() + " twice");
        }
    }
}
