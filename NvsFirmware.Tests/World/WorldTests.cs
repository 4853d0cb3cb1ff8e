using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.World;

/// <summary>G1 to G8 in worlds in which everything in spec goes wrong; the command `world` runs more of them.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board, and time")]
public sealed class WorldTests
{
    private const int Seeds = 60;
    private const int Operations = 1000;

    [TestMethod]
    public void WhateverHappensTheStoreIsAsTheModelSays()
    {
        WorldRun run = new(Operations);
        for (ulong seed = 1; seed <= Seeds; seed++)
            run.Run(seed);
        Console.WriteLine(run.Summary);
        foreach ((string what, long count) in run.Sums)
            Assert.IsGreaterThan(0, count, $"no {what} in {Seeds} worlds: this test does not try it");
    }

    [TestMethod]
    public void AHostThatRestartsDoesNotGoOnWithWhatItHadHalfSent()
    {
        TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestDataBytes = 128 });
        List<byte[]> old = board.WriteFrames(5, [new(1, Enumerable.Repeat((byte)'o', 384).ToArray())]);
        board.Send(old[0], old[1]);
        // It is killed, starts again with the same id, and its numbers come to 5 again. The first part is lost on the line.
        board.Hello();
        List<byte[]> @new = board.WriteFrames(5, [new(1, Enumerable.Repeat((byte)'n', 384).ToArray())]);
        List<Answer> answers = board.Send(@new[1], @new[2]);
        Assert.IsTrue(answers.All(answer => answer.Status == Status.WrongOrder), string.Join(", ", answers.Select(answer => answer.Status)));
        Assert.AreEqual(Status.NotFound, board.Read(1).Status);
    }

    [TestMethod]
    public void TheSameSeedIsTheSameWorld()
    {
        WorldRun first = new(300);
        WorldRun second = new(300);
        first.Run(7);
        second.Run(7);
        Assert.AreEqual(first.Summary, second.Summary);
    }
}
