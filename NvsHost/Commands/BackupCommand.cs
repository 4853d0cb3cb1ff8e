using System;
using System.CommandLine;
using Spectre.Console;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>Keeps all tracks of a store in a file.</summary>
internal static class BackupCommand
{
    private const int MostPasses = 10;

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Argument<string> file = new("FILE") { Description = "The file to write. It is replaced only when all data are there and checked." };
        Option<bool> mixed = new("--mixed")
        {
            Description = "When others commit all the time, take each track as it is at another moment; the file says so. "
                + "Else that is refused.",
        };
        Command command = new(
            "backup", "Keeps all tracks of the store in a file; ends with 6 when tracks are damaged, with the others in it.")
        {
            file, mixed,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            string path = parsed.GetValue(file)!;
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            int count = client.Board.State == Status.Ok ? (await client.InfoAsync(ct).ConfigureAwait(false)).Tracks : 0;
            StoreReading reading = await session.WithProgressAsync("Reading", count, async progress =>
            {
                StoreReading reading = new(client, progress, ct);
                await reading.RunAsync(MostPasses).ConfigureAwait(false);
                return reading;
            }).ConfigureAwait(false);
            if (!reading.IsSnapshot && !parsed.GetValue(mixed))
                throw new MismatchException(
                    $"Others committed in each of {MostPasses} tries (commits {reading.FirstVersion} to {reading.LastVersion}), "
                    + "so there is no moment of which all tracks could be kept. Nothing was written. Stop the others, or take --mixed.");
            BackupFile backup = Of(client.Board, reading);
            byte[] bytes = backup.ToBytes();
            await Files.ReplaceAsync(path, bytes, ct, stored => BackupFile.Parse(stored, path)).ConfigureAwait(false);
            session.Answer(
                new
                {
                    File = path,
                    Tracks = backup.Tracks.Count,
                    backup.Bytes,
                    Damaged = backup.Damaged.Count,
                    backup.Header.FirstVersion,
                    backup.Header.LastVersion,
                    backup.Header.IsSnapshot,
                    reading.Passes,
                },
                () => session.Out.WriteLine(
                    $"{Session.Count(backup.Tracks.Count, "track")}, {backup.Bytes} bytes of data in {path}, {Moment(backup.Header)}"));
            return TellDamaged(session, backup);
        });
        root.Subcommands.Add(command);
    }

    /// <summary>Of which moment a backup is, for a person.</summary>
    public static string Moment(BackupHeader header) => header.IsSnapshot
        ? $"as commit {header.LastVersion} left the store"
        : $"each from another moment between commits {header.FirstVersion} and {header.LastVersion}";

    /// <summary>Says which tracks are not in a backup.</summary>
    /// <returns>The exit code.</returns>
    public static int TellDamaged(Session session, BackupFile backup)
    {
        foreach (BackupTrack track in backup.Damaged)
            session.Err.WriteLine($"track {track.Track} version {track.Version} was damaged ({track.Damage}): it is not in the backup");
        return backup.Damaged.Count == 0 ? ExitCode.Done : ExitCode.Mismatch;
    }

    private static BackupFile Of(BoardInfo board, StoreReading reading) => new(
        new BackupHeader(
            BackupFile.FormatName,
            1,
            board.StoreId,
            board.BoardName,
            board.ChipName,
            DateTimeOffset.UtcNow,
            reading.FirstVersion,
            reading.LastVersion,
            reading.IsSnapshot),
        reading.Tracks);
}
