using System;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>One item of a write request: a track to store or to release.</summary>
public sealed class WriteItem
{
    /// <summary>The most bytes that a frame can say a track has.</summary>
    public const int MostBytes = Block.Released - 1;

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
    /// <param name="data">Its new data, at most <see cref="MostBytes"/>.</param>
    /// <param name="expectedVersion">The version to replace, 0 for a track that must not exist yet, null for any.</param>
    public static WriteItem Store(uint track, ReadOnlyMemory<byte> data, uint? expectedVersion = null) => data.Length <= MostBytes
        ? new WriteItem(track, data, false, expectedVersion)
        : throw new ArgumentException($"Track {track}: {data.Length} bytes are more than a track can have, {MostBytes}.");

    /// <summary>Releases a track.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="expectedVersion">The version that may go, null for any.</param>
    public static WriteItem Release(uint track, uint? expectedVersion = null) => new(track, default, true, expectedVersion);
}
