using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs.OnRequest;

/// <summary>
/// Gives up the damaged tracks, and what is in doubt. The other tracks stay; what is known of them in RAM and damaged on the medium is
/// written again.
/// </summary>
/// <remarks>Invariant: it can be cut anywhere and repeated. After each entry that it gives up it writes a record, so that a cut leaves at
/// most one that the sums do not know.</remarks>
public sealed class Repairer
{
    private readonly FramChip chip;
    private readonly Verifier verifier;

    /// <summary>Repairs what a verifier finds.</summary>
    public Repairer(FramChip chip, Verifier verifier)
    {
        this.chip = chip;
        this.verifier = verifier;
    }

    /// <summary>Repairs a store.</summary>
    /// <returns>How many tracks were given up.</returns>
    public int Run(TrackStore store)
    {
        TrackTable tracks = store.Tracks;
        int givenUp = 0;
        if (store.Recovery.IsDoubtful)
        {
            store.Recovery.Accept();
            StoreRecord(store);
        }
        for (int entry = 0; entry < store.Geometry.Entries; entry++)
            if (!Restore(store, entry))
            {
                GiveUp(store, entry);
                givenUp++;
            }
        store.Clients.Restore();
        store.Vtb.IsInDoubt = false;
        StoreRecord(store);
        return givenUp;
    }

    // Makes an entry and its links on the medium be as in RAM. False if the track is damaged all the same.
    private bool Restore(TrackStore store, int entry)
    {
        TrackTable tracks = store.Tracks;
        Damage damage = verifier.VerifyEntry(store, entry);
        if (damage == Damage.Entry && tracks.State(entry) != EntryState.Damaged)
        {
            if (tracks.State(entry) == EntryState.Track && tracks.IsLinked(entry))
                store.Segments.Store(tracks.First(entry));
            tracks.Store(entry, 0, 1);
            damage = verifier.VerifyEntry(store, entry);
        }
        // Nothing is given up for a bad read, or a few, or while the chip is not there.
        for (int look = 1; look < VirtualTrackBuffer.Looks && damage != Damage.None && tracks.State(entry) != EntryState.Damaged; look++)
        {
            if (look == VirtualTrackBuffer.Looks / 2)
                chip.CheckAlive();
            damage = verifier.VerifyEntry(store, entry);
        }
        if (damage != Damage.None && tracks.State(entry) != EntryState.Damaged && !store.Vtb.IsRecordStored())
            throw new FramException("the chip cannot be read: not even the record, which is whole");
        return damage == Damage.None;
    }

    private void GiveUp(TrackStore store, int entry)
    {
        TrackTable tracks = store.Tracks;
        if (tracks.State(entry) == EntryState.Free)
            tracks.Unchain(entry);
        tracks.MarkDamaged(entry);
        byte[] version = new byte[4];
        Buffers.PutInt32(version, 0, store.Vtb.Version);
        tracks.Apply(entry, tracks.Track(entry), Block.Released, 0, version);
        tracks.Store(entry, 0, 1);
        StoreRecord(store);
    }

    private static void StoreRecord(TrackStore store)
    {
        store.Clients.StoreAll();
        store.Vtb.Count();
        store.Vtb.StoreRecord(store.Tracks, store.Segments, store.Clients);
    }
}
