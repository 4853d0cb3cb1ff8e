using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>Which tracks there are, and where: one entry a track, which stays in its place for the track's life.</summary>
/// <remarks>
/// <para>Invariant: on the medium and in RAM alike, an entry is never used (zeros), released, or a track's; its CRC-32 covers it and
/// the numbers of all segments of the track, so that a changed link is found, too.</para>
/// <para>Two sums go over the CRC-32s of all entries: each as it is, and each times its place. The VTB record of a commit carries them
/// as they are after it. An entry that is whole but not the one committed last (an old version of itself, zeros) makes both wrong,
/// and the quotient of the two differences is its place.</para>
/// <para>Hash chains over the track numbers find an entry; free entries are on a chain of their own.</para>
/// </remarks>
public sealed class TrackTable
{
    private const int SumMask = 0xFFFFFF;
    private const int VersionAt = 4;
    private const int LengthAt = 8;
    private const int FirstAt = 10;
    private const int CrcAt = 12;
    private const int None = -1;

    // Lengths that are none, in RAM only; VtbRecord.Released also on the medium.
    private const int Free = VtbRecord.Released;
    private const int DamagedEntry = 0xFFFE;

    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly SegmentTable segments;
    private readonly byte[] scratch;
    private readonly Crc crc = new Crc();
    private readonly int[] tracks;
    private readonly int[] versions;
    private readonly ushort[] lengths;
    private readonly short[] firsts;
    private readonly int[] crcs;
    private readonly short[] chain;
    private readonly short[] buckets;
    private int freeHead;
    private int delta0;
    private int delta1;
    private bool isWholeDamaged;

    /// <summary>A table with no tracks.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="segments">Tells which segments follow each other.</param>
    /// <param name="scratch">A buffer to encode and decode in.</param>
    public TrackTable(FramChip chip, Geometry geometry, SegmentTable segments, byte[] scratch)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.segments = segments;
        this.scratch = scratch;
        int slots = geometry.TrackSlots;
        tracks = new int[slots];
        versions = new int[slots];
        lengths = new ushort[slots];
        firsts = new short[slots];
        crcs = new int[slots];
        chain = new short[slots];
        int bucketCount = 16;
        while (bucketCount < slots)
            bucketCount *= 2;
        buckets = new short[bucketCount];
    }

    /// <summary>Entries in the table.</summary>
    public int Slots => tracks.Length;

    /// <summary>Tracks in the store.</summary>
    public int TrackCount { get; private set; }

    /// <summary>Entries that are damaged.</summary>
    public int DamagedCount { get; private set; }

    /// <summary>True when entries are not those that were committed, and it is not known which.</summary>
    public bool IsDoubtful { get; private set; }

    /// <summary>First sum over the entries as they were committed.</summary>
    public int Sum0 { get; private set; }

    /// <summary>Second sum over the entries as they were committed.</summary>
    public int Sum1 { get; private set; }

    /// <summary>The entry of a track, damaged or not; -1 if there is none.</summary>
    public int Find(int track)
    {
        int slot = buckets[Bucket(track)];
        while (slot != None && tracks[slot] != track)
            slot = chain[slot];
        return slot;
    }

    /// <summary>True when an entry holds a track that is not damaged.</summary>
    public bool IsTrack(int slot) => lengths[slot] < DamagedEntry;

    /// <summary>True when an entry is damaged.</summary>
    public bool IsDamaged(int slot) => lengths[slot] == DamagedEntry;

    /// <summary>Track number in an entry; of a damaged one it may be wrong.</summary>
    public int Track(int slot) => tracks[slot];

    /// <summary>Version of the track in an entry: the number of the commit that wrote it.</summary>
    public int Version(int slot) => versions[slot];

    /// <summary>Length in bytes of the track in an entry that <see cref="IsTrack"/>.</summary>
    public int Length(int slot) => lengths[slot];

    /// <summary>First segment of the track in an entry that <see cref="IsTrack"/>.</summary>
    public int First(int slot) => firsts[slot];

    /// <summary>How many segments the track in an entry owns; 0 if it is none or damaged.</summary>
    public int SegmentCount(int slot) => IsTrack(slot) ? geometry.SegmentsFor(lengths[slot]) : 0;

    /// <summary>Takes a free entry for a new track.</summary>
    /// <returns>The entry, or -1 when all are in use.</returns>
    public int Reserve()
    {
        int slot = freeHead;
        if (slot != None)
            freeHead = chain[slot];
        return slot;
    }

    /// <summary>Gives back an entry that was reserved and not used.</summary>
    public void Unreserve(int slot)
    {
        chain[slot] = (short)freeHead;
        freeHead = slot;
    }

    /// <summary>Sets an entry, in RAM, and brings the sums up to date. A new track's entry was reserved.</summary>
    /// <param name="slot">The entry.</param>
    /// <param name="track">Track number.</param>
    /// <param name="version">Number of the commit.</param>
    /// <param name="length">Length in bytes, or <see cref="VtbRecord.Released"/>.</param>
    /// <param name="first">First of its segments, which are linked already; 0 when released.</param>
    public void Set(int slot, int track, int version, int length, int first)
    {
        Unhash(slot);
        bool wasDamaged = lengths[slot] == DamagedEntry;
        if (wasDamaged)
            DamagedCount--;
        else if (lengths[slot] != Free)
            TrackCount--;
        tracks[slot] = track;
        versions[slot] = version;
        lengths[slot] = (ushort)length;
        firsts[slot] = (short)first;
        Encode(slot, FramChip.CommandBytes);
        SetCrc(slot, EntryCrc(slot, FramChip.CommandBytes));
        if (length == VtbRecord.Released)
        {
            Unreserve(slot);
        }
        else
        {
            Hash(slot);
            TrackCount++;
        }
        // Entries that are whole and yet damaged are known by the sums only: these stay until the last of them is written over.
        if (!IsDoubtful && (DamagedCount == 0 || wasDamaged && !isWholeDamaged))
            Accept();
    }

    /// <summary>Takes the table as it is for the one that was committed: what was in doubt is given up.</summary>
    public void Accept()
    {
        Sum0 = (Sum0 - delta0) & SumMask;
        Sum1 = (Sum1 - delta1) & SumMask;
        delta0 = 0;
        delta1 = 0;
        IsDoubtful = false;
    }

    /// <summary>Writes an entry to the chip as it is in RAM.</summary>
    public void Store(int slot)
    {
        Encode(slot, FramChip.CommandBytes);
        Buffers.PutInt32(scratch, FramChip.CommandBytes + CrcAt, crcs[slot]);
        chip.Write(geometry.TrackEntryAddress(slot), scratch, FramChip.CommandBytes, Geometry.TrackEntryBytes);
    }

    /// <summary>True when the chip holds an entry as it is in RAM.</summary>
    public bool IsStored(int slot)
    {
        chip.Read(geometry.TrackEntryAddress(slot), scratch, FramChip.CommandBytes, Geometry.TrackEntryBytes);
        if (lengths[slot] == Free && crcs[slot] == 0)
            return Buffers.AreAll(scratch, FramChip.CommandBytes, Geometry.TrackEntryBytes, 0);
        return Buffers.GetInt32(scratch, FramChip.CommandBytes) == tracks[slot]
            && Buffers.GetInt32(scratch, FramChip.CommandBytes + VersionAt) == versions[slot]
            && Buffers.GetUInt16(scratch, FramChip.CommandBytes + LengthAt) == lengths[slot]
            && Buffers.GetUInt16(scratch, FramChip.CommandBytes + FirstAt) == firsts[slot]
            && Buffers.GetInt32(scratch, FramChip.CommandBytes + CrcAt) == crcs[slot];
    }

    /// <summary>Reads the entries from the chip as they are; <see cref="Check"/> judges them.</summary>
    public void Load()
    {
        int piece = (scratch.Length - FramChip.CommandBytes) / Geometry.TrackEntryBytes;
        for (int first = 0; first < tracks.Length; first += piece)
        {
            int count = tracks.Length - first < piece ? tracks.Length - first : piece;
            chip.Read(geometry.TrackEntryAddress(first), scratch, FramChip.CommandBytes, count * Geometry.TrackEntryBytes);
            for (int i = 0, at = FramChip.CommandBytes; i < count; i++, at += Geometry.TrackEntryBytes)
                Decode(first + i, at);
        }
    }

    /// <summary>Puts what a commit says in place of what was loaded, before <see cref="Check"/>.</summary>
    /// <returns>True if the chip holds something else.</returns>
    public bool Redo(int slot, int track, int version, int length, int first)
    {
        bool same = tracks[slot] == track && versions[slot] == version && lengths[slot] == length && firsts[slot] == first;
        int found = crcs[slot];
        tracks[slot] = track;
        versions[slot] = version;
        lengths[slot] = (ushort)length;
        firsts[slot] = (short)first;
        Encode(slot, FramChip.CommandBytes);
        crcs[slot] = EntryCrc(slot, FramChip.CommandBytes);
        return !same || found != crcs[slot];
    }

    /// <summary>True when the CRC-32 over an entry and its segments matches, and the segments exist.</summary>
    public bool IsWhole(int slot)
    {
        int length = lengths[slot];
        if (length != VtbRecord.Released)
        {
            if (length > geometry.LongestTrackBytes)
                return false;
            int segment = firsts[slot];
            for (int i = geometry.SegmentsFor(length); i > 0; i--)
            {
                if (segment < 0 || segment >= geometry.Segments)
                    return false;
                segment = segments.Next(segment);
            }
        }
        Encode(slot, FramChip.CommandBytes);
        return EntryCrc(slot, FramChip.CommandBytes) == crcs[slot];
    }

    /// <summary>
    /// Judges the loaded entries: finds the damaged ones, gives the tracks their segments, and holds the sums against those of the last
    /// commit.
    /// </summary>
    /// <param name="areSumsKnown">False when no record tells the sums; then they are taken as found.</param>
    /// <param name="sum0">First sum of the last commit.</param>
    /// <param name="sum1">Second sum of the last commit.</param>
    public void Check(bool areSumsKnown, int sum0, int sum1)
    {
        for (int i = 0; i < buckets.Length; i++)
            buckets[i] = None;
        freeHead = None;
        TrackCount = 0;
        DamagedCount = 0;
        IsDoubtful = false;
        Sum0 = 0;
        Sum1 = 0;
        segments.FreeAll();
        for (int slot = 0; slot < tracks.Length; slot++)
        {
            Sum0 = (Sum0 + crcs[slot]) & SumMask;
            Sum1 = (Sum1 + (slot + 1) * crcs[slot]) & SumMask;
        }
        delta0 = areSumsKnown ? (sum0 - Sum0) & SumMask : 0;
        delta1 = areSumsKnown ? (sum1 - Sum1) & SumMask : 0;
        Sum0 = (Sum0 + delta0) & SumMask;
        Sum1 = (Sum1 + delta1) & SumMask;
        isWholeDamaged = false;
        bool isExplained = (delta0 | delta1) == 0;
        for (int slot = 0; slot < tracks.Length; slot++)
        {
            if (IsNeverUsed(slot))
            {
                lengths[slot] = Free;
            }
            else if (!IsWhole(slot))
            {
                lengths[slot] = DamagedEntry;
                isExplained |= IsLocated(slot);
            }
        }
        if (!isExplained)
            isExplained = MarkLocated();
        // From the last to the first, so that the free entries come out in order.
        for (int slot = tracks.Length - 1; slot >= 0; slot--)
        {
            if (lengths[slot] == DamagedEntry)
                DamagedCount++;
            else if (lengths[slot] == Free)
                Unreserve(slot);
            else
                Admit(slot);
        }
        // Two damaged entries explain any difference. One does not explain this one: some other is not the committed one either.
        IsDoubtful = !isExplained && DamagedCount < 2;
        for (int slot = 0; slot < tracks.Length; slot++)
            if (lengths[slot] == DamagedEntry && Find(tracks[slot]) == None)
                Hash(slot);
    }

    // A whole entry whose track, or whose segments, another one has, too: one of the two is old. The newer one keeps them.
    private void Admit(int slot)
    {
        int count = SegmentCount(slot);
        while (Find(tracks[slot]) != None || !segments.CanClaim(firsts[slot], count))
        {
            int other = Rival(slot);
            if (other == None || versions[slot] - versions[other] <= 0)
            {
                lengths[slot] = DamagedEntry;
                isWholeDamaged = true;
                DamagedCount++;
                return;
            }
            isWholeDamaged = true;
            Evict(other);
        }
        segments.Claim(firsts[slot], count);
        Hash(slot);
        TrackCount++;
    }

    // An admitted entry that has this one's track or a segment of it.
    private int Rival(int slot)
    {
        int twin = Find(tracks[slot]);
        if (twin != None)
            return twin;
        for (int other = slot + 1; other < tracks.Length; other++)
            if (IsTrack(other) && SharesSegment(slot, other))
                return other;
        return None;
    }

    /// <summary>Marks an entry damaged that was not: its segments become free, and its track is not served any more.</summary>
    public void MarkDamaged(int slot)
    {
        if (IsTrack(slot))
        {
            Evict(slot);
            Hash(slot);
            return;
        }
        Unchain(slot);
        lengths[slot] = DamagedEntry;
        DamagedCount++;
        if (Find(tracks[slot]) == None)
            Hash(slot);
    }

    // Takes an admitted entry out: it is damaged.
    private void Evict(int slot)
    {
        Unhash(slot);
        segments.Free(firsts[slot], SegmentCount(slot));
        lengths[slot] = DamagedEntry;
        TrackCount--;
        DamagedCount++;
    }

    private bool SharesSegment(int slot, int other)
    {
        int segment = firsts[slot];
        for (int i = SegmentCount(slot); i > 0; i--)
        {
            int theirs = firsts[other];
            for (int j = SegmentCount(other); j > 0; j--)
            {
                if (theirs == segment)
                    return true;
                theirs = segments.Next(theirs);
            }
            segment = segments.Next(segment);
        }
        return false;
    }

    // If the sums are not those of the last commit and just one entry is not the committed one, the differences are d and
    // (place + 1) * d.
    private bool IsLocated(int slot) => (delta0 | delta1) != 0 && (((slot + 1) * delta0) & SumMask) == delta1;

    // Of entries that are whole, the one that the sums say is not the committed one. Several, if the difference is a multiple of a great
    // power of two; and since nobody can say which it is, all of them.
    private bool MarkLocated()
    {
        bool isFound = false;
        for (int slot = 0; slot < tracks.Length; slot++)
        {
            if (!IsLocated(slot))
                continue;
            lengths[slot] = DamagedEntry;
            isFound = true;
        }
        isWholeDamaged |= isFound;
        return isFound;
    }

    private bool IsNeverUsed(int slot) =>
        crcs[slot] == 0 && tracks[slot] == 0 && versions[slot] == 0 && lengths[slot] == 0 && firsts[slot] == 0;

    private void Encode(int slot, int at)
    {
        Buffers.PutInt32(scratch, at, tracks[slot]);
        Buffers.PutInt32(scratch, at + VersionAt, versions[slot]);
        Buffers.PutUInt16(scratch, at + LengthAt, lengths[slot]);
        Buffers.PutUInt16(scratch, at + FirstAt, firsts[slot]);
    }

    private void Decode(int slot, int at)
    {
        tracks[slot] = Buffers.GetInt32(scratch, at);
        versions[slot] = Buffers.GetInt32(scratch, at + VersionAt);
        lengths[slot] = (ushort)Buffers.GetUInt16(scratch, at + LengthAt);
        firsts[slot] = (short)Buffers.GetUInt16(scratch, at + FirstAt);
        crcs[slot] = Buffers.GetInt32(scratch, at + CrcAt);
    }

    // CRC-32 over the encoded entry at `at` and the numbers of its further segments.
    private int EntryCrc(int slot, int at)
    {
        int end = at + CrcAt;
        int segment = firsts[slot];
        for (int i = SegmentCount(slot); i > 1; i--)
        {
            segment = segments.Next(segment);
            Buffers.PutUInt16(scratch, end, segment);
            end += Geometry.LinkBytes;
        }
        Buffers.PutUInt32(scratch, end, Crc.Of(scratch, at, end - at));
        return Buffers.GetInt32(scratch, end); // through bytes: an int made from a uint keeps its unsigned tag
    }

    private void SetCrc(int slot, int value)
    {
        int difference = value - crcs[slot];
        crcs[slot] = value;
        Sum0 = (Sum0 + difference) & SumMask;
        Sum1 = (Sum1 + (slot + 1) * difference) & SumMask;
    }

    private int Bucket(int track) => (track ^ (track >> 11) ^ (track >> 22)) & (buckets.Length - 1);

    private void Hash(int slot)
    {
        int bucket = Bucket(tracks[slot]);
        chain[slot] = buckets[bucket];
        buckets[bucket] = (short)slot;
    }

    // Takes an entry off its hash chain, if it is on it: a damaged one with another track's number is not.
    private void Unhash(int slot)
    {
        if (lengths[slot] == Free)
            return;
        int bucket = Bucket(tracks[slot]);
        if (buckets[bucket] == slot)
        {
            buckets[bucket] = chain[slot];
            return;
        }
        for (int i = buckets[bucket]; i != None; i = chain[i])
            if (chain[i] == slot)
            {
                chain[i] = chain[slot];
                return;
            }
    }

    private void Unchain(int slot)
    {
        if (freeHead == slot)
        {
            freeHead = chain[slot];
            return;
        }
        for (int i = freeHead; i != None; i = chain[i])
            if (chain[i] == slot)
            {
                chain[i] = chain[slot];
                return;
            }
    }
}
