using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>G6: a full store refuses new tracks, and every track in it can still be overwritten; no segment is ever lost or given twice.</summary>
[TestClass]
[OnlyOnDotNet("fills and overwrites stores at random: too much for an interpreter")]
public sealed class RoomTests
{
    private readonly TrackModel model = new();
    private TestBoard board = TestBoard.Formatted();
    private uint request = 1;

    public static IEnumerable<object[]> Fillings =>
    [
        [new[] { 0 }], // as many tracks as there can be
        [new[] { 68 }],
        [new[] { 69 }],
        [new[] { 16 * 72 - 4 }], // the longest
        [new[] { 10, 100, 500, 72, 300, 0, 1000, 68 }],
    ];

    [TestMethod]
    [DynamicData(nameof(Fillings))]
    public void AFullStoreRefusesANewTrackAndTakesEveryOverwrite(int[] lengths)
    {
        // Breaks with the check in TrackStore.Commit left out: the set aside for overwrites is used up.
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
        Fill([10, 100, 500, 72, 300, 0, 200, 68]);
        Random random = new(3);
        for (int i = 0; i < 500; i++)
        {
            List<TrackItem> batch = [];
            int segments = 0;
            foreach (uint track in model.Tracks.Keys.OrderBy(_ => random.Next()))
            {
                int length = model.Tracks[track].Length;
                segments += Segments(length);
                if (segments > 16)
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
        AssertCommitted(new TrackItem(1, TrackModel.Data(2 * 72 - 4, 1)));
        // What is left over after filling with tracks of two segments may be one segment.
        while (FreeSegments() > 16)
            AssertCommitted(new TrackItem(++last, []));
        AssertRefused(Status.Full, new TrackItem(2, TrackModel.Data(2 * 72 - 3, 1)));
        AssertRefused(Status.Full, new(2, TrackModel.Data(2 * 72 - 3, 1)), new(3, TrackModel.Data(100, 1)));
        AssertCommitted(new(2, TrackModel.Data(2 * 72 - 3, 1)), new(3, TrackModel.Data(10, 1)));
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
            Assert.AreEqual(free - 72, FreeBytes());
        }
        AssertRefused(Status.Full, new TrackItem(track, []));
    }

    [TestMethod]
    [DataRow("MB85RS64V", 0, 0, 1)]
    [DataRow("MB85RS64V", 32, 8, 2)]
    [DataRow("MB85RS64V", 200, 4, 3)]
    [DataRow("MB85RS64V", 72, 1, 4)]
    [DataRow("MB85RS256TY", 0, 0, 5)]
    public void TwentyThousandRandomRequestsLoseNoSegmentAndNoByte(string chip, int segmentBytes, int setSegments, int seed)
    {
        // Breaks with CommitComing freeing one segment of an old track too few.
        board = TestBoard.Formatted(chip, segmentBytes: segmentBytes, setSegments: setSegments);
        Random random = new(seed);
        int longest = (int)board.Hello().U32(Payload.HelloAnswer.LongestTrackBytes);
        int refused = 0;
        for (int i = 0; i < 4000; i++)
        {
            for (int j = 0; j < 5; j++)
                refused += Try(RandomRequest(random, longest)) == Status.Ok ? 0 : 1;
            if (i % 100 == 0)
                AssertAccounts($"seed {seed}, request {request}");
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
            track, random.Next(8) == 0 ? null : TrackModel.Data(random.Next(4) == 0 ? random.Next(longest) : random.Next(longest / 6 + 1), random.Next()))),
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
        Status? status = board.TryWrite(request++, items)?.Status;
        if (status == Status.Ok)
            model.Apply(items);
        else if (isPossible)
            AssertRefusalIsRight(status, items);
        else
            Assert.IsTrue(status is Status.NotFound or Status.TooLong or Status.Full, $"{status}");
        return status;
    }

    // A request is refused only when it is longer than a set, or leaves less than a set free, or there is no entry for its new tracks: those
    // of tracks that it releases become free by its commit only.
    private void AssertRefusalIsRight(Status? status, TrackItem[] items)
    {
        Answer info = board.Info();
        int set = info.U16(Payload.InfoAnswer.SetSegments);
        int needed = items.Sum(item => item.Data == null ? 0 : Segments(item.Data.Length, info));
        int freed = items.Sum(item => model.Tracks.TryGetValue(item.Track, out byte[]? old) ? Segments(old.Length, info) : 0);
        bool isTooLong = needed > set || items.Length > set;
        bool isFull = info.U16(Payload.InfoAnswer.FreeSegments) - needed + freed < set
            || model.Tracks.Count + items.Count(item => !model.Tracks.ContainsKey(item.Track)) > board.Hello().U16(Payload.HelloAnswer.TrackSlots);
        Assert.IsTrue(
            isTooLong && status == Status.TooLong || isFull && status == Status.Full,
            $"{status}, with {info.U16(Payload.InfoAnswer.FreeSegments)} free, {needed} needed, {freed} freed");
    }

    private void AssertCommitted(params TrackItem[] items) => Assert.AreEqual(Status.Ok, Try(items), $"request {request}");

    private void AssertRefused(Status expected, params TrackItem[] items) => Assert.AreEqual(expected, Try(items));

    private void AssertWhole()
    {
        AssertAccounts("in the end");
        Assert.AreEqual(0, board.Verify().Count);
        model.AssertHeldBy(board, "in the end");
        model.AssertHeldBy(board.BootCopy(), "after a restart");
    }

    private void AssertAccounts(string where)
    {
        foreach (TestBoard each in new[] { board, board.BootCopy() })
        {
            Answer info = each.Info();
            int owned = model.Tracks.Values.Sum(data => Segments(data.Length, info));
            Assert.AreEqual(info.U16(Payload.InfoAnswer.Segments) - owned, info.U16(Payload.InfoAnswer.FreeSegments), where);
            Assert.AreEqual(model.Tracks.Count, info.U16(Payload.InfoAnswer.Tracks), where);
        }
    }

    private int FreeSegments() => board.Info().U16(Payload.InfoAnswer.FreeSegments);

    private uint FreeBytes() => board.Hello().U32(Payload.HelloAnswer.FreeBytes);

    private int Segments(int length) => Segments(length, board.Info());

    private static int Segments(int length, Answer info)
    {
        int segmentBytes = info.U16(Payload.InfoAnswer.SegmentBytes);
        return (length + Geometry.TrailerBytes + segmentBytes - 1) / segmentBytes;
    }
}
