using System;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace NvsFirmware.Tests.Rig;

/// <summary>Where everything lies on a medium, by docs/format.md; on purpose not by the firmware's own Geometry.</summary>
public sealed class MediumLayout
{
    public const int SuperblockBytes = 64;
    public const int BootCountersAt = 64;
    public const int BootCountersBytes = 16;
    public const int ClientsAt = 80;
    public const int ClientBytes = 16;
    public const int ClientEntries = 8;
    public const int FirstRecordAt = 208;
    public const int EntryBytes = 16;

    public MediumLayout(int chipBytes, int segmentBytes, int setSegments)
    {
        ChipBytes = chipBytes;
        SegmentBytes = segmentBytes;
        SetSegments = setSegments;
        RecordBytes = 25 + 10 * setSegments;
        Segments = Math.Min((chipBytes - 272 - 2 * RecordBytes + 16 * setSegments) / (segmentBytes + 18), 4096);
        Entries = Segments - setSegments;
        LinksAt = FirstRecordAt + RecordBytes;
        EntriesAt = LinksAt + 2 * Segments;
        SegmentsAt = EntriesAt + 16 * Entries;
        SecondRecordAt = chipBytes - 64 - RecordBytes;
        SecondSuperblockAt = chipBytes - 64;
    }

    public int ChipBytes { get; }
    public int SegmentBytes { get; }
    public int SetSegments { get; }
    public int RecordBytes { get; }
    public int Segments { get; }
    public int Entries { get; }
    public int LinksAt { get; }
    public int EntriesAt { get; }
    public int SegmentsAt { get; }
    public int SecondRecordAt { get; }
    public int SecondSuperblockAt { get; }

    public int SuperblockAt(int copy) => copy == 0 ? 0 : SecondSuperblockAt;

    public int RecordAt(int which) => which == 0 ? FirstRecordAt : SecondRecordAt;

    public int ClientAt(int entry) => ClientsAt + entry * ClientBytes;

    public int LinkAt(int segment) => LinksAt + 2 * segment;

    public int EntryAt(int entry) => EntriesAt + EntryBytes * entry;

    public int SegmentAt(int segment) => SegmentsAt + segment * SegmentBytes;

    public int SegmentsOf(int trackBytes) => (trackBytes + 4 + SegmentBytes - 1) / SegmentBytes;

    public static uint Crc(ReadOnlySpan<byte> bytes) => Crc32.HashToUInt32(bytes);

    /// <summary>Gives the whole record at an address another sequence number: for stores that have seen more commits than a test can make.</summary>
    public void SetSequence(Span<byte> memory, int which, uint sequence)
    {
        Span<byte> record = memory[RecordAt(which)..];
        int length = MediumRecord.Parse(record, this)!.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(record, sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(record[(length - 4)..], Crc(record[..(length - 4)]));
    }
}
