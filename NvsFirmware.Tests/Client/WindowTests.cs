using System.Linq;
using System.Threading;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;
using NvsHost;

namespace NvsFirmware.Tests.Client;

/// <summary>What counts against the board's window, by itself.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side")]
public sealed class WindowTests
{
    private const int PieceBytes = 256;
    private const int Retries = 3;
    private static readonly NvsClientOptions options = new() { TimeoutMs = 100, Retries = Retries, BaudRate = 10_000 };
    private static readonly BoardInfo board = Hello.Board(2048, PieceBytes);

    /// <summary>Breaks when the board's receive buffer can overflow, or when LAST finds no room in it beside all else.</summary>
    [TestMethod]
    public void RoomIsLeftForLastAndItsRepetitions()
    {
        Window window = new(options);
        int most = board.WindowBytes - ((Retries + 1) * Frame.HeaderBytes);
        window.Put(Read(1), Frame.HeaderBytes, null, 1, 0, false);
        window.Empty();
        Assert.IsTrue(window.HasRoom(most - Frame.HeaderBytes, board));
        Assert.IsFalse(window.HasRoom(most - Frame.HeaderBytes + 1, board));
    }

    /// <summary>
    /// Breaks when a board with a small window can be sent nothing: one longest frame has always room beside another request.
    /// </summary>
    [TestMethod]
    public void ASmallWindowHoldsTheLongestFrame()
    {
        BoardInfo small = Hello.Board(board.LongestFrameBytes + Frame.HeaderBytes, PieceBytes);
        Window window = new(options);
        window.Put(Read(1), Frame.HeaderBytes, null, 1, 0, false);
        window.Empty();
        Assert.IsTrue(window.HasRoom(small.LongestFrameBytes - Frame.HeaderBytes, small));
        Assert.IsFalse(window.HasRoom(small.LongestFrameBytes - Frame.HeaderBytes + 1, small));
    }

    /// <summary>Breaks when a frame alone must fit into less than the block, or may be longer than it.</summary>
    [TestMethod]
    public void WhatIsSentAtOnceFitsIntoTheBlock()
    {
        Window window = new(options);
        Assert.IsTrue(window.HasRoom(window.Block.Length, board), "nothing is on the way");
        Assert.IsFalse(window.HasRoom(window.Block.Length + 1, board));
        window.PutUncounted(Read(1), Frame.HeaderBytes);
        Assert.IsTrue(window.HasRoom(window.Block.Length - Frame.HeaderBytes, board));
        Assert.IsFalse(window.HasRoom(window.Block.Length - Frame.HeaderBytes + 1, board));
        window.Empty();
        Assert.AreEqual(0, window.Filled);
    }

    /// <summary>Breaks when HELLO counts, or when frames stand in the block in another order or over each other.</summary>
    [TestMethod]
    public void FramesLeaveInTheirOrder()
    {
        Window window = new(options);
        window.PutUncounted(Read(7), Frame.HeaderBytes);
        Assert.IsTrue(window.IsEmpty);
        window.Put(Read(8), Frame.HeaderBytes, null, 8, 0, false);
        Assert.AreEqual(1, window.Count);
        Assert.AreEqual(2 * Frame.HeaderBytes, window.Filled);
        Assert.AreEqual(7, Frame.Number(window.Block, 0));
        Assert.AreEqual(8, Frame.Number(window.Block, Frame.HeaderBytes));
    }

    /// <summary>
    /// Breaks when an answer is given to a frame of another type, number, or part of a write request; a part of another type says nothing.
    /// </summary>
    [TestMethod]
    public void AnAnswerBelongsToOneFrame()
    {
        Window window = new(options);
        window.Put(Of(FrameType.Read, 5), Frame.HeaderBytes, null, 5, 0, false);
        window.Put(Of(FrameType.Write, 5), Frame.HeaderBytes, null, 5, 0, false);
        window.Put(Of(FrameType.Write, 5), Frame.HeaderBytes, null, 5, 1, false);
        window.Put(Of(FrameType.Write, 6), Frame.HeaderBytes, null, 6, 1, false);
        Assert.AreEqual(0, window.IndexOf(Answer(FrameType.Read, 5, 3)));
        Assert.AreEqual(1, window.IndexOf(Answer(FrameType.Write, 5, 0)));
        Assert.AreEqual(2, window.IndexOf(Answer(FrameType.Write, 5, 1)));
        Assert.AreEqual(3, window.IndexOf(Answer(FrameType.Write, 6, 1)));
        Assert.AreEqual(-1, window.IndexOf(Answer(FrameType.Write, 6, 0)));
        Assert.AreEqual(-1, window.IndexOf(Answer(FrameType.Read, 6, 0)));
        Assert.AreEqual(-1, window.IndexOf(Answer(FrameType.Last, 5, 0)));
    }

    /// <summary>Breaks when what is settled still counts, or more than that is settled.</summary>
    [TestMethod]
    public void WhatIsSettledMakesRoom()
    {
        Window window = new(options);
        for (uint number = 1; number <= 3; number++)
            window.Put(Read(number), Frame.HeaderBytes, null, number, 0, false);
        int most = board.WindowBytes - ((Retries + 1) * Frame.HeaderBytes);
        Assert.IsFalse(window.HasRoom(most - (2 * Frame.HeaderBytes), board));
        CollectionAssert.AreEqual(new uint[] { 1 }, window.Settle(1).Select(sent => sent.Number).ToArray());
        Assert.IsTrue(window.HasRoom(most - (2 * Frame.HeaderBytes), board));
        CollectionAssert.AreEqual(new uint[] { 2, 3 }, window.Frames.Select(sent => sent.Number).ToArray());
        Assert.HasCount(2, window.SettleAll());
        Assert.IsTrue(window.IsEmpty);
    }

    /// <summary>Breaks when a slow line's time is not added, or a request's own timeout is not, or counts after it is settled.</summary>
    [TestMethod]
    public void TheWaitIsTheLongestTimeoutAndTheLinesTime()
    {
        Window window = new(options);
        int lineMs = board.LongestFrameBytes; // a byte a millisecond
        Assert.AreEqual(options.TimeoutMs + lineMs, window.WaitMs(board));
        window.Put(Read(1), Frame.HeaderBytes, new Asked { TimeoutMs = 70 }, 1, 0, false);
        Assert.AreEqual(options.TimeoutMs + lineMs + Frame.HeaderBytes, window.WaitMs(board));
        window.Put(Read(2), Frame.HeaderBytes, new Asked { TimeoutMs = 900 }, 2, 0, false);
        Assert.AreEqual(900 + lineMs + (2 * Frame.HeaderBytes), window.WaitMs(board));
        window.SettleAll();
        Assert.AreEqual(options.TimeoutMs + lineMs, window.WaitMs(board));
    }

    /// <summary>Breaks when something else is sent beside a request that travels alone.</summary>
    [TestMethod]
    public void ARequestAloneTakesTheWindow()
    {
        Window window = new(options);
        window.Put(Read(1), Frame.HeaderBytes, null, 1, 0, false);
        window.Put(Read(2), Frame.HeaderBytes, new Asked(), 2, 0, false);
        Assert.IsFalse(window.IsTaken);
        window.Put(Read(3), Frame.HeaderBytes, new Asked { IsAlone = true }, 3, 0, false);
        Assert.IsTrue(window.IsTaken);
    }

    /// <summary>
    /// Breaks when a window can be full of frames that nobody answers, when a quiet frame is waited for, or when one is quiet behind
    /// which no other has room.
    /// </summary>
    [TestMethod]
    public void AQuarterOfTheWindowMayBeQuiet()
    {
        int quarter = board.WindowBytes / 4;
        Window window = new(options);
        Assert.IsTrue(window.CanBeQuiet(100, quarter - 100, board));
        Assert.IsFalse(window.CanBeQuiet(100, quarter - 99, board));
        window.Put(Read(1), Frame.HeaderBytes, null, 1, 0, true);
        Assert.IsTrue(window.IsEmpty, "no answer is to come");
        Assert.AreEqual(1, window.Count);
        Assert.IsTrue(window.CanBeQuiet(100, quarter - 100 - Frame.HeaderBytes, board));
        Assert.IsFalse(window.CanBeQuiet(100, quarter - 99 - Frame.HeaderBytes, board));
        window.Put(Read(2), Frame.HeaderBytes, null, 2, 0, false);
        Assert.IsFalse(window.IsEmpty);
        Assert.IsTrue(window.CanBeQuiet(100, quarter - 100, board), "one behind them is answered");
    }

    /// <summary>Breaks when a quiet frame is sent behind which the block, or the window, has no room for the next one.</summary>
    [TestMethod]
    public void BehindAQuietFrameTheNextOneHasRoom()
    {
        Window window = new(options);
        byte[] large = new byte[window.Block.Length];
        Frame.Seal(large, Hello.Key, FrameType.Write, 0, 1, 0, 0, 0);
        window.PutUncounted(large, window.Block.Length - 100);
        Assert.IsTrue(window.CanBeQuiet(60, 40, board));
        Assert.IsFalse(window.CanBeQuiet(60, 41, board));

        int most = board.WindowBytes - ((Retries + 1) * Frame.HeaderBytes);
        Window full = new(options);
        full.Put(large, most - 100, null, 1, 0, false);
        Assert.IsTrue(full.CanBeQuiet(60, 40, board));
        Assert.IsFalse(full.CanBeQuiet(60, 41, board));
    }

    private static byte[] Read(uint number) => Of(FrameType.Read, number);

    private static byte[] Of(int type, uint number)
    {
        byte[] frame = new byte[Frame.HeaderBytes];
        Frame.Seal(frame, Hello.Key, type, 0, (int)number, 0, 0, 0);
        return frame;
    }

    private static AnswerFrame Answer(int type, uint number, int part) => new(type, Status.Ok, number, part, 0, []);

    private sealed class Asked() : Request("nothing", CancellationToken.None)
    {
        public override int Type => FrameType.Read;

        public override void Fail(NvsException cause)
        {
        }

        public override void Cancel()
        {
        }
    }
}
