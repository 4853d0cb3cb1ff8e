using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G2 and G4: a boot believes no single read. Whichever transaction of a boot fails, the store is served whole, nothing on the medium becomes
/// another, and no damage is told that is none.
/// </summary>
/// <remarks>Broken by: a superblock, a record, the client table or the end of the chain looked at once only, a dropped read believed.</remarks>
[TestClass]
[OnlyOnDotNet("fails each transaction of a boot")]
public sealed class BootReadTests
{
    [TestMethod]
    [DataRow(BusFault.Dropped)]
    [DataRow(BusFault.Noise)]
    [DataRow(BusFault.Ones)]
    [DataRow(BusFault.GoneHigh)]
    [DataRow(BusFault.GoneLow)]
    public void OneBadTransactionOfABootIsNoDamage(BusFault fault)
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = Scenarios.SomeTracks();
        board.WriteAs(2, 1, new TrackItem(7, tracks[7] = [7]));
        board.WriteAs(3, 1, new TrackItem(8, tracks[8] = [8]));
        byte[] before = board.Chip.Storage.ToArray();
        FaultyBus bus = new(board.Chip);
        board.Bus = bus;
        bus.Restart();
        board.Recover();
        long transactions = bus.Transactions;
        int findings = board.Info().Payload[Payload.InfoAnswer.Findings];
        Medium right = Medium.Read(board.Chip.Memory);
        for (long hit = 0; hit < transactions; hit++)
        {
            board.Chip.PowerUp();
            before.CopyTo(board.Chip.Storage);
            bus.Restart(n => n == hit ? fault : BusFault.None);
            board.Boot();
            board.Idle(2500); // a chip that was not found is looked for again each second
            string where = $"{fault}, transaction {hit}";
            Assert.AreEqual(Status.Ok, board.State, where);
            int found = board.Info().Payload[Payload.InfoAnswer.Findings];
            Assert.AreEqual(0, (found ^ findings) & ~(RecoveryFindings.RolledForward | RecoveryFindings.Discarded), $"{where}: found {found:X2}, else {findings:X2}");
            Medium medium = StoreChecks.CheckServed(board, where);
            Assert.IsTrue(medium.Holds(tracks), $"{where}: other tracks");
            CollectionAssert.AreEquivalent(right.Clients.Known, medium.Clients.Known, $"{where}: other clients");
            Assert.IsFalse(medium.Current!.IsInDoubt, where);
        }
    }
}
