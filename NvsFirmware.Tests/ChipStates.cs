using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>Boards on chips in one state or another, and what must hold of them.</summary>
internal static class ChipStates
{
    public const int SuperblockBytes = 64;

    public static readonly byte[] newId = [9, 8, 7, 6, 5, 4, 3, 2];
    public static readonly TrackItem item = new(1, TrackModel.Data(100, 1));
    public static readonly TrackItem other = new(2, TrackModel.Data(100, 2));

    public static TestBoard WithTracks(string part = "MB85RS64V", BoardSettings? settings = null)
    {
        TestBoard board = new(part, settings);
        board.Boot();
        if (board.State == Status.Blank)
            Assert.AreEqual(Status.Ok, board.Format("BLANK").Status);
        board.Write(1, item);
        board.Idle(500); // so that nothing is left to do
        return board;
    }

    public static int SuperblockAddress(TestBoard board, int copy) => copy == 0 ? 0 : board.Chip.Part.Bytes - SuperblockBytes;

    public static BoardSettings FormatsBlank() => new() { FormatBlank = true, NewStoreId = newId };

    public static void AssertHolds(TestBoard board, params TrackItem[] items)
    {
        TrackModel model = new();
        model.Apply(items);
        model.AssertHeldBy(board);
    }

    // What needs a store is answered with the state and not served.
    public static void AssertRefusesAll(TestBoard board, Status state)
    {
        Assert.AreEqual(state, board.AskOne(FrameType.Info).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.Last, TestBoard.Client).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.Read, 1).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.List).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.Verify).Status);
        Assert.AreEqual(state, board.TryWrite(50, [other])?.Status);
        Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Stats).Status);
        Assert.AreEqual((Status.Ok, (byte)state), (board.Hello().Status, board.Hello().Payload[Payload.HelloAnswer.State]));
    }

    public static void AssertLeftAlone(TestBoard board, Status state)
    {
        byte[] before = board.Chip.Storage.ToArray();
        board.Boot();
        board.Idle(3000);
        AssertRefusesAll(board, state);
        CollectionAssert.AreEqual(before, board.Chip.Storage.ToArray());
    }

    public static void EditSuperblocks(TestBoard board, Action<byte[]> edit)
    {
        for (int copy = 0; copy < 2; copy++)
        {
            Span<byte> medium = board.Chip.Memory.Slice(SuperblockAddress(board, copy), SuperblockBytes);
            byte[] edited = medium.ToArray();
            edit(edited);
            BitConverter.TryWriteBytes(edited.AsSpan(56), Crc.Of(edited, 0, 56));
            edited.CopyTo(medium);
        }
    }
}
