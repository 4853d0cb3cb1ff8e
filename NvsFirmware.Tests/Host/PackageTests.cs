using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.IO.Compression;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// The two packages as somebody gets them who has nothing else: packed into a folder, installed from there, used. A step of its own in
/// .ci/run: it builds everything once more, as Release.
/// </summary>
[TestClass]
[TestCategory("Long")]
[TestCategory("Package")]
[OnlyOnDotNet("packs, installs and runs packages")]
public sealed class PackageTests
{
    private static readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;
    private static readonly string feed = Path.Combine(folder, "feed");

    [ClassInitialize]
    public static void Pack(TestContext context)
    {
        foreach (string project in new[] { "NvsHost/Client", "NvsHost" })
            Run("dotnet", MarkdownSamples.Root, "pack", project, "-o", feed, "-nologo", "-v", "quiet").Expect(0);
    }

    [ClassCleanup]
    public static void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when a package brings along what nobody who uses it needs, or lacks what it has to say.</summary>
    [TestMethod]
    public void ThePackagesHoldWhatTheySay()
    {
        CollectionAssert.AreEquivalent(
            new[] { "CHANGELOG.md", "LICENSE", "NvsClient.dll", "NvsClient.nuspec", "NvsClient.xml", "NvsFirmware.dll", "NvsFirmware.xml",
                "README.md" },
            Files("NvsClient.*.nupkg").Select(Path.GetFileName).ToArray());
        IReadOnlyList<string> tool = Files("NvsHost.*.nupkg");
        foreach (string file in new[] { "nvs.dll", "NvsSim.dll", "README.md", "LICENSE", "CHANGELOG.md" })
            Assert.Contains(file, tool.Select(Path.GetFileName));
        Assert.IsEmpty(tool.Where(file => file.EndsWith(".resources.dll", StringComparison.Ordinal)), "languages");
    }

    /// <summary>
    /// Breaks when the tool needs anything of this repository: the simulated board's executable, a file of docs/, a library.
    /// </summary>
    [TestMethod]
    public void TheToolWorksAlone()
    {
        string tools = Path.Combine(folder, "tools");
        Run("dotnet", folder, "tool", "install", "NvsHost", "--tool-path", tools, "--source", feed).Expect(0);
        string nvs = Path.Combine(tools, OperatingSystem.IsWindows() ? "nvs.exe" : "nvs");
        StringAssert.Contains(Run(nvs, folder, "demo").Expect(0).Output, "every cut left all of the request or nothing of it");

        using (ChildProcess board = new(nvs, null, "sim", "--fram", Path.Combine(folder, "tool.fram"), "--format-blank"))
        {
            string port = board.Output.ReadLine()!["serial port: ".Length..];
            string data = Path.Combine(folder, "data");
            File.WriteAllText(data, "41");
            Run(nvs, folder, "write", "7", data, "--port", port).Expect(0);
            Assert.AreEqual("41", Run(nvs, folder, "read", "7", "--port", port).Expect(0).Output);
        }
        StringAssert.Contains(Run(nvs, folder, "completion", "bash").Expect(0).Output, "complete -F");
    }

    /// <summary>
    /// Breaks when an empty project that references the library alone does not build, does not run, or gets more than it needs.
    /// </summary>
    [TestMethod]
    public void AnEmptyProjectUsesTheLibrary()
    {
        foreach (string document in MarkdownSamples.Documents)
        {
            using SimProcess board = new(Path.Combine(folder, $"{document.Length}.fram"), "--format-blank");
            foreach (string sample in MarkdownSamples.Of(document, board.Port))
                Try(sample);
        }
    }

    private static void Try(string sample)
    {
        string project = Directory.CreateDirectory(Path.Combine(folder, Path.GetRandomFileName())).FullName;
        File.WriteAllText(Path.Combine(project, "Program.cs"), sample);
        File.WriteAllText(Path.Combine(project, "sample.csproj"), """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="NvsClient" Version="1.0.0" />
              </ItemGroup>
            </Project>
            """);
        // The packages under test go into a folder of their own; what they need is where this repository has it.
        File.WriteAllText(Path.Combine(project, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{folder}/packages" /></config>
              <packageSources><add key="feed" value="{feed}" /></packageSources>
              <fallbackPackageFolders><add key="here" value="{PackagesFolder()}" /></fallbackPackageFolders>
            </configuration>
            """);
        Run("dotnet", project, "build", "-nologo", "-v", "quiet", "-o", "out").Expect(0);
        Run(Path.Combine(project, "out", "sample"), project).Expect(0);
        string[] brought = [.. Directory.EnumerateFiles(Path.Combine(project, "out"), "*.dll").Select(path => Path.GetFileName(path)!)];
        Assert.IsEmpty(brought.Where(file => file is "nvs.dll" or "NvsSim.dll" or "Spectre.Console.dll" or "System.CommandLine.dll"));
        Assert.IsEmpty(Directory.GetFiles(project, "*.resources.dll", SearchOption.AllDirectories), "languages");
    }

    private static string PackagesFolder() =>
        Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    private static IReadOnlyList<string> Files(string package)
    {
        using ZipArchive archive = ZipFile.OpenRead(Directory.GetFiles(feed, package).Single());
        return [.. archive.Entries.Select(entry => entry.FullName)
            .Where(name => !name.StartsWith("_rels/", StringComparison.Ordinal) && !name.StartsWith("package/", StringComparison.Ordinal)
                && name != "[Content_Types].xml")];
    }

    private static NvsCommand.Outcome Run(string program, string where, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            WorkingDirectory = where,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Those of the test run would go on into the builds.
        foreach (
            string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1"; // A node that stays would keep its output open.
        start.Environment["NVS_PORT"] = "";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = start.Environment["DOTNET_NOLOGO"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new NvsCommand.Outcome(process.ExitCode, System.Text.Encoding.UTF8.GetBytes(output), errors.Result);
    }
}
