using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>Holds what a board serves against the medium, as the independent reader sees it, and against a model.</summary>
public static class StoreChecks
{
    private const uint Stranger = 0xDEAD;

    /// <summary>A medium without damage whose bookkeeping is done.</summary>
    /// <param name="memory">The array.</param>
    /// <param name="where">For messages.</param>
    public static Medium CheckSettled(ReadOnlySpan<byte> memory, string where)
    {
        Medium medium = Medium.Read(memory);
        Assert.AreEqual(MediumState.Store, medium.State, where);
        CheckNone(medium.Damages, where);
        CheckNone(medium.Due, $"{where}: still due");
        Assert.IsFalse(medium.Current!.IsInDoubt, $"{where}: who asked last is in doubt");
        CheckNone(medium.Rows.Select(row => $"commit {row.Version}"), $"{where}: no record of");
        return medium;
    }

    /// <summary>Nothing that is wrong.</summary>
    public static void CheckNone(IEnumerable<object> wrong, string where)
    {
        string all = string.Join("; ", wrong);
        if (all.Length > 0)
            Assert.Fail($"{where}: {all}");
    }

    /// <summary>A board at rest serves just what stands on the medium, and nothing is damaged.</summary>
    public static Medium CheckServed(TestBoard board, string where)
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        Medium medium = CheckSettled(board.Chip.Memory, where);
        List<(uint Track, uint Version, int Length, Damage Damage)> listed = board.List();
        Assert.AreEqual(medium.Tracks.Count, listed.Count, $"{where}: tracks listed");
        foreach ((uint track, uint version, int length, Damage damage) in listed)
        {
            if (!medium.Tracks.TryGetValue(track, out MediumTrack? expected))
                Assert.Fail($"{where}: track {track} is listed and not on the medium");
            Assert.AreEqual(
                (expected.Version, expected.Entry.Length, Damage.None), (version, length, damage), $"{where}: track {track} as listed");
            (Status status, uint readVersion, byte[]? data) = board.Read(track);
            Assert.AreEqual((Status.Ok, version), (status, readVersion), $"{where}: track {track} as read");
            Assert.IsTrue(expected.Data.AsSpan().SequenceEqual(data), $"{where}: data of track {track}");
        }
        CheckInfo(board.Info(), medium, where);
        foreach (MediumClient client in medium.Clients.Known.Values)
            Assert.AreEqual(client, board.LastOf(client.Client, where), $"{where}: LAST of {client.Client:X}");
        Assert.IsNull(board.LastOf(Stranger, where), $"{where}: LAST of a stranger");
        Assert.IsEmpty(board.Verify(), $"{where}: VERIFY");
        return medium;
    }

    /// <summary>What LAST tells of a client; null when it is not found.</summary>
    public static MediumClient? LastOf(this TestBoard board, uint client, string where = "")
    {
        Answer last = board.Last(client);
        if (last.Status == Status.NotFound)
            return null;
        Assert.AreEqual(Status.Ok, last.Status, $"{where}: LAST of {client:X}");
        return new MediumClient(client, last.U32(Payload.LastAnswer.Number), last.Argument, last.U32(Payload.LastAnswer.Fingerprint));
    }

    /// <summary>True when the store holds just these tracks.</summary>
    public static bool Holds(this Medium medium, IReadOnlyDictionary<uint, byte[]> model) =>
        medium.Tracks.Count == model.Count
        && medium.Tracks.All(pair => model.TryGetValue(pair.Key, out byte[]? data) && pair.Value.Data.AsSpan().SequenceEqual(data));

    /// <summary>Mounting again changes nothing but the record: it counts the boot and leaves out a version.</summary>
    public static void CheckIdempotence(TestBoard board, string where)
    {
        byte[] before = board.Chip.Memory.ToArray();
        board.Recover();
        Medium first = Medium.Read(before);
        Medium second = Medium.Read(board.Chip.Memory);
        if (first.State != MediumState.Store)
        {
            Assert.IsTrue(board.Chip.Memory.SequenceEqual(before), $"{where}: a second boot changed a medium without a store");
            return;
        }
        for (int i = 0; i < 2; i++)
            second.Layout.WithoutRecord(before, i);
        byte[] after = board.Chip.Memory.ToArray();
        for (int i = 0; i < 2; i++)
            second.Layout.WithoutRecord(after, i);
        Assert.IsTrue(after.AsSpan().SequenceEqual(before), $"{where}: a second boot changed more than a record");
        MediumRecord expected = first.Current! with
        {
            Version = MediumBytes.After(first.Version),
            Lap = MediumBytes.LapAfter(first.Version, first.End.Lap),
            BootCount = first.Current.BootCount + 1,
        };
        Assert.AreEqual(expected, second.Current, $"{where}: the record of a second boot");
    }

    /// <summary>What is in use as of a record may not change before the next record, or the chain, or an old track, is lost.</summary>
    /// <param name="before">A medium at the same record, or earlier.</param>
    /// <param name="after">The medium then.</param>
    /// <param name="where">For messages.</param>
    public static void CheckKept(byte[] before, byte[] after, string where)
    {
        Medium then = Medium.Read(before);
        Medium now = Medium.Read(after);
        if (then.Current == null || now.Current?.Version != then.Current.Version)
            return;
        HashSet<int> kept = [.. then.Rows.SelectMany(row => row.Segments),
            .. Enumerable.Range(0, then.Layout.Segments).Where(i => then.Owners[i] >= 0)];
        foreach (int segment in kept)
        {
            int at = then.Layout.SegmentAt(segment);
            Assert.IsTrue(
                before.AsSpan(at, then.Layout.SegmentBytes).SequenceEqual(after.AsSpan(at, then.Layout.SegmentBytes)),
                $"{where}: segment {segment} was written to, and the record of commit {then.Current.Version} needs it");
        }
    }

    private static void WithoutRecord(this MediumLayout layout, Span<byte> memory, int which) =>
        memory.Slice(layout.RecordAt(which), MediumLayout.RecordBytes).Clear();

    private static void CheckInfo(Answer info, Medium medium, string where)
    {
        Assert.AreEqual(medium.Version, info.U32(Payload.InfoAnswer.Version), $"{where}: version");
        Assert.AreEqual(medium.End.Flag, info.Payload[Payload.InfoAnswer.Flag], $"{where}: flag");
        Assert.AreEqual(medium.FreeSegments, info.U16(Payload.InfoAnswer.FreeSegments), $"{where}: free segments");
        Assert.AreEqual(medium.ActiveSet[0], info.U16(Payload.InfoAnswer.PreparedFirst), $"{where}: first prepared segment");
        Assert.AreEqual(-1, medium.Owners[info.U16(Payload.InfoAnswer.PreparedLast)], $"{where}: the owner of the last prepared segment");
        Assert.AreEqual(0, info.U16(Payload.InfoAnswer.SinceRecord), $"{where}: commits since the record");
        Assert.AreEqual(medium.Clients.Known.Count, info.U16(Payload.InfoAnswer.Clients), $"{where}: clients known");
        Assert.IsFalse(
            MediumBytes.IsLater(medium.Clients.Horizon(false), info.U32(Payload.InfoAnswer.Horizon)),
                $"{where}: the horizon is earlier than what may be forgotten");
    }
}
