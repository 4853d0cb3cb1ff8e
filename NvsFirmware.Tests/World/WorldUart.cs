using System;
using System.Collections.Generic;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <summary>What has become of the driver's receive ring.</summary>
public enum RingFault
{
    None,

    /// <summary>Nothing comes out of it.</summary>
    Dead,

    /// <summary>What came out of it once comes again, then nothing.</summary>
    Stale,

    /// <summary>Anything comes out of it, without end.</summary>
    Garbage,
}

/// <summary>
/// The board's UART: a receive buffer that throws all of its content away when it overflows and can go wrong until the port is opened anew,
/// and a transmitter without a buffer.
/// </summary>
public sealed class WorldUart(WorldTime time, SeededRandom random, OneWay toHost, int receiveBytes) : IUart
{
    private const int CallUs = 20;
    private const int GarbageUs = 5000;
    private const int WriteTimeoutUs = 2_000_000;
    private const int PieceBytes = 64;
    private const int RememberedBytes = 400;
    private readonly Queue<byte> received = new();
    private readonly Queue<byte> remembered = new();
    private RingFault fault;

    /// <summary>How often unread input was thrown away.</summary>
    public long Overruns { get; private set; }

    /// <summary>How often the ring went wrong.</summary>
    public long RingFaults { get; private set; }

    /// <summary>How often the board opened the port anew.</summary>
    public long Reopened { get; private set; }

    /// <summary>The host takes nothing, and there is a flow control that makes the board wait for it.</summary>
    public bool IsHostStalled { get; set; }

    /// <summary>Is told of all that the board has sent whole.</summary>
    public Action<byte[], int, int>? Sent { get; set; }

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

    /// <summary>From now on the ring is wrong.</summary>
    public void BreakRing(RingFault how)
    {
        RingFaults++;
        fault = how;
        received.Clear();
        if (how == RingFault.Stale)
            foreach (byte b in remembered)
                received.Enqueue(b);
    }

    /// <summary>The board restarts.</summary>
    public void Clear()
    {
        received.Clear();
        fault = RingFault.None;
    }

    public void Reopen()
    {
        Reopened++;
        Clear();
    }

    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        if (!time.IsBoardRunning)
            return 0;
        time.Pass(CallUs);
        if (fault is RingFault.Dead or RingFault.Garbage)
            return ReadWrongly(buffer, offset, count, timeoutMs);
        time.PassUntil(time.NowUs + timeoutMs * 1000L, () => received.Count > 0 || !time.IsBoardRunning);
        int read = 0;
        while (read < count && received.TryDequeue(out byte b))
        {
            buffer[offset + read++] = b;
            remembered.Enqueue(b);
            if (remembered.Count > RememberedBytes)
                remembered.Dequeue();
        }
        if (fault == RingFault.Stale && received.Count == 0)
            fault = RingFault.Dead;
        return read;
    }

    public bool Write(byte[] buffer, int offset, int count)
    {
        int from = offset;
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
            // Told before the host can know, or the host would act on it first.
            if (offset == end)
                Sent?.Invoke(buffer, from, count);
            time.PassUntil(arrivedUs, () => !time.IsBoardRunning);
        }
        return offset == end && time.IsBoardRunning;
    }

    private int ReadWrongly(byte[] buffer, int offset, int count, int timeoutMs)
    {
        time.PassUntil(time.NowUs + Math.Min(timeoutMs * 1000L, GarbageUs), () => !time.IsBoardRunning);
        received.Clear();
        if (fault == RingFault.Dead || timeoutMs == 0)
        {
            time.PassUntil(time.NowUs + Math.Max(0, timeoutMs * 1000L - GarbageUs), () => !time.IsBoardRunning);
            return 0;
        }
        int read = random.Between(1, Math.Min(count, 8));
        random.Fill(buffer.AsSpan(offset, read));
        return read;
    }
}
