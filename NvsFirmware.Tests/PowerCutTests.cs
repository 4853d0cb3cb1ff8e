using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>
/// G1 to G4 under power cuts: at every byte of write requests that reach every code path, and at every byte of the recovery, and of the
/// recovery after that, without end. After each cut the medium is read by an independent reader and held against what the board serves,
/// LAST is asked, the store is mounted again and the request is repeated.
/// </summary>
[TestClass]
[OnlyOnDotNet("cuts at every byte of every request and recovery: too much for an interpreter")]
public sealed class PowerCutTests
{
    private delegate void SpanAction(Span<byte> memory);

    private const int FewestScenarios = 49;
    private const long FewestCuts = 45000;

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
        Write(new TrackItem(300, Data(15 * 72 - 4, 300))),
        Write(new TrackItem(301, Data(15 * 72 - 4, 301))),
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
        new FormatScenario("format of a blank chip", () => (new TestBoard(), null)),
        new FormatScenario("format of a chip full of FF", () => (With(new TestBoard(), memory => memory.Fill(0xFF)), null)),
        new FormatScenario("format of a chip full of noise", () => (With(new TestBoard(), memory => new Random(5).NextBytes(memory)), null)),
        new FormatScenario("format of a store", SomeTracks),
        new FormatScenario("format of a store, other sizes", SomeTracks) { SegmentBytes = 32, SetSegments = 12 },
        new FormatScenario("format of a store with one superblock copy", () =>
        {
            (TestBoard board, Dictionary<uint, byte[]> tracks) = SomeTracks();
            board.Chip.Fill(0, 64, 0x55);
            return (board, tracks);
        }),
        new FormatScenario("format of a damaged store", () =>
        {
            (TestBoard board, _) = SomeTracks();
            board.Chip.Flip(3, 3);
            board.Chip.Flip(board.Chip.Part.Bytes - 40, 3);
            return (board, null);
        }),
        new BootScenario("first superblock copy written again", () => With(SomeTracks().Board, memory => memory[..64].Fill(0x55)), SomeTracks().Tracks),
        new BootScenario("second superblock copy written again", () => With(SomeTracks().Board, memory => memory[^64..].Clear()), SomeTracks().Tracks),
        new BootScenario("superblock copy of the store before", () => With(Reformatted(), memory => SomeTracks().Board.Chip.Memory[..64].CopyTo(memory)), new Dictionary<uint, byte[]>()),
        new RepairScenario("repair", () => Damaged(3)),
        new RepairScenario("repair in two commits", () => Damaged(20)),
    ];

    public static IEnumerable<object[]> Names => scenarios.Select(scenario => new object[] { scenario.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ACutAtEveryByteOfTheOperationAndOfEveryRecovery(string name)
    {
        CutScenario scenario = Scenario(name);
        CutExplorer explored = CutExplorer.Explore(scenario);
        Console.WriteLine($"{name}: {explored.Cuts} cuts, {explored.CutPairs} pairs of cuts, {explored.Media} media; {string.Join('/', explored.Outcomes)}");
        if (scenario is WriteScenario { Expected: Status.Ok })
        {
            Assert.IsGreaterThan(0, explored.Outcomes[(int)CutOutcome.Old], "cuts before the commit");
            Assert.IsGreaterThan(0, explored.Outcomes[(int)CutOutcome.New], "cuts after the commit");
        }
    }

    [TestMethod]
    [DataRow("overwrite")]
    [DataRow("batch with releases")]
    public void ACutAtEveryBitLeavesTheWholeBytesBeforeIt(string name)
    {
        CutExplorer bits = CutExplorer.Explore(Scenario(name), 1);
        CutExplorer bytes = CutExplorer.Explore(Scenario(name));
        Assert.AreEqual(bytes.Media, bits.Media);
        Console.WriteLine($"{name}: {bits.Cuts} cuts at bits, the same {bits.Media} media as {bytes.Cuts} cuts at bytes");
    }

    // A part of the firmware that stops writing, or a scenario that stops reaching it, must not go unnoticed.
    [TestMethod]
    public void ThereAreAsManyCutsAsEver()
    {
        long cuts = scenarios.Sum(CutExplorer.CountCuts);
        Console.WriteLine($"{scenarios.Length} scenarios, {cuts} cuts");
        Assert.IsGreaterThanOrEqualTo(FewestScenarios, scenarios.Length);
        Assert.IsGreaterThanOrEqualTo(FewestCuts, cuts);
    }

    // What CutExplorer leaves out of its comparison.
    [TestMethod]
    public void NothingButTheCountDependsOnTheBootCounters()
    {
        CutScenario scenario = Scenario("batch with releases");
        TestBoard board = scenario.Prepare();
        board.Boot();
        board.Chip.CutAfterBits(8 * 260);
        scenario.Operate(board);
        byte[] left = board.Chip.Storage.ToArray();
        board.Boot();
        board.Run();
        UInt128 expected = CutExplorer.Key(board.Chip.Memory);
        Span<byte> counters = board.Chip.Memory.Slice(MediumLayout.BootCountersAt, MediumLayout.BootCountersBytes);
        Random random = new(7);
        for (int i = 0; i < 1000; i++)
        {
            left.CopyTo(board.Chip.Storage);
            random.NextBytes(i % 2 == 0 ? counters : counters.Slice(i % 4 / 2 * 8, 8));
            board.Boot();
            board.Run();
            Assert.AreEqual(expected, CutExplorer.Key(board.Chip.Memory), $"boot counters {Convert.ToHexString(counters)}");
        }
    }

    [TestMethod]
    public void ATornBootCounterLeavesTheCountOrOneMore()
    {
        TestBoard board = SomeTracks().Board;
        for (int boots = 0; boots < 300; boots++)
        {
            byte[] before = board.Chip.Storage.ToArray();
            uint count = BootCount(board);
            before.CopyTo(board.Chip.Storage);
            foreach (byte[] left in WriteTrace.Record(board, () => board.Boot()).Media().Select(medium => medium.ToArray()).ToArray())
            {
                left.CopyTo(board.Chip.Memory);
                uint then = BootCount(board);
                Assert.IsTrue(then == count || then == count + 1, $"boot {count} was followed by {then}");
            }
            before.CopyTo(board.Chip.Storage);
            board.Boot();
        }
    }

    [TestMethod]
    public void SampledCutsAtBitsOfSeveralRecoveries() => Sample(20);

    [TestMethod]
    [TestCategory("Long")]
    public void ManySampledCutsAtBitsOfSeveralRecoveries() => Sample(1000);

    private static void Sample(int samples)
    {
        foreach (CutScenario scenario in scenarios)
            CutExplorer.Sample(scenario, new Random(11), samples);
        Console.WriteLine($"{scenarios.Length * samples} samples");
    }

    private static uint BootCount(TestBoard board)
    {
        board.Boot();
        return board.Hello().U32(Payload.HelloAnswer.BootCount);
    }

    private static CutScenario Scenario(string name) => scenarios.Single(scenario => scenario.Name == name);

    private static ClientRequest Write(params TrackItem[] items) => new(Client, items);

    // So many clients write so many requests in turn.
    private static ClientRequest[] Turns(int clients, int requests) =>
        [.. Enumerable.Range(0, requests).Select(n => new ClientRequest((uint)(n % clients + 1), [new TrackItem((uint)(n % 3), Data(20 + n, n))]))];

    private static (TestBoard Board, Dictionary<uint, byte[]> Tracks) SomeTracks()
    {
        TestBoard board = TestBoard.Formatted();
        Dictionary<uint, byte[]> tracks = [];
        uint number = 1;
        foreach (TrackItem[] items in someTracks.Select(request => request.Items))
        {
            board.Write(number++, items);
            foreach (TrackItem item in items)
                tracks[item.Track] = item.Data!;
        }
        board.Run();
        return (board, tracks);
    }

    private static TestBoard Reformatted()
    {
        (TestBoard board, _) = SomeTracks();
        board.Format(board.StoreId(), 0x99, 100, 8);
        return board;
    }

    // Short tracks, some of them with a damaged entry, one with damaged data; and the newest record is lost.
    private static (TestBoard Board, Dictionary<uint, byte[]> Whole) Damaged(int entries)
    {
        TestBoard board = TestBoard.Formatted();
        for (uint n = 0; n < 25; n++)
            board.Write(n + 1, new TrackItem(n, Data(20, (int)n)));
        board.Run();
        MediumChecker medium = MediumChecker.Read(board.Chip.Memory);
        Dictionary<uint, byte[]> whole = medium.Tracks.Where(pair => pair.Key > entries).ToDictionary(pair => pair.Key, pair => pair.Value.Data);
        for (int entry = 0; entry < entries; entry++)
            board.Chip.Flip(medium.Layout!.EntryAt(entry) + 9, 0);
        board.Chip.Flip(medium.Layout!.SegmentAt(Array.IndexOf(medium.Owners, entries)) + 7, 7);
        board.Chip.Flip(medium.Layout.RecordAt((int)(medium.Current!.Sequence & 1)) + 5, 5);
        board.Chip.Flip(medium.Layout.ClientAt(3) + 5, 5);
        return (board, whole);
    }

    private static TestBoard With(TestBoard board, SpanAction change)
    {
        change(board.Chip.Memory);
        board.Boot();
        return board;
    }

    private static byte[] Data(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }
}
