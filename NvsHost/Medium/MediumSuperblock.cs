using System;

namespace NvsMedium;

/// <summary>What a copy of the superblock is.</summary>
public enum MediumCopyKind
{
    /// <summary>Whole, and it counts.</summary>
    Live,

    /// <summary>Of a later format.</summary>
    Newer,

    /// <summary>Whole, and it does not count any more.</summary>
    GivenUp,

    /// <summary>Not written to its end.</summary>
    Void,

    /// <summary>Anything else.</summary>
    Damaged,
}

/// <summary>A copy of the superblock, as it stands on a medium.</summary>
/// <param name="Kind">What it is; the other fields mean something when it is live.</param>
/// <param name="Address">Where it stands.</param>
/// <param name="Layout">The store's sizes.</param>
/// <param name="Id">The store's id.</param>
/// <param name="FormatCount">How many stores this chip has had.</param>
/// <param name="Mark">What the store's blocks are marked with.</param>
/// <param name="IsConsistent">N and T follow from the sizes, and these are inside the limits.</param>
public sealed record MediumSuperblock(
    MediumCopyKind Kind, int Address, MediumLayout Layout, ulong Id, uint FormatCount, uint Mark, bool IsConsistent)
{
    private const byte Counts = 0x4C;

    /// <summary>Reads a copy.</summary>
    public static MediumSuperblock Parse(ReadOnlySpan<byte> medium, int address, int copy)
    {
        ReadOnlySpan<byte> bytes = medium.Slice(address, MediumLayout.SuperblockBytes);
        int version = bytes.U16(8);
        MediumLayout sizes = new((int)Math.Min(bytes.U32(12), int.MaxValue), bytes.U16(16), bytes.U16(18))
        {
            PieceBytes = bytes.U16(36),
            ClientEntries = bytes.U16(38),
        };
        bool isConsistent = sizes.DataBytes > 0 && sizes.IsPossible && sizes.ChipBytes <= medium.Length
            && sizes.Segments == bytes.U16(20) && sizes.Entries == bytes.U16(22)
            && sizes.ClientEntries == new MediumLayout(sizes.ChipBytes, 0, 0).ClientEntries;
        return new MediumSuperblock(
            KindOf(bytes, version, copy),
            address,
            sizes,
            BitConverter.ToUInt64(bytes[24..]),
            bytes.U32(32),
            bytes.Slice(24, 12).Crc(),
            isConsistent);
    }

    private static MediumCopyKind KindOf(ReadOnlySpan<byte> bytes, int version, int copy)
    {
        bool isWhole = bytes[..8].SequenceEqual("NvsFram\0"u8) && version != 0 && bytes.U32(56) == bytes[..56].Crc()
            && (version > 1 || bytes[10] == copy && bytes[11] == 0 && bytes[40..56].IsZero() && bytes[60..63].IsZero());
        return bytes[63] switch
        {
            Counts when isWhole => version == 1 ? MediumCopyKind.Live : MediumCopyKind.Newer,
            0x00 or 0xFF => isWhole ? MediumCopyKind.GivenUp : MediumCopyKind.Void,
            _ => MediumCopyKind.Damaged,
        };
    }
}
