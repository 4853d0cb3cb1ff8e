using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

/// <summary>A store on a small chip, for tests below the host adapter: its parts, and short ways to write and read tracks.</summary>
public sealed class SmallStore
{
    private readonly byte[] buffer = new byte[FramChip.CommandBytes + 1024 + Geometry.TrailerBytes];

    /// <summary>A freshly formatted store: 8 KiB, sets of 4 segments of 64 bytes, 95 segments, 91 entries.</summary>
    public SmallStore()
        : this(64, 4)
    {
    }

    /// <summary>A freshly formatted store.</summary>
    public SmallStore(int segmentBytes, int setSegments)
    {
        Nvs = new NvsStore(Open());
        Nvs.Mount("");
        byte[] names = new byte[16];
        Buffers.PutText(names, 0, 8, "BLANK");
        Check.PutSample(8, names, 8, 8);
        Check.Is(Status.Ok, Nvs.Format(names, 0, names, 8, segmentBytes, setSegments), "format");
    }

    /// <summary>The chip's model.</summary>
    public SmallFram Fram { get; } = SmallFram.Small();

    /// <summary>The store.</summary>
    public NvsStore Nvs { get; private set; }

    /// <summary>Its tracks.</summary>
    public TrackStore Tracks => Nvs.Tracks;

    /// <summary>A driver of its own for the chip.</summary>
    public FramChip Open()
    {
        FramChip chip = new FramChip(Fram, new HostLine());
        chip.Open("");
        return chip;
    }

    /// <summary>All that was in RAM is gone: mounts the store anew.</summary>
    public Status Restart()
    {
        Fram.PowerUp();
        Nvs = new NvsStore(Open());
        return Nvs.Mount("");
    }

    /// <summary>A write request of one track, a sample, and what is due after it.</summary>
    public Status Write(int track, int seed, int length)
    {
        Tracks.Begin(1, seed);
        Status status = Add(track, seed, length);
        if (status == Status.Ok)
            status = Tracks.Commit();
        if (status != Status.Ok)
            Tracks.Abort();
        Tracks.BringUpToDate();
        return status;
    }

    /// <summary>Goes on with a track in a write request, a sample.</summary>
    public Status Add(int track, int seed, int length)
    {
        Status status = Tracks.BeginTrack(track, length, false, 0);
        return status == Status.Ok ? Append(seed, length) : status;
    }

    /// <summary>Goes on with data of the track begun last, a sample.</summary>
    public Status Append(int seed, int length)
    {
        Check.PutSample(seed, buffer, FramChip.CommandBytes, length);
        return Tracks.Append(buffer, FramChip.CommandBytes, length);
    }

    /// <summary>Releases a track, in a write request of its own.</summary>
    public Status Release(int track)
    {
        Tracks.Begin(1, 0);
        Status status = Tracks.Release(track, false, 0);
        if (status == Status.Ok)
            status = Tracks.Commit();
        if (status != Status.Ok)
            Tracks.Abort();
        Tracks.BringUpToDate();
        return status;
    }

    /// <summary>Fails unless a track is there, intact, and a sample.</summary>
    public void Holds(int track, int seed, int length)
    {
        Check.Is(Status.Ok, Tracks.Find(track, out int slot), "track " + track.ToString());
        Tracks.BeginRead(slot);
        Assert.AreEqual(length, Tracks.Reader.Length, "length of track " + track.ToString());
        Tracks.Reader.Read(buffer, FramChip.CommandBytes, length);
        Assert.IsTrue(Tracks.Reader.IsIntact, "track " + track.ToString() + " is not intact");
        Check.IsSample(seed, buffer, FramChip.CommandBytes, length);
    }

    /// <summary>Fails if there is such a track.</summary>
    public void HoldsNot(int track) => Check.Is(Status.NotFound, Tracks.Find(track, out _), "track " + track.ToString());
}
