using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using NvsFirmware.Tests.Host;

namespace NvsFirmware.Tests.Mutations;

/// <summary>The mutants that no test can see, each with the reason: survivors.md, beside this file.</summary>
internal sealed partial class NamedSurvivors
{
    private readonly Dictionary<string, List<string>> keys = [];

    /// <summary>Where they are.</summary>
    public const string Document = "NvsFirmware.Tests/Mutations/survivors.md";

    public NamedSurvivors()
    {
        string file = "";
        List<string> withoutReason = [];
        foreach (string line in File.ReadLines(Path.Combine(MarkdownSamples.Root, Document)))
        {
            if (line.StartsWith("## ", System.StringComparison.Ordinal))
            {
                RequireReason(withoutReason);
                file = line[3..].Trim();
            }
            else if (Key().Match(line) is { Success: true } match)
            {
                if (!keys.TryGetValue(file, out List<string>? ofFile))
                    keys[file] = ofFile = [];
                ofFile.Add(match.Groups[1].Value);
                withoutReason.Add(line);
            }
            else if (line.StartsWith("  ", System.StringComparison.Ordinal) && line.Trim().Length > 0)
                withoutReason.Clear(); // one reason for all above it
        }
        RequireReason(withoutReason);
    }

    /// <summary>Those of a file's survivors that are not named. One name stands for one survivor, also where lines are alike.</summary>
    /// <param name="file">The file.</param>
    /// <param name="survivors">Its survivors.</param>
    /// <param name="superfluous">The names that stand for none.</param>
    public IReadOnlyList<Mutant> Unnamed(string file, IEnumerable<Mutant> survivors, out IReadOnlyList<string> superfluous)
    {
        List<string> names = [.. keys.GetValueOrDefault(file) ?? []];
        List<Mutant> unnamed = [.. survivors.Where(survivor => !names.Remove(survivor.Key))];
        superfluous = names;
        return unnamed;
    }

    private static void RequireReason(List<string> withoutReason)
    {
        if (withoutReason.Count > 0)
            throw new InvalidDataException($"{Document} gives no reason for: {withoutReason[0]}");
    }

    [GeneratedRegex("^- (.+, `.*`: `.*` → `.*`)$")]
    private static partial Regex Key();
}
