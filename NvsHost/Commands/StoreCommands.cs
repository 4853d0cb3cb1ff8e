using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.Linq;
using System.Reflection;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;
using Spectre.Console;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>ports, info, stats, verify, format, repair.</summary>
internal static class StoreCommands
{
    /// <summary>Adds the commands.</summary>
    public static void AddTo(Command root)
    {
        root.Subcommands.Add(Ports());
        root.Subcommands.Add(Info());
        root.Subcommands.Add(Stats());
        root.Subcommands.Add(Verify());
        root.Subcommands.Add(Format());
        root.Subcommands.Add(Repair());
    }

    /// <summary>The name of a segment set.</summary>
    public static char SetName(int flag) => flag == 0 ? 'A' : 'B';

    private static Command Ports()
    {
        Command command = new("ports", "Lists the USB serial ports, and --port, and the boards on them; sends a HELLO to each.");
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            List<PortAnswer> answers = await session.AskPortsAsync(ct).ConfigureAwait(false);
            string sent = Convert.ToHexStringLower(NvsPort.HelloBytes(0));
            session.Answer(
                answers.Select(a => new { a.Port, a.Client?.Board, Error = a.Error?.Message, Sent = sent }),
                () =>
                {
                    Table table = Session.Table("port", "board", "chip", "state");
                    foreach (PortAnswer answer in answers)
                        if (answer.Client?.Board is { } board)
                            table.AddRow(
                                answer.Port, Markup.Escape(board.BoardName), Markup.Escape(board.ChipName), board.State.ToString());
                        else
                            table.AddRow(Markup.Escape(answer.Port), $"[grey]{Why(answer.Error)}[/]", "", "");
                    if (answers.Count > 0)
                        session.Print(table);
                    else
                        session.Err.WriteLine("This computer has no USB serial port; any other port is named with --port.");
                    session.Err.WriteLine(
                        $"Sent to each, up to six times: {sent}, with a random number at byte 4 and the CRC-32 that follows from it.");
                });
            foreach (PortAnswer answer in answers)
                if (answer.Client is not null)
                    await answer.Client.DisposeAsync().ConfigureAwait(false);
            return answers.Any(a => a.Client is not null) ? ExitCode.Done : ExitCode.NoBoard;
        });
        return command;
    }

    private static string Why(Exception? error) => error switch
    {
        NvsPortException { Fault: PortFault.Busy } => "in use",
        NvsPortException { Fault: PortFault.Forbidden } => "not permitted",
        NvsPortException { Fault: PortFault.Missing } => "not there",
        NvsLineException { IsTimeout: true } => "no answer",
        _ => "cannot be used",
    };

    private static Command Info()
    {
        Command command = new("info", "Tells what the board, its chip and its store are.");
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            BoardInfo board = client.Board;
            StoreInfo? store = board.State == Status.Ok ? await client.InfoAsync(ct).ConfigureAwait(false) : null;
            uint badReads = store is null ? 0 : (await client.StatsAsync(ct).ConfigureAwait(false))[Counter.TrackCrcErrors];
            session.Answer(new { Board = board, Store = store, BadReads = badReads }, () =>
            {
                Grid grid = Grid();
                Row(grid, "board", $"{board.BoardName}, firmware {board.FirmwareVersion}");
                Row(grid, "chip", board.ChipBytes == 0
                    ? "none"
                    : $"{board.ChipName}, {board.ChipBytes} bytes{(board.IsProtected ? ", write protected" : "")}");
                Row(grid, "state", board.State.ToString());
                if (store is not null)
                {
                    Row(grid, "store", $"{board.StoreId}, boot {board.BootCount}");
                    Row(grid, "room", $"{board.FreeBytes} of {board.CapacityBytes} bytes free, "
                        + $"{store.Tracks} of {board.MostTracks} tracks");
                    Row(grid, "known damage", KnownDamage(store, badReads));
                    Row(grid, "segments", $"{store.Segments} of {store.SegmentBytes} bytes, {store.FreeSegments} free; "
                        + $"{store.SetSegments} in a set");
                    Row(grid, "longest track", $"{board.LongestTrackBytes} bytes");
                    Row(grid, "last commit", store.Version == 0 ? "none"
                        : store.Client == 0 ? $"{store.Version}, by the board itself"
                        : $"{store.Version}, request {store.Number} of client {store.Client:x8}, {CommittedSegments(store)}");
                    Row(grid, "flag", $"set {SetName(store.Flag)} is next, prepared in {PreparedSegments(store)}");
                    Row(grid, "last recovery", StoreInfo.Describe(store.Findings));
                    Row(grid, "clients known", store.Horizon == 0
                        ? $"{store.Clients}"
                        : $"{store.Clients}; none forgotten since commit {store.Horizon}");
                }
                session.Out.Write(grid);
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static string KnownDamage(StoreInfo store, uint badReads)
    {
        List<string> known = [];
        if (store.Damaged > 0)
            known.Add($"{store.Damaged} track {(store.Damaged == 1 ? "entry" : "entries")}");
        if (badReads > 0)
            known.Add(BadReads(badReads));
        return known.Count == 0 ? "none; nvs verify looks for it" : $"{string.Join("; ", known)}; nvs verify names the tracks";
    }

    /// <summary>How often data read from the chip were damaged since the board booted, for a person.</summary>
    public static string BadReads(uint count) =>
        $"{count} time{(count == 1 ? "" : "s")} since boot, data read from the chip did not match {(count == 1 ? "its" : "their")} CRC-32";

    /// <summary>The segments of the last commit, for a person.</summary>
    public static string CommittedSegments(StoreInfo store) => store.CommittedCount switch
    {
        0 => "no segments",
        1 => $"segment {store.CommittedFirst}",
        _ => $"{store.CommittedCount} segments from {store.CommittedFirst}",
    };

    /// <summary>The segments prepared for the next write request, for a person.</summary>
    public static string PreparedSegments(StoreInfo store) => $"segments {store.PreparedFirst}…{store.PreparedLast}";

    /// <summary>The counters by name.</summary>
    public static IReadOnlyDictionary<string, uint> Counters(BoardStats stats) => typeof(Counter)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field.Name != nameof(Counter.Count))
        .OrderBy(field => (int)field.GetRawConstantValue()!)
        .ToDictionary(field => field.Name, field => stats[(int)field.GetRawConstantValue()!]);

    /// <summary>What the recoveries since boot found, the newest first.</summary>
    public static IEnumerable<string> Recoveries(BoardStats stats) => stats.Findings.Select(StoreInfo.Describe);

    private static Command Stats()
    {
        Command command = new("stats", "Tells the board's counters.");
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            BoardStats stats = await client.StatsAsync(ct).ConfigureAwait(false);
            IReadOnlyDictionary<string, uint> counters = Counters(stats);
            session.Answer(new { Counters = counters, Recoveries = Recoveries(stats) }, () =>
            {
                Grid grid = Grid();
                foreach ((string name, uint value) in counters)
                    Row(grid, name, value.ToString(CultureInfo.InvariantCulture));
                for (int i = 0; i < stats.Findings.Count; i++)
                    Row(grid, i == 0 ? "last recovery" : $"{i} before it", StoreInfo.Describe(stats.Findings[i]));
                session.Out.Write(grid);
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Verify()
    {
        Command command = new("verify", "Checks every track and all metadata; ends with 6 when something is damaged.");
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            int tracks = client.Board.State == Status.Ok ? (await client.InfoAsync(ct).ConfigureAwait(false)).Tracks : 0;
            VerifyResult result = await session.WithProgressAsync(
                "Verifying", tracks, progress => client.VerifyAsync(progress, ct)).ConfigureAwait(false);
            session.Answer(result, () =>
            {
                foreach (DamageEntry damage in result.Damages)
                    session.Out.WriteLine(damage.Track == 0 && damage.Version == 0
                        ? $"damaged: {damage.Damage} {damage.Entry}"
                        : $"damaged: track {damage.Track} version {damage.Version} ({damage.Damage} {damage.Entry})");
                session.Out.WriteLine(
                    $"{Session.Count(result.TracksChecked, "track")} checked, {Session.Count(result.Damages.Count, "damage")}");
            });
            if (result.Damages.Count == 0)
                return ExitCode.Done;
            session.Err.WriteLine($"Write the damaged tracks anew, or give them up with: nvs repair {client.Board.StoreId}");
            return ExitCode.Mismatch;
        });
        return command;
    }

    private static Command Format()
    {
        Argument<string?> name = new("NAME")
        {
            Description = "What is to be destroyed: the id of the store, BLANK for a chip without one, "
                + "DAMAGED for a store that cannot be read.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<int> segmentBytes = NumberOption.One("--segment-bytes", "BYTES", 0, Geometry.LargestSegmentBytes,
            $"Bytes in a segment, {Geometry.SmallestSegmentBytes} to {Geometry.LargestSegmentBytes}; "
                + "0 for the default of the chip's size.",
            0);
        Option<int> setSegments = NumberOption.One("--set-segments", "NUMBER", 0, Geometry.MostSetSegments,
            $"Segments in a set, {Geometry.FewestSetSegments} to {Geometry.MostSetSegments}; "
                + "0 for the default of the chip's size.",
            0);
        Command command = new("format", "Makes a new, empty store. All tracks are lost.") { name, segmentBytes, setSegments };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            string what = parsed.GetValue(name) ?? throw NotNamed("format", client.Board);
            CheckSizes(client.Board, parsed.GetValue(segmentBytes), parsed.GetValue(setSegments));
            session.Doing = $"format {what}";
            BoardInfo board = await client.FormatAsync(what, parsed.GetValue(segmentBytes), parsed.GetValue(setSegments), ct)
                .ConfigureAwait(false);
            session.Answer(board, () => session.Out.WriteLine(
                $"store {board.StoreId}: {board.CapacityBytes} bytes, "
                + $"{board.MostTracks} tracks of at most {board.LongestTrackBytes} bytes"));
            return ExitCode.Done;
        });
        return command;
    }

    // The board would only say that it is not possible.
    private static void CheckSizes(BoardInfo board, int segmentBytes, int setSegments)
    {
        if (segmentBytes is not 0 and < Geometry.SmallestSegmentBytes)
            throw new ArgumentException(
                $"--segment-bytes is {Geometry.SmallestSegmentBytes} to {Geometry.LargestSegmentBytes}, "
                + $"or 0 for the default; not {segmentBytes}.");
        if (setSegments is not 0 and < Geometry.FewestSetSegments)
            throw new ArgumentException(
                $"--set-segments is {Geometry.FewestSetSegments} to {Geometry.MostSetSegments}, or 0 for the default; not {setSegments}.");
        if (board.ChipBytes == 0)
            return;
        Geometry geometry = new(board.ChipBytes, segmentBytes, setSegments, WriteItem.MostBytes);
        string sizes = $"{geometry.SetSegments} segments of {geometry.SegmentBytes} bytes in a set";
        if (geometry.LongestTrackBytes > Geometry.LargestSetBytes)
            throw new ArgumentException(
                $"{sizes} are {geometry.LongestTrackBytes} data bytes; a set has at most {Geometry.LargestSetBytes}.");
        if (geometry.Segments < 2 * geometry.Reserve)
            throw new ArgumentException(
                $"{sizes} are too much for {board.ChipName}: "
                + $"its {board.ChipBytes} bytes hold {Math.Max(0, geometry.Segments)} such segments, "
                + $"and a store needs {2 * geometry.Reserve} of them, three times a set. Give smaller segments or sets.");
    }

    private static Command Repair()
    {
        Argument<string?> name = new("NAME") { Description = "The id of the store.", Arity = ArgumentArity.ZeroOrOne };
        Command command = new("repair", "Gives up what is damaged, so that the rest is whole again.") { name };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            string what = parsed.GetValue(name) ?? throw NotNamed("repair", client.Board);
            session.Doing = $"repair {what}";
            int givenUp = await client.RepairAsync(what, ct).ConfigureAwait(false);
            session.Answer(new { GivenUp = givenUp }, () => session.Out.WriteLine($"{Session.Count(givenUp, "track")} given up"));
            return ExitCode.Done;
        });
        return command;
    }

    // Nothing is destroyed that was not named; but the name to give is no secret.
    private static ArgumentException NotNamed(string command, BoardInfo board) => board.State switch
    {
        Status.Ok or Status.NewerFormat or Status.BoardTooSmall => new ArgumentException($"Say which store: nvs {command} {board.StoreId}"),
        Status.Blank => new ArgumentException($"The chip holds no store: nvs format {NvsClient.BlankName}"),
        Status.StoreDamaged => new ArgumentException($"The store cannot be read: nvs format {NvsClient.DamagedName}"),
        _ => new ArgumentException($"The board has no chip that could be formatted ({board.State})."),
    };

    private static Grid Grid() => new Grid().AddColumn().AddColumn();

    private static void Row(Grid grid, string name, string value) => grid.AddRow($"[grey]{Markup.Escape(name)}[/]", Markup.Escape(value));
}
