using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>
/// The write path as a whole, from frame bytes to the chip and back, cut and recovered. One history on a small chip: what the
/// interpreter can do in seconds. PowerCutTests.cs has more of both, on .NET.
/// </summary>
[TestClass]
public class PowerLossTests
{
    private const int Client = 5;
    private const int OldSeed = 10;
    private const int NewSeed = 20;

    // At every byte of a write request of two tracks: all old or all new, new if it was acknowledged, LAST says which; and a retry ends it.
    [TestMethod]
    public void CutAtEveryByteOfAWriteRequest()
    {
        SmallBoard board = new SmallBoard();
        byte[] before = Prepare(board);
        int whole = BytesOf(board);
        int kept = 0;
        int lost = 0;
        for (int cut = 1; cut <= whole; cut++)
        {
            Restore(board, before);
            board.Boot();
            board.Hello();
            board.Fram.CutAfter(cut);
            bool isAcknowledged = Request(board);
            board.Boot();
            bool isNew = IsCommitted(board, cut);
            Assert.IsTrue(isNew || !isAcknowledged, "acknowledged and lost: cut " + cut.ToString());
            if (isNew)
                kept++;
            else
                lost++;
            // A host repeats only what LAST tells that it was not committed.
            Assert.IsTrue(isNew || Request(board), "the retry is refused: cut " + cut.ToString());
            Assert.IsTrue(IsCommitted(board, cut), "after the retry: cut " + cut.ToString());
        }
        // Both halves were seen: the blocks come before the commit, the entries after it.
        Assert.IsTrue(lost > 200, "lost " + lost.ToString());
        Assert.IsTrue(kept > 16, "kept " + kept.ToString());
    }

    // Power goes in the middle of the bookkeeping, comes back, and goes again in the middle of what recovery has to write.
    [TestMethod]
    public void CutAgainDuringRecovery()
    {
        SmallBoard board = new SmallBoard();
        byte[] before = Prepare(board);
        int whole = BytesOf(board);
        int rolledForward = 0;
        for (int cut = 1; cut <= whole; cut += 13)
        {
            Restore(board, before);
            board.Boot();
            board.Hello();
            board.Fram.CutAfter(cut);
            bool isAcknowledged = Request(board);
            byte[] torn = Copy(board);
            board.Boot();
            bool isNew = IsCommitted(board, cut);
            int recovery = BytesOfRecovery(board, torn);
            Check.Is(Status.Ok, board.Ask(FrameType.Info, 97, 0, new byte[0]));
            if ((board.Byte(Payload.InfoAnswer.Findings) & RecoveryFindings.RolledForward) != 0)
                rolledForward++;
            for (int again = 1; again <= recovery; again += 41)
            {
                Restore(board, torn);
                board.Fram.CutAfter(again);
                board.Reset();
                board.Firmware.Step(0);
                board.Boot();
                Assert.IsTrue(isNew == IsCommitted(board, cut), "cut " + cut.ToString() + " and " + again.ToString());
                Assert.IsTrue(isNew || !isAcknowledged, "acknowledged and lost");
            }
        }
        Assert.IsTrue(rolledForward > 3, "rolled forward " + rolledForward.ToString());
    }

    // Two tracks, each written twice, so that the request overwrites, and the sets do not begin where the store does.
    private static byte[] Prepare(SmallBoard board)
    {
        board.Format();
        for (int request = 1; request <= 4; request++)
            Check.Is(Status.Ok, board.Write(Client, request, 0, 1 + (request & 1), OldSeed + 1 + (request & 1), 100, true));
        return Copy(board);
    }

    // The write request that is cut: both tracks, one longer, one shorter than before. True if the board acknowledged it.
    private static bool Request(SmallBoard board)
    {
        Status status = board.Write(Client, 5, 0, 1, NewSeed + 1, 128, false);
        if (board.Answers == 0)
            return false;
        if (status == Status.Continue)
            status = board.Write(Client, 5, 1, 2, NewSeed + 2, 40, true);
        return board.Answers > 0 && status == Status.Ok;
    }

    // Fails unless all is old or all is new; true when new.
    private static bool IsCommitted(SmallBoard board, int cut)
    {
        string message = "cut " + cut.ToString();
        bool isNew = board.BeginsAs(1, NewSeed + 1);
        board.Holds(1, (isNew ? NewSeed : OldSeed) + 1, isNew ? 128 : 100);
        board.Holds(2, (isNew ? NewSeed : OldSeed) + 2, isNew ? 40 : 100);
        Check.Is(Status.Ok, board.Last(Client), message);
        Assert.AreEqual(isNew ? 5 : 4, board.Int32(Payload.LastAnswer.Number), message);
        return isNew;
    }

    // How many bytes the request takes on the bus, what is due after it included.
    private static int BytesOf(SmallBoard board)
    {
        int before = board.Fram.BusBytes;
        Assert.IsTrue(Request(board));
        return board.Fram.BusBytes - before;
    }

    // How many bytes a start takes, from what a cut left, what is due after it included.
    private static int BytesOfRecovery(SmallBoard board, byte[] torn)
    {
        Restore(board, torn);
        int before = board.Fram.BusBytes;
        board.Reset();
        board.Firmware.Step(0);
        return board.Fram.BusBytes - before;
    }

    private static byte[] Copy(SmallBoard board)
    {
        byte[] copy = new byte[board.Fram.Memory.Length];
        System.Array.Copy(board.Fram.Memory, 0, copy, 0, copy.Length);
        return copy;
    }

    // The chip as it was, with power.
    private static void Restore(SmallBoard board, byte[] memory)
    {
        System.Array.Copy(memory, 0, board.Fram.Memory, 0, memory.Length);
        board.Fram.PowerUp();
    }
}
