using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Costs;

/// <summary>
/// The limits of the table in docs/performance.md; of those that are not kept yet, that they get no worse. Counts and no seconds, so they
/// are the same on every machine: <c>dotnet run -c Release --project NvsFirmware.Tests -- costs</c> prints them.
/// </summary>
[TestClass]
[OnlyOnDotNet("rewrites the firmware's assembly, counts at the full chip model over long runs")]
public sealed class CostTests
{
    private static readonly Lazy<CostTable> table = new(() => CostMeasuring.Measure(overwrites: 2000));

    [TestMethod]
    public void EachCountIsWithinItsLimit()
    {
        // Breaks, for one, with a second CRC over the payload (calls, heap), a transaction for each link (bus), a loop over segments.
        List<CostRow> over = [.. CostText.Rows(table.Value).Where(row => !row.IsAsExpected)];
        Assert.IsEmpty(over, string.Join("; ", over.Select(row => $"{row.Name}: {row.Value:F2}, limit {row.Limit}")));
    }

    [TestMethod]
    public void DataCostNoInstructions()
    {
        // Breaks with any managed loop over payload bytes: 4,032 bytes more would be 20,000 instructions; 13 segments more are a few loops.
        Assert.IsLessThan(13 * 120, table.Value.Write4096.IlInAll - table.Value.Write64.IlInAll);
    }

    [TestMethod]
    public void WhatIsCountedByMethodIsAll()
    {
        // Breaks when a method is forgotten by the rewriter, or counted twice.
        Methods methods = CostMeasuring.ByMethod("write64");
        Assert.AreEqual(table.Value.Write64.IlInAll, methods.UntilAnswer.Il + methods.AfterAnswer.Il, 0.01);
    }

    [TestMethod]
    public void AllocatingAheadIsSeen()
    {
        // Breaks when what allocates has another name than the rewriter looks for.
        Assert.IsTrue(table.Value.Write64.IlOfAllocation > 0);
        Assert.IsTrue(
            table.Value.Scattered4096.IlOfAllocation > 20 * table.Value.Write64.IlOfAllocation,
            "what a write would wait for in a store without room in one piece");
    }

    [TestMethod]
    public void TheCutsOfTheRecoveriesTestEnough()
    {
        RecoveryCosts recovery = table.Value.Recovery;
        Assert.IsTrue(recovery.RolledForward > 5 && recovery.Discarded > 5, $"{recovery}");
    }
}
