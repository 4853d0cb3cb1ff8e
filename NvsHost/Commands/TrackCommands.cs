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
    private const string Dash = "-";

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
        Argument<string> file = new("FILE") { Description = "Its data; - for stdin.", DefaultValueFactory = _ => Dash };
        Option<uint?> expect = Expect();
        Command command = new("write", "Stores a track: when this ends with 0, the data survive any power loss.") { track, file, expect };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            WriteItem item = WriteItem.Store(
                parsed.GetValue(track), await InputAsync(parsed.GetValue(file)!, ct).ConfigureAwait(false), parsed.GetValue(expect));
            return await CommitAsync(session, [item], ct).ConfigureAwait(false);
        });
        return command;
    }

    private static Command Release()
    {
        Argument<uint[]> tracks = Tracks("TRACK", "The tracks' numbers.", ArgumentArity.OneOrMore);
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
        Command command = new("batch", "Stores and releases several tracks in one write request: all of it is committed, or nothing.") { stores, releases };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            List<WriteItem> items = [];
            bool isStdinTaken = false;
            foreach (string store in parsed.GetValue(stores) ?? [])
            {
                int at = store.IndexOf('=');
                if (at < 0 || !TryParseTrack(store[..at], out uint track))
                    throw new ArgumentException($"\"{store}\" is not TRACK=FILE, with a number for TRACK.");
                string file = store[(at + 1)..];
                if (file == Dash && isStdinTaken)
                    throw new ArgumentException($"\"{store}\": stdin is one track's data already.");
                isStdinTaken |= file == Dash;
                items.Add(WriteItem.Store(track, await InputAsync(file, ct).ConfigureAwait(false)));
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
            DefaultValueFactory = _ => Dash,
        };
        Command command = new("read", "Reads a track; its bytes go to stdout as they are.") { track, output };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            uint number = parsed.GetValue(track);
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            NvsTrack read = await session.WithProgressAsync(
                    $"Reading track {number}", client.Board.LongestTrackBytes, progress => client.ReadAsync(number, progress, ct)).ConfigureAwait(false)
                ?? throw new NvsRefusedException(Status.NotFound, $"read track {number}", number);
            string file = parsed.GetValue(output)!;
            if (file != Dash)
            {
                await WholeFile.ReplaceAsync(file, read.Data, ct).ConfigureAwait(false);
                session.Answer(
                    new { read.Track, read.Version, Bytes = read.Data.Length, File = file },
                    () => session.Out.WriteLine($"track {read.Track}: version {read.Version}, {Session.Count(read.Data.Length, "byte")} in {file}"));
            }
            else if (session.IsJson)
            {
                session.Answer(new { read.Track, read.Version, Bytes = read.Data.Length, read.Data }, () => { });
            }
            else
            {
                session.Tell($"Track {read.Track} has version {read.Version} and {Session.Count(read.Data.Length, "byte")}.");
                await using Stream stdout = Console.OpenStandardOutput();
                await stdout.WriteAsync(read.Data, ct).ConfigureAwait(false);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static Command List()
    {
        Command command = new("list", "Lists the tracks.");
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            IReadOnlyList<TrackEntry> tracks = await client.ListAsync(ct).ConfigureAwait(false);
            session.Answer(tracks, () =>
            {
                if (tracks.Count == 0)
                {
                    session.Out.WriteLine("no tracks");
                    return;
                }
                Table table = new Table().SimpleBorder();
                foreach (string title in new[] { "track", "version", "bytes" })
                    table.AddColumn(new TableColumn(title).RightAligned());
                table.AddColumn("state");
                foreach (TrackEntry track in tracks)
                    table.AddRow(
                        track.Track.ToString(CultureInfo.InvariantCulture),
                        track.Version.ToString(CultureInfo.InvariantCulture),
                        track.Length?.ToString(CultureInfo.InvariantCulture) ?? "?",
                        track.Damage == Damage.None ? "intact" : $"[red]damaged ({track.Damage})[/]");
                session.Out.Write(table);
            });
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
            new { Version = version, Bytes = total, Tracks = items.Where(i => !i.IsRelease).Select(i => i.Track), Released = items.Where(i => i.IsRelease).Select(i => i.Track) },
            () =>
            {
                foreach (WriteItem item in items)
                    session.Out.WriteLine(item.IsRelease
                        ? $"track {item.Track}: released"
                        : $"track {item.Track}: version {version}, {Session.Count(item.Data.Length, "byte")} committed");
            });
        return ExitCode.Done;
    }

    private static async Task<byte[]> InputAsync(string file, CancellationToken ct)
    {
        if (file != Dash)
        {
            FileInfo info = new(file);
            return info.Exists && info.Length > WriteItem.MostBytes
                ? throw new ArgumentException($"{file} has {info.Length} bytes; a track has at most {WriteItem.MostBytes}.")
                : await File.ReadAllBytesAsync(file, ct).ConfigureAwait(false);
        }
        using MemoryStream all = new();
        Stream stdin = Console.OpenStandardInput();
        await stdin.CopyToAsync(all, ct).WaitAsync(ct).ConfigureAwait(false); // A read of a terminal or pipe cannot itself be cancelled.
        return all.ToArray();
    }

    /// <summary>A track's number on the command line.</summary>
    public static Argument<uint> Track() => new("TRACK")
    {
        Description = "The track's number.",
        CustomParser = result => ParseTrack(result, result.Tokens.Count == 0 ? "" : result.Tokens[0].Value),
    };

    private static Argument<uint[]> Tracks(string name, string description, ArgumentArity arity) => new(name)
    {
        Description = description,
        Arity = arity,
        CustomParser = result => result.Tokens.Select(token => ParseTrack(result, token.Value)).ToArray(),
    };

    private static Option<uint?> Expect() => new("--expect")
    {
        Description = "Refuse unless the track has this version; 0: unless there is no such track.",
        HelpName = "VERSION",
    };

    private static uint ParseTrack(ArgumentResult result, string text)
    {
        if (!TryParseTrack(text, out uint track))
            result.AddError($"\"{text}\" is no track number: give 0 to 4294967295, or 0x0 to 0xFFFFFFFF.");
        return track;
    }

    private static bool TryParseTrack(string text, out uint track) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out track)
        : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out track);
}
