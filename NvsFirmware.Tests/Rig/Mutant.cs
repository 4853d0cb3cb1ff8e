using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>The firmware with a mistake built in, and the tests run against it.</summary>
/// <remarks>
/// The firmware's sources are compiled here, with a text replaced, and loaded beside the real firmware together with second copies of the
/// simulated board and of these tests. So the same tests run as always, and the firmware needs no switches.
/// </remarks>
/// <param name="Name">What is wrong with it.</param>
/// <param name="File">The source file, below NvsFirmware.</param>
/// <param name="Edits">What stands there, once, and what instead.</param>
public sealed record Mutant(string Name, string File, params (string Old, string New)[] Edits)
{
    private static readonly CSharpParseOptions language = new(LanguageVersion.CSharp10);

    private static readonly Lazy<List<MetadataReference>> references = new(() =>
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(path => Path.GetFileName(path).StartsWith("System.", StringComparison.Ordinal))
            .Select(path => MetadataReference.CreateFromFile(path)),
    ]);

    /// <summary>Runs tests until one fails.</summary>
    /// <param name="tests">Test classes.</param>
    /// <returns>The test that failed and why; null when all pass: the tests do not see the mistake.</returns>
    public string? FirstFailure(params Type[] tests)
    {
        MutantContext context = new(Compile());
        Assembly assembly = context.LoadFromAssemblyPath(typeof(Mutant).Assembly.Location);
        TextWriter console = Console.Out;
        Console.SetOut(TextWriter.Null);
        string test = "";
        try
        {
            foreach (Type type in tests.Select(type => assembly.GetType(type.FullName!, true)!))
                foreach (MethodInfo method in type.GetMethods().Where(method => method.IsDefined(typeof(TestMethodAttribute)) && !IsLong(method)))
                {
                    test = $"{type.Name}.{method.Name}";
                    foreach (object?[] arguments in Arguments(method))
                    {
                        test = $"{type.Name}.{method.Name}({string.Join(", ", arguments)})";
                        method.Invoke(Activator.CreateInstance(type), arguments);
                    }
                }
            return null;
        }
        catch (TargetInvocationException failure)
        {
            return $"{test}: {failure.GetBaseException().Message.ReplaceLineEndings(" ")}";
        }
        finally
        {
            Console.SetOut(console);
        }
    }

    private byte[] Compile()
    {
        string folder = Path.GetFullPath(Path.Combine(SourceFolder(), "..", "..", "NvsFirmware"));
        List<SyntaxTree> trees = [];
        foreach (string path in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
        {
            string file = Path.GetRelativePath(folder, path).Replace('\\', '/');
            if (file == "Program.cs" || file.Split('/')[0] is "Esp32" or "obj" or "bin")
                continue;
            string text = System.IO.File.ReadAllText(path).ReplaceLineEndings("\n");
            trees.Add(CSharpSyntaxTree.ParseText(file == File ? Edit(text) : text, language, path));
        }
        CSharpCompilation compilation = CSharpCompilation.Create(
            "NvsFirmware", trees, references.Value, new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, optimizationLevel: OptimizationLevel.Release));
        using MemoryStream image = new();
        IEnumerable<Diagnostic> errors = compilation.Emit(image).Diagnostics.Where(found => found.Severity == DiagnosticSeverity.Error);
        Assert.AreEqual("", string.Join("\n", errors), $"{Name}: does not compile");
        return image.ToArray();
    }

    private string Edit(string text)
    {
        foreach ((string old, string @new) in Edits)
        {
            Assert.HasCount(2, text.Split(old), $"{Name}: '{old}' must stand once in {File}");
            text = text.Replace(old, @new, StringComparison.Ordinal);
        }
        return text;
    }

    private static bool IsLong(MethodInfo method) =>
        method.GetCustomAttributes<TestCategoryAttribute>().Any(category => category.TestCategories.Contains("Long"));

    private static IEnumerable<object?[]> Arguments(MethodInfo method)
    {
        if (method.GetCustomAttribute<DynamicDataAttribute>() is DynamicDataAttribute dynamic)
            return dynamic.GetData(method);
        IEnumerable<object?[]> rows = [.. method.GetCustomAttributes<DataRowAttribute>().Select(row => row.Data)];
        return rows.Any() ? rows : [[]];
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private sealed class MutantContext(byte[] firmware) : AssemblyLoadContext("mutant")
    {
        private readonly string folder = Path.GetDirectoryName(typeof(Mutant).Assembly.Location)!;

        protected override Assembly? Load(AssemblyName name) => name.Name switch
        {
            "NvsFirmware" => LoadFromStream(new MemoryStream(firmware)),
            "NvsSim" or "NvsFirmware.Tests" => LoadFromAssemblyPath(Path.Combine(folder, name.Name + ".dll")),
            _ => null,
        };
    }
}
