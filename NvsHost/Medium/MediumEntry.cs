using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsMedium;

/// <summary>An entry of the track table that was used, as recovery has it.</summary>
/// <param name="Index">Its place in the table.</param>
/// <param name="Track">The track's number.</param>
/// <param name="Length">Length in bytes, or <see cref="MediumLayout.Released"/>.</param>
/// <param name="Version">The commit that wrote or released the track.</param>
/// <param name="Segments">Its segments in order; none of a released track.</param>
public sealed record MediumEntry(int Index, uint Track, int Length, uint Version, IReadOnlyList<int> Segments)
{
    /// <summary>True when the track was released.</summary>
    public bool IsReleased => Length == MediumLayout.Released;

    /// <summary>The entry in these 16 bytes; null when it is not whole.</summary>
    /// <param name="bytes">The entry.</param>
    /// <param name="links">The link table.</param>
    /// <param name="layout">The sizes.</param>
    /// <param name="index">Its place.</param>
    public static MediumEntry? Parse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> links, MediumLayout layout, int index)
    {
        int length = bytes.U16(4);
        int word = bytes.U16(6);
        bool isReleased = length == MediumLayout.Released;
        List<int> segments = [];
        if (isReleased ? word != 0 : length > layout.LongestTrack || (word & 0x7000) != 0)
            return null;
        if (!isReleased && (word & 0x8000) != 0)
        {
            for (int segment = word & 0xFFF; segment != 0xFFFF; segment = links.U16(2 * segment))
            {
                if (segment >= layout.Segments || segments.Count > layout.SetSegments)
                    return null;
                segments.Add(segment);
            }
        }
        else if (!isReleased)
        {
            segments.AddRange(Enumerable.Range(word, layout.SegmentsOfBlock(length)));
            if (length > layout.PieceBytes || segments[^1] >= layout.Segments)
                return null;
        }
        return bytes.U32(12) == CrcOf(bytes, segments, (word & 0x8000) != 0)
            ? new MediumEntry(index, bytes.U32(0), length, bytes.U32(8), segments)
            : null;
    }

    /// <summary>The bytes of the entry that a track of a row gets.</summary>
    public static byte[] Of(IReadOnlyList<MediumBlock> track)
    {
        MediumBlock first = track[0];
        byte[] bytes = new byte[MediumLayout.EntryBytes];
        Span<byte> span = bytes;
        int links = track.Count > 1 ? 0x8000 : 0;
        span.Put32(0, first.Track);
        span.Put16(4, first.Length);
        span.Put16(6, first.Length == MediumLayout.Released ? 0 : first.Segment | links);
        span.Put32(8, first.Version);
        span.Put32(12, CrcOf(bytes, [.. track.SelectMany(block => block.Segments)], links != 0));
        return bytes;
    }

    private static uint CrcOf(ReadOnlySpan<byte> entry, List<int> segments, bool hasLinks)
    {
        Span<byte> covered = stackalloc byte[12 + (hasLinks ? 2 * (segments.Count - 1) : 0)];
        entry[..12].CopyTo(covered);
        for (int i = 12; i < covered.Length; i += 2)
            covered.Put16(i, segments[(i - 10) / 2]);
        return ((ReadOnlySpan<byte>)covered).Crc();
    }
}
