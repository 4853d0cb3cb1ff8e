using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Host;

/// <summary>The READMEs say what is so: their programs compile and run, their commands are there.</summary>
[TestClass]
[OnlyOnDotNet("compiles programs, and runs them against a board that is a process")]
public sealed partial class ReadmeTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// Breaks when a program in a README does not compile, without any using that it does not show, or fails on an empty store.
    /// </summary>
    [TestMethod]
    public async Task TheProgramsRun()
    {
        foreach (string document in MarkdownSamples.Documents)
        {
            using PtyBoard board = new(Path.Combine(folder, $"{document.Length}.fram"), formatsBlank: true);
            foreach (string sample in MarkdownSamples.Of(document, board.Port))
                await RunAsync(sample, document);
            StringAssert.Contains(NvsCommand.Run(board.Port, null, "list").Expect(0).Output, " 7 ", $"{document} stores track 7");
        }
    }

    /// <summary>Breaks when a document shows a command or an option that nvs does not have.</summary>
    [TestMethod]
    public void TheCommandsAreThere()
    {
        RootCommand root = NvsCommand.Root;
        int checkedLines = 0;
        foreach (string document in new[] { "README.md", "NvsHost/README.md", "NvsHost/Client/README.md", "docs/cli.md", "docs/boards.md",
            "docs/backup.md", "docs/inspect.md", "docs/serve.md", "boards/sim/README.md" })
            foreach (string line in CommandLines(File.ReadAllText(Path.Combine(MarkdownSamples.Root, document))))
            {
                ParseResult parsed = root.Parse(line);
                Assert.IsEmpty(parsed.Errors, $"{document}: nvs {line}: {string.Join(' ', parsed.Errors.Select(error => error.Message))}");
                Assert.IsFalse(
                    parsed.CommandResult.Command is RootCommand && line.Length > 0 && !line.StartsWith('-'), $"{document}: nvs {line}");
                checkedLines++;
            }
        Assert.IsGreaterThan(15, checkedLines);
    }

    /// <summary>Breaks when docs/cli.md leaves out a command or an option of nvs.</summary>
    [TestMethod]
    public void TheReferenceIsWhole()
    {
        string text = File.ReadAllText(Path.Combine(MarkdownSamples.Root, "docs/cli.md"));
        RootCommand root = NvsCommand.Root;
        foreach (Command command in root.Subcommands)
        {
            StringAssert.Contains(text, $"`nvs {command.Name}");
            if (command.Name != "sim") // Its options are in boards/sim/README.md.
                foreach (Option option in command.Options)
                    StringAssert.Contains(text, option.Name, $"nvs {command.Name}");
        }
        string sim = File.ReadAllText(Path.Combine(MarkdownSamples.Root, "boards/sim/README.md"));
        foreach (Option option in root.Subcommands.Single(command => command.Name == "sim").Options)
            StringAssert.Contains(sim, option.Name);
    }

    // Of lines that are indented by four, up to what the shell makes of the rest.
    private static IEnumerable<string> CommandLines(string text) =>
        from line in text.Split('\n')
        let match = Invocation().Match(line)
        where match.Success
        let arguments = match.Groups[1].Value.Trim()
        where !arguments.Contains('…')
        select arguments.Replace("STOREID", "0123456789abcdef");

    private static async Task RunAsync(string sample, string document)
    {
        // No global usings: the projects of others need not have them.
        CSharpCompilation compilation = CSharpCompilation.Create(
            "Sample",
            [CSharpSyntaxTree.ParseText(sample)],
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
                .Select(path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable));
        using MemoryStream image = new();
        Microsoft.CodeAnalysis.Emit.EmitResult result = compilation.Emit(image);
        Assert.IsTrue(result.Success, $"{document}: {string.Join('\n', result.Diagnostics)}");
        Assert.IsEmpty(result.Diagnostics.Where(d => d.Severity >= DiagnosticSeverity.Warning), document);
        MethodInfo main = Assembly.Load(image.ToArray()).EntryPoint!;
        // An asynchronous one is wrapped in one that waits for it.
        await Task.Run(() => main.Invoke(null, main.GetParameters().Length == 0 ? null : [Array.Empty<string>()]));
    }

    [GeneratedRegex(@"^    (?:[^#\n]*\| *)?nvs(?: ([^|#>&<\n]*))?")]
    private static partial Regex Invocation();
}
