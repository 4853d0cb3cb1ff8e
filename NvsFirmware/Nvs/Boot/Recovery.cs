using System;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs.Boot;

/// <summary>What boot does: takes the current record, follows the blocks behind it, and finds out what the store holds.</summary>
/// <remarks>
/// <para>Invariants. <see cref="Run"/> writes nothing, so it can be cut anywhere, any number of times. It takes a row over only as a whole.
/// What it took over differs from the medium until <see cref="Resume"/> has written it, in the ordinary way, and a record behind it.</para>
/// <para>No read is believed alone: that the chain ends is looked at several times, and everything else has a CRC-32.</para>
/// </remarks>
public sealed class Recovery
{
    private const int At = FramChip.CommandBytes;

    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly SegmentTable segments;
    private readonly TrackTable tracks;
    private readonly ClientTable clients;
    private readonly VirtualTrackBuffer vtb;
    private readonly CacheControlBlocks blocks;
    private readonly TableCheck check;
    private readonly byte[] scratch;
    private readonly uint mark;
    private readonly short[] rowSegments;
    private readonly uint[] replaced;
    private readonly short[] takenOver;
    private int takenOverCount;
    private int next;
    private int usedByRow;
    private int client;
    private int number;
    private int fingerprint;
    private int version;
    private int replacedVersion;
    private bool isPassing;
    private bool isTorn;
    private uint sum0;
    private uint sum1;

    /// <summary>Recovers a store.</summary>
    public Recovery(
        FramChip chip,
        Geometry geometry,
        SegmentTable segments,
        TrackTable tracks,
        ClientTable clients,
        VirtualTrackBuffer vtb,
        WriteRequest request,
        byte[] scratch,
        uint mark)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.segments = segments;
        this.tracks = tracks;
        this.clients = clients;
        this.vtb = vtb;
        blocks = request.Blocks;
        this.scratch = scratch;
        this.mark = mark;
        check = new TableCheck(geometry, segments, tracks);
        rowSegments = new short[geometry.SetSegments];
        replaced = new uint[geometry.SetSegments];
        takenOver = new short[VirtualTrackBuffer.CommitsPerRecord + geometry.Reserve];
    }

    /// <summary>What was found, bits of <see cref="RecoveryFindings"/>.</summary>
    public int Findings;

    /// <summary>True when something was lost or damaged that was not known to be before: worth another look.</summary>
    public bool IsAnyNewDamage;

    /// <summary>True when entries are not those that were committed, and it is not known which: nothing can be served.</summary>
    public bool IsDoubtful;

    /// <summary>Recovers, in RAM.</summary>
    public void Run()
    {
        Findings = RecoveryFindings.Clean;
        takenOverCount = 0;
        bool hasRecord = vtb.Load(out next, out sum0, out sum1);
        clients.Load();
        segments.Load();
        tracks.Load();
        replacedVersion = vtb.Version;
        if (hasRecord)
            Follow();
        // The tables held a commit behind the end of the chain, and a row of the chain wrote over it: a block behind it is lost.
        bool isBroken = hasRecord && replacedVersion - vtb.Version > 0;
        if (isBroken)
            ReloadTables();
        bool isLost = !hasRecord || isBroken;
        if (isLost || !check.TryAdmit(sum0, sum1))
        {
            check.Judge(!isLost, sum0, sum1);
            if (isLost)
                vtb.Version = check.NewestVersion();
            else if (check.AreSumsWrong && check.IsAnyNewer(vtb.Version, out int newest))
            {
                isLost = true;
                vtb.Version = newest;
                ReloadTables(); // they hold what the rows that are left say, and what came behind them
            }
            if (isLost)
                check.Judge(false, 0, 0);
        }
        if (isLost)
        {
            Findings |= RecoveryFindings.RecordLost;
            vtb.SetComing();
        }
        IsDoubtful = check.IsDoubtful || geometry.Segments - segments.OwnedCount <= geometry.SetSegments;
        bool areClientsLost = clients.Settle() || isLost;
        IsAnyNewDamage = areClientsLost || tracks.DamagedCount > 0 || IsDoubtful;
        vtb.IsInDoubt |= areClientsLost;
        if (tracks.DamagedCount > 0 || IsDoubtful)
            Findings |= RecoveryFindings.TracksDamaged;
        vtb.CommittedFirst = usedByRow > 0 ? rowSegments[0] : 0;
        vtb.CommittedCount = usedByRow;
        if (!IsDoubtful)
            vtb.PrepareFrom(segments, next);
    }

    /// <summary>
    /// Writes what the medium does not hold yet, then a record: of a commit by nobody, that changes nothing. It leaves out a number, so
    /// that no block that an interrupted request left can become part of a later row.
    /// </summary>
    /// <param name="isBoot">True to count a boot.</param>
    public void Resume(bool isBoot)
    {
        for (int i = 0; i < takenOverCount; i++)
        {
            int entry = takenOver[i];
            int later = i + 1; // of several commits of an entry the last one counts
            while (later < takenOverCount && takenOver[later] != entry)
                later++;
            bool isLinked = tracks.State(entry) == EntryState.Track && tracks.IsLinked(entry);
            if (later < takenOverCount || !isLinked && tracks.IsStored(entry))
                continue;
            if (isLinked)
                segments.Store(tracks.First(entry)); // they may differ where the entry does not
            tracks.Store(entry, 0, 1);
        }
        takenOverCount = 0;
        for (int entry = 0; tracks.DamagedCount > 0 && entry < geometry.Entries; entry++)
            if (tracks.State(entry) == EntryState.Damaged && (check.IsWhole(entry) || check.IsNeverUsed(entry)))
                tracks.StoreMark(entry);
        clients.StoreAll();
        vtb.Count();
        if (isBoot)
            vtb.Boots++;
        vtb.StoreRecord(tracks, segments, clients);
    }

    /// <summary>Takes the table as it is for the one that was committed: what was in doubt is given up.</summary>
    public void Accept()
    {
        IsDoubtful = geometry.Segments - segments.OwnedCount <= geometry.SetSegments;
        if (!IsDoubtful)
            vtb.PrepareFrom(segments, next);
    }

    private void Follow()
    {
        usedByRow = 0;
        if (vtb.Client != 0)
            clients.Note(vtb.Client, vtb.Number, vtb.Version, vtb.Fingerprint, vtb.IsPassing);
        while (ReadRow() && takenOverCount + blocks.Count <= takenOver.Length)
            TakeOver();
        blocks.Count = 0;
    }

    // Reads the row that begins where the next block should be. False when there is none that is whole.
    private bool ReadRow()
    {
        int segment = next;
        int flag = vtb.Flag;
        int used = 0;
        int position = 0;
        blocks.Count = 0;
        version = vtb.ComingVersion;
        while (true)
        {
            isTorn = used > 0;
            if (!FindBlock(segment, used))
                return isTorn && Discard();
            int word = BitConverter.ToUInt16(scratch, At + Block.NextAt);
            int length = BitConverter.ToUInt16(scratch, At + Block.LengthAt);
            int count = BitConverter.ToUInt16(scratch, At + Block.CountAt);
            int track = BitConverter.ToInt32(scratch, At + Block.TrackAt);
            int entry = BitConverter.ToUInt16(scratch, At + Block.EntryAt) & Block.EntryMask;
            int blockSegments = geometry.SegmentsOfBlock(count);
            bool isLast = (word & Block.LastOfRow) != 0;
            int nextFlag = isLast ? 1 - flag : flag;
            if ((word & Block.SetB) != 0 != (nextFlag == 1) || used + blockSegments > geometry.SetSegments)
                return Discard();
            int at = blocks.Count - 1;
            if (position > 0)
            {
                if (blocks.Tracks[at] != track || blocks.Entries[at] != entry || blocks.Lengths[at] != length || position + count > length)
                    return Discard();
            }
            else
            {
                if (length != Block.Released && count > length)
                    return Discard();
                at++;
                replaced[at] = BitConverter.ToUInt32(scratch, At + Block.ReplacedAt);
                blocks.Add(track, entry, length, used, 0);
            }
            position = length == Block.Released || position + count == length ? 0 : position + count;
            blocks.BlockCounts[at]++;
            for (int i = 0; i < blockSegments; i++)
                rowSegments[used++] = (short)(segment + i);
            segment = word & Block.SegmentMask;
            if (!isLast)
                continue;
            if (position != 0)
                return Discard();
            next = segment;
            usedByRow = used;
            fingerprint = BitConverter.ToInt32(scratch, At + Block.FingerprintAt);
            isPassing = (word & Block.Passing) != 0;
            return true;
        }
    }

    private bool Discard()
    {
        Findings |= RecoveryFindings.Discarded;
        return false;
    }

    private void ReloadTables()
    {
        takenOverCount = 0;
        segments.Load();
        tracks.Load();
    }

    // That there is no further block of the row is believed only when looked for several times: a bad read would lose commits.
    private bool FindBlock(int segment, int used)
    {
        for (int look = 0; look < VirtualTrackBuffer.Looks; look++)
        {
            if (look == VirtualTrackBuffer.Looks / 2)
                chip.CheckAlive();
            if (ReadBlock(segment, used))
                return true;
        }
        return false;
    }

    // Reads the block at a segment. False when it is none of the row.
    private bool ReadBlock(int segment, int used)
    {
        int address = geometry.SegmentsAddress + segment * geometry.SegmentBytes;
        chip.Read(address, scratch, At, geometry.SegmentBytes);
        int count = BitConverter.ToUInt16(scratch, At + Block.CountAt);
        int word = BitConverter.ToUInt16(scratch, At + Block.NextAt);
        int entry = BitConverter.ToUInt16(scratch, At + Block.EntryAt);
        int blockBytes = count + Block.OverheadBytes;
        bool isOfRow = BitConverter.ToInt32(scratch, At + Block.VersionAt) == version
            && entry >> Block.LapShift == vtb.ComingLap
            && (word & Block.FirstOfRow) != 0 == (used == 0)
            && (used == 0 || BitConverter.ToInt32(scratch, At + Block.ClientAt) == client
                && BitConverter.ToInt32(scratch, At + Block.NumberAt) == number)
            && count <= geometry.PieceBytes
            && (entry & Block.EntryMask) < geometry.Entries && (word & Block.SegmentMask) < geometry.Segments
            && segment + geometry.SegmentsOfBlock(count) <= geometry.Segments;
        if (!isOfRow)
            return false;
        if (blockBytes > geometry.SegmentBytes)
            chip.Read(
                address + geometry.SegmentBytes, scratch, At + geometry.SegmentBytes, blockBytes - geometry.SegmentBytes);
        uint crc = Crc.Of(scratch, At, Block.DataAt + count) ^ mark ^ (uint)segment;
        if (crc != BitConverter.ToUInt32(scratch, At + Block.DataAt + count))
        {
            isTorn = true;
            return false;
        }
        client = BitConverter.ToInt32(scratch, At + Block.ClientAt);
        number = BitConverter.ToInt32(scratch, At + Block.NumberAt);
        return true;
    }

    // Puts what the row says in place of what was loaded of its tracks, and goes on with the sums as the commit did.
    private void TakeOver()
    {
        for (int i = 0; i < blocks.Count; i++)
        {
            int entry = blocks.Entries[i];
            int at = At + entry * TrackTable.EntryBytes;
            int old = tracks.Version(entry);
            uint stored = BitConverter.ToUInt32(tracks.Image, at + TrackTable.CrcAt);
            bool isWhole = check.IsWhole(entry);
            int ahead = old - replacedVersion;
            // What the row itself replaced may be as old as a lap and so look newer.
            if (ahead > 0 && ahead < ClientTable.OldestAge && old != 0 && isWhole && stored != replaced[i])
                replacedVersion = old;
            int first = blocks.FirstInSet[i];
            int word = rowSegments[first];
            if (blocks.BlockCounts[i] > 1)
            {
                word |= TrackTable.Linked;
                segments.Link(rowSegments, first, (i + 1 < blocks.Count ? blocks.FirstInSet[i + 1] : usedByRow) - first);
            }
            tracks.Put(entry, blocks.Tracks[i], blocks.Lengths[i], word, vtb.Coming, 0);
            uint crc = BitConverter.ToUInt32(tracks.Image, at + TrackTable.CrcAt);
            sum0 += crc - replaced[i];
            sum1 += (crc - replaced[i]) * (uint)(entry + 1);
            if (crc != stored || !isWhole)
                takenOver[takenOverCount++] = (short)entry; // else the bookkeeping came so far
        }
        blocks.Count = 0;
        vtb.Flag = 1 - vtb.Flag;
        vtb.Count();
        vtb.CommitsSinceRecord++;
        clients.Note(client, number, vtb.Version, fingerprint, isPassing);
        Findings |= RecoveryFindings.RolledForward;
    }
}
