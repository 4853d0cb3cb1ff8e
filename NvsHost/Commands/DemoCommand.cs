using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using Spectre.Console;

namespace NvsHost.Commands;

/// <summary>The demonstration: a simulated board loses its power in the middle of a write request, and nothing is lost.</summary>
internal sealed class DemoCommand
{
    private const int MostBytes = 204_032; // The room of a chip of 256 KiB.
    private const int MostBatchTracks = 4;
    private const int Pieces = 12;
    private const int WatchMs = 120; // between two rows, for a person who watches
    private const uint ClientId = 0xDE300001;

    private static readonly string[] setColors = ["deepskyblue1", "orange1"];

    private readonly Session session;
    private readonly IAnsiConsole show;
    private readonly string folder;
    private readonly string? listen;
    private readonly CancellationToken ct;

    private DemoCommand(Session session, string folder, string? listen, CancellationToken ct)
    {
        this.session = session;
        this.folder = folder;
        this.listen = listen;
        this.ct = ct;
        show = session.IsJson ? session.Err : session.Out;
    }

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Argument<string?> file = new("FILE")
        {
            Description = "What to store, up to about 200 KB. [default: docs/protocol.md]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string?> listen = new("--listen")
        {
            Description = "The socket that the simulated board serves, as with nvs sim. "
                + "[default: a pseudo-terminal on Linux, tcp:0 elsewhere]",
            HelpName = "ADDRESS",
        };
        Command command = new("demo", "Stores a file on a simulated board, pulls the plug in the middle, and shows that nothing is lost.")
        {
            file, listen,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            string? path = parsed.GetValue(file);
            byte[] data = path is null
                ? OwnFile()
                : await Files.ReadAsync(path, session.Around.OpenInput, MostBytes, "what the demonstration stores", ct)
                    .ConfigureAwait(false);
            DirectoryInfo folder = Directory.CreateTempSubdirectory("nvs-demo-");
            try
            {
                DemoCommand demo = new(session, folder.FullName, parsed.GetValue(listen), ct);
                return await demo.RunAsync(path ?? "docs/protocol.md", data).ConfigureAwait(false);
            }
            finally
            {
                folder.Delete(true);
            }
        });
        root.Subcommands.Add(command);
    }

    private async Task<int> RunAsync(string name, byte[] data)
    {
        string fram = Path.Combine(folder, "board.fram");
        List<WriteItem> singles;
        List<WriteItem> batch;
        long bootBytes;

        Act("A board boots on a blank chip");
        await using (SimBoard board = await SimBoard.BootAsync(fram, listen, null, ct).ConfigureAwait(false))
        await using (NvsClient client = await OpenAsync(board).ConfigureAwait(false))
        {
            Say($"{board.BootReport} — serial port {board.Port}");
            BoardInfo made = await client.FormatAsync(NvsClient.BlankName, 0, 0, ct).ConfigureAwait(false);
            StoreInfo store = await client.InfoAsync(ct).ConfigureAwait(false);
            Say($"formatted by its name, {NvsClient.BlankName}: store {made.StoreId} on {made.ChipName}, "
                + $"{store.Segments} segments of {store.SegmentBytes} bytes, two sets of {store.SetSegments} segments");
            Say($"the first write request will find its segments allocated: {Prepared(store)}");

            (singles, batch) = Cut(data, made);
            string written = singles.Count == 0 ? ""
                : batch.Count == 1 ? "; all but the last one are written"
                : $"; all but the last {batch.Count} are written";
            Act($"{Markup.Escape(name)}, {Session.Count(data.Length, "byte")}, "
                + $"becomes {Session.Count(singles.Count + batch.Count, "track")}{written}");
            if (singles.Count > 0)
                await ShowAsync(Table("track", "bytes", "version", "written to", "flag", "prepared next"), async addRow =>
                {
                    foreach (WriteItem item in singles)
                        addRow(await CommitAsync(client, [item]).ConfigureAwait(false));
                }).ConfigureAwait(false);
        }

        // Whatever boot costs a copy of the chip, it costs the chip: that tells where the write request's traffic will lie.
        string before = Path.Combine(folder, "before.fram");
        string probe = Path.Combine(folder, "probe.fram");
        File.Copy(fram, before);
        File.Copy(fram, probe);
        await using (SimBoard board = await SimBoard.BootAsync(probe, listen, null, ct).ConfigureAwait(false))
        await using (NvsClient client = await OpenAsync(board).ConfigureAwait(false))
        {
            await client.LastAsync(ct).ConfigureAwait(false);
            bootBytes = (await client.StatsAsync(ct).ConfigureAwait(false))[Counter.BusBytes];
        }

        int batchBytes = batch.Sum(item => item.Data.Length);
        long cut = bootBytes + Math.Max(1, batchBytes / 2);
        string rest = singles.Count == 0 ? "It is" : batch.Count == 1 ? "The last track is" : $"The last {batch.Count} tracks are";
        Act($"{rest} written in one request, and in the middle of it the plug is pulled");
        bool isWhole = await PullAsync(fram, batch, cut, true).ConfigureAwait(false) is { IsWhole: true, IsCommitted: false };

        Act("The host writes what was not committed once more, then reads everything back");
        List<WriteItem> all = [.. singles, .. batch];
        long requestBytes;
        await using (SimBoard board = await SimBoard.BootAsync(fram, listen, null, ct).ConfigureAwait(false))
        await using (NvsClient client = await OpenAsync(board).ConfigureAwait(false))
        {
            uint startBytes = (await client.StatsAsync(ct).ConfigureAwait(false))[Counter.BusBytes];
            await ShowAsync(Table("tracks", "bytes", "version", "written to", "flag", "prepared next"), async addRow =>
                addRow(await CommitAsync(client, batch).ConfigureAwait(false))).ConfigureAwait(false);
            requestBytes = (await client.StatsAsync(ct).ConfigureAwait(false))[Counter.BusBytes] - startBytes;
            isWhole &= await CompareAsync(client, all).ConfigureAwait(false);
        }

        Act("Which byte commits? The same board, the same request, the plug pulled earlier and later");
        (long instant, bool isSharp) = await FindInstantAsync(before, batch, bootBytes, bootBytes + requestBytes).ConfigureAwait(false);
        isWhole &= isSharp;

        session.Answer(
            new
            {
                Matched = isWhole,
                File = name,
                Bytes = data.Length,
                Tracks = all.Count,
                CommitByte = instant - bootBytes,
                RequestBytes = requestBytes,
            },
            () => { });
        show.WriteLine();
        string bytes = data.Length == 1 ? "the byte is as it was" : $"all {data.Length} bytes are as they were";
        show.MarkupLine(isWhole
            ? $"[green]✔[/] {bytes} written, and every cut left all of the request or nothing of it"
            : "[red]✘ something does not match; the lines above say what[/]");
        if (isWhole)
            TellNext();
        return isWhole ? ExitCode.Done : ExitCode.Mismatch;
    }

    private void TellNext()
    {
        bool hasTerminal = OperatingSystem.IsLinux();
        Act("What to try next: a board of your own, in another terminal");
        Say($"nvs sim --fram store.fram --format-blank {(hasTerminal ? "--link /tmp/nvs" : "--listen tcp:7254")}");
        Act("and here");
        string port = hasTerminal ? "--port /tmp/nvs" : "--port tcp:localhost:7254";
        Say($"echo 41 | nvs write 7 {port}");
        Say($"nvs read 7 {port}");
        Say($"nvs info {port}");
        Say("Kill the board (kill -9) whenever you like, and start it again. nvs --help lists all commands.");
    }

    // Finds, on copies of the chip, the byte of SPI traffic after which the request is committed: that is the only place where it changes.
    private async Task<(long Instant, bool IsSharp)> FindInstantAsync(string before, List<WriteItem> batch, long low, long high)
    {
        long first = low;
        bool isSharp = true;
        string fram = Path.Combine(folder, "cut.fram");
        await ShowAsync(Table("cut at", "host got", "boot found", "LAST says", "tracks"), async addRow =>
        {
            while (high - low > 1)
            {
                long cut = low + ((high - low) / 2);
                File.Copy(before, fram, true);
                Pull pull = await PullAsync(fram, batch, cut, false).ConfigureAwait(false);
                addRow([
                    $"{cut - first}",
                    pull.IsAnswered ? "Ok" : "no answer",
                    pull.Found,
                    pull.IsCommitted ? "[green]committed[/]" : "[yellow]nothing[/]",
                    !pull.IsWhole ? "[red]mixed[/]" : pull.IsCommitted ? "new" : "old",
                ]);
                isSharp &= pull.IsWhole && (pull.IsCommitted || !pull.IsAnswered);
                if (pull.IsCommitted)
                    high = cut;
                else
                    low = cut;
            }
        }).ConfigureAwait(false);
        if (isSharp)
            Say($"byte {high - first} of the request's traffic is the commit: with one byte less nothing is stored, from it on everything");
        return (high, isSharp);
    }

    /// <summary>What a cut left behind.</summary>
    /// <param name="IsAnswered">The host got its Ok before the cut.</param>
    /// <param name="IsCommitted">LAST says that the request was committed.</param>
    /// <param name="IsWhole">The tracks agree with that: all there, or none.</param>
    /// <param name="Found">What the next boot found.</param>
    private sealed record Pull(bool IsAnswered, bool IsCommitted, bool IsWhole, string Found);

    // Boots a board that will cut its power, writes, boots again and looks.
    private async Task<Pull> PullAsync(string fram, List<WriteItem> batch, long cut, bool isTold)
    {
        uint? answered = null; // The version that the host was told.
        WriteId? request = null;
        await using (SimBoard board = await SimBoard.BootAsync(fram, listen, cut, ct).ConfigureAwait(false))
        await using (NvsClient client = await OpenAsync(board).ConfigureAwait(false))
        {
            try
            {
                answered = await client.WriteBatchAsync(batch, null, ct).ConfigureAwait(false);
            }
            catch (NvsLineException e)
            {
                request = e.Write;
                if (isTold)
                {
                    Say($"[red]power is gone[/] {cut} bytes of SPI traffic after boot began; request {request?.Number} has no answer");
                    Say($"the host: [grey]{Markup.Escape(e.Message)}[/]");
                }
            }
            if (answered is null && !await board.IsCutAsync(ct).ConfigureAwait(false))
                throw new NvsLineException("The simulated board broke the line, but not because its power was cut.", false);
        }

        await using (SimBoard board = await SimBoard.BootAsync(fram, listen, null, ct).ConfigureAwait(false))
        await using (NvsClient client = await OpenAsync(board).ConfigureAwait(false))
        {
            StoreInfo store = await client.InfoAsync(ct).ConfigureAwait(false);
            LastCommit? last = await client.LastAsync(ct).ConfigureAwait(false);
            bool isCommitted = last is not null
                && (answered is null
                    ? last.Number == request?.Number && last.Fingerprint == request.Fingerprint
                    : last.Version == answered);
            bool isWhole = true;
            foreach (WriteItem item in batch)
            {
                NvsTrack? track = await client.ReadAsync(item.Track, null, ct).ConfigureAwait(false);
                isWhole &= isCommitted ? track is not null && item.Data.Span.SequenceEqual(track.Data) : track is null;
            }
            if (isTold)
            {
                Say($"power is back — {board.BootReport}");
                string lastNumber = last?.Number.ToString(CultureInfo.InvariantCulture) ?? "none";
                Say($"LAST: request {lastNumber} was committed last, so request {request?.Number} "
                    + (isCommitted ? "[green]was committed[/]" : "[yellow]was not[/]")
                    + (!isWhole ? ", [red]but the tracks say otherwise[/]"
                        : isCommitted ? ", and all of it is there"
                        : ", and nothing of it is there"));
                Say($"the next request finds its segments: {Prepared(store)}");
            }
            return new Pull(answered is not null, isCommitted, isWhole, StoreInfo.Describe(store.Findings));
        }
    }

    private async Task<string[]> CommitAsync(NvsClient client, List<WriteItem> items)
    {
        int flag = (await client.InfoAsync(ct).ConfigureAwait(false)).Flag;
        uint version = await client.WriteBatchAsync(items, null, ct).ConfigureAwait(false);
        StoreInfo store = await client.InfoAsync(ct).ConfigureAwait(false);
        string numbers = items.Count == 1 ? $"{items[0].Track}" : $"{items[0].Track}–{items[^1].Track}";
        return
        [
            numbers,
            items.Sum(item => item.Data.Length).ToString(CultureInfo.InvariantCulture),
            version.ToString(CultureInfo.InvariantCulture),
            $"{Set(flag)}, {StoreCommands.CommittedSegments(store)}",
            $"{Set(flag)} → {Set(store.Flag)}",
            $"{Set(store.Flag)}, {store.PreparedFirst}…{store.PreparedLast}",
        ];
    }

    private async Task<bool> CompareAsync(NvsClient client, List<WriteItem> items)
    {
        List<uint> wrong = new();
        foreach (WriteItem item in items)
        {
            NvsTrack? track = await client.ReadAsync(item.Track, null, ct).ConfigureAwait(false);
            if (track is null || !item.Data.Span.SequenceEqual(track.Data))
                wrong.Add(item.Track);
        }
        Say(wrong.Count == 0
            ? $"[green]{items.Count} of {items.Count} tracks read back, all equal the file[/]"
            : $"[red]tracks {string.Join(", ", wrong)} do not equal the file[/]");
        return wrong.Count == 0;
    }

    // The pieces of the file: the last few go together into one request, as many as a segment set holds.
    private static (List<WriteItem> Singles, List<WriteItem> Batch) Cut(byte[] data, BoardInfo board)
    {
        int pieceBytes = Math.Clamp((data.Length + Pieces - 1) / Pieces, 1, board.LongestTrackBytes);
        List<WriteItem> items = new();
        for (int at = 0; at < Math.Max(1, data.Length); at += pieceBytes) // An empty file is an empty track.
            items.Add(WriteItem.Store((uint)items.Count + 1, data.AsMemory(at, Math.Min(pieceBytes, data.Length - at))));
        int segmentsEach = board.SegmentsOf(pieceBytes);
        if ((long)items.Count * segmentsEach * board.SegmentDataBytes > board.FreeBytes || items.Count > board.MostTracks)
            throw new ArgumentException($"{data.Length} bytes are too much for a chip of {board.ChipBytes} bytes: give a smaller file.");
        int together = Math.Clamp(Math.Min(MostBatchTracks, board.SetSegments / segmentsEach), 1, items.Count);
        return (items[..^together], items[^together..]);
    }

    private Task<NvsClient> OpenAsync(SimBoard board) => NvsClient.OpenAsync(
        board.Port, session.Options with { ClientId = ClientId, OpenTimeoutMs = SimBoard.BootTimeoutMs }, ct);

    private static string Set(int flag) => $"[{setColors[flag & 1]}]{StoreCommands.SetName(flag)}[/]";

    private static string Prepared(StoreInfo store) => $"set {Set(store.Flag)}, {StoreCommands.PreparedSegments(store)}";

    private static byte[] OwnFile()
    {
        using Stream stream = typeof(DemoCommand).Assembly.GetManifestResourceStream("protocol.md")!;
        byte[] data = new byte[stream.Length];
        stream.ReadExactly(data);
        return data;
    }

    private void Act(string title)
    {
        show.WriteLine();
        show.MarkupLine($"[bold]{title}[/]");
    }

    private void Say(string markup) => show.MarkupLine($"  {markup}");

    // Narrow enough for a terminal of 80 columns.
    private static Table Table(params string[] columns)
    {
        Table table = new Table().SimpleBorder();
        foreach (string column in columns)
            table.AddColumn(column);
        return table;
    }

    // Rows appear one by one when a person watches, else all at once.
    private async Task ShowAsync(Table table, Func<Action<string[]>, Task> fill)
    {
        if (!show.Profile.Out.IsTerminal)
        {
            await fill(row => table.AddRow(row)).ConfigureAwait(false);
            show.Write(table);
            return;
        }
        await show.Live(table).StartAsync(async live =>
            await fill(row =>
            {
                table.AddRow(row);
                live.Refresh();
                Thread.Sleep(WatchMs);
            }).ConfigureAwait(false)).ConfigureAwait(false);
    }
}
