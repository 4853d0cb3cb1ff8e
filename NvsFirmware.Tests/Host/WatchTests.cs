using System;
using System.IO;
using System.Linq;
using System.Threading;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// nvs watch as a process. A serial port has one program at a time, so what is new comes while the board is without power: by another board with the
/// same chip. So each new version is also a restart that the watch survives.
/// </summary>
[TestClass]
[DoNotParallelize] // Between two boards its link points to a terminal that is gone, and whose number another test's board may get.
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class WatchTests
{
    private const int PatienceMs = 120_000; // against a hang only

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
        using NvsCommand watch = StartWatched("--every", "20", "--", "sh", "-c", $"(printf '%s %s ' $NVS_TRACK $NVS_VERSION; cat; echo) >> {log}");
        WaitForLines(log, 1, () => Change());
        WaitForLines(log, 2, () => Change("one"u8.ToArray(), "write", "7"));
        WaitForLines(log, 2, () => Change("other"u8.ToArray(), "write", "8")); // Another track's commit is no version of this one.
        WaitForLines(log, 3, () => Change("two"u8.ToArray(), "write", "7"));
        WaitForLines(log, 4, () => Change(null, "release", "7"));
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
        using SimProcess board = Board("--format-blank");
        NvsCommand.Run(board.Port, "hello\n"u8.ToArray(), "write", "7").Expect(0);
        Assert.AreEqual("track 7: version 2, 6 bytes: hello\n", NvsCommand.Run(board.Port, null, "watch", "7", "--count", "1").Expect(0).Output);
        Assert.AreEqual("track 9: none\n", NvsCommand.Run(board.Port, null, "watch", "9", "--count", "1").Expect(0).Output);
        Assert.AreEqual("aGVsbG8K", NvsCommand.Run(board.Port, null, "watch", "7", "--count", "1", "--json").Expect(0).Json.GetProperty("data").GetString());
        NvsCommand.Run(board.Port, null, "watch", "7", "--timeout", "60000", "--", "/no/such/program").ExpectFailure(1, "does not start");
        NvsCommand.Outcome failing = NvsCommand.Run(board.Port, null, "watch", "7", "--count", "1", "--timeout", "60000", "--", "sh", "-c", "exit 9").Expect(0);
        StringAssert.Contains(failing.Errors, "ended with code 9");
        NvsCommand.Run(board.Port, null, "watch", "7", "--every", "0").ExpectFailure(1, "--every");
    }

    private SimProcess Board(params string[] options) => new(FramPath, ["--link", LinkPath, .. options]);

    private NvsCommand StartWatched(params string[] arguments)
    {
        using SimProcess board = Board(); // It must be there when the watch begins, and is killed when it has been asked.
        NvsCommand watch = NvsCommand.Start(LinkPath, null, ["watch", "7", "--timeout", "5000", .. arguments]);
        WaitFor(() => File.Exists(Path.Combine(folder, "log")));
        return watch;
    }

    // Changes the store behind the watch's back, then gives it a board with that chip until it has seen it.
    private void Change(byte[]? input = null, params string[] arguments)
    {
        if (arguments.Length == 0)
            return;
        File.Delete(LinkPath); // it points to a terminal that is gone, and the next board may get its number
        using SimProcess board = new(FramPath);
        NvsCommand.Run(board.Port, input, arguments).Expect(0);
    }

    private void WaitForLines(string log, int count, Action change)
    {
        change();
        using SimProcess board = Board();
        // The watch holds the port again, so it has come back; then it has a moment to tell too much.
        WaitFor(() => NvsCommand.Run(board.Port, null, "info").Errors.Contains("in use", StringComparison.Ordinal));
        WaitFor(() => File.ReadLines(log).Count() >= count);
        Assert.AreEqual(count, File.ReadLines(log).Count());
    }

    private static void WaitFor(Func<bool> isSo)
    {
        for (long start = Environment.TickCount64; !isSo(); Thread.Sleep(20))
            if (Environment.TickCount64 - start > PatienceMs)
                Assert.Fail("It does not happen.");
    }
}
