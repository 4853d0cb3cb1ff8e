using System;
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
/// <param name="Member">The method, property or field in which it is.</param>
/// <param name="SourceLine">The line's text.</param>
/// <param name="Original">The changed code, on one line.</param>
/// <param name="Replacement">What is there instead, on one line.</param>
/// <param name="State">What the tests said.</param>
/// <param name="FoundIn">The file of the test that found it; null if that is not known.</param>
/// <param name="TestsHash">Tells whether that file, or where it survives all tests, are still the same.</param>
internal sealed partial record Mutant(
    string File, int Line, int Start, int End, string Member, string SourceLine, string Original, string Replacement, MutantState State,
    string? FoundIn, string TestsHash)
{
    private const int LongestText = 80;
    private const int Around = 20; // characters beside what changes

    /// <summary>What it is known by when lines above it come and go.</summary>
    [JsonIgnore]
    public string Key =>
        $"{Member}, `{Cut(SourceLine, 0, LongestText)}`: `{Difference(Original, Replacement)}` → `{Difference(Replacement, Original)}`";

    /// <summary>Code as a piece of one line.</summary>
    public static string OneLine(string code) => Spaces().Replace(code.Trim(), " ").Replace('`', '\'');

    // All of it, if it is short, else what is not in the other one, and a little before and behind.
    private static string Difference(string text, string other)
    {
        if (text.Length <= LongestText)
            return text;
        int start = text.AsSpan().CommonPrefixLength(other);
        int end = 0;
        while (end < text.Length - start && end < other.Length - start && text[^(end + 1)] == other[^(end + 1)])
            end++;
        return Cut(text, Math.Max(0, start - Around), Math.Min(text.Length, Math.Max(text.Length - end + Around, start + Around)));
    }

    private static string Cut(string text, int start, int end) =>
        (start > 0 ? "…" : "") + text[start..Math.Min(text.Length, end)] + (end < text.Length ? "…" : "");

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
