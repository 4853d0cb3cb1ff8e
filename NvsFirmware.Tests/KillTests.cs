using System;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsHost;

namespace NvsFirmware.Tests;

/// <summary>
/// G1 to G3 with real processes on a real pseudo-terminal: the board, the host, or both are killed with SIGKILL at random moments, and
/// afterwards every acknowledged count must be there, in all tracks, once.
/// </summary>
[TestClass]
[OnlyOnDotNet("kills processes")]
public sealed class KillTests
{
    private const ulong Seed = 20;

    // Each takes a boot, and some a process of .NET more. More come when these have not hit what they are for.
    private const int Kills = 6;

    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;
    private readonly SeededRandom random = new(Seed);

    private string FramPath => Path.Combine(folder, "cells.fram");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public async Task AKilledBoardLosesNothingThatItAcknowledged()
    {
        uint committed = 0;
        uint undecided = 0;
        int unknown = 0;
        int foundCommitted = 0;
        int kill;
        for (kill = 0; kill < Kills || unknown == 0; kill++)
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
            Assert.AreEqual(committed, await CountingHost.ReadAsync(client), $"seed {Seed}, kill {kill}");
            // One commit at least, however busy the machine is, and then the plug.
            await CountingHost.WriteAsync(client, committed + 1);
            committed++;
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
        }
        Console.WriteLine($"seed {Seed}: {kill} kills of the board, {committed} commits acknowledged or found, "
            + $"{unknown} outcomes unknown, {foundCommitted} of them committed");
        Assert.IsGreaterThanOrEqualTo((uint)kill, committed);
    }

    [TestMethod]
    public async Task AKilledHostFindsAllOldOrAllNew()
    {
        using SimProcess board = new(FramPath, "--format-blank");
        uint committed = 0;
        int unacknowledged = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            uint acknowledged = await CountAsync(board, committed, _ => Task.CompletedTask);
            committed = await ReadAsync(board.Port);
            Assert.IsTrue(committed == acknowledged || committed == acknowledged + 1, $"seed {Seed}, kill {kill}: count {acknowledged} was acknowledged, {committed} is found");
            unacknowledged += committed == acknowledged ? 0 : 1;
        }
        Console.WriteLine($"seed {Seed}: {Kills} kills of the host, {committed} commits, {unacknowledged} not acknowledged to a host that lived");
        Assert.IsGreaterThanOrEqualTo((uint)Kills, committed);
    }

    [TestMethod]
    public async Task WhenBoardAndHostAreKilledNothingAcknowledgedIsLost()
    {
        uint committed = 0;
        for (int kill = 0; kill < Kills; kill++)
        {
            uint acknowledged;
            using (SimProcess board = new(FramPath, "--format-blank"))
                acknowledged = await CountAsync(board, committed, wait => random.OneIn(2) ? KillAfterAsync(board, wait) : Task.CompletedTask);
            using SimProcess next = new(FramPath, "--format-blank");
            committed = await ReadAsync(next.Port);
            Assert.IsTrue(committed == acknowledged || committed == acknowledged + 1, $"seed {Seed}, kill {kill}: count {acknowledged} was acknowledged, {committed} is found");
        }
        Console.WriteLine($"seed {Seed}: {Kills} kills of board and host, {committed} commits");
        Assert.IsGreaterThanOrEqualTo((uint)Kills, committed);
    }

    // A host process that counts and is killed. Returns the last count that it saw acknowledged.
    private async Task<uint> CountAsync(SimProcess board, uint committed, Func<TimeSpan, Task> disturbAsync)
    {
        using ChildProcess host = new("dotnet", null, typeof(KillTests).Assembly.Location, CountingHost.Name, board.Port);
        Assert.AreEqual($"{committed}", host.Output.ReadLine(), "the count that the new host finds");
        // One commit at least, however busy the machine is.
        Assert.AreEqual($"{++committed}", host.Output.ReadLine(), "the first count");
        TimeSpan wait = TimeSpan.FromMicroseconds(random.Next(60_000));
        Task disturbing = disturbAsync(wait * random.Next(100) / 100);
        await Task.Delay(wait); // Any moment will do.
        host.Send(Signal.Kill);
        await disturbing;
        host.End();
        while (host.Output.ReadLine() is { } count)
            Assert.AreEqual($"{++committed}", count, "counts are acknowledged one after the other");
        return committed;
    }

    private static async Task<uint> ReadAsync(string port)
    {
        await using NvsClient client = await NvsClient.OpenAsync(port, CountingHost.Options with { ClientId = 1 });
        return await CountingHost.ReadAsync(client);
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
