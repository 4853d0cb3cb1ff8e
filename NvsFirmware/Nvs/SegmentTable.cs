using System;
using System.Diagnostics;
using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>Which segments are free, and how those of a track of several blocks follow each other.</summary>
/// <remarks>
/// <para>Invariant: a segment is free, or belongs to exactly one track, or is pinned: a commit since the current record made it free, and
/// recovery may still follow the chain through it. The segments of the prepared set are free ones.</para>
/// <para>The link table in RAM is a byte image of that on the medium. Only the links of tracks of several blocks mean anything, so freeing
/// writes nothing. Who is free follows from the track table and is found anew at each mount; it cannot be lost or leak.</para>
/// </remarks>
public sealed class SegmentTable
{
    /// <summary>The link of a track's last segment.</summary>
    public const int End = 0xFFFF;

    private const int CountShift = 16;
    private const int Single = 1 << CountShift;

    // So far a run of free neighbours is looked for, after an answer.
    private const int RunReach = 256;

    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly byte[] scratch;
    private readonly byte[] image;
    private readonly int[] pins;
    private int pinCount;

    /// <summary>A table with all segments free.</summary>
    public SegmentTable(FramChip chip, Geometry geometry, byte[] scratch)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.scratch = scratch;
        image = new byte[FramChip.CommandBytes + geometry.Segments * Geometry.LinkBytes];
        IsTaken = new bool[geometry.Segments];
        // Each commit since the record used a segment at least for each track it replaced, and a release also pins its own block.
        pins = new int[2 * (geometry.Reserve + geometry.SetSegments)];
    }

    /// <summary>For each segment, whether it is a track's or pinned.</summary>
    public readonly bool[] IsTaken;

    /// <summary>Segments that belong to tracks.</summary>
    public int OwnedCount;

    /// <summary>Segments that wait for the next record.</summary>
    public int PinnedCount;

    /// <summary>The segment that follows in the same track of several blocks, or <see cref="End"/>.</summary>
    public int Next(int segment) => BitConverter.ToUInt16(image, FramChip.CommandBytes + segment * Geometry.LinkBytes);

    /// <summary>Reads the link table from the chip.</summary>
    public void Load() => chip.Read(geometry.LinksAddress, image, FramChip.CommandBytes, geometry.Segments * Geometry.LinkBytes);

    /// <summary>Makes all segments free.</summary>
    public void FreeAll()
    {
        Array.Clear(IsTaken, 0, IsTaken.Length);
        OwnedCount = 0;
        PinnedCount = 0;
        pinCount = 0;
    }

    /// <summary>Makes the segments of a track follow each other, in RAM.</summary>
    public void Link(short[] segments, int first, int count)
    {
        for (int i = 0; i < count; i++)
            Buffers.PutUInt16(
                image, FramChip.CommandBytes + segments[first + i] * Geometry.LinkBytes, i + 1 < count ? segments[first + i + 1] : End);
    }

    /// <summary>Gives segments, which are free or were found so, to a track.</summary>
    public void Claim(short[] segments, int first, int count)
    {
        bool[] taken = IsTaken;
        OwnedCount += count;
        for (int end = first + count; first < end; first++)
        {
            Debug.Assert(!taken[segments[first]], "a segment is given to two tracks");
            taken[segments[first]] = true;
        }
    }

    /// <summary>Gives neighbouring segments to a track, if all are free.</summary>
    /// <returns>False, and nothing is done, if they are not.</returns>
    public bool TryClaim(int first, int count)
    {
        int end = first + count;
        if (end > IsTaken.Length)
            return false;
        for (int segment = first; segment < end; segment++)
            if (IsTaken[segment])
                return false;
        for (int segment = first; segment < end; segment++)
            IsTaken[segment] = true;
        OwnedCount += count;
        return true;
    }

    /// <summary>Gives the segments that are linked from one on to a track, if all exist and are free.</summary>
    /// <returns>False, and nothing is done, if they are not.</returns>
    public bool TryClaimLinked(int first)
    {
        int count = 0;
        int segment = first;
        while (segment != End && segment < IsTaken.Length && !IsTaken[segment])
        {
            IsTaken[segment] = true; // so that a chain that bites its tail ends
            count++;
            segment = Next(segment);
        }
        OwnedCount += count;
        if (segment == End)
            return true;
        for (segment = first; count > 0; segment = Next(segment), count--)
        {
            IsTaken[segment] = false;
            OwnedCount--;
        }
        return false;
    }

    /// <summary>Takes a track's segments from it; they are free when the next record is written.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many neighbours there are; 0: they are linked.</param>
    public void Pin(int first, int count)
    {
        pins[pinCount++] = first | (count << CountShift);
        if (count == 0)
            count = CountLinked(first);
        OwnedCount -= count;
        PinnedCount += count;
    }

    /// <summary>Pins the block of a released track, which belongs to nobody.</summary>
    public void PinBlock(int segment)
    {
        IsTaken[segment] = true;
        PinnedCount++;
        pins[pinCount++] = segment | Single;
    }

    /// <summary>Frees what is pinned: the record that covers its commits is written.</summary>
    public void FreePinned()
    {
        bool[] taken = IsTaken;
        int[] all = pins;
        for (int i = pinCount - 1; i >= 0; i--)
        {
            int segment = all[i];
            if (segment >> CountShift == 1)
            {
                taken[segment - Single] = false;
                continue;
            }
            Release(segment & (End >> 1), segment >> CountShift);
        }
        PinnedCount = 0;
        pinCount = 0;
    }

    /// <summary>Takes a damaged track's segments from it: they are free at once.</summary>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many neighbours there are; 0: they are linked.</param>
    public void Free(int first, int count)
    {
        OwnedCount -= count != 0 ? count : CountLinked(first);
        Release(first, count);
    }

    /// <summary>How many segments are linked from one on.</summary>
    public int CountLinked(int first)
    {
        int count = 0;
        for (int segment = first; segment != End; segment = Next(segment))
            count++;
        return count;
    }

    /// <summary>The first free segment at or behind one, going round at the end.</summary>
    /// <param name="segment">Where to begin; the number of segments means 0.</param>
    public int NextFree(int segment)
    {
        bool[] taken = IsTaken;
        if (segment >= taken.Length)
            segment = 0;
        while (taken[segment])
            if (++segment == taken.Length)
                segment = 0;
        return segment;
    }

    /// <summary>The first of so many free neighbours at or behind a segment, going round; -1 if there are none near by.</summary>
    /// <param name="segment">Where to begin; the number of segments means 0.</param>
    /// <param name="count">How many.</param>
    /// <param name="end">The segment that ends the search.</param>
    public int NextRun(int segment, int count, int end)
    {
        bool[] taken = IsTaken;
        int free = 0;
        for (int left = RunReach; left > 0; left--, segment++)
        {
            if (segment == taken.Length)
            {
                segment = 0;
                free = 0;
            }
            if (segment == end)
                break;
            if (taken[segment])
                free = 0;
            else if (++free == count)
                return segment - count + 1;
        }
        return -1;
    }

    /// <summary>Writes the links of a track to the chip, those of neighbours together, and reads them back.</summary>
    public void Store(int first)
    {
        for (int segment = first; segment != End;)
        {
            int last = segment;
            while (Next(last) == last + 1)
                last++;
            StoreRange(segment, last);
            segment = Next(last);
        }
    }

    /// <summary>True when the chip holds the links of a track as they are in RAM.</summary>
    public bool AreStored(int first)
    {
        for (int segment = first; segment != End; segment = Next(segment))
        {
            chip.Read(geometry.LinksAddress + segment * Geometry.LinkBytes, scratch, FramChip.CommandBytes, Geometry.LinkBytes);
            if (BitConverter.ToUInt16(scratch, FramChip.CommandBytes) != Next(segment))
                return false;
        }
        return true;
    }

    private void Release(int first, int count)
    {
        bool[] taken = IsTaken;
        if (count == 0)
            for (; first != End; first = Next(first))
                taken[first] = false;
        else
            for (count += first; first < count; first++)
                taken[first] = false;
    }

    private void StoreRange(int low, int last)
    {
        int count = (last - low + 1) * Geometry.LinkBytes;
        int address = geometry.LinksAddress + low * Geometry.LinkBytes;
        int at = FramChip.CommandBytes;
        Array.Copy(image, FramChip.CommandBytes + low * Geometry.LinkBytes, scratch, at, count);
        chip.Write(address, scratch, at, count);
        // A line without a chip reads as ones or zeros, and so may links, that of a track's last segment above all.
        if (Buffers.AreAll(scratch, at, count, 0xFF) || Buffers.AreAll(scratch, at, count, 0))
            chip.CheckAlive();
        chip.Read(address, scratch, at + count, count);
        if (!Buffers.AreSame(scratch, at, scratch, at + count, count))
            throw new FramException("the chip does not hold what was written to it");
    }
}
