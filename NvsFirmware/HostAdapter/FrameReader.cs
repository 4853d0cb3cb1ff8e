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
/// <para>Invariant: a frame begins right behind a frame or after a silence, nowhere else. A reader that meets anything but a whole frame
/// is lost: it passes over all bytes until the line has been silent for <see cref="QuietMs"/>. It never searches for the beginning of
/// a frame, because the bytes it would search may be a track's data, and data that look like a frame must not be taken for one.</para>
/// <para>It reads only what the frame in progress still needs, straight to its place: no payload byte is moved or looped over.</para>
/// </remarks>
public sealed class FrameReader
{
    /// <summary>A line on which no byte arrives for so long is silent, in milliseconds: a half frame ends, and so does being lost.</summary>
    public const int QuietMs = 250;

    private readonly IUart uart;
    private readonly IClock clock;
    private readonly byte[] buffer;
    private readonly int largestPayloadBytes;
    private int filled;
    private bool isLost;

    /// <summary>A reader with a buffer of its own.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="clock">Tells a silence of the line.</param>
    /// <param name="largestPayloadBytes">The longest payload taken.</param>
    public FrameReader(IUart uart, IClock clock, int largestPayloadBytes)
    {
        this.uart = uart;
        this.clock = clock;
        this.largestPayloadBytes = largestPayloadBytes;
        buffer = new byte[Frame.TotalBytes(largestPayloadBytes)];
    }

    /// <summary>The frame found last stands at its start, until the next <see cref="Poll"/>. It may be written over.</summary>
    public byte[] Buffer => buffer;

    /// <summary>When the line was last heard, in the clock's milliseconds.</summary>
    public long LastByteMs { get; private set; }

    /// <summary>How often the reader met something that is no frame.</summary>
    public int Resyncs { get; private set; }

    /// <summary>Looks for the next frame.</summary>
    /// <param name="timeoutMs">How long to wait when the line is silent, in milliseconds.</param>
    public FrameEvent Poll(int timeoutMs)
    {
        if (isLost)
        {
            PassOver(timeoutMs);
            return FrameEvent.None;
        }
        if (!Fill(Frame.HeaderBytes, timeoutMs))
            return FrameEvent.None;
        if (!Frame.IsHeader(buffer, 0))
            return Lose(FrameEvent.None);
        int payloadBytes = Frame.PayloadBytes(buffer, 0);
        if (payloadBytes > largestPayloadBytes)
            return Lose(FrameEvent.TooLong);
        if (!Fill(Frame.TotalBytes(payloadBytes), timeoutMs))
            return FrameEvent.None;
        if (!Frame.IsPayloadIntact(buffer, 0))
            return Lose(FrameEvent.BadPayload);
        filled = 0;
        return FrameEvent.Whole;
    }

    // Reads until `target` bytes are there. False when the line pauses before; a pause that is a silence ends a half frame.
    private bool Fill(int target, int timeoutMs)
    {
        while (filled < target)
        {
            int read = uart.Read(buffer, filled, target - filled, timeoutMs);
            if (read == 0)
            {
                if (filled > 0 && IsQuiet())
                {
                    filled = 0;
                    Resyncs++;
                }
                return false;
            }
            filled += read;
            LastByteMs = clock.NowMs;
        }
        return true;
    }

    private FrameEvent Lose(FrameEvent found)
    {
        isLost = true;
        filled = 0;
        Resyncs++;
        return found;
    }

    private void PassOver(int timeoutMs)
    {
        if (uart.Read(buffer, 0, buffer.Length, timeoutMs) > 0)
            LastByteMs = clock.NowMs;
        else if (IsQuiet())
            isLost = false;
    }

    private bool IsQuiet() => clock.NowMs - LastByteMs >= QuietMs;
}
