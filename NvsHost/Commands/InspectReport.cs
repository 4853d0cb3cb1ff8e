using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using NvsMedium;
using Spectre.Console;

namespace NvsHost.Commands;

/// <summary>What an image holds, for a person.</summary>
internal sealed class InspectReport(IAnsiConsole show, string path, FramImage fram, Medium medium)
{
    /// <summary>Prints it.</summary>
    public void Print()
    {
        Grid grid = new Grid().AddColumn().AddColumn();
        string register = fram.StatusRegister is { } status ? $" and the status register, {status:X2}" : "";
        Row(grid, "image", $"{path}, {fram.Cells.Length} bytes{register}");
        Row(grid, "state", medium.State.ToString());
        foreach (MediumSuperblock copy in medium.Copies)
            Row(grid, $"superblock {(copy == medium.Copies[0] ? 0 : 1)}", $"{At(copy.Address)}  {copy.Kind}{CutShort(copy)}");
        if (medium.State == MediumState.Store)
            AddStore(grid);
        show.Write(grid);
        if (medium.State == MediumState.Store)
            PrintEntries();
        PrintDamages("damaged", medium.Damages);
        PrintDamages("to be done at the next boot", medium.Due);
        if (medium.Damages.Count == 0 && medium.State == MediumState.Store)
            show.MarkupLine("[green]no damage[/]");
    }

    /// <summary>Numbers, with the ranges among them as such.</summary>
    public static string Ranges(IEnumerable<int> numbers)
    {
        List<string> ranges = [];
        int first = -1;
        int last = -1;
        foreach (int number in numbers)
        {
            if (first >= 0 && number == last + 1)
            {
                last = number;
                continue;
            }
            Close();
            first = last = number;
        }
        Close();
        return string.Join(", ", ranges);

        void Close()
        {
            if (first >= 0)
                ranges.Add(first == last ? $"{first}" : $"{first}…{last}");
        }
    }

    private void AddStore(Grid grid)
    {
        MediumLayout sizes = medium.Layout;
        Row(grid, "store", $"{InspectJson.IdOf(medium.Superblock)}, format count {medium.Superblock.FormatCount}");
        Row(grid, "sizes", $"{sizes.Segments} segments of {sizes.SegmentBytes} bytes, {medium.FreeSegments} free; "
            + $"{sizes.SetSegments} in a set; pieces of {sizes.PieceBytes} bytes");
        Row(grid, "clients at", $"{At(MediumLayout.ClientsAt)}  {sizes.ClientEntries} entries, {medium.Clients.Known.Count} known");
        Row(grid, "links at", At(sizes.LinksAt));
        Row(grid, "entries at", $"{At(sizes.EntriesAt)}  {sizes.Entries} entries, {medium.Tracks.Count} tracks");
        Row(grid, "segments at", At(sizes.SegmentsAt));
        for (int i = 0; i < 2; i++)
            Row(grid, $"record {i}", $"{At(sizes.RecordAt(i))}  {RecordText(i)}");
        foreach (MediumRow row in medium.Rows)
            Row(grid, "commit behind it", $"{row.Version}: {Requested(row.Last)}, {TracksOf(row.Blocks)}, {SegmentsOf(row.Blocks)}");
        if (medium.Unfinished.Count > 0)
            Row(grid, "interrupted", $"{Requested(medium.Unfinished[0])}, {TracksOf(medium.Unfinished)}, "
                + $"{SegmentsOf(medium.Unfinished)}; it did not commit");
        Row(grid, "last commit", medium.Version.ToString(CultureInfo.InvariantCulture));
        Row(grid, "flag", $"set {StoreCommands.SetName(medium.End.Flag)} is next, "
            + $"from segment {medium.End.Next} ({Address(medium.End.Next)}) on");
        Row(grid, "next set", $"{(medium.Rows.Count > 0 ? "about " : "")}segments {Ranges(medium.ActiveSet)}");
        foreach (MediumClient client in medium.Clients.Known.Values.OrderBy(client => client.Client))
            Row(grid, "client", $"{client.Client:x8}: request {client.Number} gave version {client.Version}, "
                + $"fingerprint {client.Fingerprint:x8}");
    }

    private void PrintEntries()
    {
        if (medium.Entries.Count == 0)
            return;
        Table table = new Table().SimpleBorder();
        foreach (string title in new[] { "track", "version", "bytes", "entry", "data at" })
            table.AddColumn(new TableColumn(title).RightAligned());
        table.AddColumn("segments").AddColumn("state");
        foreach (MediumEntry entry in medium.Entries.OrderBy(entry => entry.IsReleased).ThenBy(entry => entry.Track))
        {
            bool isWhole = medium.Tracks.TryGetValue(entry.Track, out MediumTrack? track) && track.Entry == entry && track.Data is not null;
            table.AddRow(
                $"{entry.Track}",
                $"{entry.Version}",
                entry.IsReleased ? "" : $"{entry.Length}",
                $"{entry.Index}",
                entry.IsReleased ? "" : At(medium.Layout.SegmentAt(entry.Segments[0])),
                Ranges(entry.Segments),
                entry.IsReleased ? "[grey]released[/]" : isWhole ? "whole" : "[red]damaged[/]");
        }
        show.Write(table);
    }

    private void PrintDamages(string title, IReadOnlyList<MediumDamage> damages)
    {
        foreach (MediumDamage damage in damages)
            show.WriteLine($"{title}: {damage.Kind} at {At(damage.Address)}: {damage.Text}");
    }

    private string RecordText(int which) => medium.Records[which] is { } record
        ? $"all commits up to {record.Version} are in the tables; boot {record.BootCount}; set {StoreCommands.SetName(record.Flag)} next, "
            + $"from segment {record.Next}{(record.IsInDoubt ? "; who asked last is in doubt" : "")}"
            + $"{(which == medium.CurrentIndex ? " (current)" : "")}"
        : "not whole";

    private string CutShort(MediumSuperblock copy) => copy.Kind == MediumCopyKind.Live && copy.Layout.ChipBytes > fram.Cells.Length
        ? $", of a chip of {copy.Layout.ChipBytes} bytes: the image is cut short"
        : "";

    private string SegmentsOf(IReadOnlyList<MediumBlock> blocks) =>
        $"set {StoreCommands.SetName(blocks[0].Set)}, "
        + $"segments {Ranges(blocks.SelectMany(block => block.Segments))} ({Address(blocks[0].Segment)})";

    private static string Requested(MediumBlock block) =>
        block.Client == 0 ? "the board itself" : $"request {block.Number} of client {block.Client:x8}";

    private static string TracksOf(IReadOnlyList<MediumBlock> blocks)
    {
        IEnumerable<string> tracks = blocks.Select(block =>
            block.Length == MediumLayout.Released ? $"{block.Track} released" : $"{block.Track}");
        return $"track {string.Join(", ", tracks.Distinct())}";
    }

    private string Address(int segment) => At(medium.Layout.SegmentAt(segment));

    private static string At(int address) => $"0x{address:X5}";

    private static void Row(Grid grid, string name, string value) => grid.AddRow($"[grey]{Markup.Escape(name)}[/]", Markup.Escape(value));
}
