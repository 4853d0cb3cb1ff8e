using System;
using System.Collections.Generic;
using System.IO;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// A line without a wire: what the host sends waits in a queue, what the board sends is kept. Bytes may come at a given time.
/// </summary>
public sealed class QueueUart(VirtualClock clock) : IUart
{
    private readonly Queue<(long AtMs, byte Value)> toBoard = new();
    private readonly MemoryStream fromBoard = new();

    /// <summary>False while the board has no power: nothing that it "sends" then reaches the host.</summary>
    public Func<bool> IsPowered { get; set; } = () => true;

    /// <summary>False while the host takes nothing: the board's writes then fail, as after their time-out.</summary>
    public bool IsHostReading { get; set; } = true;

    /// <summary>True while the driver is dead: nothing arrives until the port is opened anew.</summary>
    public bool IsDead { get; set; }

    /// <summary>What the board's receive buffer holds. One byte more, and the driver throws away all that is unread.</summary>
    public int WindowBytes { get; set; } = int.MaxValue;

    /// <summary>Called before each answer leaves the board.</summary>
    public Action? Answering { get; set; }

    /// <summary>True when the board has taken all that was sent.</summary>
    public bool IsEmpty => toBoard.Count == 0;

    /// <summary>How many bytes wait to be read, or are still to come.</summary>
    public int WaitingBytes => toBoard.Count;

    /// <summary>How many bytes the board has sent since they were taken.</summary>
    public long SentBytes => fromBoard.Length;

    /// <summary>How often the board opened the port anew.</summary>
    public int Reopened { get; private set; }

    /// <summary>When the board opened the port anew last.</summary>
    public long ReopenedMs { get; private set; }

    public void Send(ReadOnlySpan<byte> bytes) => Send(bytes, clock.NowMs);

    /// <summary>Sends bytes that arrive later; never before those sent earlier.</summary>
    public void Send(ReadOnlySpan<byte> bytes, long atMs)
    {
        foreach (byte b in bytes)
            toBoard.Enqueue((atMs, b));
        if (toBoard.Count > WindowBytes)
            toBoard.Clear();
    }

    /// <summary>What the board has sent since the last call.</summary>
    public byte[] TakeSent()
    {
        byte[] sent = fromBoard.ToArray();
        fromBoard.SetLength(0);
        return sent;
    }

    /// <summary>The board restarts: its receive buffer is gone.</summary>
    public void Clear() => toBoard.Clear();

    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        if (!IsDue)
        {
            long waitMs = Math.Max(timeoutMs, 1);
            if (toBoard.Count > 0 && !IsDead)
                waitMs = Math.Min(waitMs, toBoard.Peek().AtMs - clock.NowMs);
            clock.Sleep((int)waitMs);
            if (!IsDue || timeoutMs == 0)
                return 0;
        }
        int read = 0;
        while (read < count && IsDue)
            buffer[offset + read++] = toBoard.Dequeue().Value;
        return read;
    }

    public bool Write(byte[] buffer, int offset, int count)
    {
        Answering?.Invoke();
        if (IsPowered() && IsHostReading)
            fromBoard.Write(buffer, offset, count);
        return IsHostReading;
    }

    public void Reopen()
    {
        Reopened++;
        ReopenedMs = clock.NowMs;
        IsDead = false;
        while (IsDue)
            toBoard.Dequeue();
    }

    private bool IsDue => !IsDead && toBoard.Count > 0 && toBoard.Peek().AtMs <= clock.NowMs;
}
