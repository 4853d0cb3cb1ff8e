namespace NvsFirmware.Wire;

/// <summary>
/// The one layout of the wire and of the medium: a WRITE frame, a few fields patched, is a commit block; a block, its first fields replaced
/// by a header, is the answer to READ. docs/format.md and docs/protocol.md explain the fields.
/// </summary>
/// <remarks>
/// <code>
/// in the block    0         4         8       10     12         16       20            24      28       30      32
/// medium        | number  | version | entry | next | replaced | client | fingerprint | track | length | count | data | CRC-32 |
/// WRITE frame   | number  | length,   argument       header's   client | before      | track | length | count | data | CRC-32 |
/// in the frame    4         part                     CRC-32     20       24            28      32       34      36
/// </code>
/// The CRC-32 of a WRITE frame's payload is the fingerprint of its request so far. That of a block is exclusive-or the store's mark and the
/// number of the block's first segment, so that a block of another store, or at another place, is none.
/// </remarks>
public static class Block
{
    /// <summary>Where the block begins in the WRITE frame that brought it: opcode and address fit in front of it.</summary>
    public const int InFrame = Frame.NumberAt;

    /// <summary>The client's request number, 4 bytes.</summary>
    public const int NumberAt = 0;

    /// <summary>Version: the number of the commit, 4 bytes.</summary>
    public const int VersionAt = 4;

    /// <summary>The track's entry in the track table, <see cref="EntryMask"/>, and the lap above it; 2 bytes.</summary>
    public const int EntryAt = 8;

    /// <summary>The segment where the next block begins, <see cref="SegmentMask"/>, and the bits of this type; 2 bytes.</summary>
    public const int NextAt = 10;

    /// <summary>The CRC-32 field that the entry had before this commit, 4 bytes.</summary>
    public const int ReplacedAt = 12;

    /// <summary>The client's id, 4 bytes; 0: nobody's. The payload of WRITE, and of the answer to READ, begins here.</summary>
    public const int ClientAt = 16;

    /// <summary>Fingerprint of the request up to this block, 4 bytes; in a WRITE frame that of the parts before.</summary>
    public const int FingerprintAt = 20;

    /// <summary>Track number, 4 bytes.</summary>
    public const int TrackAt = 24;

    /// <summary>Length of the whole track in bytes, or <see cref="Released"/>; 2 bytes.</summary>
    public const int LengthAt = 28;

    /// <summary>Bytes of data in this block, 2 bytes.</summary>
    public const int CountAt = 30;

    /// <summary>The data.</summary>
    public const int DataAt = 32;

    /// <summary>Bytes of the CRC-32 behind the data.</summary>
    public const int CrcBytes = 4;

    /// <summary>Bytes of a block besides its data.</summary>
    public const int OverheadBytes = DataAt + CrcBytes;

    /// <summary>Bytes of a WRITE frame's payload, and of that of an answer to READ, in front of the data.</summary>
    public const int PayloadHeadBytes = DataAt - ClientAt;

    /// <summary>In place of a length: the track is released.</summary>
    public const int Released = 0xFFFF;

    /// <summary>The entry's number in the word at <see cref="EntryAt"/>.</summary>
    public const int EntryMask = 0x0FFF;

    /// <summary>The lap's place in the word at <see cref="EntryAt"/>.</summary>
    public const int LapShift = 12;

    /// <summary>The segment's number in the word at <see cref="NextAt"/>.</summary>
    public const int SegmentMask = 0x0FFF;

    /// <summary>In the word at <see cref="NextAt"/>: the first block of its row.</summary>
    public const int FirstOfRow = 0x1000;

    /// <summary>In the word at <see cref="NextAt"/>: the client only passes by.</summary>
    public const int Passing = 0x2000;

    /// <summary>In the word at <see cref="NextAt"/>: the last block of its row, which commits it.</summary>
    public const int LastOfRow = 0x4000;

    /// <summary>In the word at <see cref="NextAt"/>: the active-set flag, the next block lies in set B.</summary>
    public const int SetB = 1 << SetShift;

    /// <summary>Place of <see cref="SetB"/>.</summary>
    public const int SetShift = 15;
}
