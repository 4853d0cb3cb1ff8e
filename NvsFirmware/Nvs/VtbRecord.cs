using System;

namespace NvsFirmware.Nvs;

/// <summary>
/// One virtual track buffer record: a commit. The moment its last byte is stored is the commit's instant. It says which segments the
/// commit's set gave to which tracks, who asked, which set is the active one from now on and where that begins: all that recovery
/// needs to redo the bookkeeping that follows a commit.
/// </summary>
public sealed class VtbRecord
{
    /// <summary>In place of a length: the track is released.</summary>
    public const int Released = 0xFFFF;

    private const int ClientAt = 4;
    private const int RequestAt = 8;
    private const int SumsAt = 12;
    private const int SetAt = 18;
    private const int CountAt = 20;
    private const int TracksAt = 21;
    private const int TrackBytes = 8;
    private const int ExtentBytes = 2;
    private const int CrcBytes = 4;
    private const int LongestRun = 16;
    private const int SegmentMask = 0x0FFF;
    private const int FlagBit = 0x8000;

    private readonly short[] slots;
    private readonly int[] tracks;
    private readonly ushort[] lengths;

    /// <summary>An empty record.</summary>
    /// <param name="mostTracks">The most tracks a commit can have: as many as segments in a set.</param>
    public VtbRecord(int mostTracks)
    {
        slots = new short[mostTracks];
        tracks = new int[mostTracks];
        lengths = new ushort[mostTracks];
    }

    /// <summary>Number of the commit: the version of the tracks it wrote. Never 0 but right after format.</summary>
    public int Sequence { get; set; }

    /// <summary>Client that asked; 0 if none did.</summary>
    public int Client { get; set; }

    /// <summary>The client's request number.</summary>
    public int Request { get; set; }

    /// <summary>First of the two sums over the track table as it is after this commit, see <see cref="TrackTable"/>.</summary>
    public int Sum0 { get; set; }

    /// <summary>Second of the two sums.</summary>
    public int Sum1 { get; set; }

    /// <summary>The active-set flag: the set that the next write request uses, 0 for A and 1 for B.</summary>
    public int Flag { get; set; }

    /// <summary>First segment of the set that the next write request uses.</summary>
    public int NextFirst { get; set; }

    /// <summary>Tracks in the commit.</summary>
    public int TrackCount { get; private set; }

    /// <summary>The most bytes a record can have.</summary>
    public static int LargestBytes(int setSegments) => TracksAt + setSegments * (TrackBytes + ExtentBytes) + CrcBytes;

    /// <summary>Entry in the track table of a track of the commit.</summary>
    public int Slot(int index) => slots[index];

    /// <summary>Number of a track of the commit.</summary>
    public int Track(int index) => tracks[index];

    /// <summary>Length of a track of the commit, or <see cref="Released"/>.</summary>
    public int Length(int index) => lengths[index];

    /// <summary>True when a track of the commit was released by it.</summary>
    public bool IsRelease(int index) => lengths[index] == Released;

    /// <summary>Forgets the tracks.</summary>
    public void Clear() => TrackCount = 0;

    /// <summary>Adds a track.</summary>
    public void Add(int slot, int track, int length)
    {
        slots[TrackCount] = (short)slot;
        tracks[TrackCount] = track;
        lengths[TrackCount] = (ushort)length;
        TrackCount++;
    }

    /// <summary>Encodes the record.</summary>
    /// <param name="buffer">Receives it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="segments">The set the commit used.</param>
    /// <param name="segmentCount">How many of its segments the commit used, from the first.</param>
    /// <returns>The record's length.</returns>
    public int Put(byte[] buffer, int offset, short[] segments, int segmentCount)
    {
        Buffers.PutInt32(buffer, offset, Sequence);
        Buffers.PutInt32(buffer, offset + ClientAt, Client);
        Buffers.PutInt32(buffer, offset + RequestAt, Request);
        PutSum(buffer, offset + SumsAt, Sum0);
        PutSum(buffer, offset + SumsAt + 3, Sum1);
        Buffers.PutUInt16(buffer, offset + SetAt, NextFirst | (Flag != 0 ? FlagBit : 0));
        buffer[offset + CountAt] = (byte)TrackCount;
        int at = offset + TracksAt;
        for (int i = 0; i < TrackCount; i++)
        {
            Buffers.PutUInt16(buffer, at, slots[i]);
            Buffers.PutInt32(buffer, at + 2, tracks[i]);
            Buffers.PutUInt16(buffer, at + 6, lengths[i]);
            at += TrackBytes;
        }
        for (int i = 0; i < segmentCount;)
        {
            int run = 1;
            while (run < LongestRun && i + run < segmentCount && segments[i + run] == segments[i] + run)
                run++;
            Buffers.PutUInt16(buffer, at, ((run - 1) << 12) | (ushort)segments[i]);
            at += ExtentBytes;
            i += run;
        }
        Buffers.PutUInt32(buffer, at, Crc.Of(buffer, offset, at - offset));
        return at + CrcBytes - offset;
    }

    /// <summary>Takes over a record if it is whole and possible.</summary>
    /// <param name="buffer">Holds it.</param>
    /// <param name="offset">Where it begins.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="segments">Receives the segments the commit used.</param>
    /// <returns>How many segments the commit used; -1 when there is no whole record.</returns>
    public int Parse(byte[] buffer, int offset, Geometry geometry, short[] segments)
    {
        TrackCount = 0;
        int count = buffer[offset + CountAt];
        if (count > tracks.Length)
            return -1;
        int at = offset + TracksAt;
        int needed = 0;
        for (int i = 0; i < count; i++)
        {
            int length = Buffers.GetUInt16(buffer, at + 6);
            if (Buffers.GetUInt16(buffer, at) >= geometry.TrackSlots)
                return -1;
            if (length != Released)
                needed += geometry.SegmentsFor(length);
            at += TrackBytes;
        }
        if (needed > geometry.SetSegments)
            return -1;
        int found = 0;
        while (found < needed)
        {
            int extent = Buffers.GetUInt16(buffer, at);
            at += ExtentBytes;
            for (int segment = extent & SegmentMask, last = segment + (extent >> 12); segment <= last && found < needed; segment++)
                segments[found++] = (short)segment;
        }
        if (BitConverter.ToUInt32(buffer, at) != Crc.Of(buffer, offset, at - offset))
            return -1;
        for (int i = 0; i < found; i++)
            if (segments[i] >= geometry.Segments)
                return -1;
        if ((Buffers.GetUInt16(buffer, offset + SetAt) & SegmentMask) >= geometry.Segments)
            return -1;
        Sequence = Buffers.GetInt32(buffer, offset);
        Client = Buffers.GetInt32(buffer, offset + ClientAt);
        Request = Buffers.GetInt32(buffer, offset + RequestAt);
        Sum0 = GetSum(buffer, offset + SumsAt);
        Sum1 = GetSum(buffer, offset + SumsAt + 3);
        int set = Buffers.GetUInt16(buffer, offset + SetAt);
        Flag = (set & FlagBit) != 0 ? 1 : 0;
        NextFirst = set & SegmentMask;
        at = offset + TracksAt;
        for (int i = 0; i < count; i++)
        {
            Add(Buffers.GetUInt16(buffer, at), Buffers.GetInt32(buffer, at + 2), Buffers.GetUInt16(buffer, at + 6));
            at += TrackBytes;
        }
        return needed;
    }

    private static void PutSum(byte[] buffer, int offset, int sum)
    {
        Buffers.PutUInt16(buffer, offset, sum);
        buffer[offset + 2] = (byte)(sum >> 16);
    }

    private static int GetSum(byte[] buffer, int offset) => Buffers.GetUInt16(buffer, offset) | (buffer[offset + 2] << 16);
}
