using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>Where everything lies on the medium; docs/format.md draws it. All follows from the sizes of chip, segment and set.</summary>
/// <remarks>
/// From address 0: first superblock copy, client table, first record, link table, track table, segments; at the chip's end the second
/// record and the second superblock copy, so that no single damaged stretch hits both copies of anything.
/// </remarks>
public sealed class Geometry
{
    /// <summary>Fewest bytes in a segment.</summary>
    public const int SmallestSegmentBytes = 64;

    /// <summary>Most bytes in a segment.</summary>
    public const int LargestSegmentBytes = 4096 + Block.OverheadBytes;

    /// <summary>Fewest segments in a set.</summary>
    public const int FewestSetSegments = 2;

    /// <summary>Most segments in a set.</summary>
    public const int MostSetSegments = 64;

    /// <summary>Most data bytes in a set: the longest track.</summary>
    public const int LargestSetBytes = 65532;

    /// <summary>Most segments in a store: a block has 12 bits for a segment's number.</summary>
    public const int MostSegments = 4096;

    /// <summary>Bytes in an entry of the link table.</summary>
    public const int LinkBytes = 2;

    /// <summary>Address of the client table, behind the first superblock copy.</summary>
    public const int ClientsAddress = Boot.Superblock.Bytes;

    private const int FixedBytes = 2 * Boot.Superblock.Bytes + 2 * VtbRecord.Bytes;

    /// <summary>The chip's size in bytes.</summary>
    public readonly int ChipBytes;

    /// <summary>Bytes in a segment.</summary>
    public readonly int SegmentBytes;

    /// <summary>Data bytes in a segment: what is left by a block's overhead.</summary>
    public readonly int DataBytes;

    /// <summary>Segments in a set.</summary>
    public readonly int SetSegments;

    /// <summary>Segments that tracks never own: a set, and half a one that waits for the next record.</summary>
    public readonly int Reserve;

    /// <summary>Segments in the store.</summary>
    public readonly int Segments;

    /// <summary>Entries in the track table: as many tracks fit when each takes one segment.</summary>
    public readonly int Entries;

    /// <summary>Entries in the client table.</summary>
    public readonly int Clients;

    /// <summary>How many of them, from the first, are for clients that stay; the others are for those that pass by.</summary>
    public readonly int StayingClients;

    /// <summary>The most data bytes of a track in one block: a multiple of <see cref="DataBytes"/>.</summary>
    public readonly int PieceBytes;

    /// <summary>Longest track in bytes.</summary>
    public readonly int LongestTrackBytes;

    /// <summary>Address of the first record.</summary>
    public readonly int FirstRecordAddress;

    /// <summary>Address of the second record.</summary>
    public readonly int SecondRecordAddress;

    /// <summary>Address of the link table.</summary>
    public readonly int LinksAddress;

    /// <summary>Address of the track table.</summary>
    public readonly int TracksAddress;

    /// <summary>Address of segment 0.</summary>
    public readonly int SegmentsAddress;

    /// <summary>Lays out a store.</summary>
    /// <param name="chipBytes">The chip's size.</param>
    /// <param name="segmentBytes">Bytes in a segment; 0 for the default.</param>
    /// <param name="setSegments">Segments in a set; 0 for the default.</param>
    /// <param name="largestPieceBytes">The most data bytes that a frame holds.</param>
    public Geometry(int chipBytes, int segmentBytes, int setSegments, int largestPieceBytes)
    {
        ChipBytes = chipBytes;
        SegmentBytes = segmentBytes != 0 ? segmentBytes : DefaultDataBytes(chipBytes) + Block.OverheadBytes;
        SetSegments = setSegments != 0 ? setSegments : chipBytes <= 0x4000 ? 16 : 32;
        DataBytes = SegmentBytes - Block.OverheadBytes;
        Reserve = SetSegments + (SetSegments + 1) / 2;
        Clients = chipBytes < 0x8000 ? 10 : 36;
        StayingClients = chipBytes < 0x8000 ? 8 : 32;
        LongestTrackBytes = DataBytes * SetSegments;
        if (DataBytes > 0)
        {
            int piece = largestPieceBytes < LongestTrackBytes ? largestPieceBytes : LongestTrackBytes;
            PieceBytes = piece / DataBytes * DataBytes;
        }
        int fixedBytes = FixedBytes + Clients * ClientTable.EntryBytes;
        int segments = (chipBytes - fixedBytes + Reserve * TrackTable.EntryBytes) / (SegmentBytes + LinkBytes + TrackTable.EntryBytes);
        Segments = segments < MostSegments ? segments : MostSegments;
        Entries = Segments - Reserve;
        FirstRecordAddress = ClientsAddress + Clients * ClientTable.EntryBytes;
        LinksAddress = FirstRecordAddress + VtbRecord.Bytes;
        TracksAddress = LinksAddress + Segments * LinkBytes;
        SegmentsAddress = TracksAddress + Entries * TrackTable.EntryBytes;
        SecondRecordAddress = chipBytes - Boot.Superblock.Bytes - VtbRecord.Bytes;
    }

    /// <summary>True when the sizes are within the limits and leave at least twice the reserve.</summary>
    public bool IsPossible =>
        SegmentBytes >= SmallestSegmentBytes && SegmentBytes <= LargestSegmentBytes
        && SetSegments >= FewestSetSegments && SetSegments <= MostSetSegments && LongestTrackBytes <= LargestSetBytes
        && PieceBytes > 0 && Segments >= 2 * Reserve;

    /// <summary>Address of a copy of the superblock.</summary>
    /// <param name="chipBytes">The chip's size.</param>
    /// <param name="copy">0 or 1.</param>
    public static int SuperblockAddress(int chipBytes, int copy) => copy == 0 ? 0 : chipBytes - Boot.Superblock.Bytes;

    /// <summary>How many segments a track counts for: as many as it takes when no two of them are neighbours.</summary>
    /// <param name="length">Its length in bytes, or <see cref="Block.Released"/>: 0.</param>
    public int SegmentsFor(int length) =>
        length == Block.Released ? 0 : length == 0 ? 1 : (length + DataBytes - 1) / DataBytes;

    /// <summary>How many segments a block takes.</summary>
    /// <param name="count">Its data bytes.</param>
    public int SegmentsOfBlock(int count) => (count + Block.OverheadBytes + SegmentBytes - 1) / SegmentBytes;

    // A power of two, so that a track of that many bytes fits into one segment; about 800 segments: few enough that recovery reads both
    // tables of a 256 KiB chip in 16 KiB.
    private static int DefaultDataBytes(int chipBytes)
    {
        int dataBytes = 64;
        for (int size = 0x8000; size < chipBytes; size *= 2)
            if (size != 0x10000)
                dataBytes *= 2;
        return dataBytes;
    }
}
