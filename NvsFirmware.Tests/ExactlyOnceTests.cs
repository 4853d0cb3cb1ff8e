using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>G3: an Ok stands for the content of this request, stored once; LAST tells what was committed. And versions.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ExactlyOnceTests : ExactlyOnce
{
    [TestMethod]
    public void ARepeatedRequestGetsItsOriginalAnswerAndIsNotAppliedAgain()
    {
        // Breaks with a decided number carried out again.
        uint version = board.Write(7, new(1, [1]), new(2, [2]));
        for (int i = 1; i <= 3; i++)
        {
            Assert.AreEqual(version, board.Write(7, new(1, [1]), new(2, [2])));
            Assert.AreEqual((uint)i, board.Stat(Counter.Repeated));
        }
        Assert.AreEqual(version, Version());
        Assert.AreEqual(version, board.Read(1).Version);
        Assert.AreEqual(1u, board.Stat(Counter.Commits));
    }

    [TestMethod]
    public void ARepeatedLastPartAloneGetsTheOriginalAnswer()
    {
        List<byte[]> frames = board.WriteFrames(7, [new(1, [1]), new(2, [2])]);
        uint version = board.Send([.. frames])[^1].Argument;
        Answer again = board.Send(frames[1]).Single();
        Assert.AreEqual((Status.Ok, version), (again.Status, again.Argument));
        Assert.AreEqual(Status.Continue, board.Send(frames[0]).Single().Status);
    }

    [TestMethod]
    public void AnEqualNumberWithOtherContentIsAConflict()
    {
        // Finding 1: the board took equal client and number for a repetition. Breaks with the fingerprint not compared.
        board.Write(7, new TrackItem(1, [1]));
        TrackItem[][] others =
        [
            [new(1, [2])], [new(2, [1])], [new(1, [])], [new(1, [1, 1])], [new(1, null)],
            [new(1, [1]), new(2, [2])], [new(2, [2]), new(1, [1])],
        ];
        foreach (TrackItem[] other in others)
        {
            Assert.AreEqual(Status.Conflict, board.TryWrite(7, other)?.Status);
            CollectionAssert.AreEqual(new byte[] { 1 }, board.Read(1).Data);
            Assert.AreEqual(Status.NotFound, board.Read(2).Status);
        }
        AssertLast(Client, 7, 1);
    }

    [TestMethod]
    public void ABatchThatDiffersAnywhereIsAConflict()
    {
        // Breaks with a fingerprint of the last part alone.
        TrackItem[] items = [new(1, TrackModel.Data(5000, 1)), new(2, TrackModel.Data(10, 2)), new(3, TrackModel.Data(10, 3))];
        TestBoard big = TestBoard.Formatted("MB85RS256TY", new BoardSettings { LargestPieceBytes = 256 }, segmentBytes: 164);
        items[0] = new(1, TrackModel.Data(1000, 1));
        big.Write(7, items);
        for (int i = 0; i < items.Length; i++)
            foreach (int at in new[] { 0, items[i].Data!.Length - 1 })
            {
                TrackItem[] other = [.. items];
                byte[] data = [.. items[i].Data!];
                data[at] ^= 1;
                other[i] = items[i] with { Data = data };
                Assert.AreEqual(Status.Conflict, big.TryWrite(7, other)?.Status, $"track {i}, byte {at}");
            }
        Assert.AreEqual(Status.Ok, big.TryWrite(7, items)?.Status);
    }

    [TestMethod]
    public void TwoProgramsWithOneIdInOneSessionNeverGetEachOthersOk()
    {
        // They may share id, numbers and even the session: each Ok is for the content that its program sent.
        Random random = new(1);
        TrackModel model = new();
        uint[] next = [1, 1];
        for (int i = 0; i < 500; i++)
        {
            int program = random.Next(2);
            TrackItem item = new((uint)(1 + program), TrackModel.Data(20, i * 2 + program));
            Answer answer = board.TryWrite(next[program], [item])!;
            if (answer.Status == Status.Ok)
                model.Apply(item);
            else
                Assert.IsTrue(answer.Status is Status.Conflict or Status.OldRequest, $"{answer.Status}");
            next[program] = board.Last().U32(Payload.LastAnswer.Number) + (uint)random.Next(2);
        }
        model.AssertHeldBy(board);
    }

    [TestMethod]
    public void ARepeatAfterAnotherClientsCommitsChangesNothing()
    {
        uint version = board.WriteAs(1, 7, new TrackItem(1, [1]));
        board.WriteAs(2, 1, new TrackItem(1, [2]));
        board.WriteAs(2, 2, new TrackItem(1, [3]));
        Assert.AreEqual(version, board.WriteAs(1, 7, new TrackItem(1, [1])));
        CollectionAssert.AreEqual(new byte[] { 3 }, board.Read(1).Data);
        Assert.AreEqual(Status.Conflict, board.TryWrite(7, [new(1, [9])], 1)?.Status);
    }

    [TestMethod]
    public void ARepeatedReleaseIsNotAppliedToTheTrackThatCameAfterIt()
    {
        board.WriteAs(1, 1, new TrackItem(1, [1]));
        uint released = board.WriteAs(1, 7, new TrackItem(1, null));
        board.WriteAs(2, 1, new TrackItem(1, [2]));
        Assert.AreEqual(released, board.WriteAs(1, 7, new TrackItem(1, null)));
        CollectionAssert.AreEqual(new byte[] { 2 }, board.Read(1).Data);
    }

    [TestMethod]
    public void ARepeatThatExpectsTheOldVersionIsNotAMismatch()
    {
        uint first = board.Write(1, new TrackItem(1, [1], Expected: 0));
        uint second = board.Write(2, new TrackItem(1, [2], Expected: first));
        Assert.AreEqual(second, board.Write(2, new TrackItem(1, [2], Expected: first)));
    }

    [TestMethod]
    public void AnEarlierNumberIsAnOldRequest()
    {
        board.Write(100, new TrackItem(1, [1]));
        foreach (uint earlier in new uint[] { 99, 1, 0, 0xFFFFFFFF, 0x80000065, 0x80000063, 0x40000065 })
        {
            Assert.AreEqual(Status.OldRequest, board.TryWrite(earlier, [new(1, [2])])?.Status, $"{earlier}");
            CollectionAssert.AreEqual(new byte[] { 1 }, board.Read(1).Data);
        }
        board.Write(0x40000064, new TrackItem(1, [3]));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void NumbersThatBeginAnewInAnotherSessionAreOldRequests(bool isRestarted)
    {
        // Finding 2: a program with a fixed id that starts its numbers at 1 on each run was told Ok and nothing was stored.
        for (uint number = 1; number <= 5; number++)
            board.Write(number, new TrackItem(1, [(byte)number]));
        NewSession(isRestarted);
        for (uint number = 1; number <= 5; number++)
        {
            Assert.AreEqual(Status.OldRequest, board.TryWrite(number, [new(1, [99])])?.Status, $"{number}");
            Assert.AreEqual(Status.OldRequest, board.TryWrite(number, [new(1, [(byte)number])])?.Status, $"{number}, the same content");
        }
        CollectionAssert.AreEqual(new byte[] { 5 }, board.Read(1).Data);
        Assert.AreEqual(5u, board.Last().U32(Payload.LastAnswer.Number));
        board.Write(6, new TrackItem(1, [6]));
        Assert.AreEqual(Status.Ok, board.TryWrite(6, [new(1, [6])])?.Status);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void EachPartOfADecidedRequestOfAnotherSessionIsAnOldRequest(bool isRestarted)
    {
        TrackItem[] items = [new(1, [1]), new(2, [2]), new(3, [3])];
        board.Write(7, items);
        NewSession(isRestarted);
        foreach (byte[] frame in board.WriteFrames(7, items))
            Assert.AreEqual(Status.OldRequest, board.Send(frame).Single().Status);
    }

    [TestMethod]
    public void NumbersWrap()
    {
        uint version = 0;
        foreach (uint number in new uint[] { 0xFFFFFFFE, 0xFFFFFFFF, 0, 1 })
        {
            uint next = board.Write(number, new TrackItem(1, [(byte)number]));
            Assert.IsTrue(next > version);
            version = next;
            AssertLast(Client, number, version);
            board.Boot();
            Assert.AreEqual(Status.OldRequest, board.TryWrite(number, [new(1, [9])])?.Status);
        }
        Assert.AreEqual(Status.OldRequest, board.TryWrite(0xFFFFFFFF, [new(1, [2])])?.Status);
    }

    [TestMethod]
    public void AnotherClientMayUseLowerNumbers()
    {
        board.WriteAs(1, 100, new TrackItem(1, [1]));
        board.WriteAs(2, 5, new TrackItem(1, [2]));
        board.WriteAs(1, 101, new TrackItem(1, [3]));
        board.WriteAs(2, 6, new TrackItem(1, [4]));
    }

    [TestMethod]
    public void ARefusedNumberStaysRefused()
    {
        // A late repetition must not be carried out when it would be possible now. Breaks with refused numbers not remembered.
        board.Write(5, new TrackItem(1, [1]));
        Assert.AreEqual(Status.NotFound, board.TryWrite(6, [new(9, null)])?.Status);
        board.WriteAs(2, 1, new TrackItem(9, [1]));
        Assert.AreEqual(Status.NotFound, board.TryWrite(6, [new(9, null)])?.Status);
        Assert.AreEqual(Status.NotFound, board.TryWrite(6, [new(1, [2])])?.Status);
        Assert.AreEqual(Status.Ok, board.Read(9).Status);
        AssertLast(Client, 5, 1);
        Assert.AreEqual(Status.VersionMismatch, board.TryWrite(7, [new(1, [2], Expected: 9)])?.Status);
        Assert.AreEqual(Status.VersionMismatch, board.TryWrite(7, [new(1, [2])])?.Status);
        Assert.AreEqual(Status.OldRequest, board.TryWrite(6, [new(1, [2])])?.Status, "earlier ones are old");
        board.Write(8, new TrackItem(1, [2]));
    }

    [TestMethod]
    public void AConflictIsADecisionToo()
    {
        List<byte[]> frames = board.WriteFrames(6, [new(1, [1]), new(2, [2])]);
        board.Send(frames[0]);
        Assert.AreEqual(Status.Conflict, board.Send(board.WriteFrame(6, 1, 2, [2], flags: WriteFlags.Last, before: 12345)).Single().Status);
        Assert.AreEqual(Status.Conflict, board.Send(frames[0]).Single().Status);
        Assert.AreEqual(Status.Conflict, board.Send(frames[1]).Single().Status);
        board.Write(7, new(1, [1]), new(2, [2]));
    }

    [TestMethod]
    public void PartsThatWereOnTheWayWhenARequestWasRefusedAreRefusedAlike()
    {
        List<byte[]> frames = board.WriteFrames(6, [new(1, [1]), new(9, null), new(2, [2]), new(3, [3])]);
        CollectionAssert.AreEqual(
            new[] { Status.Continue, Status.NotFound, Status.NotFound, Status.NotFound }, board.Send([.. frames]).Select(a => a.Status)
                .ToArray());
        Assert.IsEmpty(board.List());
    }

    [TestMethod]
    public void LastTellsTheCommitAndNothingElse()
    {
        Answer none = board.Last();
        Assert.AreEqual((Status.NotFound, 0u), (none.Status, none.Argument), "a new store");
        Assert.IsTrue(none.Payload.All(b => b == 0));
        uint version = board.Write(5, new TrackItem(1, [1]));
        AssertLast(Client, 5, version);
        List<byte[]> frames = board.WriteFrames(6, [new(1, [2]), new(2, [2])]);
        board.Send(frames[0]);
        AssertLast(Client, 5, version); // half-sent
        Assert.AreEqual(Status.VersionMismatch, board.TryWrite(7, [new(1, [3], Expected: 99)])?.Status);
        AssertLast(Client, 5, version); // refused
        board.Boot();
        AssertLast(Client, 5, version);
        version = board.Write(8, new(1, [2]), new(2, [2]));
        AssertLast(Client, 8, version);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void LastTellsTheFingerprintOfTheContent(bool isRestarted)
    {
        // What the host compares when another program uses its id. Breaks with the fingerprint of another part, or not stored.
        TrackItem[] items = [new(1, TrackModel.Data(700, 1)), new(2, []), new(3, [3])];
        List<byte[]> frames = board.WriteFrames(5, items);
        Assert.AreEqual(Status.Ok, board.Send([.. frames])[^1].Status);
        if (isRestarted)
            board.Boot();
        Assert.AreEqual(Frames.Fingerprint(frames[^1]), board.Last().U32(Payload.LastAnswer.Fingerprint));
        board.WriteAs(2, 1, new TrackItem(9, [1])); // now the client table has it
        Assert.AreEqual(Frames.Fingerprint(frames[^1]), board.Last().U32(Payload.LastAnswer.Fingerprint));
        Assert.AreEqual(Frames.Fingerprint(frames[^1]), board.BootCopy().Last().U32(Payload.LastAnswer.Fingerprint));
    }

    [TestMethod]
    public void AfterACutLastTellsWhetherTheRequestWasCommittedAndARepeatEndsIt()
    {
        // The host's rule of the document, at every byte of a request of three tracks: applied exactly once.
        board.Write(5, new(1, [5]), new(2, [5]), new(3, [5]));
        TrackItem[] items = [new(1, [6]), new(2, TrackModel.Data(200, 6)), new(3, [6])];
        byte[] before = Rest();
        int committed = 0, cut = 1;
        for (; ; cut++)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            uint fingerprint = Frames.Fingerprint(board.WriteFrames(6, items)[^1]);
            board.Chip.CutAfterBits(8 * cut);
            Answer? answer = board.TryWrite(6, items);
            if (board.Chip.IsPowered)
                break;
            board.Boot();
            Answer last = board.Last();
            bool isCommitted = last.U32(Payload.LastAnswer.Number) == 6 && last.U32(Payload.LastAnswer.Fingerprint) == fingerprint;
            Assert.IsTrue(isCommitted || answer?.Status != Status.Ok, $"cut after {cut}: acknowledged and lost");
            Assert.AreEqual(isCommitted ? Status.OldRequest : Status.Ok, board.TryWrite(6, items)?.Status, $"cut after {cut}");
            foreach (TrackItem item in items)
                CollectionAssert.AreEqual(item.Data, board.Read(item.Track).Data, $"cut after {cut}");
            committed += isCommitted ? 1 : 0;
        }
        Assert.IsTrue(committed > 0 && committed < cut - 100, $"{committed} of {cut} committed");
    }

    [TestMethod]
    public void AFormattedStoreKnowsNoClient()
    {
        board.Write(5, new TrackItem(1, [1]));
        Assert.AreEqual(Status.Ok, board.Format(board.StoreId()).Status);
        Assert.AreEqual(Status.NotFound, board.Last().Status);
        Assert.AreEqual(Status.Ok, board.TryWrite(5, [new(1, [2])])?.Status, "what another store knew is nothing to this one");
    }
}
