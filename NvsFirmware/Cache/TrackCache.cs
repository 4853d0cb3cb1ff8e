using System;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.Cache;

/// <summary>
/// The cache in front of the NVS. It receives the write requests from the host adapter, passes them on to the NVS and keeps copies of short
/// tracks; reads of these cost no SPI traffic.
/// </summary>
/// <remarks>
/// Invariants: a copy is the payload of the answer to READ and its CRC-32, of the committed track; it is checked at each hit. A track has one
/// place where its copy may be, by its number: looking for it costs the same however many there are.
/// </remarks>
public sealed class TrackCache
{
    private readonly NvsStore nvs;
    private readonly CacheControlBlocks blocks;
    private readonly byte[][] copies;
    private readonly int[] copyBytes;
    private readonly int largestCopyBytes;
    private int reading;

    /// <summary>A cache with nothing in it.</summary>
    /// <param name="nvs">The NVS behind it.</param>
    /// <param name="count">How many tracks it can hold.</param>
    /// <param name="blockBytes">Longest track it holds.</param>
    public TrackCache(NvsStore nvs, int count, int blockBytes)
    {
        this.nvs = nvs;
        largestCopyBytes = Block.PayloadHeadBytes + blockBytes + Frame.CrcBytes;
        blocks = new CacheControlBlocks(count);
        copies = new byte[count][];
        copyBytes = new int[count];
        for (int i = 0; i < count; i++)
            copies[i] = new byte[largestCopyBytes];
    }

    /// <summary>Reads served from the cache since the start.</summary>
    public int Hits;

    /// <summary>Version of the track being read.</summary>
    public int ReadVersion;

    /// <summary>True when the track being read has been read to its end.</summary>
    public bool IsReadAtEnd;

    /// <summary>Forgets everything: the store behind the cache is another one, or may have changed.</summary>
    public void Clear() => Array.Clear(copyBytes, 0, copyBytes.Length);

    /// <summary>Takes a WRITE frame; see <see cref="NvsStore.Write"/>.</summary>
    public Status Write(byte[] frame, int count) => nvs.Write(frame, count);

    /// <summary>After the answer to a write request that committed: has the NVS do what is due, and keeps a copy of the last track.</summary>
    /// <param name="frame">Holds the last frame of the request.</param>
    /// <param name="count">Bytes of data in it.</param>
    public void Keep(byte[] frame, int count)
    {
        nvs.Keep();
        WriteRequest request = nvs.LastRequest;
        if (copies.Length > 0)
            KeepCopies(request.Blocks, frame, Block.PayloadHeadBytes + count);
        request.Forget();
    }

    /// <summary>Begins to read a track.</summary>
    /// <returns>Ok, NotFound or TrackDamaged.</returns>
    public Status BeginRead(int track)
    {
        IsReadAtEnd = false;
        if (copies.Length > 0)
        {
            int place = PlaceOf(track);
            int bytes = copyBytes[place];
            if (bytes != 0 && blocks.Tracks[place] == track)
            {
                byte[] copy = copies[place];
                bytes -= Frame.CrcBytes;
                if (Crc.Of(copy, 0, bytes) == BitConverter.ToUInt32(copy, bytes))
                {
                    reading = place;
                    ReadVersion = blocks.Versions[place];
                    Hits++;
                    return Status.Ok;
                }
                copyBytes[place] = 0; // RAM has changed under it
            }
        }
        reading = -1;
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
        if (reading >= 0)
        {
            int bytes = copyBytes[reading];
            Array.Copy(copies[reading], 0, buffer, Frame.HeaderBytes, bytes);
            IsReadAtEnd = true;
            return bytes - Frame.CrcBytes;
        }
        TrackReader reader = nvs.Reader;
        if (!reader.Read(buffer))
            return -1;
        int payloadBytes = Block.PayloadHeadBytes + reader.Count;
        IsReadAtEnd = reader.IsAtEnd;
        Buffers.PutUInt32(buffer, Frame.HeaderBytes + payloadBytes, Crc.Of(buffer, Frame.HeaderBytes, payloadBytes));
        if (reader.Count == reader.Length && payloadBytes + Frame.CrcBytes <= largestCopyBytes && copies.Length > 0)
        {
            int place = PlaceOf(reader.Track);
            Array.Copy(buffer, Frame.HeaderBytes, copies[place], 0, payloadBytes + Frame.CrcBytes);
            Take(place, reader.Track, reader.Version, payloadBytes);
        }
        return payloadBytes;
    }

    // What the tracks were is not valid any more. The last one still stands in the frame; a track of several frames or blocks is not kept.
    private void KeepCopies(CacheControlBlocks written, byte[] frame, int payloadBytes)
    {
        int last = written.Count - 1;
        for (int i = 0; i <= last; i++)
        {
            int track = written.Tracks[i];
            int place = PlaceOf(track);
            if (blocks.Tracks[place] == track)
                copyBytes[place] = 0;
            if (i < last || payloadBytes + Frame.CrcBytes > largestCopyBytes || written.BlockCounts[i] != 1
                || written.Lengths[i] != payloadBytes - Block.PayloadHeadBytes)
                continue;
            byte[] copy = copies[place];
            Array.Copy(frame, Frame.HeaderBytes, copy, 0, payloadBytes);
            Buffers.PutUInt32(copy, payloadBytes, Crc.Of(copy, 0, payloadBytes));
            Take(place, track, written.Versions[i], payloadBytes);
        }
    }

    private int PlaceOf(int track) => (track & int.MaxValue) % copies.Length;

    private void Take(int place, int track, int version, int payloadBytes)
    {
        blocks.Tracks[place] = track;
        blocks.Versions[place] = version;
        copyBytes[place] = payloadBytes + Frame.CrcBytes;
    }
}
