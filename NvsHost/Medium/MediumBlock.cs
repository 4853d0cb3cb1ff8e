using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsMedium;

/// <summary>A whole block.</summary>
/// <param name="Segment">Its first segment.</param>
/// <param name="SegmentCount">How many neighbours it takes.</param>
/// <param name="Number">The request's number.</param>
/// <param name="Version">The number of its commit.</param>
/// <param name="Lap">The lap.</param>
/// <param name="Entry">The entry of its track.</param>
/// <param name="Next">Where the next block begins.</param>
/// <param name="IsFirst">It begins a row.</param>
/// <param name="IsPassing">Its client only passes by.</param>
/// <param name="IsLast">It ends, and commits, a row.</param>
/// <param name="NextFlag">In which set that next one lies.</param>
/// <param name="Replaced">The CRC-32 field that the entry had before.</param>
/// <param name="Client">Who asked; 0: nobody.</param>
/// <param name="Fingerprint">Fingerprint of the request up to here.</param>
/// <param name="Track">The track's number.</param>
/// <param name="Length">Length of the whole track, or <see cref="MediumLayout.Released"/>.</param>
/// <param name="Count">Data bytes in this block.</param>
/// <param name="DataAt">Address of the data.</param>
public sealed record MediumBlock(
    int Segment,
    int SegmentCount,
    uint Number,
    uint Version,
    int Lap,
    int Entry,
    int Next,
    bool IsFirst,
    bool IsPassing,
    bool IsLast,
    int NextFlag,
    uint Replaced,
    uint Client,
    uint Fingerprint,
    uint Track,
    int Length,
    int Count,
    int DataAt)
{
    /// <summary>The set that this block lies in.</summary>
    public int Set => IsLast ? 1 - NextFlag : NextFlag;

    /// <summary>The segments that it takes.</summary>
    public IEnumerable<int> Segments => Enumerable.Range(Segment, SegmentCount);

    /// <summary>The block that begins at a segment; null when there is none that is whole.</summary>
    public static MediumBlock? Parse(ReadOnlySpan<byte> medium, MediumLayout layout, uint mark, int segment)
    {
        if (segment >= layout.Segments)
            return null;
        int address = layout.SegmentAt(segment);
        ReadOnlySpan<byte> head = medium.Slice(address, MediumLayout.BlockHeadBytes);
        int entry = head.U16(8);
        int next = head.U16(10);
        int length = head.U16(28);
        int count = head.U16(30);
        int segments = layout.SegmentsOfBlock(count);
        if (count > layout.PieceBytes || segment + segments > layout.Segments)
            return null;
        int crcAt = address + MediumLayout.BlockHeadBytes + count;
        if (medium.U32(crcAt) != (medium[address..crcAt].Crc() ^ mark ^ (uint)segment))
            return null;
        bool isLengthPossible = length == MediumLayout.Released ? count == 0 : length <= layout.LongestTrack && count <= length;
        if ((entry & 0xFFF) >= layout.Entries || (next & 0xFFF) >= layout.Segments || !isLengthPossible)
            return null;
        return new MediumBlock(
            segment,
            segments,
            head.U32(0),
            head.U32(4),
            entry >> 12,
            entry & 0xFFF,
            next & 0xFFF,
            (next & 0x1000) != 0,
            (next & 0x2000) != 0,
            (next & 0x4000) != 0,
            next >> 15,
            head.U32(12),
            head.U32(16),
            head.U32(20),
            head.U32(24),
            length,
            count,
            address + MediumLayout.BlockHeadBytes);
    }
}
