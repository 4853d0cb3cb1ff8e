using System;
using System.Collections.Generic;
using System.Linq;
using NvsMedium;

namespace NvsHost.Commands.Monitor;

/// <summary>What a segment is at the moment.</summary>
internal enum SegmentUse
{
    /// <summary>The protocol does not tell whether a track owns it.</summary>
    Unknown,

    /// <summary>No track owns it.</summary>
    Free,

    /// <summary>A track owns it.</summary>
    Owned,

    /// <summary>It lies in the set that is prepared for the next write request.</summary>
    Prepared,

    /// <summary>The last commit wrote it.</summary>
    Committed,

    /// <summary>A request wrote it that has not committed.</summary>
    Interrupted,
}

/// <summary>All segments of a store and what each is.</summary>
internal sealed class SegmentMap
{
    private readonly SegmentUse[] uses;

    private SegmentMap(SegmentUse[] uses) => this.uses = uses;

    /// <summary>How many there are.</summary>
    public int Count => uses.Length;

    /// <summary>From the medium itself, which tells everything.</summary>
    public static SegmentMap Of(Medium medium)
    {
        SegmentUse[] uses = [.. medium.Owners.Select(owner => owner < 0 ? SegmentUse.Free : SegmentUse.Owned)];
        Mark(uses, medium.ActiveSet, SegmentUse.Prepared);
        Mark(uses, LastCommit(medium), SegmentUse.Committed);
        Mark(uses, medium.Unfinished.SelectMany(block => block.Segments), SegmentUse.Interrupted);
        return new SegmentMap(uses);
    }

    /// <summary>From what INFO tells: where the sets lie, not what else is owned.</summary>
    public static SegmentMap Of(StoreInfo store)
    {
        SegmentUse[] uses = new SegmentUse[store.Segments];
        Mark(uses, Enumerable.Range(store.PreparedFirst, Math.Max(0, store.PreparedLast - store.PreparedFirst + 1)), SegmentUse.Prepared);
        Mark(uses, Enumerable.Range(store.CommittedFirst, store.CommittedCount), SegmentUse.Committed);
        return new SegmentMap(uses);
    }

    /// <summary>The segments that the last commit wrote, as far as the medium tells.</summary>
    public static IEnumerable<int> LastCommit(Medium medium) => medium.Rows.Count > 0
        ? medium.Rows[^1].Segments.Order()
        : medium.Entries.Where(entry => entry.Version == medium.Version).SelectMany(entry => entry.Segments).Order();

    /// <summary>The cells of a picture of so many columns and at most so many rows, each for the same number of segments.</summary>
    /// <param name="columns">Columns.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="each">Segments in a cell.</param>
    public IReadOnlyList<SegmentCell> Cells(int columns, int rows, out int each)
    {
        int size = each = Math.Max(1, (uses.Length + columns * rows - 1) / (columns * rows));
        return [.. uses.Chunk(size).Select(SegmentCell.Of)];
    }

    private static void Mark(SegmentUse[] uses, IEnumerable<int> segments, SegmentUse use)
    {
        foreach (int segment in segments)
            if (segment >= 0 && segment < uses.Length)
                uses[segment] = use;
    }
}

/// <summary>Some neighbouring segments.</summary>
/// <param name="Use">The rarest use of any of them.</param>
/// <param name="OwnedPercent">How many of them tracks own.</param>
internal readonly record struct SegmentCell(SegmentUse Use, int OwnedPercent)
{
    /// <summary>Sums segments up.</summary>
    public static SegmentCell Of(SegmentUse[] segments) =>
        new(segments.Max(), 100 * segments.Count(use => use == SegmentUse.Owned) / segments.Length);
}
