using System;

namespace NvsFirmware.Wire;

/// <summary>
/// The frame that both directions of the line use; docs/protocol.md gives the same by bytes. Firmware and host share it.
/// </summary>
/// <remarks>
/// <code>
///  0        2     3       4         8        10    12        16         20
/// | 'N' 'V' | type | flags | number | payload | part | argument | CRC-32 | payload … | CRC-32 |
///                  | status                 bytes             of 0–15              of the payload, if there is one
/// </code>
/// Numbers are little-endian. The header's CRC-32 is exclusive-or the session key, so that a frame of another session is none. No byte
/// is stuffed or escaped: on a nanoFramework board a loop over bytes costs 7 to 20 µs for each.
/// </remarks>
public static class Frame
{
    /// <summary>Version of the protocol, which HELLO's argument tells.</summary>
    public const int ProtocolVersion = 1;

    /// <summary>Bytes in front of the payload.</summary>
    public const int HeaderBytes = 20;

    /// <summary>Bytes of the payload's CRC-32, which follows a payload that is not empty.</summary>
    public const int CrcBytes = 4;

    /// <summary>First byte of every frame.</summary>
    public const byte Sync0 = (byte)'N';

    /// <summary>Second byte of every frame.</summary>
    public const byte Sync1 = (byte)'V';

    /// <summary>Where the type stands, a <see cref="FrameType"/>, 1 byte.</summary>
    public const int TypeAt = 2;

    /// <summary>Where a request's flags stand, 1 byte: <see cref="WriteFlags"/> of WRITE, else 0.</summary>
    public const int FlagsAt = 3;

    /// <summary>Where an answer's <see cref="Wire.Status"/> stands, 1 byte.</summary>
    public const int StatusAt = 3;

    /// <summary>Where the number stands, 4 bytes: chosen by the host, repeated in the answer.</summary>
    public const int NumberAt = 4;

    /// <summary>Where the payload's length stands, 2 bytes.</summary>
    public const int PayloadBytesAt = 8;

    /// <summary>Where the part stands, 2 bytes: which frame of its request or its answer this is.</summary>
    public const int PartAt = 10;

    /// <summary>Where the argument stands, 4 bytes; its meaning depends on the type.</summary>
    public const int ArgumentAt = 12;

    /// <summary>Where the header's CRC-32 stands.</summary>
    public const int HeaderCrcAt = 16;

    /// <summary>The whole length of a frame with a payload of <paramref name="payloadBytes"/>.</summary>
    public static int TotalBytes(int payloadBytes) => payloadBytes == 0 ? HeaderBytes : HeaderBytes + payloadBytes + CrcBytes;

    /// <summary>The session key with which the header at <paramref name="at"/> would be right.</summary>
    public static uint KeyOf(byte[] buffer, int at) => Crc.Of(buffer, at, HeaderCrcAt) ^ BitConverter.ToUInt32(buffer, at + HeaderCrcAt);

    /// <summary>True when the payload of the frame at <paramref name="at"/>, all of which is in the buffer, matches its CRC-32.</summary>
    public static bool IsPayloadIntact(byte[] buffer, int at, int payloadBytes) =>
        payloadBytes == 0
        || BitConverter.ToUInt32(buffer, at + HeaderBytes + payloadBytes) == Crc.Of(buffer, at + HeaderBytes, payloadBytes);

    /// <summary>The type of the frame at <paramref name="at"/>, see <see cref="FrameType"/>.</summary>
    public static int Type(byte[] buffer, int at) => buffer[at + TypeAt];

    /// <summary>The status of the answer at <paramref name="at"/>.</summary>
    public static Status Status(byte[] buffer, int at) => (Status)buffer[at + StatusAt];

    /// <summary>The number.</summary>
    public static int Number(byte[] buffer, int at) => Buffers.GetInt32(buffer, at + NumberAt);

    /// <summary>Bytes in the payload.</summary>
    public static int PayloadBytes(byte[] buffer, int at) => Buffers.GetUInt16(buffer, at + PayloadBytesAt);

    /// <summary>Which frame of its request, or of its answer, this is; 0 is the first.</summary>
    public static int Part(byte[] buffer, int at) => Buffers.GetUInt16(buffer, at + PartAt);

    /// <summary>The argument.</summary>
    public static int Argument(byte[] buffer, int at) => Buffers.GetInt32(buffer, at + ArgumentAt);

    /// <summary>Finishes a frame whose payload is in place: writes the header before it and the CRC-32 behind it.</summary>
    /// <param name="buffer">The frame stands at its start; it has room for <see cref="TotalBytes"/>.</param>
    /// <param name="key">The session key; 0 for what <see cref="FrameType.IsKeyless"/>.</param>
    /// <param name="type">See <see cref="FrameType"/>.</param>
    /// <param name="flags">Flags of a request, status of an answer.</param>
    /// <param name="number">The number.</param>
    /// <param name="part">Which frame of its request or answer this is.</param>
    /// <param name="argument">The argument.</param>
    /// <param name="payloadBytes">Bytes in the payload, 0 to 65535.</param>
    /// <returns>The whole frame's length.</returns>
    public static int Seal(byte[] buffer, uint key, int type, int flags, int number, int part, int argument, int payloadBytes)
    {
        buffer[0] = Sync0;
        buffer[1] = Sync1;
        buffer[TypeAt] = (byte)type;
        buffer[FlagsAt] = (byte)flags;
        Buffers.PutInt32(buffer, NumberAt, number);
        Buffers.PutUInt16(buffer, PayloadBytesAt, payloadBytes);
        Buffers.PutUInt16(buffer, PartAt, part);
        Buffers.PutInt32(buffer, ArgumentAt, argument);
        Buffers.PutUInt32(buffer, HeaderCrcAt, Crc.Of(buffer, 0, HeaderCrcAt) ^ key);
        if (payloadBytes > 0)
            Buffers.PutUInt32(buffer, HeaderBytes + payloadBytes, Crc.Of(buffer, HeaderBytes, payloadBytes));
        return TotalBytes(payloadBytes);
    }
}
