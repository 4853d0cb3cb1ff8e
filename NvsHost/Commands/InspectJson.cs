using System;
using System.Collections.Generic;
using System.Linq;
using NvsMedium;

namespace NvsHost.Commands;

/// <summary>What an image holds, as JSON. All addresses are those of the chip.</summary>
internal static class InspectJson
{
    /// <summary>The image.</summary>
    public static object Of(string path, FramImage fram, Medium medium, IReadOnlyList<string>? extracted)
    {
        bool isStore = medium.State == MediumState.Store;
        return new
        {
            File = path,
            Bytes = fram.Cells.Length,
            fram.StatusRegister,
            medium.State,
            Superblocks = medium.Copies.Select(copy => new { copy.Address, copy.Kind }),
            Store = isStore ? StoreOf(medium) : null,
            Records = isStore ? Enumerable.Range(0, 2).Select(i => RecordOf(medium, i)) : [],
            Commits = medium.Rows.Select(row => new
            {
                row.Version,
                row.Last.Client,
                row.Last.Number,
                Blocks = row.Blocks.Select(block => BlockOf(medium, block)),
            }),
            Unfinished = medium.Unfinished.Select(block => BlockOf(medium, block)),
            Flag = isStore ? (int?)medium.End.Flag : null,
            Next = isStore ? (int?)medium.End.Next : null,
            Version = isStore ? (uint?)medium.Version : null,
            medium.ActiveSet,
            Clients = isStore ? medium.Clients.Known.Values.OrderBy(client => client.Client) : null,
            Entries = medium.Entries.OrderBy(entry => entry.Index).Select(entry => EntryOf(medium, entry)),
            medium.Damages,
            medium.Due,
            Extracted = extracted,
        };
    }

    /// <summary>A store's id as people see it.</summary>
    public static string IdOf(MediumSuperblock superblock) => Convert.ToHexStringLower(BitConverter.GetBytes(superblock.Id));

    private static object StoreOf(Medium medium)
    {
        MediumLayout sizes = medium.Layout;
        return new
        {
            StoreId = IdOf(medium.Superblock),
            medium.Superblock.FormatCount,
            sizes.ChipBytes,
            sizes.SegmentBytes,
            sizes.SetSegments,
            sizes.Segments,
            sizes.PieceBytes,
            TrackEntries = sizes.Entries,
            sizes.ClientEntries,
            ClientsAt = MediumLayout.ClientsAt,
            sizes.LinksAt,
            sizes.EntriesAt,
            sizes.SegmentsAt,
            Tracks = medium.Tracks.Count,
            medium.FreeSegments,
        };
    }

    private static object RecordOf(Medium medium, int which) => new
    {
        Address = medium.Layout.RecordAt(which),
        IsCurrent = which == medium.CurrentIndex,
        Record = medium.Records[which],
    };

    private static object BlockOf(Medium medium, MediumBlock block) => new
    {
        Address = medium.Layout.SegmentAt(block.Segment),
        block.Segment,
        block.SegmentCount,
        block.Set,
        block.Version,
        block.Client,
        block.Number,
        block.Fingerprint,
        block.Track,
        block.Length,
        block.Count,
        block.Entry,
        block.Next,
        block.NextFlag,
        block.IsFirst,
        block.IsLast,
        IsReleased = block.Length == MediumLayout.Released,
    };

    private static object EntryOf(Medium medium, MediumEntry entry) => new
    {
        Address = medium.Layout.EntryAt(entry.Index),
        entry.Index,
        entry.Track,
        entry.Version,
        entry.IsReleased,
        Length = entry.IsReleased ? (int?)null : entry.Length,
        entry.Segments,
        DataAt = entry.IsReleased ? (int?)null : medium.Layout.SegmentAt(entry.Segments[0]),
        IsWhole = entry.IsReleased
            ? (bool?)null
            : medium.Tracks.TryGetValue(entry.Track, out MediumTrack? track) && track.Entry == entry && track.Data != null,
    };
}
