using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Text.Json;
using NvsFirmware.Tests.Host;

namespace NvsFirmware.Tests.Mutations;

/// <summary>
/// What earlier runs found out about a file. It stands as long as the file is the same; that a mutant was found, as long as the file of the
/// test that found it is; that one survives, as long as all tests are.
/// </summary>
/// <param name="SourceHash">Tells whether the file is the same.</param>
/// <param name="Mutants">What was found out.</param>
internal sealed record KeptMutants(string SourceHash, IReadOnlyList<Mutant> Mutants)
{
    private static readonly string folder = Path.Combine(MarkdownSamples.Root, "NvsFirmware.Tests/obj/mutations");

    private static readonly Dictionary<string, string> hashes = [];

    private static readonly Lazy<string> testsNow = new(() => Hash(string.Concat(
        Directory.EnumerateFiles(Path.Combine(MarkdownSamples.Root, "NvsFirmware.Tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
            .Order().Select(HashOfFile))));

    /// <summary>Tells whether all tests are the same.</summary>
    public static string HashOfTests => testsNow.Value;

    /// <summary>What is known about a file that has not changed since; null if nothing is.</summary>
    public static KeptMutants? Of(string file)
    {
        if (!File.Exists(PathOf(file)))
            return null;
        KeptMutants kept = JsonSerializer.Deserialize<KeptMutants>(File.ReadAllText(PathOf(file)))!;
        return kept.SourceHash == HashOfFile(Path.Combine(MarkdownSamples.Root, file)) ? kept : null;
    }

    /// <summary>Keeps what a run found out about a file, unless it tried all of it beside what was known and was not tried again.</summary>
    public static void Keep(string file, IReadOnlyList<Mutant> tried, bool isWhole)
    {
        HashSet<(int, int, string)> again = [.. tried.Select(Place)];
        IEnumerable<Mutant> others = (isWhole ? null : Of(file))?.Mutants.Where(mutant => !again.Contains(Place(mutant))) ?? [];
        KeptMutants kept = new(
            HashOfFile(Path.Combine(MarkdownSamples.Root, file)), [.. tried.Concat(others).OrderBy(mutant => mutant.Start)]);
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(file))!);
        File.WriteAllText(PathOf(file), JsonSerializer.Serialize(kept));
    }

    /// <summary>The mutants about which the tests of today may say something else.</summary>
    public IEnumerable<Mutant> ToTryAgain() => Mutants.Where(mutant => mutant.State switch
    {
        MutantState.Survives => mutant.TestsHash != HashOfTests,
        _ => mutant.FoundIn != null && (!File.Exists(mutant.FoundIn) || mutant.TestsHash != HashOfFile(mutant.FoundIn)),
    });

    /// <summary>Tells whether a file is the same.</summary>
    public static string HashOfFile(string path)
    {
        if (!hashes.TryGetValue(path, out string? hash))
            hashes[path] = hash = Hash(File.ReadAllText(path));
        return hash;
    }

    private static (int Start, int End, string Replacement) Place(Mutant mutant) => (mutant.Start, mutant.End, mutant.Replacement);

    private static string PathOf(string file) => Path.Combine(folder, $"{file}.json");

    private static string Hash(string text) => Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)))[..16];
}
