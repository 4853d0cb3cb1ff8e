using System.Collections.Generic;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>A frame that was sent and is not settled.</summary>
/// <param name="Request">What it belongs to; null for a LAST by which the conversation finds out what was lost.</param>
/// <param name="Type">Its type.</param>
/// <param name="Number">Its number.</param>
/// <param name="Part">Its part.</param>
/// <param name="Bytes">Its length.</param>
internal readonly record struct SentFrame(Request? Request, int Type, uint Number, int Part, int Bytes);

/// <summary>
/// The frames that count against the board's window, in the order in which they were sent. Each is answered in that order, so an answer also
/// settles the frames before: no answer will come to them any more.
/// </summary>
internal sealed class InFlight
{
    private readonly List<SentFrame> frames = [];

    /// <summary>How many.</summary>
    public int Count => frames.Count;

    /// <summary>Their bytes.</summary>
    public int Bytes { get; private set; }

    /// <summary>The frames, oldest first.</summary>
    public IReadOnlyList<SentFrame> Frames => frames;

    /// <summary>A frame is sent.</summary>
    public void Add(SentFrame frame)
    {
        frames.Add(frame);
        Bytes += frame.Bytes;
    }

    /// <summary>Index of the frame that an answer belongs to; -1: none.</summary>
    public int IndexOf(AnswerFrame answer) => frames.FindIndex(frame =>
        frame.Type == answer.Type && frame.Number == answer.Number && (frame.Type != FrameType.Write || frame.Part == answer.Part));

    /// <summary>The first frames are settled.</summary>
    public List<SentFrame> Settle(int count)
    {
        List<SentFrame> settled = frames.GetRange(0, count);
        frames.RemoveRange(0, count);
        foreach (SentFrame frame in settled)
            Bytes -= frame.Bytes;
        return settled;
    }
}
