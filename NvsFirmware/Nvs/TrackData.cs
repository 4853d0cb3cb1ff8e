namespace NvsFirmware.Nvs;

/// <summary>
/// The CRC-32 that stands behind each track's data. It covers the track's number, version and length as well, so that data which are
/// whole but another track's, or this one's of an earlier version, do not match.
/// </summary>
public sealed class TrackData
{
    private const int LabelBytes = 10;

    private readonly byte[] label = new byte[LabelBytes];
    private readonly Crc crc = new Crc();

    /// <summary>The CRC-32 so far.</summary>
    public uint Value => crc.Value;

    /// <summary>Begins with the data of a track.</summary>
    public void Begin(int track, int version, int length)
    {
        Buffers.PutInt32(label, 0, track);
        Buffers.PutInt32(label, 4, version);
        Buffers.PutUInt16(label, 8, length);
        crc.Reset();
        crc.Append(label, 0, LabelBytes);
    }

    /// <summary>Goes on with a piece of the data.</summary>
    public void Append(byte[] buffer, int offset, int count) => crc.Append(buffer, offset, count);
}
