using System;
using System.IO;
using System.Linq;
using System.Threading;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// nvs watch as a process. A serial port has one program at a time, so what is new comes while the board is without power: by another board
/// with the same chip. So each new version is also a restart that the watch survives.
/// </summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class WatchTests
{
    // Against a hang; said here, because what follows -- is the command's.
    private const string PatienceMs = "600000";

    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string FramPath => Path.Combine(folder, "cells.fram");

    private string LinkPath => Path.Combine(folder, "port");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when a version is missed or told twice, a release is not told, or a restart of the board ends the watch.</summary>
    [TestMethod]
    public void TheCommandRunsAtEachVersion()
    {
        string log = Path.Combine(folder, "log");
        using (Board("--format-blank"))
        {
        }
        using NvsCommand watch = StartWatched(
            "--every", "20", "--", "sh", "-c", $"(printf '%s %s ' $NVS_TRACK $NVS_VERSION; cat; echo) >> {log}");
        WaitForLines(watch, log, 1);
        Change("one"u8.ToArray(), "write", "7");
        WaitForLines(watch, log, 2);
        Change("other"u8.ToArray(), "write", "8"); // Another track's commit is no version of this one.
        WaitForLines(watch, log, 2);
        Change("two"u8.ToArray(), "write", "7");
        WaitForLines(watch, log, 3);
        Change(null, "release", "7");
        WaitForLines(watch, log, 4);
        watch.Send(Signal.Interrupt);
        NvsCommand.Outcome ended = watch.End().Expect(2);
        Assert.AreEqual("", ended.Output);
        Assert.DoesNotContain("   at ", ended.Errors);
        string[] words = [.. File.ReadLines(log).Select(line => $"{line.Split(' ')[0]} {line.Split(' ')[2]}")];
        CollectionAssert.AreEqual(new[] { "7 ", "7 one", "7 two", "7 " }, words);
        Assert.AreEqual("0", File.ReadLines(log).Last().Split(' ')[1], "released: no version");
    }

    /// <summary>Breaks when --json is not one line for each version, or --count does not end it.</summary>
    [TestMethod]
    public void VersionsArePrinted()
    {
        using PtyBoard board = new(FramPath, formatsBlank: true);
        NvsCommand.Run(board.Port, "hello\n"u8.ToArray(), "write", "7").Expect(0);
        Assert.AreEqual(
            "track 7: version 2, 6 bytes: hello\n", NvsCommand.Run(board.Port, null, "watch", "7", "--count", "1").Expect(0).Output);
        Assert.AreEqual("track 9: none\n", NvsCommand.Run(board.Port, null, "watch", "9", "--count", "1").Expect(0).Output);
        Assert.AreEqual("aGVsbG8K",
            NvsCommand.Run(board.Port, null, "watch", "7", "--count", "1", "--json").Expect(0).Json.GetProperty("data").GetString());
        NvsCommand.Run(board.Port, null, "watch", "7", "--timeout", PatienceMs, "--", "/no/such/program")
            .ExpectFailure(1, "does not start");
        NvsCommand.Outcome failing = NvsCommand.Run(board.Port, null, "watch", "7", "--count", "1", "--timeout", PatienceMs, "--", "sh",
            "-c", "exit 9").Expect(0);
        StringAssert.Contains(failing.Errors, "ended with code 9");
        NvsCommand.Run(board.Port, null, "watch", "7", "--every", "0").ExpectFailure(1, "--every");
    }

    private SimProcess Board(params string[] options) => new(FramPath, ["--link", LinkPath, .. options]);

    private NvsCommand StartWatched(params string[] arguments)
    {
        using SimProcess board = Board(); // It must be there when the watch begins, and is killed when it has been asked.
        NvsCommand watch = NvsCommand.Start(LinkPath, null, ["watch", "7", "--timeout", PatienceMs, .. arguments]);
        WaitFor(() => File.Exists(Path.Combine(folder, "log")));
        return watch;
    }

    // Changes the store behind the watch's back.
    private void Change(byte[]? input, params string[] arguments)
    {
        using PtyBoard board = new(FramPath);
        NvsCommand.Run(board.Port, input, arguments).Expect(0);
    }

    // Gives the watch a board with that chip until it has seen it. What it then tells too much shows behind the next one, or at the end.
    private void WaitForLines(NvsCommand watch, string log, int count)
    {
        using SimProcess board = Board();
        while (watch.Errors.ReadLine() is { } line && line != "The board is back.")
            Assert.AreEqual("The board is gone; looking for it.", line);
        WaitFor(() => File.ReadLines(log).Count() >= count);
        Assert.AreEqual(count, File.ReadLines(log).Count());
    }

    private static void WaitFor(Func<bool> isSo)
    {
        for (long start = Environment.TickCount64; !isSo(); Thread.Sleep(20))
            if (Environment.TickCount64 - start > ChildProcess.GuardMs)
                Assert.Fail("It does not happen.");
    }
}
