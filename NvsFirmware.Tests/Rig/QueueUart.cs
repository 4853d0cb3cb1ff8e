using System;
using System.Collections.Generic;
using System.IO;
using NvsFirmware.HostAdapter;

namespace NvsFirmware.Tests.Rig;

/// <summary>A line without a wire: what the host sends waits in a queue, what the board sends is kept.</summary>
public sealed class QueueUart(VirtualClock clock) : IUart
{
    private readonly Queue<byte> toBoard = new();
    private readonly MemoryStream fromBoard = new();

    /// <summary>False while the board has no power: nothing that it "sends" then reaches the host.</summary>
    public Func<bool> IsPowered { get; set; } = () => true;

    /// <summary>False while the host takes nothing: the board's writes then fail, as after their time-out.</summary>
    public bool IsHostReading { get; set; } = true;

    /// <summary>Called before each answer leaves the board.</summary>
    public Action? Answering { get; set; }

    /// <summary>True when the board has taken all that was sent.</summary>
    public bool IsEmpty => toBoard.Count == 0;

    public void Send(ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes)
            toBoard.Enqueue(b);
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
        if (toBoard.Count == 0)
        {
            clock.Sleep(Math.Max(timeoutMs, 1));
            return 0;
        }
        int read = 0;
        while (read < count && toBoard.TryDequeue(out byte b))
            buffer[offset + read++] = b;
        return read;
    }

    public bool Write(byte[] buffer, int offset, int count)
    {
        Answering?.Invoke();
        if (IsPowered() && IsHostReading)
            fromBoard.Write(buffer, offset, count);
        return IsHostReading;
    }
}
