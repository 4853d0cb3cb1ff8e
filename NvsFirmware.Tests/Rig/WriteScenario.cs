using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;

namespace NvsFirmware.Tests.Rig;

/// <summary>A write request of a client.</summary>
public sealed record ClientRequest(uint Client, TrackItem[] Items);

/// <summary>A write request under which the power is cut, and the store it meets.</summary>
/// <param name="name">For messages.</param>
/// <param name="before">The requests that make the store.</param>
/// <param name="cut">The request under which the power is cut.</param>
public sealed class WriteScenario(string name, IEnumerable<ClientRequest> before, ClientRequest cut) : CutScenario(name)
{
    private const uint CutRequest = 1000;

    private readonly Dictionary<uint, byte[]> old = [];
    private Dictionary<uint, byte[]> @new = [];
    private MediumChecker? meets;

    /// <summary>The chip.</summary>
    public string Chip { get; init; } = "MB85RS64V";

    /// <summary>What the board decides.</summary>
    public BoardSettings? Settings { get; init; }

    /// <summary>Bytes in a segment, 0 for the default.</summary>
    public int SegmentBytes { get; init; }

    /// <summary>Segments in a set, 0 for the default.</summary>
    public int SetSegments { get; init; }

    /// <summary>Sequence number that the store begins with, as if it had seen so many commits.</summary>
    public uint FirstSequence { get; init; }

    /// <summary>What the request is answered without a cut.</summary>
    public Status Expected { get; init; } = Status.Ok;

    /// <summary>Looks at the store that the request meets: does the scenario reach what it is for?</summary>
    public Func<MediumChecker, bool> Meets { get; init; } = _ => true;

    public override TestBoard Prepare()
    {
        TestBoard board = TestBoard.Formatted(Chip, Settings, SegmentBytes, SetSegments);
        if (FirstSequence != 0)
        {
            MediumChecker.Read(board.Chip.Memory).Layout!.SetSequence(board.Chip.Memory, 0, FirstSequence);
            board.Boot();
        }
        Dictionary<uint, uint> numbers = [];
        old.Clear();
        foreach (ClientRequest request in before)
        {
            uint number = numbers[request.Client] = numbers.GetValueOrDefault(request.Client) + 1;
            MediumChecker then = MediumChecker.Read(board.Chip.Memory);
            Status? status = board.TryWrite(number, request.Items, request.Client)?.Status;
            Assert.AreEqual(Status.Ok, status, $"{Name}: making the store");
            board.Run();
            StoreChecks.CheckNone(StoreChecks.CheckSettled(board.Chip.Memory, Name).ViolationsSince(then), $"{Name}: making the store");
            Change(old, request.Items);
        }
        @new = new Dictionary<uint, byte[]>(old);
        if (Expected == Status.Ok)
            Change(@new, cut.Items);
        board.Run();
        meets = StoreChecks.CheckServed(board, $"{Name}: the store made");
        Assert.IsTrue(meets.Holds(old), $"{Name}: the store made");
        Assert.IsTrue(Meets(meets), $"{Name}: the store does not reach what it is for");
        byte[] medium = board.Chip.Storage.ToArray();
        board.Boot();
        Assert.AreEqual(Expected, board.TryWrite(CutRequest, cut.Items, cut.Client)?.Status, $"{Name}: without a cut");
        board.Chip.PowerUp();
        medium.CopyTo(board.Chip.Storage);
        return board;
    }

    public override bool Operate(TestBoard board)
    {
        Status? status = board.TryWrite(CutRequest, cut.Items, cut.Client)?.Status;
        if (board.Chip.IsPowered)
            board.Run();
        return status == Status.Ok;
    }

    public override CutOutcome Check(TestBoard board, byte[] left, string where)
    {
        MediumChecker found = MediumChecker.Read(left);
        StoreChecks.CheckNone(found.Violations, $"{where}: the medium as the cut left it");
        MediumChecker served = StoreChecks.CheckServed(board, where);
        Assert.IsTrue(Same(found, served), $"{where}: recovery found other tracks than are on the medium");
        StoreChecks.CheckNone(served.ViolationsSince(meets!), where);
        StoreChecks.CheckIdempotence(board, where);
        Answer last = board.Last(cut.Client);
        bool isNew = last.Status == Status.Ok && last.U32(Payload.LastAnswer.Request) == CutRequest;
        Assert.IsTrue(served.Holds(isNew ? @new : old), $"{where}: LAST tells {last.Status}, and the tracks are not all {(isNew ? "new" : "old")}");
        CheckRepeat(board, isNew, where);
        return isNew ? CutOutcome.New : CutOutcome.Old;
    }

    // G3: repeating the request neither applies it twice nor changes its answer.
    private void CheckRepeat(TestBoard board, bool isNew, string where)
    {
        MediumChecker before = MediumChecker.Read(board.Chip.Memory);
        Answer? answer = board.TryWrite(CutRequest, cut.Items, cut.Client);
        Assert.AreEqual(Expected, answer?.Status, $"{where}: the repeated request");
        board.Run();
        MediumChecker after = StoreChecks.CheckSettled(board.Chip.Memory, $"{where}, then repeated");
        StoreChecks.CheckNone(after.ViolationsSince(before), $"{where}, then repeated");
        Assert.IsTrue(after.Holds(@new), $"{where}, then repeated: other tracks");
        if (Expected != Status.Ok)
            return;
        bool isCommitted = after.Current!.Sequence != before.Current!.Sequence;
        Assert.AreEqual(!isNew, isCommitted, $"{where}: the repeated request was applied {(isNew ? "twice" : "never")}");
        Assert.AreEqual(after.Current.Sequence, answer!.U32(Payload.WriteAnswer.Version), $"{where}: the answer to the repeated request");
    }

    private static bool Same(MediumChecker a, MediumChecker b) =>
        a.Tracks.Count == b.Tracks.Count
        && a.Tracks.All(pair => b.Tracks.TryGetValue(pair.Key, out MediumChecker.Track? other)
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
