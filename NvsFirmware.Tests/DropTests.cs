using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>
/// G2 on a bus that fails without a word: each transaction of requests, of the bookkeeping behind them and of boots does nothing, or reads
/// noise; alone, with those behind it, with all behind it, and with the power lost later. The answer is the truth or ChipError, and nothing
/// older is lost. All scenarios: <c>dotnet run -c Release -- drops</c>.
/// </summary>
/// <remarks>
/// Broken by: a block, entry, link, client or record that is not read back; a read that is believed at once: of a superblock, of a record,
/// of the end of the chain.
/// </remarks>
[TestClass]
[OnlyOnDotNet("fails each transaction of each request: too much for an interpreter")]
public sealed class DropTests
{
    private static readonly string[] shortOnes =
    [
        "first commit of a store",
        "overwrite",
        "batch with releases",
        "a tenth client",
        "in several frames",
        "boot",
        "boot behind a commit without its bookkeeping",
        "boot behind a chain and half a request",
        "first superblock copy written again",
        "superblock copy of the store before",
        "format of a store",
    ];

    public static IEnumerable<object[]> Names => shortOnes.Select(name => new object[] { name });

    // For a moment, at any moment: of requests, of boots, and of what comes behind them. Breaks with anything looked for on the medium that
    // is believed to be missing without a sign that the chip was there meanwhile.
    [TestMethod]
    [DataRow("overwrite")]
    [DataRow("release")]
    [DataRow("batch with releases")]
    [DataRow("fragmented")]
    [DataRow("two clients in turn")]
    [DataRow("format of a store")]
    [DataRow("boot behind a chain and half a request")]
    [DataRow("boot behind a commit without its bookkeeping")]
    public void TheChipLosesContact(string name)
    {
        DropExplorer explored = DropExplorer.ExploreContact(Scenarios.Named(name), 24);
        Console.WriteLine(explored);
        Assert.IsGreaterThan(0, explored.Runs);
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void EachTransactionFails(string name)
    {
        DropExplorer explored = DropExplorer.Explore(Scenarios.Named(name));
        Console.WriteLine(explored);
        Assert.IsGreaterThan(0, explored.Runs);
    }
}
