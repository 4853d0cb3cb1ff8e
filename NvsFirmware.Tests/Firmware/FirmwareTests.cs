using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>The firmware as a whole, by the bytes on its line and on its bus.</summary>
[TestClass]
public class FirmwareTests
{
    [TestMethod]
    public void AWriteIsReadBack()
    {
        SmallBoard board = Formatted();
        Check.Is(Status.Ok, board.Write(5, 1, 0, 7, 1, 100, true));
        Assert.AreEqual(1, board.Answers);
        int version = board.Argument;
        board.Holds(7, 1, 100);
        Assert.AreEqual(version, board.Argument);
        board.Boot();
        board.Holds(7, 1, 100);
        Assert.AreEqual(version, board.Argument);
    }

    // A read between the frames of a write request does not disturb it.
    [TestMethod]
    public void AReadInTheMiddleOfABatch()
    {
        SmallBoard board = Formatted();
        Check.Is(Status.Continue, board.Write(5, 1, 0, 7, 1, 50, false));
        Assert.AreEqual(1, board.Argument);
        Check.Is(Status.NotFound, board.Read(7));
        Check.Is(Status.Ok, board.Write(5, 1, 1, 8, 2, 50, true));
        board.Holds(7, 1, 50);
        board.Holds(8, 2, 50);
    }

    // Finding 2 and 1: the content decides, and a number stands for one content, in this session and after a restart.
    [TestMethod]
    public void ARepeatedRequestIsAnsweredAndNotAppliedTwice()
    {
        SmallBoard board = Formatted();
        board.Write(5, 1, 0, 7, 1, 50, true);
        int version = board.Argument;
        Check.Is(Status.Ok, board.Repeat(1));
        Assert.AreEqual(version, board.Argument);
        Check.Is(Status.Conflict, board.Write(5, 1, 0, 7, 2, 50, true), "other content");
        board.Holds(7, 1, 50);
        board.Boot();
        Check.Is(Status.OldRequest, board.Write(5, 1, 0, 7, 1, 50, true), "decided in an earlier session");
        Check.Is(Status.OldRequest, board.Write(5, 0, 0, 7, 2, 50, true));
        board.Holds(7, 1, 50);
        Check.Is(Status.Ok, board.Last(5));
        Assert.AreEqual(1, board.Int32(Payload.LastAnswer.Number));
        Assert.AreEqual(version, board.Argument);
    }

    [TestMethod]
    public void ABlankChipIsServedAsThat()
    {
        SmallBoard board = new SmallBoard();
        board.Boot();
        Check.Is(Status.Blank, board.Read(7));
        Check.Is(Status.Blank, board.Write(5, 1, 0, 7, 1, 50, true));
        Check.Is(Status.Ok, board.Hello());
        Assert.AreEqual(0x2000, board.Int32(Payload.HelloAnswer.ChipBytes));
        Check.Is(Status.WrongProtocol, board.Hello(9));
    }

    [TestMethod]
    public void ABlankChipIsFormattedAtBootIfTheBoardSaysSo()
    {
        SmallBoard board = new SmallBoard(SmallFram.Small(), Formatting());
        board.Boot();
        Check.Is(Status.Ok, board.Firmware.State);
        Check.Is(Status.Ok, board.Write(5, 1, 0, 7, 1, 50, true));
        board.Boot();
        board.Holds(7, 1, 50);
    }

    [TestMethod]
    public void WhatIsNoRequestIsRefusedAndTheNextWorks()
    {
        SmallBoard board = Formatted();
        Check.Is(Status.UnknownType, board.Ask(0x55, 1, 0, new byte[3]));
        Check.Is(Status.BadRequest, board.Ask(FrameType.Write, 2, 0, new byte[5]));
        Check.Is(Status.BadRequest, board.Ask(FrameType.Read, 3, 0, new byte[1]));
        Check.Is(Status.BadRequest, board.Last(0), "no client");
        Check.Is(Status.BadRequest, board.Write(0, 4, 0, 7, 1, 10, true), "no client");
        Check.Is(Status.BadRequest, board.WritePart(5, 4, 0, 7, 1, 10, 0x41), "an undefined flag");
        Check.Is(Status.WrongOrder, board.Write(5, 5, 1, 7, 1, 10, true));
        Check.Is(Status.TooLong, board.Ask(FrameType.Write, 6, 0, new byte[1000]));
        board.Silence();
        board.Ask(FrameType.Answer | FrameType.Read, 7, 0, new byte[4]);
        Assert.AreEqual(0, board.Answers, "an answer is not answered");
        Check.Is(Status.Ok, board.Write(5, 8, 0, 7, 1, 10, true));
    }

    [TestMethod]
    public void AChipThatIsPulledOutIsFoundAgain()
    {
        SmallBoard board = Formatted();
        board.Write(5, 1, 0, 7, 1, 50, true);
        board.Fram.IsThere = false;
        board.Line.Sleep(2000);
        board.Firmware.Step(0); // each second it looks
        Check.Is(Status.NoChip, board.Read(7));
        board.Fram.IsThere = true;
        board.Line.Sleep(2000);
        board.Firmware.Step(0);
        board.Holds(7, 1, 50);
    }

    [TestMethod]
    public void ABusThatFailsIsAnErrorNotSilence()
    {
        SmallBoard board = Formatted();
        board.Write(5, 1, 0, 7, 1, 50, true);
        board.Fram.IsBusBroken = true;
        Check.Is(Status.ChipError, board.Write(5, 2, 0, 7, 2, 50, true));
        board.Fram.IsBusBroken = false;
        board.Line.Sleep(2000);
        board.Firmware.Step(0);
        board.Holds(7, 1, 50);
        Check.Is(Status.Ok, board.Write(5, 2, 0, 7, 2, 50, true));
        board.Holds(7, 2, 50);
    }

    // Finding 6: a chip that stores nothing, and a driver that says nothing. Breaks with the last block not read back.
    [TestMethod]
    public void AWriteThatTheChipDropsIsNeverAcknowledged()
    {
        SmallBoard board = Formatted();
        board.Write(5, 1, 0, 7, 1, 50, true);
        board.Fram.Protection = 0x0C;
        Check.Is(Status.ChipError, board.Write(5, 2, 0, 7, 2, 50, true));
        board.Fram.Protection = 0;
        board.Line.Sleep(2000);
        board.Firmware.Step(0);
        board.Holds(7, 1, 50);
        Check.Is(Status.Ok, board.Last(5));
        Assert.AreEqual(1, board.Int32(Payload.LastAnswer.Number));
        Check.Is(Status.Ok, board.Write(5, 2, 0, 7, 2, 50, true));
        board.Holds(7, 2, 50);
    }

    [TestMethod]
    public void TheChipSleepsAndWakesForTheNextRequest()
    {
        SmallFram fram = new SmallFram(0x20000, 0x04, 0x7F, 0x27, 0x03);
        BoardSettings settings = Formatting();
        settings.SleepAfterMs = 5000;
        SmallBoard board = new SmallBoard(fram, settings);
        board.Boot();
        board.Write(5, 1, 0, 7, 1, 50, true);
        board.Line.Sleep(6000);
        board.Firmware.Step(0);
        Assert.IsTrue(fram.IsAsleep);
        Check.Is(Status.Ok, board.Write(5, 2, 0, 7, 2, 50, true));
        board.Boot();
        board.Holds(7, 2, 50);
    }

    // When the line rests the record says that the tables are complete: the next boot finds nothing to do.
    [TestMethod]
    public void AfterARestThereIsNothingToRecover()
    {
        SmallBoard board = new SmallBoard(SmallFram.Small(), Formatting());
        board.Boot();
        board.Write(5, 1, 0, 7, 1, 50, true);
        board.Boot();
        Assert.AreEqual(RecoveryFindings.RolledForward, Findings(board));
        board.Write(5, 2, 0, 7, 2, 50, true);
        board.Silence();
        board.Boot();
        Assert.AreEqual(RecoveryFindings.Clean, Findings(board));
        board.Holds(7, 2, 50);
    }

    [TestMethod]
    public void TheFlagAlternates()
    {
        SmallBoard board = Formatted();
        for (int i = 1; i <= 3; i++)
        {
            board.Write(5, i, 0, 7, i, 50, true);
            Check.Is(Status.Ok, board.Ask(FrameType.Info, 1, 0, new byte[0]));
            Assert.AreEqual(i & 1, board.Byte(Payload.InfoAnswer.Flag));
            Assert.AreEqual(i, board.Int32(Payload.InfoAnswer.Version));
        }
    }

    private static int Findings(SmallBoard board)
    {
        Check.Is(Status.Ok, board.Ask(FrameType.Info, 1, 0, new byte[0]));
        return board.Byte(Payload.InfoAnswer.Findings);
    }

    private static BoardSettings Formatting() =>
        new BoardSettings { FormatBlank = true, NewStoreId = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }, LargestPieceBytes = 128 };

    private static SmallBoard Formatted()
    {
        SmallBoard board = new SmallBoard();
        board.Format();
        return board;
    }
}
