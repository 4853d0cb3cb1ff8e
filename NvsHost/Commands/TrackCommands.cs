using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using Spectre.Console;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>write, read, list, release, batch.</summary>
internal static class TrackCommands
{
    /// <summary>Adds the commands.</summary>
    public static void AddTo(Command root)
    {
        root.Subcommands.Add(Write());
        root.Subcommands.Add(Read());
        root.Subcommands.Add(List());
        root.Subcommands.Add(Release());
        root.Subcommands.Add(Batch());
    }

    private static Command Write()
    {
        Argument<uint> track = Track();
        Argument<string> file = new("FILE") { Description = "Its data; - for stdin.", DefaultValueFactory = _ => Files.Dash };
        Option<uint?> expect = Expect();
        Command command = new("write", "Stores a track: when this ends with 0, the data survive any power loss.") { track, file, expect };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            uint number = parsed.GetValue(track);
            WriteItem item = WriteItem.Store(
                number, await InputAsync(session, number, parsed.GetValue(file)!, ct).ConfigureAwait(false), parsed.GetValue(expect));
            return await CommitAsync(session, [item], ct).ConfigureAwait(false);
        });
        return command;
    }

    private static Command Release()
    {
        Argument<uint[]> tracks = Tracks();
        Option<uint?> expect = Expect();
        Command command = new("release", "Releases tracks, all or none.") { tracks, expect };
        command.Validators.Add(result =>
        {
            if (result.GetResult(expect) is not null && result.GetResult(tracks)?.Tokens.Count > 1)
                result.AddError("--expect names the version of one track, so release just that one.");
        });
        Session.SetAction(command, (session, parsed, ct) =>
            CommitAsync(session, parsed.GetValue(tracks)!.Select(t => WriteItem.Release(t, parsed.GetValue(expect))).ToList(), ct));
        return command;
    }

    private static Command Batch()
    {
        Argument<string[]> stores = new("TRACK=FILE")
        {
            Description = "A track and the file with its data; - for stdin.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<uint[]> releases = new("--release")
        {
            Description = "A track to release in the same request; may be given several times.",
            HelpName = "TRACK",
            CustomParser = result => result.Tokens.Select(token => ParseTrack(result, token.Value)).ToArray(),
        };
        releases.CompletionSources.Clear();
        releases.CompletionSources.Add(TrackCompletion.Tracks);
        Command command = new("batch", "Stores and releases several tracks in one write request: all of it is committed, or nothing.")
        {
            stores, releases,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            List<WriteItem> items = [];
            bool isStdinTaken = false;
            foreach (string store in parsed.GetValue(stores) ?? [])
            {
                int at = store.IndexOf('=');
                if (at < 0 || !TrackText.TryParse(store[..at], out uint track))
                    throw new ArgumentException($"\"{store}\" is not TRACK=FILE, with a number for TRACK.");
                string file = store[(at + 1)..];
                if (file == Files.Dash && isStdinTaken)
                    throw new ArgumentException($"\"{store}\": stdin is one track's data already.");
                isStdinTaken |= file == Files.Dash;
                items.Add(WriteItem.Store(track, await InputAsync(session, track, file, ct).ConfigureAwait(false)));
            }
            items.AddRange((parsed.GetValue(releases) ?? []).Select(t => WriteItem.Release(t)));
            if (items.Count == 0)
                throw new ArgumentException("Nothing to do: give TRACK=FILE or --release TRACK.");
            return await CommitAsync(session, items, ct).ConfigureAwait(false);
        });
        return command;
    }

    private static Command Read()
    {
        Argument<uint> track = Track();
        Option<string> output = new("--output", "-o")
        {
            Description = "The file to write; - for stdout. It is replaced only when all data are there.",
            HelpName = "FILE",
            DefaultValueFactory = _ => Files.Dash,
        };
        Option<bool> hex = new("--hex") { Description = "Print the bytes in hex, for a person." };
        Command command = new("read", "Reads a track; its bytes go to stdout as they are.") { track, output, hex };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            uint number = parsed.GetValue(track);
            string file = parsed.GetValue(output)!;
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            NvsTrack read = await session.WithProgressAsync(
                    $"Reading track {number}", client.Board.LongestTrackBytes, progress => client.ReadAsync(number, progress, ct))
                    .ConfigureAwait(false)
                ?? throw new NvsRefusedException(Status.NotFound, $"read track {number}", number);
            if (file != Files.Dash)
            {
                await Files.ReplaceAsync(file, read.Data, ct).ConfigureAwait(false);
                session.Answer(
                    new { read.Track, read.Version, Bytes = read.Data.Length, File = file },
                    () => session.Out.WriteLine(
                        $"track {read.Track}: version {read.Version}, {Session.Count(read.Data.Length, "byte")} in {file}"));
            }
            else if (session.IsJson)
            {
                session.Answer(new { read.Track, read.Version, Bytes = read.Data.Length, read.Data }, () => { });
            }
            else
            {
                if (!parsed.GetValue(hex) && !session.Around.IsOutputRedirected && !TrackText.IsText(read.Data))
                    throw new ArgumentException(
                        $"Track {number} has {Session.Count(read.Data.Length, "byte")} that are no text for a terminal: "
                        + $"nvs read {number} --hex, or -o FILE.");
                session.Tell($"Track {read.Track} has version {read.Version} and {Session.Count(read.Data.Length, "byte")}.");
                if (parsed.GetValue(hex))
                {
                    TrackText.WriteHex(session.Around.Output, read.Data);
                    return ExitCode.Done;
                }
                await using Stream stdout = session.Around.OpenOutput();
                await stdout.WriteAsync(read.Data, ct).ConfigureAwait(false);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Command List()
    {
        Command command = new("list", "Lists the tracks, and what is known to be damaged; verify looks for more.");
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            IReadOnlyList<TrackEntry> tracks = await client.ListAsync(ct).ConfigureAwait(false);
            uint badReads = (await client.StatsAsync(ct).ConfigureAwait(false))[Counter.TrackCrcErrors];
            session.Answer(tracks, () =>
            {
                if (tracks.Count == 0)
                {
                    session.Out.WriteLine("no tracks");
                    return;
                }
                Table table = Session.Table("<track", "<version", "<bytes", "known damage");
                foreach (TrackEntry track in tracks)
                    table.AddRow(
                        track.Track.ToString(CultureInfo.InvariantCulture),
                        track.Version.ToString(CultureInfo.InvariantCulture),
                        track.Length?.ToString(CultureInfo.InvariantCulture) ?? "?",
                        track.Damage == Damage.None ? "" : $"[red]{track.Damage}[/]");
                session.Print(table);
            });
            if (badReads > 0)
                session.Err.WriteLine($"{StoreCommands.BadReads(badReads)}: nvs verify tells of which tracks.");
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task<int> CommitAsync(Session session, List<WriteItem> items, CancellationToken ct)
    {
        await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
        int total = items.Sum(item => item.Data.Length);
        uint version = await session.WithProgressAsync(
            "Writing", total, progress => client.WriteBatchAsync(items, progress, ct)).ConfigureAwait(false);
        session.AnswerCommitted(
            new
            {
                Version = version,
                Bytes = total,
                Tracks = items.Where(i => !i.IsRelease).Select(i => i.Track),
                Released = items.Where(i => i.IsRelease).Select(i => i.Track),
            },
            () =>
            {
                foreach (WriteItem item in items)
                    session.Out.WriteLine(item.IsRelease
                        ? $"track {item.Track}: released"
                        : $"track {item.Track}: version {version}, {Session.Count(item.Data.Length, "byte")} committed");
            });
        return ExitCode.Done;
    }

    private static Task<byte[]> InputAsync(Session session, uint track, string file, CancellationToken ct)
    {
        if (file == Files.Dash && !session.Around.IsInputRedirected)
        {
            string end = OperatingSystem.IsWindows() ? "Ctrl-Z and Enter" : "Ctrl-D at the beginning of a line";
            session.Err.WriteLine($"Type the data of track {track}, then {end}.");
        }
        return Files.ReadAsync(file, session.Around.OpenInput, WriteItem.MostBytes, "a track", ct);
    }

    /// <summary>A track's number on the command line.</summary>
    public static Argument<uint> Track()
    {
        Argument<uint> track = new("TRACK")
        {
            Description = "The track's number.",
            CustomParser = result => ParseTrack(result, result.Tokens.Count == 0 ? "" : result.Tokens[0].Value),
        };
        track.CompletionSources.Clear();
        track.CompletionSources.Add(TrackCompletion.Tracks);
        return track;
    }

    private static Argument<uint[]> Tracks()
    {
        Argument<uint[]> tracks = new("TRACK")
        {
            Description = "The tracks' numbers.",
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result => [.. result.Tokens.Select(token => ParseTrack(result, token.Value))],
        };
        tracks.CompletionSources.Clear();
        tracks.CompletionSources.Add(TrackCompletion.Tracks);
        return tracks;
    }

    private static Option<uint?> Expect() =>
        NumberOption.Version("--expect", "Refuse unless the track has this version; 0: unless there is no such track.");

    private static uint ParseTrack(ArgumentResult result, string text)
    {
        if (!TrackText.TryParse(text, out uint track))
            result.AddError($"\"{text}\" is no track number: give 0 to 4294967295, or 0x0 to 0xFFFFFFFF.");
        return track;
    }
}
