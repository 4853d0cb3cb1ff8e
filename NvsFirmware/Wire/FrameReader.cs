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
/// <para>Invariant: the first <c>filled</c> bytes of the buffer are received; of them the first <c>consumed</c> are the frame that was
/// given away, the others are not looked at yet, but for what <c>isHeaderChecked</c> says. A frame stands at index 0: what came behind
/// another one is moved there by a block copy. A reader that has lost its place does not trust it either.</para>
/// <para>A reader that has lost its place looks for the next header at once, also inside what it took for a payload: <see cref="Key"/>
/// keeps what was recorded in other sessions from being one. A HELLO, which needs no key, counts there only if the line rests behind
/// it; what else must not be believed there, <see cref="IsInPlace"/> tells, until a silence: a track's data may hold several frames.</para>
/// <para>Each poll is bounded: two reads, and a few candidates for a header.</para>
/// </remarks>
public sealed class FrameReader
{
    /// <summary>A line without a byte for so long is silent, in milliseconds: a half frame ends, and so does being lost.</summary>
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

    /// <summary>True when the frame found last is surely none of a track's data: no place was lost since a silence or a HELLO.</summary>
    public bool IsInPlace = true;

    /// <summary>When the line was last heard, or the last frame was done with, in the clock's milliseconds.</summary>
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
    private int filled;
    private int consumed;
    private bool isHeaderChecked;
    private bool isHeard;
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
    public bool IsAtRest => !isLost && consumed == filled;

    /// <summary>Looks for the next frame.</summary>
    /// <param name="timeoutMs">How long to wait when the line is silent, in milliseconds.</param>
    public FrameEvent Poll(int timeoutMs)
    {
        byte[] buffer = Buffer;
        if (consumed != 0)
            GoOn();
        isHeard = false;
        if (filled < Frame.HeaderBytes)
        {
            if (!Fill(Frame.HeaderBytes, timeoutMs))
                return Wait();
            isHeard = true;
        }
        int payloadBytes = PayloadBytes;
        if (!isHeaderChecked)
        {
            if (buffer[0] != Frame.Sync0 || buffer[1] != Frame.Sync1)
                return SearchOn();
            uint key = Crc.Of(buffer, 0, Frame.HeaderCrcAt) ^ BitConverter.ToUInt32(buffer, Frame.HeaderCrcAt);
            if ((buffer[Frame.TypeAt] & FrameType.KeyedBits) != 0 ? key != Key || key == 0 : key != 0)
                return SearchOn();
            payloadBytes = buffer[Frame.PayloadBytesAt] | (buffer[Frame.PayloadBytesAt + 1] << 8);
            PayloadBytes = payloadBytes;
            if (payloadBytes > largestPayloadBytes)
                return Refuse(FrameEvent.TooLong);
        }
        int total = payloadBytes == 0 ? Frame.HeaderBytes : Frame.HeaderBytes + payloadBytes + Frame.CrcBytes;
        if (filled < total)
        {
            isHeaderChecked = true;
            NoteHeard();
            if (!Fill(total, timeoutMs))
                return Wait();
            isHeard = true;
            isHeaderChecked = false;
        }
        if (payloadBytes != 0
            && BitConverter.ToUInt32(buffer, total - Frame.CrcBytes) != Crc.Of(buffer, Frame.HeaderBytes, payloadBytes))
            return Refuse(FrameEvent.BadPayload);
        if (!isTrusted)
        {
            NoteHeard();
            if (!IsTrustedNow(total))
                return FrameEvent.None;
            isLost = false;
        }
        consumed = total;
        return FrameEvent.Whole;
    }

    /// <summary>The frame found last is done with: what came behind it moves to its place. <see cref="Poll"/> does it, too.</summary>
    public void GoOn()
    {
        if (isHeard)
            LastByteMs = clock.NowMs; // only here, after the frame's answer
        int left = filled - consumed;
        if (left > 0)
            Array.Copy(Buffer, consumed, Buffer, 0, left);
        filled = left;
        consumed = 0;
    }

    // Reads once what there is; true when as many bytes are there as are needed.
    private bool Fill(int needed, int timeoutMs)
    {
        if (filled > 0 || !isTrusted)
        {
            int leftMs = SilenceMs - SinceLastByteMs();
            if (timeoutMs > leftMs)
                timeoutMs = leftMs > 0 ? leftMs : 0;
        }
        int read = uart.Read(Buffer, filled, Buffer.Length - filled, timeoutMs);
        if (read == 0)
            return false;
        filled += read;
        if (filled >= needed)
            return true;
        LastByteMs = clock.NowMs;
        return false;
    }

    // Nothing whole is there. Has the line been silent for so long that what is there ends?
    private FrameEvent Wait()
    {
        int silentMs = SinceLastByteMs();
        if (isLost && !isHeaderChecked && clock.NowMs - lostMs >= NoiseMs)
            Reopen();
        if (filled == 0 && !isLost)
        {
            if (silentMs >= SilenceMs)
                Trust();
            if (idleReopenMs > 0 && silentMs >= idleReopenMs && clock.NowMs - reopenedMs >= idleReopenMs)
                Reopen();
            return FrameEvent.None;
        }
        if (silentMs < SilenceMs)
            return FrameEvent.None;
        if (isHeaderChecked)
            return Refuse(FrameEvent.BadPayload);
        if (filled > 0)
            return SearchOn();
        isLost = false;
        Trust();
        Reopen();
        return FrameEvent.None;
    }

    // The frame counts for an answer, but its payload may hide the next frame: nothing is moved before that answer is sent.
    private FrameEvent Refuse(FrameEvent found)
    {
        isHeaderChecked = false;
        Lose();
        consumed = 1;
        return found;
    }

    private void NoteHeard()
    {
        if (isHeard)
            LastByteMs = clock.NowMs;
    }

    private FrameEvent SearchOn()
    {
        NoteHeard();
        return Search() ? FrameEvent.PlaceLost : FrameEvent.None;
    }

    // Goes to the next place where a header may stand. True if the place was lost just now.
    private bool Search()
    {
        isHeaderChecked = false;
        isTrusted = false;
        for (int candidates = 0; candidates < CandidatesPerPoll; candidates++)
        {
            int at = filled > 1 ? Array.IndexOf(Buffer, sync, 1, filled - 1) : -1;
            Remove(at < 0 ? filled : at);
            if (filled < 2 || Buffer[1] == Frame.Sync1)
                break;
        }
        return Lose();
    }

    private bool Lose()
    {
        if (isLost)
            return false;
        isLost = true;
        lostMs = clock.NowMs;
        PlacesLost++;
        return true;
    }

    // The place was lost. True if the frame counts; a HELLO that does gives the trust back.
    private bool IsTrustedNow(int total)
    {
        IsInPlace = false;
        if (Buffer[Frame.TypeAt] != FrameType.Hello)
            return true;
        bool isRest = filled == total && uart.Read(Buffer, filled, 1, RestMs) == 0;
        if (isRest)
        {
            Trust();
            return true;
        }
        if (filled == total)
            filled++; // the byte that came
        Search();
        return false;
    }

    private void Trust()
    {
        isTrusted = true;
        IsInPlace = true;
    }

    private void Remove(int count)
    {
        int left = filled - count;
        if (left > 0)
            Array.Copy(Buffer, count, Buffer, 0, left);
        filled = left;
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
