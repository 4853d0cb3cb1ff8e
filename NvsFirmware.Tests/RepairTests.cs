using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>REPAIR gives up what is damaged and nothing else: also what clients committed last is known afterwards, wherever it was cut.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class RepairTests
{
    private static readonly MediumLayout layout = MediumLayout.Default(8192)!;

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void ACutRepairForgetsNoClient(bool isAtRest)
    {
        // Breaks with the record of a repair written before the entry of the last commit's client: of that commit nothing would tell.
        TestBoard board = TestBoard.Formatted();
        board.WriteAs(1, 5, new TrackItem(1, [1]));
        board.WriteAs(2, 7, new TrackItem(2, [2]), new TrackItem(3, [3]));
        board.WriteAs(1, 6, new TrackItem(4, [4]));
        board.Idle(400); // else the block would tell
        board.Chip.Storage[layout.EntryAt(1) + 5] ^= 4; // the entry of track 2
        board.Boot();
        Dictionary<uint, uint> numbers = new() { [1] = 9, [2] = 7, [3] = 8 };
        board.WriteAs(3, 8, new TrackItem(3, [8]));
        board.WriteAs(1, 9, new TrackItem(1, [9]));
        if (isAtRest)
            board.Idle(400);
        byte[] id = board.StoreId();
        byte[] medium = board.Chip.Storage.ToArray();
        board.Chip.ResetCounters();
        Assert.AreEqual(1u, board.Repair(id)?.Argument);
        long whole = board.Chip.Bytes;
        AssertKnown(board, numbers, "not cut");
        for (long cut = 1; cut <= whole; cut++)
        {
            // Cut under way, on a board that has booted from the same medium and committed once more.
            medium.CopyTo(board.Chip.Storage);
            board.Boot();
            board.WriteAs(1, 10, new TrackItem(1, [10]));
            numbers[1] = 10;
            board.Chip.CutAfterBits(8 * cut);
            board.Repair(id);
            board.Boot();
            AssertKnown(board, numbers, $"cut after byte {cut}");
        }
    }

    // What was committed is known, or said to be in doubt.
    private static void AssertKnown(TestBoard board, Dictionary<uint, uint> numbers, string where)
    {
        foreach ((uint client, uint number) in numbers)
        {
            Answer last = board.Last(client);
            if (last.Status != Status.StoreDamaged)
                Assert.AreEqual((Status.Ok, number), (last.Status, last.Payload.Length > 0 ? last.U32(Payload.LastAnswer.Number) : 0), $"{where}: client {client}");
        }
        Assert.AreNotEqual(Status.StoreDamaged, board.Last(1).Status, $"{where}: nothing of this was in doubt");
    }
}
