using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>A stretch of the medium that is one unit of the format.</summary>
/// <param name="Kind">What it is: superblock, client, newest record, older record, link, entry, chain (a block behind the record) or
/// segment.</param>
/// <param name="Index">Which one.</param>
/// <param name="At">Its address.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Hits">The tracks that may be lost with it.</param>
public sealed record MediumUnit(string Kind, int Index, int At, int Bytes, IReadOnlyCollection<uint> Hits)
{
    public override string ToString() => $"{Kind} {Index}";
}

/// <summary>A store with a past: what was committed, and the medium after each of its commits.</summary>
public sealed class StoreHistory
{
    private readonly Dictionary<uint, uint> requests = [];
    private readonly List<byte[]> snapshots = [];

    private StoreHistory(TestBoard board) => Board = board;

    public TestBoard Board { get; }

    /// <summary>The present array.</summary>
    public byte[] Now => snapshots[^1];

    /// <summary>The present medium, as the independent reader sees it.</summary>
    public Medium Medium { get; private set; } = null!;

    /// <summary>What was committed.</summary>
    public Dictionary<uint, (uint Version, byte[] Data)> Tracks { get; } = [];

    /// <summary>The last acknowledged request of each client.</summary>
    public Dictionary<uint, MediumClient> Clients { get; } = [];

    /// <summary>All track numbers that were ever used.</summary>
    public HashSet<uint> Numbers { get; } = [];

    public byte[] Id { get; private set; } = [];

    /// <summary>
    /// Overwrites, releases, new tracks in entries of released ones, clients in turn, boots between; short tracks and long ones.
    /// </summary>
    /// <param name="isAtRest">False to leave commits behind the record.</param>
    /// <param name="segmentBytes">Bytes in a segment, 0 for the default.</param>
    /// <param name="setSegments">Segments in a set, 0 for the default.</param>
    public static StoreHistory Make(bool isAtRest, int segmentBytes = 0, int setSegments = 0)
    {
        StoreHistory history = new(TestBoard.Formatted(segmentBytes: segmentBytes, setSegments: setSegments));
        int longest = Medium.Read(history.Board.Chip.Memory).Layout.LongestTrack;
        history.Keep();
        history.Write(1, (1, 40), (2, 300));
        history.Write(1, (3, 68), (4, 0));
        history.Write(2, (1, 50));
        history.Board.Recover();
        history.Write(3, (5, 30), (6, 40), (8, 10));
        history.Write(1, (5, null), (6, 200));
        history.Write(2, (2, 310), (9, 144));
        history.Board.Recover();
        for (int i = 0; i < 4; i++)
            history.Write(1, (12, longest - i)); // goes round, so that segments have had other owners
        history.Write(3, (3, 20));
        history.Board.Rest();
        history.Write(1, (8, null), (10, 60), (5, 70));
        history.Write(2, (2, 290), (7, 30));
        history.Board.Recover();
        if (setSegments == 0)
            history.Write(4, (6, 120));
        history.Write(3, (1, 30));
        history.Write(1, (1, 45), (11, 20));
        if (setSegments == 0)
            history.Write(2, (4, 3));
        if (isAtRest)
            history.Board.Rest();
        history.Keep();
        history.Medium = Medium.Read(history.Now);
        StoreChecks.CheckNone(history.Medium.Damages, "the history's end");
        StoreChecks.CheckNone(history.Medium.Due, "the history's end");
        if (isAtRest == history.Medium.Rows.Count > 0)
            throw new InvalidOperationException($"{history.Medium.Rows.Count} commits are behind the record");
        history.Id = BitConverter.GetBytes(history.Medium.Superblock.Id);
        return history;
    }

    /// <summary>Puts the present medium back and damages it.</summary>
    public void Restore(Action<byte[]>? damage = null)
    {
        byte[] medium = [.. Now];
        damage?.Invoke(medium);
        Board.Chip.PowerUp();
        medium.CopyTo(Board.Chip.Memory);
    }

    /// <summary>Everything on the medium that has a meaning, unit by unit.</summary>
    public IEnumerable<MediumUnit> Units()
    {
        MediumLayout layout = Medium.Layout;
        for (int i = 0; i < 2; i++)
            yield return new MediumUnit("superblock", i, layout.SuperblockAt(i), MediumLayout.SuperblockBytes, []);
        for (int i = 0; i < layout.ClientEntries; i++)
            yield return new MediumUnit("client", i, layout.ClientAt(i), MediumLayout.ClientBytes, []);
        for (int i = 0; i < 2; i++)
            yield return new MediumUnit(
                i == Medium.CurrentIndex ? "newest record" : "older record", i, layout.RecordAt(i), MediumLayout.RecordBytes, []);
        for (int i = 0; i < layout.Entries; i++)
            yield return new MediumUnit("entry", i, layout.EntryAt(i), MediumLayout.EntryBytes, TracksOf(i));
        for (int i = 0; i < layout.Segments; i++)
            yield return new MediumUnit("link", i, layout.LinkAt(i), 2, TracksOf(Medium.Owners[i]));
        foreach (MediumBlock block in Medium.Rows.SelectMany(row => row.Blocks))
            yield return new MediumUnit(
                "chain", block.Segment, layout.SegmentAt(block.Segment), block.SegmentCount * layout.SegmentBytes,
                    TracksOf(Medium.Owners[block.Segment]));
        HashSet<int> chain = [.. Medium.Rows.SelectMany(row => row.Segments)];
        for (int i = 0; i < layout.Segments; i++)
            if (!chain.Contains(i))
                yield return new MediumUnit("segment", i, layout.SegmentAt(i), layout.SegmentBytes, TracksOf(Medium.Owners[i]));
    }

    /// <summary>What can happen to a unit.</summary>
    public IEnumerable<(string How, byte[] Content)> Damages(MediumUnit unit, int noises = 3)
    {
        for (int seed = 0; seed < noises; seed++)
            yield return ("noise", Data(new Random(seed + unit.At), unit.Bytes));
        yield return ("zeros", new byte[unit.Bytes]);
        yield return ("FF", [.. Enumerable.Repeat((byte)0xFF, unit.Bytes)]);
        byte[] now = Now[unit.At..(unit.At + unit.Bytes)];
        foreach (byte[] old in snapshots.Select(medium => medium[unit.At..(unit.At + unit.Bytes)]).DistinctBy(Convert.ToHexString))
            if (!old.AsSpan().SequenceEqual(now) && old.AsSpan().IndexOfAnyExcept((byte)0) >= 0)
                yield return ("older", old);
    }

    private uint[] TracksOf(int entry) => [.. Medium.Tracks.Where(pair => pair.Value.Entry.Index == entry).Select(pair => pair.Key)];

    private void Write(uint client, params (uint Track, int? Length)[] items)
    {
        uint request = requests[client] = requests.GetValueOrDefault(client) + 1;
        Random random = new(snapshots.Count);
        TrackItem[] changes = [.. items.Select(item => new TrackItem(item.Track, item.Length is int length ? Data(random, length) : null))];
        uint fingerprint = Frames.Fingerprint(Board.WriteFrames(request, changes, client)[^1]);
        Answer? answer = Board.TryWrite(request, changes, client);
        if (answer?.Status != Status.Ok)
            throw new InvalidOperationException($"commit {snapshots.Count} of the history failed: {answer?.Status}");
        foreach (TrackItem item in changes)
            if (item.Data == null)
                Tracks.Remove(item.Track);
            else
                Tracks[item.Track] = (answer.Argument, item.Data);
        Clients[client] = new MediumClient(client, request, answer.Argument, fingerprint);
        Numbers.UnionWith(items.Select(item => item.Track));
        Keep();
    }

    private void Keep() => snapshots.Add(Board.Chip.Memory.ToArray());

    private static byte[] Data(Random random, int length)
    {
        byte[] data = new byte[length];
        random.NextBytes(data);
        return data;
    }
}
