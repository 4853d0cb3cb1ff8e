using System.Collections.Generic;
using System.Security.Cryptography;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>What HELLO is for: finds out which board and which store are there, and agrees on a session key.</summary>
internal sealed class BoardSession
{
    private readonly HashSet<uint> asked = [];
    private uint latest;

    /// <summary>The board as the last HELLO told it; null before the first.</summary>
    public BoardInfo? Board { get; private set; }

    /// <summary>The session key.</summary>
    public uint Key { get; private set; }

    /// <summary>The store that was met last in the state Ok; null: none yet.</summary>
    public string? StoreId { get; private set; }

    /// <summary>What is known of the present session is given up; HELLO follows.</summary>
    public void Begin() => asked.Clear();

    /// <summary>Writes a HELLO.</summary>
    /// <returns>The frame's length.</returns>
    public int Seal(byte[] buffer)
    {
        latest = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
        asked.Add(latest);
        return Frame.Seal(buffer, 0, FrameType.Hello, 0, (int)latest, 0, Frame.ProtocolVersion, 0);
    }

    /// <summary>True for an answer to one of the HELLOs that were said for this session.</summary>
    public bool IsMine(AnswerFrame answer) => asked.Contains(answer.Number);

    /// <summary>True for the answer to the latest one, which alone counts: each begins a session of its own.</summary>
    public bool IsLatest(AnswerFrame answer) => answer.Number == latest;

    /// <summary>Takes the answer.</summary>
    /// <returns>Null if the session has begun, else why it cannot.</returns>
    public NvsException? Take(AnswerFrame answer)
    {
        byte[] p = answer.Payload!;
        int protocol = p.Length >= 2 ? Buffers.GetUInt16(p, Payload.HelloAnswer.Protocol) : 0;
        if (answer.Status == Status.WrongProtocol || (answer.Status == Status.Ok && protocol != Frame.ProtocolVersion))
            return new NvsRefusedException(
                Status.WrongProtocol, $"hello: the board speaks protocol version {protocol}, this program {Frame.ProtocolVersion}");
        if (answer.Status != Status.Ok)
            return new NvsRefusedException(answer.Status, "hello");
        if (p.Length < Payload.HelloAnswer.Bytes || answer.Argument == 0)
            return NvsLineException.NoSense($"{p.Length} bytes, session key {answer.Argument}");
        BoardInfo board = new(p);
        if (board.WindowBytes < board.LongestFrameBytes + Frame.HeaderBytes || (board.State == Status.Ok && board.PieceBytes == 0))
            return NvsLineException.NoSense($"window {board.WindowBytes}, piece {board.PieceBytes}");
        Board = board;
        Key = answer.Argument;
        return null;
    }

    /// <summary>A store is there, or was just made.</summary>
    /// <returns>True if it is another one than before.</returns>
    public bool Meet(string storeId)
    {
        bool isOther = StoreId is not null && StoreId != storeId;
        StoreId = storeId;
        return isOther;
    }
}
