using System;

namespace NvsFirmware.Tests.Rig;

/// <summary>Makes media that a test could not write itself: stores that have seen more commits than there is time for.</summary>
public static class MediumCraft
{
    /// <summary>A store at rest, as if it had seen so many commits: only its record changes.</summary>
    public static void SetVersion(Span<byte> memory, uint version, int lap)
    {
        Medium medium = Medium.Read(memory);
        int at = medium.Layout.RecordAt(medium.CurrentIndex);
        memory.Slice(medium.Layout.RecordAt(1 - medium.CurrentIndex), MediumLayout.RecordBytes).Clear();
        Span<byte> record = memory.Slice(at, MediumLayout.RecordBytes);
        record.Put32(0, version);
        record[30] = (byte)((record[30] & 0x80) | lap);
        SealRecord(record);
    }

    /// <summary>Makes a record whole.</summary>
    public static void SealRecord(Span<byte> record) => record.Put32(32, ((ReadOnlySpan<byte>)record)[..32].Crc());

    /// <summary>Makes a block whole, and one of this store at this segment.</summary>
    public static void SealBlock(Span<byte> memory, Medium medium, int segment)
    {
        Span<byte> block = memory[medium.Layout.SegmentAt(segment)..];
        int crcAt = MediumLayout.BlockHeadBytes + ((ReadOnlySpan<byte>)block).U16(30);
        block.Put32(crcAt, ((ReadOnlySpan<byte>)block)[..crcAt].Crc() ^ medium.Superblock.Mark ^ (uint)segment);
    }
}
