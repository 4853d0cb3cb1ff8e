using System;
using System.Threading;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>A line and the thread that never stops reading it, so that a board is never kept from sending.</summary>
internal sealed class NvsLine
{
    private const int LargestPayloadBytes = ushort.MaxValue;
    private const int PollMs = 100;

    private readonly IUart uart;
    private readonly FrameReader frames;
    private readonly Action<NvsLine, AnswerFrame?> hear;
    private readonly Action<NvsLine, Exception> fail;
    private volatile bool isStopping;

    /// <summary>A line that is read from <see cref="Start"/> on.</summary>
    /// <param name="uart">The line. Its methods throw when it is gone for good.</param>
    /// <param name="time">Tells the time.</param>
    /// <param name="hear">Is told each answer frame, and null when something arrived that is none.</param>
    /// <param name="fail">Is told, at most once, that the line is gone.</param>
    public NvsLine(IUart uart, TimeProvider time, Action<NvsLine, AnswerFrame?> hear, Action<NvsLine, Exception> fail)
    {
        this.uart = uart;
        this.hear = hear;
        this.fail = fail;
        frames = new FrameReader(uart, new HostClock(time), LargestPayloadBytes, 0);
    }

    /// <summary>The session key of what is read. Set only by the reading thread, in <c>hear</c>.</summary>
    public uint Key
    {
        get => frames.Key;
        set => frames.Key = value;
    }

    /// <summary>Begins to read.</summary>
    public void Start() => new Thread(Read) { IsBackground = true, Name = "nvs reader" }.Start();

    /// <summary>Sends whole frames.</summary>
    /// <returns>False when the line does not take all of them.</returns>
    public bool Write(byte[] buffer, int count) => uart.Write(buffer, 0, count);

    /// <summary>Closes the line. Does not wait for the thread, which may be the one that calls.</summary>
    public void Stop()
    {
        isStopping = true;
        (uart as IDisposable)?.Dispose();
    }

    private void Read()
    {
        try
        {
            while (!isStopping)
            {
                FrameEvent found = frames.Poll(PollMs);
                if (found == FrameEvent.None)
                    continue;
                bool isAnswer = found is FrameEvent.Whole or FrameEvent.BadPayload;
                if (isAnswer && (Frame.Type(frames.Buffer, 0) & FrameType.Answer) == 0)
                    continue; // An echo of this host's own request.
                hear(this, isAnswer ? AnswerFrame.Of(frames.Buffer, found == FrameEvent.Whole) : null);
            }
        }
        catch (Exception e)
        {
            if (!isStopping)
                fail(this, e);
        }
    }
}
