using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>
/// The host's side of docs/protocol.md: session key, window, numbers, timeouts, what is lost and sent again. Requests travel behind
/// each other.
/// </summary>
/// <remarks>
/// <para>What is in doubt is found out in one way, whatever happened (a frame or an answer lost, silence, noise, an answer that
/// only LAST explains): nothing else is sent, LAST is asked. As answers come in order, its answer settles every frame before it, and
/// tells which write requests were committed. Then
/// it goes on from the first one that was not. When the session is another one, HELLO comes first.</para>
/// <para>Rooms: this one has the door, the phases and the time, Conversation.Frames.cs what is sent and heard;
/// <see cref="BoardSession"/> says HELLO,
/// <see cref="Window"/> has the frames under way, <see cref="WriteRow"/> the write requests that are not decided.</para>
/// <para>Invariants, under the <see cref="Door"/>'s lock: a request is in <c>queue</c> (nothing of it counts), or it is a query in
/// flight, or a write request in <c>row</c>, or done. Nothing is sent in the phases Hello and Asking but HELLO and LAST.</para>
/// </remarks>
internal sealed partial class Conversation
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

    private readonly NvsClientOptions options;
    private readonly Door door;
    private readonly BoardSession session = new();
    private readonly Window window;
    private readonly WriteRow row;
    private readonly List<Request> queue = [];
    private readonly long startTimestamp;
    private readonly Thread sender;
    private readonly AutoResetEvent wake = new(false);
    private readonly ITimer timer;
    private NvsLine? line;
    private Phase phase = Phase.Idle;
    private NvsClientState toldState = NvsClientState.Reconnecting;
    private TaskCompletionSource<BoardInfo>? attached;
    private Exception? closedBy;
    private bool isNewSession; // Since LAST was asked.
    private bool isHelloDue; // Before anything else is sent.
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
        door = new Door(options.Logger);
        window = new Window(options);
        row = new WriteRow(options, ClientId);
        startTimestamp = options.TimeProvider.GetTimestamp();
        timer = options.TimeProvider.CreateTimer(_ => wake.Set(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        sender = new Thread(Send) { IsBackground = true, Name = "nvs sender" };
        sender.Start();
    }

    /// <summary>
    /// The line is gone and another one is needed, see <see cref="AttachAsync"/>. Told only with
    /// <see cref="NvsClientOptions.Reconnect"/>.
    /// </summary>
    public event Action? WentDown;

    /// <summary>The state has changed.</summary>
    public event Action<NvsClientState>? StateChanged;

    /// <summary>Another store than before is there. Told under the lock, before anything is sent to it.</summary>
    public event Action? StoreChanged;

    /// <summary>This client's id.</summary>
    public uint ClientId { get; }

    /// <summary>The board as the last HELLO told it; null before the first.</summary>
    public BoardInfo? Board => session.Board;

    /// <summary>The state.</summary>
    public NvsClientState State => door.Look(() => StateOf(phase));

    /// <summary>True while another line is needed.</summary>
    public bool IsDown => door.Look(() => phase == Phase.Down);

    private long NowMs => (long)options.TimeProvider.GetElapsedTime(startTimestamp).TotalMilliseconds;

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
        request.Post = door.Post;
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
            if (request is WriteRequest begun)
                row.Drop(begun);
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

    private void Act(Action action)
    {
        door.Enter(action);
        wake.Set();
    }

    // ---- The sending thread, and time.

    private void Send()
    {
        bool isClosed = false;
        while (!isClosed)
        {
            NvsLine? to = null;
            int count = 0;
            door.Enter(() =>
            {
                isClosed = phase == Phase.Closed;
                Expire();
                Fill();
                count = window.Filled;
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
                bool isTaken = to.Write(window.Block, count);
                door.Enter(() =>
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

    private void Expire()
    {
        long nowMs = NowMs;
        row.Expire(nowMs);
        switch (phase)
        {
            case Phase.Hello when nowMs >= giveUpMs:
                LoseLine(new NvsLineException(
                    $"No board answered HELLO within {options.OpenTimeoutMs} ms: "
                        + "is it the right port, is the board powered, is the baud rate right?",
                    true));
                break;
            case Phase.Hello:
                isDue |= nowMs >= dueMs;
                break;
            case Phase.Open when !window.IsEmpty && nowMs >= movedMs + window.WaitMs(Board!):
                NvsLog.Overdue(options.Logger, window.Count);
                NvsMetrics.LineFailed();
                BeginAsking();
                break;
            case Phase.Asking when !isDue && nowMs >= dueMs && asked > options.Retries:
                LoseLine(new NvsLineException(
                    $"There is no intact answer, asked {asked} times with {options.TimeoutMs} ms each. "
                        + "Is the board still connected and running?",
                    true));
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
            Phase.Open when !window.IsEmpty => movedMs + window.WaitMs(Board!),
            _ => long.MaxValue,
        };
        atMs = Math.Min(atMs, row.ExpireMs);
        timer.Change(
            atMs == long.MaxValue ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Max(1, atMs - NowMs)),
            Timeout.InfiniteTimeSpan);
    }

    // ---- From phase to phase.

    private void BeginHello()
    {
        phase = Phase.Hello;
        isDue = true;
        session.Begin();
        giveUpMs = NowMs + options.OpenTimeoutMs;
    }

    private void BeginAsking()
    {
        if (phase != Phase.Open)
            return;
        phase = Phase.Asking;
        isDue = true;
        asked = 0;
    }

    // Something is not as it should be: find out what was lost.
    private void Disturb()
    {
        if (phase == Phase.Open && !window.IsEmpty)
            BeginAsking();
        else if (phase == Phase.Asking && asked <= options.Retries)
            dueMs = Math.Min(dueMs, NowMs + SoonMs);
    }

    private void LoseLine(NvsLineException cause)
    {
        NvsLog.LineLost(options.Logger, cause);
        NvsMetrics.LineFailed();
        attached?.TrySetException(cause);
        attached = null;
        if (options.Reconnect && Board is not null)
        {
            NvsLine? old = line;
            line = null;
            phase = Phase.Down;
            Lose(window.SettleAll());
            if (old is not null)
                door.Post(old.Stop);
            door.Post(() => WentDown?.Invoke());
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
        door.Post(from.Stop);
        line = null;
    });

    private void FailAll(NvsException cause)
    {
        row.FailAll(cause);
        foreach (Request request in queue.Concat(window.SettleAll().Select(sent => sent.Request).OfType<Request>()))
            request.Fail(cause);
        queue.Clear();
    }

    private void TellState()
    {
        NvsClientState state = StateOf(phase);
        if (state == toldState)
            return;
        toldState = state;
        door.Post(() => StateChanged?.Invoke(state));
    }

    private static NvsClientState StateOf(Phase phase) => phase switch
    {
        Phase.Open or Phase.Asking => NvsClientState.Connected,
        Phase.Closed => NvsClientState.Closed,
        _ => NvsClientState.Reconnecting,
    };

    private static NvsLineException ClosedHere() => new("The line was closed by this program.", false);
}
