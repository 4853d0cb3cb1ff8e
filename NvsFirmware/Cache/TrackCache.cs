using System;
using NvsFirmware.Nvs;

namespace NvsFirmware.Cache;

/// <summary>
/// The cache in front of the NVS. It receives the write requests from the host adapter, passes their data on to the NVS and keeps copies
/// of short tracks; reads of these cost no SPI traffic.
/// </summary>
/// <remarks>Invariant: a cached track is the committed one. Data of a write request are staged until its commit, and dropped with it.</remarks>
public sealed class TrackCache
{
    private readonly NvsStore nvs;
    private readonly CacheControlBlock[] blocks;
    private readonly CacheControlBlock none = new CacheControlBlock(0);
    private CacheControlBlock writing;
    private CacheControlBlock reading;
    private int writePosition;
    private int readPosition;
    private int uses;
    private bool isHit;

    /// <summary>A cache with nothing in it.</summary>
    /// <param name="nvs">The NVS behind it.</param>
    /// <param name="count">How many tracks it can hold.</param>
    /// <param name="blockBytes">Longest track it holds.</param>
    public TrackCache(NvsStore nvs, int count, int blockBytes)
    {
        this.nvs = nvs;
        blocks = new CacheControlBlock[count];
        for (int i = 0; i < count; i++)
            blocks[i] = new CacheControlBlock(blockBytes);
        writing = none;
        reading = none;
    }

    /// <summary>The NVS behind the cache.</summary>
    public NvsStore Nvs => nvs;

    /// <summary>Reads served from the cache since the start.</summary>
    public int Hits { get; private set; }

    /// <summary>Version of the track being read.</summary>
    public int ReadVersion => isHit ? reading.Version : nvs.Tracks.Reader.Version;

    /// <summary>Length of the track being read.</summary>
    public int ReadLength => isHit ? reading.Length : nvs.Tracks.Reader.Length;

    /// <summary>True when the track was read to its end and is intact.</summary>
    public bool IsReadIntact => isHit || nvs.Tracks.Reader.IsIntact;

    /// <summary>The control block of a cached track; an empty one when it is not cached.</summary>
    public CacheControlBlock Block(int track) => Find(track);

    /// <summary>Forgets everything: the store behind the cache is another one, or may have changed.</summary>
    public void Clear()
    {
        foreach (CacheControlBlock block in blocks)
            block.State = CacheState.Empty;
        writing = none;
        reading = none;
    }

    /// <summary>Receives the beginning of a write request; one that was not committed is dropped.</summary>
    public void Begin(int client, int request)
    {
        Drop();
        nvs.Tracks.Begin(client, request);
    }

    /// <summary>Goes on with a track to write; see <see cref="TrackStore.BeginTrack"/>.</summary>
    public Status BeginTrack(int track, int length, bool isExpected, int expected)
    {
        writing = none;
        Status status = nvs.Tracks.BeginTrack(track, length, isExpected, expected);
        if (status == Status.Ok)
            writing = Stage(track, length);
        writePosition = 0;
        return status;
    }

    /// <summary>Goes on with the data of the track begun last; see <see cref="TrackStore.Append"/>.</summary>
    public Status Append(byte[] buffer, int offset, int count)
    {
        Status status = nvs.Tracks.Append(buffer, offset, count);
        if (status == Status.Ok && writing.State == CacheState.Staged)
        {
            Array.Copy(buffer, offset, writing.Data, writePosition, count);
            writePosition += count;
        }
        return status;
    }

    /// <summary>Goes on with a track to release; see <see cref="TrackStore.Release"/>.</summary>
    public Status Release(int track, bool isExpected, int expected) => nvs.Tracks.Release(track, isExpected, expected);

    /// <summary>Commits the write request; what it staged is cached from now on.</summary>
    public Status Commit()
    {
        Status status = nvs.Tracks.Commit();
        if (status != Status.Ok)
            return status;
        EndRead();
        VtbRecord commit = nvs.Tracks.Vtb.Current;
        for (int i = 0; i < commit.TrackCount; i++)
        {
            Find(commit.Track(i)).State = CacheState.Empty;
            CacheControlBlock staged = FindStaged(commit.Track(i));
            if (staged.State != CacheState.Staged)
                continue;
            int slot = commit.Slot(i);
            staged.Version = commit.Sequence;
            staged.FirstSegment = nvs.Tracks.Tracks.First(slot);
            Admit(staged);
        }
        writing = none;
        return Status.Ok;
    }

    /// <summary>Drops the write request: nothing of it is applied.</summary>
    public void Abort()
    {
        Drop();
        nvs.Tracks.Abort();
    }

    /// <summary>Begins to read a track.</summary>
    /// <returns>Ok, NotFound or TrackDamaged.</returns>
    public Status BeginRead(int track)
    {
        uses++;
        readPosition = 0;
        EndRead();
        reading = Find(track);
        isHit = reading.State == CacheState.Cached && IsUnchanged(reading);
        if (isHit)
        {
            reading.LastUse = uses;
            Hits++;
            return Status.Ok;
        }
        reading.State = CacheState.Empty;
        reading = none;
        Status status = nvs.Tracks.Find(track, out int slot);
        if (status != Status.Ok)
            return status;
        nvs.Tracks.BeginRead(slot);
        reading = Stage(track, nvs.Tracks.Tracks.Length(slot));
        reading.Version = nvs.Tracks.Tracks.Version(slot);
        reading.FirstSegment = nvs.Tracks.Tracks.First(slot);
        return Status.Ok;
    }

    /// <summary>Reads the next bytes of the track; see <see cref="TrackReader.Read"/> for what the buffer needs.</summary>
    /// <param name="buffer">Receives them.</param>
    /// <param name="offset">Index of the first byte.</param>
    /// <param name="count">How many, no more than are left.</param>
    public void Read(byte[] buffer, int offset, int count)
    {
        if (isHit)
        {
            Array.Copy(reading.Data, readPosition, buffer, offset, count);
            readPosition += count;
            return;
        }
        TrackReader reader = nvs.Tracks.Reader;
        reader.Read(buffer, offset, count);
        if (reading.State != CacheState.Staged)
            return;
        Array.Copy(buffer, offset, reading.Data, readPosition, count);
        readPosition += count;
        if (readPosition < reader.Length)
            return;
        if (reader.IsIntact)
            Admit(reading);
        else
            reading.State = CacheState.Empty;
        reading = none;
    }

    // A read that the host left half-way keeps its block staged. That of a hit is not the read's: a write request may have taken it since.
    private void EndRead()
    {
        if (!isHit && reading.State == CacheState.Staged)
            reading.State = CacheState.Empty;
        reading = none;
    }

    private void Drop()
    {
        foreach (CacheControlBlock block in blocks)
            if (block.State == CacheState.Staged)
                block.State = CacheState.Empty;
        writing = none;
        reading = none;
    }

    // A block for a track that is on its way: an empty one, else the least recently used; none when the track is too long for one.
    private CacheControlBlock Stage(int track, int length)
    {
        CacheControlBlock found = none;
        if (length > (blocks.Length > 0 ? blocks[0].Data.Length : -1))
            return none;
        foreach (CacheControlBlock block in blocks)
        {
            if (block.State == CacheState.Staged)
                continue;
            if (found == none || block.State == CacheState.Empty && found.State != CacheState.Empty
                || block.State == found.State && block.LastUse - found.LastUse < 0)
                found = block;
        }
        if (found == none)
            return none;
        found.State = CacheState.Staged;
        found.Track = track;
        found.Length = length;
        return found;
    }

    private void Admit(CacheControlBlock block)
    {
        block.Crc = Sum(block);
        block.State = CacheState.Cached;
        block.LastUse = ++uses;
    }

    private CacheControlBlock Find(int track)
    {
        foreach (CacheControlBlock block in blocks)
            if (block.State == CacheState.Cached && block.Track == track)
                return block;
        return none;
    }

    private CacheControlBlock FindStaged(int track)
    {
        foreach (CacheControlBlock block in blocks)
            if (block.State == CacheState.Staged && block.Track == track)
                return block;
        return none;
    }

    private static bool IsUnchanged(CacheControlBlock block) => block.Crc == Sum(block);

    private static uint Sum(CacheControlBlock block) => block.Length == 0 ? 0u : NvsFirmware.Crc.Of(block.Data, 0, block.Length);
}
