using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using static NvsFirmware.Tests.ChipStates;

namespace NvsFirmware.Tests;

/// <summary>G5: what a cut FORMAT leaves, and stores that this board cannot serve.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ChipFormatTests
{
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void ACutFormatLeavesTheOldStoreOrABlankChipOrTheNewStore(bool isBlank)
    {
        // Finding 5: after a cut FORMAT HELLO showed the new id while the state was Blank, and the host reported success.
        TestBoard board = isBlank ? new() : WithTracks();
        board.Boot();
        byte[] before = board.Chip.Storage.ToArray();
        byte[] old = board.StoreId();
        byte[] name = isBlank ? "BLANK\0\0\0"u8.ToArray() : old;
        HashSet<Status> seen = [];
        bool wasOld = false, wasNew = false;
        long whole = 0;
        for (long cut = 0; cut <= whole; cut += cut % 100 < 60 ? 1 : 13)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Hello();
            board.Chip.ResetCounters();
            if (cut > 0)
                board.Chip.CutAfterBits(8 * cut);
            Answer answer = board.Format(name, 0x0203040506070809);
            if (cut == 0)
                whole = board.Chip.Bytes;
            board.Boot();
            byte[] id = board.StoreId();
            seen.Add(board.State);
            string where = $"cut after {cut}: {board.State} {Convert.ToHexString(id)}";
            if (board.State == Status.Blank)
                CollectionAssert.AreEqual(new byte[8], id, where);
            else
                Assert.AreEqual(Status.Ok, board.State, where);
            bool isOld = !isBlank && id.AsSpan().SequenceEqual(old);
            bool isNew = id.AsSpan().SequenceEqual(newId);
            Assert.IsTrue(isNew || answer.Status != Status.Ok || answer.Type == 0, where);
            if (isOld)
                AssertHolds(board, item);
            if (isNew)
                Assert.IsEmpty(board.List(), where);
            if (board.State == Status.Ok)
                Assert.IsTrue(isOld || isNew, where);
            wasOld |= isOld;
            wasNew |= isNew;
            // A store that FORMAT gave up does not come back.
            Assert.AreEqual(
                board.State == Status.Blank ? Status.Blank : isOld ? Status.Ok : Status.WrongName, board.Repair(name)?.Status, where);
            if (board.State == Status.Blank)
                Assert.AreEqual(Status.Ok, board.Format("BLANK").Status, where);
        }
        Assert.IsTrue(seen.Contains(Status.Blank) && wasNew && wasOld == !isBlank);
    }

    [TestMethod]
    public void AStoreOfLongerPiecesThanTheBoardCanTakeIsLeftAlone()
    {
        TestBoard made = WithTracks("MB85RS256TY", new BoardSettings { LargestPieceBytes = 1024 });
        byte[] id = made.StoreId();
        TestBoard board = new(made.Chip, new BoardSettings { LargestPieceBytes = 512, FormatBlank = true, NewStoreId = [.. newId] });
        AssertLeftAlone(board, Status.BoardTooSmall);
        CollectionAssert.AreEqual(id, board.StoreId(), "told, because it is known");
        made.Boot();
        AssertHolds(made, item);
        Assert.AreEqual(Status.Ok, board.Format(id).Status);
        Assert.AreEqual(512, board.Hello().U16(Payload.HelloAnswer.PieceBytes));
    }

    [TestMethod]
    public void WhereTheStateIsNotOkHelloTellsNothingOfAStore()
    {
        TestBoard board = new();
        board.Boot();
        Answer hello = board.Hello();
        Assert.AreEqual((byte)Status.Blank, hello.Payload[Payload.HelloAnswer.State]);
        Assert.IsTrue(hello.Payload[Payload.HelloAnswer.PieceBytes..(Payload.HelloAnswer.StoreId + 8)].All(b => b == 0));
        Assert.AreEqual(0x2000u, hello.U32(Payload.HelloAnswer.ChipBytes));
    }
}
