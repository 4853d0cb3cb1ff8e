using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsHost;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// G1 to G3 with real processes on a real pseudo-terminal: the board, the host, or both are killed with SIGKILL at random moments, and
/// afterwards every acknowledged count must be there, in all tracks, once.
/// </summary>
/// <remarks>
/// The moments are random, and the verdict does not depend on them: each kill comes behind a first commit, however slow the machine is, and
/// what is right after one is right after each.
/// </remarks>
internal sealed class KillRuns : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;
    private readonly ulong seed;
    private readonly SeededRandom random;
    private readonly Action<int> report;

    /// <summary>Runs on a chip of their own.</summary>
    /// <param name="seed">Where the moments come from.</param>
    /// <param name="report">Is told how many kills are done.</param>
    public KillRuns(ulong seed, Action<int> report)
    {
        this.seed = seed;
        this.report = report;
        random = new SeededRandom(seed);
    }

    private string FramPath => Path.Combine(folder, "cells.fram");

    /// <summary>Kills the board under a writing host, and goes on until a kill has hit a request.</summary>
    public async Task<string> KillBoardsAsync(int kills)
    {
        uint committed = 0;
        uint undecided = 0;
        int unknown = 0;
        int foundCommitted = 0;
        int kill;
        for (kill = 0; kill < kills || unknown == 0; kill++)
        {
            using SimProcess board = new(FramPath, "--format-blank");
            await using NvsClient client = await NvsClient.OpenAsync(board.Port, CountingHost.Options);
            if (undecided != 0)
            {
                // The outcome is what LAST tells, and the tracks agree.
                bool isCommitted = (await client.LastAsync())?.Number == undecided;
                committed += isCommitted ? 1u : 0;
                foundCommitted += isCommitted ? 1 : 0;
                undecided = 0;
            }
            Assert.AreEqual(committed, await CountingHost.ReadAsync(client), $"seed {seed}, kill {kill}");
            await CountingHost.WriteAsync(client, ++committed);
            Task killing = KillAfterAsync(board, TimeSpan.FromMicroseconds(random.Next(20_000)));
            try
            {
                while (true)
                {
                    await CountingHost.WriteAsync(client, committed + 1);
                    committed++;
                }
            }
            catch (NvsLineException e)
            {
                if (e.Outcome == WriteOutcome.Unknown)
                {
                    undecided = e.Write!.Number;
                    unknown++;
                }
            }
            await killing;
            report(kill + 1);
        }
        return $"seed {seed}: {kill} kills of the board, {committed} commits acknowledged or found, "
            + $"{unknown} outcomes unknown, {foundCommitted} of them committed";
    }

    /// <summary>Kills a host process while it writes.</summary>
    public async Task<string> KillHostsAsync(int kills)
    {
        using SimProcess board = new(FramPath, "--format-blank");
        uint committed = 0;
        int unacknowledged = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            uint acknowledged = await CountAsync(board, committed, _ => Task.CompletedTask);
            committed = await FoundAsync(board.Port, acknowledged, kill);
            unacknowledged += committed == acknowledged ? 0 : 1;
            report(kill + 1);
        }
        return $"seed {seed}: {kills} kills of the host, {committed} commits, {unacknowledged} not acknowledged to a host that lived";
    }

    /// <summary>Kills a host process while it writes, and the board before it, after it, or both together.</summary>
    public async Task<string> KillBothAsync(int kills)
    {
        uint committed = 0;
        for (int kill = 0; kill < kills; kill++)
        {
            uint acknowledged;
            using (SimProcess board = new(FramPath, "--format-blank"))
                acknowledged = await CountAsync(
                    board, committed, wait => random.OneIn(2) ? KillAfterAsync(board, wait) : Task.CompletedTask);
            using SimProcess next = new(FramPath, "--format-blank");
            committed = await FoundAsync(next.Port, acknowledged, kill);
            report(kill + 1);
        }
        return $"seed {seed}: {kills} kills of board and host, {committed} commits";
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    // A host process that counts and is killed. Returns the last count that it saw acknowledged.
    private async Task<uint> CountAsync(SimProcess board, uint committed, Func<TimeSpan, Task> disturbAsync)
    {
        using ChildProcess host = new("dotnet", null, typeof(KillRuns).Assembly.Location, CountingHost.Name, board.Port);
        Assert.AreEqual($"{committed}", host.Output.ReadLine(), "the count that the new host finds");
        Assert.AreEqual($"{++committed}", host.Output.ReadLine(), "the first count");
        TimeSpan wait = TimeSpan.FromMicroseconds(random.Next(60_000));
        Task disturbing = disturbAsync(wait * random.Next(100) / 100);
        await Task.Delay(wait);
        host.Send(Signal.Kill);
        await disturbing;
        host.End();
        while (host.Output.ReadLine() is { } count)
            Assert.AreEqual($"{++committed}", count, "counts are acknowledged one after the other");
        return committed;
    }

    private async Task<uint> FoundAsync(string port, uint acknowledged, int kill)
    {
        await using NvsClient client = await NvsClient.OpenAsync(port, CountingHost.Options with { ClientId = 1 });
        uint found = await CountingHost.ReadAsync(client);
        Assert.IsTrue(found == acknowledged
            || found == acknowledged + 1, $"seed {seed}, kill {kill}: count {acknowledged} was acknowledged, {found} is found");
        return found;
    }

    // Task.Delay is too coarse: most of a request lasts less than a millisecond.
    private static Task KillAfterAsync(SimProcess board, TimeSpan wait) => Task.Run(() =>
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < wait)
            Thread.Sleep(0);
        board.Kill();
    });
}
