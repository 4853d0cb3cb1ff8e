using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>A frame that was sent and is not settled.</summary>
/// <param name="Request">What it belongs to; null for a LAST by which the conversation finds out what was lost.</param>
/// <param name="Type">Its type.</param>
/// <param name="Number">Its number.</param>
/// <param name="Part">Its part.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="IsQuiet">True when it gets no answer if all is well: one behind it does.</param>
internal readonly record struct SentFrame(Request? Request, int Type, uint Number, int Part, int Bytes, bool IsQuiet);

/// <summary>
/// The frames that count against the board's window, in the order in which they were sent, and the block in which the next ones
/// leave.
/// </summary>
/// <remarks>
/// Frames are answered in that order, so an answer also settles the frames before: no answer will come to them any more. The bytes
/// in flight never exceed the window. Behind a quiet frame another one is sent at once, and not all of the window is quiet: so an
/// answer is always on its way while something waits for it.
/// </remarks>
internal sealed class Window(NvsClientOptions options)
{
    /// <summary>What is to be sent: the first <see cref="Filled"/> bytes.</summary>
    public readonly byte[] Block = new byte[Frame.TotalBytes(ushort.MaxValue)];

    private readonly List<SentFrame> frames = [];
    private int bytes;
    private int quietBytes; // Behind the last frame that is not quiet.

    // Of the window: so much may be sent without a frame that is answered.
    private const int QuietShare = 4;

    /// <summary>Bytes in the block.</summary>
    public int Filled { get; private set; }

    /// <summary>True when no answer is to come, if all is well.</summary>
    public bool IsEmpty => frames.TrueForAll(sent => sent.IsQuiet);

    /// <summary>How many frames are unanswered.</summary>
    public int Count => frames.Count;

    /// <summary>The frames, oldest first.</summary>
    public IReadOnlyList<SentFrame> Frames => frames;

    /// <summary>True while a request is on the way that travels alone.</summary>
    public bool IsTaken => frames.Any(sent => sent.Request is { IsAlone: true });

    /// <summary>The block before was sent.</summary>
    public void Empty() => Filled = 0;

    /// <summary>
    /// True if a frame may be sent now. Room is left for LAST, so that it can be asked, and asked again, while all else is
    /// unanswered.
    /// </summary>
    /// <param name="count">Its bytes.</param>
    /// <param name="board">Whose window it is.</param>
    public bool HasRoom(int count, BoardInfo board) => Filled + count <= Block.Length && (frames.Count == 0 || IsWithin(count, board));

    /// <summary>True if a frame may be quiet, because another one can follow it at once.</summary>
    /// <param name="count">Its bytes.</param>
    /// <param name="next">The other one's bytes.</param>
    /// <param name="board">Whose window it is.</param>
    public bool CanBeQuiet(int count, int next, BoardInfo board) =>
        quietBytes + count + next <= board.WindowBytes / QuietShare
        && Filled + count + next <= Block.Length
        && IsWithin(count + next, board);

    /// <summary>Sends a frame that will be answered, or a quiet one.</summary>
    public void Put(byte[] frame, int count, Request? request, uint number, int part, bool isQuiet)
    {
        PutUncounted(frame, count);
        frames.Add(new SentFrame(request, Frame.Type(frame, 0), number, part, count, isQuiet));
        bytes += count;
        quietBytes = isQuiet ? quietBytes + count : 0;
    }

    /// <summary>Sends HELLO, which begins a session with an empty window.</summary>
    public void PutUncounted(byte[] frame, int count)
    {
        Array.Copy(frame, 0, Block, Filled, count);
        Filled += count;
    }

    /// <summary>Index of the frame that an answer belongs to; -1: none.</summary>
    public int IndexOf(AnswerFrame answer) => frames.FindIndex(frame =>
        frame.Type == answer.Type && frame.Number == answer.Number && (frame.Type != FrameType.Write || frame.Part == answer.Part));

    /// <summary>The first frames are settled.</summary>
    public List<SentFrame> Settle(int count)
    {
        List<SentFrame> settled = frames.GetRange(0, count);
        frames.RemoveRange(0, count);
        bytes -= settled.Sum(frame => frame.Bytes);
        return settled;
    }

    /// <summary>All frames are settled.</summary>
    public List<SentFrame> SettleAll() => Settle(frames.Count);

    /// <summary>How long the next answer may take, in milliseconds: what is in flight and one answer need their time on the line.</summary>
    public int WaitMs(BoardInfo board)
    {
        int timeoutMs = frames.Aggregate(options.TimeoutMs, (longestMs, sent) => Math.Max(longestMs, sent.Request?.TimeoutMs ?? 0));
        return timeoutMs + options.LineMs(bytes + board.LongestFrameBytes);
    }

    private bool IsWithin(int count, BoardInfo board)
    {
        int reserved = Math.Min((options.Retries + 1) * Frame.HeaderBytes, board.WindowBytes - board.LongestFrameBytes);
        return bytes + count <= board.WindowBytes - reserved;
    }
}
