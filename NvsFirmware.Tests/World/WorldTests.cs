using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;

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
    public void TheSameSeedIsTheSameWorld()
    {
        WorldRun first = new(300);
        WorldRun second = new(300);
        first.Run(7);
        second.Run(7);
        Assert.AreEqual(first.Summary, second.Summary);
    }
}
