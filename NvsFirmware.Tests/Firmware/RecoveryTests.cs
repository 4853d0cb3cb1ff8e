using nanoFramework.TestFramework;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>Recovery from media made by hand: rows of torn, old, or somebody else's blocks; damaged records and entries.</summary>
[TestClass]
public class RecoveryTests
{
    private const int Client = SmallStore.Client;

    // Each prefix of a row of three blocks, at any byte: nothing of it, but all that was committed before.
    [TestMethod]
    public void ATornRowIsDiscarded()
    {
        SmallStore store = Prepared();
        byte[] before = store.Copy();
        int first = store.Vtb.Active[0];
        Row(store, 2);
        byte[] after = store.Copy();
        for (int torn = 0; torn < store.Parts.Request.Used * store.Geometry.SegmentBytes; torn++)
        {
            int at = store.SegmentAt(first) + torn;
            if (before[at] == after[at])
                continue; // the same as if it had been stored
            store.Restore(after);
            System.Array.Copy(before, at, store.Fram.Memory, at, store.SegmentAt(first + store.Geometry.SetSegments) - at);
            store.Restart();
            store.Holds(1, 1, 100);
            store.HoldsNot(2);
            Assert.AreEqual(0, store.Parts.Recovery.Findings & ~RecoveryFindings.Discarded, "torn at " + torn.ToString());
        }
        store.Restore(after);
        store.Restart();
        HoldsRow(store, 2);
        Assert.AreEqual(RecoveryFindings.RolledForward, store.Parts.Recovery.Findings);
    }

    [TestMethod]
    public void RowsOfManyCommitsAreTakenOver()
    {
        SmallStore store = new SmallStore(16);
        for (int i = 1; i <= 7; i++)
            Check.Is(Status.Ok, store.Write(i % 3, i, 10));
        Assert.AreEqual(7, store.Vtb.CommitsSinceRecord);
        // As if no bookkeeping had been done.
        System.Array.Clear(store.Fram.Memory, store.Geometry.TracksAddress, 3 * TrackTable.EntryBytes);
        int next = store.Vtb.NextSegment;
        store.Restart();
        Assert.AreEqual(RecoveryFindings.RolledForward, store.Parts.Recovery.Findings);
        Assert.AreEqual(7, store.Vtb.CommitsSinceRecord);
        Assert.AreEqual(1, store.Vtb.Flag);
        Assert.AreEqual(next, store.Vtb.NextSegment);
        store.Holds(1, 7, 10);
        store.Holds(0, 6, 10);
        store.Holds(2, 5, 10);
        Assert.AreEqual(7, store.Parts.Clients.Numbers[store.Parts.Clients.IndexOf(Client)]);
    }

    // What the bookkeeping wrote already is not written again, unless it is damaged. Breaks when only an entry's CRC-32 is compared, or no link is.
    [TestMethod]
    public void WhatIsDamagedBehindTheRecordIsWrittenAgain()
    {
        SmallStore store = new SmallStore(16);
        store.Write(1, 1, 200); // in two blocks: linked
        Assert.AreEqual(1, store.Vtb.CommitsSinceRecord);
        byte[] medium = store.Copy();
        int link = store.Geometry.LinksAddress + store.Tracks.First(0) * Geometry.LinkBytes;
        for (int i = 0; i < TrackTable.EntryBytes + Geometry.LinkBytes; i++)
        {
            int at = i < Geometry.LinkBytes ? link + i : store.Geometry.TracksAddress + i - Geometry.LinkBytes;
            store.Restore(medium);
            store.Fram.Memory[at] ^= 1;
            store.Restart();
            store.Holds(1, 1, 200);
            store.Resume();
            Assert.AreEqual(medium[at], store.Fram.Memory[at], "address " + at.ToString());
        }
    }

    // Recovery only reads, and its result is the same however often it runs; Resume leaves nothing to find.
    [TestMethod]
    public void ItIsIdempotentAndWritesNothing()
    {
        SmallStore store = Prepared();
        Row(store, 2);
        byte[] medium = store.Copy();
        for (int i = 0; i < 3; i++)
        {
            store.Restart();
            HoldsRow(store, 2);
            Assert.IsTrue(Buffers.AreSame(medium, 0, store.Fram.Memory, 0, medium.Length), "run " + i.ToString());
        }
        int version = store.Vtb.Version;
        store.Resume();
        Assert.AreEqual(version + 1, store.Vtb.Version, "a boot leaves out a number");
        store.Restart();
        Assert.AreEqual(RecoveryFindings.Clean, store.Parts.Recovery.Findings);
        HoldsRow(store, 2);
    }

    // What an interrupted request left must not become part of a later row with the same version: a boot leaves out a number.
    [TestMethod]
    public void WhatAnInterruptedRequestLeftCompletesNoLaterRow()
    {
        SmallStore store = Prepared();
        Check.Is(Status.Continue, store.Part(Client, 50, 0, 2, 1, 100, false));
        Check.Is(Status.Continue, store.Part(Client, 50, 1, 3, 1, 10, false));
        byte[] medium = store.Copy();
        store.Restart();
        Assert.AreEqual(RecoveryFindings.Discarded, store.Parts.Recovery.Findings);
        store.Resume();
        // The same request again, cut where its last block is due: the old second block follows the new first one.
        Check.Is(Status.Continue, store.Part(Client, 50, 0, 2, 2, 100, false));
        store.Restart();
        store.HoldsNot(2);
        store.HoldsNot(3);
        store.Restore(medium);
        store.Restart();
        store.HoldsNot(2);
    }

    // A block is one of its row only with the row's version, lap, client, number, set and place. Each is made wrong, and the CRC-32 right.
    [TestMethod]
    [DataRow(Block.VersionAt, 1)]
    [DataRow(Block.EntryAt + 1, 0x10)] // the lap
    [DataRow(Block.NextAt + 1, 0x10)] // the first of its row
    [DataRow(Block.NextAt + 1, 0x80)] // the set
    [DataRow(Block.ClientAt, 1)]
    [DataRow(Block.NumberAt, 1)]
    [DataRow(Block.TrackAt, 1)]
    [DataRow(Block.LengthAt, 1)]
    [DataRow(Block.CountAt, 1)]
    public void ABlockOfAnotherRowIsNoneOfThis(int field, int flipped)
    {
        SmallStore store = Prepared();
        int first = store.Vtb.Active[0];
        Row(store, 2); // two blocks of track 2, then track 3
        int second = first + store.Geometry.SegmentsOfBlock(SmallStore.PieceBytes);
        store.Fram.Memory[store.SegmentAt(second) + field] ^= (byte)flipped;
        store.SealBlock(second);
        store.Restart();
        store.HoldsNot(2);
        store.HoldsNot(3);
        store.Holds(1, 1, 100);
        Assert.AreEqual(RecoveryFindings.Discarded, store.Parts.Recovery.Findings);
    }

    // Counts and places that are not possible, in a first block with a right CRC-32: nothing is read or written outside.
    [TestMethod]
    [DataRow(Block.CountAt, 0xFFFF)]
    [DataRow(Block.CountAt, 129)]
    [DataRow(Block.EntryAt, 0x0FFF)]
    [DataRow(Block.NextAt, 0xDFFF)]
    public void AnImpossibleFieldIsNoBlock(int field, int value)
    {
        SmallStore store = Prepared();
        int first = store.Vtb.Active[0];
        Check.Is(Status.Ok, store.Part(Client, 50, 0, 2, 1, 10, true));
        Buffers.PutUInt16(store.Fram.Memory, store.SegmentAt(first) + field, value);
        if (field != Block.CountAt)
            store.SealBlock(first);
        store.Restart();
        store.HoldsNot(2);
        store.Holds(1, 1, 100);
    }

    // A block at another place, or of another store, is none: its CRC-32 has both in it.
    [TestMethod]
    public void ABlockCopiedElsewhereIsNone()
    {
        SmallStore store = Prepared();
        int first = store.Vtb.Active[0];
        Check.Is(Status.Ok, store.Part(Client, 50, 0, 2, 1, 10, true));
        byte[] block = new byte[100];
        System.Array.Copy(store.Fram.Memory, store.SegmentAt(first), block, 0, block.Length);
        SmallStore other = Prepared();
        System.Array.Copy(block, 0, other.Fram.Memory, other.SegmentAt(first), block.Length);
        other.Restart();
        other.Holds(2, 1, 10); // the same store, the same place: this is that block
        SmallStore moved = new SmallStore();
        moved.Write(9, 1, 10);
        moved.Resume();
        Assert.IsTrue(moved.Vtb.Active[0] != first);
        System.Array.Copy(block, 0, moved.Fram.Memory, moved.SegmentAt(moved.Vtb.Active[0]), block.Length);
        Buffers.PutInt32(moved.Fram.Memory, moved.SegmentAt(moved.Vtb.Active[0]) + Block.VersionAt, moved.Vtb.ComingVersion);
        moved.Restart();
        moved.HoldsNot(2);
    }

    // One of the two records is damaged: the older one, and the blocks behind it, tell the same.
    [TestMethod]
    public void OneRecordIsEnough()
    {
        SmallStore store = Prepared();
        for (int i = 0; i < 10; i++)
            store.Write(1, i, 100);
        byte[] medium = store.Copy();
        for (int i = 0; i < 2; i++)
        {
            store.Restore(medium);
            store.Fram.Memory[(i == 0 ? store.Geometry.FirstRecordAddress : store.Geometry.SecondRecordAddress) + 5] ^= 1;
            store.Restart();
            store.Holds(1, 9, 100);
        }
    }

    // Finding 11: without a record the tracks are as found, and who asked last is not known, until repair.
    [TestMethod]
    public void WithoutARecordWhoAskedLastIsInDoubt()
    {
        SmallStore store = Prepared();
        store.Write(1, 2, 100);
        store.Fram.Memory[store.Geometry.FirstRecordAddress + 5] ^= 1;
        store.Fram.Memory[store.Geometry.SecondRecordAddress + 5] ^= 1;
        int version = store.Tracks.Version(0);
        store.Restart();
        Assert.IsTrue((store.Parts.Recovery.Findings & RecoveryFindings.RecordLost) != 0);
        Assert.IsTrue(store.Vtb.IsInDoubt);
        Assert.AreEqual(version, store.Vtb.Version, "behind the newest of all entries");
        store.Holds(1, 2, 100);
        store.Resume();
        store.Restart();
        Assert.IsTrue(store.Vtb.IsInDoubt, "the record says so, until repair");
    }

    // A damaged block hides the commits behind it; the entries that they wrote tell.
    [TestMethod]
    public void ABlockLostInTheChainIsNoticed()
    {
        SmallStore store = new SmallStore(16);
        int first = store.Vtb.Active[0];
        for (int i = 1; i <= 5; i++)
            store.Write(i, i, 10);
        store.Fram.Memory[store.SegmentAt(first) + 40] ^= 1; // the data of track 1
        store.Restart();
        Assert.IsTrue((store.Parts.Recovery.Findings & RecoveryFindings.RecordLost) != 0);
        Assert.IsTrue(store.Vtb.IsInDoubt);
        Assert.IsTrue(store.Vtb.Version >= store.Tracks.Version(store.Tracks.Find(5)));
        for (int i = 2; i <= 5; i++)
            store.Holds(i, i, 10);
    }

    // Finding 10: a track untouched for a lap looked newer than the record, and a commit was not rolled forward.
    [TestMethod]
    [DataRow(1)]
    [DataRow(-1)]
    [DataRow(int.MinValue)]
    public void AVeryOldTrackIsNoProofOfALostRecord(int age)
    {
        SmallStore store = Prepared();
        SetVersion(store, store.Tracks.Version(0) + age);
        store.Restart();
        store.Resume();
        Check.Is(Status.Ok, store.Part(Client, 90, 0, 2, 2, 10, true)); // and power goes before the bookkeeping
        store.Restart();
        Assert.AreEqual(RecoveryFindings.RolledForward, store.Parts.Recovery.Findings);
        store.Holds(1, 1, 100);
        store.Holds(2, 2, 10);
        store.Resume();
        store.Restart();
        Assert.AreEqual(RecoveryFindings.Clean, store.Parts.Recovery.Findings);
    }

    // Any byte of an entry: its track is damaged, not gone; the others are served.
    [TestMethod]
    public void ADamagedEntryIsItsTracksOnly()
    {
        SmallStore store = Prepared();
        store.Write(2, 2, 100);
        store.Resume();
        byte[] medium = store.Copy();
        for (int i = 0; i < TrackTable.EntryBytes; i++)
        {
            store.Restore(medium);
            store.Fram.Memory[store.Geometry.TracksAddress + i] ^= 0x04;
            store.Restart();
            Assert.AreEqual(RecoveryFindings.TracksDamaged, store.Parts.Recovery.Findings, "byte " + i.ToString());
            Assert.AreEqual(1, store.Tracks.DamagedCount);
            Assert.AreEqual((int)EntryState.Damaged, (int)store.Tracks.State(0));
            store.Holds(2, 2, 100);
            Assert.IsFalse(store.Parts.Recovery.IsDoubtful);
        }
    }

    // What a CRC-32 cannot find: an entry that is whole but old, or zeros. The sums locate it.
    [TestMethod]
    public void AnOldEntryIsLocatedByTheSums()
    {
        SmallStore store = Prepared();
        byte[] old = store.Copy();
        store.Write(1, 2, 100);
        store.Write(2, 2, 100);
        store.Resume();
        byte[] medium = store.Copy();
        for (int i = 0; i < 2; i++)
        {
            store.Restore(medium);
            if (i == 0)
                System.Array.Copy(
                    old, store.Geometry.TracksAddress, store.Fram.Memory, store.Geometry.TracksAddress, TrackTable.EntryBytes);
            else
                System.Array.Clear(store.Fram.Memory, store.Geometry.TracksAddress, TrackTable.EntryBytes);
            store.Restart();
            Assert.AreEqual((int)EntryState.Damaged, (int)store.Tracks.State(0));
            Assert.AreEqual(1, store.Tracks.DamagedCount);
            store.Holds(2, 2, 100);
            store.Resume();
            store.Restart();
            Assert.AreEqual((int)EntryState.Damaged, (int)store.Tracks.State(0), "still, when the sums are new");
        }
    }

    // Two entries that are old: no single one explains it, and nothing is served before repair.
    [TestMethod]
    public void WhatTheSumsCannotLocateIsInDoubt()
    {
        SmallStore store = Prepared();
        store.Write(2, 2, 10);
        store.Write(3, 3, 10);
        store.Resume();
        byte[] old = store.Copy();
        store.Write(1, 5, 100);
        store.Write(2, 5, 10);
        store.Resume();
        System.Array.Copy(old, store.Geometry.TracksAddress, store.Fram.Memory, store.Geometry.TracksAddress, 2 * TrackTable.EntryBytes);
        store.Restart();
        Assert.IsTrue(store.Parts.Recovery.IsDoubtful);
    }

    // Two entries with one track: the older one is damaged. (The sums are made to match, so that only the twin tells.)
    [TestMethod]
    public void OfTwinsTheOlderIsDamaged()
    {
        SmallStore store = Prepared();
        store.Write(2, 2, 10);
        store.Resume();
        int at = store.Geometry.TracksAddress + TrackTable.EntryBytes;
        Buffers.PutInt32(store.Fram.Memory, at, 1);
        Buffers.PutUInt32(store.Fram.Memory, at + TrackTable.CrcAt, Crc.Of(store.Fram.Memory, at, TrackTable.CrcAt));
        SealSums(store);
        store.Restart();
        Assert.AreEqual(1, store.Tracks.DamagedCount);
        Assert.AreEqual(1, store.Tracks.Find(1), "the newer one");
        Assert.AreEqual((int)EntryState.Damaged, (int)store.Tracks.State(0));
    }

    // Two entries with one segment: the same.
    [TestMethod]
    public void OfTwoOwnersOfASegmentTheOlderIsDamaged()
    {
        SmallStore store = Prepared();
        store.Write(2, 2, 10);
        store.Resume();
        int at = store.Geometry.TracksAddress + TrackTable.EntryBytes;
        Buffers.PutUInt16(store.Fram.Memory, at + TrackTable.FirstAt, store.Tracks.First(0) + 1);
        Buffers.PutUInt32(store.Fram.Memory, at + TrackTable.CrcAt, Crc.Of(store.Fram.Memory, at, TrackTable.CrcAt));
        SealSums(store);
        store.Restart();
        Assert.AreEqual((int)EntryState.Damaged, (int)store.Tracks.State(0));
        Assert.AreEqual((int)EntryState.Track, (int)store.Tracks.State(1));
    }

    // A store with track 1, a sample of seed 1 and two segments, at rest.
    private static SmallStore Prepared()
    {
        SmallStore store = new SmallStore();
        Check.Is(Status.Ok, store.Write(1, 1, 100));
        store.Resume();
        return store;
    }

    // A row of three blocks, cut before its bookkeeping: track 2 with 130 bytes, track 3 with 10.
    private static void Row(SmallStore store, int seed)
    {
        Check.Is(Status.Continue, store.Part(Client, 50, 0, 2, seed, 130, false));
        Check.Is(Status.Ok, store.Part(Client, 50, 2, 3, seed + 1, 10, true));
    }

    private static void HoldsRow(SmallStore store, int seed)
    {
        store.Holds(1, 1, 100);
        store.Holds(2, seed, 130);
        store.Holds(3, seed + 1, 10);
    }

    // Both records get a version, so that the store is as old as a test could not make it.
    private static void SetVersion(SmallStore store, int version)
    {
        for (int i = 0; i < 2; i++)
        {
            int at = i == 0 ? store.Geometry.FirstRecordAddress : store.Geometry.SecondRecordAddress;
            Buffers.PutInt32(store.Fram.Memory, at, version);
            VtbRecord.Seal(store.Fram.Memory, at);
        }
    }

    // Makes the sums of both records those of the table on the chip.
    private static void SealSums(SmallStore store)
    {
        uint sum0 = 0;
        uint sum1 = 0;
        for (int entry = 0; entry < store.Geometry.Entries; entry++)
        {
            uint crc = System.BitConverter.ToUInt32(
                store.Fram.Memory, store.Geometry.TracksAddress + entry * TrackTable.EntryBytes + TrackTable.CrcAt);
            sum0 += crc;
            sum1 += crc * (uint)(entry + 1);
        }
        for (int i = 0; i < 2; i++)
        {
            int at = i == 0 ? store.Geometry.FirstRecordAddress : store.Geometry.SecondRecordAddress;
            Buffers.PutUInt32(store.Fram.Memory, at + VtbRecord.Sum0At, sum0);
            Buffers.PutUInt32(store.Fram.Memory, at + VtbRecord.Sum1At, sum1);
            VtbRecord.Seal(store.Fram.Memory, at);
        }
    }
}
