using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>
/// G1 to G4: power is cut at every byte of the SPI traffic of a request, and at every byte of the recovery after it; then every track
/// is read and held against a model, LAST is asked, and the request is repeated.
/// </summary>
[TestClass]
public sealed class PowerCutTests
{
    private const uint Request = 1000;

    /// <summary>A request, and the store it meets.</summary>
    private sealed record Workload(string Name, TrackItem[][] Before, TrackItem[] Cut);

    private static byte[] Data(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    private static readonly TrackItem[][] someTracks =
    [
        [new(1, Data(40, 1))],
        [new(2, Data(300, 2))],
        [new(3, Data(68, 3)), new(4, [])],
        [new(1, Data(50, 4))],
    ];

    private static readonly Workload[] workloads =
    [
        new("first commit of a store", [], [new(9, Data(10, 9))]),
        new("new track", someTracks, [new(9, Data(20, 9))]),
        new("overwrite", someTracks, [new(1, Data(44, 9))]),
        new("empty track over one with data", someTracks, [new(2, [])]),
        new("shorter", someTracks, [new(2, Data(5, 9))]),
        new("longer", someTracks, [new(1, Data(200, 9))]),
        new("longest track", someTracks, [new(2, Data(16 * 72 - 4, 9))]),
        new("batch", someTracks, [new(1, Data(100, 9)), new(9, Data(80, 10)), new(4, Data(3, 11))]),
        new("release", someTracks, [new(2, null)]),
        new("batch with releases", someTracks, [new(1, null), new(9, Data(80, 10)), new(3, null), new(2, Data(30, 12))]),
        new("released track again", [.. someTracks, [new(2, null)]], [new(2, Data(30, 12))]),
    ];

    public static IEnumerable<object[]> Names => workloads.Select(w => new object[] { w.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ACutAtEveryByteLeavesAllOldOrAllNew(string name)
    {
        Workload workload = workloads.Single(w => w.Name == name);
        TestBoard board = TestBoard.Formatted();
        Dictionary<uint, byte[]> old = Apply(board, workload.Before);
        byte[] before = board.Chip.Storage.ToArray();
        Dictionary<uint, byte[]> @new = new(old);
        Change(@new, workload.Cut);

        long traffic = TrafficOf(board, workload.Cut);
        int committed = 0;
        for (long cut = 1; cut <= traffic; cut++)
        {
            board.Chip.PowerUp();
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Chip.CutAfterBits(cut * 8);
            bool isAcknowledged = board.TryWrite(Request, workload.Cut)?.Status == Status.Ok;
            board.Boot();
            bool isNew = CheckAllOldOrAllNew(board, old, @new, $"{name}, cut after byte {cut} of {traffic}");
            Assert.IsTrue(isNew || !isAcknowledged, $"{name}, cut after byte {cut}: acknowledged and lost");
            if (isNew)
                committed++;
            CheckRepeat(board, workload, @new, isNew, $"{name}, cut after byte {cut}");
        }
        Assert.IsTrue(committed > 0 && committed < traffic, $"{committed} of {traffic} cuts found the request committed");
        Console.WriteLine($"{name}: {traffic} cuts, {committed} of them after the commit");
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ACutAtEveryByteOfRecoveryChangesNothing(string name)
    {
        Workload workload = workloads.Single(w => w.Name == name);
        TestBoard board = TestBoard.Formatted();
        Dictionary<uint, byte[]> old = Apply(board, workload.Before);
        byte[] before = board.Chip.Storage.ToArray();
        Dictionary<uint, byte[]> @new = new(old);
        Change(@new, workload.Cut);

        long traffic = TrafficOf(board, workload.Cut);
        long cuts = 0;
        HashSet<string> seen = [];
        for (long cut = 1; cut <= traffic; cut++)
        {
            board.Chip.PowerUp();
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Chip.CutAfterBits(cut * 8);
            board.TryWrite(Request, workload.Cut);
            byte[] found = board.Chip.Storage.ToArray();
            // The same medium recovers in the same way: once is enough.
            if (!seen.Add(Convert.ToBase64String(found)))
                continue;
            board.Boot();
            bool isNew = CheckAllOldOrAllNew(board, old, @new, $"{name}, cut after byte {cut}");
            long recovery = RecoveryTraffic(board, found);
            for (long second = 1; second <= recovery; second++, cuts++)
            {
                board.Chip.PowerUp();
                found.CopyTo(board.Chip.Storage);
                BootAndStep(board, second * 8);
                if (board.Chip.Storage.SequenceEqual(found))
                    continue; // a cut in a read: the recovery from here on is the one checked above
                board.Boot();
                bool isNewThen = CheckAllOldOrAllNew(board, old, @new, $"{name}, cut after byte {cut}, recovery cut after byte {second}");
                Assert.AreEqual(isNew, isNewThen, $"{name}, cut after byte {cut}: the cut in recovery at byte {second} changed what was committed");
            }
        }
        Console.WriteLine($"{name}: {cuts} cuts in {seen.Count} different recoveries");
    }

    private static long RecoveryTraffic(TestBoard board, byte[] medium)
    {
        board.Chip.PowerUp();
        medium.CopyTo(board.Chip.Storage);
        board.Chip.ResetCounters();
        BootAndStep(board, long.MaxValue / 2);
        return board.Chip.Bytes;
    }

    private static void BootAndStep(TestBoard board, long bits)
    {
        board.Boot(bits);
        if (board.Chip.IsPowered)
            board.Run();
    }

    private static Dictionary<uint, byte[]> Apply(TestBoard board, TrackItem[][] requests)
    {
        Dictionary<uint, byte[]> model = [];
        uint number = 1;
        foreach (TrackItem[] request in requests)
        {
            board.Write(number++, request);
            Change(model, request);
        }
        board.Run();
        return model;
    }

    private static void Change(Dictionary<uint, byte[]> model, TrackItem[] request)
    {
        foreach (TrackItem item in request)
            if (item.Data == null)
                model.Remove(item.Track);
            else
                model[item.Track] = item.Data;
    }

    // Bytes on the bus from the request's first frame until nothing is due any more.
    private static long TrafficOf(TestBoard board, TrackItem[] request)
    {
        byte[] before = board.Chip.Storage.ToArray();
        board.Boot();
        board.Chip.ResetCounters();
        Assert.AreEqual(Status.Ok, board.TryWrite(Request, request)?.Status);
        long traffic = board.Chip.Bytes;
        before.CopyTo(board.Chip.Storage);
        return traffic;
    }

    private static bool CheckAllOldOrAllNew(TestBoard board, Dictionary<uint, byte[]> old, Dictionary<uint, byte[]> @new, string where)
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        Dictionary<uint, byte[]> found = [];
        foreach ((uint track, uint _, int _, Nvs.Damage damage) in board.List())
        {
            (Status status, uint _, byte[]? data) = board.Read(track);
            Assert.AreEqual((Nvs.Damage.None, Status.Ok), (damage, status), $"{where}: track {track}");
            found.Add(track, data!);
        }
        bool isOld = IsSame(found, old);
        bool isNew = IsSame(found, @new);
        Assert.IsTrue(isOld || isNew, $"{where}: a mix of old and new");
        return isNew;
    }

    private static bool IsSame(Dictionary<uint, byte[]> a, Dictionary<uint, byte[]> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out byte[]? data) && pair.Value.SequenceEqual(data));

    // G3: the host learns what became of its request, and repeating it neither applies it twice nor changes its answer.
    private static void CheckRepeat(TestBoard board, Workload workload, Dictionary<uint, byte[]> @new, bool isNew, string where)
    {
        Answer last = board.Last();
        bool toldCommitted = last.Status == Status.Ok && last.U32(Payload.LastAnswer.Request) == Request;
        Assert.AreEqual(isNew, toldCommitted, $"{where}: LAST tells {last.Status}");
        uint sequence = board.Info().U32(Payload.InfoAnswer.Sequence);
        uint version = board.TryWrite(Request, workload.Cut)?.U32(Payload.WriteAnswer.Version) ?? 0;
        uint sequenceThen = board.Info().U32(Payload.InfoAnswer.Sequence);
        Assert.AreEqual(isNew ? sequence : sequence + 1, sequenceThen, $"{where}: the repeated request");
        Assert.AreEqual(sequenceThen, version, $"{where}: the answer to the repeated request");
        board.Boot();
        Assert.IsTrue(CheckAllOldOrAllNew(board, @new, @new, $"{where}, then repeated"));
        Assert.AreEqual(0, board.Verify().Count, where);
    }
}
