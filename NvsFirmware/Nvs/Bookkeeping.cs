using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>What a commit leaves to do after its answer and before the next request: tables, client table, the next set, a record if it is due.</summary>
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
        int version = vtb.ComingVersion;
        KeepTracks(version);
        vtb.Client = request.Client;
        vtb.Number = request.Number;
        vtb.Fingerprint = request.Fingerprint;
        vtb.IsPassing = request.IsPassing;
        vtb.Advance(request.Used, request.Next);
        clients.Note(request.Client, request.Number, version, request.Fingerprint, request.IsPassing);
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
        vtb.StoreRecord(tracks, segments);
    }

    // The tracks' new segments, links and entries; the segments they had wait for the next record. Neighbouring entries are written together.
    private void KeepTracks(int version)
    {
        CacheControlBlocks blocks = request.Blocks;
        short[] set = vtb.SetOf(blocks.Set);
        int count = blocks.Count;
        int first = 0;
        int from = 0;
        for (int i = 0; i < count; i++)
        {
            bool isLinked = blocks.BlockCounts[i] > 1;
            blocks.Versions[i] = version;
            if (blocks.Lengths[i] == Block.Released)
                segments.PinBlock(blocks.FirstSegments[i]);
            else
                segments.Claim(set, blocks.FirstInSet[i], blocks.SegmentCounts[i]);
            if (isLinked)
                segments.Link(set, blocks.FirstInSet[i], blocks.SegmentCounts[i]);
            int changed = tracks.Apply(blocks, i);
            if (isLinked)
                segments.Store(blocks.FirstSegments[i]);
            if (i == first)
                from = changed;
            int next = i + 1;
            if (next < count && next - first < MostTogether && blocks.Entries[next] == blocks.Entries[i] + 1)
                continue;
            tracks.Store(blocks.Entries[first], from, next - first);
            first = next;
        }
    }
}
