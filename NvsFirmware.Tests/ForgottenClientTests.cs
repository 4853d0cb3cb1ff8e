using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>G3: so many clients are remembered, and of those that are not the horizon tells how late they may have committed.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ForgottenClientTests
{
    // What docs/protocol.md promises, not what the code has.
    public static IEnumerable<object[]> Chips => [["MB85RS64V", 8, 2], ["MB85RS256TY", 32, 4]];

    private uint number = 1;

    [TestMethod]
    [DynamicData(nameof(Chips))]
    public void SoManyClientsAreRememberedAndTheNextPushesTheOldestOut(string chip, int stay, int pass)
    {
        // Breaks with a place too few in the client table.
        foreach (bool isRestarted in new[] { false, true })
        {
            TestBoard board = TestBoard.Formatted(chip);
            Dictionary<uint, uint> versions = [];
            for (uint client = 1; client <= stay; client++)
                versions[client] = InASessionOfItsOwn(board).WriteAs(client, 100 + client, new TrackItem(client % 20, [(byte)client]));
            Assert.IsTrue(InASessionOfItsOwn(board).Last(999).U32(Payload.LastAnswer.Horizon) <= versions[1], "none was forgotten");
            if (isRestarted)
                board.Boot();
            foreach ((uint client, uint version) in versions)
                AssertRemembered(board, client, 100 + client, version);
            // The last commit's client is known from the blocks, the others from the table: so one more may still have a place.
            for (uint client = 1; client <= 2; client++)
                InASessionOfItsOwn(board).WriteAs(1000 + client, 1, new TrackItem(1, [1]));
            Answer forgotten = InASessionOfItsOwn(board).Last(1);
            Assert.AreEqual(Status.NotFound, forgotten.Status);
            Assert.IsTrue(forgotten.U32(Payload.LastAnswer.Horizon) >= versions[1], "so the host knows that it cannot know");
            foreach (uint client in versions.Keys.Skip(2))
                AssertRemembered(board, client, 100 + client, versions[client]);
        }
    }

    [TestMethod]
    [DynamicData(nameof(Chips))]
    public void ClientsThatPassByPushNobodyOutWhoStays(string chip, int stay, int pass)
    {
        // Finding 3: one-shot commands with random ids used the places up. Breaks with *passing* not looked at.
        TestBoard board = TestBoard.Formatted(chip);
        Dictionary<uint, uint> versions = [];
        for (uint client = 1; client <= stay; client++)
            versions[client] = InASessionOfItsOwn(board).WriteAs(client, 1, new TrackItem(client % 20, [1]));
        List<(uint Client, uint Version)> passing = [];
        for (uint client = 1000; client < 1100; client++)
        {
            Answer answer = InASessionOfItsOwn(board).TryWrite(1, [new(1, [(byte)client])], client, WriteFlags.Passing)!;
            Assert.AreEqual(Status.Ok, answer.Status);
            passing.Add((client, answer.Argument));
            if (client % 17 == 0)
                board.Boot();
        }
        foreach (TestBoard each in new[] { board, board.BootCopy() })
        {
            foreach ((uint client, uint version) in versions)
                AssertRemembered(each, client, 1, version);
            foreach ((uint client, uint version) in passing.TakeLast(pass))
                AssertRemembered(each, client, 1, version);
            Answer forgotten = each.Last(passing[0].Client);
            Assert.AreEqual(Status.NotFound, forgotten.Status);
            Assert.IsTrue(forgotten.U32(Payload.LastAnswer.PassingHorizon) >= passing[0].Version);
            Assert.IsTrue(forgotten.U32(Payload.LastAnswer.Horizon) <= versions[1], "nobody who stays was forgotten");
        }
    }

    // A client that used both kinds has a place among those that stay, so a request of it that passes by goes with the later horizon of the
    // two.
    [TestMethod]
    [DynamicData(nameof(Chips))]
    public void AClientThatStaysKeepsItsPlaceWhenItPassesBy(string chip, int stay, int pass)
    {
        // Breaks with the place of its latest request's kind taken.
        TestBoard board = TestBoard.Formatted(chip);
        board.WriteAs(77, 1, new TrackItem(1, [1]));
        uint version = InASessionOfItsOwn(board).TryWrite(2, [new(1, [2])], 77, WriteFlags.Passing)!.Argument;
        for (uint client = 1000; client < 1000 + 2 * (uint)pass; client++)
            InASessionOfItsOwn(board).TryWrite(1, [new(2, [2])], client, WriteFlags.Passing);
        board.Boot();
        AssertRemembered(board, 77, 2, version);
        for (uint client = 1; client <= stay + 1; client++)
            InASessionOfItsOwn(board).WriteAs(client, 1, new TrackItem(3, [3]));
        Answer forgotten = InASessionOfItsOwn(board).Last(77);
        Assert.AreEqual(Status.NotFound, forgotten.Status);
        Assert.IsTrue(forgotten.U32(Payload.LastAnswer.Horizon) >= version);
    }

    [TestMethod]
    [DynamicData(nameof(Chips))]
    public void AClientThatMayHaveBeenForgottenIsNeverToldThatItDidNotCommit(string chip, int stay, int pass)
    {
        // The host's rule: NotFound and a horizon not later than b mean *not committed*. Nobody who did commit may be told so. And the
        // rule is of use: as long as few enough others committed since b, the horizon is not later. Restarts and cuts in between.
        Random random = new(stay);
        TestBoard board = TestBoard.Formatted(chip);
        Dictionary<uint, (uint Number, uint Version, uint Began)> committed = [];
        List<(uint Client, bool IsPassing)> order = []; // the newest last
        int unknown = 0;
        for (int i = 0; i < 1500; i++)
        {
            bool isPassing = random.Next(3) == 0;
            uint client = (uint)random.Next(1, 3 * stay) * 2 + (isPassing ? 1u : 0);
            uint began = InASessionOfItsOwn(board).Last(client).U32(Payload.LastAnswer.StoreVersion);
            Answer answer = InASessionOfItsOwn(board)
                .TryWrite(number, [new((uint)random.Next(1, 9), [1])], client, isPassing ? WriteFlags.Passing : 0)!;
            Assert.AreEqual(Status.Ok, answer.Status);
            committed[client] = (number++, answer.Argument, began);
            order.Remove((client, isPassing));
            order.Add((client, isPassing));
            if (random.Next(25) == 0)
                board.Boot();
            if (random.Next(10) != 0)
                continue;
            foreach ((uint asked, bool asksPassing) in order)
            {
                Answer last = InASessionOfItsOwn(board).Last(asked);
                (uint theirs, uint version, uint theirBegin) = committed[asked];
                if (last.Status == Status.Ok)
                {
                    Assert.AreEqual((theirs, version), (last.U32(Payload.LastAnswer.Number), last.Argument), $"client {asked}");
                    continue;
                }
                unknown++;
                Assert.AreEqual(Status.NotFound, last.Status);
                uint horizon = last.U32(asksPassing ? Payload.LastAnswer.PassingHorizon : Payload.LastAnswer.Horizon);
                Assert.IsTrue(horizon > theirBegin, $"client {asked} committed {version}, began behind {theirBegin}");
                int behind = order.SkipWhile(entry => entry.Client != asked).Skip(1).Count(entry => entry.IsPassing == asksPassing);
                Assert.IsTrue(
                    behind >= (asksPassing ? pass : stay), $"client {asked} is forgotten, and only {behind} of its kind came behind it");
            }
        }
        Assert.IsTrue(unknown > 100);
    }

    [TestMethod]
    [DynamicData(nameof(Chips))]
    public void TheHorizonIsNotLaterThanWhatMayHaveBeenForgotten(string chip, int stay, int pass)
    {
        // Else every answer NotFound would be *unknown*. As many clients as are remembered commit behind b: none of them pushed another
        // out.
        TestBoard board = TestBoard.Formatted(chip);
        for (uint client = 1; client <= 2 * stay; client++)
            InASessionOfItsOwn(board).WriteAs(client, 1, new TrackItem(1, [1]));
        for (uint client = 5000; client < 5000 + 2 * pass; client++)
            Assert.AreEqual(Status.Ok, InASessionOfItsOwn(board).TryWrite(1, [new(1, [1])], client, WriteFlags.Passing)?.Status);
        uint b = InASessionOfItsOwn(board).Last(1).U32(Payload.LastAnswer.StoreVersion);
        for (uint client = 9000; client < 9000 + stay - 1; client++)
        {
            InASessionOfItsOwn(board).WriteAs(client, 1, new TrackItem(1, [1]));
            Assert.IsTrue(InASessionOfItsOwn(board).Last(7777).U32(Payload.LastAnswer.Horizon) <= b);
        }
        Assert.IsTrue(board.BootCopy().Last(7777).U32(Payload.LastAnswer.Horizon) <= b);
    }

    [TestMethod]
    [DynamicData(nameof(Chips))]
    public void ARequestInDoubtIsNotAppliedTwiceWhateverTheOthersDo(string chip, int stay, int pass)
    {
        // Finding 3 as it happened: in doubt, others commit, the host asks. It may repeat only when told that it was not committed.
        for (uint others = 1; others < 2 * stay; others += (uint)(stay / 4))
        {
            TestBoard board = TestBoard.Formatted(chip);
            uint b = board.Hello().U32(Payload.HelloAnswer.Version);
            InASessionOfItsOwn(board).WriteAs(0xD0, 1, new TrackItem(1, [1])); // the answer is lost
            for (uint client = 1; client <= others; client++)
                InASessionOfItsOwn(board).WriteAs(client, 1, new TrackItem(client == others ? 1u : 2u, [2]));
            Answer last = InASessionOfItsOwn(board).Last(0xD0);
            bool isKnownNotCommitted = last.Status == Status.NotFound && last.U32(Payload.LastAnswer.Horizon) <= b;
            Assert.IsFalse(isKnownNotCommitted, $"{others} others");
            Assert.IsTrue(last.Status == Status.Ok || others >= stay);
        }
    }

    [TestMethod]
    public void AClientThatComesBackIsTheNewestAgain()
    {
        TestBoard board = TestBoard.Formatted();
        for (uint client = 1; client <= 8; client++)
            InASessionOfItsOwn(board).WriteAs(client, 1, new TrackItem(client, [1]));
        InASessionOfItsOwn(board).WriteAs(1, 2, new TrackItem(1, [2]));
        for (uint client = 20; client < 27; client++)
            InASessionOfItsOwn(board).WriteAs(client, 1, new TrackItem(client, [1]));
        Assert.AreEqual(2u, board.BootCopy().Last(1).U32(Payload.LastAnswer.Number));
        Assert.AreEqual(2u, InASessionOfItsOwn(board).Last(1).U32(Payload.LastAnswer.Number));
        Assert.AreEqual(Status.NotFound, InASessionOfItsOwn(board).Last(2).Status);
    }

    [TestMethod]
    public void AClientMayPassByFirstAndStayLater()
    {
        TestBoard board = TestBoard.Formatted();
        Assert.AreEqual(Status.Ok, InASessionOfItsOwn(board).TryWrite(1, [new(1, [1])], 5, WriteFlags.Passing)?.Status);
        InASessionOfItsOwn(board).WriteAs(5, 2, new TrackItem(1, [2]));
        for (uint client = 100; client < 110; client++)
            Assert.AreEqual(Status.Ok, InASessionOfItsOwn(board).TryWrite(1, [new(1, [3])], client, WriteFlags.Passing)?.Status);
        foreach (TestBoard each in new[] { board, board.BootCopy() })
            Assert.AreEqual(2u, each.Last(5).U32(Payload.LastAnswer.Number));
    }

    [TestMethod]
    public void ACutAtAnyByteForgetsNoClient()
    {
        // Breaks with the last client's entry not due after recovery. All places are in use, so that each cut hits one that is written
        // over.
        TestBoard board = TestBoard.Formatted();
        for (uint client = 1; client <= 9; client++)
            InASessionOfItsOwn(board).WriteAs(client, client, new TrackItem(client, [1]));
        board.Idle(500);
        byte[] before = board.Chip.Storage.ToArray();
        Dictionary<uint, uint> versions = [];
        for (uint client = 2; client <= 9; client++)
            versions[client] = InASessionOfItsOwn(board).Last(client).Argument;
        int isNew = 0, bytes = 1;
        for (; ; bytes++)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Hello();
            board.Chip.CutAfterBits(8 * bytes);
            InASessionOfItsOwn(board).TryWrite(1, [new(10, [1])], 10);
            if (board.Chip.IsPowered)
                break;
            board.Boot();
            bool isCommitted = InASessionOfItsOwn(board).Last(10).Status == Status.Ok;
            isNew += isCommitted ? 1 : 0;
            foreach ((uint client, uint version) in versions.Where(entry => !isCommitted || entry.Key > 2))
                AssertRemembered(board, client, client, version);
            board.Idle(400);
            Assert.IsEmpty(board.Verify(), $"cut after {bytes}");
            TestBoard again = board.BootCopy();
            foreach ((uint client, uint version) in versions.Where(entry => !isCommitted || entry.Key > 2))
                AssertRemembered(again, client, client, version);
        }
        Assert.IsTrue(isNew > 0 && isNew < bytes - 20, $"{isNew} of {bytes}");
    }

    private static void AssertRemembered(TestBoard board, uint client, uint number, uint version)
    {
        Answer last = InASessionOfItsOwn(board).Last(client);
        Assert.AreEqual((Status.Ok, number, version),
            (last.Status, last.Status == Status.Ok ? last.U32(Payload.LastAnswer.Number) : 0, last.Argument), $"client {client}");
    }

    // Each client is a program of its own. (A session ends when the store forgets a client that has committed in it.)
    private static TestBoard InASessionOfItsOwn(TestBoard board)
    {
        if (board.Chip.IsPowered)
            board.Hello();
        return board;
    }
}
