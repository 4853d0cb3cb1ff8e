using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;
using NvsMedium;
using Spectre.Console;
using Spectre.Console.Rendering;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands.Monitor;

/// <summary>The picture of a store in 80 columns and 23 lines.</summary>
internal sealed class MonitorView(MonitorState state, bool isUnicode)
{
    /// <summary>Columns of the picture.</summary>
    public const int Width = 80;

    private const int MostLines = 23;
    private const int TextColumn = 9;
    private const int MapColumns = 76;
    private const int MapRows = 6;
    private const int BarColumns = 24;
    private const int SparkColumns = 16;

    private static readonly Style grey = new(Color.Grey);
    private static readonly Style bold = new(decoration: Decoration.Bold);
    private static readonly Style good = new(Color.Green);
    private static readonly Style bad = new(Color.Red, decoration: Decoration.Bold);
    private static readonly Style[] sets =
    [
        new(Color.DeepSkyBlue1, decoration: Decoration.Bold),
        new(Color.Orange1, decoration: Decoration.Bold),
    ];

    private readonly List<ScreenLine> lines = [];

    /// <summary>The picture.</summary>
    public IRenderable Render()
    {
        lines.Clear();
        MonitorSample? last = state.Last;
        AddTitle(last);
        if (last is null)
            Line("").Add(state.IsPowerOff ? "The power is off." : "Waiting for the board.");
        else
            AddBoard(last);
        if (last?.Store is { } store)
            AddStore(last, store);
        else if (last is not null)
            Line("state").Add(Explain(last.Board.State), bad);
        foreach (string what in state.Events.TakeLast(MostLines - lines.Count))
            lines.Add(new ScreenLine(Width, isUnicode).Add(isUnicode ? "● " : "* ", grey).Add(what));
        return new Rows(lines.Select(line => line.Text));
    }

    private void AddTitle(MonitorSample? last)
    {
        (string text, Style style) = state.IsPowerOff ? (" POWER OFF ", new Style(Color.White, Color.Red, Decoration.Bold))
            : state.Client == NvsClientState.Connected && last is not null ? (" connected ", new Style(Color.Black, Color.Green))
            : (" looking for the board ", new Style(Color.Black, Color.Yellow));
        string port = state.Port.Length > 24 ? "…" + state.Port[^23..] : state.Port;
        lines.Add(new ScreenLine(Width, isUnicode)
            .Add("nvs monitor  ", bold).Add(port).Add("  ").Add(text, style)
            .Right(state.Keys, grey));
    }

    private void AddBoard(MonitorSample last)
    {
        BoardInfo board = last.Board;
        Line("board").Add($"{board.BoardName}, firmware {board.FirmwareVersion}; {board.ChipName}, {board.ChipBytes:N0} bytes");
        Line("store").Add($"{board.StoreId}, boot {board.BootCount}; up {TimeSpan.FromSeconds(last.Stats[Counter.UptimeMs] / 1000):g}");
    }

    private void AddStore(MonitorSample last, StoreInfo store)
    {
        Medium? medium = state.Medium is { State: MediumState.Store } read ? read : null;
        AddMap(medium is null ? SegmentMap.Of(store) : SegmentMap.Of(medium), medium is not null);
        AddSets(store, medium);
        AddRoom(last, store, medium);
        AddCommits();
        AddCounters(last);
    }

    private void AddMap(SegmentMap map, bool isWhole)
    {
        IReadOnlyList<SegmentCell> cells = map.Cells(MapColumns, MapRows, out int each);
        ScreenLine legend = new ScreenLine(Width, isUnicode).Add("segments ", grey).Add($"{map.Count}, {each} a cell  ");
        if (isWhole)
            legend.Add(Owned(100)).Add(" tracks  ", grey).Add(FreeGlyph, grey).Add(" free  ", grey);
        legend.Add("A", sets[0]).Add("/", grey).Add("B", sets[1]).Add(" next  ", grey).Add(CommitGlyph, good).Add(" last commit", grey);
        if (isWhole)
            legend.Add("  ").Add("!", bad).Add(" cut off", grey);
        else
            legend.Add("  (tracks: not on the wire)", grey);
        lines.Add(legend);
        int flag = state.Medium?.State == MediumState.Store ? state.Medium.End.Flag : state.Last!.Store!.Flag;
        foreach (SegmentCell[] row in cells.Chunk(MapColumns))
        {
            ScreenLine line = new ScreenLine(Width, isUnicode).Add("  ");
            foreach (SegmentCell cell in row)
                AddCell(line, cell, flag);
            lines.Add(line);
        }
    }

    private void AddCell(ScreenLine line, SegmentCell cell, int flag)
    {
        switch (cell.Use)
        {
            case SegmentUse.Interrupted:
                line.Add("!", bad);
                break;
            case SegmentUse.Committed:
                line.Add(CommitGlyph, good);
                break;
            case SegmentUse.Prepared:
                line.Add(flag == 0 ? "A" : "B", sets[flag]);
                break;
            case SegmentUse.Owned:
                line.Add(Owned(cell.OwnedPercent));
                break;
            default:
                line.Add(FreeGlyph, grey);
                break;
        }
    }

    private void AddSets(StoreInfo store, Medium? medium)
    {
        int flag = medium?.End.Flag ?? store.Flag;
        string next = medium is null
            ? StoreCommands.PreparedSegments(store)
            : $"segments {InspectReport.Ranges(medium.ActiveSet)}";
        for (int set = 0; set < 2; set++)
        {
            ScreenLine line = Line("set").Add(set == 0 ? "A " : "B ", sets[set]);
            if (set == flag)
                line.Add(isUnicode ? "◀ flag " : "< flag ", bold).Add($" prepared for the next request: {next}");
            else if (medium?.Unfinished.Count > 0)
                line.Add("        the last commit: ").Add($"segments {InspectReport.Ranges(SegmentMap.LastCommit(medium))}");
            else
                line.Add($"        the last commit: {StoreCommands.CommittedSegments(store)}");
        }
        if (medium?.Unfinished is { Count: > 0 } blocks)
            Line("cut").Add(
                $"request {blocks[0].Number} of {blocks[0].Client:x8}: "
                    + $"{Session.Count(blocks.Count, "block")}, not the last one, so nothing of it",
                bad);
    }

    private void AddRoom(MonitorSample last, StoreInfo store, Medium? medium)
    {
        BoardInfo board = last.Board;
        int dataBytes = Math.Max(1, board.SegmentDataBytes);
        int free = medium?.FreeSegments ?? store.FreeSegments;
        int used = (store.Segments - free) * dataBytes;
        int percent = board.CapacityBytes == 0 ? 0 : (int)(100L * used / board.CapacityBytes);
        int cells = Math.Min(BarColumns, BarColumns * percent / 100);
        Line("room")
            .Add(new string(isUnicode ? '█' : '#', cells), sets[0]).Add(new string(isUnicode ? '░' : '-', BarColumns - cells), grey)
            .Add($" {percent} % of {board.CapacityBytes:N0} bytes; {medium?.Tracks.Count ?? store.Tracks} of {board.MostTracks} tracks");
    }

    private void AddCommits()
    {
        IReadOnlyList<SeenCommit> commits = state.Commits;
        for (int i = 0; i < commits.Count; i++)
        {
            SeenCommit commit = commits[i];
            string who = commit.Client == 0 ? "the board itself" : $"request {commit.Number} of {commit.Client:x8}";
            Line(i == 0 ? "commits" : "")
                .Add($"{commit.Version,8} ").Add($"{commit.Set} ", sets[commit.Set - 'A'])
                .Add($"{who,-25} {commit.Tracks}{(commit.Tracks.Length > 0 ? ", " : "")}{commit.Segments}");
        }
    }

    private void AddCounters(MonitorSample last)
    {
        BoardStats stats = last.Stats;
        Line("rate")
            .Add($"{state.RateOf(Counter.Commits):0.0} commits/s ").Add(Spark(state.CommitRates), good)
            .Add($" {Si(state.RateOf(Counter.BytesWritten))}B/s; answer {last.AnswerMs:0.0} ms, most {state.MostAnswerMs:0.0}");
        Line("line")
            .Add($"in {stats[Counter.FramesReceived]}, out {stats[Counter.FramesSent]} frames; ")
            .Add($"CRC {stats[Counter.FrameCrcErrors]}, lost {stats[Counter.PlacesLost]}, ")
            .Add($"reopened {stats[Counter.LineReopened]}, refused {stats[Counter.Refused]}, repeated {stats[Counter.Repeated]}");
        Line("chip")
            .Add($"{Si(stats[Counter.BusBytes])}B, {Si(stats[Counter.BusTransactions])}transfers, ")
            .Add($"{Si(state.RateOf(Counter.BusBytes))}B/s; errors: ")
            .Add($"chip {stats[Counter.ChipErrors]}, CRC {stats[Counter.TrackCrcErrors]}, internal {stats[Counter.InternalErrors]}");
        string found = stats.Findings.Count == 0 ? "none" : StoreInfo.Describe(stats.Findings[0]);
        AddWrapped("recovery", $"{stats[Counter.Recoveries]} since boot; the last one: {found}");
    }

    // What a line does not hold goes on below it.
    private void AddWrapped(string name, string text)
    {
        const int room = Width - TextColumn;
        while (text.Length > room)
        {
            int end = text.LastIndexOf(' ', room);
            Line(name).Add(text[..end]);
            name = "";
            text = text[(end + 1)..];
        }
        Line(name).Add(text);
    }

    private ScreenLine Line(string name)
    {
        ScreenLine line = new ScreenLine(Width, isUnicode).Add(name, grey).At(TextColumn);
        lines.Add(line);
        return line;
    }

    private string FreeGlyph => isUnicode ? "·" : ".";

    private string CommitGlyph => isUnicode ? "◆" : "*";

    private string Owned(int percent) => isUnicode
        ? percent >= 100 ? "█" : percent >= 50 ? "▓" : "▒"
        : percent >= 100 ? "#" : percent >= 50 ? "+" : "-";

    private string Spark(IReadOnlyList<double> rates)
    {
        string steps = isUnicode ? "▁▂▃▄▅▆▇█" : "_.-=+*%#";
        double[] shown = [.. rates.TakeLast(SparkColumns)];
        double most = shown.Length == 0 ? 0 : shown.Max();
        IEnumerable<char> spark = shown.Select(rate => steps[most <= 0 ? 0 : (int)Math.Round(rate / most * (steps.Length - 1))]);
        return string.Concat(spark).PadLeft(SparkColumns);
    }

    private static string Si(double value) => value switch
    {
        >= 1e9 => $"{value / 1e9:0.0} G",
        >= 1e6 => $"{value / 1e6:0.0} M",
        >= 1e4 => $"{value / 1e3:0.0} k",
        _ => $"{value:0} ",
    };

    private static string Explain(Status state) => state switch
    {
        Status.Blank => $"Blank: the chip holds no store. nvs format {NvsClient.BlankName} makes one.",
        Status.StoreDamaged => "StoreDamaged: nvs verify tells what, nvs repair gives up what is damaged.",
        Status.NoChip => "NoChip: nothing answers on the SPI bus; the board looks again every second.",
        _ => state.ToString(),
    };
}
