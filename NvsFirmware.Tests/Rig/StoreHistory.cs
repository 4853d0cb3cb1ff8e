using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsFirmware.Tests.Rig;

/// <summary>A store with a past: what it holds now, and the medium after each of its commits.</summary>
public sealed class StoreHistory
{
    private readonly Dictionary<uint, uint> requests = [];

    private StoreHistory(TestBoard board) => Board = board;

    /// <summary>A stretch of the medium that is one unit of the format.</summary>
    /// <param name="Name">What it is.</param>
    /// <param name="At">Its address.</param>
    /// <param name="Bytes">Its length.</param>
    /// <param name="Hits">The tracks that may be lost with it.</param>
    public sealed record Region(string Name, int At, int Bytes, IReadOnlyCollection<uint> Hits)
    {
        public bool Is(string kind) => Name.StartsWith(kind, StringComparison.Ordinal);
    }

    public TestBoard Board { get; }

    /// <summary>The array after each commit, the newest last.</summary>
    public List<byte[]> Snapshots { get; } = [];

    public byte[] Now => Snapshots[^1];

    /// <summary>All track numbers that were ever used.</summary>
    public HashSet<uint> Numbers { get; } = [];

    /// <summary>The present medium, as the independent reader sees it.</summary>
    public MediumChecker Medium { get; private set; } = null!;

    public byte[] Id { get; private set; } = [];

    /// <summary>Overwrites, releases, new tracks in entries of released ones, three clients in turn; short tracks and long ones.</summary>
    public static StoreHistory Make(int segmentBytes = 0, int setSegments = 0)
    {
        StoreHistory history = new(TestBoard.Formatted(segmentBytes: segmentBytes, setSegments: setSegments));
        history.Keep();
        history.Write(1, (1, 40), (2, 300));
        history.Write(1, (3, 68), (4, 0));
        history.Write(2, (1, 50));
        history.Write(3, (5, 30), (6, 40), (8, 10));
        history.Write(1, (5, null), (6, 200));
        history.Write(2, (2, 310), (9, 144));
        for (int i = 0; i < 4; i++)
            history.Write(1, (12, 1140 + i)); // goes round, so that segments have had other owners
        history.Write(3, (3, 20));
        history.Write(1, (8, null), (10, 60), (5, 70));
        history.Write(2, (2, 290));
        history.Write(3, (7, 30));
        history.Write(2, (6, 210));
        history.Write(1, (1, 45), (11, 150));
        history.Medium = StoreChecks.CheckServed(history.Board, "the history's end");
        history.Id = history.Board.StoreId();
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
    public IEnumerable<Region> Regions()
    {
        MediumLayout layout = Medium.Layout!;
        int newest = MediumRecord.Parse(Now.AsSpan(layout.RecordAt(0)), layout)?.Sequence == Medium.Current!.Sequence ? 0 : 1;
        yield return new Region("superblock, first copy", 0, 64, []);
        yield return new Region("superblock, second copy", layout.SecondSuperblockAt, 64, []);
        yield return new Region("boot counters", MediumLayout.BootCountersAt, MediumLayout.BootCountersBytes, []);
        for (int i = 0; i < MediumLayout.ClientEntries; i++)
            yield return new Region($"client entry {i}", layout.ClientAt(i), MediumLayout.ClientBytes, []);
        yield return new Region("newest record", layout.RecordAt(newest), Medium.Current.Length, []);
        yield return new Region("older record", layout.RecordAt(1 - newest), Medium.Previous!.Length, []);
        for (int i = 0; i < layout.Segments; i++)
            yield return new Region($"link {i}", layout.LinkAt(i), 2, TracksOf(Medium.Owners[i]));
        for (int i = 0; i < layout.Entries; i++)
            yield return new Region($"entry {i}", layout.EntryAt(i), 16, TracksOf(i));
        for (int i = 0; i < layout.Segments; i++)
            yield return new Region($"segment {i}", layout.SegmentAt(i), layout.SegmentBytes, TracksOf(Medium.Owners[i]));
    }

    /// <summary>Earlier contents of a region that are not the present one.</summary>
    public IEnumerable<byte[]> Versions(Region region) =>
        Snapshots.Select(medium => medium.AsSpan(region.At, region.Bytes).ToArray())
            .DistinctBy(Convert.ToHexString)
            .Where(old => !old.AsSpan().SequenceEqual(Now.AsSpan(region.At, region.Bytes)));

    private uint[] TracksOf(int entry)
    {
        if (entry < 0 || entry >= Medium.Layout!.Entries)
            return [];
        byte[] bytes = Now[Medium.Layout.EntryAt(entry)..(Medium.Layout.EntryAt(entry) + 16)];
        uint track = BitConverter.ToUInt32(bytes);
        return Medium.Tracks.TryGetValue(track, out MediumChecker.Track? held) && held.Version == BitConverter.ToUInt32(bytes, 4) ? [track] : [];
    }

    private void Write(uint client, params (uint Track, int? Length)[] items)
    {
        uint request = requests[client] = requests.GetValueOrDefault(client) + 1;
        Random random = new(Snapshots.Count);
        TrackItem[] changes = [.. items.Select(item => new TrackItem(item.Track, item.Length is int length ? Data(random, length) : null))];
        if (Board.TryWrite(request, changes, client)?.Status != Status.Ok)
            throw new InvalidOperationException($"commit {Snapshots.Count} of the history failed");
        Numbers.UnionWith(items.Select(item => item.Track));
        Keep();
    }

    private void Keep()
    {
        Board.Run();
        Snapshots.Add(Board.Chip.Memory.ToArray());
    }

    private static byte[] Data(Random random, int length)
    {
        byte[] data = new byte[length];
        random.NextBytes(data);
        return data;
    }
}
