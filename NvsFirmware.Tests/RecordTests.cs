using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// When a record is written, by docs/format.md: not a commit too late, or recovery has more to follow, and not one too early, or it is paid
/// for too often.
/// </summary>
/// <remarks>Broken by: the sixteen or the half a set off by one, what became free not counted, a line at rest without a record.</remarks>
[TestClass]
[OnlyOnDotNet("reads the medium with the independent reader")]
public sealed class RecordTests
{
    [TestMethod]
    [DataRow("MB85RS256B", 64, 16)]
    [DataRow("MB85RS256B", 33, 16)]
    [DataRow("MB85RS256B", 32, 16)]
    [DataRow("MB85RS256B", 31, 16)]
    [DataRow("MB85RS256B", 30, 15)]
    [DataRow("MB85RS256B", 29, 15)]
    [DataRow("MB85RS64V", 16, 8)]
    [DataRow("MB85RS64V", 3, 2)]
    [DataRow("MB85RS64V", 2, 1)]
    public void AfterSixteenCommitsOrHalfASetOfSegments(string chip, int setSegments, int commits)
    {
        TestBoard board = Board(chip, setSegments);
        for (uint number = 1; number <= 40; number++)
        {
            board.Write(number, new TrackItem(number % 3, [(byte)number]));
            Assert.AreEqual((int)number % commits, Commits(board), $"behind the record after commit {number}");
        }
    }

    [TestMethod]
    [DataRow(1, false)]
    [DataRow(7, false)]
    [DataRow(8, true)]
    [DataRow(10, true)]
    public void WhenHalfASetOfSegmentsHasBecomeFree(int segments, bool isDue)
    {
        TestBoard board = Board("MB85RS64V", 16);
        MediumLayout layout = Medium.Read(board.Chip.Memory).Layout;
        board.Write(1, new TrackItem(5, TrackModel.Data((segments * layout.SegmentBytes) - MediumLayout.BlockOverheadBytes, 1)));
        board.Rest();
        Assert.AreEqual(0, Commits(board), "at rest");
        board.Write(2, new TrackItem(5, [1]));
        Assert.AreEqual(isDue ? 0 : 1, Commits(board), "behind the record");
    }

    [TestMethod]
    [DataRow(200, 1)]
    [DataRow(300, 0)]
    public void AfterARestOfAQuarterOfASecond(int restMs, int left)
    {
        TestBoard board = Board("MB85RS64V", 16);
        board.Write(1, new TrackItem(5, [1]));
        board.Idle(restMs);
        Assert.AreEqual(left, Medium.Read(board.Chip.Memory).Rows.Count);
    }

    private static TestBoard Board(string chip, int setSegments)
    {
        TestBoard board = TestBoard.Formatted(chip, setSegments: setSegments);
        board.Rest();
        return board;
    }

    // By the medium and by INFO.
    private static int Commits(TestBoard board)
    {
        int rows = Medium.Read(board.Chip.Memory).Rows.Count;
        Assert.AreEqual(rows, board.Info().U16(Payload.InfoAnswer.SinceRecord), "INFO");
        return rows;
    }
}
