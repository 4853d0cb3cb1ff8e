using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

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
        board.Recover();
        formatName = NameOf(board);
        return board;
    }

    public override Status? Operate(TestBoard board, Action acknowledged)
    {
        Status? status = board.Chip.IsPowered ? Format(board, formatName).Status : null;
        if (status == Status.Ok)
            acknowledged();
        if (status == Status.Ok)
            board.Rest();
        return status;
    }

    public override int Check(TestBoard board, byte[] left, string where)
    {
        StoreChecks.CheckIdempotence(board, where);
        int outcome = CheckAlive(board, where);
        if (outcome == 1)
        {
            // The answer was lost and the host repeats the request: the old name is not that of the new store.
            Assert.AreEqual(Status.WrongName, Format(board, formatName).Status, $"{where}: repeated by the old name");
            CheckNew(board, where);
            return outcome;
        }
        byte[] medium = board.Chip.Storage.ToArray();
        byte[] id = board.StoreId();
        if (outcome == Gone && id.Any(b => b != 0))
        {
            Assert.AreEqual(Status.Ok, Format(board, id).Status, $"{where}: repeated by the id that HELLO tells");
            CheckNew(board, where);
            board.Restart(medium);
        }
        Assert.AreEqual(Status.Ok, Format(board, NameOf(board)).Status, $"{where}: repeated by the name of the state {board.State}");
        CheckNew(board, where);
        board.Boot();
        CheckNew(board, where);
        return outcome;
    }

    public override int CheckAlive(TestBoard board, string where)
    {
        if (board.State is Status.Blank or Status.StoreDamaged)
        {
            Assert.AreEqual(board.State, board.Read(1).Status, $"{where}: READ");
            return Gone;
        }
        if (board.StoreId().SequenceEqual(newId))
        {
            CheckNew(board, where);
            return 1;
        }
        Assert.IsNotNull(old, $"{where}: a store out of nothing");
        Assert.IsTrue(StoreChecks.CheckServed(board, where).Holds(old), $"{where}: the old store has other tracks");
        return 0;
    }

    private void CheckNew(TestBoard board, string where)
    {
        CollectionAssert.AreEqual(newId, board.StoreId(), $"{where}: the new store's id");
        board.Rest();
        Medium medium = StoreChecks.CheckServed(board, where);
        Assert.IsEmpty(medium.Tracks, $"{where}: tracks in the new store");
        Assert.IsTrue(
            SegmentBytes == 0 || (SegmentBytes, SetSegments) == (medium.Layout.SegmentBytes, medium.Layout.SetSegments), $"{where}: sizes");
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

/// <summary>A boot under which the power is cut: of a store that needs more than a record.</summary>
/// <param name="name">For messages.</param>
/// <param name="make">Makes the board, and tells what tracks it holds.</param>
public sealed class BootScenario(string name, Func<(TestBoard Board, Dictionary<uint, byte[]> Tracks)> make) : CutScenario(name)
{
    private Dictionary<uint, byte[]> tracks = [];
    private byte[] storage = [];

    public override TestBoard Prepare()
    {
        (TestBoard board, tracks) = make();
        storage = board.Chip.Storage.ToArray();
        return board;
    }

    // The board was booted before; here it boots again from the medium as it was made.
    public override Status? Operate(TestBoard board, Action acknowledged)
    {
        if (!board.Chip.IsPowered)
            return null;
        board.Uart.Clear();
        storage.CopyTo(board.Chip.Storage);
        board.Reset();
        board.Rest();
        return Status.Ok;
    }

    public override int Check(TestBoard board, byte[] left, string where)
    {
        Assert.IsTrue(StoreChecks.CheckServed(board, where).Holds(tracks), $"{where}: other tracks");
        StoreChecks.CheckIdempotence(board, where);
        return 0;
    }

    // A superblock copy that was not seen to be damaged waits for the next boot.
    public override int CheckAlive(TestBoard board, string where)
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        Assert.HasCount(tracks.Count, board.List(), $"{where}: tracks");
        foreach ((uint track, byte[] data) in tracks)
            Assert.IsTrue(data.AsSpan().SequenceEqual(board.Read(track).Data), $"{where}: track {track}");
        return 0;
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
        board.Recover();
        id = board.StoreId();
        return board;
    }

    public override Status? Operate(TestBoard board, Action acknowledged)
    {
        Status? status = board.Repair(id)?.Status;
        if (status == Status.Ok)
        {
            acknowledged();
            board.Rest();
        }
        return status;
    }

    public override int Check(TestBoard board, byte[] left, string where)
    {
        int done = CheckAlive(board, where);
        board.Recover();
        Assert.AreEqual(done == 1, board.Verify().Count == 0, $"{where}: a second boot changed whether the repair is done");
        Assert.AreEqual(Status.Ok, board.Repair(id)?.Status, $"{where}: repeated");
        board.Rest();
        Assert.IsTrue(StoreChecks.CheckServed(board, $"{where}, then repeated").Holds(whole), $"{where}, then repeated: other tracks");
        return done;
    }

    public override int CheckAlive(TestBoard board, string where)
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        foreach ((uint track, byte[] data) in whole)
            Assert.IsTrue(data.AsSpan().SequenceEqual(board.Read(track).Data), $"{where}: track {track}");
        foreach ((uint track, uint _, int _, Damage damage) in board.List())
            Assert.IsTrue(
                whole.ContainsKey(track) || damage != Damage.None || board.Read(track)
                    .Status == Status.TrackDamaged, $"{where}: track {track} is served");
        return board.Verify().Count == 0 ? 1 : 0;
    }
}
