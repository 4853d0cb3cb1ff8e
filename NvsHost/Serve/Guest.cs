using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost.Serve;

/// <summary>
/// A program that is connected to the server. To it the server is a board: it answers each frame, in the order of the frames.
/// </summary>
/// <remarks>
/// One thread reads. Each frame gets a place in <c>outbox</c>, where a task sends the answers in that order, each when it is known.
/// A guest that does not read its answers is read no further.
/// </remarks>
internal sealed class Guest
{
    private const int PollMs = 100;
    private const int MostUnanswered = 256;

    private readonly BoardServer server;
    private readonly SocketUart line;
    private readonly FrameReader frames;
    private readonly Channel<Task<byte[]>> outbox = Channel.CreateBounded<Task<byte[]>>(
        new BoundedChannelOptions(MostUnanswered) { SingleReader = true });

    private readonly List<HeldPart> held = [];
    private volatile GuestSession session;
    private Intake? intake;

    /// <summary>A part whose answer is not given yet: how its request ends may change it.</summary>
    private readonly record struct HeldPart(int Part, bool IsQuiet, TaskCompletionSource<byte[]> Answer);

    /// <summary>A guest without a session.</summary>
    public Guest(BoardServer server, Socket socket, IClock clock)
    {
        this.server = server;
        line = new SocketUart(socket);
        frames = new FrameReader(line, clock, ushort.MaxValue, 0);
        session = server.Fence.Begin(this);
        session.End();
    }

    /// <summary>Begins to read.</summary>
    public void Start()
    {
        new Thread(Read) { IsBackground = true, Name = "nvs guest" }.Start();
        _ = Task.Run(WriteAsync);
    }

    /// <summary>Ends the connection.</summary>
    public void Close()
    {
        server.Fence.End(session);
        outbox.Writer.TryComplete();
        line.Dispose();
    }

    /// <summary>A session was ended: the guest hears it at once, not only when it asks again.</summary>
    public void TellLost(GuestSession ended)
    {
        if (ended == session)
            _ = outbox.Writer.TryWrite(Task.FromResult(Lost(0)));
    }

    private void Read()
    {
        try
        {
            while (true)
            {
                FrameEvent found = frames.Poll(held.Count > 0 ? 0 : PollMs);
                if (found == FrameEvent.None)
                    Release();
                else
                    Take(found);
            }
        }
        catch (Exception e) when (e is IOException or ChannelClosedException)
        {
            // It has left.
        }
        finally
        {
            server.Leave(this);
        }
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (Task<byte[]> next in outbox.Reader.ReadAllAsync().ConfigureAwait(false))
            {
                byte[] answer = await next.ConfigureAwait(false);
                if (answer.Length > 0 && !line.Write(answer, 0, answer.Length))
                    break; // It does not read.
            }
        }
        catch (IOException)
        {
            // It has left.
        }
        server.Leave(this);
    }

    // ---- What is read.

    private void Take(FrameEvent found)
    {
        byte[] frame = frames.Buffer;
        int type = Frame.Type(frame, 0);
        if (found == FrameEvent.PlaceLost)
        {
            Release();
            Send(Lost(frames.Key));
            return;
        }
        if ((type & FrameType.Answer) != 0 || type == 0)
            return;
        AnswerFrame asked = AnswerFrame.Of(frame, found == FrameEvent.Whole);
        if (type != FrameType.Write)
            Release();
        if (found != FrameEvent.Whole)
            Send(found == FrameEvent.TooLong ? Status.TooLong : Status.BadCrc, asked);
        else if (type == FrameType.Hello)
            Hello(asked, frame[Frame.FlagsAt]);
        else if (session.IsOver)
        {
            frames.Key = 0;
            Send(Lost(0));
        }
        else if (type is FrameType.Write or FrameType.Format or FrameType.Repair && !frames.IsInPlace)
            Send(Status.Lost, asked); // Another frame's data may look like it.
        else if (type == FrameType.Write)
            Write(asked, frame[Frame.FlagsAt]);
        else if (frame[Frame.FlagsAt] != 0 || asked.Part != 0)
            Send(Status.BadRequest, asked);
        else if (type == FrameType.Format)
            Send(FormatAsync(session, asked));
        else
            Send(RelayAsync(session, asked));
    }

    private void Hello(AnswerFrame asked, int flags)
    {
        if (flags != 0 || asked.Part != 0 || asked.Payload!.Length != 0)
        {
            Send(Status.BadRequest, asked);
            return;
        }
        server.Fence.End(session);
        session = server.Fence.Begin(this);
        frames.Key = asked.Argument == Frame.ProtocolVersion ? session.Key : 0;
        intake = null;
        Send(HelloAsync(session, asked));
    }

    private void Write(AnswerFrame asked, int flags)
    {
        byte[] payload = asked.Payload!;
        WriteFrame part = new(flags, asked.Part, asked.Number, asked.Argument, payload, Crc.Of(payload, 0, payload.Length));
        if (session.Board is not { PieceBytes: > 0 } board)
        {
            Send(session.Board?.State ?? Status.Lost, asked);
            return;
        }
        if (payload.Length >= Block.PayloadHeadBytes && part.Client != 0 && !server.Fence.MayWrite(part.Client, session))
        {
            Release();
            frames.Key = 0;
            Send(Lost(0));
            return;
        }
        intake ??= new Intake(board, session);
        TakenPart taken = intake.Take(part);
        if (taken.Status == Status.Continue)
        {
            TaskCompletionSource<byte[]> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
            held.Add(new HeldPart(part.Part, part.IsQuiet, answer));
            Send(answer.Task);
        }
        else if (taken.Request is { } request)
        {
            List<HeldPart> before = [.. held];
            held.Clear();
            Send(WriteAsync(session, asked, part, request, before));
        }
        else
        {
            Release();
            Send(taken.Status, asked, taken.Argument);
        }
    }

    // The parts held are answered: nothing more has come that could decide their request soon.
    private void Release()
    {
        foreach (HeldPart part in held)
            part.Answer.SetResult(
                part.IsQuiet ? [] : Answer(session.Key, FrameType.Write, Status.Continue, intake!.Number, part.Part, (uint)part.Part + 1));
        held.Clear();
    }

    // ---- What is asked of the board. Without an answer the guest finds out by itself, as on any line.

    private async Task<byte[]> HelloAsync(GuestSession asking, AnswerFrame asked)
    {
        HelloQuery hello = new(CancellationToken.None) { IsAlone = true };
        if (!await server.AskAsync(asking, hello, hello.Result).ConfigureAwait(false))
            return [];
        asking.Board = await hello.Result.ConfigureAwait(false);
        if (asked.Argument == Frame.ProtocolVersion)
            return Answer(0, FrameType.Hello, Status.Ok, asked.Number, 0, asking.Key, hello.Payload);
        server.Fence.End(asking);
        return Answer(0, FrameType.Hello, Status.WrongProtocol, asked.Number, 0, 0, hello.Payload);
    }

    private async Task<byte[]> WriteAsync(
        GuestSession asking, AnswerFrame asked, WriteFrame last, ServedWrite request, List<HeldPart> before)
    {
        long start = Stopwatch.GetTimestamp();
        bool isAnswered = await server.AskAsync(asking, request, request.Result).ConfigureAwait(false);
        (Status status, int part, uint argument) = request.Refusal;
        if (isAnswered)
            (status, part, argument) = (Status.Ok, asked.Part, await request.Result.ConfigureAwait(false));
        else if (status == Status.Ok)
            server.End(asking); // Given up undecided.
        if (isAnswered && argument == 0)
            server.End(asking); // Committed, but which version that was is not known.
        if (status != Status.Ok || argument != 0)
            server.Note(asking, last, status, argument, Stopwatch.GetElapsedTime(start));
        bool isTold = !asking.IsOver;
        foreach (HeldPart earlier in before)
            earlier.Answer.SetResult(
                earlier.Part >= part ? Tell(earlier.Part, status, argument)
                : earlier.IsQuiet ? []
                : Tell(earlier.Part, Status.Continue, (uint)earlier.Part + 1));
        return Tell(asked.Part, status, argument);

        byte[] Tell(int at, Status told, uint with) => isTold ? Answer(asking.Key, FrameType.Write, told, asked.Number, at, with) : [];
    }

    private async Task<byte[]> RelayAsync(GuestSession asking, AnswerFrame asked)
    {
        bool isLast = asked.Type == FrameType.Last;
        if (isLast && asked.Argument != 0)
            server.FenceFor(asked.Argument, asking);
        RelayQuery query = new(asked.Type, asked.Argument, asked.Payload!)
        {
            IsAlone = isLast || asked.Type == FrameType.Repair,
            TimeoutMs = asked.Type == FrameType.Repair ? server.Options.FormatTimeoutMs : 0,
        };
        if (!await server.AskAsync(asking, query, query.Result).ConfigureAwait(false) || asking.IsOver)
            return [];
        using MemoryStream all = new();
        foreach (AnswerFrame part in await query.Result.ConfigureAwait(false))
            all.Write(Answer(asking.Key, part.Type, part.Status, asked.Number, part.Part, part.Argument, part.Payload));
        return all.ToArray();
    }

    private async Task<byte[]> FormatAsync(GuestSession asking, AnswerFrame asked)
    {
        if (asked.Payload!.Length != Payload.Format.Bytes || asked.Argument != 0)
            return Answer(asking.Key, asked.Type, Status.BadRequest, asked.Number, 0, 0);
        string id = Convert.ToHexStringLower(asked.Payload.AsSpan(Payload.Format.NewId, StoreName.IdBytes));
        FormatQuery format = new(asked.Payload, id, "format", CancellationToken.None)
        {
            IsAlone = true,
            TimeoutMs = server.Options.FormatTimeoutMs,
        };
        if (await server.AskAsync(asking, format, format.Result).ConfigureAwait(false))
            return Answer(asking.Key, asked.Type, Status.Ok, asked.Number, 0, 0); // The last of its session.
        return format.Result.Exception?.InnerException is NvsRefusedException refused
            ? Answer(asking.Key, asked.Type, refused.Status, asked.Number, 0, 0)
            : [];
    }

    // ---- What is answered.

    private void Send(Status status, AnswerFrame asked, uint argument = 0)
    {
        uint key = Frame.IsKeyless(asked.Type) ? 0 : session.Key;
        Send(Answer(key, asked.Type, status, asked.Number, asked.Type == FrameType.Write ? asked.Part : 0, argument));
    }

    private void Send(byte[] answer) => Send(Task.FromResult(answer));

    private void Send(Task<byte[]> answer)
    {
        while (!outbox.Writer.TryWrite(answer))
            if (!outbox.Writer.WaitToWriteAsync().AsTask().GetAwaiter().GetResult())
                throw new ChannelClosedException();
    }

    private static byte[] Lost(uint key) => Answer(0, 0, Status.Lost, 0, 0, key);

    private static byte[] Answer(uint key, int type, Status status, uint number, int part, uint argument, byte[]? payload = null)
    {
        byte[] data = payload ?? [];
        byte[] frame = new byte[Frame.TotalBytes(data.Length)];
        data.CopyTo(frame, Frame.HeaderBytes);
        Frame.Seal(frame, key, type | FrameType.Answer, (int)status, (int)number, part, (int)argument, data.Length);
        return frame;
    }
}
