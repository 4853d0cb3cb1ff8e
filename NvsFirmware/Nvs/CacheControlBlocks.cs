namespace NvsFirmware.Nvs;

/// <summary>
/// Cache control blocks (CCBs): what is known of each track of a write request on its way through the cache, above all which segments of
/// which set hold it in the NVS.
/// </summary>
/// <remarks>
/// The NVS fills them in as it takes segments of the active set; the bookkeeping after the commit goes by them, and so does the cache,
/// which drops or renews its copies. A block is a place in arrays of numbers, because an object takes 12 bytes of a board's heap for each
/// field.
/// </remarks>
public sealed class CacheControlBlocks
{
    /// <summary>Blocks in use, from the first.</summary>
    public int Count;

    /// <summary>The set whose segments hold the tracks of a request: 0 for A, 1 for B.</summary>
    public int Set;

    /// <summary>Track numbers.</summary>
    public readonly int[] Tracks;

    /// <summary>The tracks' entries in the track table.</summary>
    public readonly short[] Entries;

    /// <summary>The tracks' lengths in bytes, or <see cref="Wire.Block.Released"/>.</summary>
    public readonly ushort[] Lengths;

    /// <summary>Where in the set the tracks' first segments stand; the others follow, up to the next track's.</summary>
    public readonly byte[] FirstInSet;

    /// <summary>How many blocks on the medium hold each track.</summary>
    public readonly byte[] BlockCounts;

    /// <summary>Makes room.</summary>
    /// <param name="count">For how many tracks.</param>
    public CacheControlBlocks(int count)
    {
        Tracks = new int[count];
        Entries = new short[count];
        Lengths = new ushort[count];
        FirstInSet = new byte[count];
        BlockCounts = new byte[count];
    }

    /// <summary>Adds a track.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="entry">Its entry in the track table.</param>
    /// <param name="length">Its length in bytes, or <see cref="Wire.Block.Released"/>.</param>
    /// <param name="firstInSet">Where in the set its first segment stands.</param>
    /// <param name="blockCount">How many blocks hold it.</param>
    public void Add(int track, int entry, int length, int firstInSet, int blockCount)
    {
        int i = Count;
        Tracks[i] = track;
        Entries[i] = (short)entry;
        Lengths[i] = (ushort)length;
        FirstInSet[i] = (byte)firstInSet;
        BlockCounts[i] = (byte)blockCount;
        Count = i + 1;
    }
}
