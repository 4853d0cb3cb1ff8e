namespace NvsFirmware.Cache;

/// <summary>What a cache control block holds.</summary>
public enum CacheState
{
    /// <summary>Nothing.</summary>
    Empty,

    /// <summary>Data that are on their way, to the NVS or from it: not served, because not committed or not yet found intact.</summary>
    Staged,

    /// <summary>A committed track, as a read from the NVS would return it.</summary>
    Cached,
}

/// <summary>Cache control block (CCB): the cache's record about one track, where it lies in the NVS, and the copy of its data in RAM.</summary>
public sealed class CacheControlBlock
{
    /// <summary>An empty block.</summary>
    /// <param name="bytes">Longest track it can hold.</param>
    public CacheControlBlock(int bytes) => Data = new byte[bytes];

    /// <summary>Whether the track is cached.</summary>
    public CacheState State { get; set; }

    /// <summary>Track number.</summary>
    public int Track { get; set; }

    /// <summary>The track's version.</summary>
    public int Version { get; set; }

    /// <summary>The track's length in bytes.</summary>
    public int Length { get; set; }

    /// <summary>The first of the segments that hold the track in the NVS.</summary>
    public int FirstSegment { get; set; }

    /// <summary>CRC-32 of the data in RAM, checked at each hit.</summary>
    public uint Crc { get; set; }

    /// <summary>When the block was used last, in uses of the cache.</summary>
    public int LastUse { get; set; }

    /// <summary>The track's data, from index 0.</summary>
    public byte[] Data { get; }
}
