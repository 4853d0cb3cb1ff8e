using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Host;

/// <summary>The C# programs that the READMEs show.</summary>
internal static partial class MarkdownSamples
{
    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = Find();

    /// <summary>The documents that show programs, below <see cref="Root"/>.</summary>
    public static string[] Documents { get; } = ["README.md", "NvsHost/Client/README.md", "docs/serve.md"];

    /// <summary>The programs of a document, each with the port put in that a board has here.</summary>
    public static IReadOnlyList<string> Of(string document, string port)
    {
        List<string> samples = [.. Fence().Matches(File.ReadAllText(Path.Combine(Root, document))).Select(match => match.Groups[1].Value)];
        Assert.IsNotEmpty(samples, document);
        foreach (string sample in samples)
            StringAssert.Matches(sample, Port(), "a sample that opens no port cannot be tried");
        return [.. samples.Select(sample => Port().Replace(sample, $"\"{port}\""))];
    }

    private static string Find([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../.."));

    [GeneratedRegex("\"(/dev/ttyUSB0|unix:/run/nvs/nvs.sock)\"")]
    private static partial Regex Port();

    [GeneratedRegex(@"^```csharp\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();
}
