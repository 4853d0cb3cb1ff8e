using NvsFirmware.Wire;
using NvsHost;

namespace NvsFirmware.Tests.Client;

/// <summary>What a board says to HELLO, made up: no board, no line, no time.</summary>
internal static class Hello
{
    /// <summary>The session key that it gives.</summary>
    public const uint Key = 77;

    /// <summary>The payload of a board with a store.</summary>
    public static byte[] Payload(int windowBytes, int pieceBytes, Status state = Status.Ok, int protocol = Frame.ProtocolVersion)
    {
        byte[] p = new byte[Wire.Payload.HelloAnswer.Bytes];
        Buffers.PutUInt16(p, Wire.Payload.HelloAnswer.Protocol, protocol);
        p[Wire.Payload.HelloAnswer.State] = (byte)state;
        Buffers.PutInt32(p, Wire.Payload.HelloAnswer.WindowBytes, windowBytes);
        Buffers.PutUInt16(p, Wire.Payload.HelloAnswer.PieceBytes, pieceBytes);
        return p;
    }

    /// <summary>The board that says so.</summary>
    public static BoardInfo Board(int windowBytes, int pieceBytes) => new(Payload(windowBytes, pieceBytes));
}
