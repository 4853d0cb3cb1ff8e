using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsMedium;
using Spectre.Console;

namespace NvsHost.Commands;

/// <summary>Reads the image of an FRAM without a board.</summary>
internal static class InspectCommand
{
    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Argument<string> image = new("IMAGE")
        {
            Description = "The bytes of the chip: read out by a programmer, or the file of a simulated board.",
        };
        Option<string?> extract = new("--extract")
        {
            Description = "Write each whole track into this directory, which must be new or empty: a file named by the track's number.",
            HelpName = "DIR",
        };
        Command command = new("inspect", "Reads the image of an FRAM without a board; ends with 6 when something is damaged.")
        {
            image, extract,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            string path = parsed.GetValue(image)!;
            FramImage fram = FramImage.Read(path);
            Medium medium = Medium.Read(fram.Cells);
            List<string>? files = parsed.GetValue(extract) is { } folder
                ? await ExtractAsync(medium, folder, ct).ConfigureAwait(false)
                : null;
            session.Answer(InspectJson.Of(path, fram, medium, files), () => new InspectReport(session.Out, path, fram, medium).Print());
            return Tell(session, medium, files, fram);
        });
        root.Subcommands.Add(command);
    }

    private static async Task<List<string>> ExtractAsync(Medium medium, string folder, CancellationToken ct)
    {
        if (medium.State != MediumState.Store)
            throw new ArgumentException($"There is nothing to extract: the image holds no store that can be read ({medium.State}).");
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new ArgumentException($"{folder} is not empty: name a new directory, so that nothing is overwritten.");
        Directory.CreateDirectory(folder);
        List<string> files = [];
        foreach ((uint track, MediumTrack found) in medium.Tracks.OrderBy(pair => pair.Key))
        {
            if (found.Data is null)
                continue;
            string file = Path.Combine(folder, $"{track}");
            await Files.ReplaceAsync(file, found.Data, ct).ConfigureAwait(false);
            files.Add(file);
        }
        return files;
    }

    private static int Tell(Session session, Medium medium, List<string>? files, FramImage fram)
    {
        if (fram.IsInUse)
            session.Err.WriteLine("A running board has this file: this is how it was at one moment.");
        if (files is not null)
            session.Err.WriteLine($"{Session.Count(files.Count, "track")} extracted, {medium.Tracks.Count - files.Count} damaged.");
        switch (medium.State)
        {
            case MediumState.Newer:
                session.Err.WriteLine("A later firmware made this store: use the nvs that came with it.");
                return ExitCode.Usage;
            case MediumState.Damaged:
                session.Err.WriteLine(
                    "No copy of the superblock tells where everything lies: a board says StoreDamaged, or that there is no store.");
                return ExitCode.Mismatch;
            default:
                return medium.Damages.Count == 0 ? ExitCode.Done : ExitCode.Mismatch;
        }
    }
}
