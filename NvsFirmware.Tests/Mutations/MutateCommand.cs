using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading.Tasks;
using NvsFirmware.Tests.Host;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Mutations;

/// <summary>The command `mutate`: changes the code in one place at a time and sees whether a test notices.</summary>
internal static class MutateCommand
{
    private static readonly Argument<string[]> pathsArgument = new("PATH")
    {
        Description = "A folder, a file, or FILE:LINE; all of them if none is named.",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private static readonly Option<bool> anewOption = new("--anew") { Description = "Believe nothing that earlier runs found out." };

    public static Command Create()
    {
        Command command = new("mutate", "Changes the code in one place at a time, with Stryker.NET, and sees whether a test notices.")
        {
            pathsArgument, anewOption,
        };
        command.SetAction(async parsed =>
        {
            string[] paths = [.. parsed.GetValue(pathsArgument)!.Select(FromRoot)];
            int? line = null;
            if (paths is [string single] && single.Split(':') is [string file, string number])
            {
                paths = [file];
                line = int.Parse(number, CultureInfo.InvariantCulture);
            }
            MutationTarget[] targets =
                [.. MutationTarget.All().Select(target => target.Within(paths)).Where(target => target.Files.Count > 0)];
            if (targets.Length == 0)
            {
                Console.Error.WriteLine(
                    $"Nothing is mutated in {string.Join(", ", paths)}. "
                    + "What is: NvsFirmware, and of NvsHost/Client what speaks the protocol.");
                return 2;
            }
            foreach (MutationTarget target in targets)
                await TryAsync(target, parsed.GetValue(anewOption), line);
            return Tell([.. targets.SelectMany(target => target.Files)], line) ? 0 : 1;
        });
        return command;
    }

    private static string FromRoot(string path) =>
        path == "all" ? "." : Path.GetRelativePath(MarkdownSamples.Root, Path.GetFullPath(path)).Replace('\\', '/');

    private static async Task TryAsync(MutationTarget target, bool isAnew, int? line)
    {
        Dictionary<string, IReadOnlyList<Mutant>> only = [];
        List<string> files = [];
        foreach (string file in target.Files)
        {
            KeptMutants? kept = KeptMutants.Of(file);
            IReadOnlyList<Mutant>? again = kept == null || (isAnew && line == null) ? null
                : [.. line == null ? kept.ToTryAgain() : kept.Mutants.Where(mutant => mutant.Line == line)];
            if (again is { Count: 0 })
                continue;
            files.Add(file);
            if (again != null)
                only[file] = again;
        }
        if (files.Count == 0)
            return;
        string what = files.Count == 1 ? files[0] : $"{files.Count} files of {Path.GetDirectoryName(target.Project)}";
        _ = KeptMutants.HashOfTests; // those that are tried, not those that somebody writes meanwhile
        Console.Error.WriteLine($"{what}: builds, and runs the tests without a mutant");
        IReadOnlyList<Mutant> tried = [];
        await Task.Run(() => Progress.Show(what, null, report => tried = StrykerRun.TryAsync(
            target with { Files = files }, only,
            (done, total) => report(total == 0 ? 0 : (double)done / total, $"{what}: {done} of {total} mutants"))
            .GetAwaiter().GetResult()));
        ILookup<string, Mutant> byFile = tried.ToLookup(mutant => mutant.File);
        foreach (string file in files)
            KeptMutants.Keep(file, [.. byFile[file]], isWhole: !only.ContainsKey(file));
    }

    // The figures of each file, then what nobody knows a reason for. True if there is nothing of that kind.
    private static bool Tell(IReadOnlyList<string> files, int? line)
    {
        NamedSurvivors named = new();
        List<Mutant> all = [];
        List<Mutant> unnamed = [];
        List<string> superfluous = [];
        foreach (string file in files)
        {
            Mutant[] ofFile = [.. (KeptMutants.Of(file)?.Mutants ?? []).Where(mutant => line == null || mutant.Line == line)];
            IReadOnlyList<Mutant> survivors = named.Unnamed(
                file, ofFile.Where(mutant => mutant.State == MutantState.Survives), out IReadOnlyList<string> names);
            all.AddRange(ofFile);
            unnamed.AddRange(survivors);
            superfluous.AddRange(names.Select(name => $"{file}: {name}"));
            if (ofFile.Length > 0)
                Console.WriteLine(Figures(file, ofFile, survivors.Count));
        }
        if (files.Count > 1)
            Console.WriteLine(Figures("in all", all, unnamed.Count));
        foreach (Mutant mutant in unnamed)
            Console.WriteLine($"SURVIVES {mutant.File}:{mutant.Line}\n- {mutant.Key}\n"
                + $"  again: {ProofCommands.Run} mutate {mutant.File}:{mutant.Line}");
        if (line != null)
            superfluous.Clear(); // most of the file was not looked at
        foreach (string name in superfluous)
            Console.WriteLine($"NAMED, but there is no such survivor: {name}");
        if (unnamed.Count + superfluous.Count == 0)
            return true;
        Console.WriteLine($"Write a test, or name the reason why there can be none in {NamedSurvivors.Document}.");
        return false;
    }

    private static string Figures(string what, IReadOnlyCollection<Mutant> mutants, int unnamed)
    {
        int found = mutants.Count(mutant => mutant.State != MutantState.Survives);
        int byTimeout = mutants.Count(mutant => mutant.State == MutantState.FoundByTimeout);
        int named = mutants.Count - found - unnamed;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {mutants.Count} mutants, "
                + $"{found} found ({100.0 * found / Math.Max(1, mutants.Count):F1} %; {byTimeout} by a timeout), "
                + $"{named} named, {unnamed} survive");
    }
}
