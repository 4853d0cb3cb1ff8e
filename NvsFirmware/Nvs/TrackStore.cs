using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>The tracks of a store and the write path: write request, commit, bookkeeping, prepare; and recovery, which undoes nothing.</summary>
/// <remarks>
/// <para>The order in which bytes reach the medium is what makes it safe. A write request's data go to segments of the active set, which
/// belong to no track. Writing the VTB record is the commit. Then the answer is sent. Only then <see cref="BringUpToDate"/> writes the
/// links and the track entries, which the record repeats; and before that is done, no further request begins.</para>
/// <para>So at any cut one of two things is true. The newest whole record's commit is in the tables: nothing to do. Or it is not, or only in
/// part: the record says what has to be there, and recovery takes the record's word for it. Recovery itself writes nothing; what is due
/// is written by the same <see cref="BringUpToDate"/> later.</para>
/// <para>Invariant: at least a set's worth of segments is free between two requests. A commit that would break it is refused as Full,
/// which never happens to one that needs no more segments than it frees.</para>
/// </remarks>
public sealed class TrackStore
{
    private readonly FramChip chip;
    private readonly byte[] scratch;
    private readonly ClientTable clients;
    private readonly TrackData data = new TrackData();
    private readonly byte[] trailer = new byte[FramChip.CommandBytes + Geometry.TrailerBytes];
    private bool isBookkeepingDue;
    private bool isClientDue;
    private bool isPrepareDue;
    private bool isInRequest;
    private int usedSegments;
    private int trackStart;
    private int trackPosition;
    private int trackLength;

    /// <summary>A store that is neither recovered nor initialised yet.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="scratch">A buffer to encode and decode in.</param>
    public TrackStore(FramChip chip, Geometry geometry, byte[] scratch)
    {
        this.chip = chip;
        this.scratch = scratch;
        Geometry = geometry;
        Segments = new SegmentTable(chip, geometry, scratch);
        Tracks = new TrackTable(chip, geometry, Segments, scratch);
        Vtb = new VirtualTrackBuffer(chip, geometry, scratch);
        Reader = new TrackReader(chip, geometry, Segments);
        clients = new ClientTable(chip, scratch);
    }

    /// <summary>The store's sizes.</summary>
    public Geometry Geometry { get; }

    /// <summary>Free segments and links.</summary>
    public SegmentTable Segments { get; }

    /// <summary>Which tracks there are.</summary>
    public TrackTable Tracks { get; }

    /// <summary>The two sets, the flag, the current commit.</summary>
    public VirtualTrackBuffer Vtb { get; }

    /// <summary>Reads a track; see <see cref="BeginRead"/>.</summary>
    public TrackReader Reader { get; }

    /// <summary>What the last recovery found, bits of <see cref="RecoveryFindings"/>.</summary>
    public int Findings { get; private set; }

    /// <summary>True when the newest record is damaged, until a repair: who asked last is not known.</summary>
    public bool IsRecordLost { get; private set; }

    /// <summary>After VersionMismatch: the track's actual version, 0 if there is none.</summary>
    public int ActualVersion { get; private set; }

    /// <summary>After a successful <see cref="FindLast"/>: the client's last committed request.</summary>
    public int LastRequest { get; private set; }

    /// <summary>After a successful <see cref="FindLast"/>: the version that request gave.</summary>
    public int LastVersion { get; private set; }

    /// <summary>True when an entry of the client table on the medium is damaged.</summary>
    public bool AreClientsDamaged() => clients.IsDamaged();

    /// <summary>Bytes in the segments that new tracks can take.</summary>
    public int FreeBytes => (Segments.FreeCount - Geometry.SetSegments) * Geometry.SegmentBytes;

    /// <summary>
    /// Makes the medium hold a store without tracks: clears the tables and writes the first VTB record, which allocates the first segments,
    /// prior to any write request. The superblock, which makes all this count, is the caller's.
    /// </summary>
    public void Initialise()
    {
        Clear(Geometry.BootCountersAddress, Geometry.SegmentsAddress - Geometry.BootCountersAddress);
        Clear(Geometry.SecondRecordAddress, Geometry.RecordBytes);
        Vtb.Initialise();
    }

    /// <summary>
    /// Recovers: takes the newest whole record, reads the tables, puts the record's commit in place of what they say of its tracks, and finds
    /// out who owns which segment. Writes nothing, so it can be cut anywhere, any number of times.
    /// </summary>
    public void Recover()
    {
        isInRequest = false;
        Findings = RecoveryFindings.Clean;
        bool hasRecord = Vtb.Load(out bool isTorn);
        clients.Load();
        Segments.Load();
        Tracks.Load();
        IsRecordLost = !hasRecord || IsNewerThanRecord();
        isBookkeepingDue = false;
        if (IsRecordLost)
        {
            Findings |= RecoveryFindings.RecordLost;
            Vtb.Assume(hasRecord ? Vtb.NextSequence : NewestVersion(), Vtb.Current.NextFirst);
        }
        else
        {
            isBookkeepingDue = Redo();
        }
        Tracks.Check(!IsRecordLost, Vtb.Current.Sum0, Vtb.Current.Sum1);
        if (isBookkeepingDue)
            Findings |= RecoveryFindings.RolledForward;
        if (isTorn && !IsRecordLost)
            Findings |= RecoveryFindings.Discarded;
        if (Tracks.DamagedCount > 0 || Tracks.IsDoubtful)
            Findings |= RecoveryFindings.TracksDamaged;
        Vtb.Prepare(Segments);
        isPrepareDue = false;
        isClientDue = Vtb.HasPrevious && IsClientDue();
    }

    /// <summary>What of a client's was committed last?</summary>
    /// <returns>Ok, NotFound, or StoreDamaged when a lost record or a damaged entry may have held it.</returns>
    public Status FindLast(int client)
    {
        if (client != 0 && Vtb.Current.Client == client)
        {
            LastRequest = Vtb.Current.Request;
            LastVersion = Vtb.Current.Sequence;
            return Status.Ok;
        }
        if (IsRecordLost)
            return Status.StoreDamaged;
        if (Vtb.HasPrevious && Vtb.Coming.Client == client)
        {
            LastRequest = Vtb.Coming.Request;
            LastVersion = Vtb.Coming.Sequence;
            return Status.Ok;
        }
        int index = clients.IndexOf(client);
        if (index < 0 && !isClientDue && clients.IsAnyLost())
            return Status.StoreDamaged; // the damaged entry may be this client's; one that is due to be written was only torn
        if (client == 0 || index < 0)
            return Status.NotFound;
        LastRequest = clients.Request(index);
        LastVersion = clients.Version(index);
        return Status.Ok;
    }

    /// <summary>Finds a track.</summary>
    /// <param name="track">Track number.</param>
    /// <param name="slot">Its entry, -1 if there is none.</param>
    /// <returns>
    /// Ok, NotFound or TrackDamaged; the latter also when there is no such entry but one whose number cannot be trusted, because then nobody
    /// can say that the track does not exist.
    /// </returns>
    public Status Find(int track, out int slot)
    {
        slot = Tracks.Find(track);
        if (slot < 0)
            return Tracks.DamagedCount > 0 ? Status.TrackDamaged : Status.NotFound;
        return Tracks.IsDamaged(slot) ? Status.TrackDamaged : Status.Ok;
    }

    /// <summary>Makes <see cref="Reader"/> read a track.</summary>
    /// <param name="slot">Its entry, which is not damaged.</param>
    public void BeginRead(int slot) =>
        Reader.Begin(Tracks.Track(slot), Tracks.Version(slot), Tracks.Length(slot), Tracks.First(slot));

    /// <summary>Begins a write request; drops one that was not committed.</summary>
    /// <param name="client">Who asks; 0 for nobody.</param>
    /// <param name="request">The client's number for it.</param>
    public void Begin(int client, int request)
    {
        Abort();
        BringUpToDate();
        Vtb.Begin(client, request);
        usedSegments = 0;
        trackPosition = 0;
        trackLength = 0;
        isInRequest = true;
    }

    /// <summary>Goes on with a track to write; <see cref="Append"/> its data then.</summary>
    /// <param name="track">Track number.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="isExpected">True to refuse unless the track has the expected version.</param>
    /// <param name="expected">The version it must have; 0: there must be none.</param>
    /// <returns>Ok, BadRequest, TooLong, Full, VersionMismatch or TrackDamaged.</returns>
    public Status BeginTrack(int track, int length, bool isExpected, int expected)
    {
        int count = Geometry.SegmentsFor(length);
        if (length > Geometry.LongestTrackBytes || usedSegments + count > Geometry.SetSegments)
            return Status.TooLong;
        if (usedSegments + count > Vtb.PreparedCount)
            return Status.Full;
        Status status = CheckTrack(track, isExpected, expected, out int slot);
        if (status != Status.Ok)
            return status;
        if (slot < 0)
        {
            slot = Tracks.Reserve();
            if (slot < 0)
                return Status.Full;
        }
        Vtb.Coming.Add(slot, track, length);
        trackStart = usedSegments;
        trackPosition = 0;
        trackLength = length;
        usedSegments += count;
        data.Begin(track, Vtb.Coming.Sequence, length);
        if (length == 0)
            StoreTrailer();
        return Status.Ok;
    }

    /// <summary>Goes on with a track to release.</summary>
    /// <returns>Ok, BadRequest, TooLong, NotFound, VersionMismatch or TrackDamaged.</returns>
    public Status Release(int track, bool isExpected, int expected)
    {
        Status status = CheckTrack(track, isExpected, expected, out int slot);
        if (status != Status.Ok)
            return status;
        if (slot < 0)
            return Find(track, out slot);
        Vtb.Coming.Add(slot, track, VtbRecord.Released);
        return Status.Ok;
    }

    /// <summary>Stores the next bytes of the track begun last, in segments of the active set.</summary>
    /// <param name="buffer">
    /// Holds them, with FramChip.CommandBytes in front and <see cref="Geometry.TrailerBytes"/> behind that may be written over.
    /// </param>
    /// <param name="offset">Index of the first byte.</param>
    /// <param name="count">How many.</param>
    /// <returns>Ok, or BadRequest when the track is not that long.</returns>
    public Status Append(byte[] buffer, int offset, int count)
    {
        if (!isInRequest || count > trackLength - trackPosition)
            return Status.BadRequest;
        data.Append(buffer, offset, count);
        int stored = count;
        if (count > 0 && trackPosition + count == trackLength)
        {
            Buffers.PutUInt32(buffer, offset + count, data.Value);
            stored += Geometry.TrailerBytes;
        }
        StoreData(buffer, offset, stored);
        trackPosition += count;
        return Status.Ok;
    }

    /// <summary>Commits the write request: all of it, or, with any other answer than Ok, nothing.</summary>
    /// <returns>Ok, BadRequest when a track is not complete or there is none, or Full.</returns>
    public Status Commit()
    {
        if (!isInRequest || trackPosition != trackLength || Vtb.Coming.TrackCount == 0)
            return Status.BadRequest;
        if (Segments.FreeCount - usedSegments + SegmentsFreed() < Geometry.SetSegments)
            return Status.Full;
        CommitComing();
        return Status.Ok;
    }

    /// <summary>Drops the write request, if one has begun: nothing of it is applied.</summary>
    public void Abort()
    {
        if (!isInRequest)
            return;
        isInRequest = false;
        for (int i = Vtb.Coming.TrackCount - 1; i >= 0; i--)
        {
            int slot = Vtb.Coming.Slot(i);
            if (!Tracks.IsTrack(slot) && !Tracks.IsDamaged(slot))
                Tracks.Unreserve(slot);
        }
        Vtb.Coming.Clear();
    }

    /// <summary>
    /// What is due after a commit or a recovery: the links and entries of the commit's tracks, the client before the current one, the
    /// preparation of the next set. It can be cut anywhere: recovery makes it due again.
    /// </summary>
    public void BringUpToDate()
    {
        if (isBookkeepingDue)
        {
            VtbRecord record = Vtb.Current;
            for (int i = 0; i < record.TrackCount; i++)
                if (!record.IsRelease(i))
                    Segments.StoreLinks(Tracks.First(record.Slot(i)), Tracks.SegmentCount(record.Slot(i)));
            for (int i = 0; i < record.TrackCount; i++)
                Tracks.Store(record.Slot(i));
            isBookkeepingDue = false;
        }
        if (isClientDue)
        {
            clients.Store(Vtb.Coming.Client, Vtb.Coming.Request, Vtb.Coming.Sequence, Vtb.Current.Client);
            isClientDue = false;
        }
        if (isPrepareDue)
        {
            Vtb.Prepare(Segments);
            isPrepareDue = false;
        }
    }

    /// <summary>
    /// Gives up the damaged tracks, in one or more commits of nobody's, and what is in doubt. The other tracks stay; what is known of them
    /// in RAM and damaged on the medium is written again.
    /// </summary>
    /// <returns>How many tracks were given up.</returns>
    public int Repair()
    {
        int givenUp = 0;
        Abort();
        BringUpToDate();
        if (Tracks.IsDoubtful)
            Tracks.Accept();
        for (int slot = 0; slot < Tracks.Slots; slot++)
            Restore(slot);
        clients.ClearDamaged();
        IsRecordLost = false;
        do
        {
            Begin(0, 0);
            for (int slot = 0; slot < Tracks.Slots && Vtb.Coming.TrackCount < Geometry.SetSegments; slot++)
            {
                if (!Tracks.IsDamaged(slot))
                    continue;
                Vtb.Coming.Add(slot, Tracks.Track(slot), VtbRecord.Released);
                givenUp++;
            }
            CommitComing();
            BringUpToDate();
        }
        while (Tracks.DamagedCount > 0);
        return givenUp;
    }

    /// <summary>Holds a track's entry and data on the medium against their CRC-32s.</summary>
    /// <param name="slot">Any entry.</param>
    public Damage Verify(int slot)
    {
        if (Tracks.IsDamaged(slot) || !Tracks.IsStored(slot))
            return Damage.Entry;
        if (!Tracks.IsTrack(slot))
            return Damage.None;
        if (!Segments.AreLinksStored(Tracks.First(slot), Tracks.SegmentCount(slot)))
            return Damage.Entry;
        BeginRead(slot);
        int largest = scratch.Length - FramChip.CommandBytes - Geometry.TrailerBytes;
        do
        {
            int left = Reader.Length - Reader.Position;
            Reader.Read(scratch, FramChip.CommandBytes, left < largest ? left : largest);
        }
        while (Reader.Position < Reader.Length);
        return Reader.IsIntact ? Damage.None : Damage.Data;
    }

    private void CommitComing()
    {
        VtbRecord coming = Vtb.Coming;
        short[] set = Vtb.ActiveSet;
        int used = 0;
        for (int i = 0; i < coming.TrackCount; i++)
        {
            int slot = coming.Slot(i);
            if (Tracks.IsTrack(slot))
                Segments.Free(Tracks.First(slot), Tracks.SegmentCount(slot));
            int count = coming.IsRelease(i) ? 0 : Geometry.SegmentsFor(coming.Length(i));
            Segments.Link(set, used, count);
            if (count > 0)
                Segments.Claim(set[used], count);
            Tracks.Set(slot, coming.Track(i), coming.Sequence, coming.Length(i), count > 0 ? set[used] : 0);
            used += count;
        }
        coming.NextFirst = Segments.NextFree(used > 0 ? set[used - 1] + 1 : Vtb.Current.NextFirst);
        coming.Sum0 = Tracks.Sum0;
        coming.Sum1 = Tracks.Sum1;
        Vtb.Commit(used);
        isInRequest = false;
        isBookkeepingDue = true;
        isPrepareDue = true;
        isClientDue = IsClientDue();
    }

    // Makes an entry and its links on the medium be as in RAM. Marks it damaged if its data are, or if it should be empty and is not.
    private void Restore(int slot)
    {
        Damage damage = Verify(slot);
        if (damage == Damage.Entry && Tracks.IsTrack(slot))
        {
            Segments.StoreLinks(Tracks.First(slot), Tracks.SegmentCount(slot));
            Tracks.Store(slot);
            damage = Verify(slot);
        }
        if (damage != Damage.None && !Tracks.IsDamaged(slot))
            Tracks.MarkDamaged(slot);
    }

    // Puts the current record's commit in place of what was loaded of its tracks. True if the medium holds something else.
    private bool Redo()
    {
        VtbRecord record = Vtb.Current;
        short[] set = Vtb.CommittedSet;
        bool changed = false;
        int used = 0;
        for (int i = 0; i < record.TrackCount; i++)
        {
            int count = record.IsRelease(i) ? 0 : Geometry.SegmentsFor(record.Length(i));
            changed |= Segments.Link(set, used, count);
            changed |= Tracks.Redo(record.Slot(i), record.Track(i), record.Sequence, record.Length(i), count > 0 ? set[used] : 0);
            used += count;
        }
        return changed;
    }

    // The tables know a commit that no record tells of: the newest record is damaged.
    private bool IsNewerThanRecord()
    {
        int coming = Vtb.NextSequence;
        for (int slot = 0; slot < Tracks.Slots; slot++)
            if (Tracks.Version(slot) == coming && Tracks.IsWhole(slot))
                return true;
        return false;
    }

    private int NewestVersion()
    {
        int newest = 0;
        for (int slot = 0; slot < Tracks.Slots; slot++)
            if (Tracks.Version(slot) != 0 && (newest == 0 || Tracks.Version(slot) - newest > 0) && Tracks.IsWhole(slot))
                newest = Tracks.Version(slot);
        return newest;
    }

    // Two commits after each other by different clients: the record of the first will be written over by the next commit.
    private bool IsClientDue() =>
        Vtb.Coming.Client != 0 && Vtb.Coming.Client != Vtb.Current.Client
        && !clients.Holds(Vtb.Coming.Client, Vtb.Coming.Request, Vtb.Coming.Sequence);

    private Status CheckTrack(int track, bool isExpected, int expected, out int slot)
    {
        slot = -1;
        if (!isInRequest || trackPosition != trackLength)
            return Status.BadRequest;
        if (Vtb.Coming.TrackCount == Geometry.SetSegments)
            return Status.TooLong;
        for (int i = 0; i < Vtb.Coming.TrackCount; i++)
            if (Vtb.Coming.Track(i) == track)
                return Status.BadRequest;
        Status status = Find(track, out slot);
        if (!isExpected)
            return Status.Ok;
        if (status == Status.TrackDamaged)
            return status;
        ActualVersion = slot < 0 ? 0 : Tracks.Version(slot);
        return ActualVersion == expected ? Status.Ok : Status.VersionMismatch;
    }

    private int SegmentsFreed()
    {
        int freed = 0;
        for (int i = 0; i < Vtb.Coming.TrackCount; i++)
            freed += Tracks.SegmentCount(Vtb.Coming.Slot(i));
        return freed;
    }

    private void StoreTrailer()
    {
        Buffers.PutUInt32(trailer, FramChip.CommandBytes, data.Value);
        StoreData(trailer, FramChip.CommandBytes, Geometry.TrailerBytes);
    }

    // Writes bytes of the track from trackPosition on, neighbouring segments in one transaction.
    private void StoreData(byte[] buffer, int offset, int count)
    {
        short[] set = Vtb.ActiveSet;
        int index = trackStart + trackPosition / Geometry.SegmentBytes;
        int within = trackPosition % Geometry.SegmentBytes;
        while (count > 0)
        {
            int start = Geometry.SegmentAddress(set[index]) + within;
            int run = Geometry.SegmentBytes - within;
            while (run < count && set[index + 1] == set[index] + 1)
            {
                index++;
                run += Geometry.SegmentBytes;
            }
            int piece = run < count ? run : count;
            chip.Write(start, buffer, offset, piece);
            offset += piece;
            count -= piece;
            index++;
            within = 0;
        }
    }

    private void Clear(int address, int count)
    {
        int largest = scratch.Length - FramChip.CommandBytes;
        System.Array.Clear(scratch, FramChip.CommandBytes, largest);
        while (count > 0)
        {
            int piece = count < largest ? count : largest;
            chip.Write(address, scratch, FramChip.CommandBytes, piece);
            address += piece;
            count -= piece;
        }
    }
}
