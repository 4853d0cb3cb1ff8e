using System;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;

namespace NvsHost.Serve;

/// <summary>Owns a board's port and serves any number of programs, each as if it had the board alone. docs/serve.md has the idea.</summary>
/// <remarks>
/// The way of a request: <see cref="Guest"/> reads it, whole; <see cref="Turns"/> says when it goes; the <see cref="Conversation"/>
/// carries it to the board, with the guest's client and number, and settles what is in doubt.
/// </remarks>
internal sealed class BoardServer : IAsyncDisposable
{
    private readonly Conversation conversation;
    private readonly Reconnector reconnector;
    private readonly ConcurrentDictionary<Guest, byte> guests = new();
    private readonly TaskCompletionSource closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HostClock clock;

    private BoardServer(Func<CancellationToken, Task<IUart>> open, NvsClientOptions options, ServeMetrics metrics)
    {
        Options = options;
        Metrics = metrics;
        clock = new HostClock(options.TimeProvider);
        conversation = new Conversation(options);
        conversation.StoreChanged += EndAll;
        conversation.StateChanged += state =>
        {
            StateChanged?.Invoke(state);
            if (state == NvsClientState.Closed)
                closed.TrySetResult();
        };
        reconnector = new Reconnector(conversation, open, options);
    }

    /// <summary>The board is there again, or gone.</summary>
    public event Action<NvsClientState>? StateChanged;

    /// <summary>The line's options.</summary>
    public NvsClientOptions Options { get; }

    /// <summary>What is counted.</summary>
    public ServeMetrics Metrics { get; }

    /// <summary>Who may ask next.</summary>
    public Turns Turns { get; } = new();

    /// <summary>What LAST has told, and to whom.</summary>
    public Fence Fence { get; } = new();

    /// <summary>The board as the last HELLO told it.</summary>
    public BoardInfo Board => conversation.Board!;

    /// <summary>How many programs are connected.</summary>
    public int GuestCount => guests.Count;

    /// <summary>Ends when the server cannot go on.</summary>
    public Task Closed => closed.Task;

    /// <summary>Opens the board's line and finds the board.</summary>
    /// <param name="open">Opens the line, again and again.</param>
    /// <param name="options">The line's options.</param>
    /// <param name="metrics">Counts.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<BoardServer> OpenAsync(
        Func<CancellationToken, Task<IUart>> open, NvsClientOptions options, ServeMetrics metrics, CancellationToken ct)
    {
        BoardServer server = new(open, options.Checked() with { Reconnect = true }, metrics);
        try
        {
            IUart line = await open(ct).ConfigureAwait(false);
            await server.conversation.AttachAsync(line).WaitAsync(ct).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A program has connected.</summary>
    public void Welcome(Socket socket)
    {
        Guest guest = new(this, socket, clock);
        guests[guest] = 0;
        guest.Start();
    }

    /// <summary>A program has left.</summary>
    public void Leave(Guest guest)
    {
        if (guests.TryRemove(guest, out _))
            guest.Close();
    }

    /// <summary>Asks something of the board when it is its turn, unless its session is over by then.</summary>
    /// <returns>True when <paramref name="result"/> has a result.</returns>
    public async Task<bool> AskAsync(GuestSession session, Request request, Task result)
    {
        Turn turn = Turns.Enter(session.Owner, () =>
        {
            if (session.IsOver)
                request.Cancel();
            else
                conversation.Submit(request);
        });
        await result.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Turns.Leave(turn);
        return result.IsCompletedSuccessfully;
    }

    /// <summary>Asks something of the board for the server itself, which waits for its turn like a program.</summary>
    public async Task<T> AskAsync<T>(Query<T> query)
    {
        Turn turn = Turns.Enter(this, () => conversation.Submit(query));
        try
        {
            return await query.Result.ConfigureAwait(false);
        }
        finally
        {
            Turns.Leave(turn);
        }
    }

    /// <summary>A write request is decided.</summary>
    public void Note(GuestSession session, WriteFrame last, Status status, uint argument, TimeSpan duration)
    {
        Metrics.NoteWrite(status, duration);
        if (status is Status.Ok or Status.BadRequest or Status.TooLong or Status.Conflict or Status.NotFound or Status.Full
            or Status.VersionMismatch or Status.TrackDamaged)
            session.Decided = new GuestSession.Decision(last.Client, last.Number, last.Crc, status, argument);
    }

    /// <summary>A session asks LAST for a client: sessions that hold requests of that client are over.</summary>
    public void FenceFor(uint client, GuestSession asker)
    {
        foreach (GuestSession other in Fence.Ask(client, asker))
            other.Owner.TellLost(other);
    }

    /// <summary>A session is over: its guest says HELLO, and asks LAST for what it does not know.</summary>
    public void End(GuestSession session)
    {
        session.End();
        session.Owner.TellLost(session);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (Guest guest in guests.Keys)
            Leave(guest);
        await reconnector.DisposeAsync().ConfigureAwait(false);
        conversation.Close(null);
    }

    // Another store: nothing that was meant for the one before may reach it.
    private void EndAll()
    {
        foreach (GuestSession session in Fence.EndAll())
            session.Owner.TellLost(session);
    }
}
