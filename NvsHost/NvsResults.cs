using System;
using System.Collections.Generic;
using System.Text;
using NvsFirmware;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;

namespace NvsHost;

/// <summary>The board, its chip and its store, as HELLO tells them.</summary>
public sealed record BoardInfo
{
    internal BoardInfo(byte[] p)
    {
        Protocol = Buffers.GetUInt16(p, Payload.HelloAnswer.Protocol);
        State = (Status)p[Payload.HelloAnswer.State];
        IsProtected = p[Payload.HelloAnswer.Protected] != 0;
        FirmwareVersion = new Version(
            p[Payload.HelloAnswer.FirmwareVersion], p[Payload.HelloAnswer.FirmwareVersion + 1], p[Payload.HelloAnswer.FirmwareVersion + 2]);
        LargestDataBytes = Buffers.GetUInt16(p, Payload.HelloAnswer.LargestDataBytes);
        TrackSlots = Buffers.GetUInt16(p, Payload.HelloAnswer.TrackSlots);
        WindowBytes = Buffers.GetInt32(p, Payload.HelloAnswer.WindowBytes);
        LongestTrackBytes = Buffers.GetInt32(p, Payload.HelloAnswer.LongestTrackBytes);
        CapacityBytes = Buffers.GetInt32(p, Payload.HelloAnswer.CapacityBytes);
        FreeBytes = Buffers.GetInt32(p, Payload.HelloAnswer.FreeBytes);
        BootCount = (uint)Buffers.GetInt32(p, Payload.HelloAnswer.BootCount);
        StoreId = Convert.ToHexStringLower(p.AsSpan(Payload.HelloAnswer.StoreId, 8));
        BoardName = Text(p, Payload.HelloAnswer.BoardName);
        ChipName = Text(p, Payload.HelloAnswer.ChipName);
        ChipBytes = Buffers.GetInt32(p, Payload.HelloAnswer.ChipBytes);
    }

    /// <summary>The protocol version the board speaks.</summary>
    public int Protocol { get; }

    /// <summary>State of the store: Ok, NoChip, UnknownChip, Blank, StoreDamaged or NewerFormat.</summary>
    public Status State { get; }

    /// <summary>True when the chip's block protection is on, so that nothing can be written.</summary>
    public bool IsProtected { get; }

    /// <summary>Version of the firmware.</summary>
    public Version FirmwareVersion { get; }

    /// <summary>The most bytes of a track in one frame.</summary>
    public int LargestDataBytes { get; }

    /// <summary>The most tracks the store can hold.</summary>
    public int TrackSlots { get; }

    /// <summary>The most bytes of frames that may be on the way or unanswered.</summary>
    public int WindowBytes { get; }

    /// <summary>Longest track, in bytes.</summary>
    public int LongestTrackBytes { get; }

    /// <summary>Bytes in all segments.</summary>
    public int CapacityBytes { get; }

    /// <summary>Bytes in the segments that new tracks can still take.</summary>
    public int FreeBytes { get; }

    /// <summary>How often a board has started with this store.</summary>
    public uint BootCount { get; }

    /// <summary>The store's id, 16 hex digits: the name that <see cref="NvsClient.FormatAsync"/> asks for.</summary>
    public string StoreId { get; }

    /// <summary>The board's name.</summary>
    public string BoardName { get; }

    /// <summary>The FRAM part's name.</summary>
    public string ChipName { get; }

    /// <summary>The FRAM part's size in bytes.</summary>
    public int ChipBytes { get; }

    private static string Text(byte[] p, int offset) => Encoding.ASCII.GetString(p, offset, Payload.HelloAnswer.NameBytes).TrimEnd('\0');
}

/// <summary>The store in detail, as INFO tells it.</summary>
public sealed record StoreInfo
{
    internal StoreInfo(byte[] p)
    {
        SegmentBytes = Buffers.GetUInt16(p, Payload.InfoAnswer.SegmentBytes);
        SetSegments = Buffers.GetUInt16(p, Payload.InfoAnswer.SetSegments);
        Segments = Buffers.GetUInt16(p, Payload.InfoAnswer.Segments);
        FreeSegments = Buffers.GetUInt16(p, Payload.InfoAnswer.FreeSegments);
        Tracks = Buffers.GetUInt16(p, Payload.InfoAnswer.Tracks);
        Damaged = Buffers.GetUInt16(p, Payload.InfoAnswer.Damaged);
        Flag = p[Payload.InfoAnswer.Flag];
        Findings = p[Payload.InfoAnswer.Findings];
        Sequence = (uint)Buffers.GetInt32(p, Payload.InfoAnswer.Sequence);
        Client = (uint)Buffers.GetInt32(p, Payload.InfoAnswer.Client);
        Request = (uint)Buffers.GetInt32(p, Payload.InfoAnswer.Request);
        CommittedFirst = Buffers.GetUInt16(p, Payload.InfoAnswer.CommittedFirst);
        CommittedCount = Buffers.GetUInt16(p, Payload.InfoAnswer.CommittedCount);
        PreparedFirst = Buffers.GetUInt16(p, Payload.InfoAnswer.PreparedFirst);
        PreparedLast = Buffers.GetUInt16(p, Payload.InfoAnswer.PreparedLast);
    }

    /// <summary>Bytes in a segment.</summary>
    public int SegmentBytes { get; }

    /// <summary>Segments in a set.</summary>
    public int SetSegments { get; }

    /// <summary>Segments in the store.</summary>
    public int Segments { get; }

    /// <summary>Segments that belong to no track, those of the prepared set included.</summary>
    public int FreeSegments { get; }

    /// <summary>Tracks in the store.</summary>
    public int Tracks { get; }

    /// <summary>Track entries known to be damaged.</summary>
    public int Damaged { get; }

    /// <summary>The active-set flag: the set that the next write request uses, 0 for A and 1 for B.</summary>
    public int Flag { get; }

    /// <summary>What the last recovery found, bits of <see cref="RecoveryFindings"/>.</summary>
    public int Findings { get; }

    /// <summary>What a recovery found, in words.</summary>
    public static string Describe(int findings)
    {
        if (findings == RecoveryFindings.Clean)
            return "clean";
        List<string> words = new();
        foreach ((int bit, string word) in findingWords)
            if ((findings & bit) != 0)
                words.Add(word);
        return string.Join(", ", words);
    }

    private static readonly (int Bit, string Word)[] findingWords =
    [
        (RecoveryFindings.RolledForward, "rolled the last commit forward"),
        (RecoveryFindings.Discarded, "discarded an interrupted request"),
        (RecoveryFindings.SuperblockCopy, "restored a copy of the superblock"),
        (RecoveryFindings.RecordLost, "lost the newest record, so who asked last is unknown"),
        (RecoveryFindings.TracksDamaged, "found damaged tracks"),
        (RecoveryFindings.Formatted, "formatted a blank chip"),
    ];

    /// <summary>Number of the last commit: the version of the tracks it wrote.</summary>
    public uint Sequence { get; }

    /// <summary>Client id of the last commit.</summary>
    public uint Client { get; }

    /// <summary>Request number of the last commit.</summary>
    public uint Request { get; }

    /// <summary>First segment of the set that the last commit used.</summary>
    public int CommittedFirst { get; }

    /// <summary>How many segments the last commit used.</summary>
    public int CommittedCount { get; }

    /// <summary>First segment of the set prepared for the next write request.</summary>
    public int PreparedFirst { get; }

    /// <summary>Last segment of the set prepared for the next write request.</summary>
    public int PreparedLast { get; }
}

/// <summary>The board's counters, as STATS tells them.</summary>
public sealed class BoardStats
{
    private readonly uint[] values = new uint[Counter.Count];

    internal BoardStats(byte[] p)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (uint)Buffers.GetInt32(p, i * 4);
        int known = (int)Math.Min(values[Counter.Recoveries], Payload.StatsAnswer.FindingsCount);
        int[] found = new int[known];
        for (int i = 0; i < known; i++)
            found[i] = p[Payload.StatsAnswer.Findings + i];
        Findings = found;
    }

    /// <summary>The value of a counter.</summary>
    /// <param name="counter">One of <see cref="Counter"/>.</param>
    public uint this[int counter] => values[counter];

    /// <summary>What the recoveries since boot found, the newest first; bits of <see cref="RecoveryFindings"/>.</summary>
    public IReadOnlyList<int> Findings { get; }
}

/// <summary>A client's last committed write request, as LAST tells it.</summary>
/// <param name="Request">Its number.</param>
/// <param name="Version">The version it gave its tracks.</param>
public sealed record LastCommit(uint Request, uint Version);

/// <summary>A track as read.</summary>
/// <param name="Track">Its number.</param>
/// <param name="Version">Its version: the number of the commit that wrote it.</param>
/// <param name="Data">Its data.</param>
public sealed record NvsTrack(uint Track, uint Version, byte[] Data);

/// <summary>A track as listed.</summary>
/// <param name="Track">Its number.</param>
/// <param name="Version">Its version.</param>
/// <param name="Length">Its length in bytes; null when that is not known, because of the damage.</param>
/// <param name="Damage">What is known to be damaged of it.</param>
public sealed record TrackEntry(uint Track, uint Version, int? Length, Damage Damage);

/// <summary>A damage that VERIFY found.</summary>
/// <param name="Track">The track it hits; 0 when it belongs to no known track.</param>
/// <param name="Version">The track's version.</param>
/// <param name="Entry">The number of the entry that is hit.</param>
/// <param name="Damage">What is damaged.</param>
public sealed record DamageEntry(uint Track, uint Version, int Entry, Damage Damage);

/// <summary>What VERIFY found.</summary>
/// <param name="TracksChecked">How many tracks were checked.</param>
/// <param name="Damages">The damages; empty when all is intact.</param>
public sealed record VerifyResult(int TracksChecked, IReadOnlyList<DamageEntry> Damages);

/// <summary>One item of a write request: a track to store or to release.</summary>
public sealed class WriteItem
{
    private WriteItem(uint track, ReadOnlyMemory<byte> data, bool isRelease, uint? expectedVersion)
    {
        Track = track;
        Data = data;
        IsRelease = isRelease;
        ExpectedVersion = expectedVersion;
    }

    /// <summary>The track's number.</summary>
    public uint Track { get; }

    /// <summary>Its new data; empty for a release. They must not change until the request is done.</summary>
    public ReadOnlyMemory<byte> Data { get; }

    /// <summary>True for a release.</summary>
    public bool IsRelease { get; }

    /// <summary>The version to replace, 0 for a track that must not exist yet, null for any.</summary>
    public uint? ExpectedVersion { get; }

    /// <summary>Stores a track.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="data">Its new data, at most 65535 bytes.</param>
    /// <param name="expectedVersion">The version to replace, 0 for a track that must not exist yet, null for any.</param>
    public static WriteItem Store(uint track, ReadOnlyMemory<byte> data, uint? expectedVersion = null)
    {
        if (data.Length > ushort.MaxValue)
            throw new ArgumentException($"Track {track}: {data.Length} bytes are more than a track can have, {ushort.MaxValue}.", nameof(data));
        return new WriteItem(track, data, false, expectedVersion);
    }

    /// <summary>Releases a track.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="expectedVersion">The version that may go, null for any.</param>
    public static WriteItem Release(uint track, uint? expectedVersion = null) => new(track, default, true, expectedVersion);
}
