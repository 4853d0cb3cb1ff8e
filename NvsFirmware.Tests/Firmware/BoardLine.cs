using System;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>The board's line to a host, without a wire; and time, which passes only when the firmware waits.</summary>
public sealed class BoardLine : IUart, IClock
{
    private readonly SmallFram supply;
    private readonly byte[] toBoard = new byte[4096];
    private int waiting;

    /// <summary>A line to a board that always has power.</summary>
    public BoardLine()
        : this(new SmallFram(0))
    {
    }

    /// <summary>A line to a board that has power as long as this chip has: without, nothing it sends arrives.</summary>
    public BoardLine(SmallFram supply) => this.supply = supply;

    /// <summary>What the board sent.</summary>
    public byte[] FromBoard { get; } = new byte[4096];

    /// <summary>How many bytes of <see cref="FromBoard"/> count; set it to 0 to forget them.</summary>
    public int SentBytes { get; set; }

    /// <summary>The most bytes that one read gets.</summary>
    public int LargestPiece { get; set; } = 4096;

    /// <summary>True when the board has taken all that the host sent.</summary>
    public bool IsEmpty => waiting == 0;

    /// <summary>How often the board opened the line anew.</summary>
    public int Reopened { get; private set; }

    /// <inheritdoc/>
    public long NowMs { get; private set; } = 1000;

    /// <inheritdoc/>
    public void Sleep(int durationMs) => NowMs += durationMs;

    /// <summary>The host sends bytes.</summary>
    public void Send(byte[] bytes, int offset, int count)
    {
        Array.Copy(bytes, offset, toBoard, waiting, count);
        waiting += count;
    }

    /// <summary>The host sends bytes.</summary>
    public void Send(byte[] bytes) => Send(bytes, 0, bytes.Length);

    /// <summary>The host's bytes are lost: the board restarts.</summary>
    public void Clear() => waiting = 0;

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        if (waiting == 0)
        {
            Sleep(timeoutMs);
            return 0;
        }
        int read = count < waiting ? count : waiting;
        if (read > LargestPiece)
            read = LargestPiece;
        Array.Copy(toBoard, 0, buffer, offset, read);
        waiting -= read;
        Array.Copy(toBoard, read, toBoard, 0, waiting);
        return read;
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        if (!supply.HasPower)
            return true;
        Array.Copy(buffer, offset, FromBoard, SentBytes, count);
        SentBytes += count;
        return true;
    }

    /// <inheritdoc/>
    public void Reopen()
    {
        Reopened++;
        waiting = 0;
    }
}
