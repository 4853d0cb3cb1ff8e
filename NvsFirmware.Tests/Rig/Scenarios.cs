using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// Operations that reach every way through the store: what is done to each of them is the business of the tests that use them.
/// </summary>
public static class Scenarios
{
    private delegate void SpanAction(Span<byte> memory);

    private const uint Client = TestBoard.Client;

    private static readonly MediumLayout sizes = MediumLayout.Default(8192)!;

    private static readonly ClientRequest[] someTracks =
    [
        Write(new TrackItem(1, Data(40, 1))),
        Write(new TrackItem(2, Data(300, 2))),
        Write(new(3, Data(InSegments(1), 3)), new(4, [])),
        Write(new TrackItem(1, Data(50, 4))),
    ];

    // Every other of the short tracks released: the free segments are single ones. The long run of free ones that is left is passed by.
    private static readonly ClientRequest[] holes =
    [
        .. Enumerable.Range(0, 4).Select(i => Write([.. Enumerable.Range(i * 11, 11).Select(n => new TrackItem((uint)n, Data(60, n)))])),
        .. Enumerable.Range(0, 2).Select(i => Write([.. Enumerable.Range(i * 11, 11).Select(n => new TrackItem((uint)(2 * n), null))])),
        Write(new TrackItem(300, Data(InSegments(10), 300))),
        .. Enumerable.Range(0, 18).Select(i => Write(new TrackItem(1, Data(60, i)))),
    ];

    // As many tracks as there are entries, each of one segment.
    private static readonly ClientRequest[] full =
    [
        .. Enumerable.Range(0, 3)
            .Select(i => Write([.. Enumerable.Range(i * 15, 15).Select(n => new TrackItem((uint)n, Data(sizes.DataBytes, n)))])),
    ];

    private static readonly BoardSettings smallFrames = new() { Name = "test", LargestPieceBytes = 64, CacheBlocks = 0 };

    /// <summary>
    /// All of them, the short ones first; new ones each time, because tests that run at the same moment may explore the same.
    /// </summary>
    public static IReadOnlyList<CutScenario> All =>
    [
        new WriteScenario("first commit of a store", [], Write(new TrackItem(9, Data(10, 9)))),
        new WriteScenario("new track", someTracks, Write(new TrackItem(9, Data(20, 9)))),
        new WriteScenario("overwrite", someTracks, Write(new TrackItem(1, Data(44, 9)))),
        new WriteScenario("empty track over one with data", someTracks, Write(new TrackItem(2, []))),
        new WriteScenario("shorter", someTracks, Write(new TrackItem(2, Data(5, 9)))),
        new WriteScenario("longer", someTracks, Write(new TrackItem(1, Data(200, 9)))),
        new WriteScenario("longest track", someTracks, Write(new TrackItem(2, Data(sizes.LongestTrack, 9)))),
        new WriteScenario("one segment to the last byte", someTracks, Write(new TrackItem(2, Data(InSegments(1), 9)))),
        new WriteScenario("one byte over a segment", someTracks, Write(new TrackItem(3, Data(InSegments(1) + 1, 9)))),
        new WriteScenario("CRC-32 across two segments", someTracks, Write(new TrackItem(3, Data(InSegments(1) + 2, 9)))),
        new WriteScenario("CRC-32 alone in a segment", someTracks, Write(new TrackItem(3, Data(InSegments(1) + 4, 9)))),
        new WriteScenario("batch", someTracks, Write(new(1, Data(100, 9)), new(9, Data(80, 10)), new(4, Data(3, 11)))),
        new WriteScenario("neighbouring entries, the first one longer", someTracks, Write(new(1, Data(60, 9)), new(2, Data(300, 10)))),
        new WriteScenario(
            "largest batch", someTracks, Write([.. Enumerable.Range(1, 16).Select(n => new TrackItem((uint)n, Data(64 - n, n)))])),
        new WriteScenario("release", someTracks, Write(new TrackItem(2, null))),
        new WriteScenario("release of all", someTracks, Write(new(1, null), new(2, null), new(3, null), new(4, null))),
        new WriteScenario("batch with releases", someTracks, Write(new(1, null), new(9, Data(80, 10)), new(3, null), new(2, Data(30, 12)))),
        new WriteScenario("released track again", [.. someTracks, Write(new TrackItem(2, null))], Write(new TrackItem(2, Data(30, 12)))),
        new WriteScenario("fragmented", holes, Write(new TrackItem(100, Data(440, 9))))
        {
            Reaches = medium => medium.Tracks[100].Blocks.Count >= 3,
        },
        new WriteScenario("fragmented batch", holes, Write(new(1, Data(200, 9)), new(3, Data(150, 10)), new(200, Data(60, 11)))),
        new WriteScenario("release of a fragmented track", [.. holes, Write(new TrackItem(100, Data(440, 9)))],
            Write(new(100, null), new(1, Data(64, 1))))
        {
            Meets = medium => medium.Tracks[100].Blocks.Count >= 3,
        },
        new WriteScenario("overwrite in a full store", full, Write(new TrackItem(5, Data(60, 9))))
        {
            Meets = medium => medium.FreeSegments == medium.Layout.Reserve && medium.Tracks.Count == medium.Layout.Entries,
        },
        new WriteScenario(
            "batch in a full store", full, Write([.. Enumerable.Range(20, 16).Select(n => new TrackItem((uint)n, Data(61, n + 100)))])),
        new WriteScenario("refused: full", full, Write(new TrackItem(500, Data(1, 9)))) { Expected = Status.Full },
        new WriteScenario("refused: no room to grow", full, Write(new TrackItem(5, Data(InSegments(1) + 1, 9)))) { Expected = Status.Full },
        new WriteScenario("another client", someTracks, new ClientRequest(0xB, [new TrackItem(1, Data(44, 9))])),
        new WriteScenario("two clients in turn", Turns(2, 7), new(2, [new TrackItem(1, Data(44, 9))]),
            new ClientRequest(1, [new TrackItem(2, Data(45, 9))])),
        new WriteScenario("nine clients in turn", Turns(9, 30), new(4, [new TrackItem(1, Data(44, 9))]),
            new ClientRequest(5, [new TrackItem(1, Data(45, 9))])),
        new WriteScenario("a tenth client", Turns(9, 30), new(77, [new TrackItem(1, Data(44, 9))]),
            new ClientRequest(78, [new TrackItem(1, Data(45, 9))])),
        new WriteScenario("clients that pass by", [.. Turns(8, 16), .. Turns(3, 6, 100)], Passing(104), Passing(105)),
        new WriteScenario("requests one behind the other", someTracks, [.. Behind(5, 30)]),
        // A set so large, and tracks so short, that neither half a set of segments is used before, nor pinned.
        new WriteScenario("the record of the sixteenth commit", Behind(3, 1), [.. Behind(18, 1)])
        {
            SegmentBytes = 64,
            SetSegments = 34,
            Reaches = medium => medium.Rows.Count == 2,
        },
        new WriteScenario("the record of half a set", someTracks, [.. Behind(6, 250)]),
        new WriteScenario("releases up to a record", someTracks,
            [.. Enumerable.Range(1, 4).Select(n => Write(new TrackItem((uint)n, null))), .. Behind(6, 200)]),
        new WriteScenario("version turns negative", someTracks, [.. Behind(3, 30)]) { FirstVersion = int.MaxValue - 8 },
        new WriteScenario("last version of a lap", someTracks, Write(new TrackItem(1, Data(44, 9)))) { FirstVersion = uint.MaxValue - 7,
            FirstLap = 3 },
        new WriteScenario("versions wrap", someTracks, [.. Behind(4, 30)]) { FirstVersion = uint.MaxValue - 8, FirstLap = 3 },
        new WriteScenario("laps wrap", someTracks, [.. Behind(3, 30)]) { FirstVersion = uint.MaxValue - 7, FirstLap = 15 },
        new WriteScenario("after the wrap", someTracks, Write(new TrackItem(2, null))) { FirstVersion = uint.MaxValue - 3 },
        new WriteScenario(
            "two clients across the wrap", Turns(2, 6), new(1, [new(1, Data(44, 9))]), new ClientRequest(2, [new(1, Data(45, 9))]))
        {
            FirstVersion = uint.MaxValue - 8,
        },
        new WriteScenario("small segments", someTracks, Write(new(1, Data(90, 9)), new(2, Data(200, 10)))) { SegmentBytes = 64,
            SetSegments = 12 },
        new WriteScenario("set of two segments", Turns(1, 4), Write(new TrackItem(1, Data(196, 9))), Write(new TrackItem(2, Data(20, 9))))
        {
            SegmentBytes = 200,
            SetSegments = 2,
        },
        new WriteScenario("in several frames", someTracks, Write(new(2, Data(300, 9)), new(1, Data(100, 10)))) { Settings = smallFrames },
        new WriteScenario("256 KiB", someTracks, Write(new(2, Data(300, 9)), new(5, Data(20, 10)))) { Chip = "MB85RS2MTA" },
        new FormatScenario("format of a blank chip", () => (new TestBoard(), null)),
        new FormatScenario("format of a chip full of FF", () => (With(new TestBoard(), memory => memory.Fill(0xFF)), null)),
        new FormatScenario(
            "format of a chip full of noise", () => (With(new TestBoard(), memory => new Random(5).NextBytes(memory)), null)),
        new FormatScenario("format of a store", SomeTracks),
        new FormatScenario("format of a store, other sizes", SomeTracks) { SegmentBytes = 64, SetSegments = 12 },
        new FormatScenario("format of a store with one superblock copy",
            () => (With(SomeTracks().Board, memory => memory[..64].Fill(0x55)), SomeTracks().Tracks)),
        new FormatScenario("format of a damaged store", () => (With(SomeTracks().Board, BothCopies), null)),
        new BootScenario("boot", SomeTracks),
        new BootScenario("boot behind a chain", () => Chain(unfinished: false)),
        new BootScenario("boot behind a chain and half a request", () => Chain(unfinished: true)),
        new BootScenario("boot behind a commit without its bookkeeping", Unkept),
        new BootScenario("first superblock copy written again",
            () => (With(SomeTracks().Board, memory => memory[..64].Fill(0x55)), SomeTracks().Tracks)),
        new BootScenario(
            "second superblock copy written again", () => (With(SomeTracks().Board, memory => memory[^64..].Clear()), SomeTracks().Tracks)),
        new BootScenario("superblock copy of the store before",
            () => (With(Reformatted(), memory => SomeTracks().Board.Chip.Memory[..64].CopyTo(memory)), [])),
        new RepairScenario("repair", () => Damaged(3)),
        new RepairScenario("repair in two commits", () => Damaged(20)),
    ];

    public static CutScenario Named(string name) => All.Single(scenario => scenario.Name == name);

    /// <summary>A store with some tracks, at rest.</summary>
    public static (TestBoard Board, Dictionary<uint, byte[]> Tracks) SomeTracks()
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
        board.Rest();
        return (board, tracks);
    }

    /// <summary>The most data bytes of one block in so many segments of an 8 KiB chip.</summary>
    private static int InSegments(int segments) => segments * sizes.SegmentBytes - MediumLayout.BlockOverheadBytes;

    private static ClientRequest Write(params TrackItem[] items) => new(Client, items);

    // So many requests of one client.
    private static IEnumerable<ClientRequest> Behind(int requests, int length) =>
        Enumerable.Range(0, requests).Select(n => Write(new TrackItem((uint)(n % 3 + 1), Data(length + n, n))));

    // So many clients write so many requests in turn.
    private static ClientRequest[] Turns(int clients, int requests, int passingFrom = 0) =>
    [
        .. Enumerable.Range(0, requests).Select(n => new ClientRequest(
            (uint)(n % clients + 1 + passingFrom), [new TrackItem((uint)(n % 3), Data(20 + n, n))],
                passingFrom > 0 ? WriteFlags.Passing : 0)),
    ];

    private static ClientRequest Passing(uint client) => new(client, [new TrackItem(1, Data(44, (int)client))], WriteFlags.Passing);

    // A chain of commits that no record covers, and half a request: what the power left.
    private static (TestBoard Board, Dictionary<uint, byte[]> Tracks) Chain(bool unfinished)
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = SomeTracks();
        uint number = 100;
        foreach (TrackItem item in new TrackItem[] { new(1, Data(30, 5)), new(7, Data(400, 6)), new(2, Data(10, 7)), new(1, Data(31, 8)) })
        {
            board.Write(number++, item);
            tracks[item.Track] = item.Data!;
        }
        if (!unfinished)
            return (board, tracks);
        List<byte[]> frames = board.WriteFrames(number, [new(3, Data(60, 1)), new(8, Data(70, 2)), new(2, Data(50, 3))]);
        foreach (byte[] frame in frames.Take(2))
            board.Send(frame);
        return (board, tracks);
    }

    // The power went right behind the last byte of a row: only its blocks tell of the commit.
    private static (TestBoard Board, Dictionary<uint, byte[]> Tracks) Unkept()
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = SomeTracks();
        board.Recover();
        LoseBookkeeping(board, 100, new TrackItem(1, tracks[1] = Data(30, 5)), new TrackItem(7, tracks[7] = Data(400, 6)));
        return (board, tracks);
    }

    /// <summary>Writes tracks, and takes back all that the bookkeeping after the commit wrote.</summary>
    public static void LoseBookkeeping(TestBoard board, uint number, params TrackItem[] items)
    {
        byte[] before = board.Chip.Memory.ToArray();
        board.Write(number, items);
        int at = Medium.Read(before).Layout.SegmentsAt;
        before.AsSpan(0, at).CopyTo(board.Chip.Memory);
    }

    private static TestBoard Reformatted()
    {
        (TestBoard board, _) = SomeTracks();
        board.Format(board.StoreId(), 0x99, 120, 8);
        board.Rest();
        return board;
    }

    private static void BothCopies(Span<byte> memory)
    {
        memory[3] ^= 8;
        memory[^40] ^= 8;
    }

    // Short tracks, some of them with a damaged entry, one with damaged data; and the newest record is lost.
    private static (TestBoard Board, Dictionary<uint, byte[]> Whole) Damaged(int entries)
    {
        TestBoard board = TestBoard.Formatted();
        for (uint n = 0; n < 25; n++)
            board.Write(n + 1, new TrackItem(n, Data(20, (int)n)));
        board.Rest();
        Medium medium = Medium.Read(board.Chip.Memory);
        Dictionary<uint, byte[]> whole = medium.Tracks.Where(pair => pair.Key > entries)
            .ToDictionary(pair => pair.Key, pair => pair.Value.Data!);
        for (int entry = 0; entry < entries; entry++)
            board.Chip.Flip(medium.Layout.EntryAt(entry) + 9, 0);
        board.Chip.Flip(medium.Layout.SegmentAt(Array.IndexOf(medium.Owners, entries)) + 7, 7);
        board.Chip.Flip(medium.Layout.RecordAt(medium.CurrentIndex) + 5, 5);
        board.Chip.Flip(medium.Layout.ClientAt(3) + 5, 5);
        return (board, whole);
    }

    private static TestBoard With(TestBoard board, SpanAction change)
    {
        change(board.Chip.Memory);
        return board;
    }

    private static byte[] Data(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }
}
