using System;

namespace NvsFirmware.Nvs.Boot;

/// <summary>What a copy of the superblock looks like.</summary>
public enum SuperblockState
{
    /// <summary>There is none: the last byte is what a chip without a store, or a torn write over one, has.</summary>
    Void,

    /// <summary>Whole, but marked void: its store was given up by a format that did not end.</summary>
    GivenUp,

    /// <summary>Whole, of a store.</summary>
    Live,

    /// <summary>Whole, of a store whose format is newer than this firmware knows.</summary>
    Newer,

    /// <summary>There is one, but it does not match its CRC-32.</summary>
    Damaged,
}

/// <summary>The store's identity and sizes: two copies, at the chip's first and last bytes, written only by format.</summary>
/// <remarks>
/// <code>
///  0       8         10     12     16       18        20        22        24   32       36      38        56       63
/// | magic | format  | copy | chip | segment | set     | segments | entries | id | format | piece | clients | CRC-32 | counts |
///           version          bytes  bytes     segments                            count    bytes             of 0–55
/// </code>
/// The last byte, outside the CRC-32, says that the copy counts. It is written last, so a torn copy does not count; and format takes
/// it back, one byte and so atomic, before it touches anything else of an old store.
/// </remarks>
public sealed class Superblock
{
    /// <summary>Length of a copy.</summary>
    public const int Bytes = 64;

    /// <summary>Version of the format that this firmware writes and reads.</summary>
    public const int FormatVersion = 1;

    /// <summary>Where in a copy the byte stands that makes it count.</summary>
    public const int LiveAt = 63;

    /// <summary>Length of a store's id.</summary>
    public const int IdBytes = 8;

    private const int FormatCountBytes = 4;
    private const byte LiveMark = 0x4C;
    private const string Magic = "NvsFram";
    private const int MagicBytes = 8;
    private const int FormatVersionAt = 8;
    private const int CopyAt = 10;
    private const int ChipBytesAt = 12;
    private const int SegmentBytesAt = 16;
    private const int SetSegmentsAt = 18;
    private const int SegmentsAt = 20;
    private const int EntriesAt = 22;
    private const int IdAt = 24;
    private const int FormatCountAt = 32;
    private const int PieceBytesAt = 36;
    private const int ClientsAt = 38;
    private const int CrcAt = 56;

    /// <summary>What the copy parsed last looks like.</summary>
    public SuperblockState State;

    /// <summary>The store's id, zeros before one was parsed.</summary>
    public readonly byte[] Id = new byte[IdBytes];

    /// <summary>How often the chip was formatted: of two copies that differ, the later store's has the greater number.</summary>
    public int FormatCount;

    /// <summary>The chip's size when it was formatted.</summary>
    public int ChipBytes;

    private readonly byte[] image = new byte[Bytes];

    /// <summary>
    /// What stands at an offset; the fields are taken over when the copy is Live, id and format count also when it is GivenUp or Newer.
    /// </summary>
    /// <param name="buffer">Holds the copy.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="copy">Which copy it should be, 0 or 1.</param>
    /// <returns><see cref="State"/>.</returns>
    public SuperblockState Parse(byte[] buffer, int offset, int copy)
    {
        byte mark = buffer[offset + LiveAt];
        bool isVoid = mark == 0x00 || mark == 0xFF;
        bool isWhole = BitConverter.ToUInt32(buffer, offset + CrcAt) == Crc.Of(buffer, offset, CrcAt)
            && Buffers.IsText(buffer, offset, MagicBytes, Magic) && buffer[offset + CopyAt] == copy
            && Buffers.AreAll(buffer, offset + CrcAt + 4, LiveAt - CrcAt - 4, 0);
        FormatCount = 0;
        State = isVoid ? SuperblockState.Void : SuperblockState.Damaged;
        if (!isWhole || !isVoid && mark != LiveMark)
            return State;
        Array.Copy(buffer, offset, image, 0, Bytes);
        Array.Copy(image, IdAt, Id, 0, IdBytes);
        FormatCount = Buffers.GetInt32(image, FormatCountAt);
        ChipBytes = Buffers.GetInt32(image, ChipBytesAt);
        State = isVoid ? SuperblockState.GivenUp
            : Buffers.GetUInt16(image, FormatVersionAt) != FormatVersion ? SuperblockState.Newer : SuperblockState.Live;
        return State;
    }

    /// <summary>The sizes that the copy tells; not possible ones when the counts that it tells do not follow from them.</summary>
    public Geometry ToGeometry()
    {
        Geometry told = new Geometry(
            ChipBytes,
            Buffers.GetUInt16(image, SegmentBytesAt),
            Buffers.GetUInt16(image, SetSegmentsAt),
            Buffers.GetUInt16(image, PieceBytesAt));
        byte[] expected = new byte[Bytes];
        Put(expected, 0, 0, told, Id, FormatCount);
        return IsSame(expected) ? told : new Geometry(0, 0, 0, 0);
    }

    /// <summary>True when another copy is of the same store.</summary>
    public bool IsSame(Superblock other) => IsSame(other.image);

    /// <summary>Encodes a copy.</summary>
    /// <param name="buffer">Receives it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="copy">Which copy, 0 or 1.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="storeId">The store's id, 8 bytes.</param>
    /// <param name="formatCount">How often the chip was formatted.</param>
    public static void Put(byte[] buffer, int offset, int copy, Geometry geometry, byte[] storeId, int formatCount)
    {
        Array.Clear(buffer, offset, Bytes);
        Buffers.PutText(buffer, offset, MagicBytes, Magic);
        Buffers.PutUInt16(buffer, offset + FormatVersionAt, FormatVersion);
        buffer[offset + CopyAt] = (byte)copy;
        Buffers.PutInt32(buffer, offset + ChipBytesAt, geometry.ChipBytes);
        Buffers.PutUInt16(buffer, offset + SegmentBytesAt, geometry.SegmentBytes);
        Buffers.PutUInt16(buffer, offset + SetSegmentsAt, geometry.SetSegments);
        Buffers.PutUInt16(buffer, offset + SegmentsAt, geometry.Segments);
        Buffers.PutUInt16(buffer, offset + EntriesAt, geometry.Entries);
        Array.Copy(storeId, 0, buffer, offset + IdAt, IdBytes);
        Buffers.PutInt32(buffer, offset + FormatCountAt, formatCount);
        Buffers.PutUInt16(buffer, offset + PieceBytesAt, geometry.PieceBytes);
        Buffers.PutUInt16(buffer, offset + ClientsAt, geometry.Clients);
        Buffers.PutUInt32(buffer, offset + CrcAt, Crc.Of(buffer, offset, CrcAt));
        buffer[offset + LiveAt] = LiveMark;
    }

    /// <summary>The mark of the store with an id and a format count.</summary>
    public static uint MarkOf(byte[] storeId, int formatCount)
    {
        byte[] marked = new byte[IdBytes + FormatCountBytes];
        Array.Copy(storeId, 0, marked, 0, IdBytes);
        Buffers.PutInt32(marked, IdBytes, formatCount);
        return Crc.Of(marked, 0, marked.Length);
    }

    // All but which copy it is, what follows from that, and whether it counts.
    private bool IsSame(byte[] other) => Buffers.AreSame(image, ChipBytesAt, other, ChipBytesAt, CrcAt - ChipBytesAt);
}
