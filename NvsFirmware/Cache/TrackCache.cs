using System;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.Cache;

/// <summary>
/// The cache in front of the NVS. It receives the write requests from the host adapter, passes them on to the NVS and keeps copies of short
/// tracks; reads of these cost no SPI traffic.
/// </summary>
/// <remarks>
/// Invariants: a copy is the answer to READ of the committed track, all but the number and the header's CRC-32; it is checked at each hit. A
/// track has one place where its copy may be, by its number: looking for it costs the same however many there are.
/// </remarks>
public sealed class TrackCache
{
    private readonly NvsStore nvs;
    private readonly int[] tracks;
    private readonly byte[][] copies;
    private readonly int[] copyBytes;
    private readonly int largestBytes;

    /// <summary>A cache with nothing in it.</summary>
    /// <param name="nvs">The NVS behind it.</param>
    /// <param name="count">How many tracks it can hold.</param>
    /// <param name="blockBytes">Longest track it holds.</param>
    public TrackCache(NvsStore nvs, int count, int blockBytes)
    {
        this.nvs = nvs;
        largestBytes = blockBytes;
        tracks = new int[count];
        copies = new byte[count][];
        copyBytes = new int[count];
        for (int i = 0; i < count; i++)
        {
            copies[i] = new byte[Frame.TotalBytes(Block.PayloadHeadBytes + blockBytes)];
            copies[i][0] = Frame.Sync0;
            copies[i][1] = Frame.Sync1;
            copies[i][Frame.TypeAt] = FrameType.Read | FrameType.Answer;
        }
    }

    /// <summary>Reads served from the cache since the start.</summary>
    public int Hits;

    /// <summary>What <see cref="Find"/> found: a frame, which may be completed in place.</summary>
    public byte[] Found = new byte[0];

    /// <summary>Its length.</summary>
    public int FoundBytes;

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
            KeepCopies(request.Blocks, frame, count);
        request.Forget();
    }

    /// <summary>Looks for a copy of a track: the answer to READ, which lacks the number and the header's CRC-32.</summary>
    /// <returns>False: there is none. True: it is <see cref="Found"/>.</returns>
    public bool Find(int track)
    {
        if (copies.Length == 0)
            return false;
        int place = PlaceOf(track);
        int bytes = copyBytes[place];
        if (bytes == 0 || tracks[place] != track)
            return false;
        byte[] copy = copies[place];
        int crcAt = bytes - Frame.CrcBytes;
        if (Crc.Of(copy, Frame.HeaderBytes, crcAt - Frame.HeaderBytes) != BitConverter.ToUInt32(copy, crcAt))
        {
            copyBytes[place] = 0; // RAM has changed under it
            return false;
        }
        Found = copy;
        FoundBytes = bytes;
        Hits++;
        return true;
    }

    /// <summary>Begins to read a track from the NVS.</summary>
    /// <returns>Ok, NotFound or TrackDamaged.</returns>
    public Status BeginRead(int track)
    {
        IsReadAtEnd = false;
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
        TrackReader reader = nvs.Reader;
        if (!reader.Read(buffer))
            return -1;
        int count = reader.Count;
        int payloadBytes = Block.PayloadHeadBytes + count;
        IsReadAtEnd = reader.IsAtEnd;
        Buffers.PutUInt32(buffer, Frame.HeaderBytes + payloadBytes, Crc.Of(buffer, Frame.HeaderBytes, payloadBytes));
        if (count == reader.Length && copies.Length > 0 && count <= largestBytes)
            Keep(PlaceOf(reader.Track), reader.Track, buffer, payloadBytes);
        return payloadBytes;
    }

    // What the tracks were is not valid any more. The last one still stands in the frame; a track of several frames or blocks is not kept.
    private void KeepCopies(CacheControlBlocks written, byte[] frame, int count)
    {
        int last = written.Count - 1;
        for (int i = 0; i <= last; i++)
        {
            int track = written.Tracks[i];
            int place = PlaceOf(track);
            if (i == last && written.Lengths[i] == count && written.BlockCounts[i] == 1 && count <= largestBytes)
            {
                int payloadBytes = Block.PayloadHeadBytes + count;
                Buffers.PutUInt32(frame, Frame.HeaderBytes + payloadBytes, Crc.Of(frame, Frame.HeaderBytes, payloadBytes));
                Keep(place, track, frame, payloadBytes);
            }
            else if (tracks[place] == track)
            {
                copyBytes[place] = 0;
            }
        }
    }

    private int PlaceOf(int track) => (track & int.MaxValue) % copies.Length;

    // The track stands in a frame's buffer as a block, and behind its data the CRC-32 of the answer's payload.
    private void Keep(int place, int track, byte[] block, int payloadBytes)
    {
        byte[] copy = copies[place];
        int bytes = payloadBytes + Frame.CrcBytes;
        copy[Frame.PayloadBytesAt] = (byte)payloadBytes;
        copy[Frame.PayloadBytesAt + 1] = (byte)(payloadBytes >> 8);
        Array.Copy(block, Block.InFrame + Block.VersionAt, copy, Frame.ArgumentAt, 4);
        Array.Copy(block, Frame.HeaderBytes, copy, Frame.HeaderBytes, bytes);
        tracks[place] = track;
        copyBytes[place] = Frame.HeaderBytes + bytes;
    }
}
