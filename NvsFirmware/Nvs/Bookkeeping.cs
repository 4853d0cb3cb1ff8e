using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>What a commit leaves to do after its answer and before the next request: tables, clients, the next set, a record.</summary>
/// <remarks>
/// Invariants. The blocks hold all of it, so it may be cut anywhere; recovery makes it due again. Each write is read back before the
/// record, behind which recovery looks no more, is written. A record is written only when the tables on the medium are complete.
/// </remarks>
public sealed class Bookkeeping
{
    // Entries written in one transaction: a buffer holds them.
    private const int MostTogether = 32;

    // Ages are looked at when the version passes a multiple of this.
    private const int AgesLookedAt = 28;

    private readonly SegmentTable segments;
    private readonly TrackTable tracks;
    private readonly ClientTable clients;
    private readonly VirtualTrackBuffer vtb;
    private readonly WriteRequest request;

    /// <summary>The bookkeeping of a store.</summary>
    public Bookkeeping(SegmentTable segments, TrackTable tracks, ClientTable clients, VirtualTrackBuffer vtb, WriteRequest request)
    {
        this.segments = segments;
        this.tracks = tracks;
        this.clients = clients;
        this.vtb = vtb;
        this.request = request;
    }

    /// <summary>Does what the commit left to do.</summary>
    /// <exception cref="Fram.FramException">The chip failed: the store has to be recovered.</exception>
    public void Run()
    {
        request.EndTrack();
        KeepTracks();
        vtb.Advance(request.Used, request.Next);
        clients.Note(request.Client, request.Number, vtb.Version, request.Fingerprint, request.IsPassing);
        if (clients.IsAnyDue)
        {
            clients.StoreDue();
            request.IsSessionOver |= clients.ForgottenVersion != 0 && request.IsOfSession(clients.ForgottenVersion);
        }
        if (vtb.IsRecordDue(segments.PinnedCount))
            StoreRecord(); // before the next set is prepared: it frees what the set may need
        vtb.Prepare(segments, request.Next);
    }

    /// <summary>Writes a record: the tables on the medium hold all commits.</summary>
    public void StoreRecord()
    {
        if (((vtb.Version - vtb.CommitsSinceRecord - 1) ^ vtb.Version) >> AgesLookedAt != 0)
        {
            clients.ForgetOld(vtb.Version);
            request.AgeSession(vtb.Version);
        }
        vtb.StoreRecord(tracks, segments, clients);
    }

    // The tracks' new segments, links and entries; neighbouring entries together. The segments they had wait for the next record.
    private void KeepTracks()
    {
        SegmentTable owners = segments;
        TrackTable table = tracks;
        byte[] version = vtb.Coming;
        CacheControlBlocks blocks = request.Blocks;
        byte[] inSet = blocks.FirstInSet;
        short[] entries = blocks.Entries;
        short[] set = vtb.Active;
        int count = blocks.Count;
        int first = 0;
        int from = 0;
        blocks.Set = vtb.Flag;
        for (int i = 0; i < count;)
        {
            int at = inSet[i];
            int segment = set[at];
            int segmentCount = (i + 1 < count ? inSet[i + 1] : request.Used) - at;
            int length = blocks.Lengths[i];
            int linked = 0;
            if (length == Block.Released)
                owners.PinBlock(segment);
            else
                owners.Claim(set, at, segmentCount);
            if (blocks.BlockCounts[i] > 1)
            {
                linked = TrackTable.Linked;
                owners.Link(set, at, segmentCount);
            }
            int changed = table.Apply(entries[i], blocks.Tracks[i], length, segment | linked, version);
            if (linked != 0)
                owners.Store(segment);
            if (i == first)
                from = changed;
            if (++i < count && i - first < MostTogether && entries[i] == entries[i - 1] + 1)
                continue;
            table.Store(entries[first], from, i - first);
            first = i;
        }
    }
}
