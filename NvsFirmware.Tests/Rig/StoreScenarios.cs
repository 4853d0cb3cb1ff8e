using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>A format under which the power is cut.</summary>
/// <param name="name">For messages.</param>
/// <param name="make">Makes the chip that the format meets, and what tracks it holds; null when it holds no store.</param>
public sealed class FormatScenario(string name, Func<(TestBoard Board, Dictionary<uint, byte[]>? Tracks)> make) : CutScenario(name)
{
    private const ulong NewId = 0xA1A2A3A4A5A6A7A8;

    private static readonly byte[] newId = BitConverter.GetBytes(NewId);

    private byte[] formatName = [];
    private Dictionary<uint, byte[]>? old;

    public int SegmentBytes { get; init; }

    public int SetSegments { get; init; }

    public override TestBoard Prepare()
    {
        (TestBoard board, old) = make();
        board.Boot();
        board.Run();
        formatName = NameOf(board);
        return board;
    }

    public override bool Operate(TestBoard board)
    {
        bool isDone = Format(board, formatName).Status == Status.Ok;
        if (board.Chip.IsPowered)
            board.Run();
        return isDone;
    }

    public override CutOutcome Check(TestBoard board, byte[] left, string where)
    {
        CutOutcome outcome = Find(board, where);
        StoreChecks.CheckIdempotence(board, where);
        if (outcome == CutOutcome.New)
        {
            // The answer was lost and the host repeats the request: the old name is not that of the new store.
            Assert.AreEqual(Status.WrongName, Format(board, formatName).Status, $"{where}: repeated by the old name");
            CheckNew(board, where);
            return outcome;
        }
        byte[] medium = board.Chip.Storage.ToArray();
        byte[] id = board.StoreId();
        if (outcome == CutOutcome.Gone && id.Any(b => b != 0))
        {
            Assert.AreEqual(Status.Ok, Format(board, id).Status, $"{where}: repeated by the id that HELLO tells");
            CheckNew(board, where);
            medium.CopyTo(board.Chip.Storage);
            board.Boot();
        }
        Assert.AreEqual(Status.Ok, Format(board, NameOf(board)).Status, $"{where}: repeated by the name of the state {board.State}");
        CheckNew(board, where);
        board.Boot();
        CheckNew(board, where);
        return outcome;
    }

    private CutOutcome Find(TestBoard board, string where)
    {
        if (board.State is Status.Blank or Status.StoreDamaged)
        {
            Assert.AreEqual(board.State, board.Read(1).Status, $"{where}: READ");
            return CutOutcome.Gone;
        }
        if (board.StoreId().SequenceEqual(newId))
        {
            CheckNew(board, where);
            return CutOutcome.New;
        }
        Assert.IsNotNull(old, $"{where}: a store out of nothing");
        Assert.IsTrue(StoreChecks.CheckServed(board, where).Holds(old), $"{where}: the old store has other tracks");
        return CutOutcome.Old;
    }

    private void CheckNew(TestBoard board, string where)
    {
        CollectionAssert.AreEqual(newId, board.StoreId(), $"{where}: the new store's id");
        board.Run();
        MediumChecker medium = StoreChecks.CheckServed(board, where);
        Assert.IsEmpty(medium.Tracks, $"{where}: tracks in the new store");
        Assert.IsTrue(SegmentBytes == 0 || (SegmentBytes, SetSegments) == (medium.Layout!.SegmentBytes, medium.Layout.SetSegments), $"{where}: sizes");
    }

    private Answer Format(TestBoard board, byte[] by) => board.Format(by, NewId, SegmentBytes, SetSegments);

    // What a person would take from HELLO.
    private static byte[] NameOf(TestBoard board) => board.State switch
    {
        Status.Blank => "BLANK\0\0\0"u8.ToArray(),
        Status.StoreDamaged => "DAMAGED\0"u8.ToArray(),
        _ => board.StoreId(),
    };
}

/// <summary>The bookkeeping after a boot under which the power is cut: of a store that needs more of it than its last commit does.</summary>
/// <param name="name">For messages.</param>
/// <param name="tracks">What the store holds.</param>
/// <param name="make">Makes the board.</param>
public sealed class BootScenario(string name, Func<TestBoard> make, IReadOnlyDictionary<uint, byte[]> tracks) : CutScenario(name)
{
    public override TestBoard Prepare() => make();

    public override bool Operate(TestBoard board)
    {
        board.Run();
        return false;
    }

    public override CutOutcome Check(TestBoard board, byte[] left, string where)
    {
        Assert.IsTrue(StoreChecks.CheckServed(board, where).Holds(tracks), $"{where}: other tracks");
        StoreChecks.CheckIdempotence(board, where);
        return CutOutcome.Old;
    }
}

/// <summary>A repair under which the power is cut.</summary>
/// <param name="name">For messages.</param>
/// <param name="make">Makes the board with the damaged store, and tells what of its tracks is not damaged.</param>
public sealed class RepairScenario(string name, Func<(TestBoard Board, Dictionary<uint, byte[]> Whole)> make) : CutScenario(name)
{
    private Dictionary<uint, byte[]> whole = [];
    private byte[] id = [];

    public override TestBoard Prepare()
    {
        (TestBoard board, whole) = make();
        board.Boot();
        board.Run();
        id = board.StoreId();
        return board;
    }

    public override bool Operate(TestBoard board)
    {
        bool isDone = board.Repair(id)?.Status == Status.Ok;
        if (board.Chip.IsPowered)
            board.Run();
        return isDone;
    }

    public override CutOutcome Check(TestBoard board, byte[] left, string where)
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        bool isDone = board.Verify().Count == 0;
        CheckWhole(board, where);
        StoreChecks.CheckIdempotence(board, where);
        Assert.AreEqual(Status.Ok, board.Repair(id)?.Status, $"{where}: repeated");
        board.Run();
        Assert.IsTrue(StoreChecks.CheckServed(board, $"{where}, then repeated", true).Holds(whole), $"{where}, then repeated: other tracks");
        return isDone ? CutOutcome.New : CutOutcome.Old;
    }

    private void CheckWhole(TestBoard board, string where)
    {
        foreach ((uint track, byte[] data) in whole)
            Assert.IsTrue(data.AsSpan().SequenceEqual(board.Read(track).Data), $"{where}: track {track}");
        foreach ((uint track, uint _, int _, Nvs.Damage damage) in board.List())
            Assert.IsTrue(whole.ContainsKey(track) || damage != Nvs.Damage.None || board.Read(track).Status == Status.TrackDamaged, $"{where}: track {track} is served");
    }
}
