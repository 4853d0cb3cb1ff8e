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

/// <summary>A client that stays connected: boards restart, lines break, and each request is carried out once.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class ReconnectTests
{
    /// <summary>Breaks when a request that was in doubt at a restart or a break is lost, or carried out twice.</summary>
    [TestMethod]
    public async Task ACounterCountsEveryIncrementOnce()
    {
        const int Tasks = 4;
        const int Increments = 12;
        const uint Track = 5;
        int seed = Environment.TickCount;
        Console.WriteLine($"seed {seed}");
        Random random = new(seed);
        using LineBoard board = new();
        await using NvsClient client = await board.StayConnectedAsync(LineBoard.Options with { Retries = 1000 });
        await client.WriteAsync(Track, new byte[4]);

        using CancellationTokenSource done = new();
        Task trouble = Task.Run(() =>
        {
            // Goes on as long as there is something to disturb.
            while (!done.IsCancellationRequested)
            {
                int sent = board.Sent.Count + random.Next(1, 12);
                SpinWait.SpinUntil(() => board.Sent.Count >= sent || done.IsCancellationRequested);
                if (random.Next(2) == 0)
                    board.Restart();
                else
                    board.Break();
            }
        });
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < Increments; i++)
                await IncrementAsync(client, Track);
        })));
        await done.CancelAsync();
        await trouble;
        Assert.AreEqual(Tasks * Increments, BitConverter.ToInt32((await client.ReadAsync(Track))!.Data));
    }

    /// <summary>Breaks when the state is not told, or what is asked meanwhile fails instead of waiting.</summary>
    [TestMethod]
    public async Task WhatIsAskedMeanwhileWaits()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.StayConnectedAsync();
        List<NvsClientState> states = [];
        TaskCompletionSource isGone = new();
        client.StateChanged += (_, state) =>
        {
            lock (states)
                states.Add(state);
            if (state == NvsClientState.Reconnecting)
                isGone.TrySetResult();
        };
        board.ToHost = Shut;
        board.Break();
        await isGone.Task;
        Task<uint> write = client.WriteAsync(7, new byte[3]);
        Assert.IsFalse(write.IsCompleted);
        board.ToHost = Open;
        await write;
        Assert.AreEqual(NvsClientState.Connected, client.State);
        lock (states)
            CollectionAssert.AreEqual(new[] { NvsClientState.Reconnecting, NvsClientState.Connected }, states);
    }

    /// <summary>
    /// Breaks when who opens a line is told afterwards that it is connected, as if it had been gone: nvs watch would say so.
    /// </summary>
    [TestMethod]
    public async Task TheFirstConnectionIsNoChange()
    {
        const int Tries = 100; // Some of them would be told.
        using LineBoard board = new();
        List<NvsClientState> told = [];
        for (int i = 0; i < Tries; i++)
        {
            await using NvsClient client = await board.StayConnectedAsync(LineBoard.Patient);
            client.StateChanged += (_, state) =>
            {
                lock (told)
                    told.Add(state);
            };
            await client.HelloAsync();
            lock (told)
                Assert.DoesNotContain(NvsClientState.Connected, told);
        }
    }

    /// <summary>Breaks when a request that was in doubt is repeated on another store, or called not committed.</summary>
    [TestMethod]
    public async Task ForAnotherStoreNothingIsRepeated()
    {
        FakeTimeProvider time = new(); // So the client asks again only when the other store is there.
        using LineBoard board = new();
        await using NvsClient client = await board.StayConnectedAsync(LineBoard.Options with { TimeProvider = time });
        await client.WriteAsync(7, new byte[3]);
        board.ToHost = Shut;
        Task<uint> write = client.WriteAsync(7, new byte[4]);
        board.WaitForSent(FrameType.Write, 2);
        await using (NvsClient other = await OtherAsync(board))
            await other.FormatAsync(client.Board.StoreId);
        await time.PassUntilEndAsync(write);
        NvsLineException e = await Assert.ThrowsExactlyAsync<NvsLineException>(() => write);
        Assert.AreEqual(WriteOutcome.Unknown, e.Outcome);
        Assert.IsNull(await client.ReadAsync(7));
        await client.WriteAsync(7, new byte[5]);
    }

    /// <summary>Breaks when a client that does not stay connected hides that its line broke.</summary>
    [TestMethod]
    public async Task WithoutReconnectABrokenLineStaysBroken()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        board.Break();
        await Assert.ThrowsExactlyAsync<NvsLineException>(() => client.InfoAsync());
        await Assert.ThrowsExactlyAsync<NvsLineException>(() => client.InfoAsync());
        Assert.AreEqual(NvsClientState.Closed, client.State);
    }

    /// <summary>Breaks when Dispose waits for a board that does not come back, or leaves a request waiting.</summary>
    [TestMethod]
    public async Task DisposeEndsTheSearch()
    {
        LineBoard board = new();
        NvsClient client = await board.StayConnectedAsync();
        board.ToHost = Shut;
        board.Break();
        Task<uint> write = client.WriteAsync(7, new byte[3]);
        await client.DisposeAsync();
        NvsLineException e = await Assert.ThrowsExactlyAsync<NvsLineException>(() => write);
        Assert.IsTrue(e.Outcome is WriteOutcome.NotCommitted or WriteOutcome.Unknown);
        board.Dispose();
    }

    private static async Task IncrementAsync(NvsClient client, uint track)
    {
        while (true)
        {
            NvsTrack old = (await client.ReadAsync(track))!;
            try
            {
                await client.WriteAsync(track, BitConverter.GetBytes(BitConverter.ToInt32(old.Data) + 1), old.Version);
                return;
            }
            catch (NvsRefusedException e) when (e.Status == Status.VersionMismatch)
            {
                // Another task was first.
            }
        }
    }

    // Another program, whose answers pass.
    private static Task<NvsClient> OtherAsync(LineBoard board)
    {
        board.ToHost = Open;
        return board.ConnectAsync();
    }
}
