using System;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>
/// The virtual track buffer (VTB): the two segment sets, the flag that says which one the next write request uses, and the last commit; in
/// RAM here, on the medium in the blocks and, now and then, in a record.
/// </summary>
/// <remarks>
/// <para>Invariants: the active set lists as many free segments as a set has, and behind them the one where the other set begins if the
/// request takes all; the segment where the next block will be looked for is its first. Between two requests the tables on the medium
/// hold all commits; a record says so when it is due.</para>
/// <para>The set that a commit did not use up, the other one takes over; it is topped up by what the commit used.</para>
/// </remarks>
public sealed class VirtualTrackBuffer
{
    /// <summary>Commits after which a record is due: so many, recovery may have to follow.</summary>
    public const int CommitsPerRecord = 16;

    /// <summary>
    /// What is not there at boot is looked at so often before that is believed, with a sign of the chip's life half-way: neither a few bad
    /// reads in a row nor a contact that was lost for a moment must lose a commit.
    /// </summary>
    public const int Looks = 4;

    private const int At = FramChip.CommandBytes;
    private const int LapMask = 0x0F;

    /// <summary>Number of the last commit; 0 right after format.</summary>
    public int Version;

    /// <summary>How often the numbers have come round, modulo 16.</summary>
    public int Lap;

    /// <summary>The active-set flag: the set that the next write request uses, 0 for A and 1 for B.</summary>
    public int Flag;

    /// <summary>The set that the next write request uses, and one segment more.</summary>
    public short[] Active;

    /// <summary>The number that the next commit gets.</summary>
    public int ComingVersion;

    /// <summary>The same as bytes.</summary>
    public readonly byte[] Coming = new byte[4];

    /// <summary>The lap of the next commit.</summary>
    public int ComingLap;

    /// <summary>The same, where it stands in the high byte of a block's entry.</summary>
    public int LapBits;

    /// <summary>The segment where the next block begins: the first of the active set.</summary>
    public int NextSegment;

    /// <summary>Index in the active set of the first segment that would hold as much as the last commit in one run.</summary>
    public int RunAt;

    /// <summary>Client of the commit that the record read last is of; 0: nobody's.</summary>
    public int Client;

    /// <summary>Request number of that commit.</summary>
    public int Number;

    /// <summary>Fingerprint of that commit.</summary>
    public int Fingerprint;

    /// <summary>True when its client only passes by.</summary>
    public bool IsPassing;

    /// <summary>First segment that the last commit used.</summary>
    public int CommittedFirst;

    /// <summary>How many segments the last commit used.</summary>
    public int CommittedCount;

    /// <summary>How often a board has started with this store.</summary>
    public int Boots;

    /// <summary>True when who asked last may have been lost, until repair.</summary>
    public bool IsInDoubt;

    /// <summary>Commits since the current record.</summary>
    public int CommitsSinceRecord;

    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly byte[] scratch;
    private readonly short[] setA;
    private readonly short[] setB;
    private readonly int halfSet;
    private int segmentsSinceRecord;
    private int nextRecord;

    /// <summary>Two empty sets.</summary>
    public VirtualTrackBuffer(FramChip chip, Geometry geometry, byte[] scratch)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.scratch = scratch;
        setA = new short[geometry.SetSegments + 1];
        setB = new short[geometry.SetSegments + 1];
        halfSet = (geometry.SetSegments + 1) / 2;
        Active = setA;
    }

    /// <summary>A set: A for 0, B for 1.</summary>
    public short[] SetOf(int flag) => flag == 0 ? setA : setB;

    /// <summary>True when a record should be written before the next request.</summary>
    /// <param name="pinned">Segments that wait for it.</param>
    public bool IsRecordDue(int pinned) =>
        CommitsSinceRecord >= CommitsPerRecord || segmentsSinceRecord >= halfSet || pinned >= halfSet;

    /// <summary>Notes a commit, in RAM: the flag turns over.</summary>
    /// <param name="used">Segments of the active set that it used.</param>
    /// <param name="next">Index in the active set of the segment where the other set begins.</param>
    public void Advance(int used, int next)
    {
        NextSegment = Active[next];
        CommittedFirst = Active[0];
        CommittedCount = used;
        Flag = 1 - Flag;
        CommitsSinceRecord++;
        segmentsSinceRecord += used;
        Count();
    }

    /// <summary>Takes the next number: of a commit, or of a boot, which leaves out one.</summary>
    public void Count()
    {
        Version = ComingVersion;
        Lap = ComingLap;
        ComingVersion++;
        if (++Coming[0] == 0)
            SetComing();
    }

    /// <summary>Makes what is known of the next commit fit the last one. 0 is left out: it means that there is no track.</summary>
    public void SetComing()
    {
        bool isLapOver = Version == -1;
        ComingVersion = isLapOver ? 1 : Version + 1;
        ComingLap = isLapOver ? (Lap + 1) & LapMask : Lap;
        LapBits = ComingLap << (Block.LapShift - 8);
        Buffers.PutInt32(Coming, 0, ComingVersion);
    }

    /// <summary>Prepares the next set, of which the segment at an index of the present one is the first.</summary>
    /// <param name="segments">Knows what is free.</param>
    /// <param name="next">Index in the set that was active until <see cref="Advance"/>.</param>
    public void Prepare(SegmentTable segments, int next)
    {
        short[] old = Active;
        short[] set = SetOf(Flag);
        int count = old.Length - next;
        Array.Copy(old, next, set, 0, count);
        Active = set;
        TopUp(segments, count);
        FindRun(segments);
    }

    /// <summary>Prepares the active set from a segment on.</summary>
    public void PrepareFrom(SegmentTable segments, int first)
    {
        Active = SetOf(Flag);
        NextSegment = segments.NextFree(first);
        Active[0] = (short)NextSegment;
        TopUp(segments, 1);
        FindRun(segments);
    }

    /// <summary>Writes a record: the tables hold all commits. Then what the commits since the last record made free is free.</summary>
    /// <param name="tracks">Knows the sums.</param>
    /// <param name="segments">Holds what is pinned.</param>
    /// <param name="clients">Knows whose the last commit is.</param>
    public void StoreRecord(TrackTable tracks, SegmentTable segments, ClientTable clients)
    {
        int last = clients.Last;
        bool isPassing = last >= geometry.StayingClients;
        Array.Clear(scratch, At, VtbRecord.Bytes);
        Buffers.PutInt32(scratch, At + VtbRecord.VersionAt, Version);
        if (last >= 0)
        {
            Buffers.PutInt32(scratch, At + VtbRecord.ClientAt, clients.Ids[last]);
            Buffers.PutInt32(scratch, At + VtbRecord.NumberAt, clients.Numbers[last]);
            Buffers.PutInt32(scratch, At + VtbRecord.FingerprintAt, clients.Fingerprints[last]);
        }
        Buffers.PutUInt32(scratch, At + VtbRecord.Sum0At, tracks.Sum0);
        Buffers.PutUInt32(scratch, At + VtbRecord.Sum1At, tracks.Sum1);
        Buffers.PutInt32(scratch, At + VtbRecord.BootsAt, Boots);
        Buffers.PutUInt16(scratch, At + VtbRecord.NextAt, NextSegment | (Flag != 0 ? Block.SetB : 0));
        scratch[At + VtbRecord.LapAt] = (byte)(Lap | (IsInDoubt ? VtbRecord.InDoubt : 0) | (isPassing ? VtbRecord.Passing : 0));
        VtbRecord.Seal(scratch, At);
        chip.Store(nextRecord == 0 ? geometry.FirstRecordAddress : geometry.SecondRecordAddress, scratch, At, VtbRecord.Bytes);
        nextRecord = 1 - nextRecord;
        CommitsSinceRecord = 0;
        segmentsSinceRecord = 0;
        segments.FreePinned();
    }

    /// <summary>Reads both records and takes the newer whole one.</summary>
    /// <param name="next">The segment where the next block begins.</param>
    /// <param name="sum0">First sum over the track table.</param>
    /// <param name="sum1">Second sum over the track table.</param>
    /// <returns>False when no record is whole.</returns>
    public bool Load(out int next, out uint sum0, out uint sum1)
    {
        const int SecondAt = At + VtbRecord.Bytes;
        bool isFirst = IsWhole(geometry.FirstRecordAddress, At);
        bool isSecond = IsWhole(geometry.SecondRecordAddress, SecondAt);
        if (isFirst && isSecond)
        {
            int later = Buffers.GetInt32(scratch, SecondAt + VtbRecord.VersionAt) - Buffers.GetInt32(scratch, At + VtbRecord.VersionAt);
            isFirst = later <= 0;
        }
        CommittedFirst = 0;
        CommittedCount = 0;
        CommitsSinceRecord = 0;
        segmentsSinceRecord = 0;
        nextRecord = isFirst ? 1 : 0;
        int at = isFirst ? At : SecondAt;
        bool isAny = isFirst || isSecond;
        if (!isAny)
            Array.Clear(scratch, at, VtbRecord.Bytes);
        Version = Buffers.GetInt32(scratch, at + VtbRecord.VersionAt);
        Client = Buffers.GetInt32(scratch, at + VtbRecord.ClientAt);
        Number = Buffers.GetInt32(scratch, at + VtbRecord.NumberAt);
        Fingerprint = Buffers.GetInt32(scratch, at + VtbRecord.FingerprintAt);
        sum0 = BitConverter.ToUInt32(scratch, at + VtbRecord.Sum0At);
        sum1 = BitConverter.ToUInt32(scratch, at + VtbRecord.Sum1At);
        Boots = Buffers.GetInt32(scratch, at + VtbRecord.BootsAt);
        int word = Buffers.GetUInt16(scratch, at + VtbRecord.NextAt);
        next = word & Block.SegmentMask;
        Flag = (word & Block.SetB) != 0 ? 1 : 0;
        int lap = scratch[at + VtbRecord.LapAt];
        Lap = lap & LapMask;
        IsInDoubt = (lap & VtbRecord.InDoubt) != 0;
        IsPassing = (lap & VtbRecord.Passing) != 0;
        SetComing();
        return isAny && next < geometry.Segments;
    }

    /// <summary>True when the current record on the medium is whole and of a version no later than the last commit.</summary>
    public bool IsRecordStored()
    {
        chip.Read(nextRecord != 0 ? geometry.FirstRecordAddress : geometry.SecondRecordAddress, scratch, At, VtbRecord.Bytes);
        int behind = Version - Buffers.GetInt32(scratch, At + VtbRecord.VersionAt);
        return VtbRecord.IsWhole(scratch, At) && behind >= 0 && behind <= CommitsPerRecord + 1;
    }

    // Behind the older record recovery could follow an old chain: that the newer one is not whole is believed after several looks.
    private bool IsWhole(int address, int at)
    {
        for (int look = 0; look < Looks; look++)
        {
            if (look == Looks / 2)
                chip.CheckAlive();
            chip.Read(address, scratch, at, VtbRecord.Bytes);
            if (VtbRecord.IsWhole(scratch, at))
                return true;
        }
        return false;
    }

    // Takes the free segments behind the last one of the set, going round at the end. What became free in between after the set had passed
    // is taken, too, when there is no other.
    private void TopUp(SegmentTable segments, int count)
    {
        short[] set = Active;
        bool[] taken = segments.IsTaken;
        int segment = set[count - 1];
        bool isAnew = count == 1;
        for (; count < set.Length; count++)
        {
            segment++;
            if (segment == taken.Length || taken[segment])
                segment = segments.NextFree(segment);
            if (segment == set[0])
            {
                if (isAnew)
                    throw new InvalidOperationException(); // too few are free for a set: rather an error than a segment for two tracks
                isAnew = true;
                count = 1;
                segment = segments.NextFree(segment + 1);
            }
            set[count] = (short)segment;
        }
    }

    // Where the other set begins if the next request is as long as the last one: at a run of neighbours for it. The segments between are
    // left out; they are free as before.
    private void FindRun(SegmentTable segments)
    {
        short[] set = Active;
        int count = CommittedCount;
        RunAt = count;
        if (count < 2)
            return;
        for (int i = count; i + count < set.Length; i++)
            if (set[i + count - 1] - set[i] == count - 1)
            {
                RunAt = i;
                return;
            }
        int run = count < set.Length ? segments.NextRun(set[count - 1] + 1, count, set[0]) : -1;
        if (run < 0)
            return;
        set[count] = (short)run;
        TopUp(segments, count + 1);
    }
}
