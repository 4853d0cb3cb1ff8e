using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// Stores at the limits of the format: the most segments, the smallest and the largest, the smallest and the largest set, the most tracks.
/// </summary>
/// <remarks>
/// Broken by: a number that does not fit its field, a last entry, segment or link that is off by one, a table read short.
/// </remarks>
[TestClass]
[OnlyOnDotNet("fills large chips")]
public sealed class LimitTests
{
    /// <summary>Chip, bytes in a segment, segments in a set.</summary>
    public static IEnumerable<object[]> Sizes =>
    [
        ["MB85RS64V", 64, 2], ["MB85RS64V", 64, 24], ["MB85RS64V", 64, 31], ["MB85RS64V", 900, 2],
        ["MB85RS256B", 64, 64], ["MB85RS256B", 4132, 2],
        ["MB85RS2MTA", 64, 64], ["MB85RS4MT", 64, 64],
        ["CY15B108QI", 64, 64], ["CY15B108QI", 65, 2], ["CY15B108QI", 237, 64], ["CY15B108QI", 4132, 15],
    ];

    public static IEnumerable<object[]> TooLarge => [["MB85RS64V", 63, 16], ["MB85RS64V", 64, 1], ["MB85RS64V", 64, 65],
        ["CY15B108QI", 4133, 2], ["CY15B108QI", 4132, 16], ["MB85RS64V", 2000, 2]];

    [TestMethod]
    [DynamicData(nameof(Sizes))]
    public void AStoreAtTheLimitsKeepsItsTracks(string chip, int segmentBytes, int setSegments)
    {
        SeededRandom random = new(7);
        TestBoard board = TestBoard.Formatted(chip, Settings(), segmentBytes, setSegments);
        board.Rest();
        Medium empty = StoreChecks.CheckServed(board, "empty");
        MediumLayout layout = empty.Layout;
        Assert.AreEqual((segmentBytes, setSegments), (layout.SegmentBytes, layout.SetSegments));
        Console.WriteLine($"{layout.Segments} segments, {layout.Entries} entries");
        Dictionary<uint, byte[]> model = [];
        uint number = 0;

        // The longest track, twice, then as many tracks as there is room for, each of one segment.
        for (int i = 0; i < 2; i++)
            Write(new TrackItem(uint.MaxValue, random.Bytes(layout.LongestTrack)));
        Assert.AreEqual(Status.TooLong, board.TryWrite(++number, [new TrackItem(5, random.Bytes(layout.LongestTrack + 1))])?.Status);
        Write(new TrackItem(uint.MaxValue, null));
        for (uint track = 0; track < layout.Entries; track += (uint)setSegments)
            Write([.. Enumerable.Range((int)track, Math.Min(setSegments, layout.Entries - (int)track)).Select(
                n => new TrackItem((uint)n, random.Bytes(layout.DataBytes)))]);
        Assert.AreEqual(
            Status.Full, board.TryWrite(++number, [new TrackItem(0x80000000, [1])])?.Status, "one track more than there are entries");
        Write([.. Enumerable.Range(layout.Entries - setSegments, setSegments).Select(
            n => new TrackItem((uint)n, random.Bytes(layout.DataBytes)))]);
        board.Rest();
        Medium full = StoreChecks.CheckServed(board, "full");
        Assert.IsTrue(full.Holds(model), "full: other tracks");
        Assert.AreEqual(layout.Reserve, full.FreeSegments, "full: free segments");

        // Release every other one, so that a long track has to take single segments.
        uint[] odd = [.. model.Keys.Where(track => track % 2 == 1)];
        foreach (uint[] some in odd.Chunk(setSegments))
            Write([.. some.Select(track => new TrackItem(track, null))]);
        int room = layout.Entries - model.Count;
        for (uint track = 0; track < 3 && room >= setSegments; track++, room -= setSegments)
            Write(new TrackItem(0xFFFFFFF0 + track, random.Bytes(layout.LongestTrack)));
        TestBoard cut = board.BootCopy();
        foreach (TestBoard restarted in new[] { cut, board })
        {
            restarted.Recover();
            Assert.IsTrue(StoreChecks.CheckServed(restarted, "after a boot").Holds(model), "after a boot: other tracks");
        }

        void Write(params TrackItem[] items)
        {
            board.Write(++number, items);
            foreach (TrackItem item in items)
                if (item.Data == null)
                    model.Remove(item.Track);
                else
                    model[item.Track] = item.Data;
        }
    }

    // Each bit of the superblock copies and of a client's entry, and of the fields at the ends of the tables: of the last entry, the last
    // link, both records, a block in the last segment, and the links of a track.
    [TestMethod]
    [DataRow("MB85RS64V", 64, 24)]
    [DataRow("MB85RS256B", 4132, 2)]
    [DataRow("MB85RS4MT", 64, 64)]
    public void ATurnedBitIsFoundAtTheLimits(string chip, int segmentBytes, int setSegments)
    {
        SeededRandom random = new(8);
        TestBoard board = TestBoard.Formatted(chip, Settings(segmentBytes - MediumLayout.BlockOverheadBytes), segmentBytes, setSegments);
        MediumLayout layout = Medium.Read(board.Chip.Memory).Layout;
        Dictionary<uint, (uint Version, byte[] Data)> model = [];
        uint number = 0;
        for (int track = 0; track < layout.Entries; track += setSegments)
        {
            TrackItem[] items = [.. Enumerable.Range(track, Math.Min(setSegments, layout.Entries - track)).Select(
                n => new TrackItem((uint)n, random.Bytes(layout.DataBytes)))];
            uint version = board.Write(++number, items);
            foreach (TrackItem item in items)
                model[item.Track] = (version, item.Data!);
        }
        // Two tracks make room for one of two blocks.
        foreach (uint track in new uint[] { 1, 3 })
        {
            board.Write(++number, new TrackItem(track, null));
            model.Remove(track);
        }
        byte[] twoBlocks = random.Bytes(2 * layout.DataBytes);
        model[uint.MaxValue] = (board.Write(++number, new TrackItem(uint.MaxValue, twoBlocks)), twoBlocks);
        board.Recover();
        byte[] storage = board.Chip.Storage.ToArray();
        Medium medium = StoreChecks.CheckServed(board, "full");
        MediumEntry linked = medium.Entries.Single(entry => entry.Segments.Count > 1);
        MediumEntry[] last =
        [
            medium.Entries.MaxBy(entry => entry.Index)!,
            medium.Entries.Where(entry => !entry.IsReleased).MaxBy(entry => entry.Segments.Max())!,
            medium.Entries.Single(entry => entry.Index == 0),
            linked,
        ];
        (int At, int Bytes)[] fields =
        [
            .. last.Select(entry => (layout.EntryAt(entry.Index), MediumLayout.EntryBytes)),
            .. last.Select(entry => (layout.SegmentAt(entry.Segments[0]), MediumLayout.BlockOverheadBytes)),
            (layout.RecordAt(0), MediumLayout.RecordBytes), (layout.RecordAt(1), MediumLayout.RecordBytes),
                (layout.LinkAt(layout.Segments - 1), 2),
            (layout.SuperblockAt(0), MediumLayout.SuperblockBytes), (layout.SuperblockAt(1), MediumLayout.SuperblockBytes),
                (layout.ClientAt(0), MediumLayout.ClientBytes),
            .. linked.Segments.Select(segment => (layout.LinkAt(segment), 2)),
        ];
        uint[] numbers = [.. last.Select(entry => entry.Track).Distinct()];
        Dictionary<uint, (uint Version, byte[] Data)> asked = model.Where(pair => numbers.Contains(pair.Key)).ToDictionary();
        foreach ((int at, int bytes) in fields)
            for (int bit = 0; bit < bytes * 8; bit++)
            {
                board.Chip.PowerUp();
                storage.CopyTo(board.Chip.Storage);
                board.Chip.Flip(at + bit / 8, bit % 8);
                board.Boot();
                Assert.AreEqual(Status.Ok, board.State, $"address {at}, bit {bit}");
                foreach ((uint track, (uint version, byte[] data)) in asked)
                {
                    (Status status, uint found, byte[]? read) = board.Read(track);
                    Assert.IsTrue(
                        status == Status.TrackDamaged || status == Status.Ok && found == version && data.AsSpan().SequenceEqual(read),
                        $"address {at}, bit {bit}: track {track} reads {status}");
                }
            }
    }

    [TestMethod]
    [DynamicData(nameof(TooLarge))]
    public void SizesOutsideTheLimitsAreRefused(string chip, int segmentBytes, int setSegments)
    {
        TestBoard board = new(chip, Settings());
        board.Boot();
        Assert.AreEqual(Status.BadRequest, board.Format("BLANK", segmentBytes: segmentBytes, setSegments: setSegments).Status);
        Assert.AreEqual(Status.Blank, board.State);
    }

    private static BoardSettings Settings(int largestPieceBytes = 8192) =>
        new() { Name = "test", LargestPieceBytes = largestPieceBytes, ReceiveWindowBytes = 16500 };
}
