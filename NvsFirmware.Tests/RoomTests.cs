using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G6: a full store refuses new tracks, and every track in it can still be overwritten; no segment is ever lost or given twice.
/// </summary>
[TestClass]
[OnlyOnDotNet("fills and overwrites stores at random: too much for an interpreter")]
public sealed class RoomTests
{
    // docs/format.md, 8 KiB.
    private const int SegmentData = 64;
    private const int SetSegments = 16;

    private readonly TrackModel model = new();
    private TestBoard board = TestBoard.Formatted();
    private uint number = 1;
    private int segmentDataBytes;

    public static IEnumerable<object[]> Fillings =>
    [
        [new[] { 0 }], // as many tracks as there can be
        [new[] { 64 }],
        [new[] { 65 }],
        [new[] { SetSegments * SegmentData }], // the longest
        [new[] { 10, 100, 500, 65, 300, 0, 1000, 64 }],
    ];

    [TestMethod]
    [DynamicData(nameof(Fillings))]
    public void AFullStoreRefusesANewTrackAndTakesEveryOverwrite(int[] lengths)
    {
        // Breaks with the check for room left out: the set aside for overwrites is used up.
        uint last = Fill(lengths);
        Random random = new(2);
        for (int round = 0; round < 3; round++)
            foreach (uint track in model.Tracks.Keys.OrderBy(_ => random.Next()).ToArray())
            {
                AssertCommitted(new TrackItem(track, TrackModel.Data(model.Tracks[track].Length, round)));
                AssertRefused(Status.Full, new TrackItem(last + 1, TrackModel.Data(lengths.Min(), 1)));
            }
        foreach (uint track in model.Tracks.Keys.ToArray())
            AssertCommitted(new TrackItem(track, TrackModel.Data(random.Next(model.Tracks[track].Length + 1), 9)));
        AssertWhole();
    }

    [TestMethod]
    public void AFullStoreTakesOverwritesInBatches()
    {
        Fill([10, 100, 500, 65, 300, 0, 200, 64]);
        Random random = new(3);
        for (int i = 0; i < 500; i++)
        {
            List<TrackItem> batch = [];
            int segments = 0;
            foreach (uint track in model.Tracks.Keys.OrderBy(_ => random.Next()))
            {
                int length = model.Tracks[track].Length;
                segments += Segments(length);
                if (segments > SetSegments)
                    break;
                batch.Add(new(track, TrackModel.Data(length, i)));
            }
            AssertCommitted([.. batch]);
        }
        AssertWhole();
    }

    [TestMethod]
    public void AFullStoreLetsATrackGrowWithinItsSegmentsOnly()
    {
        uint last = Fill([100]);
        AssertCommitted(new TrackItem(1, TrackModel.Data(2 * SegmentData, 1)));
        // What is left over after filling with tracks of two segments may be one segment.
        while (FreeSegments() > 0)
            AssertCommitted(new TrackItem(++last, []));
        AssertRefused(Status.Full, new TrackItem(2, TrackModel.Data(2 * SegmentData + 1, 1)));
        AssertRefused(Status.Full, new(2, TrackModel.Data(2 * SegmentData + 1, 1)), new(3, TrackModel.Data(100, 1)));
        AssertCommitted(new(2, TrackModel.Data(2 * SegmentData + 1, 1)), new(3, TrackModel.Data(10, 1)));
        AssertWhole();
    }

    [TestMethod]
    public void ReleasingMakesRoom()
    {
        uint last = Fill([300, 20, 700]);
        AssertRefused(Status.Full, new TrackItem(last + 1, TrackModel.Data(700, 1)));
        AssertCommitted(new TrackItem(3, null));
        AssertCommitted(new TrackItem(last + 1, TrackModel.Data(700, 1)));
        AssertRefused(Status.Full, new TrackItem(last + 2, TrackModel.Data(700, 1)));
        AssertCommitted(new(last + 1, null), new(last + 2, TrackModel.Data(700, 2)));
        AssertWhole();
    }

    [TestMethod]
    public void AFullStoreThatIsEmptiedIsAsRoomyAsANewOne()
    {
        int free = FreeSegments();
        for (int round = 0; round < 3; round++)
        {
            Fill([100, 400, 7]);
            foreach (uint track in model.Tracks.Keys.ToArray())
                AssertCommitted(new TrackItem(track, null));
            Assert.AreEqual(free, FreeSegments());
        }
        AssertWhole();
    }

    [TestMethod]
    public void FreeBytesAreThoseThatNewTracksCanTake()
    {
        uint track = 1;
        for (uint free = FreeBytes(); free > 0; free = FreeBytes())
        {
            AssertCommitted(new TrackItem(track++, []));
            Assert.AreEqual(free - SegmentData, FreeBytes());
        }
        AssertRefused(Status.Full, new TrackItem(track, []));
        AssertWhole();
    }

    [TestMethod]
    [DataRow("MB85RS64V", 0, 0, 1)]
    [DataRow("MB85RS64V", 64, 8, 2)]
    [DataRow("MB85RS64V", 200, 4, 3)]
    [DataRow("MB85RS64V", 100, 2, 4)]
    [DataRow("MB85RS256TY", 0, 0, 5)]
    public void TwentyThousandRandomRequestsLoseNoSegmentAndNoByte(string chip, int segmentBytes, int setSegments, int seed)
    {
        // Breaks with one segment of an old track not freed.
        board = TestBoard.Formatted(chip, segmentBytes: segmentBytes, setSegments: setSegments);
        Random random = new(seed);
        int longest = (int)board.Hello().U32(Payload.HelloAnswer.LongestTrackBytes);
        int refused = 0;
        for (int i = 0; i < 4000; i++)
        {
            for (int j = 0; j < 5; j++)
                refused += Try(RandomRequest(random, longest)) == Status.Ok ? 0 : 1;
            if (i % 100 == 0)
                AssertAccounts($"seed {seed}, request {number}");
            if (i % 1000 == 0)
                board.Boot();
        }
        AssertAccounts($"seed {seed}");
        AssertWhole();
        Console.WriteLine($"{chip}: {refused} of 20000 requests refused, {model.Tracks.Count} tracks at the end");
        Assert.IsTrue(refused is > 100 and < 19000, $"{refused} refused: the store was never full, or always");
    }

    private TrackItem[] RandomRequest(Random random, int longest) =>
    [
        .. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (uint)random.Next(1, 60)).Distinct().Select(track => new TrackItem(
            track, random.Next(8) == 0 ? null : TrackModel.Data(
                random.Next(4) == 0 ? random.Next(longest) : random.Next(longest / 6 + 1), random.Next()))),
    ];

    // Until nothing more of these lengths fits.
    private uint Fill(int[] lengths)
    {
        uint track = 1;
        for (int misses = 0, i = 0; misses < lengths.Length; i++)
        {
            misses++;
            if (Try(new TrackItem(track, TrackModel.Data(lengths[i % lengths.Length], i))) != Status.Ok)
                continue;
            track++;
            misses = 0;
        }
        return track - 1;
    }

    private Status? Try(params TrackItem[] items)
    {
        bool isPossible = items.All(item => item.Data != null || model.Tracks.ContainsKey(item.Track));
        Status? status = board.TryWrite(number++, items)?.Status;
        if (status == Status.Ok)
            model.Apply(items);
        else if (isPossible)
            AssertRefusalIsRight(status, items);
        else
            Assert.IsTrue(status is Status.NotFound or Status.TooLong or Status.Full, $"{status}");
        return status;
    }

    // A request is refused only when it is longer than a set, or its growth would take from the reserve, or there is no entry for its new
    // tracks: those of tracks that it releases become free by its commit only.
    private void AssertRefusalIsRight(Status? status, TrackItem[] items)
    {
        Answer hello = board.Hello();
        int set = hello.U16(Payload.HelloAnswer.SetSegments);
        int needed = items.Sum(item => item.Data == null ? 1 : Segments(item.Data.Length));
        int growth = items.Sum(item => (item.Data == null ? 0 : Segments(item.Data.Length))
            - (model.Tracks.TryGetValue(item.Track, out byte[]? old) ? Segments(old.Length) : 0));
        bool isTooLong = needed > set || items.Length > set;
        bool isFull = growth > 0 && growth > FreeSegments()
            || model.Tracks.Count + items.Count(item => !model.Tracks.ContainsKey(item.Track)) > hello.U16(Payload.HelloAnswer.MostTracks);
        Assert.IsTrue(
            isTooLong && status == Status.TooLong || isFull && status == Status.Full,
            $"{status}, with {FreeSegments()} free, {needed} needed, {growth} more than before");
    }

    private void AssertCommitted(params TrackItem[] items) => Assert.AreEqual(Status.Ok, Try(items), $"request {number}");

    private void AssertRefused(Status expected, params TrackItem[] items) => Assert.AreEqual(expected, Try(items));

    private void AssertWhole()
    {
        AssertAccounts("in the end");
        Assert.IsEmpty(board.Verify());
        model.AssertHeldBy(board, "in the end");
        model.AssertHeldBy(board.BootCopy(), "after a restart");
    }

    // What a track counts for is free when it goes, whatever it took; what it took is no more than that, and no less than it must be.
    private void AssertAccounts(string where)
    {
        foreach (TestBoard each in new[] { board, board.BootCopy() })
        {
            Answer hello = each.Hello();
            Answer info = each.Info();
            int counted = model.Tracks.Values.Sum(data => Segments(data.Length));
            Assert.AreEqual(
                hello.U32(Payload.HelloAnswer.CapacityBytes) - counted * SegmentDataBytes(), hello.U32(Payload.HelloAnswer.FreeBytes),
                    where);
            int owned = info.U16(Payload.InfoAnswer.Segments) - info.U16(Payload.InfoAnswer.FreeSegments);
            Assert.IsTrue(
                owned <= counted && owned >= model.Tracks.Values.Sum(data => LeastSegments(data.Length)), $"{where}: {owned} of {counted}");
            Assert.AreEqual(model.Tracks.Count, info.U16(Payload.InfoAnswer.Tracks), where);
        }
    }

    // Segments that new tracks can still take.
    private int FreeSegments() => (int)(FreeBytes() / (uint)SegmentDataBytes());

    private uint FreeBytes() => board.Hello().U32(Payload.HelloAnswer.FreeBytes);

    private int SegmentDataBytes()
    {
        if (segmentDataBytes == 0)
            segmentDataBytes = board.Hello().U16(Payload.HelloAnswer.SegmentDataBytes);
        return segmentDataBytes;
    }

    // What a track counts for: docs/protocol.md, WRITE.
    private int Segments(int length) => Math.Max(1, (length + SegmentDataBytes() - 1) / SegmentDataBytes());

    // What it takes when each piece lies in one run: docs/format.md, Track table.
    private int LeastSegments(int length)
    {
        int segments = 0, piece = board.PieceBytes, segmentBytes = SegmentDataBytes() + 36;
        do
        {
            int count = Math.Min(length, piece);
            segments += (count + 36 + segmentBytes - 1) / segmentBytes;
            length -= count;
        }
        while (length > 0);
        return segments;
    }
}
