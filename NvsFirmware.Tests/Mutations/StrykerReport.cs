using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using NvsFirmware.Tests.Host;

namespace NvsFirmware.Tests.Mutations;

/// <summary>Reads what Stryker found out.</summary>
internal static class StrykerReport
{
    private sealed record Report(Dictionary<string, SourceFile> Files, Dictionary<string, TestFile>? TestFiles);

    private sealed record SourceFile(string Source, IReadOnlyList<Tried> Mutants);

    private sealed record Tried(string Replacement, Span Location, string Status, IReadOnlyList<string>? KilledBy);

    private sealed record Span(Place Start, Place End);

    private sealed record Place(int Line, int Column);

    private sealed record TestFile(IReadOnlyList<Test> Tests);

    private sealed record Test(string Id);

    /// <summary>The mutants that were tried.</summary>
    /// <param name="json">The path of its report.</param>
    public static IEnumerable<Mutant> Read(string json)
    {
        Report report = JsonSerializer.Deserialize<Report>(File.ReadAllText(json), JsonSerializerOptions.Web)!;
        Dictionary<string, string> fileOfTest = [];
        foreach ((string path, TestFile file) in report.TestFiles ?? [])
        {
            foreach (Test test in file.Tests)
                fileOfTest[test.Id] = path;
        }
        foreach ((string path, SourceFile file) in report.Files)
        {
            int[] lines = [.. LineStarts(file.Source)];
            SyntaxNode root = CSharpSyntaxTree.ParseText(file.Source).GetRoot();
            foreach (Tried tried in file.Mutants)
            {
                if (StateOf(tried.Status) is not MutantState state)
                    continue;
                int start = Offset(lines, tried.Location.Start);
                int end = Offset(lines, tried.Location.End);
                string? killer = tried.KilledBy?.Select(id => fileOfTest.GetValueOrDefault(id)).FirstOrDefault(found => found != null);
                yield return new Mutant(
                    Path.GetRelativePath(MarkdownSamples.Root, path).Replace('\\', '/'), tried.Location.Start.Line, start, end,
                    MemberAt(root, start), Mutant.OneLine(file.Source.Split('\n')[tried.Location.Start.Line - 1]),
                    Mutant.OneLine(file.Source[start..end]),
                    Mutant.OneLine(tried.Replacement), state, killer,
                    killer == null ? KeptMutants.HashOfTests : KeptMutants.HashOfFile(killer));
            }
        }
    }

    // A crash of the test process is found, too: nobody overlooks it. What does not compile, and what was not asked for, is no mutant.
    private static MutantState? StateOf(string status) => status switch
    {
        "Killed" or "RuntimeError" => MutantState.Found,
        "Timeout" => MutantState.FoundByTimeout,
        "Survived" or "NoCoverage" => MutantState.Survives,
        _ => null,
    };

    private static string MemberAt(SyntaxNode root, int at)
    {
        foreach (SyntaxNode node in root.FindToken(at).Parent!.AncestorsAndSelf())
        {
            switch (node)
            {
                case MethodDeclarationSyntax method:
                    return method.Identifier.Text;
                case PropertyDeclarationSyntax property:
                    return property.Identifier.Text;
                case VariableDeclaratorSyntax { Parent.Parent: FieldDeclarationSyntax } field:
                    return field.Identifier.Text;
                case ConstructorDeclarationSyntax:
                    return "constructor";
            }
        }
        return "file";
    }

    private static IEnumerable<int> LineStarts(string text)
    {
        yield return 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n')
                yield return i + 1;
        }
    }

    private static int Offset(int[] lines, Place place) => lines[place.Line - 1] + place.Column - 1;
}
