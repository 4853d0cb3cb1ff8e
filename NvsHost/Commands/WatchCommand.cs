using System;
using System.CommandLine;
using System.Diagnostics;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>Prints a track's new versions, or runs a command at each.</summary>
/// <remarks>
/// It asks INFO, one short frame, and reads the track only when something was committed since. The client reconnects, so a board that
/// restarts is waited for; the track's version tells afterwards whether anything changed.
/// </remarks>
internal sealed class WatchCommand
{
    private const int MostShown = 48;
    private const int GraceMs = 2000; // for a command that is running when this is interrupted

    private readonly Session session;
    private readonly uint track;
    private readonly string[] command;
    private readonly CancellationToken ct;

    private WatchCommand(Session session, uint track, string[] command, CancellationToken ct)
    {
        this.session = session;
        this.track = track;
        this.command = command;
        this.ct = ct;
    }

    /// <summary>What is known of the track: its version, 0 when there is none; whether its data are damaged; the data.</summary>
    private sealed record Seen(string StoreId, uint Version, bool IsDamaged, byte[]? Data);

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Argument<uint> track = TrackCommands.Track();
        Argument<string[]> run = new("COMMAND")
        {
            Description = "Run this at each version instead, behind --: its stdin is the data, NVS_TRACK and NVS_VERSION say which "
                + "(0: there is no such track).",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<int> every = NumberOption.One("--every", "MS", 1, 3_600_000, "Ask so often, in milliseconds.", 250);
        Option<int> count = NumberOption.One("--count", "NUMBER", 0, int.MaxValue, "End after so many versions; 0: never.", 0);
        Command command = new(
            "watch",
            "Prints the track's version, and each new one, until it is interrupted. Of versions faster than it asks it tells the last.")
        {
            track, run, every, count,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            WatchCommand watch = new(session, parsed.GetValue(track), parsed.GetValue(run) ?? [], ct);
            try
            {
                await watch.RunAsync(parsed.GetValue(every), parsed.GetValue(count)).ConfigureAwait(false);
                return ExitCode.Done;
            }
            catch (OperationCanceledException) when (ct.IsCancellationRequested)
            {
                return ExitCode.Interrupted; // That is how it ends.
            }
        });
        root.Subcommands.Add(command);
    }

    private async Task RunAsync(int everyMs, int count)
    {
        session.StaysConnected = true;
        await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
        client.StateChanged += (_, state) =>
        {
            if (state != NvsClientState.Closed)
                session.Err.WriteLine(state == NvsClientState.Connected ? "The board is back." : "The board is gone; looking for it.");
        };
        Seen? last = null;
        (string StoreId, uint Version)? asked = null;
        string? told = null;
        for (int versions = 0; ;)
        {
            try
            {
                uint commit = (await client.InfoAsync(ct).ConfigureAwait(false)).Version;
                if (asked != (client.Board.StoreId, commit))
                {
                    Seen seen = await LookAsync(client).ConfigureAwait(false);
                    asked = (client.Board.StoreId, commit);
                    if (last is null || (seen.StoreId, seen.Version, seen.IsDamaged) != (last.StoreId, last.Version, last.IsDamaged))
                    {
                        last = seen;
                        await TellAsync(seen).ConfigureAwait(false);
                        if (++versions == count)
                            return;
                    }
                }
                told = null;
            }
            catch (NvsRefusedException e) when (last is not null)
            {
                if (told != e.Message)
                    session.Err.WriteLine(e.Message);
                told = e.Message; // Once, until it is another one.
                asked = null;
            }
            await Task.Delay(everyMs, ct).ConfigureAwait(false);
        }
    }

    private async Task<Seen> LookAsync(NvsClient client)
    {
        try
        {
            NvsTrack? read = await client.ReadAsync(track, null, ct).ConfigureAwait(false);
            return new Seen(client.Board.StoreId, read?.Version ?? 0, false, read?.Data);
        }
        catch (NvsRefusedException e) when (e.Status == Status.TrackDamaged)
        {
            return new Seen(client.Board.StoreId, 0, true, null);
        }
    }

    private async Task TellAsync(Seen seen)
    {
        if (command.Length > 0)
            await ExecuteAsync(seen).ConfigureAwait(false);
        else if (session.IsJson)
            session.Around.Output.WriteLine(JsonSerializer.Serialize(
                new { track, version = seen.Version, isDamaged = seen.IsDamaged, bytes = seen.Data?.Length, data = seen.Data }));
        else
            session.Around.Output.WriteLine($"track {track}: {Describe(seen)}");
        session.Around.Output.Flush();
    }

    private static string Describe(Seen seen) => seen.IsDamaged ? "damaged"
        : seen.Data is null ? "none"
        : $"version {seen.Version}, {Session.Count(seen.Data.Length, "byte")}{Text(seen.Data)}";

    // What is text is shown, shortened.
    private static string Text(byte[] data)
    {
        string text = TrackText.IsText(data) ? Encoding.UTF8.GetString(data).TrimEnd('\n') : "";
        if (text.Length == 0 || text.Any(char.IsControl))
            return "";
        return text.Length <= MostShown ? $": {text}" : $": {text[..MostShown]}…";
    }

    private async Task ExecuteAsync(Seen seen)
    {
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardInput = true };
        start.Environment["NVS_TRACK"] = $"{track}";
        start.Environment["NVS_VERSION"] = $"{seen.Version}";
        start.Environment["NVS_DAMAGED"] = seen.IsDamaged ? "1" : "";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new ArgumentException($"{command[0]} does not start: {e.Message}", e);
        }
        using (process)
        {
            try
            {
                await process.StandardInput.BaseStream.WriteAsync(seen.Data ?? [], ct).ConfigureAwait(false);
                process.StandardInput.Close();
            }
            catch (System.IO.IOException)
            {
                // It does not read its stdin.
            }
            try
            {
                await process.WaitForExitAsync(ct).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                if (!process.WaitForExit(GraceMs)) // A terminal interrupts it, too.
                    process.Kill(true);
                throw;
            }
            if (process.ExitCode != 0)
                session.Err.WriteLine($"{command[0]} ended with code {process.ExitCode}, at version {seen.Version} of track {track}");
        }
    }
}
