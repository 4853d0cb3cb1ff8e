using System;

namespace NvsFirmware.Wire;

// What only hosts and tests need of a frame: it is not in a board's image, see NvsFirmware.csproj.
public static partial class Frame
{
    /// <summary>True for a type that is said without a session: HELLO, its answer, and LOST.</summary>
    public static bool IsKeyless(int type) =>
        type == FrameType.Hello || type == (FrameType.Hello | FrameType.Answer) || type == FrameType.Lost;

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
    /// <param name="key">The session key; 0 for what <see cref="IsKeyless"/>.</param>
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
