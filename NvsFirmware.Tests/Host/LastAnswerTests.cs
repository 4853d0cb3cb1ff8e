using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;
using NvsHost;

namespace NvsFirmware.Tests.Host;

/// <summary>The table of docs/protocol.md, 'Clients and numbers', row by row, and around every wrap.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side")]
public sealed class LastAnswerTests
{
    /// <summary>
    /// Breaks when a row of the table says something else: then a write request is repeated that was committed, or given up that was not.
    /// </summary>
    [TestMethod]
    [DataRow(Status.Ok, 5u, 9u, WriteOutcome.Committed, DisplayName = "the request itself")]
    [DataRow(Status.Ok, 5u, 8u, WriteOutcome.NotCommitted, DisplayName = "its number, another fingerprint")]
    [DataRow(Status.Ok, 4u, 9u, WriteOutcome.NotCommitted, DisplayName = "an earlier number")]
    [DataRow(Status.Ok, 6u, 9u, WriteOutcome.Unknown, DisplayName = "a later number")]
    [DataRow(Status.StoreDamaged, 5u, 9u, WriteOutcome.Unknown, DisplayName = "damaged")]
    [DataRow(Status.NoChip, 5u, 9u, WriteOutcome.Unknown, DisplayName = "no chip")]
    [DataRow((Status)0x77, 5u, 9u, WriteOutcome.Unknown, DisplayName = "a status of a later firmware")]
    public void ARowOfTheTable(Status status, uint number, uint fingerprint, WriteOutcome outcome) =>
        Assert.AreEqual(outcome, new LastAnswer(status, number, fingerprint, 100, 0, 95, 100).OutcomeOf(5, 9, 90, false));

    /// <summary>Breaks when a client that may have been forgotten is told that it committed nothing.</summary>
    [TestMethod]
    [DataRow(0u, 90u, 100u, WriteOutcome.NotCommitted, DisplayName = "none was forgotten")]
    [DataRow(89u, 90u, 100u, WriteOutcome.NotCommitted, DisplayName = "forgotten before")]
    [DataRow(90u, 90u, 100u, WriteOutcome.NotCommitted, DisplayName = "forgotten at")]
    [DataRow(91u, 90u, 100u, WriteOutcome.Unknown, DisplayName = "forgotten since")]
    [DataRow(5u, 0xFFFFFFF0u, 10u, WriteOutcome.Unknown, DisplayName = "forgotten since, behind the wrap")]
    [DataRow(0xFFFFFFF0u, 5u, 10u, WriteOutcome.NotCommitted, DisplayName = "forgotten before the wrap")]
    [DataRow(0u, 100u, 99u + (1u << 30), WriteOutcome.NotCommitted, DisplayName = "just young enough")]
    [DataRow(0u, 100u, 100u + (1u << 30), WriteOutcome.Unknown, DisplayName = "too old")]
    public void NotFoundOrAnEarlierNumberMeansWhatTheHorizonAllows(uint horizon, uint knownVersion, uint storeVersion, WriteOutcome outcome)
    {
        // That of the clients that pass by says the opposite: it does not count for one that stays.
        uint other = outcome == WriteOutcome.Unknown ? 0 : knownVersion + 1;
        Assert.AreEqual(
            outcome, new LastAnswer(Status.NotFound, 0, 0, 0, horizon, other, storeVersion).OutcomeOf(5, 9, knownVersion, false));
        Assert.AreEqual(outcome, new LastAnswer(Status.Ok, 4, 8, 3, horizon, other, storeVersion).OutcomeOf(5, 9, knownVersion, false));
        // Its number with another fingerprint: another program may have come to it after the client was forgotten.
        Assert.AreEqual(outcome, new LastAnswer(Status.Ok, 5, 8, 3, horizon, other, storeVersion).OutcomeOf(5, 9, knownVersion, false));
        // For one that passes by the later of the two counts.
        Assert.AreEqual(outcome, new LastAnswer(Status.NotFound, 0, 0, 0, horizon, 0, storeVersion).OutcomeOf(5, 9, knownVersion, true));
        Assert.AreEqual(outcome, new LastAnswer(Status.NotFound, 0, 0, 0, 0, horizon, storeVersion).OutcomeOf(5, 9, knownVersion, true));
    }

    /// <summary>Breaks when numbers are compared as if they did not go round.</summary>
    [TestMethod]
    [DataRow(0xFFFFFFFFu, 0u, WriteOutcome.NotCommitted)] // The client's last one is earlier than the one asked for.
    [DataRow(0u, 0xFFFFFFFFu, WriteOutcome.Unknown)]
    [DataRow(0x80000000u, 1u, WriteOutcome.Unknown)]
    public void NumbersGoRound(uint last, uint number, WriteOutcome outcome) =>
        Assert.AreEqual(outcome, new LastAnswer(Status.Ok, last, 9, 100, 0, 95, 100).OutcomeOf(number, 8, 90, false));

    /// <summary>
    /// Breaks when of a row more or fewer than a gapless beginning count as committed, or another program's request with the same number
    /// does.
    /// </summary>
    [TestMethod]
    [DataRow(Status.Ok, 4u, 14u, 0, DisplayName = "the one before the row")]
    [DataRow(Status.Ok, 5u, 15u, 1)]
    [DataRow(Status.Ok, 6u, 16u, 2)]
    [DataRow(Status.Ok, 7u, 17u, 3)]
    [DataRow(Status.Ok, 7u, 18u, 0, DisplayName = "another fingerprint")]
    [DataRow(Status.Ok, 8u, 18u, 0, DisplayName = "one that was never sent")]
    [DataRow(Status.NotFound, 7u, 17u, 0)]
    [DataRow(Status.StoreDamaged, 7u, 17u, 0)]
    public void OfARowABeginningWasCommitted(Status status, uint number, uint fingerprint, int committed)
    {
        List<(uint, uint)> row = [(5, 15), (6, 16), (7, 17)];
        Assert.AreEqual(committed, new LastAnswer(status, number, fingerprint, 100, 0, 0, 100).CommittedOf(row));
        Assert.AreEqual(0, new LastAnswer(status, number, fingerprint, 100, 0, 0, 100).CommittedOf(row.Take(0).ToList()));
    }
}
