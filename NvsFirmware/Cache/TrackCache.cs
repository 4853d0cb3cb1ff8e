using System;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.Cache;

/// <summary>
/// The cache in front of the NVS. It receives the write requests from the host adapter, passes them on to the NVS and keeps copies of short
/// tracks; reads of these cost no SPI traffic.
/// </summary>
/// <remarks>
/// Invariants: a copy is the payload of the answer to READ and its CRC-32, of the committed track; it is checked at each hit. A control block
/// with room for a copy is either here or, emptied, nowhere: the ones of a write request have none and are exchanged for it.
/// </remarks>
public sealed class TrackCache
{
    private readonly NvsStore nvs;
    private readonly CacheControlBlock[] blocks;
    private readonly int copyBytes;
    private readonly CacheControlBlock none = new CacheControlBlock();
    private CacheControlBlock reading;
    private int uses;

    /// <summary>A cache with nothing in it.</summary>
    /// <param name="nvs">The NVS behind it.</param>
    /// <param name="count">How many tracks it can hold.</param>
    /// <param name="blockBytes">Longest track it holds.</param>
    public TrackCache(NvsStore nvs, int count, int blockBytes)
    {
        this.nvs = nvs;
        copyBytes = Block.PayloadHeadBytes + blockBytes + Frame.CrcBytes;
        blocks = new CacheControlBlock[count];
        for (int i = 0; i < count; i++)
            blocks[i] = new CacheControlBlock { Copy = new byte[copyBytes] };
        reading = none;
    }

    /// <summary>Reads served from the cache since the start.</summary>
    public int Hits;

    /// <summary>What goes with the status of a write request, see <see cref="NvsStore.Argument"/>.</summary>
    public int Argument;

    /// <summary>Version of the track being read.</summary>
    public int ReadVersion;

    /// <summary>True when the track being read has been read to its end.</summary>
    public bool IsReadAtEnd;

    /// <summary>Forgets everything: the store behind the cache is another one, or may have changed.</summary>
    public void Clear()
    {
        for (int i = 0; i < blocks.Length; i++)
            blocks[i].CopyBytes = 0;
    }

    /// <summary>Takes a WRITE frame; see <see cref="NvsStore.Write"/>.</summary>
    public Status Write(byte[] frame, int count)
    {
        Status status = nvs.Write(frame, count);
        Argument = nvs.Argument;
        return status;
    }

    /// <summary>After the answer to a write request that committed: has the NVS do what is due, and keeps a copy of the last track.</summary>
    /// <param name="frame">Holds the last frame of the request.</param>
    /// <param name="count">Bytes of data in it.</param>
    public void Keep(byte[] frame, int count)
    {
        nvs.Keep();
        WriteRequest request = nvs.LastRequest;
        for (int i = 0; i < request.TrackCount; i++)
        {
            CacheControlBlock written = request.Tracks[i];
            int found = FindOrOldest(written.Track);
            if (found < 0)
                return;
            CacheControlBlock block = blocks[found];
            bool isSame = block.CopyBytes > 0 && block.Track == written.Track;
            int bytes = Block.PayloadHeadBytes + count + Frame.CrcBytes;
            if (i + 1 == request.TrackCount && written.Length == count && written.BlockCount == 1 && bytes <= copyBytes)
            {
                written.Copy = block.Copy;
                block.Copy = CacheControlBlock.NoCopy;
                block.CopyBytes = 0;
                blocks[found] = written;
                request.Tracks[i] = block;
                Admit(written, frame, bytes);
            }
            else if (isSame)
            {
                block.CopyBytes = 0;
            }
        }
        request.TrackCount = 0;
    }

    /// <summary>Begins to read a track.</summary>
    /// <returns>Ok, NotFound or TrackDamaged.</returns>
    public Status BeginRead(int track)
    {
        uses++;
        IsReadAtEnd = false;
        for (int i = 0; i < blocks.Length; i++)
        {
            CacheControlBlock block = blocks[i];
            if (block.Track != track || block.CopyBytes == 0)
                continue;
            int end = block.CopyBytes - Frame.CrcBytes;
            if (Crc.Of(block.Copy, 0, end) == BitConverter.ToUInt32(block.Copy, end))
            {
                block.LastUse = uses;
                reading = block;
                ReadVersion = block.Version;
                Hits++;
                return Status.Ok;
            }
            block.CopyBytes = 0; // RAM has changed under it
        }
        reading = none;
        Status status = nvs.BeginRead(track);
        if (status == Status.Ok)
            ReadVersion = nvs.Reader.Version;
        return status;
    }

    /// <summary>Puts the next part of the answer together.</summary>
    /// <param name="buffer">Receives the payload and its CRC-32 where they stand in a frame.</param>
    /// <returns>The payload's length; -1 when the track is damaged.</returns>
    public int Read(byte[] buffer)
    {
        if (reading != none)
        {
            Array.Copy(reading.Copy, 0, buffer, Frame.HeaderBytes, reading.CopyBytes);
            IsReadAtEnd = true;
            return reading.CopyBytes - Frame.CrcBytes;
        }
        TrackReader reader = nvs.Reader;
        if (!reader.Read(buffer))
            return -1;
        IsReadAtEnd = reader.IsAtEnd;
        int bytes = Block.PayloadHeadBytes + reader.Count;
        Buffers.PutUInt32(buffer, Frame.HeaderBytes + bytes, Crc.Of(buffer, Frame.HeaderBytes, bytes));
        if (reader.Count == reader.Length && bytes + Frame.CrcBytes <= copyBytes)
            KeepRead(buffer, bytes + Frame.CrcBytes);
        return bytes;
    }

    private void KeepRead(byte[] buffer, int bytes)
    {
        int track = Buffers.GetInt32(buffer, Block.InFrame + Block.TrackAt);
        int found = FindOrOldest(track);
        if (found < 0)
            return;
        CacheControlBlock block = blocks[found];
        block.Track = track;
        block.Version = ReadVersion;
        block.LastUse = uses;
        Array.Copy(buffer, Frame.HeaderBytes, block.Copy, 0, bytes);
        block.CopyBytes = bytes;
    }

    private void Admit(CacheControlBlock block, byte[] frame, int bytes)
    {
        int end = bytes - Frame.CrcBytes;
        block.LastUse = ++uses;
        Array.Copy(frame, Frame.HeaderBytes, block.Copy, 0, end);
        Buffers.PutUInt32(block.Copy, end, Crc.Of(block.Copy, 0, end));
        block.CopyBytes = bytes;
    }

    // The place that had the track last, else the one to give to it, the least recently used; -1 when there is none.
    private int FindOrOldest(int track)
    {
        CacheControlBlock[] all = blocks;
        for (int i = 0; i < all.Length; i++)
            if (all[i].Track == track)
                return i;
        int oldest = -1;
        int oldestUse = 0;
        for (int i = 0; i < all.Length; i++)
        {
            int use = all[i].LastUse;
            if (oldest >= 0 && use - oldestUse >= 0)
                continue;
            oldest = i;
            oldestUse = use;
        }
        return oldest;
    }
}
