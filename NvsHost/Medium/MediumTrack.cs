using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsMedium;

/// <summary>A track with its data.</summary>
/// <param name="Entry">Its entry.</param>
/// <param name="Data">Its data; null when they are damaged.</param>
/// <param name="Blocks">Where they lie.</param>
public sealed record MediumTrack(MediumEntry Entry, byte[]? Data, IReadOnlyList<MediumBlock> Blocks)
{
    /// <summary>The commit that wrote it.</summary>
    public uint Version => Entry.Version;

    /// <summary>The segment from which on the data are damaged, if they are.</summary>
    public int FirstDamagedSegment
    {
        get
        {
            int intact = Blocks.Sum(block => block.SegmentCount);
            return Entry.Segments[intact < Entry.Segments.Count ? intact : 0];
        }
    }

    /// <summary>Reads the data of an entry's track.</summary>
    public static MediumTrack Read(ReadOnlySpan<byte> medium, MediumSuperblock superblock, MediumEntry entry)
    {
        List<MediumBlock> blocks = [];
        byte[] data = new byte[entry.Length];
        int done = 0;
        for (int i = 0; i < entry.Segments.Count;)
        {
            MediumBlock? block = MediumBlock.Parse(medium, superblock.Layout, superblock.Mark, entry.Segments[i]);
            if (block == null
                || (block.Track, block.Version, block.Entry, block.Length) != (entry.Track, entry.Version, entry.Index, entry.Length)
                || i + block.SegmentCount > entry.Segments.Count || done + block.Count > data.Length)
                return new MediumTrack(entry, null, blocks);
            foreach (int segment in block.Segments)
                if (entry.Segments[i++] != segment)
                    return new MediumTrack(entry, null, blocks);
            medium.Slice(block.DataAt, block.Count).CopyTo(data.AsSpan(done));
            done += block.Count;
            blocks.Add(block);
        }
        return new MediumTrack(entry, done == data.Length ? data : null, blocks);
    }
}
