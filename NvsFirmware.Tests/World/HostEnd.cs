using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <summary>A host's end of the line: frames out, answers in, and waiting in virtual time.</summary>
/// <remarks>
/// Everything runs in the world's one thread: an awaiting host goes on inside the event that it waited for. <see cref="Kill"/> ends a host
/// at whatever it waits for.
/// </remarks>
public sealed class HostEnd : IUart
{
    // A poll looks at so many places for a header at least, so after so many fruitless ones all of the buffer has been looked at.
    private const int FruitlessPolls = 40;

    private readonly WorldTime time;
    private readonly OneWay toBoard;
    private readonly FrameReader reader;
    private readonly Queue<byte> bytes = new();
    private readonly Queue<Answer> answers = new();
    private TaskCompletionSource<Answer?>? waiting;
    private bool isWaitingForAnswer;
    private long waits;

    public HostEnd(WorldTime time, OneWay toBoard, int largestPayloadBytes)
    {
        this.time = time;
        this.toBoard = toBoard;
        reader = new FrameReader(this, time, largestPayloadBytes, 0);
    }

    /// <summary>The session key; 0 before there is a session.</summary>
    public uint Key
    {
        get => reader.Key;
        set => reader.Key = value;
    }

    public long NowUs => time.NowUs;

    /// <summary>The host is gone: what it awaits ends with a <see cref="HostKilledException"/>.</summary>
    public void Kill()
    {
        waits++;
        TaskCompletionSource<Answer?>? killed = waiting;
        waiting = null;
        killed?.SetException(new HostKilledException());
    }

    public void Send(byte[] frame) => toBoard.Send(frame);

    /// <summary>The next answer, LOST too; null when none comes in time.</summary>
    public Task<Answer?> NextAnswerAsync(int timeoutMs)
    {
        if (answers.TryDequeue(out Answer? answer))
            return Task.FromResult<Answer?>(answer);
        return WaitAsync(timeoutMs, true);
    }

    public Task DelayAsync(int ms) => WaitAsync(ms, false);

    /// <summary>Bytes arrive.</summary>
    public void Receive(byte[] chunk)
    {
        Poll(); // the silence before them, if there was one
        foreach (byte b in chunk)
            bytes.Enqueue(b);
        Poll();
    }

    int IUart.Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        int read = 0;
        while (read < count && bytes.TryDequeue(out byte b))
            buffer[offset + read++] = b;
        return read;
    }

    bool IUart.Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    void IUart.Reopen()
    {
    }

    private Task<Answer?> WaitAsync(int timeoutMs, bool isForAnswer)
    {
        waiting = new TaskCompletionSource<Answer?>();
        isWaitingForAnswer = isForAnswer;
        long wait = ++waits;
        Task<Answer?> task = waiting.Task;
        time.After(timeoutMs * 1000L, () =>
        {
            if (wait == waits)
                Resume(null);
        });
        return task;
    }

    private void Resume(Answer? answer)
    {
        TaskCompletionSource<Answer?>? resumed = waiting;
        waiting = null;
        waits++;
        resumed?.SetResult(answer);
    }

    private void Poll()
    {
        for (int fruitless = 0; fruitless < FruitlessPolls && !(reader.IsAtRest && bytes.Count == 0); fruitless++)
        {
            FrameEvent found = reader.Poll(0);
            if (found is FrameEvent.Whole or FrameEvent.BadPayload && (Frame.Type(reader.Buffer, 0) & FrameType.Answer) != 0)
                answers.Enqueue(ToAnswer(reader.Buffer, found == FrameEvent.Whole));
            if (found != FrameEvent.None || bytes.Count > 0)
                fruitless = 0;
        }
        if (isWaitingForAnswer && waiting != null && answers.TryDequeue(out Answer? answer))
            Resume(answer);
    }

    // A damaged one counts as BadCrc told by the board: the host asks again.
    private static Answer ToAnswer(byte[] frame, bool isWhole) => new(
        Frame.Type(frame, 0) & ~FrameType.Answer,
        isWhole ? Frame.Status(frame, 0) : Status.BadCrc,
        (uint)Frame.Number(frame, 0),
        Frame.Part(frame, 0),
        (uint)Frame.Argument(frame, 0),
        isWhole ? frame.AsSpan(Frame.HeaderBytes, Frame.PayloadBytes(frame, 0)).ToArray() : []);
}

/// <summary>The host's process has ended.</summary>
public sealed class HostKilledException : Exception
{
}
