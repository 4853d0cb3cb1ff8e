using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>A write request of a client.</summary>
/// <param name="Flags">Flags of its part 0.</param>
public sealed record ClientRequest(uint Client, TrackItem[] Items, int Flags = 0);

/// <summary>Write requests under which the power is cut, and the store they meet.</summary>
/// <param name="name">For messages.</param>
/// <param name="before">The requests that make the store.</param>
/// <param name="cut">The requests under which the power is cut, one session.</param>
public sealed class WriteScenario(string name, IEnumerable<ClientRequest> before, params ClientRequest[] cut) : CutScenario(name)
{
    // The requests that are cut have numbers from here.
    private const uint FirstCutNumber = 1000;

    private readonly List<Dictionary<uint, byte[]>> models = [];
    private readonly List<uint> fingerprints = [];
    private Dictionary<uint, MediumClient> others = [];
    private int flag;

    /// <summary>The chip.</summary>
    public string Chip { get; init; } = "MB85RS64V";

    /// <summary>What the board decides.</summary>
    public BoardSettings? Settings { get; init; }

    /// <summary>Bytes in a segment, 0 for the default.</summary>
    public int SegmentBytes { get; init; }

    /// <summary>Segments in a set, 0 for the default.</summary>
    public int SetSegments { get; init; }

    /// <summary>Version that the store begins with, as if it had seen so many commits.</summary>
    public uint FirstVersion { get; init; }

    /// <summary>The lap that goes with it.</summary>
    public int FirstLap { get; init; }

    /// <summary>What the last request is answered without a cut.</summary>
    public Status Expected { get; init; } = Status.Ok;

    /// <summary>Looks at the store that the requests meet: does the scenario reach what it is for?</summary>
    public Func<Medium, bool> Meets { get; init; } = _ => true;

    /// <summary>Looks at the medium right after the last answer: does the scenario reach what it is for?</summary>
    public Func<Medium, bool> Reaches { get; init; } = _ => true;

    public override int Requests => cut.Length;

    public override TestBoard Prepare()
    {
        TestBoard board = TestBoard.Formatted(Chip, Settings, SegmentBytes, SetSegments);
        board.Rest();
        if (FirstVersion != 0)
            MediumCraft.SetVersion(board.Chip.Memory, FirstVersion, FirstLap);
        board.Recover();
        Dictionary<uint, byte[]> model = [];
        Dictionary<uint, uint> numbers = [];
        byte[] atRecord = board.Chip.Memory.ToArray();
        foreach (ClientRequest request in before)
        {
            uint number = numbers[request.Client] = numbers.GetValueOrDefault(request.Client) + 1;
            Status? status = Send(board, number, request);
            Assert.AreEqual(Status.Ok, status, $"{Name}: making the store");
            atRecord = CheckKept(board, atRecord, $"{Name}: making the store");
            Change(model, request.Items);
        }
        board.Rest();
        board.Hello();
        Medium meets = StoreChecks.CheckServed(board, $"{Name}: the store made");
        Assert.IsTrue(meets.Holds(model), $"{Name}: the store made");
        Assert.IsTrue(Meets(meets), $"{Name}: the store does not reach what it is for");
        others = meets.Clients.Known;
        flag = meets.End.Flag;
        byte[] storage = board.Chip.Storage.ToArray();
        RunUncut(board, storage, model);
        board.Chip.PowerUp();
        storage.CopyTo(board.Chip.Storage);
        return board;
    }

    public override Status? Operate(TestBoard board, Action acknowledged)
    {
        for (int i = 0; i < cut.Length; i++)
        {
            Status? status = Send(board, NumberOf(i), cut[i]);
            if (status == Status.Ok)
                acknowledged();
            if (status != ExpectedOf(i))
                return status;
        }
        board.Rest();
        return Status.Ok;
    }

    public override int Check(TestBoard board, byte[] left, string where)
    {
        Medium found = Medium.Read(left);
        StoreChecks.CheckNone(found.Damages, $"{where}: the medium as the fault left it");
        Medium served = StoreChecks.CheckServed(board, where);
        Assert.IsTrue(Same(found, served), $"{where}: recovery found other tracks than are on the medium");
        StoreChecks.CheckIdempotence(board, where);
        int done = CheckDone(board, Medium.Read(board.Chip.Memory), where);
        Continue(board, done, where);
        return done;
    }

    public override int CheckAlive(TestBoard board, string where) => CheckDone(board, StoreChecks.CheckServed(board, where), where);

    // How many requests are done: by LAST, and the tracks agree.
    private int CheckDone(TestBoard board, Medium served, string where)
    {
        int done = 0;
        for (int i = 0; i < cut.Length; i++)
        {
            MediumClient? last = board.LastOf(cut[i].Client, where);
            bool isDone = last != null && last.Number >= NumberOf(i) && last.Number < NumberOf(cut.Length);
            Assert.IsTrue(!isDone || done == i, $"{where}: request {i} is committed and the one before it is not");
            Assert.IsTrue(
                !isDone || last!.Number != NumberOf(i) || last.Fingerprint == fingerprints[i], $"{where}: fingerprint of request {i}");
            done += isDone ? 1 : 0;
        }
        Assert.IsTrue(served.Holds(models[done]), $"{where}: LAST tells that {done} requests are done, and the tracks are others");
        Assert.AreEqual(flag ^ (done & 1), served.End.Flag, $"{where}: the flag turns with each commit");
        foreach (MediumClient other in others.Values.Where(other => cut.All(request => request.Client != other.Client)))
        {
            Answer last = board.Last(other.Client);
            if (last.Status == Status.NotFound)
                Assert.IsFalse(MediumBytes.IsLater(other.Version, HorizonOf(other.Client, last)),
                    $"{where}: {other} is forgotten and not behind the horizon");
            else
                Assert.AreEqual(other, board.LastOf(other.Client, where), $"{where}: another client");
        }
        return done;
    }

    // G3: the host goes on; what is committed is not applied again, the rest is applied once.
    private void Continue(TestBoard board, int done, string where)
    {
        if (done > 0)
        {
            uint version = Medium.Read(board.Chip.Memory).Version;
            Status? repeated = Send(board, NumberOf(done - 1), cut[done - 1]);
            Assert.AreEqual(Status.OldRequest, repeated, $"{where}: the committed request, repeated");
            board.Rest();
            Assert.AreEqual(version, Medium.Read(board.Chip.Memory).Version, $"{where}: the committed request was applied again");
        }
        if (done == cut.Length)
            return;
        for (int i = done; i < cut.Length; i++)
            Assert.AreEqual(ExpectedOf(i), Send(board, NumberOf(i), cut[i]), $"{where}: request {i} sent again");
        board.Rest();
        Assert.IsTrue(StoreChecks.CheckSettled(board.Chip.Memory, $"{where}, then sent again").Holds(models[^1]),
            $"{where}, then sent again: other tracks");
    }

    // What each request gives without a fault.
    private void RunUncut(TestBoard board, byte[] storage, Dictionary<uint, byte[]> model)
    {
        models.Clear();
        fingerprints.Clear();
        models.Add(new Dictionary<uint, byte[]>(model));
        board.Restart(storage);
        byte[] atRecord = board.Chip.Memory.ToArray();
        for (int i = 0; i < cut.Length; i++)
        {
            fingerprints.Add(Frames.Fingerprint(board.WriteFrames(NumberOf(i), cut[i].Items, cut[i].Client, cut[i].Flags)[^1]));
            Assert.AreEqual(ExpectedOf(i), Send(board, NumberOf(i), cut[i]), $"{Name}: request {i} without a cut");
            atRecord = CheckKept(board, atRecord, $"{Name}: without a cut");
            if (ExpectedOf(i) != Status.Ok)
                continue;
            Change(model, cut[i].Items);
            models.Add(new Dictionary<uint, byte[]>(model));
        }
        Assert.IsTrue(Reaches(Medium.Read(board.Chip.Memory)), $"{Name}: the requests do not reach what they are for");
    }

    private static byte[] CheckKept(TestBoard board, byte[] atRecord, string where)
    {
        byte[] now = board.Chip.Memory.ToArray();
        Medium medium = Medium.Read(now);
        StoreChecks.CheckNone(medium.Damages, where);
        StoreChecks.CheckNone(medium.Due, where);
        StoreChecks.CheckKept(atRecord, now, where);
        Assert.IsLessThan(16, medium.Rows.Count, $"{where}: a record is due after 16 commits");
        Assert.IsLessThan((medium.Layout.SetSegments + 1) / 2, medium.Rows.Sum(row => row.Segments.Count()),
            $"{where}: a record is due after half a set");
        return medium.Current!.Version == Medium.Read(atRecord).Current!.Version ? atRecord : now;
    }

    private uint HorizonOf(uint client, Answer last)
    {
        bool isPassing = before.Last(request => request.Client == client).Flags == WriteFlags.Passing;
        return last.U32(isPassing ? Payload.LastAnswer.PassingHorizon : Payload.LastAnswer.Horizon);
    }

    // A session ends when a client is forgotten; then it begins another one.
    private static Status? Send(TestBoard board, uint number, ClientRequest request)
    {
        Status? status = board.TryWrite(number, request.Items, request.Client, request.Flags)?.Status;
        if (status != Status.Lost)
            return status;
        if (board.Send(Frames.Hello(number)).Count == 0)
            return null;
        return board.TryWrite(number, request.Items, request.Client, request.Flags)?.Status;
    }

    private static uint NumberOf(int i) => FirstCutNumber + (uint)i;

    private Status ExpectedOf(int i) => i == cut.Length - 1 ? Expected : Status.Ok;

    private static bool Same(Medium a, Medium b) =>
        a.Tracks.Count == b.Tracks.Count
        && a.Tracks.All(pair => b.Tracks.TryGetValue(pair.Key, out MediumTrack? other)
            && other.Version == pair.Value.Version && other.Data.AsSpan().SequenceEqual(pair.Value.Data));

    private static void Change(Dictionary<uint, byte[]> model, TrackItem[] items)
    {
        foreach (TrackItem item in items)
            if (item.Data == null)
                model.Remove(item.Track);
            else
                model[item.Track] = item.Data;
    }
}
