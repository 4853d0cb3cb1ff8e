using System;
using System.Diagnostics;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>What an entry of the track table is.</summary>
public enum EntryState : byte
{
    /// <summary>Never used, or its track was released.</summary>
    Free,

    /// <summary>It holds a track.</summary>
    Track,

    /// <summary>It is not whole, or not the one that was committed.</summary>
    Damaged,
}

/// <summary>Which tracks there are, and where: one entry a track, which stays in its place for the track's life.</summary>
/// <remarks>
/// <para>An entry is its bytes, in RAM as on the medium:</para>
/// <code>
///  0       4        6       8         12
/// | track | length | first | version | CRC-32 |
/// </code>
/// <para>Invariants: the two sums are those of the CRC-32 fields in RAM, each as it is and each times its place; a free or a damaged entry
/// owns no segment; an entry with a track is on the hash chain of its number, and so is a damaged one unless another has the number.</para>
/// </remarks>
public sealed class TrackTable
{
    /// <summary>Length of an entry.</summary>
    public const int EntryBytes = 16;

    /// <summary>Track number, 4 bytes.</summary>
    public const int TrackAt = 0;

    /// <summary>Length in bytes, or <see cref="Block.Released"/>, 2 bytes.</summary>
    public const int LengthAt = 4;

    /// <summary>First segment and, in bit 15, whether the track has several blocks, 2 bytes.</summary>
    public const int FirstAt = 6;

    /// <summary>Version, 4 bytes.</summary>
    public const int VersionAt = 8;

    /// <summary>CRC-32 of the bytes before and of the linked segments, 4 bytes.</summary>
    public const int CrcAt = 12;

    /// <summary>In the first segment's word: the track has several blocks, its segments are linked.</summary>
    public const int Linked = 0x8000;

    /// <summary>No entry.</summary>
    public const int None = -1;

    /// <summary>In an entry of <see cref="States"/>: the write request being received has the entry's track.</summary>
    public const byte InRequest = 0x10;

    /// <summary>The <see cref="EntryState"/> in an entry of <see cref="States"/>.</summary>
    public const byte StateMask = 0x0F;

    /// <summary>The entries as on the medium, from index <see cref="FramChip.CommandBytes"/> on.</summary>
    public readonly byte[] Image;

    /// <summary>The entries' states, and <see cref="InRequest"/>.</summary>
    public readonly byte[] States;

    /// <summary>Tracks in the store.</summary>
    public int TrackCount;

    /// <summary>Entries that are damaged.</summary>
    public int DamagedCount;

    /// <summary>Segments that the tracks count for, see <see cref="Geometry.SegmentsFor"/>.</summary>
    public int CountedSegments;

    /// <summary>The first entry from which on none was ever used.</summary>
    public int NeverUsed;

    /// <summary>First sum over the CRC-32 fields.</summary>
    public uint Sum0;

    /// <summary>Second sum over the CRC-32 fields.</summary>
    public uint Sum1;

    private const int At = FramChip.CommandBytes;
    private const int BucketShift = 9;

    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly SegmentTable segments;
    private readonly byte[] scratch;
    private readonly int dataBytes;
    // Entries plus one, so that a cleared table is an empty one.
    private readonly short[] chain;
    private readonly short[] buckets;
    private readonly int bucketMask;
    private int freeHead;

    /// <summary>A table with no tracks.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="segments">Knows the linked segments.</param>
    /// <param name="scratch">A buffer to write and read with.</param>
    public TrackTable(FramChip chip, Geometry geometry, SegmentTable segments, byte[] scratch)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.segments = segments;
        this.scratch = scratch;
        dataBytes = geometry.DataBytes;
        Image = new byte[At + geometry.Entries * EntryBytes];
        States = new byte[geometry.Entries];
        chain = new short[geometry.Entries];
        int bucketCount = 16;
        while (bucketCount * 2 < geometry.Entries)
            bucketCount *= 2;
        buckets = new short[bucketCount];
        bucketMask = bucketCount - 1;
    }

    /// <summary>State of an entry.</summary>
    public EntryState State(int entry) => (EntryState)(States[entry] & StateMask);

    /// <summary>Track number in an entry; of a damaged one it may be wrong.</summary>
    public int Track(int entry) => BitConverter.ToInt32(Image, At + entry * EntryBytes + TrackAt);

    /// <summary>Length in bytes of the track in an entry.</summary>
    public int Length(int entry) => BitConverter.ToUInt16(Image, At + entry * EntryBytes + LengthAt);

    /// <summary>Version of the track in an entry: the number of the commit that wrote it.</summary>
    public int Version(int entry) => BitConverter.ToInt32(Image, At + entry * EntryBytes + VersionAt);

    /// <summary>First segment of the track in an entry.</summary>
    public int First(int entry) => BitConverter.ToUInt16(Image, At + entry * EntryBytes + FirstAt) & Block.SegmentMask;

    /// <summary>True when the track in an entry has several blocks.</summary>
    public bool IsLinked(int entry) => (Image[At + entry * EntryBytes + FirstAt + 1] & (Linked >> 8)) != 0;

    /// <summary>How many neighbouring segments the track in an entry has; 0 when they are linked.</summary>
    public int Neighbours(int entry) => IsLinked(entry) ? 0 : geometry.SegmentsOfBlock(Length(entry));

    /// <summary>The entry of a track, damaged or not; <see cref="None"/> if there is none.</summary>
    public int Find(int track)
    {
        byte[] image = Image;
        int entry = buckets[(track ^ (track >> BucketShift)) & bucketMask] - 1;
        while (entry >= 0 && BitConverter.ToInt32(image, At + entry * EntryBytes) != track)
            entry = chain[entry] - 1;
        return entry;
    }

    /// <summary>Takes a free entry for a new track.</summary>
    /// <returns>The entry, or <see cref="None"/> when all are in use.</returns>
    public int Reserve()
    {
        int entry = freeHead - 1;
        if (entry >= 0)
            freeHead = chain[entry];
        else if (NeverUsed < States.Length)
            entry = NeverUsed++;
        return entry;
    }

    /// <summary>Gives back an entry that was reserved and not used.</summary>
    public void Unreserve(int entry)
    {
        chain[entry] = (short)freeHead;
        freeHead = entry + 1;
    }

    /// <summary>Takes over what a commit says of a track, in RAM. The entry of a new track was reserved, the links are set.</summary>
    /// <param name="entry">The track's entry.</param>
    /// <param name="track">Its number.</param>
    /// <param name="length">Its new length, or <see cref="Block.Released"/>.</param>
    /// <param name="first">Its first segment, and <see cref="Linked"/>.</param>
    /// <param name="version">Its version, as bytes.</param>
    /// <returns>Where in the entry what changed begins.</returns>
    public int Apply(int entry, int track, int length, int first, byte[] version)
    {
        int at = At + entry * EntryBytes;
        int state = States[entry] & StateMask;
        int from = 0;
        if (state == (int)EntryState.Track)
        {
            int old = BitConverter.ToInt32(Image, at + LengthAt); // and the first segment above it
            int oldLength = old & 0xFFFF;
            old = (old >> 16) & 0xFFFF;
            if (old >= Linked)
                segments.Pin(old & Block.SegmentMask, 0);
            else
                segments.Pin(old, oldLength <= dataBytes ? 1 : geometry.SegmentsOfBlock(oldLength));
            if (oldLength == length)
            {
                from = FirstAt;
            }
            else
            {
                CountedSegments += geometry.SegmentsFor(length) - geometry.SegmentsFor(oldLength);
                if (length == Block.Released)
                {
                    TrackCount--;
                    Unhash(entry);
                    Unreserve(entry);
                }
            }
        }
        else
        {
            if (state == (int)EntryState.Damaged)
            {
                Unhash(entry);
                DamagedCount--;
            }
            CountedSegments += geometry.SegmentsFor(length);
            if (length == Block.Released)
            {
                Unreserve(entry);
            }
            else
            {
                TrackCount++;
                Hash(entry, track);
            }
        }
        Put(entry, track, length, first, version, from);
        States[entry] = (byte)(length == Block.Released ? EntryState.Free : EntryState.Track);
        return from;
    }

    /// <summary>Writes the bytes of an entry as a commit says, and brings the sums up to date.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="track">The track's number.</param>
    /// <param name="length">Its length, or <see cref="Block.Released"/>.</param>
    /// <param name="first">Its first segment, and <see cref="Linked"/>.</param>
    /// <param name="version">Its version, as bytes.</param>
    /// <param name="from">Where in the entry what changed begins: 0 or <see cref="FirstAt"/>.</param>
    public void Put(int entry, int track, int length, int first, byte[] version, int from)
    {
        byte[] image = Image;
        int at = At + entry * EntryBytes;
        int crcAt = at + CrcAt;
        uint replaced = BitConverter.ToUInt32(image, crcAt);
        if (from == 0)
        {
            Buffers.PutInt32(image, at, track);
            Buffers.PutUInt16(image, at + LengthAt, length);
            if (length == Block.Released)
                first = 0;
        }
        image[at + FirstAt] = (byte)first;
        image[at + FirstAt + 1] = (byte)(first >> 8);
        Array.Copy(version, 0, image, at + VersionAt, 4);
        uint crc = first >= Linked ? LinkedCrc(at) : Crc.Of(image, at, CrcAt);
        image[crcAt] = (byte)crc;
        image[crcAt + 1] = (byte)(crc >> 8);
        image[crcAt + 2] = (byte)(crc >> 16);
        image[crcAt + 3] = (byte)(crc >> 24);
        crc -= replaced;
        Sum0 += crc;
        Sum1 += crc * (uint)(entry + 1);
    }

    /// <summary>Writes neighbouring entries to the chip and reads the last CRC-32 back.</summary>
    /// <param name="entry">The first entry.</param>
    /// <param name="from">Where in it to begin: what stands before is on the chip already.</param>
    /// <param name="count">How many entries.</param>
    public void Store(int entry, int from, int count)
    {
        int at = entry * EntryBytes + from;
        int bytes = count * EntryBytes - from;
        Array.Copy(Image, At + at, scratch, At, bytes);
        chip.Store(geometry.TracksAddress + at, scratch, At, bytes);
    }

    /// <summary>True when the chip holds an entry as it is in RAM.</summary>
    public bool IsStored(int entry)
    {
        int at = entry * EntryBytes;
        chip.Read(geometry.TracksAddress + at, scratch, At, EntryBytes);
        return Buffers.AreSame(scratch, At, Image, At + at, EntryBytes);
    }

    /// <summary>Reads the entries from the chip as they are.</summary>
    public void Load()
    {
        // In pieces, because the bus takes no offset beyond 32767: as many as one transaction reads.
        int bytes = States.Length * EntryBytes;
        int most = scratch.Length - At;
        if (most > FramChip.LargestReadBytes)
            most = FramChip.LargestReadBytes;
        for (int done = 0; done < bytes; done += most)
        {
            if (most > bytes - done)
                most = bytes - done;
            chip.Read(geometry.TracksAddress + done, scratch, At, most);
            Array.Copy(scratch, At, Image, At + done, most);
        }
    }

    /// <summary>The CRC-32 that the entry at an index of <see cref="Image"/> should have when its track has several blocks.</summary>
    public uint LinkedCrc(int at)
    {
        int end = At + CrcAt;
        Array.Copy(Image, at, scratch, At, CrcAt);
        int last = scratch.Length - Geometry.LinkBytes;
        int segment = segments.Next(BitConverter.ToUInt16(Image, at + FirstAt) & Block.SegmentMask);
        while (segment < geometry.Segments && end <= last)
        {
            Buffers.PutUInt16(scratch, end, segment);
            end += Geometry.LinkBytes;
            segment = segments.Next(segment);
        }
        return Crc.Of(scratch, At, end - At);
    }

    /// <summary>Forgets all entries in RAM but their bytes, to admit them anew.</summary>
    public void Clear()
    {
        Array.Clear(States, 0, States.Length);
        Array.Clear(buckets, 0, buckets.Length);
        freeHead = 0;
        NeverUsed = States.Length;
        TrackCount = 0;
        DamagedCount = 0;
        CountedSegments = 0;
        Sum0 = 0;
        Sum1 = 0;
    }

    /// <summary>
    /// Admits the entries in one flat pass from the last to the first, as long as there is nothing odd: each is whole, of a released track
    /// or of a track of one block, and nothing else has its track or its segments.
    /// </summary>
    /// <param name="entry">The last entry that is not admitted yet.</param>
    /// <param name="wholeCrc">CRC-32 of a whole entry.</param>
    /// <returns>The entry that is odd; <see cref="None"/> when all are admitted.</returns>
    public int AdmitDownFrom(int entry, uint wholeCrc)
    {
        byte[] image = Image;
        byte[] states = States;
        bool[] taken = segments.IsTaken;
        short[] heads = buckets;
        short[] next = chain;
        int mask = bucketMask;
        int shortBytes = dataBytes;
        int admitted = 0;
        int shortOnes = 0;
        uint sum0 = Sum0;
        uint sum1 = Sum1;
        for (int at = At + entry * EntryBytes; entry >= 0; entry--, at -= EntryBytes)
        {
            if (Crc.Of(image, at, EntryBytes) != wholeCrc)
                break;
            int lengthAndFirst = BitConverter.ToInt32(image, at + LengthAt);
            int length = lengthAndFirst & 0xFFFF;
            if (length != Block.Released)
            {
                int first = (lengthAndFirst >> 16) & 0xFFFF;
                int track = BitConverter.ToInt32(image, at);
                int bucket = (track ^ (track >> BucketShift)) & mask;
                int head = heads[bucket];
                int other = head - 1;
                while (other >= 0 && BitConverter.ToInt32(image, At + other * EntryBytes) != track)
                    other = next[other] - 1;
                if (other >= 0 || first >= taken.Length)
                    break;
                if (length <= shortBytes)
                {
                    if (taken[first])
                        break;
                    taken[first] = true;
                    shortOnes++;
                }
                else
                {
                    if (length > geometry.PieceBytes || !segments.TryClaim(first, geometry.SegmentsOfBlock(length)))
                        break;
                    CountedSegments += geometry.SegmentsFor(length);
                }
                next[entry] = (short)head;
                heads[bucket] = (short)(entry + 1);
                states[entry] = (byte)EntryState.Track;
                admitted++;
            }
            else
            {
                Unreserve(entry);
            }
            sum0 += BitConverter.ToUInt32(image, at + CrcAt);
            sum1 += sum0;
        }
        Sum0 = sum0;
        Sum1 = sum1;
        TrackCount += admitted;
        CountedSegments += shortOnes;
        segments.OwnedCount += shortOnes;
        return entry;
    }

    /// <summary>
    /// Adds the CRC-32 of an entry to the sums while entries are admitted from the last to the first: adding the first sum to the second
    /// each time adds each CRC-32 as often as its place says.
    /// </summary>
    public void AddSums(byte[] image, int at)
    {
        Sum0 += BitConverter.ToUInt32(image, at + CrcAt);
        Sum1 += Sum0;
    }

    /// <summary>Admits an entry whose segments are claimed.</summary>
    public void Admit(int entry, int track, int length)
    {
        Debug.Assert(States[entry] == (byte)EntryState.Free, "an entry is admitted twice");
        States[entry] = (byte)EntryState.Track;
        TrackCount++;
        CountedSegments += geometry.SegmentsFor(length);
        Hash(entry, track);
    }

    /// <summary>Marks an entry damaged, in RAM: its segments become free, and its track is not served any more.</summary>
    public void MarkDamaged(int entry)
    {
        if (States[entry] == (byte)EntryState.Damaged)
            return;
        if (States[entry] == (byte)EntryState.Track)
        {
            Unhash(entry);
            segments.Free(First(entry), Neighbours(entry));
            CountedSegments -= geometry.SegmentsFor(Length(entry));
            TrackCount--;
        }
        States[entry] = (byte)EntryState.Damaged;
        DamagedCount++;
        if (Find(Track(entry)) == None)
            Hash(entry, Track(entry));
    }

    /// <summary>Makes an entry that is damaged not whole on the medium, too: only the sums tell that it is damaged.</summary>
    public void StoreMark(int entry)
    {
        int at = At + entry * EntryBytes + CrcAt;
        uint old = BitConverter.ToUInt32(Image, at);
        uint mark = old ^ 0xFFFFFFFF;
        Buffers.PutUInt32(Image, at, mark);
        Sum0 += mark - old;
        Sum1 += (mark - old) * (uint)(entry + 1);
        Store(entry, CrcAt, 1);
    }

    /// <summary>Takes an entry that is damaged off the chain of free entries, where it may stand.</summary>
    public void Unchain(int entry) => freeHead = Without(freeHead, entry);

    private void Hash(int entry, int track)
    {
        int bucket = (track ^ (track >> BucketShift)) & bucketMask;
        chain[entry] = buckets[bucket];
        buckets[bucket] = (short)(entry + 1);
    }

    // Takes an entry off its hash chain, if it is on it: a damaged one with another track's number is not.
    private void Unhash(int entry)
    {
        int track = Track(entry);
        int bucket = (track ^ (track >> BucketShift)) & bucketMask;
        buckets[bucket] = (short)Without(buckets[bucket], entry);
    }

    // The head of a chain from which an entry was taken, if it stood there.
    private int Without(int head, int entry)
    {
        if (head == entry + 1)
            return chain[entry];
        for (int i = head - 1; i >= 0; i = chain[i] - 1)
            if (chain[i] == entry + 1)
                chain[i] = chain[entry];
        return head;
    }
}
