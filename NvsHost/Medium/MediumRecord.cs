using System;

namespace NvsMedium;

/// <summary>A record: the tables hold all commits up to its version.</summary>
/// <param name="Version">The last commit that is in the tables.</param>
/// <param name="Client">Who asked for that commit; 0: nobody.</param>
/// <param name="Number">Its request's number.</param>
/// <param name="Fingerprint">Its request's fingerprint.</param>
/// <param name="Sum0">Sum 0 over the track table.</param>
/// <param name="Sum1">Sum 1 over the track table.</param>
/// <param name="BootCount">How often a board has started with this store.</param>
/// <param name="Next">Where the next block begins.</param>
/// <param name="Flag">The active-set flag: the set in which that block lies.</param>
/// <param name="Lap">The lap.</param>
/// <param name="IsPassing">The client only passes by.</param>
/// <param name="IsInDoubt">Who asked last may have been lost with a damaged block, record or client entry, until repair.</param>
public sealed record MediumRecord(
    uint Version,
    uint Client,
    uint Number,
    uint Fingerprint,
    uint Sum0,
    uint Sum1,
    uint BootCount,
    int Next,
    int Flag,
    int Lap,
    bool IsPassing,
    bool IsInDoubt)
{
    /// <summary>The record at an address; null when it is not whole.</summary>
    public static MediumRecord? Parse(ReadOnlySpan<byte> medium, int address)
    {
        ReadOnlySpan<byte> bytes = medium.Slice(address, MediumLayout.RecordBytes);
        if (bytes.U32(32) != bytes[..32].Crc() || bytes[31] != 0 || (bytes[30] & 0x30) != 0 || (bytes[29] & 0x70) != 0)
            return null;
        return new MediumRecord(
            bytes.U32(0),
            bytes.U32(4),
            bytes.U32(8),
            bytes.U32(12),
            bytes.U32(16),
            bytes.U32(20),
            bytes.U32(24),
            bytes.U16(28) & 0xFFF,
            bytes.U16(28) >> 15,
            bytes[30] & 0x0F,
            (bytes[30] & 0x80) != 0,
            (bytes[30] & 0x40) != 0);
    }
}
