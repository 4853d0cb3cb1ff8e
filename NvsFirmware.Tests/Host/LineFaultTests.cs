using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;
using static NvsFirmware.Tests.Host.LineTap;

namespace NvsFirmware.Tests.Host;

/// <summary>Every operation of the client, with one frame of it lost, damaged, cut, doubled or late: it is done, and done once.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class LineFaultTests
{
    private const int FrameCount = 4; // The fault hits one of the first frames of an operation in one direction.

    private static readonly int lateMs = LineBoard.Options.TimeoutMs + 200; // Later than the client waits.

    private static readonly (string Name, Func<byte[], byte[][]> Change)[] faults =
    [
        ("lost", frame => []),
        ("damaged", frame => [Damaged(frame, frame.Length - 1)]),
        ("header damaged", frame => [Damaged(frame, 5)]),
        ("cut", frame => [frame[..(frame.Length - 3)]]),
        ("behind noise", frame => [[0x4E, 0x56, 1], frame]),
        ("behind much noise", frame => [Data(3000, 3), frame]),
        ("length damaged", frame => [Damaged(frame, Frame.PayloadBytesAt)]),
        ("twice", frame => [frame, frame]),
        ("late", frame =>
        {
            Thread.Sleep(lateMs);
            return [frame];
        }),
    ];

    private static readonly byte[] oldData = Data(700, 1);
    private static readonly byte[] newData = Data(700, 2);

    /// <summary>
    /// Breaks when a repetition is not asked for, comes before LAST or before the silence that a damaged frame needs, has a new number, or
    /// when an answer to another request is taken; also when more is sent than the window holds.
    /// </summary>
    [TestMethod]
    [DataRow("write")]
    [DataRow("batch")]
    [DataRow("behind")]
    [DataRow("read")]
    [DataRow("list")]
    [DataRow("verify")]
    [DataRow("info")]
    [DataRow("stats")]
    [DataRow("last")]
    [DataRow("hello")]
    [DataRow("format")]
    public async Task OneBadFrameChangesNothing(string operation)
    {
        // All at the same time: they mostly wait.
        IEnumerable<Task> runs =
            from fault in faults
            from isToBoard in new[] { true, false }
            from frame in Enumerable.Range(0, FrameCount)
            select Task.Run(async () =>
            {
                string what = $"{operation}, frame {frame} to the {(isToBoard ? "board" : "host")} {fault.Name}";
                try
                {
                    await RunAsync(operation, fault.Change, isToBoard, frame, isTwiceToBoard: isToBoard && fault.Name == "twice");
                }
                catch (Exception e)
                {
                    throw new AssertFailedException($"{what}: {e.Message}", e);
                }
            });
        await Task.WhenAll(runs);
    }

    private static async Task RunAsync(string operation, Func<byte[], byte[][]> change, bool isToBoard, int hit, bool isTwiceToBoard)
    {
        TestBoard prepared = TestBoard.Formatted("MB85RS2MT", LineBoard.SmallFrames());
        prepared.Write(1, new TrackItem(7, oldData), new TrackItem(8, [1]));
        using LineBoard board = new(prepared.Chip);
        await using NvsClient client = await board.ConnectAsync();
        int seen = 0;
        Func<byte[], IEnumerable<byte[]>> filter = frame => Interlocked.Increment(ref seen) == hit + 1 ? change(frame) : [frame];
        if (isToBoard)
            board.ToBoard = filter;
        else
            board.ToHost = filter;

        uint commits = await ActAsync(client, operation);

        board.ToBoard = board.ToHost = Open;
        BoardStats stats = await client.StatsAsync();
        Assert.AreEqual(commits, stats[Counter.Commits], "commits");
        if (!isTwiceToBoard)
            Assert.AreEqual(0u, stats[Counter.Repeated], "LAST comes before a repetition");
        Assert.AreEqual(0u, stats[Counter.InternalErrors]);
        Assert.IsLessThanOrEqualTo(board.WindowBytes, board.MostUnansweredBytes, "the window");
        uint version = (await client.InfoAsync()).Version;
        Assert.IsGreaterThan(version, await client.WriteAsync(9, oldData), "the client is still in step");
        CollectionAssert.AreEqual(oldData, (await client.ReadAsync(9))!.Data);
    }

    // Does the operation, checks what it gives, returns how many commits the board then has had since boot.
    private static async Task<uint> ActAsync(NvsClient client, string operation)
    {
        switch (operation)
        {
            case "write":
                await client.WriteAsync(7, newData, expectedVersion: 1);
                CollectionAssert.AreEqual(newData, (await client.ReadAsync(7))!.Data);
                return 1;
            case "batch":
                await client.WriteBatchAsync([WriteItem.Store(7, newData), WriteItem.Release(8), WriteItem.Store(6, default)]);
                CollectionAssert.AreEqual(newData, (await client.ReadAsync(7))!.Data);
                Assert.IsNull(await client.ReadAsync(8));
                Assert.IsEmpty((await client.ReadAsync(6))!.Data);
                return 1;
            case "behind":
                // In order, so the last one to the track is what stays.
                uint[] versions = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => client.WriteAsync(7, Data(100 + (100 * i), i))));
                CollectionAssert.AreEqual(versions.Order().Distinct().ToArray(), versions);
                CollectionAssert.AreEqual(Data(500, 4), (await client.ReadAsync(7))!.Data);
                return 5;
            case "read":
                NvsTrack read = (await client.ReadAsync(7))!;
                Assert.AreEqual(1u, read.Version);
                CollectionAssert.AreEqual(oldData, read.Data);
                return 0;
            case "list":
                Assert.AreEqual(
                    "7:1:700 8:1:1", string.Join(' ', (await client.ListAsync()).Select(t => $"{t.Track}:{t.Version}:{t.Length}")));
                return 0;
            case "verify":
                VerifyResult verified = await client.VerifyAsync();
                Assert.AreEqual(2, verified.TracksChecked);
                Assert.IsEmpty(verified.Damages);
                return 0;
            case "info":
                Assert.AreEqual(2, (await client.InfoAsync()).Tracks);
                return 0;
            case "stats":
                Assert.AreEqual(1u, (await client.StatsAsync())[Counter.Recoveries]);
                return 0;
            case "last":
                Assert.IsNull(await client.LastAsync());
                return 0;
            case "hello":
                Assert.AreEqual("line", (await client.HelloAsync()).BoardName);
                return 0;
            default:
                string old = client.Board.StoreId;
                BoardInfo made = await client.FormatAsync(old);
                Assert.AreNotEqual(old, made.StoreId);
                Assert.AreEqual(made.StoreId, (await client.HelloAsync()).StoreId);
                Assert.IsEmpty(await client.ListAsync());
                return 0;
        }
    }
}
