using System;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>Reads a track from the chip, block by block, each checked whole before anything of it is given away.</summary>
public sealed class TrackReader
{
    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly SegmentTable segments;
    private readonly TrackTable tracks;
    private readonly uint mark;
    private int segment;
    private int position;
    private bool isLinked;

    /// <summary>Reads nothing yet.</summary>
    public TrackReader(FramChip chip, Geometry geometry, SegmentTable segments, TrackTable tracks, uint mark)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.segments = segments;
        this.tracks = tracks;
        this.mark = mark;
    }

    /// <summary>Number of the track.</summary>
    public int Track;

    /// <summary>Length of the track.</summary>
    public int Length;

    /// <summary>Version of the track.</summary>
    public int Version;

    /// <summary>Data bytes in the block read last.</summary>
    public int Count;

    /// <summary>True when the track has been read to its end.</summary>
    public bool IsAtEnd => position == Length;

    /// <summary>Begins to read a track.</summary>
    /// <param name="trackEntry">Its entry, which holds a track.</param>
    public void Begin(int trackEntry)
    {
        Track = tracks.Track(trackEntry);
        Length = tracks.Length(trackEntry);
        Version = tracks.Version(trackEntry);
        segment = tracks.First(trackEntry);
        isLinked = tracks.IsLinked(trackEntry);
        position = 0;
    }

    /// <summary>Reads the next block.</summary>
    /// <param name="buffer">
    /// Receives it from <see cref="Block.InFrame"/> on, where it stands in a frame; as long as a frame with a whole piece.
    /// </param>
    /// <returns>False when the block is not the track's, or does not match its CRC-32, also when read again.</returns>
    public bool Read(byte[] buffer)
    {
        if (!TryRead(buffer) && !TryRead(buffer))
            return false;
        position += Count;
        if (!isLinked || IsAtEnd)
            return true;
        for (int count = geometry.SegmentsOfBlock(Count); count > 0 && segment != SegmentTable.End; count--)
            segment = segments.Next(segment);
        return true;
    }

    private bool TryRead(byte[] buffer)
    {
        const int At = Block.InFrame;
        if (segment >= geometry.Segments)
            return false;
        int address = geometry.SegmentsAddress + segment * geometry.SegmentBytes;
        int known = Length;
        if (isLinked)
        {
            chip.Read(address, buffer, At, Block.DataAt);
            known = BitConverter.ToUInt16(buffer, At + Block.CountAt);
            if (known > Length - position || known == 0)
                return false;
        }
        if (known > geometry.PieceBytes)
            return false;
        chip.Read(address, buffer, At, known + Block.OverheadBytes);
        Count = known;
        uint crc = Crc.Of(buffer, At, Block.DataAt + known) ^ mark ^ (uint)segment;
        return crc == BitConverter.ToUInt32(buffer, At + Block.DataAt + known)
            && BitConverter.ToUInt16(buffer, At + Block.CountAt) == known
            && BitConverter.ToUInt16(buffer, At + Block.LengthAt) == Length
            && BitConverter.ToInt32(buffer, At + Block.TrackAt) == Track
            && BitConverter.ToInt32(buffer, At + Block.VersionAt) == Version;
    }
}
