using System;
using System.Text;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>The board, its chip and its store, as HELLO tells them. What the store alone tells is 0 where its state is not Ok.</summary>
public sealed record BoardInfo
{
    internal BoardInfo(byte[] p)
    {
        Protocol = Buffers.GetUInt16(p, Payload.HelloAnswer.Protocol);
        State = (Status)p[Payload.HelloAnswer.State];
        IsProtected = p[Payload.HelloAnswer.Protected] != 0;
        FirmwareVersion = new Version(
            p[Payload.HelloAnswer.FirmwareVersion], p[Payload.HelloAnswer.FirmwareVersion + 1], p[Payload.HelloAnswer.FirmwareVersion + 2]);
        Abilities = Buffers.GetInt32(p, Payload.HelloAnswer.Abilities);
        WindowBytes = Buffers.GetInt32(p, Payload.HelloAnswer.WindowBytes);
        PieceBytes = Buffers.GetUInt16(p, Payload.HelloAnswer.PieceBytes);
        SetSegments = Buffers.GetUInt16(p, Payload.HelloAnswer.SetSegments);
        SegmentDataBytes = Buffers.GetUInt16(p, Payload.HelloAnswer.SegmentDataBytes);
        MostTracks = Buffers.GetUInt16(p, Payload.HelloAnswer.MostTracks);
        LongestTrackBytes = Buffers.GetInt32(p, Payload.HelloAnswer.LongestTrackBytes);
        CapacityBytes = Buffers.GetInt32(p, Payload.HelloAnswer.CapacityBytes);
        FreeBytes = Buffers.GetInt32(p, Payload.HelloAnswer.FreeBytes);
        BootCount = (uint)Buffers.GetInt32(p, Payload.HelloAnswer.BootCount);
        Version = (uint)Buffers.GetInt32(p, Payload.HelloAnswer.Version);
        StoreId = Convert.ToHexStringLower(p.AsSpan(Payload.HelloAnswer.StoreId, StoreName.IdBytes));
        BoardName = Text(p, Payload.HelloAnswer.BoardName);
        ChipName = Text(p, Payload.HelloAnswer.ChipName);
        ChipBytes = Buffers.GetInt32(p, Payload.HelloAnswer.ChipBytes);
    }

    /// <summary>The protocol version the board speaks.</summary>
    public int Protocol { get; }

    /// <summary>State of the store: Ok, NoChip, UnknownChip, Blank, StoreDamaged, NewerFormat or BoardTooSmall.</summary>
    public Status State { get; }

    /// <summary>True when the chip's block protection is on, so that nothing can be written.</summary>
    public bool IsProtected { get; }

    /// <summary>Version of the firmware.</summary>
    public Version FirmwareVersion { get; }

    /// <summary>What the board can do, bits of <see cref="Payload.HelloAnswer"/>.</summary>
    public int Abilities { get; }

    /// <summary>The most bytes of frames that may be on the way or unanswered.</summary>
    public int WindowBytes { get; }

    /// <summary>The most bytes of a track in one frame.</summary>
    public int PieceBytes { get; }

    /// <summary>Segments in a set: the most tracks in one request.</summary>
    public int SetSegments { get; }

    /// <summary>Data bytes in a segment.</summary>
    public int SegmentDataBytes { get; }

    /// <summary>The most tracks the store can hold.</summary>
    public int MostTracks { get; }

    /// <summary>Longest track, in bytes.</summary>
    public int LongestTrackBytes { get; }

    /// <summary>Data bytes in all segments that tracks can take.</summary>
    public int CapacityBytes { get; }

    /// <summary>Data bytes in the segments that new tracks can still take.</summary>
    public int FreeBytes { get; }

    /// <summary>How often a board has started with this store.</summary>
    public uint BootCount { get; }

    /// <summary>Number of the last commit.</summary>
    public uint Version { get; }

    /// <summary>The store's id, 16 hex digits: what <see cref="NvsClient.FormatAsync"/> asks for. Zeros where none is known.</summary>
    public string StoreId { get; }

    /// <summary>The board's name.</summary>
    public string BoardName { get; }

    /// <summary>The FRAM part's name.</summary>
    public string ChipName { get; }

    /// <summary>The FRAM part's size in bytes.</summary>
    public int ChipBytes { get; }

    internal int LongestFrameBytes => Frame.TotalBytes(Block.PayloadHeadBytes + PieceBytes);

    internal bool CanBehind => (Abilities & Payload.HelloAnswer.CanBehind) != 0;

    internal bool CanPassing => (Abilities & Payload.HelloAnswer.CanPassing) != 0;

    /// <summary>How many segments a track takes.</summary>
    /// <param name="bytes">Its length.</param>
    public int SegmentsOf(int bytes) => SegmentDataBytes == 0 ? 0 : Math.Max(1, (bytes + SegmentDataBytes - 1) / SegmentDataBytes);

    private static string Text(byte[] p, int offset) => Encoding.ASCII.GetString(p, offset, Payload.HelloAnswer.NameBytes).TrimEnd('\0');
}
