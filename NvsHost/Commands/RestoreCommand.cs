using System;
using System.CommandLine;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;

namespace NvsHost.Commands;

/// <summary>Brings the tracks of a backup into a store.</summary>
internal static class RestoreCommand
{
    private const int MostFileBytes = 64 * 1024 * 1024;

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Argument<string> file = new("FILE") { Description = "The backup; - for stdin." };
        Option<string?> replace = new("--replace")
        {
            Description = "The id of the store whose other tracks are to be lost: it then holds what the backup holds, and nothing else.",
            HelpName = "NAME",
        };
        Option<bool> check = new("--check") { Description = "Only check the file; needs no board." };
        Command command = new(
            "restore",
            "Brings the tracks of a backup into the store, which is empty or holds a part of them. "
                + "After an interruption the same command goes on.")
        {
            file, replace, check,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            string path = parsed.GetValue(file)!;
            byte[] stored = await Files.ReadAsync(path, session.Around.OpenInput, MostFileBytes, "a backup", ct).ConfigureAwait(false);
            BackupFile backup = BackupFile.Parse(stored, path);
            if (parsed.GetValue(check))
            {
                session.Answer(
                    new { File = path, backup.Header, Tracks = backup.Tracks.Count, backup.Bytes, Damaged = backup.Damaged.Count },
                    () => session.Out.WriteLine(
                        $"{path} is whole: {Session.Count(backup.Tracks.Count, "track")}, {backup.Bytes} bytes of data, "
                        + BackupCommand.Moment(backup.Header)));
                return BackupCommand.TellDamaged(session, backup);
            }
            await using NvsClient client = await session.OpenAsync(ct).ConfigureAwait(false);
            RestorePlan plan = await RestorePlan.MakeAsync(client, backup, parsed.GetValue(replace), ct).ConfigureAwait(false);
            await CarryOutAsync(session, client, plan, ct).ConfigureAwait(false);
            await plan.VerifyAsync(client, ct).ConfigureAwait(false);
            uint version = (await client.InfoAsync(ct).ConfigureAwait(false)).Version;
            session.AnswerCommitted(
                new
                {
                    File = path,
                    Tracks = backup.Tracks.Count,
                    Written = plan.Written,
                    Unchanged = plan.Unchanged,
                    Released = plan.Released,
                    Batches = plan.Batches.Count,
                    Version = version,
                },
                () => session.Out.WriteLine(
                    $"{Session.Count(plan.Written, "track")} restored in {Session.Count(plan.Batches.Count, "commit")}, "
                    + $"{plan.Unchanged} were there already, {plan.Released} released; "
                    + $"all {backup.Tracks.Count} of the backup read back and right"));
            return BackupCommand.TellDamaged(session, backup);
        });
        root.Subcommands.Add(command);
    }

    private static async Task CarryOutAsync(Session session, NvsClient client, RestorePlan plan, CancellationToken ct)
    {
        int done = 0;
        try
        {
            await session.WithProgressAsync("Restoring", plan.Batches.Count, async progress =>
            {
                foreach (WriteItem[] batch in plan.Batches)
                {
                    await client.WriteBatchAsync(batch, null, ct).ConfigureAwait(false);
                    progress.Report(++done);
                }
                return done;
            }).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NvsException or OperationCanceledException)
        {
            session.Err.WriteLine($"{done} of {plan.Batches.Count} commits are done. The same command goes on from there.");
            throw;
        }
    }
}
