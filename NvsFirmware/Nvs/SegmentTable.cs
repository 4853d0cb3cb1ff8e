using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>Which segments are free, and in which order a track's segments follow each other.</summary>
/// <remarks>
/// <para>Invariant: a segment is free or belongs to exactly one track; those of the prepared set are free ones.</para>
/// <para>On the medium there is only the link table: for each segment the one that follows it in its track. The link of a track's
/// last segment and those of free segments mean nothing, so freeing writes nothing. Who is free follows from the track table and is
/// found anew at each mount; it cannot be lost or leak.</para>
/// </remarks>
public sealed class SegmentTable
{
    // Bridging a gap of two links in one transaction is cheaper than the five bytes that a second one begins with.
    private const int WorthBridging = 2;

    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly byte[] scratch;
    private readonly short[] links;
    private readonly bool[] isFree;

    /// <summary>A table with all segments free.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="scratch">A buffer to encode and decode in.</param>
    public SegmentTable(FramChip chip, Geometry geometry, byte[] scratch)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.scratch = scratch;
        links = new short[geometry.Segments];
        isFree = new bool[geometry.Segments];
        FreeAll();
    }

    /// <summary>Segments that belong to no track, those of the prepared set included.</summary>
    public int FreeCount { get; private set; }

    /// <summary>True when a segment belongs to no track.</summary>
    public bool IsFree(int segment) => isFree[segment];

    /// <summary>The segment that follows in the same track. Of a track's last segment it means nothing.</summary>
    public int Next(int segment) => links[segment];

    /// <summary>Makes the segments of a set follow each other, in RAM.</summary>
    /// <param name="set">The set.</param>
    /// <param name="first">Index of the first of them in the set.</param>
    /// <param name="count">How many.</param>
    /// <returns>True if a link was another one before.</returns>
    public bool Link(short[] set, int first, int count)
    {
        bool changed = false;
        for (int i = first; i < first + count - 1; i++)
        {
            changed |= links[set[i]] != set[i + 1];
            links[set[i]] = set[i + 1];
        }
        return changed;
    }

    /// <summary>Makes all segments free, in RAM.</summary>
    public void FreeAll()
    {
        for (int i = 0; i < isFree.Length; i++)
            isFree[i] = true;
        FreeCount = isFree.Length;
    }

    /// <summary>Reads the link table from the chip.</summary>
    public void Load()
    {
        int piece = (scratch.Length - FramChip.CommandBytes) / Geometry.LinkBytes;
        for (int first = 0; first < links.Length; first += piece)
        {
            int count = links.Length - first < piece ? links.Length - first : piece;
            chip.Read(geometry.LinkAddress(first), scratch, FramChip.CommandBytes, count * Geometry.LinkBytes);
            for (int i = 0, at = FramChip.CommandBytes; i < count; i++, at += Geometry.LinkBytes)
                links[first + i] = (short)Buffers.GetUInt16(scratch, at);
        }
    }

    /// <summary>True when the chain from a segment has <paramref name="count"/> segments, all different, all in the store and all free.</summary>
    public bool CanClaim(int first, int count)
    {
        int segment = first;
        int claimed = 0;
        for (; claimed < count; claimed++)
        {
            if (segment < 0 || segment >= isFree.Length || !isFree[segment])
                break;
            isFree[segment] = false; // so that a chain that bites its tail ends
            segment = links[segment];
        }
        segment = first;
        for (int i = 0; i < claimed; i++)
        {
            isFree[segment] = true;
            segment = links[segment];
        }
        return claimed == count;
    }

    /// <summary>Takes the chain from a segment out of the free ones.</summary>
    public void Claim(int first, int count) => SetFree(first, count, false);

    /// <summary>Makes the chain from a segment free.</summary>
    public void Free(int first, int count) => SetFree(first, count, true);

    /// <summary>The first free segment at or behind one, going round at the end; segment 0 if none is free.</summary>
    /// <param name="segment">Where to begin; the number of segments means 0.</param>
    public int NextFree(int segment)
    {
        if (FreeCount == 0 || segment >= isFree.Length)
            segment = 0;
        while (FreeCount > 0 && !isFree[segment])
            if (++segment == isFree.Length)
                segment = 0;
        return segment;
    }

    /// <summary>Writes links to the chip: those of a track's segments but the last, neighbours together.</summary>
    public void StoreLinks(int first, int count)
    {
        int segment = first;
        for (int i = 1; i < count;)
        {
            int low = segment;
            int high = segment;
            segment = links[segment];
            i++;
            // While the chain goes upwards and stays near, one transaction serves.
            while (i < count && segment > high && segment - high - 1 <= WorthBridging
                && (segment - low + 1) * Geometry.LinkBytes <= scratch.Length - FramChip.CommandBytes)
            {
                high = segment;
                segment = links[segment];
                i++;
            }
            StoreRange(low, high);
        }
    }

    /// <summary>True when the chip holds the links of a track as they are in RAM.</summary>
    public bool AreLinksStored(int first, int count)
    {
        int segment = first;
        for (int i = 1; i < count; i++)
        {
            chip.Read(geometry.LinkAddress(segment), scratch, FramChip.CommandBytes, Geometry.LinkBytes);
            if (Buffers.GetUInt16(scratch, FramChip.CommandBytes) != links[segment])
                return false;
            segment = links[segment];
        }
        return true;
    }

    private void StoreRange(int low, int high)
    {
        int at = FramChip.CommandBytes;
        for (int segment = low; segment <= high; segment++, at += Geometry.LinkBytes)
            Buffers.PutUInt16(scratch, at, links[segment]);
        chip.Write(geometry.LinkAddress(low), scratch, FramChip.CommandBytes, (high - low + 1) * Geometry.LinkBytes);
    }

    private void SetFree(int first, int count, bool free)
    {
        int segment = first;
        for (int i = 0; i < count; i++)
        {
            isFree[segment] = free;
            segment = links[segment];
        }
        FreeCount += free ? count : -count;
    }
}
