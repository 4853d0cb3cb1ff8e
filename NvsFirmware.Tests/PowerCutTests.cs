using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G1 to G4 under power cuts: at every byte of requests that reach every way through the store, and at every byte of the recovery, and of the
/// recovery after that, without end. After each cut the medium is read by an independent reader and held against what the board serves,
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
    private static readonly string[] shortOnes =
    [
        "first commit of a store",
        "overwrite",
        "batch with releases",
        "neighbouring entries, the first one longer",
        "fragmented",
        "a tenth client",
        "the record of half a set",
        "versions wrap",
        "set of two segments",
        "in several frames",
        "format of a store",
        "boot behind a chain and half a request",
        "boot behind a commit without its bookkeeping",
        "superblock copy of the store before",
        "repair",
    ];

    public static IEnumerable<object[]> Names => shortOnes.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ACutAtEveryByteOfTheOperationAndOfEveryRecovery(string name)
    {
        CutScenario scenario = Scenarios.Named(name);
        CutExplorer explored = CutExplorer.Explore(scenario);
        Console.WriteLine(explored);
        if (scenario is WriteScenario { Expected: Status.Ok })
            for (int done = 0; done <= scenario.Requests; done++)
                Assert.IsGreaterThan(0, explored.Outcomes.GetValueOrDefault(done), $"cuts after {done} commits");
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
