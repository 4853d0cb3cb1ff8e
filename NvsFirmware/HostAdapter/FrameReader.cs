using System;

namespace NvsFirmware.HostAdapter;

/// <summary>What <see cref="FrameReader.Poll"/> found.</summary>
public enum FrameEvent
{
    /// <summary>No frame yet.</summary>
    None,

    /// <summary>A whole frame, header and payload intact.</summary>
    Whole,

    /// <summary>A header is intact, the payload behind it is not.</summary>
    BadPayload,

    /// <summary>A header is intact but announces a payload that the buffer cannot hold.</summary>
    TooLong,
}

/// <summary>Finds frames in what a line delivers, and finds its way back after noise, lost bytes and half frames.</summary>
/// <remarks>
/// Invariant: <c>buffer[0 .. filled)</c> are the bytes received last, in order, and a frame, if one has begun, begins at index 0.
/// It reads only what the frame in progress still needs, straight to its place, so that no payload byte is moved or looped over;
/// only noise is searched.
/// </remarks>
public sealed class FrameReader
{
    // A call stops searching noise after so many attempts, so that a babbling line cannot keep the loop here.
    private const int MostAttempts = 64;

    private readonly IUart uart;
    private readonly IClock clock;
    private readonly byte[] buffer;
    private readonly int largestPayloadBytes;
    private readonly int gapMs;
    private readonly object sync0 = Frame.Sync0; // boxed once
    private int filled;
    private int done;
    private long lastByteMs;

    /// <summary>A reader with a buffer of its own.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="clock">Tells a pause in the line.</param>
    /// <param name="largestPayloadBytes">The longest payload taken.</param>
    /// <param name="gapMs">A frame in which no byte arrives for so long is given up, in milliseconds.</param>
    public FrameReader(IUart uart, IClock clock, int largestPayloadBytes, int gapMs)
    {
        this.uart = uart;
        this.clock = clock;
        this.largestPayloadBytes = largestPayloadBytes;
        this.gapMs = gapMs;
        buffer = new byte[Frame.TotalBytes(largestPayloadBytes)];
    }

    /// <summary>
    /// The frame found last stands at its start, until the next <see cref="Poll"/>, and may be written over, but not what is behind it: after
    /// a broken frame, the next ones may have come in with it.
    /// </summary>
    public byte[] Buffer => buffer;

    /// <summary>How often the reader had to search for a frame's beginning.</summary>
    public int Resyncs { get; private set; }

    /// <summary>Looks for the next frame.</summary>
    /// <param name="timeoutMs">How long to wait when the line is silent, in milliseconds.</param>
    public FrameEvent Poll(int timeoutMs)
    {
        Drop(done);
        done = 0;
        for (int attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (filled < Frame.HeaderBytes)
            {
                if (!Fill(Frame.HeaderBytes, timeoutMs))
                    return FrameEvent.None;
                if (filled < Frame.HeaderBytes)
                    continue;
            }
            if (!Frame.IsHeader(buffer, 0))
            {
                Resync();
                continue;
            }
            int payloadBytes = Frame.PayloadBytes(buffer, 0);
            if (payloadBytes > largestPayloadBytes)
            {
                done = Frame.HeaderBytes;
                return FrameEvent.TooLong;
            }
            int total = Frame.TotalBytes(payloadBytes);
            if (filled < total)
            {
                if (!Fill(total, timeoutMs))
                    return FrameEvent.None;
                if (filled < total)
                    continue;
            }
            if (Frame.IsPayloadIntact(buffer, 0))
            {
                done = total;
                return FrameEvent.Whole;
            }
            // Bytes may be missing, so that the next frame has begun inside this one: search again right behind the sync byte.
            done = 1;
            return FrameEvent.BadPayload;
        }
        return FrameEvent.None;
    }

    /// <summary>Forgets what was received so far.</summary>
    public void Clear()
    {
        filled = 0;
        done = 0;
    }

    // Reads towards `target` bytes. False when nothing came: then a half frame that has paused too long is given up, too.
    private bool Fill(int target, int timeoutMs)
    {
        int read = uart.Read(buffer, filled, target - filled, timeoutMs);
        long nowMs = clock.NowMs;
        if (read > 0)
        {
            filled += read;
            lastByteMs = nowMs;
            return true;
        }
        if (filled > 0 && nowMs - lastByteMs >= gapMs)
        {
            Resync();
            return filled > 0;
        }
        return false;
    }

    // Drops the byte at index 0 and all up to the next that may begin a frame.
    private void Resync()
    {
        Resyncs++;
        int next = filled > 1 ? Array.IndexOf(buffer, sync0, 1, filled - 1) : -1;
        Drop(next < 0 ? filled : next);
    }

    private void Drop(int count)
    {
        if (count == 0)
            return;
        filled -= count;
        if (filled > 0)
            Array.Copy(buffer, count, buffer, 0, filled);
    }
}
