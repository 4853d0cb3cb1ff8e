using System;

namespace NvsFirmware.Tests.Rig;

/// <summary>A record: the tables hold all commits up to its version.</summary>
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
