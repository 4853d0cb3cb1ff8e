using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using static NvsFirmware.Tests.ChipStates;

namespace NvsFirmware.Tests;

/// <summary>G5: a blank chip is formatted unasked at the first boot only, and only if the board is configured so.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class BlankChipTests
{
    [TestMethod]
    [DataRow((byte)0x00)]
    [DataRow((byte)0xFF)]
    public void ABlankChipIsBlankUntilItIsFormatted(byte cells)
    {
        TestBoard board = new();
        board.Chip.Memory.Fill(cells);
        board.Boot();
        board.Idle(3000);
        AssertRefusesAll(board, Status.Blank);
        Assert.IsTrue(board.Chip.Memory.IndexOfAnyExcept(cells) < 0, "a blank chip was written to");
        Assert.AreEqual(Status.WrongName, board.Format("DAMAGED").Status);
        Assert.AreEqual(Status.Ok, board.Format("BLANK").Status);
        board.Write(1, item);
        AssertHolds(board.BootCopy(), item);
    }

    [TestMethod]
    [DataRow((byte)0x00)]
    [DataRow((byte)0xFF)]
    public void ABoardMayFormatABlankChipAtBoot(byte cells)
    {
        TestBoard board = new(settings: FormatsBlank());
        board.Chip.Memory.Fill(cells);
        board.Boot();
        Assert.AreEqual(Status.Ok, board.State);
        CollectionAssert.AreEqual(board.Settings.NewStoreId, board.StoreId());
        board.Write(1, item);
        board.Boot();
        AssertHolds(board, item);
    }

    [TestMethod]
    public void ABoardThatFormatsBlankChipsLeavesEveryOtherAlone()
    {
        // Breaks with a board that formats in any state but Ok, where BLANK is the name in any: each alone is held by the other.
        byte[] store = WithTracks().Chip.Storage.ToArray();
        Random random = new(5);
        for (int i = 0; i < 300; i++)
        {
            TestBoard board = new(settings: FormatsBlank());
            store.CopyTo(board.Chip.Storage);
            Damage(board, random);
            board.Boot();
            board.Idle(100);
            Assert.IsTrue(board.State is Status.Ok or Status.StoreDamaged, $"{i}: {board.State}");
            CollectionAssert.AreNotEqual(board.Settings.NewStoreId, board.StoreId(), $"{i}: formatted");
        }
    }

    // A blank chip that is put in later: a board that may format one does so at its first boot only, which a board without a chip still has
    // before it. Breaks with any blank chip formatted that is met later.
    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void ABlankChipPutInLaterIsFormattedAtTheFirstBootOnly(bool isFormatting, bool hadAStore)
    {
        TestBoard board = hadAStore ? WithTracks() : new TestBoard();
        board.Settings.FormatBlank = isFormatting;
        board.Settings.NewStoreId = newId;
        board.Chip.IsAbsent = !hadAStore;
        board.Boot();
        board.Idle(3000);
        Assert.AreEqual(hadAStore ? Status.Ok : Status.NoChip, board.State);
        board.Chip.IsAbsent = true;
        board.Idle(1500);
        board.Chip.Memory.Clear();
        board.Chip.IsAbsent = false;
        board.Idle(10_000);
        Assert.AreEqual(isFormatting && !hadAStore ? Status.Ok : Status.Blank, board.State);
        if (board.State == Status.Blank)
            Assert.IsFalse(board.Chip.Memory.ContainsAnyExcept((byte)0), "it was written to");
    }

    // Some damage anywhere, but not so that the chip looks as if it never held a store.
    private static void Damage(TestBoard board, Random random)
    {
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int address = random.Next(board.Chip.Part.Bytes);
            int count = Math.Min(random.Next(1, 200), board.Chip.Part.Bytes - address);
            board.Chip.Fill(address, count, (byte)random.Next(256));
        }
    }
}
