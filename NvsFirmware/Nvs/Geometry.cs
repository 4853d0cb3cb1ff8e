namespace NvsFirmware.Nvs;

/// <summary>
/// Where everything lies on the medium; docs/format.md draws it. All follows from the chip's size, the segment's and the set's.
/// </summary>
/// <remarks>
/// From address 0: first superblock copy, boot counters, client table, first VTB record, link table, track table, segments; at the
/// chip's end the second VTB record and the second superblock copy, so that no single damaged stretch hits both copies of anything.
/// </remarks>
public sealed class Geometry
{
    /// <summary>Fewest bytes in a segment.</summary>
    public const int SmallestSegmentBytes = 32;

    /// <summary>Most bytes in a segment.</summary>
    public const int LargestSegmentBytes = 4096;

    /// <summary>Most segments in a set.</summary>
    public const int MostSetSegments = 64;

    /// <summary>Most bytes in a set: the longest write request.</summary>
    public const int LargestSetBytes = 65536;

    /// <summary>Most segments in a store: a VTB record has 12 bits for a segment's number.</summary>
    public const int MostSegments = 4096;

    /// <summary>Bytes of the CRC-32 behind each track's data.</summary>
    public const int TrailerBytes = 4;

    /// <summary>Bytes in an entry of the link table.</summary>
    public const int LinkBytes = 2;

    /// <summary>Bytes in an entry of the track table.</summary>
    public const int TrackEntryBytes = 16;

    /// <summary>Address of the boot counters, behind the first superblock copy.</summary>
    public const int BootCountersAddress = Superblock.Bytes;

    /// <summary>Address of the client table.</summary>
    public const int ClientTableAddress = BootCountersAddress + BootCounter.Bytes;

    /// <summary>Address of the first VTB record; the same in every store.</summary>
    public const int FirstRecordAddress = ClientTableAddress + ClientTable.Bytes;

    /// <summary>Lays out a store.</summary>
    /// <param name="chipBytes">The chip's size.</param>
    /// <param name="segmentBytes">Bytes in a segment; 0 for the default.</param>
    /// <param name="setSegments">Segments in a set; 0 for the default.</param>
    public Geometry(int chipBytes, int segmentBytes, int setSegments)
    {
        ChipBytes = chipBytes;
        SegmentBytes = segmentBytes != 0 ? segmentBytes : DefaultSegmentBytes(chipBytes);
        SetSegments = setSegments != 0 ? setSegments : chipBytes <= 0x4000 ? 16 : 32;
        RecordBytes = VtbRecord.LargestBytes(SetSegments);
        int fixedBytes = FirstRecordAddress + RecordBytes + RecordBytes + Superblock.Bytes;
        int segments = (chipBytes - fixedBytes + SetSegments * TrackEntryBytes) / (SegmentBytes + LinkBytes + TrackEntryBytes);
        Segments = segments < MostSegments ? segments : MostSegments;
        TrackSlots = Segments - SetSegments;
        LinksAddress = FirstRecordAddress + RecordBytes;
        TracksAddress = LinksAddress + Segments * LinkBytes;
        SegmentsAddress = TracksAddress + TrackSlots * TrackEntryBytes;
        SecondRecordAddress = chipBytes - Superblock.Bytes - RecordBytes;
    }

    /// <summary>The chip's size in bytes.</summary>
    public int ChipBytes { get; }

    /// <summary>Bytes in a segment.</summary>
    public int SegmentBytes { get; }

    /// <summary>Segments in a set.</summary>
    public int SetSegments { get; }

    /// <summary>Segments in the store.</summary>
    public int Segments { get; }

    /// <summary>Entries in the track table: as many tracks fit when each takes one segment, a set being kept free.</summary>
    public int TrackSlots { get; }

    /// <summary>Room for one VTB record.</summary>
    public int RecordBytes { get; }

    /// <summary>Address of the link table.</summary>
    public int LinksAddress { get; }

    /// <summary>Address of the track table.</summary>
    public int TracksAddress { get; }

    /// <summary>Address of segment 0.</summary>
    public int SegmentsAddress { get; }

    /// <summary>Address of the second VTB record.</summary>
    public int SecondRecordAddress { get; }

    /// <summary>Longest track in bytes: a set, less the CRC-32 behind the data.</summary>
    public int LongestTrackBytes => SegmentBytes * SetSegments - TrailerBytes;

    /// <summary>True when the sizes are within the limits and leave at least twice a set of segments.</summary>
    public bool IsPossible =>
        SegmentBytes >= SmallestSegmentBytes && SegmentBytes <= LargestSegmentBytes
        && SetSegments >= 1 && SetSegments <= MostSetSegments && SegmentBytes * SetSegments <= LargestSetBytes
        && Segments >= 2 * SetSegments;

    /// <summary>Address of a copy of the superblock.</summary>
    /// <param name="chipBytes">The chip's size.</param>
    /// <param name="copy">0 or 1.</param>
    public static int SuperblockAddress(int chipBytes, int copy) => copy == 0 ? 0 : chipBytes - Superblock.Bytes;

    /// <summary>How many segments a track takes.</summary>
    /// <param name="trackBytes">Its length.</param>
    public int SegmentsFor(int trackBytes) => (trackBytes + TrailerBytes + SegmentBytes - 1) / SegmentBytes;

    /// <summary>Address of a segment.</summary>
    public int SegmentAddress(int segment) => SegmentsAddress + segment * SegmentBytes;

    /// <summary>Address of a segment's entry in the link table.</summary>
    public int LinkAddress(int segment) => LinksAddress + segment * LinkBytes;

    /// <summary>Address of an entry of the track table.</summary>
    public int TrackEntryAddress(int slot) => TracksAddress + slot * TrackEntryBytes;

    /// <summary>Address of one of the two VTB records.</summary>
    /// <param name="which">0 or 1.</param>
    public int RecordAddress(int which) => which == 0 ? FirstRecordAddress : SecondRecordAddress;

    // An eighth more than a power of two, so that a track of that many bytes and its CRC-32 fit. About 800 segments: few enough that
    // recovery reads both tables of a 256 KiB chip in 16 KiB.
    private static int DefaultSegmentBytes(int chipBytes)
    {
        int segmentBytes = 72;
        for (int size = 0x8000; size < chipBytes; size *= 2)
            if (size != 0x10000)
                segmentBytes *= 2;
        return segmentBytes;
    }
}
