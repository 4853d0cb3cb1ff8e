using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// The client library against a model: tasks write and read, and at random frames a call is cancelled, the client is disposed of
/// and another one takes its place, the board restarts, the line breaks, frames are lost, damaged, cut or doubled. What each call tells
/// must be true.
/// </summary>
/// <remarks>NVS_SEED repeats a run's choices: <c>NVS_SEED=1234 dotnet test --filter WhatEachCallTellsIsTrue</c>.</remarks>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class ClientPropertyTests
{
    private const int Tasks = 5;
    private const uint Twins = 1000; // Each task writes two tracks in one request.
    private const int LongestBytes = 900; // Four frames.

    private readonly Lock sync = new();
    private readonly List<CancellationTokenSource> running = [];
    private readonly Dictionary<string, int> counts = [];
    private SeededRandom random = new(0);
    private bool isQuiet;

    /// <summary>
    /// Breaks when a write that returns is not there, one that is told as not committed is, one of two tracks is written, or a read
    /// gives anything else than was committed last: whatever happens to frames, calls and clients.
    /// </summary>
    [TestMethod]
    [DataRow(6)]
    public Task WhatEachCallTellsIsTrue(int steps) => RunAsync(steps);

    /// <summary>The same for longer.</summary>
    [TestMethod]
    [TestCategory("Long")]
    [DataRow(60)]
    public Task WhatEachCallTellsIsTrueForLong(int steps) => RunAsync(steps);

    private async Task RunAsync(int steps)
    {
        ulong seed = Environment.GetEnvironmentVariable("NVS_SEED") is { Length: > 0 } given
            ? ulong.Parse(given, CultureInfo.InvariantCulture)
            : (ulong)Environment.TickCount64;
        Console.WriteLine($"seed {seed}");
        random = new SeededRandom(seed);
        using LineBoard board = new();
        ClientHolder holder = new(board, Choose(2) == 0 ? 0xBEEF : null);
        board.ToBoard = frame => Disturb(frame, board, holder, isToBoard: true);
        board.ToHost = frame => Disturb(frame, board, holder, isToBoard: false);
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(task => Task.Run(() => LiveAsync(holder, (uint)task, steps, seed))));

        isQuiet = true;
        NvsClient last = await holder.Current;
        Assert.IsEmpty((await last.VerifyAsync()).Damages);
        await last.DisposeAsync();
        Console.WriteLine(string.Join(", ", counts.OrderBy(c => c.Key).Select(c => $"{c.Key} {c.Value}")));
    }

    private async Task LiveAsync(ClientHolder holder, uint track, int steps, ulong seed)
    {
        byte[]? held = null;
        uint version = 0;
        for (int step = 1; step <= steps; step++)
        {
            string what = $"seed {seed}, track {track}, step {step}";
            byte[] data = LineTap.Data(4 + Choose(LongestBytes), (int)(track * 10_000) + step);
            BitConverter.TryWriteBytes(data, step);
            bool isExpectingWrong = Choose(8) == 0;
            uint? expected = isExpectingWrong ? version + 1_000_000 : Choose(2) == 0 ? version : null;
            WriteOutcome outcome = await WriteAsync(holder, track, data, expected, isExpectingWrong, what);
            Assert.IsFalse(isExpectingWrong && outcome == WriteOutcome.Committed, what);
            NvsTrack? first = await ReadAsync(holder, track);
            NvsTrack? twin = await ReadAsync(holder, track + Twins);
            bool isNew = AreSame(first?.Data, data);
            Assert.IsTrue(AreSame(first?.Data, twin?.Data) && first?.Version == twin?.Version, $"{what}: one of two tracks is written");
            Assert.IsTrue(isNew || AreSame(first?.Data, held), $"{what}: neither the new nor the old data");
            if (outcome != WriteOutcome.Unknown)
                Assert.AreEqual(outcome == WriteOutcome.Committed, isNew, $"{what}: told {outcome}");
            held = first?.Data;
            version = first?.Version ?? 0;
        }
    }

    private async Task<WriteOutcome> WriteAsync(
        ClientHolder holder, uint track, byte[] data, uint? expected, bool isExpectingWrong, string what)
    {
        using CancellationTokenSource cancel = new();
        lock (sync)
            running.Add(cancel);
        WriteOutcome outcome;
        WriteId? write;
        try
        {
            NvsClient client = await holder.Current;
            await client.WriteBatchAsync(
                [WriteItem.Store(track, data, expected), WriteItem.Store(track + Twins, data)], null, cancel.Token);
            Count("committed");
            return WriteOutcome.Committed;
        }
        catch (NvsRefusedException e)
        {
            Assert.IsTrue(isExpectingWrong && e.Status == Status.VersionMismatch, $"{what}: {e.Message}");
            Count("refused");
            return WriteOutcome.NotCommitted;
        }
        catch (NvsCanceledException e)
        {
            (outcome, write) = (e.Outcome, e.Write);
            Count($"cancelled {outcome}");
        }
        catch (NvsException e)
        {
            Assert.IsNotNull(e.Outcome, $"{what}: {e}");
            (outcome, write) = (e.Outcome.Value, e.Write);
            Count($"failed {outcome}");
        }
        finally
        {
            lock (sync)
                running.Remove(cancel);
        }
        Assert.AreNotEqual(WriteOutcome.Committed, outcome, what);
        if (outcome == WriteOutcome.Unknown)
        {
            Assert.IsNotNull(write, $"{what}: unknown of which request");
            outcome = await UntilAnsweredAsync(holder, client => client.OutcomeAsync(write));
            Count($"asked: {outcome}");
        }
        return outcome;
    }

    private static Task<NvsTrack?> ReadAsync(ClientHolder holder, uint track) =>
        UntilAnsweredAsync(holder, client => client.ReadAsync(track));

    private static async Task<T> UntilAnsweredAsync<T>(ClientHolder holder, Func<NvsClient, Task<T>> ask)
    {
        while (true)
        {
            try
            {
                return await ask(await holder.Current);
            }
            catch (NvsLineException)
            {
                // That client was disposed of, or the line was too bad.
            }
        }
    }

    // What happens at a frame. Events, not times: the same on a slow machine.
    private byte[][] Disturb(byte[] frame, LineBoard board, ClientHolder holder, bool isToBoard)
    {
        if (isQuiet)
            return [frame];
        switch (Choose(isToBoard ? 200 : 100))
        {
            case 0 or 1:
                Count("frame lost");
                return [];
            case 2:
                Count("frame damaged");
                return [LineTap.Damaged(frame, Choose(frame.Length))];
            case 3:
                Count("frame cut");
                return [frame[..Choose(frame.Length)]];
            case 4:
                Count("frame doubled");
                return [frame, frame];
            case > 100 and < 108:
                Count("call cancelled");
                lock (sync)
                    if (running.Count > 0)
                    {
                        CancellationTokenSource cancel = running[random.Next(running.Count)];
                        _ = Task.Run(cancel.Cancel);
                    }
                break;
            case 108:
                Count("client replaced");
                _ = Task.Run(holder.Replace);
                break;
            case 109:
                Count("board restarted");
                _ = Task.Run(() =>
                {
                    lock (board)
                        board.Restart();
                });
                break;
            case 110:
                Count("line broken");
                _ = Task.Run(board.Break);
                break;
        }
        return [frame];
    }

    private int Choose(int limit)
    {
        lock (sync)
            return random.Next(limit);
    }

    private void Count(string what)
    {
        lock (sync)
            counts[what] = counts.GetValueOrDefault(what) + 1;
    }

    private static bool AreSame(byte[]? a, byte[]? b) => a is null || b is null ? a == b : a.AsSpan().SequenceEqual(b);

    /// <summary>The client that there is now.</summary>
    private sealed class ClientHolder(LineBoard board, uint? id)
    {
        private static readonly NvsClientOptions options = LineBoard.Options with { Retries = 8 };

        private readonly Lock sync = new();
        private Task<NvsClient> current = ConnectAsync(board, id);

        public Task<NvsClient> Current
        {
            get
            {
                lock (sync)
                    return current;
            }
        }

        public void Replace()
        {
            lock (sync)
                if (current.IsCompletedSuccessfully)
                    current = ReplaceAsync(current.Result);
        }

        private async Task<NvsClient> ReplaceAsync(NvsClient old)
        {
            await old.DisposeAsync();
            return await ConnectAsync(board, id);
        }

        private static async Task<NvsClient> ConnectAsync(LineBoard board, uint? id)
        {
            while (true)
            {
                try
                {
                    return await board.StayConnectedAsync(options with { ClientId = id });
                }
                catch (NvsLineException)
                {
                    // The line broke before the board had answered.
                }
            }
        }
    }
}
