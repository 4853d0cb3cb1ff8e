using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>The README's first command: the demonstration as somebody runs it who has just cloned the repository.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class DemoTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    // The demonstration's own temporary files go here, so that what it leaves behind is seen.
    private string TempPath => Path.Combine(folder, "tmp");

    [TestInitialize]
    public void MakeTemp() => Directory.CreateDirectory(TempPath);

    /// <summary>Breaks when the demonstration leaves a board or a file behind.</summary>
    [TestCleanup]
    public void NothingIsLeftBehind()
    {
        Assert.IsEmpty(Directory.GetFileSystemEntries(TempPath));
        Assert.IsEmpty(Boards());
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Breaks when a track does not come back, a cut leaves half a request, or what is piped is not plain text.</summary>
    [TestMethod]
    public void WithoutAFileItStoresTheProtocol()
    {
        NvsCommand.Outcome outcome = Demo().Expect(0);
        foreach (string told in new[]
        {
            "formatted by its name, BLANK", "docs/protocol.md", "the plug is pulled", "power is gone", "power is back", "was not",
            "12 of 12 tracks read back, all equal the file", "is the commit: with one byte less nothing is stored", "set A", "A → B",
                "B → A", "✔",
        })
            StringAssert.Contains(outcome.Output, told);
        Assert.DoesNotContain("\u001b", outcome.Output);
        Assert.DoesNotContain("✘", outcome.Output);
        Assert.AreEqual("", outcome.Errors);
    }

    /// <summary>Breaks when the size or the bytes of the file matter.</summary>
    [TestMethod]
    public void ALargeFileOfAnyNameIsStored()
    {
        string file = FileOf("[binary] {0}", 150_000); // The name is shown as it is.
        NvsCommand.Outcome outcome = Demo(file).Expect(0);
        StringAssert.Contains(outcome.Output, $"{file}, 150000 bytes");
        StringAssert.Contains(outcome.Output, "all equal the file");
        Assert.AreEqual("", outcome.Errors);
    }

    /// <summary>Breaks when what does not fit is stored in part.</summary>
    [TestMethod]
    public void AFileThatDoesNotFitIsRefused()
    {
        NvsCommand.Outcome outcome = Demo(FileOf("large", 240_000)).Expect(1);
        StringAssert.Contains(outcome.Errors, "240000 bytes");
        Assert.DoesNotContain("   at ", outcome.Errors);
    }

    /// <summary>Breaks when the story goes to stdout where only the answer belongs, or the answer leaves out whether all matched.</summary>
    [TestMethod]
    public void AsJsonItTellsWhetherAllMatched()
    {
        NvsCommand.Outcome outcome = Demo("--json", FileOf("empty", 0)).Expect(0);
        Assert.IsTrue(outcome.Json.GetProperty("matched").GetBoolean());
        Assert.AreEqual(JsonValueKind.Number, outcome.Json.GetProperty("commitByte").ValueKind);
        StringAssert.Contains(outcome.Errors, "power is back");
    }

    /// <summary>Breaks when an interruption leaves a board running or a file behind.</summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)] // As a terminal does it.
    public void AnInterruptionTidiesUp(bool isBoardInterrupted)
    {
        using NvsCommand demo = Start();
        demo.Output.WaitFor("serial port"); // A board runs, and many will be run after it.
        demo.Send(Signal.Interrupt);
        if (isBoardInterrupted)
            foreach (string board in Boards())
                ChildProcess.Send(Signal.Interrupt, int.Parse(Path.GetFileName(board)));
        StringAssert.Contains(demo.End().Expect(2).Errors, "Interrupted");
    }

    private NvsCommand.Outcome Demo(params string[] arguments)
    {
        using NvsCommand demo = Start(arguments);
        return demo.End();
    }

    private NvsCommand Start(params string[] arguments) =>
        NvsCommand.Start(null, new Dictionary<string, string?> { ["TMPDIR"] = TempPath }, ["demo", "--timeout", "600000", .. arguments]);

    private string FileOf(string name, int count)
    {
        byte[] data = new byte[count];
        new Random(count).NextBytes(data);
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, data);
        return path;
    }

    // The processes that were given a file in this test's folder.
    private List<string> Boards() =>
        [.. Directory.GetDirectories("/proc")
            .Where(process => char.IsAsciiDigit(Path.GetFileName(process)[0]))
            .Where(process => CommandLine(process).Contains(TempPath))];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return ""; // It has ended, or is somebody else's.
        }
    }
}
