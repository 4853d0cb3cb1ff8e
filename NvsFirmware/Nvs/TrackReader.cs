using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>Reads one track from beginning to end, its segments' runs together, and holds the data against their CRC-32.</summary>
public sealed class TrackReader
{
    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly SegmentTable segments;
    private readonly TrackData data = new TrackData();
    private int segment;
    private int within;

    /// <summary>A reader that has nothing to read yet.</summary>
    public TrackReader(FramChip chip, Geometry geometry, SegmentTable segments)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.segments = segments;
    }

    /// <summary>The track's version.</summary>
    public int Version { get; private set; }

    /// <summary>The track's length in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>How many bytes were read.</summary>
    public int Position { get; private set; }

    /// <summary>True when all was read and matches the CRC-32.</summary>
    public bool IsIntact { get; private set; }

    /// <summary>Begins with a track.</summary>
    public void Begin(int track, int version, int length, int first)
    {
        Version = version;
        Length = length;
        Position = 0;
        IsIntact = false;
        segment = first;
        within = 0;
        data.Begin(track, version, length);
    }

    /// <summary>Reads the next bytes; with the last ones also the CRC-32 behind them.</summary>
    /// <param name="buffer">Receives them. It needs FramChip.CommandBytes in front and <see cref="Geometry.TrailerBytes"/> behind.</param>
    /// <param name="offset">Index of the first byte.</param>
    /// <param name="count">How many, no more than are left.</param>
    public void Read(byte[] buffer, int offset, int count)
    {
        bool isLast = Position + count == Length;
        int left = isLast ? count + Geometry.TrailerBytes : count;
        int at = offset;
        while (left > 0)
        {
            int start = geometry.SegmentAddress(segment) + within;
            int run = geometry.SegmentBytes - within;
            // Neighbouring segments are read together.
            while (run < left && segments.Next(segment) == segment + 1)
            {
                segment++;
                run += geometry.SegmentBytes;
            }
            int piece = run < left ? run : left;
            chip.Read(start, buffer, at, piece);
            at += piece;
            left -= piece;
            within = geometry.SegmentBytes - (run - piece);
            if (within == geometry.SegmentBytes)
            {
                segment = segments.Next(segment);
                within = 0;
            }
        }
        data.Append(buffer, offset, count);
        Position += count;
        if (isLast)
            IsIntact = System.BitConverter.ToUInt32(buffer, offset + count) == data.Value;
    }
}
