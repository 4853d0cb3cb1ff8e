using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;

namespace NvsHost;

/// <summary>
/// A board as a program on the host uses it: start with <see cref="OpenAsync"/>, then <see cref="WriteAsync"/> and <see cref="ReadAsync"/>.
/// </summary>
/// <remarks>
/// <para>When a write method returns, the data survive any power loss of the board. When it throws an <see cref="NvsLineException"/>, that
/// tells whether the outcome is known; then dispose of this client, open another one with the same client id, and ask
/// <see cref="LastAsync"/>: it was committed if the request number told there is that of the exception.</para>
/// <para>All methods may be called from any thread, one request is on the line at a time. Each waits at most for the timeouts of
/// <see cref="NvsClientOptions"/> and can be cancelled. They throw <see cref="NvsRefusedException"/> when the board answers no,
/// <see cref="NvsLineException"/> when the line fails, <see cref="ArgumentException"/> when what is asked for cannot be.</para>
/// </remarks>
public sealed class NvsClient : IAsyncDisposable
{
    /// <summary>The name to format a blank chip by.</summary>
    public const string BlankName = Payload.Format.BlankName;

    /// <summary>The name to format a chip by whose store cannot be read.</summary>
    public const string DamagedName = Payload.Format.DamagedName;

    private const int StoreIdBytes = 8;
    private const int HelloTimeoutMs = 400;
    private const int MostSkippedAnswers = 4096;

    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly NvsLine line;
    private readonly byte[] small = new byte[Frame.TotalBytes(Payload.Format.Bytes)];
    private uint lastRequest;
    private bool areNumbersKnown;
    private bool mayBeUnanswered;

    private NvsClient(IUart uart, NvsClientOptions options)
    {
        if (options.ClientId == 0)
            throw new ArgumentException("A client id is not 0.", nameof(options));
        if (options.BaudRate < 1 || options.TimeoutMs < 1 || options.FormatTimeoutMs < 1 || options.OpenTimeoutMs < 1 || options.Retries < 0)
            throw new ArgumentException("Baud rate and timeouts are positive, retries not negative.", nameof(options));
        Options = options;
        ClientId = options.ClientId ?? (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);
        areNumbersKnown = options.ClientId is null;
        Board = null!; // Every way to get a client says HELLO first.
        line = new NvsLine(uart);
    }

    /// <summary>This client's id.</summary>
    public uint ClientId { get; }

    /// <summary>The board as the last HELLO told it.</summary>
    public BoardInfo Board { get; private set; }

    internal NvsClientOptions Options { get; }

    // What a frame and its answer need on the line comes on top of the timeout: at 9600 baud 4 KiB take four seconds.
    internal int WaitMs => TimeoutMs + LineMs(Board.WindowBytes + Board.LargestDataBytes);

    // Room in the window that write requests leave, so that LAST can be asked, and asked again, while they are unanswered.
    private int ReservedWindowBytes => (Options.Retries + 1) * Frame.TotalBytes(Payload.Last.Bytes);

    private int TimeoutMs => Math.Max(Options.TimeoutMs, NvsLine.QuietMs);

    /// <summary>Opens a serial port or pseudo-terminal and finds the board on it.</summary>
    /// <param name="portName">For example /dev/ttyUSB0 or COM5.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="NvsLineException">The port cannot be opened, or no board answers.</exception>
    /// <exception cref="NvsRefusedException">The board speaks another version of the protocol.</exception>
    public static async Task<NvsClient> OpenAsync(string portName, NvsClientOptions? options = null, CancellationToken ct = default)
    {
        options ??= new NvsClientOptions();
        if (!OperatingSystem.IsWindows() && !File.Exists(portName))
            throw new NvsLineException($"There is no port {portName}: is the board plugged in?", false); // The system says "access denied" of it.
        SerialPortUart uart;
        try
        {
            uart = await Task.Run(() => new SerialPortUart(portName, options.BaudRate, options.TimeoutMs), ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            throw new NvsLineException(
                $"Cannot open {portName}: {e.Message} Is it plugged in, may you use it, and does no other program have it?", false, e);
        }
        try
        {
            return await ConnectAsync(uart, options, ct).ConfigureAwait(false);
        }
        catch (NvsLineException e) when (e.IsTimeout)
        {
            throw new NvsLineException($"{portName}: {e.Message}", true, e);
        }
    }

    /// <summary>Finds the board on a line of any kind.</summary>
    /// <param name="uart">The line. The client owns it: it disposes of it, if it is disposable, also when this fails.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<NvsClient> ConnectAsync(IUart uart, NvsClientOptions? options = null, CancellationToken ct = default)
    {
        NvsClient client = new(uart, options ?? new NvsClientOptions());
        try
        {
            await client.FindAsync(ct).ConfigureAwait(false);
            return client;
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Asks HELLO again, for example for the room that is free now.</summary>
    public Task<BoardInfo> HelloAsync(CancellationToken ct = default) => AloneAsync(() => HelloCoreAsync(ct), ct);

    /// <summary>The store in detail: geometry, sets, flag, last recovery.</summary>
    public async Task<StoreInfo> InfoAsync(CancellationToken ct = default) =>
        new(await AskAloneAsync(FrameType.Info, [], Payload.InfoAnswer.Bytes, "info", ct).ConfigureAwait(false));

    /// <summary>The board's counters.</summary>
    public async Task<BoardStats> StatsAsync(CancellationToken ct = default) =>
        new(await AskAloneAsync(FrameType.Stats, [], Payload.StatsAnswer.Bytes, "stats", ct).ConfigureAwait(false));

    /// <summary>The write request of this client id that was committed last; null when the store knows none.</summary>
    public Task<LastCommit?> LastAsync(CancellationToken ct = default) => AloneAsync(() => LastCoreAsync(ct), ct);

    /// <summary>Stores a track: replaces it as a whole, or makes it.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="data">Its new data. They must not change until the request is done.</param>
    /// <param name="expectedVersion">Refuse unless the track has this version; 0: unless there is no such track; null: do not care.</param>
    /// <param name="ct">Cancels; a request that is cancelled half way was committed as a whole or not at all.</param>
    /// <returns>The track's new version.</returns>
    public Task<uint> WriteAsync(uint track, ReadOnlyMemory<byte> data, uint? expectedVersion = null, CancellationToken ct = default) =>
        WriteBatchAsync([WriteItem.Store(track, data, expectedVersion)], null, ct);

    /// <summary>Releases tracks, all or none.</summary>
    /// <param name="tracks">Their numbers.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The number of the commit.</returns>
    public Task<uint> ReleaseAsync(IEnumerable<uint> tracks, CancellationToken ct = default) =>
        WriteBatchAsync(tracks.Select(track => WriteItem.Release(track)), null, ct);

    /// <summary>Stores and releases several tracks in one write request, which is committed as a whole or not at all.</summary>
    /// <param name="items">The tracks, each at most once.</param>
    /// <param name="progress">Is told the bytes of data that the board has taken; may be null.</param>
    /// <param name="ct">Cancels; a request that is cancelled half way was committed as a whole or not at all.</param>
    /// <returns>The version of all its tracks.</returns>
    public Task<uint> WriteBatchAsync(IEnumerable<WriteItem> items, IProgress<int>? progress = null, CancellationToken ct = default)
    {
        List<WriteItem> list = items.ToList();
        if (list.Count == 0)
            throw new ArgumentException("A write request has at least one track.", nameof(items));
        HashSet<uint> seen = new();
        foreach (WriteItem item in list)
            if (!seen.Add(item.Track))
                throw new ArgumentException($"Track {item.Track} stands twice in one write request.", nameof(items));
        return AloneAsync(
            async () =>
            {
                if (!areNumbersKnown)
                {
                    // Another process with this id may have committed: its numbers go on here.
                    if (await LastCoreAsync(ct).ConfigureAwait(false) is { } last && (int)(last.Request - lastRequest) > 0)
                        lastRequest = last.Request;
                    areNumbersKnown = true;
                }
                // What a request that was given up left behind counts against the window until the board has answered something later.
                if (mayBeUnanswered)
                    await LastCoreAsync(ct).ConfigureAwait(false);
                WriteRequest request = new(this, line, list, NextRequest(), Board.LargestDataBytes, Board.WindowBytes - ReservedWindowBytes);
                try
                {
                    return await request.RunAsync(progress, ct).ConfigureAwait(false);
                }
                finally
                {
                    mayBeUnanswered |= request.HasUnanswered;
                }
            },
            ct);
    }

    /// <summary>Reads a track. Data are given only when they match their CRC-32, on the chip and on the line.</summary>
    /// <param name="track">Its number.</param>
    /// <param name="progress">Is told the bytes received; may be null.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The track; null when there is none.</returns>
    /// <exception cref="NvsRefusedException">Also with <see cref="Status.TrackDamaged"/>.</exception>
    public Task<NvsTrack?> ReadAsync(uint track, IProgress<int>? progress = null, CancellationToken ct = default) =>
        AloneAsync(() => ReadCoreAsync(track, progress, ct), ct);

    /// <summary>All tracks, by number.</summary>
    public async Task<IReadOnlyList<TrackEntry>> ListAsync(CancellationToken ct = default)
    {
        List<TrackEntry> tracks = new();
        await PagesAsync(
            FrameType.List,
            "list",
            (p, at) =>
            {
                Damage damage = (Damage)p[at + Payload.PageAnswer.EntryDamage];
                tracks.Add(new TrackEntry(
                    UInt32(p, at + Payload.PageAnswer.EntryTrack),
                    UInt32(p, at + Payload.PageAnswer.EntryVersion),
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
        List<DamageEntry> damages = new();
        int isChecked = await PagesAsync(
            FrameType.Verify,
            "verify",
            (p, at) => damages.Add(new DamageEntry(
                UInt32(p, at + Payload.PageAnswer.EntryTrack),
                UInt32(p, at + Payload.PageAnswer.EntryVersion),
                Buffers.GetUInt16(p, at + Payload.PageAnswer.EntryLength),
                (Damage)p[at + Payload.PageAnswer.EntryDamage])),
            progress,
            ct).ConfigureAwait(false);
        return new VerifyResult(isChecked, damages);
    }

    /// <summary>Makes a new, empty store and so destroys the one that is there.</summary>
    /// <param name="name">What to destroy: the store's id, <see cref="BlankName"/> or <see cref="DamagedName"/>.</param>
    /// <param name="segmentBytes">Bytes in a segment; 0 for the default of the chip's size.</param>
    /// <param name="setSegments">Segments in a set; 0 for the default of the chip's size.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The board with the new store.</returns>
    public Task<BoardInfo> FormatAsync(string name, int segmentBytes = 0, int setSegments = 0, CancellationToken ct = default)
    {
        if (segmentBytes is < 0 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(segmentBytes));
        if (setSegments is < 0 or > ushort.MaxValue)
            throw new ArgumentOutOfRangeException(nameof(setSegments));
        byte[] newId = RandomNumberGenerator.GetBytes(StoreIdBytes);
        byte[] payload = new byte[Payload.Format.Bytes];
        NameBytes(name).CopyTo(payload, Payload.Format.Name);
        newId.CopyTo(payload, Payload.Format.NewId);
        Buffers.PutUInt16(payload, Payload.Format.SegmentBytes, segmentBytes);
        Buffers.PutUInt16(payload, Payload.Format.SetSegments, setSegments);
        return AloneAsync(
            async () =>
            {
                for (int attempt = 0; attempt <= Options.Retries; attempt++)
                {
                    Answer? answer = await TryAskAsync(FrameType.Format, payload, Options.FormatTimeoutMs, ct).ConfigureAwait(false);
                    bool isAnswered = answer?.Payload is not null && answer.Status != Status.BadCrc;
                    if (isAnswered && (attempt == 0 || answer!.Status != Status.WrongName))
                        Refuse(answer!, $"format {name}");
                    // An answer may have been lost, so that a repetition finds the store's name changed: the id tells whose store it is.
                    BoardInfo board = await HelloCoreAsync(ct).ConfigureAwait(false);
                    if (board.State == Status.Ok && board.StoreId == Convert.ToHexStringLower(newId))
                        return board;
                    if (!isAnswered)
                        continue;
                    Refuse(answer!, $"format {name}");
                    throw NoSense($"formatted, but the store is {board.StoreId} and its state {board.State}");
                }
                throw Silent($"format {name}");
            },
            ct);
    }

    /// <summary>Gives up what is damaged, so that the rest is whole again.</summary>
    /// <param name="name">The store's id.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>How many track entries were given up.</returns>
    public async Task<int> RepairAsync(string name, CancellationToken ct = default) =>
        Buffers.GetUInt16(
            await AskAloneAsync(FrameType.Repair, NameBytes(name), Payload.RepairAnswer.Bytes, "repair", ct).ConfigureAwait(false),
            Payload.RepairAnswer.GivenUp);

    /// <summary>Closes the line. A request that is under way ends with an <see cref="NvsLineException"/>.</summary>
    public ValueTask DisposeAsync() => line.DisposeAsync();

    /// <summary>
    /// The next answer to a request; null when the line is silent for too long. Answers to earlier requests are passed over. What is missing or
    /// was damaged on the way is told only when the line has come to rest, so that the request may be repeated.
    /// </summary>
    internal async Task<Answer?> AnswerAsync(int type, uint request, int waitMs, CancellationToken ct)
    {
        for (int skipped = 0; skipped < MostSkippedAnswers; skipped++)
        {
            Answer? answer = await line.ReceiveAsync(waitMs, ct).ConfigureAwait(false);
            if (answer is not null && (answer.Type != type || answer.Request != request))
                continue;
            if (answer is not null && type != FrameType.Write)
                mayBeUnanswered = false; // Answers come in order, and this is the only frame that the request has sent.
            // The board's answers to a request and to one repetition of it may still be on the line.
            int mostMs = waitMs + (Board is null ? 0 : 2 * LineMs(Board.LongestTrackBytes));
            if (answer is null)
                await line.QuietAsync(0, mostMs, ct).ConfigureAwait(false);
            else if (answer.Payload is null || answer.Status == Status.BadCrc)
                await line.QuietAsync(Environment.TickCount64, mostMs, ct).ConfigureAwait(false);
            return answer;
        }
        return null;
    }

    /// <summary>LAST, without taking turns.</summary>
    internal async Task<LastCommit?> LastCoreAsync(CancellationToken ct)
    {
        byte[] payload = new byte[Payload.Last.Bytes];
        Buffers.PutUInt32(payload, Payload.Last.Client, ClientId);
        Answer answer = await AskAsync(FrameType.Last, payload, "last", ct).ConfigureAwait(false);
        if (answer.Status == Status.NotFound)
            return null;
        Refuse(answer, "last");
        byte[] p = Checked(answer, Payload.LastAnswer.Bytes);
        return new LastCommit(UInt32(p, Payload.LastAnswer.Request), UInt32(p, Payload.LastAnswer.Version));
    }

    internal static byte[] Checked(Answer answer, int payloadBytes) =>
        answer.Payload is { } p && p.Length >= payloadBytes ? p : throw NoSense($"an answer of {answer.Payload?.Length} bytes instead of {payloadBytes}");

    internal static NvsLineException NoSense(string what) =>
        new($"The board's answer makes no sense ({what}): does its firmware speak the protocol of this program?", false);

    internal static uint UInt32(byte[] p, int offset) => (uint)Buffers.GetInt32(p, offset);

    private async Task FindAsync(CancellationToken ct)
    {
        long endMs = Environment.TickCount64 + Options.OpenTimeoutMs;
        do
        {
            if (await TryHelloAsync(HelloTimeoutMs, ct).ConfigureAwait(false))
                return;
        }
        while (Environment.TickCount64 < endMs);
        throw new NvsLineException(
            $"No board answered HELLO within {Options.OpenTimeoutMs} ms: is it the right port, is the board powered, is the baud rate right?", true);
    }

    private async Task<BoardInfo> HelloCoreAsync(CancellationToken ct)
    {
        for (int attempt = 0; attempt <= Options.Retries; attempt++)
            if (await TryHelloAsync(TimeoutMs, ct).ConfigureAwait(false))
                return Board;
        throw Silent("hello");
    }

    private async Task<bool> TryHelloAsync(int timeoutMs, CancellationToken ct)
    {
        byte[] payload = new byte[Payload.Hello.Bytes];
        Buffers.PutUInt16(payload, Payload.Hello.Protocol, Frame.ProtocolVersion);
        Answer? answer = await TryAskAsync(
            FrameType.Hello, payload, timeoutMs + LineMs(Frame.TotalBytes(payload.Length) + Frame.TotalBytes(Payload.HelloAnswer.Bytes)), ct)
            .ConfigureAwait(false);
        if (answer?.Payload is not { } p || answer.Status == Status.BadCrc)
            return false;
        int protocol = p.Length >= 2 ? Buffers.GetUInt16(p, Payload.HelloAnswer.Protocol) : 0;
        if (answer.Status == Status.WrongProtocol || (answer.Status == Status.Ok && protocol != Frame.ProtocolVersion))
            throw new NvsRefusedException(
                Status.WrongProtocol, $"hello: the board speaks protocol version {protocol}, this program {Frame.ProtocolVersion}");
        Refuse(answer, "hello");
        BoardInfo board = new(Checked(answer, Payload.HelloAnswer.Bytes));
        if (board.LargestDataBytes == 0 || board.WindowBytes < ReservedWindowBytes + Frame.TotalBytes(Payload.Write.Data + 1))
            throw NoSense($"window {board.WindowBytes}, largest data {board.LargestDataBytes}");
        Board = board;
        return true;
    }

    private async Task<NvsTrack?> ReadCoreAsync(uint track, IProgress<int>? progress, CancellationToken ct)
    {
        byte[] payload = new byte[Payload.Read.Bytes];
        Buffers.PutUInt32(payload, Payload.Read.Track, track);
        for (int attempt = 0; attempt <= Options.Retries; attempt++)
        {
            uint request = await SendAsync(FrameType.Read, payload, ct).ConfigureAwait(false);
            byte[]? data = null;
            uint version = 0;
            int received = 0;
            for (int part = 0; ; part++)
            {
                Answer? answer = await AnswerAsync(FrameType.Read, request, WaitMs, ct).ConfigureAwait(false);
                if (answer?.Payload is null || answer.Part != part || answer.Status == Status.BadCrc)
                    break; // A part was lost or damaged: ask anew. What the board still sends of this answer is passed over.
                if (answer.Status == Status.NotFound)
                    return null;
                if (answer.Status != Status.Continue)
                    Refuse(answer, $"read track {track}", track);
                byte[] p = Checked(answer, Payload.ReadAnswer.Data);
                int length = Buffers.GetUInt16(p, Payload.ReadAnswer.Length);
                int count = p.Length - Payload.ReadAnswer.Data;
                if (data is null)
                {
                    data = new byte[length];
                    version = UInt32(p, Payload.ReadAnswer.Version);
                }
                if (version != UInt32(p, Payload.ReadAnswer.Version) || length != data.Length
                    || Buffers.GetUInt16(p, Payload.ReadAnswer.Offset) != received || received + count > length
                    || (answer.Status == Status.Ok ? received + count != length : count == 0))
                    throw NoSense($"part {part} of track {track} does not fit the parts before it");
                p.AsSpan(Payload.ReadAnswer.Data).CopyTo(data.AsSpan(received));
                received += count;
                progress?.Report(received);
                if (answer.Status == Status.Ok)
                    return new NvsTrack(track, version, data);
            }
        }
        throw Silent($"read track {track}");
    }

    private async Task<int> PagesAsync(int type, string what, Action<byte[], int> take, IProgress<int>? progress, CancellationToken ct)
    {
        int isChecked = 0;
        int start = 0;
        while (start != Payload.Page.End)
        {
            byte[] payload = new byte[Payload.Page.Bytes];
            Buffers.PutUInt16(payload, Payload.Page.Start, start);
            byte[] p = await AskAloneAsync(type, payload, Payload.PageAnswer.Entries, what, ct).ConfigureAwait(false);
            int count = Buffers.GetUInt16(p, Payload.PageAnswer.Count);
            int next = Buffers.GetUInt16(p, Payload.PageAnswer.Next);
            if (p.Length < Payload.PageAnswer.Entries + (count * Payload.PageAnswer.EntryBytes) || next <= start)
                throw NoSense($"{what} page {start} with {count} entries in {p.Length} bytes, next {next}");
            for (int i = 0; i < count; i++)
                take(p, Payload.PageAnswer.Entries + (i * Payload.PageAnswer.EntryBytes));
            isChecked += Buffers.GetUInt16(p, Payload.PageAnswer.Checked);
            progress?.Report(isChecked);
            start = next;
        }
        return isChecked;
    }

    private async Task<T> AloneAsync<T>(Func<Task<T>> action, CancellationToken ct)
    {
        await gate.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            return await action().ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private Task<byte[]> AskAloneAsync(int type, byte[] payload, int answerBytes, string what, CancellationToken ct) =>
        AloneAsync(
            async () =>
            {
                Answer answer = await AskAsync(type, payload, what, ct).ConfigureAwait(false);
                Refuse(answer, what);
                return Checked(answer, answerBytes);
            },
            ct);

    // A request that may be repeated without harm.
    private async Task<Answer> AskAsync(int type, byte[] payload, string what, CancellationToken ct)
    {
        for (int attempt = 0; attempt <= Options.Retries; attempt++)
            if (await TryAskAsync(type, payload, WaitMs, ct).ConfigureAwait(false) is { Payload: not null, Status: not Status.BadCrc } answer)
                return answer;
        throw Silent(what);
    }

    private async Task<Answer?> TryAskAsync(int type, byte[] payload, int waitMs, CancellationToken ct)
    {
        uint request = await SendAsync(type, payload, ct).ConfigureAwait(false);
        return await AnswerAsync(type, request, waitMs, ct).ConfigureAwait(false);
    }

    private async Task<uint> SendAsync(int type, byte[] payload, CancellationToken ct)
    {
        uint request = NextRequest();
        payload.CopyTo(small, Frame.HeaderBytes);
        int count = Frame.Seal(small, type, Status.Ok, (int)request, 0, payload.Length);
        mayBeUnanswered = true;
        await line.SendAsync(small, count, ct).ConfigureAwait(false);
        return request;
    }

    private uint NextRequest()
    {
        lastRequest++;
        if (lastRequest == 0)
            lastRequest = 1;
        return lastRequest;
    }

    private int LineMs(int count) => (int)(count * 10_000L / Options.BaudRate);

    private NvsLineException Silent(string what) => new(
        $"{what}: no intact answer, asked {Options.Retries + 1} times with {TimeoutMs} ms each. Is the board still connected and running?", true);

    private static void Refuse(Answer answer, string what, uint? track = null)
    {
        if (answer.Status != Status.Ok)
            throw new NvsRefusedException(answer.Status, what, track);
    }

    private static byte[] NameBytes(string name)
    {
        byte[] bytes = new byte[StoreIdBytes];
        if (name is BlankName or DamagedName)
            Buffers.PutText(bytes, 0, StoreIdBytes, name);
        else if (name.Length == 2 * StoreIdBytes && name.All(char.IsAsciiHexDigit))
            bytes = Convert.FromHexString(name);
        else
            throw new ArgumentException($"\"{name}\" names no store: it is the store's id of 16 hex digits, {BlankName} or {DamagedName}.", nameof(name));
        return bytes;
    }
}
