using System;
using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;
using NvsFirmware.Nvs.Boot;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>A store on a small chip, for tests below the host adapter: its parts, and short ways to write and read tracks.</summary>
public sealed class SmallStore
{
    /// <summary>The most data bytes in a frame, and here in a block: two segments.</summary>
    public const int PieceBytes = 128;

    /// <summary>The client that writes unless another one is told.</summary>
    public const int Client = 5;

    private readonly byte[] id = new byte[Superblock.IdBytes];
    private readonly byte[] buffer = new byte[1024];
    private readonly BoardLine clock = new BoardLine();
    private int fingerprint;

    /// <summary>A freshly formatted store: 8 KiB, 66 segments with 64 data bytes, sets of 4, 60 entries, 10 clients.</summary>
    public SmallStore()
        : this(4)
    {
    }

    /// <summary>A freshly formatted store with longer sets.</summary>
    public SmallStore(int setSegments)
    {
        byte[] blank = new byte[Superblock.IdBytes];
        Buffers.PutText(blank, 0, blank.Length, Payload.Format.BlankName);
        Check.PutSample(8, id, 0, id.Length);
        NvsStore nvs = NewNvs();
        Check.Is(Status.Blank, nvs.Mount(""));
        Check.Is(Status.Ok, nvs.Format(blank, 0, id, 0, 100, setSegments), "format");
        Geometry = new Geometry(Fram.Memory.Length, 100, setSegments, PieceBytes);
        Parts = Restart();
        Resume();
    }

    /// <summary>The chip's model.</summary>
    public SmallFram Fram { get; } = SmallFram.Small();

    /// <summary>The sizes.</summary>
    public Geometry Geometry { get; }

    /// <summary>The parts of the store, wired as in the firmware.</summary>
    public TrackStore Parts { get; private set; }

    /// <summary>Number of the request sent last.</summary>
    public int Number { get; set; }

    /// <summary>The two sets, the flag, the last commit.</summary>
    public VirtualTrackBuffer Vtb => Parts.Vtb;

    /// <summary>Which tracks there are.</summary>
    public TrackTable Tracks => Parts.Tracks;

    /// <summary>An NVS on the chip, not mounted.</summary>
    public NvsStore NewNvs() => new NvsStore(new FramChip(Fram, clock), clock, PieceBytes, new byte[1024]);

    /// <summary>A driver of its own for the chip.</summary>
    public FramChip Open()
    {
        FramChip chip = new FramChip(Fram, clock);
        chip.Open("");
        return chip;
    }

    /// <summary>Power comes back: all that was in RAM is gone; the store is recovered in RAM, and nothing is written yet.</summary>
    public TrackStore Restart()
    {
        Fram.PowerUp();
        Parts = new TrackStore(Open(), Geometry, Superblock.MarkOf(id, 1), new byte[1024]);
        Parts.Recovery.Run();
        return Parts;
    }

    /// <summary>Writes what recovery left to do.</summary>
    public void Resume()
    {
        Parts.Recovery.Resume(true);
        Parts.Request.BeginSession();
    }

    /// <summary>A write request of one track, a sample, and the bookkeeping after it.</summary>
    public Status Write(int track, int seed, int length) => Write(Client, ++Number, track, seed, length);

    /// <summary>A client's write request of one track, a sample, and the bookkeeping after it.</summary>
    public Status Write(int client, int number, int track, int seed, int length)
    {
        Status status = Part(client, number, 0, track, seed, length, true);
        Keep();
        return status;
    }

    /// <summary>Releases a track, in a request of its own.</summary>
    public Status Release(int track)
    {
        Status status = Take(Client, ++Number, 0, track, Block.Released, 0, WriteFlags.Last);
        Keep();
        return status;
    }

    /// <summary>Takes a track whole, as the next part or parts of a request.</summary>
    public Status Part(int client, int number, int part, int track, int seed, int length, bool isLast)
    {
        int position = 0;
        while (true)
        {
            int count = length - position < PieceBytes ? length - position : PieceBytes;
            byte[] sample = new byte[length];
            Check.PutSample(seed, sample, 0, length);
            Array.Copy(sample, position, buffer, Block.InFrame + Block.DataAt, count);
            position += count;
            Status status = Take(client, number, part++, track, length, count, isLast && position == length ? WriteFlags.Last : 0);
            if (status != Status.Continue || position == length)
                return status;
        }
    }

    /// <summary>Does what a commit left to do.</summary>
    public void Keep()
    {
        if (!Parts.Request.IsCommitted)
            return;
        Parts.Bookkeeping.Run();
        Parts.Request.Forget();
    }

    /// <summary>Builds a WRITE frame of one track, a sample, for tests that give it to a part themselves.</summary>
    public byte[] Frame(int client, int number, int track, int seed, int length)
    {
        byte[] frame = new byte[512];
        Check.PutSample(seed, frame, Block.InFrame + Block.DataAt, length);
        Seal(frame, client, number, 0, track, length, length, WriteFlags.Last);
        return frame;
    }

    /// <summary>Builds a WRITE frame that releases a track.</summary>
    public byte[] Release(int client, int number, int track)
    {
        byte[] frame = new byte[512];
        Seal(frame, client, number, 0, track, Block.Released, 0, WriteFlags.Last);
        return frame;
    }

    /// <summary>Fails unless a track is there, intact, and a sample.</summary>
    public void Holds(int track, int seed, int length)
    {
        int entry = Tracks.Find(track);
        Assert.IsTrue(entry >= 0 && Tracks.State(entry) == EntryState.Track, "track " + track.ToString() + " is not there");
        Parts.Reader.Begin(entry);
        Assert.AreEqual(length, Parts.Reader.Length, "length of track " + track.ToString());
        byte[] found = new byte[length];
        int position = 0;
        do
        {
            Assert.IsTrue(Parts.Reader.Read(buffer), "track " + track.ToString() + " is not intact");
            Array.Copy(buffer, Block.InFrame + Block.DataAt, found, position, Parts.Reader.Count);
            position += Parts.Reader.Count;
        }
        while (!Parts.Reader.IsAtEnd);
        Check.IsSample(seed, found, 0, length);
    }

    /// <summary>Fails if there is such a track.</summary>
    public void HoldsNot(int track) => Assert.AreEqual(TrackTable.None, Tracks.Find(track), "track " + track.ToString());

    /// <summary>Where on the chip a segment begins.</summary>
    public int SegmentAt(int segment) => Geometry.SegmentsAddress + segment * Geometry.SegmentBytes;

    /// <summary>Where on the chip the entry of a track lies.</summary>
    public int EntryAt(int track) => Geometry.TracksAddress + Tracks.Find(track) * TrackTable.EntryBytes;

    /// <summary>A copy of what the chip holds.</summary>
    public byte[] Copy()
    {
        byte[] copy = new byte[Fram.Memory.Length];
        Array.Copy(Fram.Memory, 0, copy, 0, copy.Length);
        return copy;
    }

    /// <summary>The chip holds again what it held.</summary>
    public void Restore(byte[] copy) => Array.Copy(copy, 0, Fram.Memory, 0, copy.Length);

    /// <summary>Makes the CRC-32 of a block on the chip right again, for tests that change it.</summary>
    public void SealBlock(int segment)
    {
        int at = SegmentAt(segment);
        int end = Block.DataAt + Buffers.GetUInt16(Fram.Memory, at + Block.CountAt);
        Buffers.PutUInt32(Fram.Memory, at + end, Crc.Of(Fram.Memory, at, end) ^ Parts.Mark ^ (uint)segment);
    }

    private Status Take(int client, int number, int part, int track, int length, int count, int flags)
    {
        Seal(buffer, client, number, part, track, length, count, flags);
        return Parts.Request.Take(buffer, count);
    }

    private void Seal(byte[] frame, int client, int number, int part, int track, int length, int count, int flags)
    {
        Buffers.PutInt32(frame, Block.InFrame + Block.ClientAt, client);
        Buffers.PutInt32(frame, Block.InFrame + Block.FingerprintAt, part == 0 ? 0 : fingerprint);
        Buffers.PutInt32(frame, Block.InFrame + Block.TrackAt, track);
        Buffers.PutUInt16(frame, Block.InFrame + Block.LengthAt, length);
        Buffers.PutUInt16(frame, Block.InFrame + Block.CountAt, count);
        int total = Wire.Frame.Seal(frame, 1, FrameType.Write, flags, number, part, 0, Block.PayloadHeadBytes + count);
        fingerprint = Buffers.GetInt32(frame, total - Wire.Frame.CrcBytes);
    }
}
