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
/// <param name="SlowestMs">The longest that a request took.</param>
public sealed record ClientFuzzResult(long Frames, long Succeeded, long Refused, long Failed, long SlowestMs)
{
    public override string ToString() =>
        $"{Frames} frames to clients: {Succeeded} requests succeeded, {Refused} refused, {Failed} failed; the slowest took {SlowestMs} ms";
}

/// <summary>
/// The client over a line whose other end is a real board that lies: answers are changed, lost, repeated, or mixed with answers to
/// something else. Many clients at once, because each lie may cost a timeout.
/// </summary>
public sealed class ClientFuzzRun
{
    private const int Clients = 48;
    private const int MostMs = 30_000; // each repetition waits for at most half a second here; a busy machine needs more
    private const int Tracks = 6;

    private readonly ulong seed;
    private readonly SeededRandom random;
    private readonly TestBoard board;
    private readonly LyingLine line;
    private long succeeded;
    private long refused;
    private long failed;
    private long slowestMs;

    private ClientFuzzRun(ulong seed)
    {
        this.seed = seed;
        random = new SeededRandom(seed);
        board = TestBoard.Formatted(settings: new BoardSettings { LargestDataBytes = 256, ReceiveWindowBytes = 1024 });
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
            throw e.InnerExceptions.OfType<FuzzException>().First();
        }
        return new ClientFuzzResult(
            runs.Sum(run => run.line.Frames), runs.Sum(run => run.succeeded), runs.Sum(run => run.refused), runs.Sum(run => run.failed), runs.Max(run => run.slowestMs));
    }

    private async Task RunAsync(CancellationToken stop)
    {
        NvsClientOptions options = new() { ClientId = 7, TimeoutMs = 1, OpenTimeoutMs = 3000, Retries = 2 };
        NvsClient? client = null;
        while (!stop.IsCancellationRequested)
        {
            long startMs = Environment.TickCount64;
            try
            {
                client ??= await NvsClient.ConnectAsync(line.Connect(), options, CancellationToken.None);
                await OperateAsync(client);
                succeeded++;
            }
            catch (NvsRefusedException)
            {
                refused++;
            }
            catch (NvsLineException)
            {
                failed++;
                if (client != null)
                    await client.DisposeAsync();
                client = null;
            }
            catch (Exception e) when (e is not FuzzException)
            {
                throw Failure($"the client throws what is not documented: {e}");
            }
            long tookMs = Environment.TickCount64 - startMs;
            slowestMs = Math.Max(slowestMs, tookMs);
            if (tookMs > MostMs)
                throw Failure($"a request took {tookMs} ms");
        }
        if (client != null)
            await client.DisposeAsync();
    }

    // Success must be the truth; what the truth is, the board's own store says.
    private async Task OperateAsync(NvsClient client)
    {
        uint track = (uint)random.Next(Tracks);
        switch (random.Next(8))
        {
            case < 3:
                byte[] data = random.Bytes(random.Next(random.OneIn(4) ? 1100 : 40));
                (uint _, byte[]? old) = line.Stored(track);
                try
                {
                    uint version = await client.WriteAsync(track, data);
                    (uint storedVersion, byte[]? stored) = line.Stored(track);
                    if (version != storedVersion || stored == null || !data.AsSpan().SequenceEqual(stored))
                        throw Failure($"WriteAsync says that version {version} is committed; stored is version {storedVersion}");
                }
                catch (NvsLineException e) when (e.Outcome == WriteOutcome.NotCommitted)
                {
                    if (line.Stored(track).Data is { } now && (old == null || !now.AsSpan().SequenceEqual(old)))
                        throw Failure($"WriteAsync says that request {e.Request} is not committed, and it is");
                    throw;
                }
                break;
            case < 6:
                NvsTrack? read = await client.ReadAsync(track);
                (uint rightVersion, byte[]? right) = line.Stored(track);
                if (read == null ? right != null : read.Version != rightVersion || !read.Data.AsSpan().SequenceEqual(right))
                    throw Failure($"ReadAsync gives version {read?.Version} of track {track}; stored is version {rightVersion}");
                break;
            case 6:
                IReadOnlyList<TrackEntry> list = await client.ListAsync();
                if (!list.Select(entry => (entry.Track, entry.Version)).Order().SequenceEqual(line.Tracks().Order()))
                    throw Failure("ListAsync gives other tracks than are stored");
                break;
            default:
                if (await client.LastAsync() is { } last && line.LastVersion() != last.Version)
                    throw Failure($"LastAsync tells version {last.Version}");
                break;
        }
    }

    private FuzzException Failure(string what) =>
        new($"seed {seed}: {what}{Environment.NewLine}Again, as far as threads allow: dotnet run --project NvsFirmware.Tests -- fuzz client --seed {seed}");
}
