using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>
/// The host's side of docs/protocol.md: session key, window, numbers, timeouts, what is lost and sent again. Requests travel behind each other.
/// </summary>
/// <remarks>
/// <para>What is in doubt is found out in one way, whatever happened (a frame or an answer lost, silence, noise, an answer that only LAST explains): nothing
/// else is sent, LAST is asked. As answers come in order, its answer settles every frame before it, and tells which write requests were committed. Then
/// it goes on from the first one that was not. When the session is another one, HELLO comes first.</para>
/// <para>Invariants, under <c>sync</c>: a request is in <c>queue</c> (nothing of it counts), or it is a query in flight, or a write request in <c>undecided</c>,
/// or done. <c>undecided</c> has the order of the numbers, and all but the last of them were sent to their last part at least once. Nothing is sent
/// in the phases Hello and Asking but HELLO and LAST. The bytes in flight never exceed the window.</para>
/// </remarks>
internal sealed class Conversation
{
    private enum Phase
    {
        /// <summary>There is no session; HELLO is said when something is asked.</summary>
        Idle,

        /// <summary>HELLO has no answer yet.</summary>
        Hello,

        /// <summary>Requests travel.</summary>
        Open,

        /// <summary>LAST has no answer yet.</summary>
        Asking,

        /// <summary>The line is gone, another one will come.</summary>
        Down,

        /// <summary>For good.</summary>
        Closed,
    }

    private const int HelloEveryMs = 500;
    private const int SoonMs = FrameReader.SilenceMs + 50; // After so long both ends have found their place again.

    private readonly Lock sync = new();
    private readonly NvsClientOptions options;
    private readonly long startTimestamp;
    private readonly Thread sender;
    private readonly AutoResetEvent wake = new(false);
    private readonly ITimer timer;
    private readonly Queue<Action> posted = new();
    private readonly List<Request> queue = [];
    private readonly List<WriteRequest> undecided = [];
    private readonly InFlight inFlight = new();
    private readonly HashSet<uint> hellos = [];
    private readonly byte[] frame = new byte[Frame.TotalBytes(ushort.MaxValue)];
    private readonly byte[] block = new byte[Frame.TotalBytes(ushort.MaxValue)];
    private int filled;
    private bool isRunningPosted;
    private NvsLine? line;
    private Phase phase = Phase.Idle;
    private NvsClientState toldState = NvsClientState.Reconnecting;
    private TaskCompletionSource<BoardInfo>? attached;
    private Exception? closedBy;
    private uint key;
    private uint helloNumber; // Of the latest HELLO.
    private string? storeId; // When the state was last Ok.
    private bool isNewSession; // Since LAST was asked.
    private bool isHeld; // Nothing is sent until all in flight is settled; then it goes back.
    private bool mustHello; // A write request was given up undecided: what may be left of it must belong to no session.
    private bool areNumbersKnown;
    private uint lastNumber; // Of a write request with this client's id, whoever sent it.
    private uint lastSent; // Of a write request of this client.
    private uint lastQuery; // Number of another request.
    private uint knownVersion;
    private uint commitVersion; // Of this client's last commit.
    private bool isDue; // HELLO or LAST is to be sent.
    private int asked; // How often LAST was.
    private long dueMs;
    private long giveUpMs;
    private long movedMs; // When something was sent or settled.

    /// <summary>A conversation without a line.</summary>
    public Conversation(NvsClientOptions options)
    {
        this.options = options;
        ClientId = options.ClientId ?? (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);
        areNumbersKnown = options.ClientId is null;
        startTimestamp = options.TimeProvider.GetTimestamp();
        timer = options.TimeProvider.CreateTimer(_ => wake.Set(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        sender = new Thread(Send) { IsBackground = true, Name = "nvs sender" };
        sender.Start();
    }

    /// <summary>The line is gone and another one is needed, see <see cref="AttachAsync"/>. Told only with <see cref="NvsClientOptions.Reconnect"/>.</summary>
    public event Action? WentDown;

    /// <summary>The state has changed.</summary>
    public event Action<NvsClientState>? StateChanged;

    /// <summary>This client's id.</summary>
    public uint ClientId { get; }

    /// <summary>The board as the last HELLO told it; null before the first.</summary>
    public BoardInfo? Board { get; private set; }

    /// <summary>The state.</summary>
    public NvsClientState State
    {
        get
        {
            lock (sync)
                return StateOf(phase);
        }
    }

    /// <summary>True while another line is needed.</summary>
    public bool IsDown
    {
        get
        {
            lock (sync)
                return phase == Phase.Down;
        }
    }

    private long NowMs => (long)options.TimeProvider.GetElapsedTime(startTimestamp).TotalMilliseconds;

    // Room in the window that requests leave, so that LAST can be asked, and asked again, while they are unanswered.
    private int ReservedBytes => Math.Min(
        (options.Retries + 1) * Frame.HeaderBytes,
        Board!.WindowBytes - Frame.TotalBytes(Block.PayloadHeadBytes + Board.PieceBytes));

    /// <summary>Gives it a line, which it owns from now on, and says HELLO.</summary>
    public Task<BoardInfo> AttachAsync(IUart uart)
    {
        TaskCompletionSource<BoardInfo> answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Act(() =>
        {
            NvsLine next = new(uart, options.TimeProvider, Hear, Break);
            if (phase == Phase.Closed)
            {
                next.Stop();
                answered.TrySetException(closedBy!);
                return;
            }
            line?.Stop();
            line = next;
            attached = answered;
            BeginHello();
            next.Start();
        });
        return answered.Task;
    }

    /// <summary>Asks something, behind all that was asked before.</summary>
    public void Submit(Request request)
    {
        request.Post = posted.Enqueue;
        Act(() =>
        {
            if (phase == Phase.Closed)
            {
                request.Fail(closedBy as NvsException ?? ClosedHere());
                return;
            }
            queue.Add(request);
            if (phase == Phase.Idle)
                BeginHello();
        });
    }

    /// <summary>Whoever asked does not want to wait any longer.</summary>
    public void Cancel(Request request) => Act(() =>
    {
        if (request.IsDone)
            return;
        queue.Remove(request);
        if (request is not WriteRequest { IsLastSent: true } write)
        {
            undecided.RemoveAll(w => w == request);
            request.Cancel(); // What is in flight of it is settled when its answer comes.
            return;
        }
        write.IsGivenUp = true;
        write.GivenUpMs = NowMs + options.TimeoutMs;
        if (phase == Phase.Open)
            BeginHello(); // Then LAST tells.
    });

    /// <summary>Ends it for good.</summary>
    /// <param name="cause">Null: the program wants it so.</param>
    public void Close(NvsException? cause) => Act(() =>
    {
        if (phase == Phase.Closed)
            return;
        closedBy = cause ?? ClosedHere();
        attached?.TrySetException(closedBy);
        FailAll(cause ?? ClosedHere());
        phase = Phase.Closed;
        TellState();
        line?.Stop();
        line = null;
    });

    // ---- Threads: all else runs under `sync`.

    private void Act(Action action)
    {
        Enter(action);
        wake.Set();
    }

    private void Enter(Action action)
    {
        lock (sync)
            action();
        while (true)
        {
            Action next;
            lock (sync)
            {
                if (isRunningPosted || !posted.TryDequeue(out next!))
                    return;
                isRunningPosted = true;
            }
            try
            {
                next();
            }
            catch (Exception e)
            {
                // What a program does when it is told something does not change what happened.
                options.Logger.LogWarning(e, "A callback failed.");
            }
            lock (sync)
                isRunningPosted = false;
        }
    }

    private void Send()
    {
        bool isClosed = false;
        while (!isClosed)
        {
            NvsLine? to = null;
            int count = 0;
            Enter(() =>
            {
                isClosed = phase == Phase.Closed;
                Expire();
                count = Fill();
                to = line;
                SetTimer();
            });
            if (count == 0 || to is null)
            {
                if (!isClosed)
                    wake.WaitOne();
                continue;
            }
            try
            {
                bool isTaken = to.Write(block, count);
                Enter(() =>
                {
                    long tookMs = NowMs - movedMs;
                    movedMs = NowMs;
                    dueMs += tookMs;
                    if (!isTaken)
                        Disturb();
                });
            }
            catch (Exception e)
            {
                Break(to, e);
            }
        }
        timer.Dispose();
    }

    // ---- Time.

    private void Expire()
    {
        long nowMs = NowMs;
        foreach (WriteRequest write in undecided.Where(w => w.IsGivenUp && nowMs >= w.GivenUpMs).ToList())
            GiveUp(write, new NvsLineException("cancelled", true), WriteOutcome.Unknown);
        switch (phase)
        {
            case Phase.Hello when nowMs >= giveUpMs:
                LoseLine(new NvsLineException(
                    $"No board answered HELLO within {options.OpenTimeoutMs} ms: is it the right port, is the board powered, is the baud rate right?", true));
                break;
            case Phase.Hello:
                isDue |= nowMs >= dueMs;
                break;
            case Phase.Open when inFlight.Count > 0 && nowMs >= movedMs + WaitMs():
                NvsLog.Overdue(options.Logger, inFlight.Count);
                BeginAsking();
                break;
            case Phase.Asking when !isDue && nowMs >= dueMs && asked > options.Retries:
                LoseLine(new NvsLineException(
                    $"There is no intact answer, asked {asked} times with {options.TimeoutMs} ms each. Is the board still connected and running?", true));
                break;
            case Phase.Asking:
                isDue |= nowMs >= dueMs;
                break;
        }
    }

    private void SetTimer()
    {
        long atMs = phase switch
        {
            Phase.Hello => Math.Min(dueMs, giveUpMs),
            Phase.Asking => dueMs,
            Phase.Open when inFlight.Count > 0 => movedMs + WaitMs(),
            _ => long.MaxValue,
        };
        foreach (WriteRequest write in undecided)
            if (write.IsGivenUp)
                atMs = Math.Min(atMs, write.GivenUpMs);
        timer.Change(
            atMs == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(1, atMs - NowMs)), Timeout.InfiniteTimeSpan);
    }

    // How long the next answer may take: what is in flight and one answer need their time on the line.
    private int WaitMs()
    {
        int timeoutMs = options.TimeoutMs;
        foreach (SentFrame sent in inFlight.Frames)
            timeoutMs = Math.Max(timeoutMs, sent.Request?.TimeoutMs ?? 0);
        return timeoutMs + options.LineMs(inFlight.Bytes + Frame.TotalBytes(Block.PayloadHeadBytes + Board!.PieceBytes));
    }

    // ---- Sending.

    private int Fill()
    {
        filled = 0;
        if (line is null)
            return 0;
        if (phase == Phase.Open && (mustHello || queue.FirstOrDefault() is HelloQuery && inFlight.Count == 0 && undecided.Count == 0))
            BeginHello();
        if (phase == Phase.Hello && isDue)
            PutHello();
        else if (phase == Phase.Asking && isDue)
            PutLast();
        else if (phase == Phase.Open)
            PutRequests();
        return filled;
    }

    private void PutRequests()
    {
        if (isHeld)
        {
            if (inFlight.Count > 0)
                return;
            GoBack(true);
        }
        foreach (WriteRequest write in undecided)
            if (!PutParts(write))
                return;
        while (phase == Phase.Open && queue.Count > 0 && PutNext(queue[0]))
        {
        }
    }

    // False when nothing more can be sent now.
    private bool PutNext(Request request)
    {
        bool isAlone = inFlight.Count == 0 && undecided.Count == 0;
        if (request is HelloQuery || (request.IsAlone && !isAlone) || inFlight.Frames.Any(sent => sent.Request is { IsAlone: true }))
            return false;
        if (request is not WriteRequest write)
        {
            Query query = (Query)request;
            if (!HasRoom(query.FrameBytes))
                return false;
            queue.RemoveAt(0);
            uint number = ++lastQuery;
            Put(query.Seal(frame, key, number), query, number, 0);
            return true;
        }
        if (Board!.PieceBytes == 0)
        {
            // No store, when HELLO was said last.
            if (write.IsGreeted)
            {
                queue.RemoveAt(0);
                write.Refuse(Board.State, 0, 0, Board);
                return true;
            }
            write.IsGreeted = true;
            BeginHello();
            return false;
        }
        if (!areNumbersKnown)
        {
            BeginAsking();
            return false;
        }
        write.Cut(Board.PieceBytes);
        if (!HasRoom(write.FrameBytes(0)) || (undecided.Count > 0 && !Board.CanBehind))
            return false;
        queue.RemoveAt(0);
        lastSent = ++lastNumber;
        write.Begin(lastSent, knownVersion, options.IsPassing && Board.CanPassing);
        undecided.Add(write);
        return PutParts(write);
    }

    private bool PutParts(WriteRequest write)
    {
        while (write.NextPart < write.PartCount)
        {
            int part = write.NextPart;
            if (!HasRoom(write.FrameBytes(part)))
                return false;
            if (part == 0)
            {
                int at = undecided.IndexOf(write);
                if (at > 0 && undecided[at - 1].Number != write.Number - 1)
                    return false; // One between was refused: this one cannot say 'behind', so it waits until all before it are decided.
                write.IsBehind = at > 0;
            }
            int flags = (write.IsBehind ? WriteFlags.Behind : 0) | (write.IsPassing ? WriteFlags.Passing : 0);
            Put(write.Seal(frame, key, flags), write, write.Number, part);
        }
        return true;
    }

    private bool HasRoom(int bytes) =>
        filled + bytes <= block.Length && (inFlight.Count == 0 || inFlight.Bytes + bytes <= Board!.WindowBytes - ReservedBytes);

    private void PutLast()
    {
        isDue = false;
        asked++;
        dueMs = NowMs + WaitMs();
        uint number = ++lastQuery;
        Put(Frame.Seal(frame, key, FrameType.Last, 0, (int)number, 0, (int)ClientId, 0), null, number, 0);
    }

    private void PutHello()
    {
        isDue = false;
        dueMs = NowMs + HelloEveryMs + options.LineMs(Frame.HeaderBytes + Frame.TotalBytes(Payload.HelloAnswer.Bytes));
        helloNumber = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
        hellos.Add(helloNumber);
        Array.Copy(frame, 0, block, filled, Frame.Seal(frame, 0, FrameType.Hello, 0, (int)helloNumber, 0, Frame.ProtocolVersion, 0));
        filled += Frame.HeaderBytes;
        movedMs = NowMs;
    }

    private void Put(int bytes, Request? request, uint number, int part)
    {
        Array.Copy(frame, 0, block, filled, bytes);
        filled += bytes;
        inFlight.Add(new SentFrame(request, Frame.Type(frame, 0), number, part, bytes));
        movedMs = NowMs;
    }

    // ---- Hearing.

    private void Hear(NvsLine from, AnswerFrame? answer) => Act(() =>
    {
        if (from != line)
            return;
        if (answer is null)
            Disturb();
        else if (answer.Type == (FrameType.Lost & ~FrameType.Answer))
            HearLost(answer.Argument);
        else if (answer.Type == FrameType.Hello)
            HearHello(answer);
        else
            HearAnswer(answer);
    });

    // Something is not as it should be: find out what was lost.
    private void Disturb()
    {
        if (phase == Phase.Open && inFlight.Count > 0)
            BeginAsking();
        else if (phase == Phase.Asking && asked <= options.Retries)
            dueMs = Math.Min(dueMs, NowMs + SoonMs);
    }

    private void HearLost(uint boardKey)
    {
        if (phase is not (Phase.Open or Phase.Asking))
            return;
        NvsLog.Lost(options.Logger, boardKey == key);
        if (boardKey == key)
            Disturb();
        else
            BeginHello();
    }

    private void HearAnswer(AnswerFrame answer)
    {
        int at = inFlight.IndexOf(answer);
        if (at < 0)
            return; // A repetition, or of a request before the last HELLO.
        movedMs = NowMs;
        if (phase == Phase.Asking)
            dueMs = Math.Max(dueMs, NowMs + WaitMs());
        Lose(inFlight.Settle(at));
        SentFrame sent = inFlight.Frames[0];
        switch (sent.Request)
        {
            case null:
                inFlight.Settle(1);
                HearLast(answer);
                break;
            case Query query:
                HearQuery(query, answer);
                break;
            case WriteRequest write:
                inFlight.Settle(1);
                if (!write.IsDone)
                    HearWrite(write, sent.Part, answer);
                break;
        }
    }

    private void HearQuery(Query query, AnswerFrame answer)
    {
        Taken taken = answer.Status == Status.Continue ? Taken.Part : Taken.All;
        if (!query.IsDone)
            try
            {
                taken = answer.Payload is null || answer.Status is Status.BadCrc or Status.Lost ? Taken.Again : query.Take(answer);
                query.Setbacks = taken == Taken.Again ? query.Setbacks : 0;
            }
            catch (NvsException e)
            {
                query.Fail(e);
            }
        if (taken == Taken.Part)
            return;
        inFlight.Settle(1);
        if (taken == Taken.Again)
        {
            mustHello |= answer.Status == Status.Lost;
            Repeat([query]);
        }
        if (query is FormatQuery format && answer.Status == Status.Ok)
        {
            Meet(format.NewId);
            mustHello = true; // The session has ended with the old store.
        }
    }

    private void HearWrite(WriteRequest write, int part, AnswerFrame answer)
    {
        switch (answer.Status)
        {
            case Status.Ok when part == write.PartCount - 1:
                Commit(undecided.IndexOf(write) + 1, answer.Argument);
                break;
            case Status.Continue when answer.Argument < write.PartCount:
                write.Take((int)answer.Argument);
                break;
            case Status.WrongOrder when answer.Argument < write.PartCount:
                write.Take((int)answer.Argument);
                write.Setbacks++;
                isHeld = true;
                break;
            case Status.BadCrc:
                write.Setbacks++;
                isHeld = true;
                break;
            case Status.Lost:
                mustHello = true; // The board has lost its place and does not trust a client that it does not know, until HELLO or a silence.
                break;
            case Status.NotNext when write.IsBehind:
                isHeld = true; // The one before it was lost or refused: again, when that is settled.
                break;
            case Status.ChipError or Status.InternalError or Status.OldRequest or Status.Conflict:
                write.InDoubt = answer.Status;
                BeginAsking();
                break;
            case Status.Ok or Status.Continue or Status.WrongOrder:
                write.InDoubt = Status.InternalError;
                BeginAsking(); // That makes no sense; LAST does.
                break;
            default:
                Refuse(write, answer.Status, part, answer.Argument);
                break;
        }
    }

    private void HearLast(AnswerFrame answer)
    {
        if (phase != Phase.Asking)
            return;
        if (answer.Payload is null)
        {
            isDue = true;
            return;
        }
        LastAnswer last;
        try
        {
            last = LastAnswer.Of(answer);
        }
        catch (NvsLineException e)
        {
            LoseLine(e);
            return;
        }
        phase = Phase.Open;
        Settle(last);
    }

    // What LAST says of the write requests that are undecided.
    private void Settle(LastAnswer last)
    {
        bool canTell = last.Status is Status.Ok or Status.NotFound;
        if (canTell)
        {
            Learn(last.StoreVersion);
            if (!areNumbersKnown && last.Status == Status.Ok && (lastNumber == 0 || LastAnswer.IsLater(last.Number, lastNumber)))
                lastNumber = last.Number;
            areNumbersKnown = true;
        }
        else if (!areNumbersKnown && queue.FirstOrDefault() is WriteRequest next)
        {
            queue.RemoveAt(0);
            next.Refuse(last.Status, 0, 0, Board!);
        }

        int committed = last.CommittedOf(undecided.Where(w => w.IsLastSent).Select(w => (w.Number, w.Fingerprint)).ToList());
        if (committed > 0)
            Commit(committed, last.Version);
        foreach (WriteRequest write in undecided.ToList())
        {
            WriteOutcome outcome = !write.IsLastSent ? WriteOutcome.NotCommitted
                : last.OutcomeOf(write.Number, write.Fingerprint, write.KnownVersion, write.IsPassing);
            if (outcome == WriteOutcome.Unknown)
                GiveUp(write, new NvsLineException(
                    $"The board cannot tell what became of it (LAST: {NvsRefusedException.Name(last.Status)}).", false), outcome);
            else if (write.IsGivenUp)
                GiveUp(write, new NvsLineException("cancelled", false), outcome);
            else if (write.InDoubt is { } status)
                Refuse(write, status, 0, 0);
            else if (!canTell)
                Refuse(write, last.Status, 0, 0);
        }
        if (undecided.Count > 0)
            undecided[0].Setbacks++;
        GoBack(!isNewSession);
        isNewSession = false;
    }

    private void HearHello(AnswerFrame answer)
    {
        if (phase != Phase.Hello || !hellos.Contains(answer.Number))
            return;
        if (answer.Number != helloNumber)
        {
            dueMs = NowMs + options.TimeoutMs; // The answer to the latest, which alone counts, is on its way.
            return;
        }
        if (answer.Payload is null)
            return;
        NvsException? wrong = Greet(answer);
        if (wrong is not null)
        {
            attached?.TrySetException(wrong);
            FailAll(wrong);
            phase = Phase.Idle;
            TellState();
            return;
        }
        BoardInfo board = Board!;
        key = answer.Argument;
        line!.Key = key;
        mustHello = false;
        isNewSession = true;
        areNumbersKnown &= options.ClientId is null;
        Lose(inFlight.Settle(inFlight.Count));
        phase = Phase.Open;
        NvsLog.Greeted(options.Logger, board.BoardName, board.State, board.StoreId);
        attached?.TrySetResult(board);
        attached = null;
        TellState();
        foreach (HelloQuery hello in queue.OfType<HelloQuery>())
            hello.Take(board);
        foreach (FormatQuery format in queue.OfType<FormatQuery>())
            if (format.Setbacks > 0 && format.Take(board))
                Meet(format.NewId);
        queue.RemoveAll(request => request.IsDone);
        CheckStore(board);
        if (undecided.Count > 0)
            BeginAsking();
    }

    // Null if a session can begin.
    private NvsException? Greet(AnswerFrame answer)
    {
        byte[] p = answer.Payload!;
        int protocol = p.Length >= 2 ? NvsFirmware.Buffers.GetUInt16(p, Payload.HelloAnswer.Protocol) : 0;
        if (answer.Status == Status.WrongProtocol || (answer.Status == Status.Ok && protocol != Frame.ProtocolVersion))
            return new NvsRefusedException(
                Status.WrongProtocol, $"hello: the board speaks protocol version {protocol}, this program {Frame.ProtocolVersion}");
        if (answer.Status != Status.Ok)
            return new NvsRefusedException(answer.Status, "hello");
        if (p.Length < Payload.HelloAnswer.Bytes || answer.Argument == 0)
            return NvsLineException.NoSense($"{p.Length} bytes, session key {answer.Argument}");
        BoardInfo board = new(p);
        if (board.WindowBytes < Frame.TotalBytes(Block.PayloadHeadBytes + board.PieceBytes) + Frame.HeaderBytes
            || (board.State == Status.Ok && board.PieceBytes == 0))
            return NvsLineException.NoSense($"window {board.WindowBytes}, piece {board.PieceBytes}");
        Board = board;
        return null;
    }

    // Requests that were meant for another store are not carried out on this one.
    private void CheckStore(BoardInfo board)
    {
        if (board.State != Status.Ok)
            return;
        if (storeId is not null && storeId != board.StoreId)
        {
            NvsLineException other = new($"The board's store is another one than before: {board.StoreId} instead of {storeId}.", false);
            foreach (Request request in undecided.Concat(queue).Where(r => r is WriteRequest).ToList())
                request.Fail(other);
            undecided.Clear();
            queue.RemoveAll(request => request.IsDone);
        }
        Meet(board.StoreId);
        Learn(board.Version);
    }

    // What is known of the versions of another store says nothing of this one.
    private void Meet(string store)
    {
        if (storeId != store)
        {
            knownVersion = 0;
            commitVersion = 0;
        }
        storeId = store;
    }

    // ---- What follows.

    private void Commit(int count, uint version)
    {
        // Versions are given in order, so those of the first ones, whose answers were lost, are known if none is left between.
        uint before = undecided[0].KnownVersion;
        if (commitVersion != 0 && LastAnswer.IsLater(commitVersion, before))
            before = commitVersion;
        bool areKnown = version - before == (uint)count;
        for (int i = 0; i < count; i++)
        {
            undecided[i].Setbacks = 0;
            undecided[i].Commit(i == count - 1 ? version : areKnown ? before + (uint)i + 1 : 0);
        }
        undecided.RemoveRange(0, count);
        commitVersion = version;
        Learn(version);
        NvsMetrics.Commits.Add(count);
    }

    private void Refuse(WriteRequest write, Status status, int part, uint argument)
    {
        undecided.Remove(write);
        write.Refuse(status, part, argument, Board!);
        isHeld = undecided.Count > 0; // All behind it get NotNext.
        NvsMetrics.Refusals.Add(1);
    }

    // The board has not decided it: what may be left of it on the line, or in a track's data, must not count any more.
    private void GiveUp(WriteRequest write, NvsException cause, WriteOutcome outcome)
    {
        undecided.Remove(write);
        write.Fail(cause, outcome);
        mustHello = true;
    }

    private void Learn(uint version)
    {
        if (LastAnswer.IsLater(version, knownVersion))
            knownVersion = version;
    }

    private void Lose(List<SentFrame> lost)
    {
        Repeat(lost.Select(sent => sent.Request).OfType<Query>().Where(query => !query.IsDone).ToList());
        if (lost.Any(sent => sent.Request is WriteRequest { IsDone: false }))
            BeginAsking();
    }

    private void Repeat(List<Query> queries)
    {
        NvsMetrics.Repetitions.Add(queries.Count);
        foreach (Query query in queries)
        {
            query.Setbacks++;
            if (query.Setbacks > options.Retries)
                query.Fail(new NvsLineException($"There is no intact answer, asked {query.Setbacks} times: is the line noisy?", true));
            mustHello |= query is FormatQuery;
        }
        queue.InsertRange(0, queries.Where(query => !query.IsDone));
    }

    // All in flight is settled: go on from the first write request that is not decided.
    private void GoBack(bool isHeldByBoard)
    {
        isHeld = false;
        if (undecided.Count > 0 && undecided[0].Setbacks > options.Retries)
            GiveUp(undecided[0], new NvsLineException(
                $"It did not arrive intact in {undecided[0].Setbacks} attempts: is the line noisy?", false), WriteOutcome.NotCommitted);
        for (int i = 0; i < undecided.Count; i++)
        {
            if (Board!.PieceBytes > 0)
                undecided[i].Cut(Board.PieceBytes);
            undecided[i].GoBack(isHeldByBoard && i == 0);
        }
    }

    private void BeginAsking()
    {
        if (phase != Phase.Open)
            return;
        phase = Phase.Asking;
        isDue = true;
        asked = 0;
    }

    private void BeginHello()
    {
        phase = Phase.Hello;
        isDue = true;
        hellos.Clear();
        giveUpMs = NowMs + options.OpenTimeoutMs;
    }

    private void LoseLine(NvsLineException cause)
    {
        NvsLog.LineLost(options.Logger, cause);
        attached?.TrySetException(cause);
        attached = null;
        if (options.Reconnect && Board is not null)
        {
            NvsLine? old = line;
            line = null;
            phase = Phase.Down;
            Lose(inFlight.Settle(inFlight.Count));
            if (old is not null)
                posted.Enqueue(old.Stop);
            posted.Enqueue(() => WentDown?.Invoke());
        }
        else
        {
            FailAll(cause);
            phase = Phase.Idle;
        }
        TellState();
    }

    private void Break(NvsLine from, Exception e) => Act(() =>
    {
        if (from != line)
            return;
        NvsLineException cause = new($"The line broke ({e.Message}): is the board still connected and running?", false, e);
        LoseLine(cause);
        if (phase != Phase.Idle)
            return;
        closedBy = cause;
        phase = Phase.Closed;
        TellState();
        posted.Enqueue(from.Stop);
        line = null;
    });

    private void FailAll(NvsException cause)
    {
        foreach (Request request in undecided.Concat(queue).Concat(inFlight.Frames.Select(sent => sent.Request!).Where(r => r is not null)))
            request.Fail(cause);
        undecided.Clear();
        queue.Clear();
        inFlight.Settle(inFlight.Count);
        isHeld = false;
    }

    private void TellState()
    {
        NvsClientState state = StateOf(phase);
        if (state == toldState)
            return;
        toldState = state;
        posted.Enqueue(() => StateChanged?.Invoke(state));
    }

    private static NvsClientState StateOf(Phase phase) => phase switch
    {
        Phase.Open or Phase.Asking => NvsClientState.Connected,
        Phase.Closed => NvsClientState.Closed,
        _ => NvsClientState.Reconnecting,
    };

    private static NvsLineException ClosedHere() => new("The line was closed by this program.", false);
}
