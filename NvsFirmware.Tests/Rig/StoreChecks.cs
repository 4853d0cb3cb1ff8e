using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;

namespace NvsFirmware.Tests.Rig;

/// <summary>Holds what a board serves against the medium, as the independent reader sees it, and against a model.</summary>
public static class StoreChecks
{
    /// <summary>A medium without violations whose bookkeeping is done.</summary>
    /// <param name="memory">The array.</param>
    /// <param name="where">For messages.</param>
    /// <param name="wasRecordLost">True after damage to the newest record: the older one need not be of the commit before then.</param>
    public static MediumChecker CheckSettled(ReadOnlySpan<byte> memory, string where, bool wasRecordLost = false)
    {
        MediumChecker medium = MediumChecker.Read(memory);
        Assert.IsTrue(wasRecordLost || medium.StaleRecord == null, $"{where}: record {medium.StaleRecord} beside {medium.Current?.Sequence}");
        CheckNone(medium.Violations, where);
        CheckNone(medium.Due, $"{where}: still due");
        return medium;
    }

    /// <summary>Nothing that is wrong.</summary>
    public static void CheckNone(IEnumerable<string> violations, string where)
    {
        string all = string.Join("; ", violations);
        if (all.Length > 0)
            Assert.Fail($"{where}: {all}");
    }

    /// <summary>A ready board that has brought its medium up to date serves just what stands there, and nothing is damaged.</summary>
    /// <param name="board">The board.</param>
    /// <param name="where">For messages.</param>
    /// <param name="wasRecordLost">As for <see cref="CheckSettled"/>.</param>
    public static MediumChecker CheckServed(TestBoard board, string where, bool wasRecordLost = false)
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        MediumChecker medium = CheckSettled(board.Chip.Memory, where, wasRecordLost);
        List<(uint Track, uint Version, int Length, Damage Damage)> listed = board.List();
        Assert.AreEqual(medium.Tracks.Count, listed.Count, $"{where}: tracks listed");
        foreach ((uint track, uint version, int length, Damage damage) in listed)
        {
            if (!medium.Tracks.TryGetValue(track, out MediumChecker.Track? expected))
                Assert.Fail($"{where}: track {track} is listed and not on the medium");
            Assert.AreEqual((expected.Version, expected.Data.Length, Damage.None), (version, length, damage), $"{where}: track {track} as listed");
            (Status status, uint readVersion, byte[]? data) = board.Read(track);
            Assert.AreEqual((Status.Ok, version), (status, readVersion), $"{where}: track {track} as read");
            Assert.IsTrue(expected.Data.AsSpan().SequenceEqual(data), $"{where}: data of track {track}");
        }
        CheckInfo(board.Info(), medium, where);
        foreach ((uint client, (uint request, uint version)) in medium.Clients)
        {
            Answer last = board.Last(client);
            Assert.AreEqual(Status.Ok, last.Status, $"{where}: LAST of client {client:X}");
            Assert.AreEqual((request, version), (last.U32(Payload.LastAnswer.Request), last.U32(Payload.LastAnswer.Version)), $"{where}: LAST of {client:X}");
        }
        Assert.AreEqual(Status.NotFound, board.Last(0xDEAD).Status, $"{where}: LAST of a stranger");
        Assert.IsEmpty(board.Verify(), $"{where}: VERIFY");
        return medium;
    }

    /// <summary>True when the store holds just these tracks.</summary>
    public static bool Holds(this MediumChecker medium, IReadOnlyDictionary<uint, byte[]> model) =>
        medium.Tracks.Count == model.Count
        && medium.Tracks.All(pair => model.TryGetValue(pair.Key, out byte[]? data) && pair.Value.Data.AsSpan().SequenceEqual(data));

    /// <summary>Mounting again changes nothing but the boot counters.</summary>
    public static void CheckIdempotence(TestBoard board, string where)
    {
        UInt128 before = CutExplorer.Key(board.Chip.Memory);
        board.Boot();
        board.Run();
        Assert.AreEqual(before, CutExplorer.Key(board.Chip.Memory), $"{where}: a second mount changed the medium");
    }

    private static void CheckInfo(Answer info, MediumChecker medium, string where)
    {
        int[] committed = [.. medium.Current!.Segments];
        Assert.AreEqual(medium.Current.Sequence, info.U32(Payload.InfoAnswer.Sequence), $"{where}: sequence number");
        Assert.AreEqual(medium.Current.Flag, info.Payload[Payload.InfoAnswer.Flag], $"{where}: flag");
        Assert.AreEqual(medium.FreeSegments, info.U16(Payload.InfoAnswer.FreeSegments), $"{where}: free segments");
        Assert.AreEqual(committed.Length, info.U16(Payload.InfoAnswer.CommittedCount), $"{where}: committed segments");
        Assert.AreEqual(committed.FirstOrDefault(), info.U16(Payload.InfoAnswer.CommittedFirst), $"{where}: first committed segment");
        Assert.AreEqual(medium.Prepared[0], info.U16(Payload.InfoAnswer.PreparedFirst), $"{where}: first prepared segment");
        Assert.AreEqual(medium.Prepared[^1], info.U16(Payload.InfoAnswer.PreparedLast), $"{where}: last prepared segment");
    }
}
