using System.Collections.Generic;
using System.Security.Cryptography;
using NvsFirmware.Wire;

namespace NvsHost.Serve;

/// <summary>A session of a guest, from its HELLO to the next one: its key, and what the board's memory of a session stands for.</summary>
/// <param name="owner">The guest.</param>
/// <param name="beganAt">When it began, by the server's count.</param>
internal sealed class GuestSession(Guest owner, long beganAt)
{
    private volatile bool isOver;
    private volatile Committed? committed;
    private volatile Decision? decided;
    private volatile BoardInfo? board;

    /// <summary>A write request's number and client, as the last one that was committed in this session.</summary>
    internal sealed record Committed(uint Client, uint Number);

    /// <summary>How a write request ended that was decided in this session: a repetition gets the same answer.</summary>
    internal sealed record Decision(uint Client, uint Number, uint Fingerprint, Status Status, uint Argument);

    /// <summary>The key, not 0.</summary>
    public uint Key { get; } = (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);

    /// <summary>The guest.</summary>
    public Guest Owner => owner;

    /// <summary>The board as HELLO told it; null: it has not answered yet.</summary>
    public BoardInfo? Board
    {
        get => board;
        set => board = value;
    }

    /// <summary>When it began, by the server's count.</summary>
    public long BeganAt => beganAt;

    /// <summary>True when the guest must say HELLO before it goes on.</summary>
    public bool IsOver => isOver;

    /// <summary>The clients whose write requests it has sent. Guarded by the server's fence.</summary>
    public HashSet<uint> Clients { get; } = [];

    /// <summary>The last write request that was decided; null: none was.</summary>
    public Decision? Decided
    {
        get => decided;
        set => decided = value;
    }

    /// <summary>Ends it: what waits for its turn is not sent any more.</summary>
    public void End() => isOver = true;

    /// <summary>A write request was committed.</summary>
    public void NoteCommit(uint client, uint number) => committed = new Committed(client, number);

    /// <summary>True if this request is the last one that was committed in this session.</summary>
    public bool IsLastCommit(uint client, uint number) => committed == new Committed(client, number);
}
