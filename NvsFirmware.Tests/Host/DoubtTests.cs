using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;
using NvsHost;
using static NvsFirmware.Tests.Host.LineTap;

namespace NvsFirmware.Tests.Host;

/// <summary>What a program is told of a write request whose answer did not come: the truth, or that it cannot be known.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class DoubtTests
{
    private static readonly byte[] someData = Data(700, 1); // Three frames.

    // For lines that fall silent: nothing is given up but while the test lets time pass.
    private readonly FakeTimeProvider time = new();

    private NvsClientOptions Hasty => LineBoard.Options with { Retries = 1, TimeProvider = time };

    /// <summary>Breaks when the outcome is called known that is not, or the exception names another request.</summary>
    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public async Task WhatIsUnknownIsLearntByTheNextClient(bool isCommitted)
    {
        NvsClientOptions options = Hasty with { ClientId = 77 };
        using LineBoard board = new();
        NvsLineException e;
        await using (NvsClient client = await board.ConnectAsync(options))
        {
            await client.WriteAsync(7, someData);
            if (isCommitted)
                board.ToHost = Shut;
            else
                board.ToBoard = Shut;
            e = await time.GiveUpAsync(client.WriteAsync(7, new byte[1]));
        }
        Assert.AreEqual((WriteOutcome.Unknown, true, 77u, 2u), (e.Outcome, e.IsTimeout, e.Write!.Client, e.Write.Number));
        StringAssert.Contains(e.Message, "request 2 of client 0000004d");
        board.ToHost = board.ToBoard = Open;
        await using NvsClient next = await board.ConnectAsync();
        Assert.AreEqual(isCommitted ? WriteOutcome.Committed : WriteOutcome.NotCommitted, await next.OutcomeAsync(e.Write));
        Assert.HasCount(isCommitted ? 1 : someData.Length, (await next.ReadAsync(7))!.Data);
    }

    /// <summary>
    /// Breaks when a client that the store may have forgotten is told that its request was not committed: it would write it once more.
    /// </summary>
    [TestMethod]
    [DataRow(false, WriteOutcome.Unknown)]
    [DataRow(true, WriteOutcome.Committed)] // Those that pass by push nobody out.
    public async Task WhatTooManyClientsHaveCommittedSinceIsUnknown(bool isPassing, WriteOutcome outcome)
    {
        const int Clients = 40; // More than the store keeps.
        using LineBoard board = new();
        NvsLineException e;
        await using (NvsClient client = await board.ConnectAsync(Hasty))
        {
            board.ToHost = Shut;
            e = await time.GiveUpAsync(client.WriteAsync(7, new byte[1]));
        }
        board.ToHost = Open;
        for (uint i = 1; i <= Clients; i++)
        {
            await using NvsClient other = await board.ConnectAsync(LineBoard.Options with { ClientId = i, IsPassing = isPassing });
            await other.WriteAsync(8, new byte[i]);
        }
        await using NvsClient next = await board.ConnectAsync();
        Assert.AreEqual(outcome, await next.OutcomeAsync(e.Write!));
    }

    /// <summary>Breaks when a request whose last part was never sent is called unknown.</summary>
    [TestMethod]
    public async Task AWriteWhoseLastPartWasNotSentIsNotCommitted()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(Hasty);
        board.ToHost = Shut;
        NvsLineException e = await time.GiveUpAsync(client.WriteAsync(7, new byte[4000]));
        Assert.AreEqual((WriteOutcome.NotCommitted, true), (e.Outcome, e.IsTimeout));
        StringAssert.Contains(e.Message, "Nothing of");
        board.ToHost = Open;
        Assert.IsNull(await client.ReadAsync(7), "the client is usable again");
    }

    /// <summary>Breaks when "nothing was changed" is said of a write request that the board committed before its chip failed.</summary>
    [TestMethod]
    public async Task ABoardThatCannotTellWhatItCommittedLeavesTheOutcomeUnknown()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        board.ToHost = frame => IsAnswer(frame, FrameType.Write, Status.Ok) ? [Answered(frame, Status.ChipError)]
            : IsAnswer(frame, FrameType.Last) ? [Answered(frame, Status.NoChip)] : [frame];
        NvsLineException e = await Assert.ThrowsExactlyAsync<NvsLineException>(() => client.WriteAsync(7, someData));
        Assert.AreEqual((WriteOutcome.Unknown, false), (e.Outcome, e.IsTimeout));
        StringAssert.Contains(e.Message, "NoChip");
        board.ToHost = Open;
        Assert.AreEqual(WriteOutcome.Committed, await client.OutcomeAsync(e.Write!));
    }

    /// <summary>Breaks when LAST is not asked after an answer that does not decide, or its answer is not believed.</summary>
    [TestMethod]
    [DataRow(Status.ChipError)]
    [DataRow(Status.InternalError)]
    [DataRow(Status.OldRequest)]
    [DataRow(Status.Conflict)]
    public async Task AfterAnAnswerThatDoesNotDecideLastTells(Status status)
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        board.ToHost = Once(frame => IsAnswer(frame, FrameType.Write, Status.Ok), frame => [Answered(frame, status)]);
        Assert.AreNotEqual(0u, await client.WriteAsync(7, someData));
        Assert.AreEqual(1, board.CountSent(FrameType.Last));

        // The request does not reach the board, but an answer comes.
        board.ToBoard = Each(frame => Frame.Type(frame, 0) == FrameType.Write, frame =>
        {
            board.SendToHost(Rig.Frames.Build(
                Frame.KeyOf(frame, 0), FrameType.Write | FrameType.Answer, (uint)Frame.Number(frame, 0), 0, default, 0, (int)status));
            return [];
        });
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => client.WriteAsync(7, new byte[9]));
        Assert.AreEqual((status, WriteOutcome.NotCommitted), (e.Status, e.Outcome));
        board.ToBoard = Open;
        await client.WriteAsync(7, new byte[9]);
    }

    /// <summary>Breaks when those behind a refused request are given up with it, committed before it, or out of order.</summary>
    [TestMethod]
    public async Task ARefusalInTheMiddleStopsNothingBehindIt()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        int notNext = 0;
        board.ToHost = frame =>
        {
            if (IsAnswer(frame, FrameType.Write, Status.NotNext))
                Interlocked.Increment(ref notNext);
            return [frame];
        };
        board.IsPaused = true;
        Task<uint> first = client.WriteAsync(1, Data(30, 1));
        Task<uint> refused = client.WriteAsync(1, Data(30, 2), expectedVersion: 77);
        Task<uint> third = client.WriteAsync(1, Data(30, 3));
        Task<uint> fourth = client.WriteAsync(2, Data(30, 4));
        board.WaitForSent(FrameType.Write, 4);
        board.IsPaused = false;
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => refused);
        Assert.AreEqual((Status.VersionMismatch, await first), (e.Status, e.ActualVersion));
        Assert.IsLessThan(await third, await first);
        Assert.IsLessThan(await fourth, await third);
        Assert.AreEqual(2, notNext, "they were on the way");
        CollectionAssert.AreEqual(Data(30, 3), (await client.ReadAsync(1))!.Data);
        Assert.AreEqual(3u, (await client.StatsAsync())[Counter.Commits]);
    }

    /// <summary>Breaks when what was lost in the middle is not sent again, or what was committed is.</summary>
    [TestMethod]
    [DataRow(0, true)]
    [DataRow(2, true)]
    [DataRow(4, true)]
    [DataRow(0, false)]
    [DataRow(2, false)]
    [DataRow(4, false)]
    public async Task ALossInTheMiddleOfSeveralIsMadeGood(int lost, bool isToBoard)
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        int seen = 0;
        Func<byte[], IEnumerable<byte[]>> lose = frame =>
            Frame.Type(frame, 0) is FrameType.Write or (FrameType.Write | FrameType.Answer) && seen++ == lost ? [] : [frame];
        if (isToBoard)
            board.ToBoard = lose;
        else
            board.ToHost = lose;
        uint[] versions = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => client.WriteAsync((uint)i, Data(40, i))));
        CollectionAssert.AreEqual(versions.Order().Distinct().ToArray(), versions);
        Assert.IsFalse(versions.Contains(0u), "nobody else has committed, so each version is known");
        BoardStats stats = await client.StatsAsync();
        Assert.AreEqual((6u, 0u), (stats[Counter.Commits], stats[Counter.Repeated]));
        Assert.IsLessThanOrEqualTo(board.WindowBytes, board.MostUnansweredBytes);
    }

    /// <summary>Breaks when a cancelled request that was committed looks as if it had not been.</summary>
    [TestMethod]
    public async Task ACancelledRequestThatIsCommittedReturns()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        using CancellationTokenSource cancel = new();
        board.ToHost = Once(frame => IsAnswer(frame, FrameType.Write, Status.Ok), frame =>
        {
            Task.Run(cancel.Cancel); // Not by the board's own thread.
            return [];
        });
        Assert.AreNotEqual(0u, await client.WriteAsync(7, someData, null, cancel.Token));
        Assert.AreEqual((2, 1), (board.CountSent(FrameType.Hello), board.CountSent(FrameType.Last)));
    }

    /// <summary>Breaks when a cancelled request that was lost is called unknown, or is sent again.</summary>
    [TestMethod]
    public async Task ACancelledRequestThatWasLostIsNotCommitted()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        using CancellationTokenSource cancel = new();
        board.ToBoard = Each(frame => Frame.Type(frame, 0) == FrameType.Write, frame =>
        {
            Task.Run(cancel.Cancel);
            return [];
        });
        NvsCanceledException e = await Assert.ThrowsExactlyAsync<NvsCanceledException>(
            () => client.WriteAsync(7, new byte[9], null, cancel.Token));
        Assert.AreEqual((WriteOutcome.NotCommitted, 1u), (e.Outcome, e.Write!.Number));
        board.ToBoard = Open;
        Assert.IsNull(await client.ReadAsync(7));
    }

    /// <summary>
    /// Breaks when a cancelled request is waited for without end, does not tell its number, or leaves the session in which a recording of
    /// it could still be carried out.
    /// </summary>
    [TestMethod]
    public async Task ACancelledRequestThatCannotBeAskedForIsUnknown()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(Hasty);
        await client.WriteAsync(7, someData);
        board.IsPaused = true;
        using CancellationTokenSource cancel = new();
        Task<uint> write = client.WriteAsync(7, new byte[9], null, cancel.Token);
        board.WaitForSent(FrameType.Write, 4);
        await cancel.CancelAsync();
        await time.PassUntilEndAsync(write);
        NvsCanceledException e = await Assert.ThrowsExactlyAsync<NvsCanceledException>(() => write);
        Assert.AreEqual((WriteOutcome.Unknown, 2u), (e.Outcome, e.Write!.Number));
        StringAssert.Contains(e.Message, "request 2");
        board.IsPaused = false;
        await client.WriteAsync(8, someData);
        IEnumerable<byte[]> behind = board.Sent.SkipWhile(frame => Frame.Type(frame, 0) != FrameType.Write || Frame.Number(frame, 0) != 2)
            .Skip(1);
        Assert.Contains(FrameType.Hello, behind.Select(frame => Frame.Type(frame, 0)).TakeWhile(type => type != FrameType.Write));
        Assert.AreEqual(WriteOutcome.Unknown, await client.OutcomeAsync(e.Write), "a later number of this client's is committed");
    }

    /// <summary>Breaks when a request is sent although it was cancelled before.</summary>
    [TestMethod]
    public async Task ARequestThatIsCancelledBeforeItIsSentIsNotSent()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        NvsCanceledException e = await Assert.ThrowsExactlyAsync<NvsCanceledException>(
            () => client.WriteAsync(7, new byte[9], null, new CancellationToken(true)));
        Assert.AreEqual((WriteOutcome.NotCommitted, null), (e.Outcome, e.Write));
        foreach (Func<CancellationToken, Task> request in Requests(client))
            await Assert.ThrowsAsync<OperationCanceledException>(() => request(new CancellationToken(true)));
        Assert.AreEqual(1, board.Sent.Count, "HELLO");
    }

    /// <summary>Breaks when a cancelled request leaves something behind that the next one takes for its own.</summary>
    [TestMethod]
    public async Task CancelledRequestsLeaveTheClientUsable()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        await client.WriteAsync(7, someData);
        foreach (Func<CancellationToken, Task> request in Requests(client))
        {
            board.IsPaused = true;
            using CancellationTokenSource cancel = new();
            Task asked = request(cancel.Token);
            cancel.CancelAfter(20);
            await Assert.ThrowsAsync<OperationCanceledException>(() => asked);
            board.IsPaused = false;
            CollectionAssert.AreEqual(someData, (await client.ReadAsync(7))!.Data);
        }
        Assert.IsLessThanOrEqualTo(board.WindowBytes, board.MostUnansweredBytes);
    }

    /// <summary>Breaks when a callback that throws hides a commit, or ends the conversation.</summary>
    [TestMethod]
    public async Task AProgressThatThrowsHidesNothing()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        client.StateChanged += (_, _) => throw new InvalidOperationException("no");
        Throwing progress = new();
        Assert.AreNotEqual(0u, await client.WriteBatchAsync([WriteItem.Store(7, someData)], progress));
        CollectionAssert.AreEqual(someData, (await client.ReadAsync(7, progress))!.Data);
        Assert.AreEqual(1, (await client.VerifyAsync(progress)).TracksChecked);
        Assert.IsGreaterThanOrEqualTo(7, progress.Count);
    }

    /// <summary>Breaks when a line that damages every part is used without end, or the outcome is called unknown.</summary>
    [TestMethod]
    public async Task ALineThatDamagesEveryPartIsGivenUp()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient with { Retries = 2 });
        board.ToBoard = frame =>
            Frame.Type(frame, 0) == FrameType.Write && Frame.Part(frame, 0) == 1 ? [Damaged(frame, frame.Length - 1)] : [frame];
        NvsLineException e = await Assert.ThrowsExactlyAsync<NvsLineException>(() => client.WriteAsync(7, new byte[1200]));
        Assert.AreEqual((WriteOutcome.NotCommitted, false), (e.Outcome, e.IsTimeout));
        board.ToBoard = Open;
        await client.WriteAsync(7, someData);
        CollectionAssert.AreEqual(someData, (await client.ReadAsync(7))!.Data);
    }

    /// <summary>Breaks when two programs on one line take each other's answers, or one is told Ok for what the other has stored.</summary>
    [TestMethod]
    public async Task TwoProgramsOnOneLineNoticeEachOther()
    {
        const int Rounds = 5;
        using LineBoard board = new();
        await using NvsClient one = await board.ConnectAsync();
        await using NvsClient two = await board.ConnectAsync();
        for (int i = 1; i <= Rounds; i++)
        {
            await one.WriteAsync(1, Data(300, i));
            await two.WriteAsync(2, Data(300, 100 + i));
            CollectionAssert.AreEqual(Data(300, 100 + i), (await one.ReadAsync(2))!.Data);
            CollectionAssert.AreEqual(Data(300, i), (await two.ReadAsync(1))!.Data);
        }
        Assert.AreEqual(2u * Rounds, (await one.StatsAsync())[Counter.Commits]);
    }

    private static List<Func<CancellationToken, Task>> Requests(NvsClient client) =>
    [
        ct => client.WriteAsync(8, new byte[600], null, ct), ct => client.ReadAsync(7, null, ct), ct => client.ListAsync(ct),
        ct => client.HelloAsync(ct), ct => client.InfoAsync(ct), ct => client.RepairAsync(client.Board.StoreId, ct),
    ];

    private sealed class Throwing : IProgress<int>
    {
        public int Count { get; private set; }

        public void Report(int value)
        {
            Count++;
            throw new InvalidOperationException("no");
        }
    }
}
