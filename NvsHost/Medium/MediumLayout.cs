using System;
using System.Linq;

namespace NvsMedium;

/// <summary>Where everything lies on a medium, by docs/format.md; on purpose not by the firmware's own code.</summary>
/// <param name="ChipBytes">C.</param>
/// <param name="SegmentBytes">z.</param>
/// <param name="SetSegments">S.</param>
public sealed record MediumLayout(int ChipBytes, int SegmentBytes, int SetSegments)
{
    /// <summary>A copy of the superblock.</summary>
    public const int SuperblockBytes = 64;

    /// <summary>Where the client table begins.</summary>
    public const int ClientsAt = 64;

    /// <summary>An entry of the client table.</summary>
    public const int ClientBytes = 20;

    /// <summary>A record.</summary>
    public const int RecordBytes = 36;

    /// <summary>An entry of the track table.</summary>
    public const int EntryBytes = 16;

    /// <summary>What a block has in front of its data.</summary>
    public const int BlockHeadBytes = 32;

    /// <summary>What a block has besides its data.</summary>
    public const int BlockOverheadBytes = 36;

    /// <summary>The length of a released track.</summary>
    public const int Released = 0xFFFF;

    private static readonly (int ChipKiB, int SegmentBytes, int SetSegments)[] defaults =
    [
        (8, 100, 16), (32, 100, 32), (64, 164, 32), (128, 164, 32), (256, 292, 32), (512, 548, 32), (1024, 1060, 32),
    ];

    /// <summary>d: bytes of a segment that are data.</summary>
    public int DataBytes => SegmentBytes - BlockOverheadBytes;

    /// <summary>R.</summary>
    public int Reserve => SetSegments + (SetSegments + 1) / 2;

    /// <summary>K.</summary>
    public int ClientEntries { get; init; } = ChipBytes < 32 * 1024 ? 10 : 36;

    /// <summary>How many of the client entries, the last ones, are for clients that only pass by.</summary>
    public int PassingEntries => ChipBytes < 32 * 1024 ? 2 : 4;

    /// <summary>N.</summary>
    public int Segments => Math.Min((ChipBytes - 200 - ClientBytes * ClientEntries + EntryBytes * Reserve) / (SegmentBytes + 18), 4096);

    /// <summary>T.</summary>
    public int Entries => Segments - Reserve;

    /// <summary>p: the most data bytes of a block.</summary>
    public int PieceBytes { get; init; }

    /// <summary>Bytes of the longest track.</summary>
    public int LongestTrack => DataBytes * SetSegments;

    /// <summary>Where the link table begins.</summary>
    public int LinksAt => RecordAt(0) + RecordBytes;

    /// <summary>Where the track table begins.</summary>
    public int EntriesAt => LinksAt + 2 * Segments;

    /// <summary>Where the segments begin.</summary>
    public int SegmentsAt => EntriesAt + EntryBytes * Entries;

    /// <summary>The sizes that a chip gets by default; null for a chip of a size that the document does not name.</summary>
    public static MediumLayout? Default(int chipBytes)
    {
        (int chipKiB, int segmentBytes, int setSegments) = defaults.FirstOrDefault(row => row.ChipKiB * 1024 == chipBytes);
        if (chipKiB == 0)
            return null;
        MediumLayout layout = new(chipBytes, segmentBytes, setSegments);
        return layout with { PieceBytes = layout.DefaultPieceBytes };
    }

    /// <summary>p, if nothing else is chosen.</summary>
    public int DefaultPieceBytes => Math.Min(4096, LongestTrack) / DataBytes * DataBytes;

    /// <summary>True when the sizes are inside the format's limits.</summary>
    public bool IsPossible =>
        SegmentBytes is >= 64 and <= 4132 && SetSegments is >= 2 and <= 64 && DataBytes * SetSegments <= 65532 && Segments >= 2 * Reserve
        && PieceBytes >= DataBytes && PieceBytes % DataBytes == 0 && PieceBytes <= LongestTrack;

    /// <summary>Address of a copy of the superblock.</summary>
    public int SuperblockAt(int copy) => copy == 0 ? 0 : ChipBytes - SuperblockBytes;

    /// <summary>Address of an entry of the client table.</summary>
    public int ClientAt(int entry) => ClientsAt + entry * ClientBytes;

    /// <summary>Address of a record.</summary>
    public int RecordAt(int which) => which == 0 ? ClientsAt + ClientBytes * ClientEntries : ChipBytes - 100;

    /// <summary>Address of a link.</summary>
    public int LinkAt(int segment) => LinksAt + 2 * segment;

    /// <summary>Address of an entry of the track table.</summary>
    public int EntryAt(int entry) => EntriesAt + EntryBytes * entry;

    /// <summary>Address of a segment.</summary>
    public int SegmentAt(int segment) => SegmentsAt + segment * SegmentBytes;

    /// <summary>Segments of one block with so many data bytes.</summary>
    public int SegmentsOfBlock(int count) => (count + BlockOverheadBytes + SegmentBytes - 1) / SegmentBytes;
}
