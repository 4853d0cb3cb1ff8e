using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsHost;

namespace NvsFirmware.Tests.Serve;

/// <summary>
/// G3 through the server: board, server and programs are real processes, and any of them is killed with SIGKILL at random moments.
/// </summary>
[TestClass]
[TestCategory("Long")] // many processes
[OnlyOnDotNet("kills processes")]
public sealed class ServeKillTests
{
    private const int Programs = 3;
    private const uint Increments = 30; // Of each task.
    private const int Kills = 24;
    private const int Killed = 128 + (int)Signal.Kill;

    /// <summary>A program has noted an increment, or has ended.</summary>
    private readonly record struct Told(int Program, int? ExitCode);

    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string BoardPort => Path.Combine(folder, "board");

    private string Listen => "unix:" + Path.Combine(folder, "s");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// Breaks when an increment is lost, or counted twice: a request carried out after LAST told that it was not, a repetition that
    /// is not known as one, a session of the board with requests of two clients, an Ok for another's request.
    /// </summary>
    [TestMethod]
    public async Task EachIncrementCountsOnceWhoeverIsKilled()
    {
        int seed = Environment.TickCount;
        Console.WriteLine($"seed {seed}");
        Random random = new(seed);
        SimProcess board = StartBoard();
        ServeProcess server = StartServer();
        BlockingCollection<Told> progress = [];
        List<ChildProcess> programs = Enumerable.Range(0, Programs).Select(program => StartProgram(program, progress)).ToList();
        int[] kills = new int[3];
        HashSet<int> done = [];
        int left = 0;
        while (done.Count < Programs)
        {
            Assert.IsTrue(progress.TryTake(out Told told, ChildProcess.Guard), $"seed {seed}: nothing happens");
            int program = told.Program;
            if (told.ExitCode is { } exitCode)
            {
                Assert.IsTrue(exitCode is 0 or Killed, $"seed {seed}: program {program} has ended with {exitCode}");
                if (exitCode == 0)
                    done.Add(program);
                continue;
            }
            if (left-- > 0 || kills.Sum() >= Kills)
                continue;
            left = random.Next(1, 6);
            int which = random.Next(3);
            kills[which]++;
            switch (which)
            {
                case 0:
                    board.Dispose();
                    board = StartBoard();
                    break;
                case 1:
                    server.Dispose();
                    server = StartServer();
                    break;
                default:
                    programs[program].Send(Signal.Kill);
                    if (programs[program].End() != 0)
                        programs[program] = StartProgram(program, progress);
                    break;
            }
        }
        await using (NvsClient client = await NvsClient.OpenAsync(Listen, new NvsClientOptions { OpenTimeoutMs = ChildProcess.GuardMs }))
        {
            for (int program = 0; program < Programs; program++)
                for (int task = 0; task < IncrementingHost.Tasks; task++)
                    Assert.AreEqual(Increments, IncrementingHost.Number(await client.ReadAsync(IncrementingHost.Track(program, task))));
            Assert.AreEqual(Programs * IncrementingHost.Tasks * Increments,
                IncrementingHost.Number(await client.ReadAsync(IncrementingHost.Counter)), $"seed {seed}");
        }
        Console.WriteLine($"killed: the board {kills[0]} times, the server {kills[1]}, a program {kills[2]}");
        server.Dispose();
        board.Dispose();
    }

    private SimProcess StartBoard() => new(Path.Combine(folder, "cells.fram"), "--format-blank", "--link", BoardPort);

    private ServeProcess StartServer() => new(BoardPort, "--listen", Listen);

    private ChildProcess StartProgram(int number, BlockingCollection<Told> progress)
    {
        ChildProcess program = new(
            "dotnet", null, typeof(ServeKillTests).Assembly.Location, IncrementingHost.Name, Listen, $"{number}", $"{Increments}");
        new Thread(() =>
        {
            while (program.Output.ReadLine() is not null)
                progress.Add(new Told(number, null));
            progress.Add(new Told(number, program.End()));
        })
        { IsBackground = true }.Start();
        return program;
    }
}
