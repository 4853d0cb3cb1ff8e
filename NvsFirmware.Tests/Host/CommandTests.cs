using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests.Host;

/// <summary>The command nvs as a shell script uses it, on a real pseudo-terminal.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class CommandTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string FramPath => Path.Combine(folder, "cells.fram");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// Breaks when a byte is changed on the way from stdin or a file to stdout or a file, or stdout holds more than the data.
    /// </summary>
    [TestMethod]
    public void WhatIsWrittenIsRead()
    {
        using PtyBoard board = Formatted();
        byte[] data = [.. Enumerable.Range(0, 6000).Select(i => (byte)(i * 7))];
        string file = FileOf("data", data);

        AssertText("track 5: version 2, 6000 bytes committed\n", Nvs(board.Port, data, "write", "5"));
        AssertText("track 16: version 3, 6000 bytes committed\n", Nvs(board.Port, null, "write", "0x10", file));
        AssertText("track 4294967295: version 4, 0 bytes committed\n", Nvs(board.Port, [], "write", "4294967295", "-"));
        CollectionAssert.AreEqual(data, Nvs(board.Port, null, "read", "5").Expect(0).Bytes);
        Assert.IsEmpty(Nvs(board.Port, null, "read", "0xFFFFFFFF").Expect(0).Bytes);
        string target = Path.Combine(folder, "target");
        AssertText($"track 16: version 3, 6000 bytes in {target}\n", Nvs(board.Port, null, "read", "16", "-o", target));
        CollectionAssert.AreEqual(data, File.ReadAllBytes(target));
        File.CreateSymbolicLink(Path.Combine(folder, "link"), target);
        Nvs(board.Port, "x"u8.ToArray(), "write", "6").Expect(0);
        Nvs(board.Port, null, "read", "6", "-o", Path.Combine(folder, "link")).Expect(0);
        Assert.AreEqual("x", File.ReadAllText(target), "the link stays, what it names is replaced");
        Assert.IsNotNull(new FileInfo(Path.Combine(folder, "link")).LinkTarget);

        Assert.AreEqual(0, Nvs(board.Port, null, "read", "5", "-v").Expect(0).Bytes.AsSpan().SequenceCompareTo(data), "-v tells on stderr");
        Assert.AreEqual("sim", Nvs((string?)null, null, "info", "--json", "--port",
            board.Port).Expect(0).Json.GetProperty("board").GetProperty("boardName").GetString());
    }

    /// <summary>Breaks when a batch is more or less than one commit, or is committed in part.</summary>
    [TestMethod]
    public void ABatchIsStoredAndReleasedAsOne()
    {
        using PtyBoard board = Formatted();
        string one = FileOf("one", "1"u8.ToArray());
        AssertText("track 1: version 2, 1 byte committed\ntrack 2: version 2, 2 bytes committed\n",
            Nvs(board.Port, "22"u8.ToArray(), "batch", $"1={one}", "2=-"));
        Nvs(board.Port, null, "batch", $"3={one}", "--release", "9").ExpectFailure(5, "NotFound");
        Nvs(board.Port, null, "batch", $"3={one}", $"3={one}").ExpectFailure(1, "twice");
        AssertText("track 3: version 3, 1 byte committed\ntrack 1: released\ntrack 2: released\n",
            Nvs(board.Port, null, "batch", $"3={one}", "--release", "1", "--release", "0x2"));
        AssertText("track 3: released\n", Nvs(board.Port, null, "release", "3"));
        Nvs(board.Port, null, "release", "3").ExpectFailure(5, "NotFound");
        AssertText("no tracks\n", Nvs(board.Port, null, "list"));
    }

    /// <summary>Breaks when --expect lets a version be replaced that is not the expected one.</summary>
    [TestMethod]
    public void ExpectGuardsAVersion()
    {
        using PtyBoard board = Formatted();
        Nvs(board.Port, [1], "write", "5", "--expect", "0").Expect(0);
        Nvs(board.Port, [2], "write", "5", "--expect", "0").ExpectFailure(5, "VersionMismatch");
        Nvs(board.Port, [2], "write", "5", "--expect", "2").Expect(0);
        Nvs(board.Port, null, "release", "5", "--expect", "2").ExpectFailure(5, "version 3");
        CollectionAssert.AreEqual(new byte[] { 2 }, Nvs(board.Port, null, "read", "5").Bytes);
        Nvs(board.Port, null, "release", "5", "--expect", "3").Expect(0);
    }

    /// <summary>Breaks when anything but one JSON document goes to stdout, or a field that scripts use is renamed.</summary>
    [TestMethod]
    public void JsonIsOneDocument()
    {
        using PtyBoard board = new(FramPath);
        string id = Json(board.Port, null, "format", "BLANK", "--segment-bytes", "100", "--set-segments", "32").GetProperty("storeId")
            .GetString()!;
        Assert.AreEqual(2, Json(board.Port, [1, 2], "write", "5", "-v").GetProperty("bytes").GetInt32());
        Assert.AreEqual("AQI=", Json(board.Port, null, "read", "5").GetProperty("data").GetString());
        Assert.AreEqual(2, Json(board.Port, null, "read", "5", "-o", Path.Combine(folder, "out")).GetProperty("bytes").GetInt32());
        JsonElement batch = Json(board.Port, [], "batch", "6=-", "--release", "5");
        Assert.AreEqual(2, batch.GetProperty("version").GetInt32());
        Assert.AreEqual((6, 5), (batch.GetProperty("tracks")[0].GetInt32(), batch.GetProperty("released")[0].GetInt32()));
        Assert.AreEqual(6, Json(board.Port, null, "list")[0].GetProperty("track").GetInt32());
        JsonElement info = Json(board.Port, null, "info");
        Assert.AreEqual(
            (id, 2, 100),
            (info.GetProperty("board").GetProperty("storeId").GetString(),
                info.GetProperty("store").GetProperty("version").GetInt32(),
                info.GetProperty("store").GetProperty("segmentBytes").GetInt32()));
        Assert.AreEqual(2, Json(board.Port, null, "stats").GetProperty("counters").GetProperty("commits").GetInt32());
        Assert.AreEqual(0, Json(board.Port, null, "verify").GetProperty("damages").GetArrayLength());
        Assert.AreEqual(0, Json(board.Port, null, "repair", id).GetProperty("givenUp").GetInt32());
        Assert.Contains(board.Port, Json(board.Port, null, "ports").EnumerateArray().Select(port => port.GetProperty("port").GetString()));
        Nvs(board.Port, null, "read", "77", "--json").ExpectFailure(5, "NotFound");
    }

    /// <summary>Breaks when a person is not told what the board holds.</summary>
    [TestMethod]
    public void APersonIsToldTheState()
    {
        using PtyBoard board = new(FramPath);
        StringAssert.Contains(Nvs(board.Port, null, "info").Expect(0).Output, "Blank");
        Nvs(board.Port, null, "list").ExpectFailure(5, "Blank");
        Nvs(board.Port, null, "format").ExpectFailure(1, "nvs format BLANK");
        Nvs(board.Port, null, "format", "blank").ExpectFailure(1, "names no store");
        string made = Nvs(board.Port, null, "format", "BLANK").Expect(0).Output;
        Nvs(board.Port, [1], "write", "5").Expect(0);
        string info = Nvs(board.Port, null, "info").Expect(0).Output;
        string id = made.Split(' ', ':')[1];
        foreach (string told in new[] { "sim", "MB85RS2MT", "Ok", id, "1 of 797 tracks", "set B is next", "clean" })
            StringAssert.Contains(info, told);
        Nvs(board.Port, null, "format").ExpectFailure(1, $"nvs format {id}");
        Nvs(board.Port, null, "repair").ExpectFailure(1, $"nvs repair {id}");
        Nvs(board.Port, null, "format", "BLANK").ExpectFailure(5, "WrongName");
        StringAssert.Contains(Nvs(board.Port, null, "verify").Expect(0).Output, "1 track checked");
        StringAssert.Contains(Nvs(board.Port, null, "stats").Expect(0).Output, "Commits");
        StringAssert.Contains(Nvs(board.Port, null, "ports").Expect(0).Output, board.Port);
        Assert.DoesNotContain("intact", Nvs(board.Port, null, "list").Expect(0).Output);
        Nvs(board.Port, null, "format", id).Expect(0);
        AssertText("no tracks\n", Nvs(board.Port, null, "list"));
    }

    /// <summary>Breaks when a mistake in the command line is carried out, or looks like another failure.</summary>
    [TestMethod]
    [DataRow("write")]
    [DataRow("write x", "track number")]
    [DataRow("write -1")]
    [DataRow("write 4294967296", "track number")]
    [DataRow("write 0x", "track number")]
    [DataRow("write 5 - --expect x")]
    [DataRow("read")]
    [DataRow("read 5 6")]
    [DataRow("release")]
    [DataRow("release 1 2 --expect 3", "one track")]
    [DataRow("batch", "Nothing to do")]
    [DataRow("batch 5", "TRACK=FILE")]
    [DataRow("batch x=-", "TRACK=FILE")]
    [DataRow("batch --release x", "track number")]
    [DataRow("info --timeout 0", "--timeout")]
    [DataRow("info --timeout x", "--timeout")]
    [DataRow("info --baud 0", "--baud")]
    [DataRow("nonsense", "nonsense")]
    public void AMistakeInTheCommandLineEndsWith1(string arguments, string told = "") =>
        Nvs((string?)null, [], arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ExpectFailure(1, told);

    /// <summary>Breaks when help is an error, or leaves a command or exit code out.</summary>
    [TestMethod]
    public void HelpTellsTheCommandsAndExitCodes()
    {
        string help = Nvs((string?)null, null, "--help").Expect(0).Output;
        foreach (string told in new[] { "ports", "info", "write", "read", "list", "release", "batch", "verify", "format", "repair", "stats",
            "demo", "--json", "6 data do not match" })
            StringAssert.Contains(help, told);
    }

    /// <summary>Breaks when an interruption is waited out, or leaves with another code.</summary>
    [TestMethod]
    public void AnInterruptionEndsWith2()
    {
        using PtyUart silent = new();
        using NvsCommand asking = NvsCommand.Start(silent.Path, null, "read", "5");
        Assert.AreNotEqual(0, silent.Read(new byte[1], 0, 1, ChildProcess.GuardMs));
        asking.Send(Signal.Interrupt);
        asking.End().ExpectFailure(2, "Interrupted");
    }

    /// <summary>Breaks when a port without a board is waited for without end, or mistaken for a line that broke.</summary>
    [TestMethod]
    public async Task NoBoardEndsWith3()
    {
        Nvs("/dev/no-such-port", null, "info").ExpectFailure(3, "/dev/no-such-port");
        Nvs((string?)null, null, "info", "--port", FileOf("no-port", [1])).ExpectFailure(3, "no-port");
        using SimProcess board = new(FramPath, "--format-blank");
        board.Send(Signal.Stop);
        FakeTimeProvider time = new();
        Task<NvsCommand.Outcome> asking = NvsCommand.RunAsync(time, board.Port, null, "list", "--timeout", "100");
        await time.PassUntilEndAsync(asking);
        (await asking).ExpectFailure(3, "No board answered");
        board.Send(Signal.Continue);
        AssertText("no tracks\n", Nvs(board.Port, null, "list")); // All the HELLOs that it then answers at once do no harm.
    }

    /// <summary>Breaks when a port is found that has no board, or the search does not say what to do.</summary>
    [TestMethod]
    public void WithoutAPortEachSerialPortIsAsked()
    {
        NvsCommand.Outcome ports = Nvs((string?)null, null, "ports", "--json");
        if (ports.ExitCode == 0)
            Assert.Inconclusive("A board is connected to this machine.");
        ports.Expect(3);
        Assert.IsTrue(ports.Json.EnumerateArray().All(port => port.GetProperty("board").ValueKind == JsonValueKind.Null));
        Nvs((string?)null, null, "list").ExpectFailure(3, "NVS_PORT");
    }

    /// <summary>Breaks when two programs have a port at once, as root too, or who waits is not told for whom.</summary>
    [TestMethod]
    public void APortHasOneProgramAtATime()
    {
        using PtyBoard board = new();
        board.Hold();
        using NvsCommand first = NvsCommand.Start(board.Port, null, "list");
        board.WaitUntilAsked();
        Nvs(board.Port, null, "list").ExpectFailure(3, $"in use by nvs (process {first.Id})");
        using NvsCommand waiting = NvsCommand.Start(board.Port, null, "list", "--wait", "600");
        board.Release();
        AssertText("no tracks\n", waiting.End());
        AssertText("no tracks\n", first.End());
        Nvs(board.Port, null, "list", "--wait", "-1").ExpectFailure(1, "--wait");
    }

    /// <summary>Breaks when commands at the same moment, with or without waiting, are told of commits that were not made.</summary>
    [TestMethod]
    public void CommandsAtTheSameMomentAllStoreWhatTheySay()
    {
        const int Commands = 6;
        using PtyBoard board = Formatted();
        List<NvsCommand> running = [.. Enumerable.Range(1, Commands).Select(
            i => NvsCommand.Start(board.Port, null, "write", $"{i}", "--wait", "600"))];
        for (int i = 0; i < Commands; i++)
            running[i].GiveInput([(byte)i]);
        foreach (NvsCommand command in running)
            using (command)
                command.End().Expect(0);
        for (int i = 0; i < Commands; i++)
            CollectionAssert.AreEqual(new[] { (byte)i }, Nvs(board.Port, null, "read", $"{i + 1}").Expect(0).Bytes);
    }

    /// <summary>Breaks when two tracks are given the same stdin, one of them then empty.</summary>
    [TestMethod]
    public void StdinIsOneTracksData() => Nvs((string?)null, [1], "batch", "7=-", "8=-").ExpectFailure(1, "stdin");

    /// <summary>Breaks when a commit whose output cannot be printed looks as if it had failed.</summary>
    [TestMethod]
    public void ACommitThatCannotBePrintedIsACommit()
    {
        using PtyBoard board = Formatted();
        string nvs = Path.Combine(AppContext.BaseDirectory, "nvs");
        using ChildProcess shell = new("sh", null, "-c", $"echo hello | {nvs} write 5 --port {board.Port} > /dev/full 2> /dev/null");
        Assert.AreEqual(0, shell.End());
        Nvs(board.Port, null, "read", "5").Expect(0);
    }

    /// <summary>Breaks when what bench leaves behind, or finds, is not as it says.</summary>
    [TestMethod]
    public void BenchMeasuresAndTidiesUp()
    {
        using PtyBoard board = Formatted();
        Nvs(board.Port, "mine"u8.ToArray(), "write", "5").Expect(0);
        JsonElement rows = Json(board.Port, null, "bench", "--size", "64", "--size", "5000", "--count", "12").GetProperty("sizes");
        Assert.AreEqual(
            (2, 64, 5000), (rows.GetArrayLength(), rows[0].GetProperty("bytes").GetInt32(), rows[1].GetProperty("bytes").GetInt32()));
        foreach (JsonElement row in rows.EnumerateArray())
        {
            Assert.IsGreaterThan(0, row.GetProperty("behindPerSecond").GetDouble());
            Assert.IsGreaterThanOrEqualTo(row.GetProperty("waitingMs").GetProperty("least").GetDouble(),
                row.GetProperty("waitingMs").GetProperty("median").GetDouble());
        }
        Assert.AreEqual(1, Json(board.Port, null, "list").GetArrayLength(), "only the track that was there");
        Nvs(board.Port, [1], "write", "0xBE7C0003").Expect(0);
        Nvs(board.Port, null, "bench").ExpectFailure(1, "there already");
    }

    /// <summary>Breaks when a power cut in the middle of a write looks like success, or like a refusal.</summary>
    [TestMethod]
    public void APowerCutDuringAWriteEndsWith4()
    {
        long bootBytes;
        using (Formatted())
        {
        }
        using (PtyBoard board = new(FramPath))
            bootBytes = Nvs(board.Port, null, "stats", "--json").Expect(0).Json.GetProperty("counters").GetProperty("busBytes").GetInt64();
        using (SimProcess board = new(FramPath, "--cut-after", $"{bootBytes + 1000}"))
            Nvs(board.Port, new byte[4000], "write", "5").ExpectFailure(4, "not known");
        using (PtyBoard board = new(FramPath))
            AssertText("no tracks\n", Nvs(board.Port, null, "list"));
    }

    /// <summary>
    /// Breaks when a board that falls silent is waited for without end, or the command repeats a write without asking LAST.
    /// </summary>
    [TestMethod]
    public async Task ABoardThatFallsSilentEndsWith4()
    {
        using (PtyBoard reading = new() { IsMuted = true })
            (await GiveUpAsync(reading, null, "read", "5")).ExpectFailure(4, "no intact answer");
        using PtyBoard board = new() { IsMuted = true };
        (await GiveUpAsync(board, [1], "write", "5")).ExpectFailure(4, "not known");
        board.IsMuted = false;
        CollectionAssert.AreEqual(new byte[] { 1 }, Nvs(board.Port, null, "read", "5").Expect(0).Bytes);
        Assert.AreEqual(0, Nvs(board.Port, null, "stats", "--json").Json.GetProperty("counters").GetProperty("repeated").GetInt32());
    }

    /// <summary>Breaks when a refusal loses the name of its status on the way to the shell.</summary>
    [TestMethod]
    public void ARefusalEndsWith5()
    {
        using (PtyBoard board = Formatted())
        {
            Nvs(board.Port, null, "read", "5").ExpectFailure(5, "NotFound");
            Nvs(board.Port, new byte[8193], "write", "5")
                .ExpectFailure(5, "8193 bytes need 33 segments of 256 bytes, and a request has at most 32");
            Nvs(board.Port, new byte[65536], "write", "5").ExpectFailure(1, "65534");
            Nvs(board.Port, null, "repair", "0123456789abcdef").ExpectFailure(5, "WrongName");
        }
        byte[] cells = File.ReadAllBytes(FramPath);
        cells[^1] = 0x0C; // The status register: all blocks protected.
        File.WriteAllBytes(FramPath, cells);
        using PtyBoard locked = new(FramPath);
        Nvs(locked.Port, [1], "write", "5").ExpectFailure(5, "Protected");
        StringAssert.Contains(Nvs(locked.Port, null, "info").Expect(0).Output, "write protected");
    }

    /// <summary>Breaks when damaged data reach stdout or replace a file, or the damage does not show in the exit code.</summary>
    [TestMethod]
    public void DamagedDataEndWith6()
    {
        byte[] data = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 13 / 7))];
        using (PtyBoard board = Formatted())
        {
            Nvs(board.Port, data, "write", "5").Expect(0);
            Nvs(board.Port, data, "write", "6").Expect(0);
        }
        byte[] cells = File.ReadAllBytes(FramPath);
        cells[cells.AsSpan().IndexOf(data.AsSpan(4500, 30))] ^= 1;
        File.WriteAllBytes(FramPath, cells);
        using PtyBoard next = new(FramPath);
        string target = FileOf("target", "precious"u8.ToArray());
        Nvs(next.Port, null, "read", "5", "-o", target).ExpectFailure(6, "TrackDamaged");
        Assert.AreEqual("precious", File.ReadAllText(target));
        CollectionAssert.AreEquivalent(new[] { FramPath, target }, Directory.GetFileSystemEntries(folder), "no half file is left");
        Nvs(next.Port, null, "read", "5").ExpectFailure(6, "TrackDamaged");
        CollectionAssert.AreEqual(data, Nvs(next.Port, null, "read", "6").Expect(0).Bytes);
        NvsCommand.Outcome verified = Nvs(next.Port, null, "verify").Expect(6);
        StringAssert.Contains(verified.Output, "track 5");
        StringAssert.Contains(verified.Errors, "nvs repair");
        Assert.AreEqual(
            5, Nvs(next.Port, null, "verify", "--json").Expect(6).Json.GetProperty("damages")[0].GetProperty("track").GetInt32());
    }

    // Time passes from when the board has fallen silent.
    private static async Task<NvsCommand.Outcome> GiveUpAsync(PtyBoard board, byte[]? input, params string[] arguments)
    {
        FakeTimeProvider time = new();
        Task<NvsCommand.Outcome> asking = NvsCommand.RunAsync(time, board.Port, input, [.. arguments, "--timeout", "100"]);
        board.WaitUntilSilenced();
        await time.PassUntilEndAsync(asking);
        return await asking;
    }

    private PtyBoard Formatted() => new(FramPath, formatsBlank: true);

    private string FileOf(string name, byte[] data)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, data);
        return path;
    }

    /// <summary>Breaks when long work is silent where nobody watches, or what is short is not.</summary>
    [TestMethod]
    public async Task LongWorkSaysHowFarItIs()
    {
        using PtyBoard board = new(FramPath);
        Nvs(board.Port, null, "format", "BLANK").Expect(0);
        Nvs(board.Port, [1], "write", "5").Expect(0);
        NvsCommand.Outcome hurried = await NvsCommand.RunAsync(new HurryingTime(), board.Port, null, "verify");
        StringAssert.Contains(hurried.Expect(0).AllErrors, "Verifying: 1 of 1\n");
        Assert.AreEqual("", hurried.Errors);
        Assert.AreEqual("", (await NvsCommand.RunAsync(new FrozenTime(), board.Port, null, "verify")).Expect(0).AllErrors);
    }

    private static NvsCommand.Outcome Nvs(string? port, byte[]? input, params string[] arguments) => NvsCommand.Run(port, input, arguments);

    private static JsonElement Json(string port, byte[]? input, params string[] arguments) =>
        Nvs(port, input, [.. arguments, "--json"]).Expect(0).Json;

    private static void AssertText(string expected, NvsCommand.Outcome outcome)
    {
        outcome.Expect(0);
        Assert.AreEqual(expected, outcome.Output);
        Assert.AreEqual("", outcome.Errors);
    }

    // Three seconds pass between any two looks at it.
    private sealed class HurryingTime : TimeProvider
    {
        private long looks;

        public override long GetTimestamp() => Interlocked.Increment(ref looks) * 3 * TimestampFrequency;
    }
}
