using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G1 to G4 under power cuts: at every byte of requests that reach every way through the store, and at every byte of the recovery, and of
/// the recovery after that, without end. After each cut the medium is read by an independent reader and held against what the board serves,
/// LAST is asked, the store is mounted again and the host goes on. All scenarios: <c>dotnet run -c Release -- cuts</c>.
/// </summary>
/// <remarks>
/// Broken by: a record before the entries it covers, a segment used again before the record, a chain end behind which a row is whole, a
/// version not left out at boot, a commit before its last byte.
/// </remarks>
[TestClass]
[OnlyOnDotNet("cuts at every byte of every request and recovery: too much for an interpreter")]
public sealed class PowerCutTests
{
    // Each takes minutes where others take a second.
    private static readonly string[] longOnes = ["fragmented", "fragmented batch", "release of a fragmented track",
        "the record of half a set"];

    private static readonly string[] always = ["first commit of a store", "overwrite", "batch with releases", "in several frames",
        "format of a store"];

    [TestMethod]
    public void ACutAtEveryByteOfTheOperationAndOfEveryRecovery()
    {
        const int more = 4;
        SeededRandom random = new(TestSeed.Take());
        CutScenario[] others = [.. Scenarios.All.Where(scenario => !always.Concat(longOnes).Contains(scenario.Name)).OrderBy(
            _ => random.NextUInt64())];
        foreach (CutScenario scenario in always.Select(Scenarios.Named).Concat(others.Take(more)))
        {
            CutExplorer explored = CutExplorer.Explore(scenario);
            Console.WriteLine(explored);
            if (scenario is WriteScenario { Expected: Status.Ok })
                for (int done = 0; done <= scenario.Requests; done++)
                    Assert.IsGreaterThan(0, explored.Outcomes.GetValueOrDefault(done), $"{scenario.Name}: cuts after {done} commits");
        }
    }

    // What the other tests take for granted.
    [TestMethod]
    public void ACutAtEveryBitLeavesTheWholeBytesBeforeItAndATornRecordSaysNothing()
    {
        CutExplorer exact = CutExplorer.Explore(Scenarios.Named("overwrite"), isExact: true);
        CutExplorer explored = CutExplorer.Explore(Scenarios.Named("overwrite"));
        Console.WriteLine($"{exact}, all made; the others take {explored.Media} of these for different");
        Assert.AreEqual(explored.Cuts, exact.Cuts);
        CollectionAssert.AreEquivalent(explored.Outcomes, exact.Outcomes);
    }
}
