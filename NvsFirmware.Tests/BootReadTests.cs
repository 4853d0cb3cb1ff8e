using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G2 and G4: a boot believes no single read, and notices a contact that was lost for a moment. Whichever transactions fail, the store is
/// served whole, nobody is forgotten, and no damage is told that is none.
/// </summary>
/// <remarks>
/// Broken by: a superblock, the client table or the end of the chain looked at once only; these believed without a sign of the chip's life
/// between the looks; a dropped read believed.
/// </remarks>
[TestClass]
[OnlyOnDotNet("fails each transaction of a boot")]
public sealed class BootReadTests
{
    // At boot there are a chain behind the record, at its end a commit that only its block tells, and clients that only the table tells.
    private readonly TestBoard board;
    private readonly Dictionary<uint, byte[]> tracks;
    private readonly FaultyBus bus;
    private readonly byte[] before;
    private readonly long transactions;
    private readonly int findings;
    private readonly Medium right;

    public BootReadTests()
    {
        (board, tracks) = Scenarios.SomeTracks();
        foreach (uint client in new uint[] { 5, 6, 7 })
            board.WriteAs(client, 1, new TrackItem(client, tracks[client] = [(byte)client]));
        board.Rest();
        board.WriteAs(8, 1, new TrackItem(8, tracks[8] = [8]));
        Scenarios.LoseBookkeeping(board, 100, new TrackItem(9, tracks[9] = [9]));
        before = board.Chip.Storage.ToArray();
        board.Bus = bus = new FaultyBus(board.Chip);
        bus.Restart();
        board.Recover();
        transactions = bus.Transactions;
        findings = board.Info().Payload[Payload.InfoAnswer.Findings];
        right = Medium.Read(board.Chip.Memory);
        Assert.HasCount(5, right.Clients.Known);
    }

    [TestMethod]
    [DataRow(BusFault.Dropped, 1)]
    [DataRow(BusFault.Noise, 1)]
    [DataRow(BusFault.Ones, 1)]
    [DataRow(BusFault.Dropped, 2)]
    [DataRow(BusFault.Noise, 2)]
    public void BadTransactionsOfABootAreNoDamage(BusFault fault, int most)
    {
        for (int length = 1; length <= most; length++)
            TryAll(fault, length);
    }

    [TestMethod]
    [DataRow(BusFault.GoneHigh)]
    [DataRow(BusFault.GoneLow)]
    public void AContactThatIsLostForAWhileIsNoDamage(BusFault fault)
    {
        for (int length = 1; length < transactions; length++)
            TryAll(fault, length);
    }

    private void TryAll(BusFault fault, int length)
    {
        for (long first = 0; first < transactions; first++)
        {
            board.Chip.PowerUp();
            before.CopyTo(board.Chip.Storage);
            bus.Restart(n => n >= first && n < first + length ? fault : BusFault.None);
            board.Boot();
            board.Idle(2500); // a chip that was not found is looked for again each second
            string where = $"{fault} from transaction {first}, {length} of them";
            Assert.AreEqual(Status.Ok, board.State, where);
            int found = board.Info().Payload[Payload.InfoAnswer.Findings];
            int unlike = (found ^ findings) & ~(RecoveryFindings.RolledForward | RecoveryFindings.Discarded);
            Assert.AreEqual(0, unlike, $"{where}: found {found:X2}, else {findings:X2}");
            Medium medium = StoreChecks.CheckServed(board, where);
            Assert.IsTrue(medium.Holds(tracks), $"{where}: other tracks");
            CollectionAssert.AreEquivalent(right.Clients.Known, medium.Clients.Known, $"{where}: other clients");
            Assert.IsFalse(medium.Current!.IsInDoubt, where);
        }
    }
}
