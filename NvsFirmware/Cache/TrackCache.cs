using System;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.Cache;

/// <summary>
/// The cache in front of the NVS. It receives the write requests from the host adapter, passes them on to the NVS and keeps copies of short
/// tracks; reads of these cost no SPI traffic.
/// </summary>
/// <remarks>
/// <para>Invariants: a copy is of the committed track, and it is checked at each hit. It is the block as it was stored; the first READ
/// makes it an answer, all but the number and the header's CRC-32, so that a track that nobody reads costs no more than the copy.</para>
/// <para>A track has one place where its copy may be, by its number: looking for it costs the same however many there are.</para>
/// </remarks>
public sealed class TrackCache
{
    private readonly NvsStore nvs;
    private readonly int[] tracks;
    private readonly byte[][] copies;
    private readonly int[] copyBytes;
    private readonly bool[] areBlocks;
    private readonly uint[] places;
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
        areBlocks = new bool[count];
        places = new uint[count];
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

    /// <summary>After the answer to a write request that committed: has the NVS do what is due, keeps a copy of the last track.</summary>
    /// <param name="frame">Holds the last frame of the request.</param>
    /// <param name="count">Bytes of data in it.</param>
    public void Keep(byte[] frame, int count)
    {
        nvs.Keep();
        WriteRequest request = nvs.Request;
        if (copies.Length > 0)
            KeepCopies(request.Blocks, frame, count, request.Place);
        request.Clear();
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
        if (areBlocks[place])
            MakeAnswer(place, copy, crcAt);
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
        {
            int place = PlaceOf(reader.Track);
            Keep(place, reader.Track, buffer, count);
            areBlocks[place] = false;
            PutHeader(copies[place], payloadBytes);
        }
        return payloadBytes;
    }

    // What the tracks were is not valid any more. The last one still stands in the frame; a track of several frames or blocks is not kept.
    private void KeepCopies(CacheControlBlocks written, byte[] frame, int count, uint crcPlace)
    {
        int[] numbers = written.Tracks;
        int[] kept = tracks;
        int last = written.Count - 1;
        int track = 0;
        int place = 0;
        for (int i = 0; i <= last; i++)
        {
            track = numbers[i];
            place = (track & int.MaxValue) % kept.Length;
            if (kept[place] == track)
                copyBytes[place] = 0;
        }
        if (written.Lengths[last] != count || written.BlockCounts[last] != 1 || count > largestBytes)
            return;
        Keep(place, track, frame, count);
        areBlocks[place] = true;
        places[place] = crcPlace;
    }

    private int PlaceOf(int track) => (track & int.MaxValue) % tracks.Length;

    // The track stands in a frame's buffer as a block.
    private void Keep(int place, int track, byte[] block, int count)
    {
        Array.Copy(block, Block.InFrame, copies[place], Block.InFrame, count + Block.OverheadBytes);
        tracks[place] = track;
        copyBytes[place] = Block.InFrame + Block.OverheadBytes + count;
    }

    // Puts an answer in place of a block that is whole: the header over its first fields, the payload's CRC-32 behind.
    private void MakeAnswer(int place, byte[] copy, int crcAt)
    {
        if ((Crc.Of(copy, Block.InFrame, crcAt - Block.InFrame) ^ places[place]) != BitConverter.ToUInt32(copy, crcAt))
            return;
        PutHeader(copy, crcAt - Frame.HeaderBytes);
        Buffers.PutUInt32(copy, crcAt, Crc.Of(copy, Frame.HeaderBytes, crcAt - Frame.HeaderBytes));
        areBlocks[place] = false;
    }

    private static void PutHeader(byte[] copy, int payloadBytes)
    {
        Array.Copy(copy, Block.InFrame + Block.VersionAt, copy, Frame.ArgumentAt, 4);
        Buffers.PutInt32(copy, Frame.PayloadBytesAt, payloadBytes); // and part 0 behind it
    }
}
