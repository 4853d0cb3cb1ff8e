using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// REPAIR gives up what is damaged and nothing else: also what clients committed last is known afterwards, wherever it was cut.
/// </summary>
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

    // Finding 11: a store in doubt can be repaired, but not once FORMAT has given it up, even if that did not end.
    [TestMethod]
    public void AStoreThatFormatGaveUpIsNotRepaired()
    {
        // Breaks with FORMAT leaving what it was told before about the store.
        TestBoard board = TestBoard.Formatted();
        for (uint track = 0; track < 6; track++)
            board.Write(track + 1, new TrackItem(track, [(byte)track]));
        board.Recover();
        Medium medium = Medium.Read(board.Chip.Memory);
        int at1 = medium.Layout.EntryAt(1), at2 = medium.Layout.EntryAt(2);
        byte[] entry = board.Chip.Memory.Slice(at1, MediumLayout.EntryBytes).ToArray();
        board.Chip.Memory.Slice(at2, MediumLayout.EntryBytes).CopyTo(board.Chip.Memory[at1..]);
        entry.CopyTo(board.Chip.Memory[at2..]);
        byte[] inDoubt = board.Chip.Storage.ToArray();
        byte[] id = BitConverter.GetBytes(medium.Superblock.Id);
        int givenUp = 0;
        for (int failing = 0; failing < 40; failing++)
        {
            board.Restart(inDoubt);
            Assert.AreEqual(Status.StoreDamaged, board.State);
            int left = failing;
            board.Chip.BeforeTransaction = _ =>
            {
                if (left-- == 0)
                    throw new FramException("the bus failed");
            };
            Status status = board.Format(id, 0x99).Status;
            board.Chip.BeforeTransaction = null;
            board.Hello();
            bool isThere = IsStore(board, medium.Superblock.Id);
            Status? repaired = board.Repair(id)?.Status;
            Assert.AreEqual(isThere, repaired == Status.Ok, $"transaction {failing} failed, FORMAT {status}, REPAIR {repaired}");
            if (isThere)
                continue;
            givenUp++;
            Assert.IsFalse(IsStore(board, medium.Superblock.Id), $"transaction {failing} failed: the old store is back");
        }
        Assert.IsGreaterThan(5, givenUp);
    }

    private static bool IsStore(TestBoard board, ulong id) =>
        Medium.Read(board.Chip.Memory) is { State: MediumState.Store } medium && medium.Superblock.Id == id;

    // What was committed is known, or said to be in doubt.
    private static void AssertKnown(TestBoard board, Dictionary<uint, uint> numbers, string where)
    {
        foreach ((uint client, uint number) in numbers)
        {
            Answer last = board.Last(client);
            if (last.Status != Status.StoreDamaged)
                Assert.AreEqual((Status.Ok, number), (last.Status, last.Payload.Length > 0 ? last.U32(Payload.LastAnswer.Number) : 0),
                    $"{where}: client {client}");
        }
        Assert.AreNotEqual(Status.StoreDamaged, board.Last(1).Status, $"{where}: nothing of this was in doubt");
    }
}
