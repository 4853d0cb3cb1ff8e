using System;
using System.Collections.Generic;
using NvsFirmware.HostAdapter;

namespace NvsFirmware.Tests.World;

/// <summary>The board's UART: a receive buffer that throws all of its content away when it overflows, and a transmitter without a buffer.</summary>
public sealed class WorldUart(WorldTime time, Wire toHost, int receiveBytes) : IUart
{
    private const int CallUs = 20;
    private const int WriteTimeoutUs = 2_000_000;
    private const int PieceBytes = 64;
    private readonly Queue<byte> received = new();

    /// <summary>How often unread input was thrown away.</summary>
    public long Overruns { get; private set; }

    /// <summary>The host takes nothing, and there is a flow control that makes the board wait for it.</summary>
    public bool IsHostStalled { get; set; }

    /// <summary>Bytes arrive.</summary>
    public void Receive(byte[] bytes)
    {
        if (!time.IsBoardRunning)
            return;
        if (received.Count + bytes.Length > receiveBytes)
        {
            received.Clear();
            Overruns++;
            return;
        }
        foreach (byte b in bytes)
            received.Enqueue(b);
    }

    /// <summary>The board restarts.</summary>
    public void Clear() => received.Clear();

    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        if (!time.IsBoardRunning)
            return 0;
        time.Pass(CallUs);
        time.PassUntil(time.NowUs + timeoutMs * 1000L, () => received.Count > 0 || !time.IsBoardRunning);
        int read = 0;
        while (read < count && received.TryDequeue(out byte b))
            buffer[offset + read++] = b;
        return read;
    }

    public bool Write(byte[] buffer, int offset, int count)
    {
        int end = offset + count;
        while (offset < end && time.IsBoardRunning)
        {
            if (IsHostStalled)
            {
                time.PassUntil(time.NowUs + WriteTimeoutUs, () => !IsHostStalled || !time.IsBoardRunning);
                if (IsHostStalled)
                    return false;
            }
            int piece = Math.Min(end - offset, PieceBytes);
            long arrivedUs = toHost.Send(buffer.AsSpan(offset, piece));
            offset += piece;
            time.PassUntil(arrivedUs, () => !time.IsBoardRunning);
        }
        return offset == end && time.IsBoardRunning;
    }
}
