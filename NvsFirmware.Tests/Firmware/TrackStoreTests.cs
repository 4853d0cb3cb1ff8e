using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class TrackStoreTests
{
    // Sets of 4 segments of 64 bytes: the longest track.
    private const int Longest = 4 * 64 - Geometry.TrailerBytes;

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(60)]
    [DataRow(61)]
    [DataRow(64)]
    [DataRow(Longest)]
    public void ATrackComesBack(int length)
    {
        SmallStore store = new SmallStore();
        Check.Is(Status.Ok, store.Write(7, 1, length));
        store.Holds(7, 1, length);
        Check.Is(Status.Ok, store.Restart());
        store.Holds(7, 1, length);
        Assert.AreEqual(RecoveryFindings.Clean, store.Nvs.Findings);
    }

    [TestMethod]
    public void TooLongIsRefused()
    {
        SmallStore store = new SmallStore();
        Check.Is(Status.TooLong, store.Write(7, 1, Longest + 1));
        store.HoldsNot(7);
    }

    [TestMethod]
    public void ATrackIsReplacedAsAWhole()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 200);
        store.Write(7, 2, 50);
        store.Holds(7, 2, 50);
        Assert.AreEqual(1, store.Tracks.Tracks.TrackCount);
        Assert.AreEqual(store.Tracks.Geometry.Segments - 1, store.Tracks.Segments.FreeCount);
    }

    // The data may come in pieces of any size, across the ends of segments.
    [TestMethod]
    [DataRow(1)]
    [DataRow(63)]
    [DataRow(64)]
    [DataRow(65)]
    [DataRow(100)]
    public void DataComeInPieces(int piece)
    {
        SmallStore store = new SmallStore();
        store.Write(1, 5, 100); // so that the set does not begin at a segment 0
        byte[] data = new byte[4 + 200 + 4];
        byte[] part = new byte[4 + 200 + 4];
        Check.PutSample(9, data, 0, 200);
        store.Tracks.Begin(1, 1);
        store.Tracks.BeginTrack(7, 200, false, 0);
        for (int at = 0; at < 200; at += piece)
        {
            int count = 200 - at < piece ? 200 - at : piece;
            System.Array.Copy(data, at, part, 4, count);
            Check.Is(Status.Ok, store.Tracks.Append(part, 4, count));
        }
        Check.Is(Status.Ok, store.Tracks.Commit());
        store.Holds(7, 9, 200);
    }

    [TestMethod]
    public void ABatchIsCommittedTogether()
    {
        SmallStore store = new SmallStore();
        store.Write(3, 3, 30);
        store.Tracks.Begin(1, 2);
        Check.Is(Status.Ok, store.Add(1, 1, 60));
        Check.Is(Status.Ok, store.Add(2, 2, 100));
        Check.Is(Status.Ok, store.Tracks.Release(3, false, 0));
        store.HoldsNot(1);
        store.Holds(3, 3, 30);
        Check.Is(Status.Ok, store.Tracks.Commit());
        // Also without what is due after the commit: the record says it all.
        store.Restart();
        Assert.AreEqual(RecoveryFindings.RolledForward, store.Nvs.Findings);
        store.Holds(1, 1, 60);
        store.Holds(2, 2, 100);
        store.HoldsNot(3);
        Assert.AreEqual(store.Tracks.Tracks.Version(store.Tracks.Tracks.Find(1)), store.Tracks.Tracks.Version(store.Tracks.Tracks.Find(2)));
        store.Tracks.BringUpToDate();
        store.Restart();
        Assert.AreEqual(RecoveryFindings.Clean, store.Nvs.Findings);
        store.Holds(2, 2, 100);
    }

    [TestMethod]
    public void WithoutCommitNothingIsApplied()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 100);
        store.Tracks.Begin(1, 2);
        store.Add(7, 2, 100);
        store.Add(8, 3, 100);
        store.Holds(7, 1, 100);
        store.Tracks.Abort();
        store.Holds(7, 1, 100);
        store.HoldsNot(8);
        store.Restart();
        store.Holds(7, 1, 100);
        store.HoldsNot(8);
    }

    // Each new track of a dropped request had an entry set aside; all of them must come back.
    [TestMethod]
    public void ADroppedRequestGivesItsEntriesBack()
    {
        SmallStore store = new SmallStore();
        for (int i = 0; i < store.Tracks.Tracks.Slots + 1; i++)
        {
            store.Tracks.Begin(1, i);
            Check.Is(Status.Ok, store.Add(i, 1, 10));
            store.Tracks.Abort();
        }
        Check.Is(Status.Ok, store.Write(1000, 1, 10));
    }

    [TestMethod]
    public void TheSameTrackTwiceInARequestIsRefused()
    {
        SmallStore store = new SmallStore();
        store.Tracks.Begin(1, 1);
        Check.Is(Status.Ok, store.Add(7, 1, 10));
        Check.Is(Status.BadRequest, store.Add(7, 2, 10));
        store.Tracks.Begin(1, 1);
        Check.Is(Status.Ok, store.Add(7, 1, 10));
        Check.Is(Status.BadRequest, store.Tracks.Release(7, false, 0));
    }

    [TestMethod]
    public void AnIncompleteTrackIsNotCommitted()
    {
        SmallStore store = new SmallStore();
        store.Tracks.Begin(1, 1);
        Check.Is(Status.BadRequest, store.Tracks.Commit(), "a request without a track");
        store.Tracks.BeginTrack(7, 100, false, 0);
        store.Append(1, 99);
        Check.Is(Status.BadRequest, store.Tracks.Commit());
        Check.Is(Status.BadRequest, store.Add(8, 1, 10), "the next before this one is complete");
        Check.Is(Status.BadRequest, store.Append(1, 2), "more than its length");
    }

    [TestMethod]
    public void ReleasedIsGoneForGood()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 100);
        Check.Is(Status.Ok, store.Release(7));
        store.HoldsNot(7);
        Check.Is(Status.NotFound, store.Release(7));
        Assert.AreEqual(store.Tracks.Geometry.Segments, store.Tracks.Segments.FreeCount);
        store.Restart();
        store.HoldsNot(7);
        Check.Is(Status.Ok, store.Write(7, 2, 100));
        store.Holds(7, 2, 100);
    }

    [TestMethod]
    public void TheExpectedVersionDecides()
    {
        SmallStore store = new SmallStore();
        store.Write(1, 1, 10);
        store.Write(7, 1, 10);
        store.Tracks.Begin(1, 1);
        Check.Is(Status.VersionMismatch, store.Tracks.BeginTrack(7, 10, true, 1));
        Assert.AreEqual(2, store.Tracks.ActualVersion);
        Check.Is(Status.VersionMismatch, store.Tracks.BeginTrack(7, 10, true, 0));
        Check.Is(Status.VersionMismatch, store.Tracks.BeginTrack(8, 10, true, 2));
        Assert.AreEqual(0, store.Tracks.ActualVersion);
        Check.Is(Status.VersionMismatch, store.Tracks.Release(7, true, 1));
        Check.Is(Status.Ok, store.Tracks.BeginTrack(8, 0, true, 0));
        Check.Is(Status.Ok, store.Tracks.BeginTrack(7, 10, true, 2));
    }

    [TestMethod]
    public void AFullStoreRefusesNewTracksOnly()
    {
        SmallStore store = new SmallStore();
        int tracks = Fill(store, Longest);
        Check.Is(Status.Full, store.Write(1000, 1, Longest));
        Assert.IsTrue(tracks > 10);
        for (int track = 0; track < tracks; track++)
            store.Holds(track, track, Longest);
        // Every track can still be overwritten, again and again, since the segments for that were set aside.
        for (int i = 0; i < 3 * tracks; i++)
            Check.Is(Status.Ok, store.Write(i % tracks, i, Longest));
        store.Restart();
        for (int track = 0; track < tracks; track++)
            store.Holds(track, 2 * tracks + track, Longest);
        Check.Is(Status.Ok, store.Release(0));
        Check.Is(Status.Ok, store.Write(1000, 1, Longest));
    }

    [TestMethod]
    public void ATableFullOfShortTracksRefusesNewOnes()
    {
        SmallStore store = new SmallStore();
        int tracks = Fill(store, 0);
        Assert.AreEqual(store.Tracks.Tracks.Slots, tracks);
        Check.Is(Status.Full, store.Write(1000, 1, 0));
        Check.Is(Status.Ok, store.Write(tracks - 1, 9, 60));
        store.Holds(tracks - 1, 9, 60);
    }

    [TestMethod]
    public void TheLastRequestOfAClientIsKnown()
    {
        SmallStore store = new SmallStore();
        Check.Is(Status.NotFound, store.Tracks.FindLast(5));
        Commit(store, 5, 50);
        Commit(store, 6, 60);
        Commit(store, 7, 70);
        // The current record, the one before it, the client table.
        LastIs(store, 7, 70, 3);
        LastIs(store, 6, 60, 2);
        LastIs(store, 5, 50, 1);
        store.Restart();
        LastIs(store, 7, 70, 3);
        LastIs(store, 6, 60, 2);
        LastIs(store, 5, 50, 1);
        Check.Is(Status.NotFound, store.Tracks.FindLast(8));
        Check.Is(Status.NotFound, store.Tracks.FindLast(0), "nobody");
    }

    [TestMethod]
    public void DamagedDataAreTheirTracksAlone()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 100);
        store.Write(8, 2, 100);
        int first = store.Tracks.Tracks.First(store.Tracks.Tracks.Find(7));
        store.Fram.Memory[store.Tracks.Geometry.SegmentAddress(first) + 30] ^= 0x40;
        byte[] buffer = new byte[4 + 128 + 4];
        store.Tracks.BeginRead(store.Tracks.Tracks.Find(7));
        store.Tracks.Reader.Read(buffer, 4, 100);
        Assert.IsFalse(store.Tracks.Reader.IsIntact);
        Assert.AreEqual((int)Damage.Data, (int)store.Tracks.Verify(store.Tracks.Tracks.Find(7)));
        Assert.AreEqual((int)Damage.None, (int)store.Tracks.Verify(store.Tracks.Tracks.Find(8)));
        store.Holds(8, 2, 100);
    }

    // The CRC-32 behind the data covers number and version: another track's data, though whole, are not this one's.
    [TestMethod]
    public void AnotherTracksDataDoNotPass()
    {
        SmallStore store = new SmallStore();
        store.Write(7, 1, 50);
        store.Write(8, 1, 50);
        Geometry geometry = store.Tracks.Geometry;
        System.Array.Copy(
            store.Fram.Memory,
            geometry.SegmentAddress(store.Tracks.Tracks.First(store.Tracks.Tracks.Find(7))),
            store.Fram.Memory,
            geometry.SegmentAddress(store.Tracks.Tracks.First(store.Tracks.Tracks.Find(8))),
            64);
        Assert.AreEqual((int)Damage.Data, (int)store.Tracks.Verify(store.Tracks.Tracks.Find(8)));
    }

    [TestMethod]
    public void ADamagedEntryIsRepairedByGivingItUp()
    {
        SmallStore store = new SmallStore();
        for (int track = 0; track < 4; track++)
            store.Write(track, track, 100);
        store.Fram.Memory[store.Tracks.Geometry.TrackEntryAddress(1) + 9] ^= 1;
        Check.Is(Status.Ok, store.Restart());
        Assert.AreEqual(RecoveryFindings.TracksDamaged, store.Nvs.Findings);
        Check.Is(Status.TrackDamaged, store.Tracks.Find(1, out _));
        Check.Is(Status.TrackDamaged, store.Tracks.Find(1000, out _), "nobody can say that there is no such track");
        store.Holds(2, 2, 100);
        Assert.AreEqual(1, store.Tracks.Repair());
        store.HoldsNot(1);
        store.Restart();
        Assert.AreEqual(RecoveryFindings.Clean, store.Nvs.Findings);
        store.HoldsNot(1);
        store.Holds(3, 3, 100);
    }

    // Until the answer: WREN, the data with their CRC-32, WREN, the record. Nothing is read, nothing else written.
    [TestMethod]
    public void ACommitCostsWhatItMust()
    {
        SmallStore store = new SmallStore(512, 4);
        for (int i = 0; i < 20; i++)
            store.Write(7, i, 256);
        int bytes = store.Fram.BusBytes;
        int transactions = store.Fram.Transactions;
        store.Tracks.Begin(1, 21);
        store.Add(7, 21, 256);
        store.Tracks.Commit();
        Assert.AreEqual(4, store.Fram.Transactions - transactions);
        Assert.IsTrue(store.Fram.BusBytes - bytes <= 256 + 64);
        store.Tracks.BringUpToDate();
        Assert.IsTrue(store.Fram.BusBytes - bytes <= 256 + 96);
    }

    private static int Fill(SmallStore store, int length)
    {
        int track = 0;
        Status status = store.Write(track, track, length);
        while (status == Status.Ok)
        {
            track++;
            status = store.Write(track, track, length);
        }
        Check.Is(Status.Full, status);
        return track;
    }

    private static void Commit(SmallStore store, int client, int request)
    {
        store.Tracks.Begin(client, request);
        store.Add(1, request, 10);
        Check.Is(Status.Ok, store.Tracks.Commit());
        store.Tracks.BringUpToDate();
    }

    private static void LastIs(SmallStore store, int client, int request, int version)
    {
        Check.Is(Status.Ok, store.Tracks.FindLast(client));
        Assert.AreEqual(request, store.Tracks.LastRequest);
        Assert.AreEqual(version, store.Tracks.LastVersion);
    }
}
