using System;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>A line that allocates nothing: one block of bytes to the board, and what the board sends.</summary>
public sealed class FuzzUart(VirtualClock clock) : IUart
{
    private readonly byte[] sent = new byte[1 << 20];
    private byte[] block = [];
    private int position;
    private int end;
    private int sentBytes;

    /// <summary>True when the board has taken all of the block.</summary>
    public bool IsEmpty => position == end;

    /// <summary>What the board has sent since the last block.</summary>
    public ReadOnlySpan<byte> Sent => sent.AsSpan(0, sentBytes);

    public void Begin(byte[] bytes, int count)
    {
        block = bytes;
        position = 0;
        end = count;
        sentBytes = 0;
    }

    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        int read = Math.Min(count, end - position);
        if (read == 0)
            clock.Sleep(Math.Max(timeoutMs, 1));
        Array.Copy(block, position, buffer, offset, read);
        position += read;
        return read;
    }

    public bool Write(byte[] buffer, int offset, int count)
    {
        Array.Copy(buffer, offset, sent, sentBytes, count);
        sentBytes += count;
        return true;
    }

    public void Reopen() => position = end;
}
