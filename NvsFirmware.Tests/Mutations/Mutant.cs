using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace NvsFirmware.Tests.Mutations;

/// <summary>What became of a mutant.</summary>
internal enum MutantState
{
    /// <summary>A test failed.</summary>
    Found,

    /// <summary>The tests took far longer than without it.</summary>
    FoundByTimeout,

    /// <summary>All tests passed, or none reaches it.</summary>
    Survives,
}

/// <summary>One change of the code, and what the tests said to it.</summary>
/// <param name="File">The file, from the repository's root.</param>
/// <param name="Line">The line, from 1.</param>
/// <param name="Start">Where in the file the changed code begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="SourceLine">The line's text.</param>
/// <param name="Original">The changed code, on one line.</param>
/// <param name="Replacement">What is there instead, on one line.</param>
/// <param name="State">What the tests said.</param>
/// <param name="FoundIn">The file of the test that found it; null if that is not known.</param>
/// <param name="TestsHash">Tells whether that file, or where it survives all tests, are still the same.</param>
internal sealed partial record Mutant(
    string File, int Line, int Start, int End, string SourceLine, string Original, string Replacement, MutantState State, string? FoundIn, string TestsHash)
{
    private const int LongestText = 100;

    /// <summary>What it is known by when lines above it come and go.</summary>
    [JsonIgnore]
    public string Key => $"`{SourceLine}`: `{Original}` → `{Replacement}`";

    /// <summary>Code as a short piece of one line.</summary>
    public static string OneLine(string code)
    {
        string text = Spaces().Replace(code.Trim(), " ");
        return (text.Length <= LongestText ? text : text[..LongestText] + "…").Replace('`', '\'');
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
