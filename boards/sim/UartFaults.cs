using System;
using NvsFirmware.Wire;

namespace NvsSim;

/// <summary>A UART that fails as the ESP32's driver and the line to it do.</summary>
/// <remarks>
/// What the line delivered is taken from it at each read, as the driver's task does all the time. So a host that sends more than the
/// window before the board reads loses all of it; one that is slower than the board is never caught.
/// </remarks>
public sealed class UartFaults : IUart
{
    private readonly IUart uart;
    private readonly Random random;
    private readonly byte[] ring;
    private int start;
    private int filled;
    private long bytes;
    private long reads;
    private long answers;

    /// <summary>A UART without faults yet, but for the window.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="windowBytes">Size of the receive ring: when more than this is unread, all that is unread is thrown away.</param>
    /// <param name="seed">Of what happens by chance.</param>
    public UartFaults(IUart uart, int windowBytes, int seed)
    {
        this.uart = uart;
        ring = new byte[windowBytes];
        random = new Random(seed);
    }

    /// <summary>Which of the bytes received get a flipped bit.</summary>
    public Occasions Garbled { get; set; } = Occasions.Never;

    /// <summary>At which of the reads that find something the driver's FIFO has overflowed: all that is unread is thrown away.</summary>
    public Occasions Overrun { get; set; } = Occasions.Never;

    /// <summary>After which of the reads that find something the ring's count is wrong: the line is dead until it is opened anew.</summary>
    public Occasions RingDies { get; set; } = Occasions.Never;

    /// <summary>Which of the answers get lost.</summary>
    public Occasions AnswerLost { get; set; } = Occasions.Never;

    /// <summary>True while nothing is received any more, until <see cref="Reopen"/>.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Driver event: how often all unread input was thrown away, after an overrun or more than the window.</summary>
    public long Flushes { get; private set; }

    /// <summary>Driver event: how often the line was opened anew.</summary>
    public long Reopened { get; private set; }

    /// <summary>Called at each fault and each driver event, with a few words about it.</summary>
    public Action<string>? Happens { get; set; }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        Receive(filled == start ? timeoutMs : 0);
        if (filled == start || IsDead)
            return 0;
        reads++;
        if (Overrun.Include(reads, random))
        {
            Flush($"the FIFO overflowed at read {reads}");
            return 0;
        }
        int read = Math.Min(count, filled - start);
        Array.Copy(ring, start, buffer, offset, read);
        start += read;
        if (RingDies.Include(reads, random))
        {
            IsDead = true;
            Happens?.Invoke($"the receive ring went wrong after read {reads}");
        }
        return read;
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        answers++;
        if (!AnswerLost.Include(answers, random))
            return uart.Write(buffer, offset, count);
        Happens?.Invoke($"answer {answers} got lost, {count} bytes");
        return true;
    }

    /// <inheritdoc/>
    public void Reopen()
    {
        uart.Reopen();
        start = 0;
        filled = 0;
        IsDead = false;
        Reopened++;
        Happens?.Invoke("the board opened its port anew");
    }

    // Takes over what the line holds, at most a few windows of it.
    private void Receive(int timeoutMs)
    {
        for (int taken = 0; taken <= 4 * ring.Length;)
        {
            if (start > 0)
            {
                Array.Copy(ring, start, ring, 0, filled - start);
                filled -= start;
                start = 0;
            }
            bool isFull = filled == ring.Length;
            byte[] into = isFull ? new byte[1] : ring;
            int at = isFull ? 0 : filled;
            int got = uart.Read(into, at, into.Length - at, timeoutMs);
            if (got == 0)
                return;
            timeoutMs = 0;
            taken += got;
            if (isFull)
            {
                Flush($"more than the window of {ring.Length} bytes was unread");
                continue;
            }
            filled += got;
            for (int i = at; i < filled; i++)
                if (Garbled.Include(++bytes, random))
                {
                    ring[i] ^= (byte)(1 << random.Next(8));
                    Happens?.Invoke($"byte {bytes} received was garbled");
                }
        }
    }

    private void Flush(string why)
    {
        Flushes++;
        Happens?.Invoke($"{why}: {filled - start} bytes thrown away");
        start = 0;
        filled = 0;
    }
}
