using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G3: of requests sent behind each other a gapless beginning is committed, whatever is lost, damaged or refused on the way.
/// </summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class BehindTests
{
    private const int Requests = 8;

    private static readonly BoardSettings settings = new() { LargestPieceBytes = 128 };

    private readonly TestBoard board = TestBoard.Formatted(settings: settings);

    public static IEnumerable<object[]> Places => Enumerable.Range(0, Requests).Select(i => new object[] { i });

    public static IEnumerable<object[]> Refusals =>
        from place in Enumerable.Range(0, Requests)
        from status in new[] { Status.VersionMismatch, Status.NotFound, Status.TooLong, Status.BadRequest, Status.Conflict }
        select new object[] { place, status };

    [TestMethod]
    public void RequestsFollowEachOtherWithoutWaiting()
    {
        CollectionAssert.AreEqual(Enumerable.Repeat(Status.Ok, Requests).ToArray(), LastParts(board.Send([.. Row(1).SelectMany(f => f)])));
        AssertCommitted(Requests);
    }

    [TestMethod]
    [DynamicData(nameof(Places))]
    public void WhenARequestIsLostNoneBehindItIsCommittedAndAllMayBeSentAgain(int place)
    {
        // Finding 4. Breaks with *behind* not looked at: the row would have a gap.
        List<List<byte[]>> row = Row(1);
        List<Answer> answers = board.Send([.. row.Where((_, i) => i != place).SelectMany(f => f)]);
        AssertCommitted(place);
        Assert.AreEqual(place, answers.Count(a => a.Status == Status.Ok));
        Assert.AreEqual(Requests - 1 - place, answers.Count(a => a.Status == Status.NotNext));
        Assert.AreEqual(Status.Ok, board.Send([.. row.Skip(place).SelectMany(f => f)])[^1].Status);
        AssertCommitted(Requests);
    }

    [TestMethod]
    public void EachFrameLostOrDamagedLeavesAGaplessBeginning()
    {
        byte[] empty = Rest();
        int frames = Row(1).Sum(request => request.Count);
        for (int hit = 0; hit < frames; hit++)
            foreach (string fault in new[] { "lost", "header", "payload", "twice", "cut" })
            {
                empty.CopyTo(board.Chip.Storage);
                board.Boot();
                List<List<byte[]>> row = Row(1);
                List<byte[]> sent = [];
                int hitRequest = -1, at = 0;
                for (int i = 0; i < row.Count; i++)
                    foreach (byte[] frame in row[i])
                    {
                        bool isHit = at++ == hit;
                        hitRequest = isHit ? i : hitRequest;
                        byte[] flipped = [.. frame];
                        flipped[fault == "header" ? 9 : ^2] ^= 4;
                        if (!isHit || fault == "twice")
                            sent.Add(frame);
                        if (isHit && fault is not ("lost" or "twice"))
                            sent.Add(fault == "cut" ? frame[..^5] : flipped);
                        if (isHit && fault == "twice")
                            sent.Add(frame);
                    }
                List<Answer> answers = board.Send([.. sent]);
                board.Idle(600);
                answers.AddRange(board.TakeAnswers());
                int committed = fault == "twice" ? Requests : hitRequest;
                Assert.AreEqual(
                    committed, answers.Where(a => a.Status == Status.Ok).Select(a => a.Number).Distinct().Count(), $"frame {hit} {fault}");
                AssertCommitted(committed, $"frame {hit} {fault}");
                // The numbers stay: from the request that was hit on, all are sent again.
                Assert.AreEqual(Status.Ok, board.Send([.. row.Skip(hitRequest).SelectMany(f => f)])[^1].Status, $"frame {hit} {fault}");
                AssertCommitted(Requests, $"frame {hit} {fault}");
            }
    }

    [TestMethod]
    [DynamicData(nameof(Refusals))]
    public void WhenARequestIsRefusedAllBehindItAreNotNextAndANewNumberGoesOn(int place, Status status)
    {
        List<List<byte[]>> row = Row(1);
        uint number = (uint)place + 1;
        int flags = place > 0 ? WriteFlags.Behind : 0;
        row[place] = status switch
        {
            Status.VersionMismatch => board.WriteFrames(number, [new(1, [1], Expected: 999)], flags: flags),
            Status.NotFound => board.WriteFrames(number, [new(777, null)], flags: flags),
            Status.TooLong => board.WriteFrames(number, [new(1, new byte[2000])], flags: flags),
            Status.Conflict =>
                [board.WriteFrame(number, 0, 1, [1], flags: flags), board.WriteFrame(number, 1, 2, [1], before: 5, flags: WriteFlags.Last)],
            _ => board.WriteFrames(number, [new(1, [1]), new(1, [2])], flags: flags),
        };
        List<Answer> answers = board.Send([.. row.SelectMany(f => f)]);
        Assert.AreEqual(status, answers.Last(a => a.Number == number).Status);
        foreach (Answer behind in answers.Where(a => a.Number > number && a.Part == 0))
            Assert.AreEqual(Status.NotNext, behind.Status);
        AssertCommitted(place);
        Assert.AreEqual(Status.NotNext, board.TryWrite(number + 1, [new(5, [5])], flags: WriteFlags.Behind)?.Status);
        Assert.AreEqual(Status.Ok, board.TryWrite(number + 2, [new(5, [5])])?.Status, "a new number without the flag");
        Assert.AreEqual(Status.Ok, board.TryWrite(number + 3, [new(5, [6])], flags: WriteFlags.Behind)?.Status);
    }

    [TestMethod]
    public void NotNextIsNoDecision()
    {
        // The numbers stay: a request that was refused only because the one before it was lost is carried out when it comes again.
        board.Write(1, new TrackItem(1, [1]));
        Assert.AreEqual(Status.NotNext, board.TryWrite(3, [new(1, [3])], flags: WriteFlags.Behind)?.Status);
        board.Write(2, new TrackItem(1, [2]));
        Assert.AreEqual(Status.Ok, board.TryWrite(3, [new(1, [3])], flags: WriteFlags.Behind)?.Status);
        CollectionAssert.AreEqual(new byte[] { 3 }, board.Read(1).Data);
    }

    [TestMethod]
    public void BehindIsBehindTheSameClientsRequest()
    {
        board.WriteAs(1, 1, new TrackItem(1, [1]));
        board.WriteAs(2, 7, new TrackItem(2, [1]));
        Assert.AreEqual(Status.NotNext, board.TryWrite(8, [new(1, [2])], 1, WriteFlags.Behind)?.Status);
        Assert.AreEqual(Status.Ok, board.TryWrite(2, [new(1, [2])], 1, WriteFlags.Behind)?.Status, "others may commit in between");
        Assert.AreEqual(
            Status.NotNext, board.TryWrite(5, [new(1, [2])], 3, WriteFlags.Behind)?.Status, "an unknown client has none before");
        Assert.AreEqual(Status.NotNext, board.TryWrite(1, [new(1, [2])], 4, WriteFlags.Behind)?.Status);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void BehindIsBehindARequestOfThisSession(bool isRestarted)
    {
        // Breaks with the session not asked: another program with this id may have committed the number before.
        board.Write(1, new TrackItem(1, [1]));
        if (isRestarted)
            board.Boot();
        else
            board.Hello();
        Assert.AreEqual(Status.NotNext, board.TryWrite(3, [new(1, [3])], flags: WriteFlags.Behind)?.Status);
        Assert.AreEqual(Status.NotNext, board.TryWrite(2, [new(1, [2])], flags: WriteFlags.Behind)?.Status);
        Assert.AreEqual(Status.Ok, board.TryWrite(2, [new(1, [2])])?.Status);
        Assert.AreEqual(Status.Ok, board.TryWrite(3, [new(1, [3])], flags: WriteFlags.Behind)?.Status);
    }

    [TestMethod]
    public void BehindIsAlsoBehindTheLastNumberBeforeZero()
    {
        board.Write(0xFFFFFFFF, new TrackItem(1, [1]));
        Assert.AreEqual(Status.NotNext, board.TryWrite(1, [new(1, [1])], flags: WriteFlags.Behind)?.Status);
        Assert.AreEqual(Status.Ok, board.TryWrite(0, [new(1, [2])], flags: WriteFlags.Behind)?.Status);
    }

    [TestMethod]
    public void ARepeatedRequestIsNotNotNext()
    {
        List<List<byte[]>> row = Row(1);
        board.Send([.. row.SelectMany(f => f)]);
        Assert.AreEqual(Status.Ok, board.Send([.. row[^1]])[^1].Status, "the last is decided before *behind* is looked at");
        Assert.AreEqual(Status.OldRequest, board.Send([.. row[2]])[^1].Status);
    }

    [TestMethod]
    public void APowerCutInTheRowLeavesAGaplessBeginning()
    {
        byte[] empty = Rest();
        HashSet<int> seen = [];
        for (int bytes = 1; ; bytes += 7)
        {
            empty.CopyTo(board.Chip.Storage);
            board.Boot();
            byte[][] frames = [.. Row(1).SelectMany(f => f)];
            board.Chip.CutAfterBits(8 * bytes);
            int acknowledged = board.Send(frames).Count(a => a.Status == Status.Ok);
            if (board.Chip.IsPowered)
                break;
            board.Boot();
            Answer last = board.Last();
            int committed = last.Status == Status.Ok ? (int)last.U32(Payload.LastAnswer.Number) : 0;
            Assert.IsTrue(committed >= acknowledged, $"cut after {bytes}");
            AssertCommitted(committed, $"cut after {bytes}");
            seen.Add(committed);
        }
        Assert.HasCount(Requests + 1, seen, "each beginning was seen");
    }

    // Requests behind each other: of one, two and three parts, each of which leaves its mark.
    private List<List<byte[]>> Row(uint first) =>
        [.. Enumerable.Range(0, Requests).Select(i => board.WriteFrames(first + (uint)i, Items(i), flags: i > 0 ? WriteFlags.Behind : 0))];

    private static TrackItem[] Items(int i) => (i % 3) switch
    {
        0 => [new(100, [(byte)i])],
        1 => [new(100, [(byte)i]), new((uint)i, TrackModel.Data(20, i))],
        _ => [new((uint)i, TrackModel.Data(200, i)), new(100, [(byte)i])],
    };

    private void AssertCommitted(int count, string where = "")
    {
        TrackModel model = new();
        for (int i = 0; i < count; i++)
            model.Apply(Items(i));
        model.AssertHeldBy(board, $"{where}: {count} requests");
    }

    private static Status[] LastParts(List<Answer> answers) => [.. answers.GroupBy(a => a.Number).Select(group => group.Last().Status)];

    private byte[] Rest()
    {
        board.Idle(500);
        return board.Chip.Storage.ToArray();
    }
}
