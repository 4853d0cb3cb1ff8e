using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>bench: how fast a board commits, as a program sees it. It writes tracks of its own and releases them.</summary>
internal sealed class BenchCommand
{
    private const uint FirstTrack = 0xBE7C0000;
    private const int Tracks = 8; // Written in turn.

    private static readonly int[] defaultSizes = [32, 64, 256, 1024, 4096, 8192];

    private readonly Session session;
    private readonly NvsClient client;
    private readonly CancellationToken ct;
    private readonly Random random = new(7254);

    private BenchCommand(Session session, NvsClient client, CancellationToken ct)
    {
        this.session = session;
        this.client = client;
        this.ct = ct;
    }

    /// <summary>What was measured with tracks of one length.</summary>
    /// <param name="Bytes">The length.</param>
    /// <param name="Requests">How many write requests were measured, each way.</param>
    /// <param name="WaitingMs">Stop-and-wait: from the request to its commit.</param>
    /// <param name="WaitingPerSecond">Stop-and-wait: commits a second.</param>
    /// <param name="BehindPerSecond">One behind the other: commits a second.</param>
    /// <param name="BehindBytesPerSecond">One behind the other: track bytes a second.</param>
    private sealed record Row(
        int Bytes, int Requests, Percentiles WaitingMs, double WaitingPerSecond, double BehindPerSecond, double BehindBytesPerSecond);

    private sealed record Percentiles(double Least, double Median, double P90, double P99, double Most);

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Option<int[]> sizes = NumberOption.Several(
            "--size",
            "BYTES",
            0,
            WriteItem.MostBytes,
            "Length of the tracks, in bytes; may be given several times. "
                + "[default: 32 64 256 1024 4096 8192, as far as the store takes them]");
        Option<int> count = NumberOption.One("--count", "NUMBER", 1, 1_000_000, "Write requests of each length, each way.", 100);
        Command command = new(
            "bench", $"Measures how fast the board commits. Writes tracks {FirstTrack} to {FirstTrack + Tracks - 1} and releases them.")
        {
            sizes, count,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            int[] wanted = parsed.GetValue(sizes) is { Length: > 0 } given
                ? given
                : defaultSizes.Where(bytes => bytes <= client.Board.LongestTrackBytes).ToArray();
            return await new BenchCommand(session, client, ct).RunAsync(wanted, parsed.GetValue(count)).ConfigureAwait(false);
        });
        root.Subcommands.Add(command);
    }

    private async Task<int> RunAsync(int[] sizes, int count)
    {
        if (client.Board.State != Status.Ok)
            throw new NvsRefusedException(client.Board.State, "bench");
        await MakeAsync().ConfigureAwait(false);
        List<Row> rows = [];
        try
        {
            int done = 0;
            await session.WithProgressAsync("Measuring", sizes.Length * 2 * count, async progress =>
            {
                void ReportOne() => progress.Report(Interlocked.Increment(ref done));
                foreach (int bytes in sizes)
                    rows.Add(await MeasureAsync(bytes, count, ReportOne).ConfigureAwait(false));
                return rows.Count;
            }).ConfigureAwait(false);
        }
        finally
        {
            using CancellationTokenSource patience = new(session.Options.TimeoutMs);
            await client.ReleaseAsync(Numbers(), patience.Token).ConfigureAwait(false);
        }
        BoardInfo board = client.Board;
        session.Answer(
            new { Board = board.BoardName, Chip = board.ChipName, board.FirmwareVersion, board.WindowBytes, Sizes = rows },
            () => Show(rows));
        return ExitCode.Done;
    }

    // Nobody's track is overwritten.
    private async Task MakeAsync()
    {
        try
        {
            IEnumerable<WriteItem> newTracks = Numbers().Select(track => WriteItem.Store(track, default, expectedVersion: 0));
            await client.WriteBatchAsync(newTracks, null, ct).ConfigureAwait(false);
        }
        catch (NvsRefusedException e) when (e.Status == Status.VersionMismatch)
        {
            throw new ArgumentException(
                $"Track {e.Track} is there already. If an interrupted bench left it: nvs release {string.Join(' ', Numbers())}");
        }
    }

    private async Task<Row> MeasureAsync(int bytes, int count, Action tick)
    {
        byte[] data = new byte[bytes];
        random.NextBytes(data);
        // Gives them their segments.
        await Task.WhenAll(Numbers().Select(track => client.WriteAsync(track, data, null, ct))).ConfigureAwait(false);

        double[] tookMs = new double[count];
        Stopwatch watch = Stopwatch.StartNew();
        for (int i = 0; i < count; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await client.WriteAsync(Track(i), data, null, ct).ConfigureAwait(false);
            tookMs[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            tick();
        }
        double waitingSeconds = watch.Elapsed.TotalSeconds;

        watch.Restart();
        await Task.WhenAll(Enumerable.Range(0, count).Select(async i =>
        {
            await client.WriteAsync(Track(i), data, null, ct).ConfigureAwait(false);
            tick();
        })).ConfigureAwait(false);
        double behindSeconds = watch.Elapsed.TotalSeconds;

        Array.Sort(tookMs);
        return new Row(
            bytes,
            count,
            new Percentiles(tookMs[0], At(0.5), At(0.9), At(0.99), tookMs[^1]),
            count / waitingSeconds,
            count / behindSeconds,
            (double)count * bytes / behindSeconds);

        double At(double share) => tookMs[Math.Max(0, (int)Math.Ceiling(share * count) - 1)];
    }

    private void Show(List<Row> rows)
    {
        Table table = Session.Table("<bytes", "<median ms", "<90 %", "<99 %", "<most", "<commits/s", "<behind: commits/s", "<KB/s");
        foreach (Row row in rows)
            table.AddRow(
                $"{row.Bytes}",
                Number(row.WaitingMs.Median, 2),
                Number(row.WaitingMs.P90, 2),
                Number(row.WaitingMs.P99, 2),
                Number(row.WaitingMs.Most, 2),
                Number(row.WaitingPerSecond, 0),
                Number(row.BehindPerSecond, 0),
                Number(row.BehindBytesPerSecond / 1000, 1));
        session.Print(table);
        session.Out.WriteLine(
            "The first columns wait for each commit before the next request; the last two send the requests behind each other.");
    }

    private static string Number(double value, int digits) => value.ToString($"F{digits}", CultureInfo.InvariantCulture);

    private static uint Track(int index) => FirstTrack + (uint)(index % Tracks);

    private static IEnumerable<uint> Numbers() => Enumerable.Range(0, Tracks).Select(Track);
}
