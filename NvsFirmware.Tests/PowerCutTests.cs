using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>
/// G1 to G4 under power cuts: at every byte of write requests that reach every code path, and at every byte of the recovery, and of the
/// recovery after that, without end. After each cut the medium is read by an independent reader and held against what the board serves,
/// LAST is asked, the store is mounted again and the request is repeated.
/// </summary>
[TestClass]
public sealed class PowerCutTests
{
    private const uint Client = TestBoard.Client;

    private static readonly ClientRequest[] someTracks =
    [
        Write(new TrackItem(1, Data(40, 1))),
        Write(new TrackItem(2, Data(300, 2))),
        Write(new(3, Data(68, 3)), new(4, [])),
        Write(new TrackItem(1, Data(50, 4))),
    ];

    // Every other of the short tracks released: the free segments are single ones.
    private static readonly ClientRequest[] holes =
    [
        .. Enumerable.Range(0, 4).Select(i => Write([.. Enumerable.Range(i * 12, 12).Select(n => new TrackItem((uint)n, Data(60, n)))])),
        .. Enumerable.Range(0, 2).Select(i => Write([.. Enumerable.Range(i * 12, 12).Select(n => new TrackItem((uint)(2 * n), null))])),
    ];

    private static readonly ClientRequest[] full =
    [
        .. Enumerable.Range(0, 4).Select(i => Write([.. Enumerable.Range(i * 16, 16).Select(n => new TrackItem((uint)n, Data(68, n)))])),
        Write([.. Enumerable.Range(64, 6).Select(n => new TrackItem((uint)n, Data(68, n)))]),
    ];

    private static readonly CutScenario[] scenarios =
    [
        new WriteScenario("first commit of a store", [], Write(new TrackItem(9, Data(10, 9)))),
        new WriteScenario("new track", someTracks, Write(new TrackItem(9, Data(20, 9)))),
        new WriteScenario("overwrite", someTracks, Write(new TrackItem(1, Data(44, 9)))),
        new WriteScenario("empty track over one with data", someTracks, Write(new TrackItem(2, []))),
        new WriteScenario("shorter", someTracks, Write(new TrackItem(2, Data(5, 9)))),
        new WriteScenario("longer", someTracks, Write(new TrackItem(1, Data(200, 9)))),
        new WriteScenario("longest track", someTracks, Write(new TrackItem(2, Data(16 * 72 - 4, 9)))),
        new WriteScenario("one segment to the last byte", someTracks, Write(new TrackItem(2, Data(68, 9)))),
        new WriteScenario("one byte over a segment", someTracks, Write(new TrackItem(3, Data(69, 9)))),
        new WriteScenario("CRC-32 across two segments", someTracks, Write(new TrackItem(3, Data(70, 9)))),
        new WriteScenario("CRC-32 alone in a segment", someTracks, Write(new TrackItem(3, Data(144, 9)))),
        new WriteScenario("batch", someTracks, Write(new(1, Data(100, 9)), new(9, Data(80, 10)), new(4, Data(3, 11)))),
        new WriteScenario("largest batch", someTracks, Write([.. Enumerable.Range(1, 16).Select(n => new TrackItem((uint)n, Data(68 - n, n)))])),
        new WriteScenario("release", someTracks, Write(new TrackItem(2, null))),
        new WriteScenario("release of all", someTracks, Write(new(1, null), new(2, null), new(3, null), new(4, null))),
        new WriteScenario("batch with releases", someTracks, Write(new(1, null), new(9, Data(80, 10)), new(3, null), new(2, Data(30, 12)))),
        new WriteScenario("released track again", [.. someTracks, Write(new TrackItem(2, null))], Write(new TrackItem(2, Data(30, 12)))),
        new WriteScenario("fragmented", holes, Write(new TrackItem(100, Data(16 * 72 - 4, 9))))
        {
            Meets = medium => medium.Prepared.Zip(medium.Prepared.Skip(1)).Count(pair => pair.Second != pair.First + 1) >= 8,
        },
        new WriteScenario("fragmented batch", holes, Write(new(1, Data(350, 9)), new(3, Data(350, 10)), new(200, Data(350, 11)))),
        new WriteScenario("overwrite in a full store", full, Write(new TrackItem(5, Data(60, 9))))
        {
            Meets = medium => medium.FreeSegments == medium.Layout!.SetSegments && medium.Tracks.Count == medium.Layout.Entries,
        },
        new WriteScenario("batch in a full store", full, Write([.. Enumerable.Range(20, 16).Select(n => new TrackItem((uint)n, Data(61, n + 100)))])),
        new WriteScenario("refused: full", full, Write(new TrackItem(500, Data(1, 9)))) { Expected = Status.Full },
        new WriteScenario("refused: no room to grow", full, Write(new TrackItem(5, Data(69, 9)))) { Expected = Status.Full },
        new WriteScenario("full store, one for another", full, Write(new(5, null), new(500, Data(68, 9)))) { Expected = Status.Full },
        new WriteScenario("another client", someTracks, new ClientRequest(0xB, [new TrackItem(1, Data(44, 9))])),
        new WriteScenario("two clients in turn", Turns(2, 7), new ClientRequest(2, [new TrackItem(1, Data(44, 9))])),
        new WriteScenario("nine clients in turn", Turns(9, 30), new ClientRequest(4, [new TrackItem(1, Data(44, 9))])),
        new WriteScenario("a tenth client", Turns(9, 30), new ClientRequest(77, [new TrackItem(1, Data(44, 9))])),
        new WriteScenario("sequence number turns negative", someTracks, Write(new TrackItem(2, Data(300, 9)))) { FirstSequence = int.MaxValue - 4 },
        new WriteScenario("last sequence number", someTracks, Write(new TrackItem(1, Data(44, 9)))) { FirstSequence = uint.MaxValue - 5 },
        new WriteScenario("sequence number wraps", someTracks, Write(new TrackItem(2, Data(300, 9)))) { FirstSequence = uint.MaxValue - 4 },
        new WriteScenario("after the wrap", someTracks, Write(new TrackItem(2, null))) { FirstSequence = uint.MaxValue - 3 },
        new WriteScenario("two clients across the wrap", Turns(2, 6), new ClientRequest(1, [new TrackItem(1, Data(44, 9))]))
        {
            FirstSequence = uint.MaxValue - 6,
        },
        new WriteScenario("small segments", someTracks, Write(new(1, Data(90, 9)), new(2, Data(200, 10)))) { SegmentBytes = 32, SetSegments = 12 },
        new WriteScenario("set of one segment", Turns(1, 4), Write(new TrackItem(1, Data(196, 9)))) { SegmentBytes = 200, SetSegments = 1 },
        new WriteScenario("in several frames", someTracks, Write(new(2, Data(300, 9)), new(1, Data(100, 10))))
        {
            Settings = new BoardSettings { Name = "test", LargestDataBytes = 64, CacheBlocks = 0 },
        },
        new WriteScenario("256 KiB", someTracks, Write(new(2, Data(300, 9)), new(5, Data(20, 10)))) { Chip = "MB85RS2MTA" },
    ];

    public static IEnumerable<object[]> Names => scenarios.Select(scenario => new object[] { scenario.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ACutAtEveryByteLeavesAllOldOrAllNew(string name)
    {
        CutExplorer explored = CutExplorer.Explore(scenarios.Single(s => s.Name == name));
        Console.WriteLine($"{name}: {explored.Cuts} cuts, {explored.CutPairs} pairs of cuts, {explored.Media} media; {string.Join('/', explored.Outcomes)}");
    }

    private static ClientRequest Write(params TrackItem[] items) => new(Client, items);

    // So many clients write so many requests in turn.
    private static ClientRequest[] Turns(int clients, int requests) =>
        [.. Enumerable.Range(0, requests).Select(n => new ClientRequest((uint)(n % clients + 1), [new TrackItem((uint)(n % 3), Data(20 + n, n))]))];

    private static byte[] Data(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }
}
