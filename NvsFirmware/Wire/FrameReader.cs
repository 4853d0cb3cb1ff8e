using System;

namespace NvsFirmware.Wire;

/// <summary>What <see cref="FrameReader.Poll"/> found.</summary>
public enum FrameEvent
{
    /// <summary>No frame yet.</summary>
    None,

    /// <summary>A whole frame, header and payload intact.</summary>
    Whole,

    /// <summary>A header is intact, the payload behind it is not, or stopped.</summary>
    BadPayload,

    /// <summary>A header is intact but announces a payload that the buffer cannot hold.</summary>
    TooLong,

    /// <summary>The reader has just lost its place: what stands where a header should is none, or of another session.</summary>
    PlaceLost,
}

/// <summary>Finds frames in what a line delivers, and finds its way back after noise, lost bytes and half frames.</summary>
/// <remarks>
/// <para>Invariant: bytes from <c>start</c> to <c>filled</c> are received and not looked at yet, but for what <c>isHeaderChecked</c> says. The
/// frame that is given away stands at index 0; only frames behind another one are moved, by a block copy.</para>
/// <para>A reader that has lost its place looks for the next header at once, also inside what it took for a payload: <see cref="Key"/>
/// keeps what was recorded in other sessions from being one. A HELLO, which needs no key, counts there only if the line rests behind
/// it; what else must not be believed there, <see cref="IsInPlace"/> tells, until a silence: a track's data may hold several frames.</para>
/// <para>Each poll is bounded: two reads, and a few candidates for a header.</para>
/// </remarks>
public sealed class FrameReader
{
    /// <summary>A line on which no byte arrives for so long is silent, in milliseconds: a half frame ends, and so does being lost.</summary>
    public const int SilenceMs = 250;

    /// <summary>For so long the line must rest behind a HELLO that was found while the place was lost, in milliseconds.</summary>
    public const int RestMs = 50;

    /// <summary>The line is opened anew after noise without a frame for so long, in milliseconds.</summary>
    public const int NoiseMs = 3000;

    private const int CandidatesPerPoll = 32;

    /// <summary>The frame found last stands at its start, until the next <see cref="Poll"/>. It may be written over.</summary>
    public readonly byte[] Buffer;

    /// <summary>The session key; 0 when there is no session.</summary>
    public uint Key;

    /// <summary>Length of the payload of the frame found last.</summary>
    public int PayloadBytes;

    /// <summary>True when the frame found last is surely none of a track's data: since a silence, or a HELLO with a rest, no place was lost.</summary>
    public bool IsInPlace = true;

    /// <summary>When the line was last heard, in the clock's milliseconds.</summary>
    public long LastByteMs;

    /// <summary>How often the reader lost its place.</summary>
    public int PlacesLost;

    /// <summary>How often it opened the line anew.</summary>
    public int Reopened;

    private static readonly object sync = Frame.Sync0;

    private readonly IUart uart;
    private readonly IClock clock;
    private readonly int largestPayloadBytes;
    private readonly int idleReopenMs;
    private int start;
    private int filled;
    private int consumed;
    private bool isHeaderChecked;
    private bool isLost;
    private bool isTrusted = true;
    private long lostMs;
    private long reopenedMs;

    /// <summary>A reader with a buffer of its own.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="clock">Tells a silence of the line.</param>
    /// <param name="largestPayloadBytes">The longest payload taken.</param>
    /// <param name="idleReopenMs">Opens the line anew when nothing was heard for so long, in milliseconds; 0: never.</param>
    public FrameReader(IUart uart, IClock clock, int largestPayloadBytes, int idleReopenMs)
    {
        this.uart = uart;
        this.clock = clock;
        this.largestPayloadBytes = largestPayloadBytes;
        this.idleReopenMs = idleReopenMs;
        Buffer = new byte[Frame.TotalBytes(largestPayloadBytes)];
        LastByteMs = clock.NowMs;
    }

    /// <summary>True when nothing of a frame has arrived and the reader knows its place.</summary>
    public bool IsAtRest => !isLost && start + consumed == filled;

    /// <summary>Looks for the next frame.</summary>
    /// <param name="timeoutMs">How long to wait when the line is silent, in milliseconds.</param>
    public FrameEvent Poll(int timeoutMs)
    {
        byte[] buffer = Buffer;
        int at = start + consumed;
        int end = filled;
        consumed = 0;
        if (at == end)
        {
            at = 0;
            end = 0;
            filled = 0;
        }
        start = at;
        if (end - at < Frame.HeaderBytes)
        {
            if (!Fill(Frame.HeaderBytes, timeoutMs))
                return Wait();
            at = start;
            end = filled;
        }
        int payloadBytes = buffer[at + Frame.PayloadBytesAt] | (buffer[at + Frame.PayloadBytesAt + 1] << 8);
        if (!isHeaderChecked)
        {
            uint key = buffer[at] != Frame.Sync0 || buffer[at + 1] != Frame.Sync1 ? ~Key
                : Crc.Of(buffer, at, Frame.HeaderCrcAt) ^ BitConverter.ToUInt32(buffer, at + Frame.HeaderCrcAt);
            bool isKeyed = (buffer[at + Frame.TypeAt] & FrameType.KeyedBits) != 0;
            if (isKeyed ? key != Key || key == 0 : key != 0)
                return Search(at + 1) ? FrameEvent.PlaceLost : FrameEvent.None;
            PayloadBytes = payloadBytes;
            if (payloadBytes > largestPayloadBytes)
                return Refuse(FrameEvent.TooLong);
        }
        int total = payloadBytes == 0 ? Frame.HeaderBytes : Frame.HeaderBytes + payloadBytes + Frame.CrcBytes;
        if (end - at < total)
        {
            isHeaderChecked = true;
            if (!Fill(total, timeoutMs))
                return Wait();
            at = start;
        }
        isHeaderChecked = false;
        if (payloadBytes != 0
            && BitConverter.ToUInt32(buffer, at + total - Frame.CrcBytes) != Crc.Of(buffer, at + Frame.HeaderBytes, payloadBytes))
            return Refuse(FrameEvent.BadPayload);
        if (!isTrusted && !IsTrustedNow(total))
            return FrameEvent.None;
        if (at != 0)
            MoveToStart();
        isLost = false;
        consumed = total;
        return FrameEvent.Whole;
    }

    // The place was lost. True if the frame at `start` counts; a HELLO that does gives the trust back.
    private bool IsTrustedNow(int total)
    {
        if (Buffer[start + Frame.TypeAt] != FrameType.Hello)
        {
            IsInPlace = false;
            return true;
        }
        if (!IsRestBehind(total))
        {
            Search(start + 1);
            return false;
        }
        Trust();
        return true;
    }

    private void Trust()
    {
        isTrusted = true;
        IsInPlace = true;
    }

    // Reads once what there is; true when `count` bytes from `start` on are there.
    private bool Fill(int count, int timeoutMs)
    {
        if (start + count > Buffer.Length)
            MoveToStart();
        if (filled > start || isLost)
        {
            int leftMs = SilenceMs - SinceLastByteMs();
            if (timeoutMs > leftMs)
                timeoutMs = leftMs > 0 ? leftMs : 0;
        }
        int read = uart.Read(Buffer, filled, Buffer.Length - filled, timeoutMs);
        if (read == 0)
            return false;
        filled += read;
        LastByteMs = clock.NowMs;
        return filled - start >= count;
    }

    // Nothing whole is there. Has the line been silent for so long that what is there ends?
    private FrameEvent Wait()
    {
        int silentMs = SinceLastByteMs();
        if (isLost && !isHeaderChecked && clock.NowMs - lostMs >= NoiseMs)
            Reopen();
        if (filled == start && !isLost)
        {
            if (silentMs >= SilenceMs)
                Trust();
            if (idleReopenMs > 0 && silentMs >= idleReopenMs && clock.NowMs - reopenedMs >= idleReopenMs)
                Reopen();
            return FrameEvent.None;
        }
        if (silentMs < SilenceMs)
            return FrameEvent.None;
        if (filled > start)
        {
            if (isHeaderChecked)
                return Refuse(FrameEvent.BadPayload);
            return Search(start + 1) ? FrameEvent.PlaceLost : FrameEvent.None;
        }
        isLost = false;
        Trust();
        Reopen();
        return FrameEvent.None;
    }

    private bool IsRestBehind(int total)
    {
        if (filled - start > total)
            return false;
        MoveToStart();
        int read = uart.Read(Buffer, filled, 1, RestMs);
        filled += read;
        return read == 0;
    }

    // The frame at `start` counts for an answer, but its payload may hide the next frame.
    private FrameEvent Refuse(FrameEvent found)
    {
        MoveToStart();
        Search(1);
        return found;
    }

    // Goes to the next place where a header may stand. True if the place was lost just now.
    private bool Search(int from)
    {
        isHeaderChecked = false;
        bool wasLost = isLost;
        isTrusted = false;
        if (!isLost)
        {
            isLost = true;
            lostMs = clock.NowMs;
            PlacesLost++;
        }
        for (int candidates = 0; ; candidates++)
        {
            int at = from < filled ? Array.IndexOf(Buffer, sync, from, filled - from) : -1;
            if (at < 0)
            {
                start = filled;
                break;
            }
            start = at;
            bool isPossible = at + 1 == filled || Buffer[at + 1] == Frame.Sync1;
            if (isPossible || candidates == CandidatesPerPoll)
                break;
            from = at + 1;
        }
        return !wasLost;
    }

    private void MoveToStart()
    {
        if (start == 0)
            return;
        Array.Copy(Buffer, start, Buffer, 0, filled - start);
        filled -= start;
        start = 0;
    }

    private void Reopen()
    {
        uart.Reopen();
        Reopened++;
        reopenedMs = clock.NowMs;
        lostMs = reopenedMs;
    }

    private int SinceLastByteMs()
    {
        long sinceMs = clock.NowMs - LastByteMs;
        return sinceMs > int.MaxValue ? int.MaxValue : (int)sinceMs;
    }
}
