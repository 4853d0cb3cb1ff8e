using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;
using NvsHost;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>What clients got out of boards whose answers were tampered with.</summary>
/// <param name="Frames">Frames that clients received, whole or not.</param>
/// <param name="Succeeded">Requests that succeeded, truly.</param>
/// <param name="Refused">Requests that the client reported as refused.</param>
/// <param name="Failed">Requests that the client gave up for the line.</param>
/// <param name="Unknown">Those of them whose outcome the client could not tell.</param>
public sealed record ClientFuzzResult(long Frames, long Succeeded, long Refused, long Failed, long Unknown)
{
    public override string ToString() =>
        $"{Frames} frames to clients: {Succeeded} requests succeeded, {Refused} refused, "
        + $"{Failed} failed, {Unknown} of them with unknown outcome";
}

/// <summary>
/// The client over a line whose other end is a real board that lies: answers are changed, lost, repeated, or mixed with answers to
/// something else, while several requests are under way. Many clients at once, because each lie may cost a timeout.
/// </summary>
public sealed class ClientFuzzRun
{
    private const int Clients = 32;
    private const int MostAtOnce = 6;
    private static readonly TimeSpan guard = TimeSpan.FromMinutes(3); // a request that has not ended by then hangs

    private readonly ulong seed;
    private readonly SeededRandom random;
    private readonly LyingLine line;
    private long succeeded;
    private long refused;
    private long failed;
    private long unknown;

    private ClientFuzzRun(ulong seed)
    {
        this.seed = seed;
        random = new SeededRandom(seed);
        TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestPieceBytes = 256, ReceiveWindowBytes = 1024 });
        line = new LyingLine(board, new SeededRandom(~seed));
    }

    /// <summary>Runs until the clients have received so many frames.</summary>
    /// <exception cref="FuzzException">The client did something that it must not.</exception>
    public static ClientFuzzResult Run(long frames, ulong seed, Action<long> report)
    {
        ClientFuzzRun[] runs = [.. Enumerable.Range(0, Clients).Select(i => new ClientFuzzRun(seed + (ulong)i))];
        using CancellationTokenSource stop = new();
        Task[] tasks = [.. runs.Select(run => Task.Run(() => run.RunAsync(stop.Token)))];
        while (runs.Sum(run => run.line.Frames) < frames && !tasks.Any(task => task.IsCompleted))
        {
            Thread.Sleep(50);
            report(runs.Sum(run => run.line.Frames));
        }
        stop.Cancel();
        try
        {
            Task.WaitAll(tasks);
        }
        catch (AggregateException e)
        {
            throw e.InnerExceptions.OfType<FuzzException>().FirstOrDefault() ?? e.InnerExceptions[0];
        }
        return new ClientFuzzResult(
            runs.Sum(run => run.line.Frames), runs.Sum(run => run.succeeded), runs.Sum(run => run.refused), runs.Sum(run => run.failed),
                runs.Sum(run => run.unknown));
    }

    private async Task RunAsync(CancellationToken stop)
    {
        NvsClientOptions options = new() { ClientId = 7, TimeoutMs = 1, OpenTimeoutMs = 3000, Retries = 2 };
        NvsClient? client = null;
        while (!stop.IsCancellationRequested)
        {
            if (client == null)
                await TryAsync(async () => client = await NvsClient.ConnectAsync(line.Connect(), options, CancellationToken.None));
            if (client == null)
                continue;
            // Each track at most once, so that what is stored of it afterwards is what one request left.
            List<uint> tracks = [.. Enumerable.Range(0, random.Between(1, MostAtOnce)).Select(i => (uint)i)];
            NvsClient current = client;
            bool[] areWell = await Task.WhenAll(tracks.Select(track => OperateAsync(current, track)));
            if (areWell.All(isWell => isWell))
                continue;
            await client.DisposeAsync();
            client = null;
        }
        if (client != null)
            await client.DisposeAsync();
    }

    private Task<bool> OperateAsync(NvsClient client, uint track) => random.Next(8) switch
    {
        < 4 => TryAsync(() => WriteAsync(client, track, random.Bytes(random.Next(random.OneIn(4) ? 1024 : 40)))),
        < 6 => TryAsync(() => ReadAsync(client, track)),
        6 => TryAsync(() => ListAsync(client)),
        _ => TryAsync(() => LastAsync(client)),
    };

    // False when the line is given up.
    private async Task<bool> TryAsync(Func<Task> operate)
    {
        try
        {
            await operate().WaitAsync(guard);
            Interlocked.Increment(ref succeeded);
            return true;
        }
        catch (NvsRefusedException)
        {
            Interlocked.Increment(ref refused);
            return true;
        }
        catch (NvsLineException)
        {
            Interlocked.Increment(ref failed);
            return false;
        }
        catch (TimeoutException)
        {
            throw Failure($"a request did not end within {guard}");
        }
        catch (Exception e) when (e is not FuzzException)
        {
            throw Failure($"the client throws what is not documented: {e}");
        }
    }

    // Success must be the truth; what the truth is, the board's chip says.
    private async Task WriteAsync(NvsClient client, uint track, byte[] data)
    {
        try
        {
            uint version = await client.WriteAsync(track, data);
            MediumTrack? stored = line.Stored().Tracks.GetValueOrDefault(track);
            if (stored == null || version != 0 && version != stored.Version || !data.AsSpan().SequenceEqual(stored.Data))
                throw Failure($"WriteAsync says that version {version} of track {track} is committed; stored is version {stored?.Version}");
        }
        catch (NvsLineException e) when (e.Outcome == WriteOutcome.NotCommitted)
        {
            if (data.Length > 8 && line.Stored().Tracks.GetValueOrDefault(track) is { } now && data.AsSpan().SequenceEqual(now.Data))
                throw Failure($"WriteAsync says that {e.Write} is not committed, and it is");
            throw;
        }
        catch (NvsLineException e)
        {
            if (e.Outcome == WriteOutcome.Unknown)
                Interlocked.Increment(ref unknown);
            throw;
        }
    }

    // Nobody writes the track meanwhile.
    private async Task ReadAsync(NvsClient client, uint track)
    {
        MediumTrack? right = line.Stored().Tracks.GetValueOrDefault(track);
        NvsTrack? read = await client.ReadAsync(track);
        if (read == null ? right != null : right == null || read.Version != right.Version || !read.Data.AsSpan().SequenceEqual(right.Data))
            throw Failure($"ReadAsync gives version {read?.Version} of track {track}; stored is version {right?.Version}");
    }

    private async Task ListAsync(NvsClient client)
    {
        Medium before = line.Stored();
        IReadOnlyList<TrackEntry> list = await client.ListAsync();
        Medium after = line.Stored();
        foreach (TrackEntry entry in list)
            if (entry.Version != before.Tracks.GetValueOrDefault(entry.Track)?.Version
                && !MediumBytes.IsLater(entry.Version, before.Version)
                || MediumBytes.IsLater(entry.Version, after.Version))
                throw Failure(
                    $"ListAsync gives version {entry.Version} of track {entry.Track}, between {before.Version} and {after.Version}");
        if (before.Tracks.Keys.Any(track => list.All(entry => entry.Track != track)))
            throw Failure("ListAsync leaves a track out");
    }

    private async Task LastAsync(NvsClient client)
    {
        uint before = line.Stored().Version;
        LastCommit? last = await client.LastAsync();
        if (last != null && MediumBytes.IsLater(last.Version, line.Stored().Version) || last == null && before > 2)
            throw Failure($"LastAsync tells version {last?.Version}, the store's is {before} before");
    }

    private FuzzException Failure(string what) =>
        new($"seed {seed}: {what}{Environment.NewLine}Again, as far as threads allow: "
            + $"dotnet run -c Release --project NvsFirmware.Tests -- fuzz client --seed {seed}");
}
