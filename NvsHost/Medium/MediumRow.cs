using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsMedium;

/// <summary>The blocks of one request, in order.</summary>
public sealed class MediumRow(IReadOnlyList<MediumBlock> blocks)
{
    /// <summary>The blocks.</summary>
    public IReadOnlyList<MediumBlock> Blocks => blocks;

    /// <summary>The block that commits the row.</summary>
    public MediumBlock Last => blocks[^1];

    /// <summary>The number of the commit.</summary>
    public uint Version => Last.Version;

    /// <summary>The segments of all blocks.</summary>
    public IEnumerable<int> Segments => blocks.SelectMany(block => block.Segments);

    /// <summary>The blocks of each track.</summary>
    public IEnumerable<IReadOnlyList<MediumBlock>> Tracks
    {
        get
        {
            for (int from = 0; from < blocks.Count;)
            {
                int end = from + 1;
                while (end < blocks.Count && blocks[end].Track == blocks[from].Track)
                    end++;
                yield return [.. blocks.Skip(from).Take(end - from)];
                from = end;
            }
        }
    }

    /// <summary>The row that begins where a record or the row before says; null when there is none that is whole.</summary>
    /// <param name="medium">The medium.</param>
    /// <param name="superblock">Its superblock.</param>
    /// <param name="at">Where the chain goes on.</param>
    /// <param name="parts">What is there of it, whole or not.</param>
    public static MediumRow? Parse(ReadOnlySpan<byte> medium, MediumSuperblock superblock, MediumChainEnd at, out List<MediumBlock> parts)
    {
        parts = [];
        int segment = at.Next;
        int lacks = 0;
        while (parts.Count <= superblock.Layout.SetSegments
            && MediumBlock.Parse(medium, superblock.Layout, superblock.Mark, segment) is MediumBlock block
            && Follows(block, parts, at, lacks))
        {
            if (lacks == 0)
                lacks = block.Length == MediumLayout.Released ? 0 : block.Length;
            lacks -= block.Count;
            parts.Add(block);
            if (block.IsLast)
                return lacks == 0 ? new MediumRow(parts) : null;
            segment = block.Next;
        }
        return null;
    }

    private static bool Follows(MediumBlock block, List<MediumBlock> before, MediumChainEnd at, int lacks)
    {
        if (block.Version != MediumBytes.After(at.Version) || block.Lap != MediumBytes.LapAfter(at.Version, at.Lap) || block.Set != at.Flag
            || block.IsFirst != (before.Count == 0) || block.Count > (lacks > 0 ? lacks : block.Length))
            return false;
        if (before.Count == 0)
            return true;
        MediumBlock last = before[^1];
        if (block.Number != last.Number || block.Client != last.Client || block.IsPassing != last.IsPassing
            || before.Any(other => other.Segments.Intersect(block.Segments).Any()))
            return false;
        return lacks > 0
            ? (block.Track, block.Entry, block.Length, block.Replaced) == (last.Track, last.Entry, last.Length, last.Replaced)
            : !before.Any(other => other.Track == block.Track || other.Entry == block.Entry);
    }
}

/// <summary>Where the chain goes on: behind a record, or behind a row.</summary>
public readonly record struct MediumChainEnd(uint Version, int Lap, int Next, int Flag);
