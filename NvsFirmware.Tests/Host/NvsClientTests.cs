using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;
using static NvsFirmware.Tests.Host.LineTap;

namespace NvsFirmware.Tests.Host;

/// <summary>The client library on the real firmware, over a line that fails in the ways that LineFaultTests cannot mix.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class NvsClientTests
{
    private static readonly byte[] someData = Data(700, 1); // Three frames.

    private readonly FakeTimeProvider time = new();

    // Time passes only while the test lets it.
    private NvsClientOptions InTime => LineBoard.Options with { TimeProvider = time };

    /// <summary>Breaks when the request is sent again before LAST is asked, or with a new number.</summary>
    [TestMethod]
    public async Task AnOkThatIsLostIsLearntFromLast()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(InTime);
        board.ToHost = Once(frame => IsAnswer(frame, FrameType.Write, Status.Ok), frame => []);
        Task<uint> write = client.WriteAsync(7, someData);
        await PassUntilLastIsAskedAsync(board);
        Assert.AreEqual(LineBoard.FirstVersion, await write);
        Assert.AreEqual(3, board.CountSent(FrameType.Write), "no part was repeated");
        Assert.AreEqual(1, board.CountSent(FrameType.Last));
        BoardStats stats = await client.StatsAsync();
        Assert.AreEqual((1u, 0u), (stats[Counter.Commits], stats[Counter.Repeated]));
    }

    /// <summary>Breaks when a part that the board misses is not sent again from where the board says.</summary>
    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    [DataRow(2)]
    public async Task ABoardThatRestartsInTheMiddleOfARequestGetsItAnew(int part)
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        await client.WriteAsync(7, someData);
        board.ToBoard = Once(frame => Frame.Type(frame, 0) == FrameType.Write && Frame.Part(frame, 0) == part, frame =>
        {
            board.Restart();
            return [frame];
        });
        byte[] newData = Data(700, 2);
        await client.WriteAsync(7, newData);
        CollectionAssert.AreEqual(newData, (await client.ReadAsync(7))!.Data);
        Assert.AreEqual(1u, (await client.StatsAsync())[Counter.Commits]);
    }

    /// <summary>Breaks when the client id or the request number is not part of the commit.</summary>
    [TestMethod]
    public async Task ABoardThatRestartsAfterTheCommitStillTellsIt()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        board.ToHost = Once(frame => IsAnswer(frame, FrameType.Write, Status.Ok), frame =>
        {
            Task.Run(board.Restart); // Not by the board's own thread.
            return [];
        });
        Assert.AreEqual(LineBoard.FirstVersion, await client.WriteAsync(7, someData));
        Assert.AreEqual(3, board.CountSent(FrameType.Write));
    }

    /// <summary>Breaks when numbers begin anew, so that a new request is taken for an old one.</summary>
    [TestMethod]
    public async Task AClientThatKeepsItsIdGoesOnWithItsNumbers()
    {
        NvsClientOptions options = LineBoard.Options with { ClientId = 77 };
        using LineBoard board = new();
        for (uint run = 1; run <= 3; run++)
        {
            await using NvsClient client = await board.ConnectAsync(options);
            Assert.AreEqual(77u, client.ClientId);
            Assert.AreEqual(run - 1, (await client.LastAsync())?.Number ?? 0);
            Assert.AreEqual(LineBoard.FirstVersion + run - 1, await client.WriteAsync(7, new byte[run]));
            Assert.HasCount((int)run, (await client.ReadAsync(7))!.Data);
        }
    }

    /// <summary>
    /// Breaks when something that can be sent waits for a timer: LAST before the first write request of an id, or HELLO before a query.
    /// </summary>
    [TestMethod]
    [Timeout(600_000)] // Against a hang.
    public async Task NothingWaitsForTimeToPass()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Options with { ClientId = 77, TimeProvider = new FrozenTime() });
        await client.WriteAsync(7, new byte[700]);
        Assert.AreEqual(LineBoard.FirstVersion, (await client.HelloAsync()).Version);
        await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => client.WriteAsync(7, new byte[1], 99));
        await client.FormatAsync(client.Board.StoreId);
        await client.WriteAsync(7, new byte[1]);
    }

    /// <summary>Breaks when a request that comes too late is applied.</summary>
    [TestMethod]
    public async Task ARequestBeforeTheLastCommittedOneIsRefused()
    {
        NvsClientOptions options = LineBoard.Options with { ClientId = 77 };
        using LineBoard board = new();
        await using NvsClient first = await board.ConnectAsync(options);
        await first.WriteAsync(7, new byte[1]);
        await using (NvsClient second = await board.ConnectAsync(options))
        {
            await second.WriteAsync(7, new byte[2]);
            await second.WriteAsync(7, new byte[3]);
        }
        // A later number of another program: what LAST tells leaves open what became of this one, and the client does not guess.
        NvsLineException e = await Assert.ThrowsExactlyAsync<NvsLineException>(() => first.WriteAsync(7, new byte[4]));
        Assert.AreEqual(WriteOutcome.Unknown, e.Outcome);
        Assert.HasCount(3, (await first.ReadAsync(7))!.Data);
    }

    /// <summary>Breaks when FORMAT is sent again before HELLO has told that it was done.</summary>
    [TestMethod]
    public async Task AFormatWhoseAnswerIsLostIsDoneOnce()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(InTime);
        string old = client.Board.StoreId;
        board.ToHost = frame => IsAnswer(frame, FrameType.Format, Status.Ok) ? [] : [frame];
        Task<BoardInfo> format = client.FormatAsync(old);
        await PassUntilLastIsAskedAsync(board);
        BoardInfo made = await format;
        Assert.AreNotEqual(old, made.StoreId);
        Assert.AreEqual(1, board.CountSent(FrameType.Format));
    }

    /// <summary>Breaks when WrongName is taken for the trace of a FORMAT whose answer was lost.</summary>
    [TestMethod]
    public async Task AFormatThatWasLostAndIsRefusedIsRefused()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(InTime);
        board.ToBoard = Once(frame => Frame.Type(frame, 0) == FrameType.Format, frame => []);
        Task<BoardInfo> format = client.FormatAsync("0123456789abcdef");
        await PassUntilLastIsAskedAsync(board);
        await AssertRefusedAsync(Status.WrongName, () => format);
        Assert.AreEqual(2, board.CountSent(FrameType.Format));
    }

    /// <summary>Breaks when data that do not match their CRC-32 are given to the program.</summary>
    [TestMethod]
    public async Task ADamagedTrackIsReportedAndTheOthersAreRead()
    {
        TestBoard prepared = TestBoard.Formatted("MB85RS2MT", LineBoard.SmallFrames());
        prepared.Write(1, new TrackItem(7, someData));
        prepared.Write(2, new TrackItem(8, Data(700, 2)));
        prepared.Idle(500); // Then the record covers both commits, and the damage hits only the track.
        prepared.Chip.Flip(prepared.Chip.Memory.IndexOf(someData.AsSpan(400, 16)), 3);
        using LineBoard board = new(prepared.Chip);
        await using NvsClient client = await board.ConnectAsync();
        NvsRefusedException e = await AssertRefusedAsync(Status.TrackDamaged, () => client.ReadAsync(7));
        Assert.AreEqual(7u, e.Track);
        CollectionAssert.AreEqual(Data(700, 2), (await client.ReadAsync(8))!.Data);
        DamageEntry damage = (await client.VerifyAsync()).Damages.Single();
        Assert.AreEqual((7u, 1u, Damage.Data), (damage.Track, damage.Version, damage.Damage));
        await client.WriteAsync(7, someData);
        Assert.IsEmpty((await client.VerifyAsync()).Damages);
    }

    /// <summary>
    /// Breaks when an entry that the board cannot trust is listed with a length, or repair gives up more or less than it.
    /// </summary>
    [TestMethod]
    public async Task ADamagedEntryIsGivenUpByRepair()
    {
        TestBoard prepared = TestBoard.Formatted("MB85RS2MT", LineBoard.SmallFrames());
        prepared.Write(1, new TrackItem(0x12345678, someData));
        prepared.Write(2, new TrackItem(8, someData));
        prepared.Write(3, new TrackItem(9, someData));
        byte[] number = BitConverter.GetBytes(0x12345678);
        for (int at = 0, found; (found = prepared.Chip.Memory[at..].IndexOf(number)) >= 0; at += found + 1)
            prepared.Chip.Flip(at + found, 7);
        using LineBoard board = new(prepared.Chip);
        await using NvsClient client = await board.ConnectAsync();
        TrackEntry entry = (await client.ListAsync()).Single(track => track.Damage != Damage.None);
        Assert.IsNull(entry.Length);
        await AssertRefusedAsync(Status.WrongName, () => client.RepairAsync("0123456789abcdef"));
        Assert.AreEqual(1, await client.RepairAsync(client.Board.StoreId));
        Assert.AreEqual(0, await client.RepairAsync(client.Board.StoreId.ToUpperInvariant()));
        CollectionAssert.AreEqual(new uint[] { 8, 9 }, (await client.ListAsync()).Select(track => track.Track).ToArray());
    }

    /// <summary>Breaks when two requests are on the line at once and take each other's answers.</summary>
    [TestMethod]
    public async Task ManyTasksShareAClient()
    {
        const uint Tasks = 8;
        const int Rounds = 10;
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        ConcurrentBag<uint> versions = [];
        await Task.WhenAll(Enumerable.Range(0, (int)Tasks).Select(task => Task.Run(async () =>
        {
            for (int round = 0; round < Rounds; round++)
            {
                byte[] data = Data(300 * round, (task * 100) + round);
                uint version = await client.WriteAsync((uint)task, data);
                versions.Add(version);
                NvsTrack read = (await client.ReadAsync((uint)task))!;
                Assert.AreEqual(version, read.Version);
                CollectionAssert.AreEqual(data, read.Data);
            }
        })));
        Assert.HasCount((int)Tasks * Rounds, versions.Distinct());
    }

    /// <summary>Breaks when a request outlives the client that it was asked of.</summary>
    [TestMethod]
    public async Task DisposeEndsARequest()
    {
        using LineBoard board = new();
        NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        board.IsPaused = true;
        Task<uint> write = client.WriteAsync(7, someData);
        board.WaitForSent(FrameType.Write, 3);
        await client.DisposeAsync();
        NvsLineException e = await Assert.ThrowsExactlyAsync<NvsLineException>(() => write);
        Assert.AreEqual((WriteOutcome.Unknown, false), (e.Outcome, e.IsTimeout));
        await Assert.ThrowsExactlyAsync<NvsLineException>(() => client.InfoAsync());
        await client.DisposeAsync();
    }

    /// <summary>Breaks when a port that is gone is waited for.</summary>
    [TestMethod]
    public async Task ALineThatBreaksEndsARequestAtOnce()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync(LineBoard.Patient);
        board.IsPaused = true;
        Task<NvsTrack?> read = client.ReadAsync(7);
        board.Break();
        NvsLineException e = await Assert.ThrowsExactlyAsync<NvsLineException>(() => read);
        Assert.AreEqual((null, false, null), (e.Outcome, e.IsTimeout, e.Write));
    }

    /// <summary>Breaks when what a board prints while it boots keeps the client from finding it.</summary>
    [TestMethod]
    public async Task BootMessagesAreNoAnswer()
    {
        using LineBoard board = new();
        byte[] noise = Encoding.ASCII.GetBytes("ets Jul 29 2019 12:21:46\r\nrst:0x1 (POWERON_RESET),boot:0x13 NV NVNV\r\n");
        board.ToBoard = Once(frame => true, frame =>
        {
            board.SendToHost(noise);
            return [frame];
        });
        await using NvsClient client = await board.ConnectAsync();
        Assert.AreEqual("line", client.Board.BoardName);
    }

    /// <summary>Breaks when a refusal changes something, or tells another status, track or version than the board.</summary>
    [TestMethod]
    public async Task ARefusalTellsWhatWhichAndWhy()
    {
        using LineBoard board = new(TestBoard.Formatted("MB85RS64V", LineBoard.SmallFrames()).Chip);
        await using NvsClient client = await board.ConnectAsync();
        uint version = await client.WriteAsync(7, new byte[10]);

        NvsRefusedException e = await AssertRefusedAsync(
            Status.VersionMismatch, () => client.WriteAsync(7, new byte[1], expectedVersion: 5));
        Assert.AreEqual((7u, version, WriteOutcome.NotCommitted), (e.Track, e.ActualVersion, e.Outcome));
        StringAssert.Contains(e.Message, $"version {version}");
        e = await AssertRefusedAsync(Status.VersionMismatch, () => client.WriteAsync(8, new byte[1], expectedVersion: 5));
        Assert.AreEqual((8u, 0u), (e.Track, e.ActualVersion));
        e = await AssertRefusedAsync(Status.VersionMismatch, () => client.WriteAsync(7, new byte[1], expectedVersion: 0));
        Assert.AreEqual(version, e.ActualVersion);
        e = await AssertRefusedAsync(Status.NotFound, () => client.ReleaseAsync([7, 8]));
        Assert.AreEqual(8u, e.Track);
        StringAssert.Contains(e.Message, "track 8");
        e = await AssertRefusedAsync(Status.TooLong, () => client.WriteAsync(9, new byte[client.Board.LongestTrackBytes + 1]));
        Assert.AreEqual(9u, e.Track);
        await AssertRefusedAsync(Status.BadRequest, () => client.FormatAsync(client.Board.StoreId, 3, 7));
        await AssertRefusedAsync(Status.WrongName, () => client.FormatAsync(NvsClient.BlankName));

        uint next = 100;
        e = await AssertRefusedAsync(Status.Full, async () =>
        {
            while (true)
                await client.WriteAsync(next++, new byte[client.Board.LongestTrackBytes]);
        });
        Assert.AreEqual(next - 1, e.Track);
        await client.WriteAsync(7, new byte[10]);
        Assert.HasCount((int)(next - 100), await client.ListAsync());
    }

    /// <summary>Breaks when the state of the store does not reach the program.</summary>
    [TestMethod]
    public async Task AStoreThatIsNotReadyIsRefusedWithItsState()
    {
        TestBoard blank = new("MB85RS2MT");
        using LineBoard board = new(blank.Chip);
        await using NvsClient client = await board.ConnectAsync();
        Assert.AreEqual(Status.Blank, client.Board.State);
        foreach (Func<Task> request in new Func<Task>[]
        {
            () => client.WriteAsync(7, someData), () => client.ReadAsync(7), () => client.ListAsync(), () => client.VerifyAsync(),
            () => client.InfoAsync(), () => client.LastAsync(), () => client.ReleaseAsync([1]),
        })
            await AssertRefusedAsync(Status.Blank, request);
        Assert.AreEqual(0u, (await client.StatsAsync())[Counter.Commits]);
        await AssertRefusedAsync(Status.WrongName, () => client.FormatAsync(NvsClient.DamagedName));
        BoardInfo made = await client.FormatAsync(NvsClient.BlankName, 100, 20);
        Assert.AreEqual((Status.Ok, made), (made.State, client.Board));
        StoreInfo store = await client.InfoAsync();
        Assert.AreEqual((100, 20), (store.SegmentBytes, store.SetSegments));
    }

    /// <summary>Breaks when a status that only a later firmware knows is taken for success.</summary>
    [TestMethod]
    public async Task AnUnknownStatusIsARefusal()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        board.ToHost = frame => [Answered(frame, (Status)0x77)];
        NvsRefusedException e = await AssertRefusedAsync((Status)0x77, () => client.WriteAsync(7, someData));
        StringAssert.Contains(e.Message, "0x77");
        await AssertRefusedAsync((Status)0x77, () => client.ReadAsync(7));
    }

    /// <summary>Breaks when what cannot be is sent to the board, or fails otherwise than documented.</summary>
    [TestMethod]
    public async Task WhatCannotBeIsAnArgumentError()
    {
        using LineBoard board = new();
        foreach (NvsClientOptions wrong in new NvsClientOptions[]
        {
            new() { ClientId = 0 }, new() { TimeoutMs = 0 }, new() { BaudRate = 0 }, new() { FormatTimeoutMs = 0 },
                new() { OpenTimeoutMs = 0 }, new() { Retries = -1 },
        })
            await Assert.ThrowsExactlyAsync<ArgumentException>(() => board.ConnectAsync(wrong));
        await using NvsClient client = await board.ConnectAsync();
        int sent = board.Sent.Count;
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => client.WriteBatchAsync([]));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => client.ReleaseAsync([]));
        await Assert.ThrowsExactlyAsync<ArgumentException>(
            () => client.WriteBatchAsync([WriteItem.Store(7, default), WriteItem.Release(7)]));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => client.WriteAsync(7, new byte[65536]));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => client.FormatAsync("the board"));
        await Assert.ThrowsExactlyAsync<ArgumentException>(() => client.RepairAsync(""));
        await Assert.ThrowsExactlyAsync<ArgumentOutOfRangeException>(() => client.FormatAsync(NvsClient.BlankName, -1));
        await Assert.ThrowsExactlyAsync<ArgumentOutOfRangeException>(() => client.FormatAsync(NvsClient.BlankName, 0, 65536));
        Assert.HasCount(sent, board.Sent);
    }

    /// <summary>Breaks when progress goes back, or does not end with all.</summary>
    [TestMethod]
    public async Task ProgressGoesOnToTheEnd()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        ProgressList progress = new();
        await client.WriteBatchAsync([WriteItem.Store(7, new byte[900]), WriteItem.Store(8, new byte[1500])], progress);
        progress.AssertRoseTo(2400);
        progress.Clear();
        await client.ReadAsync(8, progress);
        progress.AssertRoseTo(1500);
        progress.Clear();
        await client.VerifyAsync(progress);
        progress.AssertRoseTo(2);
    }

    private sealed class ProgressList : List<int>, IProgress<int>
    {
        public void Report(int value) => Add(value);

        public void AssertRoseTo(int all)
        {
            CollectionAssert.AreEqual(this.Order().ToArray(), ToArray());
            Assert.AreEqual(all, this[^1]);
        }
    }

    // When something is overdue, LAST is asked first.
    private Task PassUntilLastIsAskedAsync(LineBoard board) => time.PassUntilAsync(() => board.CountSent(FrameType.Last) > 0);

    private static async Task<NvsRefusedException> AssertRefusedAsync(Status status, Func<Task> request)
    {
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(request);
        Assert.AreEqual(status, e.Status);
        return e;
    }
}
