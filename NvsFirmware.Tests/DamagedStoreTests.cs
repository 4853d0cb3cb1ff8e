using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using static NvsFirmware.Tests.ChipStates;

namespace NvsFirmware.Tests;

/// <summary>G5: damaged and newer stores are told apart from blank chips and from each other, and left alone.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class DamagedStoreTests
{
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void ADamagedSuperblockCopyIsWrittenAgain(int copy)
    {
        TestBoard board = WithTracks();
        byte[] store = board.Chip.Memory.ToArray();
        int address = SuperblockAddress(board, copy);
        for (int at = 0; at < SuperblockBytes; at++)
            foreach (byte flip in new byte[] { 0x01, 0xFF })
            {
                board.Chip.Memory[address + at] ^= flip;
                board.Boot();
                AssertHolds(board, item);
                Assert.AreEqual(RecoveryFindings.SuperblockCopy, board.Info().Payload[Payload.InfoAnswer.Findings], $"byte {at}");
                CollectionAssert.AreEqual(
                    store[address..(address + SuperblockBytes)], board.Chip.Memory.Slice(address, SuperblockBytes).ToArray(), $"byte {at}");
            }
    }

    [TestMethod]
    public void TwoDamagedSuperblockCopiesAreADamagedStore()
    {
        TestBoard board = WithTracks();
        board.Chip.Flip(20, 3);
        board.Chip.Flip(board.Chip.Part.Bytes - SuperblockBytes + 30, 5);
        AssertLeftAlone(board, Status.StoreDamaged);
        Assert.AreEqual(Status.WrongName, board.Format("BLANK").Status);
        Assert.AreEqual(Status.Ok, board.Format("DAMAGED").Status);
    }

    [TestMethod]
    [DataRow((byte)0x00)]
    [DataRow((byte)0xFF)]
    public void TwoWipedSuperblockCopiesAreADamagedStoreAndNotABlankChip(byte cells)
    {
        // Breaks with a chip without superblocks called blank without looking for records.
        TestBoard board = WithTracks(settings: FormatsBlank());
        board.Chip.Fill(0, SuperblockBytes, cells);
        board.Chip.Fill(board.Chip.Part.Bytes - SuperblockBytes, SuperblockBytes, cells);
        AssertLeftAlone(board, Status.StoreDamaged);
    }

    [TestMethod]
    public void ANewerFormatIsLeftAlone()
    {
        TestBoard board = WithTracks(settings: FormatsBlank());
        byte[] id = board.StoreId();
        EditSuperblocks(board, copy => copy[8]++);
        AssertLeftAlone(board, Status.NewerFormat);
        Assert.AreEqual(Status.WrongName, board.Format("BLANK").Status);
        Assert.AreEqual(Status.WrongName, board.Format("DAMAGED").Status);
        Assert.AreEqual(Status.Ok, board.Format(id).Status);
    }

    [TestMethod]
    public void AStoreMadeForABiggerChipIsDamaged()
    {
        TestBoard board = WithTracks();
        EditSuperblocks(board, copy => BitConverter.TryWriteBytes(copy.AsSpan(12), 0x8000));
        AssertLeftAlone(board, Status.StoreDamaged);
    }

    [TestMethod]
    [DataRow(16, 63)]
    [DataRow(16, 5000)]
    [DataRow(18, 65)]
    [DataRow(18, 1)]
    [DataRow(36, 0)]
    [DataRow(36, 65)]
    [DataRow(38, 9)]
    public void AStoreWithImpossibleSizesIsDamaged(int at, int value)
    {
        TestBoard board = WithTracks();
        EditSuperblocks(board, copy => BitConverter.TryWriteBytes(copy.AsSpan(at), (ushort)value));
        board.Boot();
        Assert.AreEqual(Status.StoreDamaged, board.State);
    }

    [TestMethod]
    public void AStoreOfOtherSizesThanTheBoardsIsServedWithItsOwn()
    {
        TestBoard made = TestBoard.Formatted("MB85RS2MT", segmentBytes: 100, setSegments: 40);
        made.Write(1, item);
        TestBoard board = new(
            made.Chip, new BoardSettings { SegmentBytes = 500, SetSegments = 10, FormatBlank = true, NewStoreId = newId });
        board.Boot();
        Assert.AreEqual((100, 40), (board.Info().U16(Payload.InfoAnswer.SegmentBytes), board.Info().U16(Payload.InfoAnswer.SetSegments)));
        AssertHolds(board, item);
    }
}
