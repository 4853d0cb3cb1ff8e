using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using CliWrap;
using NvsFirmware.Tests.Host;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Mutations;

/// <summary>One run of Stryker.NET, which .config/dotnet-tools.json pins.</summary>
internal static partial class StrykerRun
{
    // A configuration of its own: Stryker puts its changed assembly where it builds, and this program runs from there otherwise.
    private const string Configuration = "Mutated";

    // Beside half as much again as the tests took without a mutant; for a machine that becomes busy meanwhile.
    private const int MoreTimeMs = 15_000;

    // What is no behaviour: the words of messages, and what is written to a log.
    private static readonly string[] leftOutMutations = ["string"];
    private static readonly string[] leftOutCalls = ["*Exception.ctor", "ConfigureAwait", "Log*", "GC.SuppressFinalize"];

    /// <summary>Tries mutants.</summary>
    /// <param name="target">Of which files.</param>
    /// <param name="only">Of a file only those within these; files that are not there, whole.</param>
    /// <param name="report">Is told how many are done, of how many.</param>
    public static async Task<IReadOnlyList<Mutant>> TryAsync(
        MutationTarget target, IReadOnlyDictionary<string, IReadOnlyList<Mutant>> only, Action<int, int> report)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("nvs-mutations");
        try
        {
            string config = Path.Combine(folder.FullName, "stryker-config.json");
            File.WriteAllText(config, ConfigFor(target, only).ToJsonString());
            StringBuilder output = new();
            await Cli.Wrap("dotnet").WithArguments(["tool", "restore"]).WithWorkingDirectory(MarkdownSamples.Root).ExecuteAsync();
            ForgetInterruptedRun();
            DotCounter dots = new(report);
            CommandResult result = await Cli.Wrap("dotnet")
                .WithArguments(["dotnet-stryker", "--config-file", config, "--output", folder.FullName])
                .WithWorkingDirectory(Path.Combine(MarkdownSamples.Root, "NvsFirmware.Tests"))
                .WithEnvironmentVariables(new Dictionary<string, string?>
                {
                    // Always the same choice of what tests take by chance: else a mutant is found in one run only.
                    [TestSeed.Variable] = "1",
                    [MutationTarget.FilterVariable] = target.Filter,
                    ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                })
                .WithStandardOutputPipe(PipeTarget.Merge(PipeTarget.ToStringBuilder(output), PipeTarget.Create(dots.CountAsync)))
                .WithStandardErrorPipe(PipeTarget.ToStringBuilder(output))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync();
            string json = Path.Combine(folder.FullName, "reports", "mutation-report.json");
            if (result.ExitCode != 0 || !File.Exists(json))
                throw new InvalidOperationException($"Stryker ended with {result.ExitCode}. Are all tests green?\n{output}");
            return [.. StrykerReport.Read(json)];
        }
        finally
        {
            folder.Delete(true);
        }
    }

    // One that was killed leaves its mutants in the assemblies that are built.
    private static void ForgetInterruptedRun()
    {
        string folder = Path.Combine(MarkdownSamples.Root, "NvsFirmware.Tests/bin/sim", Configuration);
        if (!Directory.Exists(folder))
            return;
        foreach (string kept in Directory.GetFiles(folder, "*.stryker-unchanged", SearchOption.AllDirectories))
        {
            File.Delete(kept[..^".stryker-unchanged".Length]);
            File.Delete(kept);
        }
    }

    private static JsonObject ConfigFor(MutationTarget target, IReadOnlyDictionary<string, IReadOnlyList<Mutant>> only)
    {
        string project = Path.GetDirectoryName(target.Project)!.Replace('\\', '/');
        return new JsonObject
        {
            ["stryker-config"] = new JsonObject
            {
                ["project"] = Path.GetFileName(target.Project),
                ["configuration"] = Configuration,
                // One process runs the tests for one mutant after the other; see TestServer.
                ["test-runner"] = "mtp",
                ["reporters"] = new JsonArray("json", "dots"),
                ["mutation-level"] = "Complete",
                ["coverage-analysis"] = "perTest",
                ["concurrency"] = Environment.ProcessorCount,
                ["additional-timeout"] = MoreTimeMs,
                ["ignore-mutations"] = ToArray(leftOutMutations),
                ["ignore-methods"] = ToArray(leftOutCalls),
                ["mutate"] = ToArray(target.Files.Select(file =>
                    Path.GetRelativePath(project, file).Replace('\\', '/') + Spans(only.GetValueOrDefault(file)))),
            },
        };
    }

    private static string Spans(IReadOnlyList<Mutant>? mutants) =>
        mutants == null ? "" : string.Concat(mutants.Select(mutant => $"{{{mutant.Start}..{mutant.End}}}").Distinct());

    private static JsonArray ToArray(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];

    [GeneratedRegex(@"(\d+)\s+total mutants will be tested")]
    private static partial Regex Total();

    /// <summary>Counts the mutants that Stryker prints a character each for.</summary>
    private sealed class DotCounter(Action<int, int> report)
    {
        public async Task CountAsync(Stream stdout, CancellationToken ct)
        {
            using StreamReader reader = new(stdout, leaveOpen: true);
            StringBuilder line = new();
            char[] buffer = new char[256];
            int total = 0;
            int done = 0;
            for (int count; (count = await reader.ReadAsync(buffer, ct)) > 0;)
            {
                foreach (char character in buffer[..count])
                {
                    if (character == '\n')
                    {
                        if (Total().Match(line.ToString()) is { Success: true } match)
                            total = int.Parse(match.Groups[1].ValueSpan);
                        line.Clear();
                        continue;
                    }
                    line.Append(character);
                    if (total > 0 && line[0] != '[' && character is '.' or 'S' or 'T' or 'E')
                        done++;
                }
                report(done, total);
            }
        }
    }
}
