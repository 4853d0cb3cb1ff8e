using nanoFramework.TestFramework;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;

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
        Assert.AreEqual(1, board.Int32(Payload.WriteAnswer.Version));
        board.Holds(7, 1, 100);
        board.Boot();
        board.Holds(7, 1, 100);
        Assert.AreEqual(1, board.Int32(Payload.ReadAnswer.Version));
    }

    // A read between the frames of a write request does not disturb it.
    [TestMethod]
    public void AReadInTheMiddleOfABatch()
    {
        SmallBoard board = Formatted();
        Check.Is(Status.Continue, board.Write(5, 1, 0, 7, 1, 50, false));
        Assert.AreEqual(1, board.UInt16(Payload.WriteAnswer.NextPart));
        Check.Is(Status.NotFound, board.Read(7));
        Check.Is(Status.Ok, board.Write(5, 1, 1, 8, 2, 50, true));
        board.Holds(7, 1, 50);
        board.Holds(8, 2, 50);
    }

    [TestMethod]
    public void ALongTrackIsReadInParts()
    {
        SmallBoard board = Formatted();
        Check.Is(Status.Ok, board.Write(5, 1, 0, 7, 1, 128, true));
        SmallBoard other = new SmallBoard(board.Fram, new BoardSettings { LargestDataBytes = 64, CacheBlocks = 0 });
        other.Boot();
        Check.Is(Status.Ok, other.Read(7));
        Assert.AreEqual(2, other.Answers);
        Assert.AreEqual(64, other.UInt16(Payload.ReadAnswer.Offset));
    }

    [TestMethod]
    public void ARepeatedRequestIsAnsweredAndNotAppliedTwice()
    {
        SmallBoard board = Formatted();
        board.Write(5, 1, 0, 7, 1, 50, true);
        Check.Is(Status.Ok, board.Repeat(1));
        Assert.AreEqual(1, board.Int32(Payload.WriteAnswer.Version));
        Check.Is(Status.Ok, board.Write(5, 1, 0, 7, 2, 50, true), "the number decides");
        board.Holds(7, 1, 50);
        board.Boot();
        Check.Is(Status.Ok, board.Write(5, 1, 0, 7, 2, 50, true), "after a restart as well");
        board.Holds(7, 1, 50);
        Check.Is(Status.OldRequest, board.Write(5, 0, 0, 7, 2, 50, true));
        Check.Is(Status.Ok, board.Last(5));
        Assert.AreEqual(1, board.Int32(Payload.LastAnswer.Request));
        Assert.AreEqual(1, board.Int32(Payload.LastAnswer.Version));
    }

    [TestMethod]
    public void ABlankChipIsServedAsThat()
    {
        SmallBoard board = new SmallBoard();
        board.Boot();
        Check.Is(Status.Blank, board.Read(7));
        Check.Is(Status.Blank, board.Write(5, 1, 0, 7, 1, 50, true));
        Check.Is(Status.Ok, board.Ask(FrameType.Hello, 1, new byte[] { 1, 0, 0, 0 }));
        Assert.AreEqual(0x2000, board.Int32(Payload.HelloAnswer.ChipBytes));
    }

    [TestMethod]
    public void ABlankChipIsFormattedAtBootIfTheBoardSaysSo()
    {
        SmallBoard board = new SmallBoard(SmallFram.Small(), new BoardSettings { FormatBlank = true, NewStoreId = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }, LargestDataBytes = 128 });
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
        Check.Is(Status.UnknownType, board.Ask(0x55, 1, new byte[3]));
        Check.Is(Status.BadRequest, board.Ask(FrameType.Write, 2, new byte[5]));
        Check.Is(Status.BadRequest, board.Ask(FrameType.Read, 3, new byte[0]));
        Check.Is(Status.BadRequest, board.Write(0, 4, 0, 7, 1, 10, true), "no client");
        Check.Is(Status.WrongOrder, board.Write(5, 5, 1, 7, 1, 10, true));
        Check.Is(Status.TooLong, board.Ask(FrameType.Write, 6, new byte[1000]));
        board.Silence();
        board.Ask(FrameType.Answer | FrameType.Read, 7, new byte[4]);
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
        board.Firmware.Step(0); // the silent line is when it looks
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

    [TestMethod]
    public void TheChipSleepsAndWakesForTheNextRequest()
    {
        SmallFram fram = new SmallFram(0x20000, 0x04, 0x7F, 0x27, 0x03);
        SmallBoard board = new SmallBoard(fram, new BoardSettings { FormatBlank = true, NewStoreId = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 }, LargestDataBytes = 128, SleepAfterMs = 5000 });
        board.Boot();
        board.Write(5, 1, 0, 7, 1, 50, true);
        board.Line.Sleep(6000);
        board.Firmware.Step(0);
        Assert.IsTrue(fram.IsAsleep);
        Check.Is(Status.Ok, board.Write(5, 2, 0, 7, 2, 50, true));
        board.Boot();
        board.Holds(7, 2, 50);
    }

    [TestMethod]
    public void TheFlagAlternates()
    {
        SmallBoard board = Formatted();
        for (int i = 1; i <= 3; i++)
        {
            board.Write(5, i, 0, 7, i, 50, true);
            Check.Is(Status.Ok, board.Ask(FrameType.Info, 1, new byte[0]));
            Assert.AreEqual(i & 1, board.Int32(Payload.InfoAnswer.Flag) & 0xFF);
            Assert.AreEqual(i, board.Int32(Payload.InfoAnswer.Sequence));
            Assert.AreEqual(RecoveryFindings.Clean, (board.Int32(Payload.InfoAnswer.Flag) >> 8) & 0xFF);
        }
    }

    private static SmallBoard Formatted()
    {
        SmallBoard board = new SmallBoard();
        board.Format();
        return board;
    }
}
