using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;
using static NvsFirmware.Tests.ChipStates;

namespace NvsFirmware.Tests;

/// <summary>G5: a chip whose blocks are protected is read and not written.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ProtectionTests
{
    [TestMethod]
    [DataRow((byte)0x04)]
    [DataRow((byte)0x08)]
    [DataRow((byte)0x0C)]
    public void AProtectedChipIsReadAndNotWritten(byte protection)
    {
        // Breaks with protection not looked at: the write would be a ChipError.
        TestBoard board = WithTracks();
        board.Chip.Status = protection;
        byte[] before = board.Chip.Storage.ToArray();
        board.Boot();
        AssertHolds(board, item);
        Assert.AreEqual(1, board.Hello().Payload[Payload.HelloAnswer.Protected]);
        Assert.AreEqual(Status.Protected, board.TryWrite(50, [other])?.Status);
        Assert.AreEqual(Status.Protected, board.Format(board.StoreId()).Status);
        Assert.AreEqual(Status.Protected, board.Repair(board.StoreId())?.Status);
        board.Idle(3000);
        CollectionAssert.AreEqual(before, board.Chip.Storage.ToArray());
        board.Chip.Status = 0;
        board.Boot();
        board.Write(50, other);
        AssertHolds(board, item, other);
    }

    [TestMethod]
    public void OneBadStatusReadDoesNotMakeTheBoardProtected()
    {
        // Finding 12. Breaks with block protection believed from one read at boot.
        for (int reading = 0; reading < 4; reading++)
        {
            TestBoard board = WithTracks();
            int left = reading;
            bool isBad = false;
            board.Chip.BeforeTransaction = output =>
            {
                if (isBad)
                    board.Chip.Status = 0;
                isBad = output[0] == Opcode.Rdsr && left-- == 0;
                if (isBad)
                    board.Chip.Status = 0x0C;
            };
            board.Boot();
            board.Idle(1500);
            Assert.AreEqual(0, board.Hello().Payload[Payload.HelloAnswer.Protected], $"status read {reading}");
            Assert.AreEqual(Status.Ok, board.TryWrite(50, [other])?.Status, $"status read {reading}");
        }
    }

    [TestMethod]
    public void ProtectionTakenAwayIsNoticed()
    {
        TestBoard board = WithTracks();
        board.Chip.Status = 0x0C;
        board.Boot();
        Assert.AreEqual(Status.Protected, board.TryWrite(50, [other])?.Status);
        board.Chip.Status = 0;
        board.Idle(1500);
        board.Write(51, other);
        AssertHolds(board.BootCopy(), item, other);
    }
}
