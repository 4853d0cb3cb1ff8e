namespace NvsFirmware.HostAdapter;

/// <summary>
/// The frame that both directions of the wire use; docs/protocol.md gives the same by bytes. The firmware and the host library share
/// this codec, there is no second one.
/// </summary>
/// <remarks>
/// A header of 16 bytes: 'N' 'V', type, status, request number (4), payload length (2), part (2), CRC-32 of those twelve bytes (4);
/// then the payload and, unless it is empty, its CRC-32 (4). Numbers are little-endian. No byte is stuffed or escaped: on a
/// nanoFramework board a loop over bytes costs 7 to 20 µs for each.
/// </remarks>
public static class Frame
{
    /// <summary>Bytes in front of the payload.</summary>
    public const int HeaderBytes = 16;

    /// <summary>Bytes of the payload's CRC-32, which follows a payload that is not empty.</summary>
    public const int CrcBytes = 4;

    /// <summary>First byte of every frame.</summary>
    public const byte Sync0 = (byte)'N';

    /// <summary>Second byte of every frame.</summary>
    public const byte Sync1 = (byte)'V';

    /// <summary>Version of the protocol that HELLO negotiates.</summary>
    public const int ProtocolVersion = 1;

    private const int TypeAt = 2;
    private const int StatusAt = 3;
    private const int RequestAt = 4;
    private const int LengthAt = 8;
    private const int PartAt = 10;
    private const int HeaderCrcAt = 12;

    /// <summary>The whole length of a frame with a payload of <paramref name="payloadBytes"/>.</summary>
    public static int TotalBytes(int payloadBytes) => payloadBytes == 0 ? HeaderBytes : HeaderBytes + payloadBytes + CrcBytes;

    /// <summary>True when a header stands at <paramref name="offset"/>: the sync bytes and the header's CRC-32 are right.</summary>
    public static bool IsHeader(byte[] buffer, int offset) =>
        buffer[offset] == Sync0 && buffer[offset + 1] == Sync1
        && System.BitConverter.ToUInt32(buffer, offset + HeaderCrcAt) == Crc.Of(buffer, offset, HeaderCrcAt);

    /// <summary>The type of the frame at <paramref name="offset"/>, see <see cref="FrameType"/>.</summary>
    public static int Type(byte[] buffer, int offset) => buffer[offset + TypeAt];

    /// <summary>The status of the answer at <paramref name="offset"/>; 0 in a request.</summary>
    public static Status Status(byte[] buffer, int offset) => (Status)buffer[offset + StatusAt];

    /// <summary>The request number, which the answers repeat.</summary>
    public static int Request(byte[] buffer, int offset) => Buffers.GetInt32(buffer, offset + RequestAt);

    /// <summary>Bytes in the payload.</summary>
    public static int PayloadBytes(byte[] buffer, int offset) => Buffers.GetUInt16(buffer, offset + LengthAt);

    /// <summary>Which frame of its request, or of its answer, this is; 0 is the first.</summary>
    public static int Part(byte[] buffer, int offset) => Buffers.GetUInt16(buffer, offset + PartAt);

    /// <summary>True when the payload of the frame at <paramref name="offset"/>, all of which is in the buffer, matches its CRC-32.</summary>
    public static bool IsPayloadIntact(byte[] buffer, int offset)
    {
        int payloadBytes = PayloadBytes(buffer, offset);
        return payloadBytes == 0
            || System.BitConverter.ToUInt32(buffer, offset + HeaderBytes + payloadBytes)
                == Crc.Of(buffer, offset + HeaderBytes, payloadBytes);
    }

    /// <summary>Finishes a frame whose payload is in place: writes the header before it and the CRC-32 behind it.</summary>
    /// <param name="buffer">The frame stands at its start; it has room for <see cref="TotalBytes"/>.</param>
    /// <param name="type">See <see cref="FrameType"/>.</param>
    /// <param name="status">Of an answer; <see cref="NvsFirmware.Status.Ok"/> in a request.</param>
    /// <param name="request">The request number.</param>
    /// <param name="part">Which frame of its request or answer this is.</param>
    /// <param name="payloadBytes">Bytes in the payload, 0 to 65535.</param>
    /// <returns>The whole frame's length.</returns>
    public static int Seal(byte[] buffer, int type, Status status, int request, int part, int payloadBytes)
    {
        buffer[0] = Sync0;
        buffer[1] = Sync1;
        buffer[TypeAt] = (byte)type;
        buffer[StatusAt] = (byte)status;
        Buffers.PutInt32(buffer, RequestAt, request);
        Buffers.PutUInt16(buffer, LengthAt, payloadBytes);
        Buffers.PutUInt16(buffer, PartAt, part);
        Buffers.PutUInt32(buffer, HeaderCrcAt, Crc.Of(buffer, 0, HeaderCrcAt));
        if (payloadBytes > 0)
            Buffers.PutUInt32(buffer, HeaderBytes + payloadBytes, Crc.Of(buffer, HeaderBytes, payloadBytes));
        return TotalBytes(payloadBytes);
    }
}
