using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;

namespace NvsFirmware.Tests.Rig;

/// <summary>One track of a commit, as its record tells it.</summary>
public sealed record MediumChange(int Entry, uint Track, int Length, int[] Segments)
{
    public const int Released = 0xFFFF;
}

/// <summary>A virtual track buffer record as it stands on a medium, by docs/format.md.</summary>
public sealed record MediumRecord(
    uint Sequence, uint Client, uint Request, uint Sum0, uint Sum1, int Flag, int NextFirst, List<MediumChange> Changes, int Length)
{
    /// <summary>The segments that the commit used, in order.</summary>
    public IEnumerable<int> Segments => Changes.SelectMany(change => change.Segments);

    /// <summary>The record at the beginning of the bytes, null if there is none that is whole.</summary>
    public static MediumRecord? Parse(ReadOnlySpan<byte> at, MediumLayout layout)
    {
        int count = at[20];
        if (count > layout.SetSegments)
            return null;
        int needed = 0;
        for (int i = 0; i < count; i++)
        {
            int length = LengthOf(at, i);
            needed += length == MediumChange.Released ? 0 : layout.SegmentsOf(length);
        }
        if (needed > layout.SetSegments)
            return null;
        List<int> segments = [];
        int end = 21 + 8 * count;
        for (; segments.Count < needed; end += 2)
        {
            int extent = BinaryPrimitives.ReadUInt16LittleEndian(at[end..]);
            for (int i = 0; i <= extent >> 12; i++)
                segments.Add((extent & 0xFFF) + i);
        }
        int nextFirst = BinaryPrimitives.ReadUInt16LittleEndian(at[18..]);
        if (BinaryPrimitives.ReadUInt32LittleEndian(at[end..]) != MediumLayout.Crc(at[..end]))
            return null;
        List<MediumChange> changes = [];
        int used = 0;
        for (int i = 0; i < count; i++)
        {
            int length = LengthOf(at, i);
            int own = length == MediumChange.Released ? 0 : layout.SegmentsOf(length);
            changes.Add(new MediumChange(
                BinaryPrimitives.ReadUInt16LittleEndian(at[(21 + 8 * i)..]),
                BinaryPrimitives.ReadUInt32LittleEndian(at[(23 + 8 * i)..]),
                length,
                [.. segments.Skip(used).Take(own)]));
            used += own;
        }
        return new MediumRecord(
            BinaryPrimitives.ReadUInt32LittleEndian(at),
            BinaryPrimitives.ReadUInt32LittleEndian(at[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(at[8..]),
            UInt24(at[12..]),
            UInt24(at[15..]),
            nextFirst >> 15,
            nextFirst & 0xFFF,
            changes,
            end + 4);
    }

    private static int LengthOf(ReadOnlySpan<byte> at, int i) => BinaryPrimitives.ReadUInt16LittleEndian(at[(27 + 8 * i)..]);

    private static uint UInt24(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadUInt16LittleEndian(at) | (uint)at[2] << 16;
}
