using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;
using NvsHost.Commands.Monitor;
using Spectre.Console.Testing;

namespace NvsFirmware.Tests.Host;

/// <summary>The monitor's picture, of chips that hold what a test wrote.</summary>
[TestClass]
[OnlyOnDotNet("draws with a library of .NET's")]
public sealed class MonitorViewTests
{
    /// <summary>
    /// Breaks when the picture is larger than a terminal, or does not show where the sets, the tracks and the last commit lie.
    /// </summary>
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void APictureShowsTheChip(bool isUnicode)
    {
        TestBoard board = TestBoard.Formatted("MB85RS64V");
        board.Write(1, new TrackItem(5, new byte[300]));
        board.Write(2, new TrackItem(6, new byte[20]));
        string[] lines = Draw(StateOf(board, isSim: true), isUnicode);
        Medium medium = Medium.Read(board.Chip.Memory);
        string map = Map(lines);
        Assert.AreEqual(medium.Layout.Segments, map.Length, "one cell for each segment of a small chip");
        for (int i = 0; i < map.Length; i++)
        {
            char expected = medium.Entries.Single(entry => entry.Track == 6).Segments.Contains(i) ? isUnicode ? '◆' : '*'
                : medium.Owners[i] >= 0 ? isUnicode ? '█' : '#'
                : medium.ActiveSet.Contains(i) ? medium.End.Flag == 0 ? 'A' : 'B'
                : isUnicode ? '·' : '.';
            Assert.AreEqual(expected, map[i], $"segment {i} in {map}");
        }
        if (!isUnicode)
            Assert.IsTrue(lines.All(line => line.All(char.IsAscii)), string.Join('\n', lines));
        Assert.IsTrue(lines.Any(line => line.StartsWith("set      A", StringComparison.Ordinal)
            && line.Contains("flag", StringComparison.Ordinal)), "two commits: A is next");
        Assert.IsTrue(lines.Any(line => line.Contains("2 of 45 tracks", StringComparison.Ordinal)));
    }

    /// <summary>Breaks when blocks of a request that did not commit are not shown, or are shown as a commit.</summary>
    [TestMethod]
    public void AnInterruptedRequestIsSeen()
    {
        TestBoard board = TestBoard.Formatted("MB85RS64V");
        board.Write(1, new TrackItem(5, new byte[300]));
        TrackItem[] items = [.. Enumerable.Range(10, 4).Select(track => new TrackItem((uint)track, new byte[100]))];
        foreach (byte[] frame in board.WriteFrames(2, items).SkipLast(1))
            board.Send(frame);
        Medium medium = Medium.Read(board.Chip.Memory);
        Assert.IsNotEmpty(medium.Unfinished, "the test cuts in the middle");
        MonitorState state = StateOf(board, isSim: true);
        state.IsPowerOff = true;
        string[] lines = Draw(state, true);
        Assert.AreEqual(medium.Unfinished.Sum(block => block.SegmentCount), Map(lines).Count(cell => cell == '!'));
        Assert.IsTrue(lines[0].Contains("POWER OFF", StringComparison.Ordinal));
        Assert.IsTrue(
            lines.Any(line => line.StartsWith("cut", StringComparison.Ordinal) && line.Contains("request 2", StringComparison.Ordinal)));
    }

    /// <summary>
    /// Breaks when there is more to show than a terminal has lines: a large chip, an interrupted request, and all that can be told of it.
    /// </summary>
    [TestMethod]
    public void ALargeChipFitsToo() => Assert.IsGreaterThan(20, Draw(StateWithMuchToShow(RecoveryFindings.Clean), true).Length);

    /// <summary>Breaks when what the last recovery found is cut off at the edge of the terminal, or makes the picture too long.</summary>
    [TestMethod]
    [DataRow(RecoveryFindings.Discarded, "discarded an interrupted request")]
    [DataRow(
        RecoveryFindings.RolledForward | RecoveryFindings.Discarded,
        "rolled the last commit forward, discarded an interrupted request")]
    [DataRow(
        RecoveryFindings.SuperblockCopy | RecoveryFindings.RecordLost | RecoveryFindings.TracksDamaged,
        "restored a copy of the superblock, lost a record, so who asked last is unknown, found damaged tracks")]
    public void AllThatTheLastRecoveryFoundIsShown(int findings, string expected)
    {
        string[] lines = Draw(StateWithMuchToShow(findings), true);
        int first = Array.FindIndex(lines, line => line.StartsWith("recovery", StringComparison.Ordinal));
        string shown = string.Join(' ', lines[first..].TakeWhile(line => !line.StartsWith('●')).Select(line => line.Trim()));
        StringAssert.EndsWith(shown, $"1 since boot; the last one: {expected}");
    }

    /// <summary>Breaks when the map pretends to know what a real board does not tell.</summary>
    [TestMethod]
    public void WithoutTheChipOnlyTheSetsAreShown()
    {
        TestBoard board = TestBoard.Formatted("MB85RS64V");
        board.Write(1, new TrackItem(5, new byte[300]));
        string[] lines = Draw(StateOf(board, isSim: false), true);
        Assert.IsTrue(lines.Any(line => line.Contains("not on the wire", StringComparison.Ordinal)));
        Assert.DoesNotContain('█', Map(lines));
        Assert.AreEqual(16, Map(lines).Count(cell => cell == 'B'));
    }

    /// <summary>Breaks when a rate is taken over a restart, at which the counters begin anew.</summary>
    [TestMethod]
    public void ARestartIsNoRate()
    {
        MonitorState state = new();
        foreach ((uint uptimeMs, uint commits) in new[] { (10_000u, 500u), (11_000u, 510u) })
            state.Add(Sample(uptimeMs, commits));
        Assert.AreEqual(10, state.RateOf(Counter.Commits), 0.001);
        state.Add(Sample(300, 1));
        Assert.AreEqual(0, state.RateOf(Counter.Commits));
    }

    private static MonitorSample Sample(uint uptimeMs, uint commits)
    {
        byte[] stats = new byte[Payload.StatsAnswer.Bytes];
        Buffers.PutInt32(stats, 4 * Counter.UptimeMs, (int)uptimeMs);
        Buffers.PutInt32(stats, 4 * Counter.Commits, (int)commits);
        return new MonitorSample(uptimeMs, new BoardInfo(new byte[Payload.HelloAnswer.Bytes]), null, new BoardStats(stats), 1);
    }

    // A large chip, an interrupted request, a recovery, and more events than are shown.
    private static MonitorState StateWithMuchToShow(int findings)
    {
        TestBoard board = TestBoard.Formatted("MB85RS2MT");
        for (uint i = 1; i < 20; i++)
            board.Write(i, new TrackItem(i, new byte[300 * i]), new TrackItem(100 + i, [1]));
        TrackItem[] items = [.. Enumerable.Range(10, 4).Select(track => new TrackItem((uint)track, new byte[100]))];
        foreach (byte[] frame in board.WriteFrames(20, items).SkipLast(1))
            board.Send(frame);
        MonitorState state = StateOf(board, isSim: true, stats =>
        {
            Buffers.PutInt32(stats, 4 * Counter.Recoveries, 1);
            stats[Payload.StatsAnswer.Findings] = (byte)findings;
        });
        for (int i = 0; i < 9; i++)
            state.Tell(new string('x', 200));
        state.Keys = "p power off  w writing off  q quit";
        return state;
    }

    private static MonitorState StateOf(TestBoard board, bool isSim, Action<byte[]>? changeStats = null)
    {
        MonitorState state = new() { Port = "/dev/ttyUSB0" };
        byte[] hello = board.Hello().Payload;
        byte[] info = board.Info().Payload;
        byte[] stats = board.AskOne(FrameType.Stats).Payload;
        changeStats?.Invoke(stats);
        state.Add(new MonitorSample(0, new BoardInfo(hello), new StoreInfo(info), new BoardStats(stats), 1.5));
        if (isSim)
            state.Medium = Medium.Read(board.Chip.Memory);
        return state;
    }

    private static string[] Draw(MonitorState state, bool isUnicode)
    {
        TestConsole console = new TestConsole().Width(80).Height(24);
        console.Write(new MonitorView(state, isUnicode).Render());
        string[] lines = [.. console.Lines];
        Assert.IsLessThanOrEqualTo(23, lines.Length, string.Join('\n', lines));
        Assert.IsTrue(lines.All(line => line.Length <= 80), string.Join('\n', lines));
        return lines;
    }

    // The lines between the legend and the sets.
    private static string Map(string[] lines)
    {
        int legend = Array.FindIndex(lines, line => line.StartsWith("segments", StringComparison.Ordinal));
        int sets = Array.FindIndex(lines, line => line.StartsWith("set ", StringComparison.Ordinal));
        return string.Concat(lines[(legend + 1)..sets].Select(line => line.Trim()));
    }
}
