using System;
using System.CommandLine;
using System.IO;
using System.Linq;

namespace NvsHost.Commands;

/// <summary>completion: prints the script that teaches a shell to complete nvs. It asks nvs itself, with its directive [suggest].</summary>
internal static class CompletionCommand
{
    private static readonly string[] shells = ["bash", "zsh", "fish", "powershell"];

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh, fish or powershell." };
        shell.CompletionSources.Add(shells);
        shell.Validators.Add(result =>
        {
            if (!shells.Contains(result.Tokens[0].Value))
                result.AddError($"SHELL is {string.Join(", ", shells[..^1])} or {shells[^1]}, not \"{result.Tokens[0].Value}\".");
        });
        Command command = new("completion", "Prints the script that makes a shell complete nvs; docs/cli.md says where it goes.") { shell };
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.Write(Script(parsed.GetValue(shell)!)));
        root.Subcommands.Add(command);
    }

    private static string Script(string shell)
    {
        using Stream stream = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"completion.{shell}")!;
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }
}
