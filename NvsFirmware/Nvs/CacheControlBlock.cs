namespace NvsFirmware.Nvs;

/// <summary>
/// Cache control block (CCB): what is known of one track on its way through the cache, which segments of which set hold it in the NVS, and
/// the copy of its data in RAM if it is cached.
/// </summary>
/// <remarks>
/// A write request has one for each of its tracks: the NVS allocates segments of the active set through it, and the bookkeeping after the
/// commit goes by it. Then the cache may keep it. It stands here because the NVS fills it in; only the cache looks at <see cref="Copy"/>.
/// </remarks>
public sealed class CacheControlBlock
{
    /// <summary>No room for a copy.</summary>
    public static readonly byte[] NoCopy = new byte[0];

    /// <summary>Track number.</summary>
    public int Track;

    /// <summary>The track's entry in the track table.</summary>
    public int Entry;

    /// <summary>The track's version.</summary>
    public int Version;

    /// <summary>The track's length in bytes, or <see cref="Wire.Block.Released"/>.</summary>
    public int Length;

    /// <summary>The set whose segments hold the track: 0 for A, 1 for B.</summary>
    public int Set;

    /// <summary>Index in that set of the track's first segment.</summary>
    public int FirstInSet;

    /// <summary>The track's first segment.</summary>
    public int FirstSegment;

    /// <summary>How many segments of the set hold the track, from <see cref="FirstInSet"/> on.</summary>
    public int SegmentCount;

    /// <summary>How many blocks hold it.</summary>
    public int BlockCount;

    /// <summary>Length of the copy; 0 when the track is not cached.</summary>
    public int CopyBytes;

    /// <summary>When the copy was used last, in uses of the cache.</summary>
    public int LastUse;

    /// <summary>Room for a copy: the payload of the answer to READ and its CRC-32; no room in a block that the cache does not keep.</summary>
    public byte[] Copy = NoCopy;
}
