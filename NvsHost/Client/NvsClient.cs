using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>
/// A board as a program on the host uses it: start with <see cref="OpenAsync"/>, then <see cref="WriteAsync"/> and <see cref="ReadAsync"/>.
/// </summary>
/// <remarks>
/// <para>When a write method returns, the data survive any power loss of the board. When it throws, <see cref="NvsException.Outcome"/> and
/// <see cref="NvsException.Write"/> tell whether the outcome is known, and of which request; nothing is ever repeated on a guess.
/// <see cref="OutcomeAsync"/> asks for it later, from another client too.</para>
/// <para>All methods may be called from any thread; what is asked at the same time travels behind each other, and write requests are
/// committed in the order in which they were asked. Each can be cancelled. They throw <see cref="NvsRefusedException"/> when the board
/// answers no, <see cref="NvsLineException"/> when the line fails, <see cref="ArgumentException"/> when what is asked for cannot be.</para>
/// </remarks>
public sealed class NvsClient : IAsyncDisposable
{
    /// <summary>The name to format a blank chip by.</summary>
    public const string BlankName = Payload.Format.BlankName;

    /// <summary>The name to format a chip by whose store cannot be read.</summary>
    public const string DamagedName = Payload.Format.DamagedName;

    private readonly NvsClientOptions options;
    private readonly Conversation conversation;
    private readonly Reconnector? reconnector;

    private NvsClient(NvsClientOptions options, Func<CancellationToken, Task<IUart>>? open)
    {
        this.options = options;
        conversation = new Conversation(options);
        conversation.StateChanged += state => StateChanged?.Invoke(this, state);
        if (open is not null && options.Reconnect)
            reconnector = new Reconnector(conversation, open, options);
    }

    /// <summary>The state has changed. Called in order, one at a time; an exception in it does no harm.</summary>
    public event EventHandler<NvsClientState>? StateChanged;

    /// <summary>This client's id.</summary>
    public uint ClientId => conversation.ClientId;

    /// <summary>How it stands to its board.</summary>
    public NvsClientState State => conversation.State;

    /// <summary>The board as the last HELLO told it.</summary>
    public BoardInfo Board => conversation.Board!; // Every way to get a client says HELLO first.

    /// <summary>Opens a port and finds the board on it.</summary>
    /// <param name="port">A serial port or pseudo-terminal (/dev/ttyUSB0, COM5), or <c>unix:PATH</c>, or <c>tcp:HOST:PORT</c>.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="NvsPortException">The port cannot be opened.</exception>
    /// <exception cref="NvsLineException">No board answers.</exception>
    /// <exception cref="NvsRefusedException">The board speaks another version of the protocol.</exception>
    public static async Task<NvsClient> OpenAsync(string port, NvsClientOptions? options = null, CancellationToken ct = default)
    {
        NvsClientOptions checkedOptions = (options ?? new NvsClientOptions()).Checked();
        try
        {
            return await ConnectAsync(token => NvsPort.OpenAsync(port, checkedOptions, token), checkedOptions, ct).ConfigureAwait(false);
        }
        catch (NvsLineException e) when (e.IsTimeout)
        {
            throw new NvsLineException($"{port}: {e.Message}", true, e);
        }
    }

    /// <summary>Finds the board on a line of any kind.</summary>
    /// <param name="uart">The line. The client owns it: it disposes of it, if it is disposable, also when this fails.</param>
    /// <param name="options">Null for the defaults. One line cannot be opened again, so the client does not reconnect.</param>
    /// <param name="ct">Cancels.</param>
    public static Task<NvsClient> ConnectAsync(IUart uart, NvsClientOptions? options = null, CancellationToken ct = default) =>
        ConnectAsync(_ => Task.FromResult(uart), (options ?? new NvsClientOptions()) with { Reconnect = false }, ct);

    /// <summary>Finds the board on a line of any kind, which can be opened again and again.</summary>
    /// <param name="open">Opens the line. The client owns what it gives.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<NvsClient> ConnectAsync(
        Func<CancellationToken, Task<IUart>> open, NvsClientOptions? options = null, CancellationToken ct = default)
    {
        NvsClient client = new((options ?? new NvsClientOptions()).Checked(), open);
        try
        {
            IUart uart = await open(ct).ConfigureAwait(false);
            await client.conversation.AttachAsync(uart).WaitAsync(ct).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Asks HELLO again, for example for the room that is free now.</summary>
    public Task<BoardInfo> HelloAsync(CancellationToken ct = default) => AskAsync(new HelloQuery(ct) { IsAlone = true });

    /// <summary>The store in detail: geometry, sets, flag, last recovery.</summary>
    public Task<StoreInfo> InfoAsync(CancellationToken ct = default) =>
        AskAsync(InfoQuery(ct));

    /// <summary>The board's counters.</summary>
    public Task<BoardStats> StatsAsync(CancellationToken ct = default) =>
        AskAsync(StatsQuery(ct));

    /// <summary>The write request of this client's id that was committed last; null when the store knows none.</summary>
    public Task<LastCommit?> LastAsync(CancellationToken ct = default) => LastAsync(ClientId, ct);

    /// <summary>The write request of a client that was committed last; null when the store knows none.</summary>
    /// <param name="client">The client's id.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<LastCommit?> LastAsync(uint client, CancellationToken ct = default)
    {
        LastAnswer last = await AskAsync(new LastQuery(client, ct)).ConfigureAwait(false);
        return last.Status switch
        {
            Status.Ok => new LastCommit(last.Number, last.Fingerprint, last.Version),
            Status.NotFound => null,
            _ => throw new NvsRefusedException(last.Status, "last"),
        };
    }

    /// <summary>What became of a write request that an exception has left unknown, here or in a process before.</summary>
    /// <param name="write">The request, from the exception.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<WriteOutcome> OutcomeAsync(WriteId write, CancellationToken ct = default)
    {
        LastAnswer last = await AskAsync(new LastQuery(write.Client, ct)).ConfigureAwait(false);
        return last.OutcomeOf(write.Number, write.Fingerprint, write.KnownVersion, write.IsPassing);
    }

    /// <summary>Stores a track: replaces it as a whole, or makes it.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="data">Its new data. They must not change until the request is done.</param>
    /// <param name="expectedVersion">Refuse unless the track has this version; 0: unless there is no such track; null: do not care.</param>
    /// <param name="ct">Cancels. A request that turns out to be committed returns all the same.</param>
    /// <returns>The track's new version; see <see cref="WriteBatchAsync"/>.</returns>
    public Task<uint> WriteAsync(uint track, ReadOnlyMemory<byte> data, uint? expectedVersion = null, CancellationToken ct = default) =>
        WriteBatchAsync([WriteItem.Store(track, data, expectedVersion)], null, ct);

    /// <summary>Releases tracks, all or none.</summary>
    /// <param name="tracks">Their numbers.</param>
    /// <param name="ct">Cancels. A request that turns out to be committed returns all the same.</param>
    /// <returns>The number of the commit; see <see cref="WriteBatchAsync"/>.</returns>
    public Task<uint> ReleaseAsync(IEnumerable<uint> tracks, CancellationToken ct = default) =>
        WriteBatchAsync(tracks.Select(track => WriteItem.Release(track)), null, ct);

    /// <summary>Stores and releases several tracks in one write request, which is committed as a whole or not at all.</summary>
    /// <param name="items">The tracks, each at most once.</param>
    /// <param name="progress">Is told the bytes of data that the board has taken; may be null. An exception in it does no harm.</param>
    /// <param name="ct">Cancels. A request that turns out to be committed returns all the same.</param>
    /// <returns>
    /// The version of all its tracks. 0 when the request was committed, but its version is not known: the answer was lost, and others have
    /// committed meanwhile.
    /// </returns>
    /// <exception cref="NvsCanceledException">It was cancelled, and was not committed or cannot be told.</exception>
    public async Task<uint> WriteBatchAsync(IEnumerable<WriteItem> items, IProgress<int>? progress = null, CancellationToken ct = default)
    {
        List<WriteItem> list = items.ToList();
        if (list.Count == 0)
            throw new ArgumentException("A write request has at least one track.");
        if (list.Count > ushort.MaxValue)
            throw new ArgumentException($"A write request of {list.Count} tracks is more than any store takes.");
        HashSet<uint> seen = [];
        foreach (WriteItem item in list)
            if (!seen.Add(item.Track))
                throw new ArgumentException($"Track {item.Track} stands twice in one write request.");
        WriteRequest request = new(ClientId, list, Reporter(progress), ct);
        long start = Stopwatch.GetTimestamp();
        uint version = await WaitAsync(request, request.Result).ConfigureAwait(false);
        NvsMetrics.Wrote(Stopwatch.GetElapsedTime(start));
        return version;
    }

    /// <summary>Reads a track. Data are given only when they match their CRC-32, on the chip and on the line.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="progress">Is told the bytes received; may be null.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The track; null when there is none.</returns>
    /// <exception cref="NvsRefusedException">Also with <see cref="Status.TrackDamaged"/>.</exception>
    public Task<NvsTrack?> ReadAsync(uint track, IProgress<int>? progress = null, CancellationToken ct = default) =>
        AskAsync(new ReadQuery(track, Reporter(progress), ct));

    /// <summary>All tracks, by number.</summary>
    public async Task<IReadOnlyList<TrackEntry>> ListAsync(CancellationToken ct = default)
    {
        List<TrackEntry> tracks = [];
        await PagesAsync(
            FrameType.List,
            "list",
            (p, at) =>
            {
                Damage damage = (Damage)p[at + Payload.PageAnswer.EntryDamage];
                tracks.Add(new TrackEntry(
                    (uint)Buffers.GetInt32(p, at + Payload.PageAnswer.EntryTrack),
                    (uint)Buffers.GetInt32(p, at + Payload.PageAnswer.EntryVersion),
                    damage == Damage.None ? Buffers.GetUInt16(p, at + Payload.PageAnswer.EntryLength) : null,
                    damage));
            },
            null,
            ct).ConfigureAwait(false);
        tracks.Sort((a, b) => a.Track.CompareTo(b.Track));
        return tracks;
    }

    /// <summary>Checks the store: every track's data and all metadata.</summary>
    /// <param name="progress">Is told the number of tracks checked; may be null.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<VerifyResult> VerifyAsync(IProgress<int>? progress = null, CancellationToken ct = default)
    {
        List<DamageEntry> damages = [];
        int tracks = await PagesAsync(
            FrameType.Verify,
            "verify",
            (p, at) => damages.Add(new DamageEntry(
                (uint)Buffers.GetInt32(p, at + Payload.PageAnswer.EntryTrack),
                (uint)Buffers.GetInt32(p, at + Payload.PageAnswer.EntryVersion),
                Buffers.GetUInt16(p, at + Payload.PageAnswer.EntryLength),
                (Damage)p[at + Payload.PageAnswer.EntryDamage])),
            progress,
            ct).ConfigureAwait(false);
        return new VerifyResult(tracks, damages);
    }

    /// <summary>Makes a new, empty store and so destroys the one that is there.</summary>
    /// <param name="name">What to destroy: the store's id, <see cref="BlankName"/> or <see cref="DamagedName"/>.</param>
    /// <param name="segmentBytes">Bytes in a segment; 0 for the default of the chip's size.</param>
    /// <param name="setSegments">Segments in a set; 0 for the default of the chip's size.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The board with the new store.</returns>
    public async Task<BoardInfo> FormatAsync(string name, int segmentBytes = 0, int setSegments = 0, CancellationToken ct = default)
    {
        if (segmentBytes is < 0 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(segmentBytes));
        if (setSegments is < 0 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(setSegments));
        byte[] newId = RandomNumberGenerator.GetBytes(StoreName.IdBytes);
        byte[] payload = new byte[Payload.Format.Bytes];
        StoreName.Bytes(name).CopyTo(payload, Payload.Format.Name);
        newId.CopyTo(payload, Payload.Format.NewId);
        Buffers.PutUInt16(payload, Payload.Format.SegmentBytes, segmentBytes);
        Buffers.PutUInt16(payload, Payload.Format.SetSegments, setSegments);
        FormatQuery format = new(payload, Convert.ToHexStringLower(newId), $"format {name}", ct)
        {
            IsAlone = true,
            TimeoutMs = options.FormatTimeoutMs,
        };
        string id = await AskAsync(format).ConfigureAwait(false);
        BoardInfo board = await HelloAsync(ct).ConfigureAwait(false);
        return board.State == Status.Ok && board.StoreId == id
            ? board
            : throw NvsLineException.NoSense($"formatted as {id}, but the store is {board.StoreId} and its state {board.State}");
    }

    /// <summary>Gives up what is damaged, so that the rest is whole again.</summary>
    /// <param name="name">The store's id.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many tracks were given up; 0 too when that was asked before, or the first answer was lost.</returns>
    public Task<int> RepairAsync(string name, CancellationToken ct = default) =>
        AskAsync(new PlainQuery<int>(FrameType.Repair, 0, StoreName.Bytes(name), 0, (answer, _) => (int)answer.Argument, "repair", ct)
        {
            IsAlone = true,
            TimeoutMs = options.FormatTimeoutMs,
        });

    /// <summary>Closes the line. A request that is under way ends with an <see cref="NvsLineException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (reconnector is not null)
            await reconnector.DisposeAsync().ConfigureAwait(false);
        conversation.Close(null);
    }

    internal static Query<StoreInfo> InfoQuery(CancellationToken ct) =>
        new PlainQuery<StoreInfo>(FrameType.Info, 0, [], Payload.InfoAnswer.Bytes, (_, p) => new StoreInfo(p), "info", ct);

    internal static Query<BoardStats> StatsQuery(CancellationToken ct) =>
        new PlainQuery<BoardStats>(FrameType.Stats, 0, [], Payload.StatsAnswer.Bytes, (_, p) => new BoardStats(p), "stats", ct);

    private async Task<int> PagesAsync(int type, string what, Action<byte[], int> take, IProgress<int>? progress, CancellationToken ct)
    {
        int tracks = 0;
        int start = 0;
        while (start != Payload.PageAnswer.End)
        {
            (int next, byte[] p) = await AskAsync(new PlainQuery<(int, byte[])>(
                type, (uint)start, [], Payload.PageAnswer.Entries, (answer, payload) => ((int)answer.Argument, payload), what, ct))
                .ConfigureAwait(false);
            if (next == start)
                throw NvsLineException.NoSense($"after page {start} of {what} comes {next}");
            for (int at = Payload.PageAnswer.Entries; at + Payload.PageAnswer.EntryBytes <= p.Length; at += Payload.PageAnswer.EntryBytes)
                take(p, at);
            tracks += Buffers.GetUInt16(p, Payload.PageAnswer.Checked);
            Reporter(progress)?.Invoke(tracks);
            start = next;
        }
        return tracks;
    }

    private Task<T> AskAsync<T>(Query<T> query) => WaitAsync(query, query.Result);

    private async Task<T> WaitAsync<T>(Request request, Task<T> result)
    {
        if (request.Ct.IsCancellationRequested)
            request.Cancel();
        else
            conversation.Submit(request);
        await using (request.Ct.Register(() => conversation.Cancel(request)).ConfigureAwait(false))
            return await result.ConfigureAwait(false);
    }

    // What a program does when it is told how far something is must not hide what became of it.
    private static Action<int>? Reporter(IProgress<int>? progress) => progress is null ? null : done =>
    {
        try
        {
            progress.Report(done);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            Trace.TraceWarning($"A progress callback failed: {e.Message}");
        }
    };
}

/// <summary>A client's last committed write request, as LAST tells it.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Fingerprint">Its fingerprint.</param>
/// <param name="Version">The version it gave its tracks.</param>
public sealed record LastCommit(uint Number, uint Fingerprint, uint Version);
