using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// One unit of a store is damaged: no more is lost than it holds, the loss is told, what is lost can be written anew or released, and
/// REPAIR brings the rest back.
/// </summary>
internal static class DamagedUnit
{
    /// <summary>Turns bits of the metadata, one at a time.</summary>
    /// <param name="store">The store.</param>
    /// <param name="first">The first bit.</param>
    /// <param name="every">1 for each bit from there on, more to leave out some.</param>
    /// <param name="report">Is told how many were turned.</param>
    public static (int Bits, int Losses) TurnBits(StoreHistory store, int first = 0, int every = 1, Action<int>? report = null)
    {
        int bits = 0;
        int losses = 0;
        int number = 0;
        foreach (MediumUnit unit in store.Units().Where(unit => unit.Kind is not ("segment" or "chain")))
            for (int bit = 0; bit < unit.Bytes * 8; bit++)
            {
                if (number++ % every != first)
                    continue;
                int at = unit.At + bit / 8;
                int turned = 1 << bit % 8;
                losses += Check(store, unit, "bit", $"{unit}: bit {bit}", medium => medium[at] ^= (byte)turned);
                bits++;
                report?.Invoke(bits);
            }
        return (bits, losses);
    }

    /// <summary>Damages a unit and checks what the board then says and does.</summary>
    /// <returns>How many tracks were lost.</returns>
    public static int Check(StoreHistory store, MediumUnit unit, string how, string where, Action<byte[]> damage)
    {
        TestBoard board = store.Board;
        store.Restore(damage);
        bool isChanged = !board.Chip.Memory.SequenceEqual(store.Now);
        board.Recover();
        Assert.AreEqual(Status.Ok, board.State, where);
        byte[] damaged = board.Chip.Memory.ToArray();
        int findings = board.Info().Payload[Payload.InfoAnswer.Findings];
        HashSet<uint> lost = DamageChecks.CheckTracks(board, store.Numbers, store.Tracks, where);
        Assert.IsTrue(lost.IsSubsetOf(unit.Hits), $"{where}: lost tracks {string.Join(", ", lost.Except(unit.Hits))}");
        if (DamagePairs.Excuse(unit, how) == null)
            DamageChecks.CheckLast(board, store.Clients.Values, where);
        List<(uint Track, uint Version, int Length, Damage Damage)> told = board.Verify();
        Assert.IsTrue(lost.Count == 0 || told.Count > 0, $"{where}: a loss that VERIFY does not tell");
        if (isChanged && unit.Kind == "superblock")
            Assert.IsTrue(
                (findings & RecoveryFindings.SuperblockCopy) != 0 || told.Count > 0, $"{where}: neither recovery nor VERIFY tells it");
        CheckWritable(store, damaged, lost, unit, where);
        CheckRepair(store, damaged, lost, where);
        return lost.Count;
    }

    // One by one: what is lost is written anew, or released.
    private static void CheckWritable(StoreHistory store, byte[] damaged, HashSet<uint> lost, MediumUnit unit, string where)
    {
        const uint writer = 77;
        TestBoard board = store.Board;
        foreach (uint track in lost)
        {
            Dictionary<uint, (uint Version, byte[] Data)> model = new(store.Tracks);
            Answer? written = board.TryWrite(1, [new TrackItem(track, [1, 2, 3])], writer);
            Assert.AreEqual(Status.Ok, written?.Status, $"{where}: write track {track} anew");
            model[track] = (written!.Argument, [1, 2, 3]);
            board.Recover();
            string then = $"{where}, then track {track} written anew";
            Assert.IsTrue(
                DamageChecks.CheckTracks(board, store.Numbers, model, then).IsSubsetOf(lost.Where(other => other != track)), then);

            damaged.CopyTo(board.Chip.Memory);
            board.Boot();
            Status? released = board.TryWrite(1, [new TrackItem(track, null)], writer)?.Status;
            // When the number itself was hit, nobody knows which entry to release.
            Assert.IsTrue(released == Status.Ok || released == Status.TrackDamaged
                && unit.Kind == "entry", $"{where}: release track {track}: {released}");
            model.Remove(track);
            board.Recover();
            then = $"{where}, then track {track} released";
            DamageChecks.CheckTracks(board, store.Numbers, model, then);
        }
    }

    private static void CheckRepair(StoreHistory store, byte[] damaged, HashSet<uint> lost, string where)
    {
        TestBoard board = store.Board;
        damaged.CopyTo(board.Chip.Memory);
        board.Boot();
        Assert.AreEqual(Status.WrongName, board.Repair("BLANK\0\0\0"u8.ToArray())?.Status, where);
        Assert.AreEqual(Status.Ok, board.Repair(store.Id)?.Status, $"{where}: repair");
        board.Rest();
        Dictionary<uint, (uint Version, byte[] Data)> rest = store.Tracks.Where(pair => !lost.Contains(pair.Key)).ToDictionary();
        for (int boots = 0; boots < 2; boots++)
        {
            Medium medium = StoreChecks.CheckServed(board, $"{where}, repaired");
            Assert.HasCount(rest.Count, medium.Tracks, $"{where}, repaired: tracks");
            Assert.IsEmpty(DamageChecks.CheckTracks(board, store.Numbers, rest, $"{where}, repaired"));
            board.Recover();
        }
    }
}
