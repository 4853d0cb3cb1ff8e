using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>
/// The virtual track buffer (VTB): the two segment sets, A and B, the active-set flag that says which one the next write request uses,
/// and what the current commit is. It lives in RAM and, commit by commit, in two records on the medium.
/// </summary>
/// <remarks>
/// <para>Invariant: of the two records at least one is whole, and the newer whole one is the current commit. A commit writes over the
/// older one only, after all that the newer one stands for is on the medium elsewhere.</para>
/// <para>Invariant: between two requests the active set is prepared: a full set of free segments, which are the first free ones behind
/// <see cref="VtbRecord.NextFirst"/>, going round at the end. So the record identifies both sets, the one of the current commit by its
/// segments and the active one by where it begins; a power loss changes neither.</para>
/// </remarks>
public sealed class VirtualTrackBuffer
{
    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly byte[] scratch;
    private readonly short[] setA;
    private readonly short[] setB;
    private int where;

    /// <summary>A buffer without sets.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="scratch">A buffer to encode and decode in.</param>
    public VirtualTrackBuffer(FramChip chip, Geometry geometry, byte[] scratch)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.scratch = scratch;
        setA = new short[geometry.SetSegments];
        setB = new short[geometry.SetSegments];
        Current = new VtbRecord(geometry.SetSegments);
        Coming = new VtbRecord(geometry.SetSegments);
    }

    /// <summary>The current commit.</summary>
    public VtbRecord Current { get; private set; }

    /// <summary>The commit being put together; after a commit and after <see cref="Load"/> the one before the current one.</summary>
    public VtbRecord Coming { get; private set; }

    /// <summary>True when <see cref="Coming"/> is the whole record of the commit before the current one.</summary>
    public bool HasPrevious { get; private set; }

    /// <summary>The active-set flag: 0 when the next write request uses set A, 1 for set B.</summary>
    public int Flag => Current.Flag;

    /// <summary>The set that the next write request uses.</summary>
    public short[] ActiveSet => Flag == 0 ? setA : setB;

    /// <summary>The set that the current commit used.</summary>
    public short[] CommittedSet => Flag == 0 ? setB : setA;

    /// <summary>How many segments of its set the current commit used.</summary>
    public int CommittedCount { get; private set; }

    /// <summary>How many segments the active set holds: all of a set, but in a store that is damaged beyond telling.</summary>
    public int PreparedCount { get; private set; }

    /// <summary>The number that the next commit gets: 0 is left out, it means that there is no track.</summary>
    public int NextSequence => After(Current.Sequence);

    /// <summary>The number of the commit after one.</summary>
    public static int After(int sequence) => sequence == -1 ? 1 : sequence + 1;

    /// <summary>Writes the first record of a new store: no commit yet, set A is active and begins at segment 0.</summary>
    public void Initialise()
    {
        Current.Clear();
        Current.Sequence = 0;
        Current.Client = 0;
        Current.Request = 0;
        Current.Sum0 = 0;
        Current.Sum1 = 0;
        Current.Flag = 0;
        Current.NextFirst = 0;
        int length = Current.Put(scratch, FramChip.CommandBytes, setB, 0);
        chip.Write(geometry.RecordAddress(0), scratch, FramChip.CommandBytes, length);
    }

    /// <summary>Reads both records and takes the newer whole one.</summary>
    /// <param name="isTorn">True when the other record is neither whole nor empty.</param>
    /// <returns>False when no record is whole.</returns>
    public bool Load(out bool isTorn)
    {
        // The first record is read to A, the second to B; then what stands in the wrong set is exchanged.
        int firstCount = Read(0, Current, setA, out bool isFirstEmpty);
        int secondCount = Read(1, Coming, setB, out bool isSecondEmpty);
        isTorn = firstCount < 0 && !isFirstEmpty || secondCount < 0 && !isSecondEmpty;
        HasPrevious = false;
        if (firstCount < 0 && secondCount < 0)
        {
            Current.Clear();
            CommittedCount = 0;
            where = 0;
            return false;
        }
        bool isSecondNewer = firstCount < 0 || secondCount >= 0 && Coming.Sequence - Current.Sequence > 0;
        CommittedCount = isSecondNewer ? secondCount : firstCount;
        where = isSecondNewer ? 0 : 1;
        if (isSecondNewer)
            Exchange();
        short[] found = isSecondNewer ? setB : setA;
        if (found != CommittedSet)
            System.Array.Copy(found, CommittedSet, CommittedCount);
        // Any other than the one right before is an old version of itself: what it tells of its client is not the last.
        HasPrevious = firstCount >= 0 && secondCount >= 0 && After(Coming.Sequence) == Current.Sequence;
        return true;
    }

    /// <summary>Begins to put the next commit together.</summary>
    public void Begin(int client, int request)
    {
        HasPrevious = false;
        Coming.Clear();
        Coming.Client = client;
        Coming.Request = request;
        Coming.Sequence = NextSequence;
        Coming.Flag = 1 - Flag;
    }

    /// <summary>Writes the record of the coming commit. When it returns, that commit is the current one: this is the commit.</summary>
    /// <param name="segmentCount">How many segments of the active set it used.</param>
    public void Commit(int segmentCount)
    {
        int length = Coming.Put(scratch, FramChip.CommandBytes, ActiveSet, segmentCount);
        chip.Write(geometry.RecordAddress(where), scratch, FramChip.CommandBytes, length);
        where = 1 - where;
        CommittedCount = segmentCount;
        Exchange();
        HasPrevious = true;
    }

    /// <summary>Prepares the active set for the next write request: takes the first free segments behind where the set begins.</summary>
    public void Prepare(SegmentTable segments)
    {
        short[] set = ActiveSet;
        int segment = Current.NextFirst;
        PreparedCount = segments.FreeCount < set.Length ? segments.FreeCount : set.Length;
        for (int i = 0; i < PreparedCount; i++)
        {
            segment = segments.NextFree(segment);
            set[i] = (short)segment;
            segment++;
        }
    }

    /// <summary>Makes a record up when none, or not the newest, can be read: nothing is known but the number and where to go on.</summary>
    public void Assume(int sequence, int nextFirst)
    {
        Current.Clear();
        Current.Client = 0;
        Current.Request = 0;
        Current.Sequence = sequence;
        Current.Flag = 1 - Current.Flag;
        Current.NextFirst = nextFirst;
        CommittedCount = 0;
        HasPrevious = false;
    }

    /// <summary>True when the current commit's record on the medium is whole.</summary>
    public bool IsCurrentStored()
    {
        int address = geometry.RecordAddress(1 - where);
        chip.Read(address, scratch, FramChip.CommandBytes, geometry.RecordBytes);
        int found = Buffers.GetInt32(scratch, FramChip.CommandBytes);
        int length = Current.Put(scratch, FramChip.CommandBytes + geometry.RecordBytes, CommittedSet, CommittedCount);
        if (found != Current.Sequence)
            return false;
        for (int i = 0; i < length; i++)
            if (scratch[FramChip.CommandBytes + i] != scratch[FramChip.CommandBytes + geometry.RecordBytes + i])
                return false;
        return true;
    }

    private int Read(int which, VtbRecord record, short[] segments, out bool isEmpty)
    {
        chip.Read(geometry.RecordAddress(which), scratch, FramChip.CommandBytes, geometry.RecordBytes);
        isEmpty = Buffers.AreAll(scratch, FramChip.CommandBytes, VtbRecord.LargestBytes(1), 0);
        return record.Parse(scratch, FramChip.CommandBytes, geometry, segments);
    }

    private void Exchange()
    {
        VtbRecord record = Current;
        Current = Coming;
        Coming = record;
    }
}
