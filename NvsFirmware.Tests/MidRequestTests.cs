using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G3: the store is recovered in the middle of a write request, because the chip was gone for a moment. What the board holds of the request
/// is dropped, its session goes on, and the host sends it again from the part that the answer asks for, with the same number.
/// </summary>
/// <remarks>
/// Broken by: a request that goes on after a recovery, with entries and segments chosen before it; entries reserved for ever; a decided
/// number forgotten with the recovery.
/// </remarks>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class MidRequestTests
{
    private static readonly TrackItem[] items = [new(1, TrackModel.Data(90, 1)), new(8, TrackModel.Data(10, 2)), new(2, null), new(9, [])];

    private readonly TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestPieceBytes = 64, Name = "test" });
    private readonly TrackModel model = new();
    private readonly uint before;

    public MidRequestTests()
    {
        foreach (uint track in new uint[] { 1, 2, 3 })
        {
            TrackItem item = new(track, TrackModel.Data(70, (int)track));
            before = board.Write(track, item);
            model.Apply(item);
        }
    }

    [TestMethod]
    [DataRow(1, true)]
    [DataRow(1, false)]
    [DataRow(2, true)]
    [DataRow(2, false)]
    [DataRow(4, true)]
    [DataRow(4, false)]
    public void ARequestBeginsAnewAfterARecovery(int parts, bool isNoticedByARequest)
    {
        List<byte[]> frames = board.WriteFrames(10, items);
        Assert.HasCount(5, frames);
        for (int part = 0; part < parts; part++)
            Assert.AreEqual(Status.Continue, board.Send(frames[part]).Single().Status);
        board.Chip.IsAbsent = true;
        if (isNoticedByARequest)
            Assert.AreEqual(Status.ChipError, board.Send(frames[parts]).Single().Status);
        else
            board.Idle(1500);
        board.Chip.IsAbsent = false;
        board.Idle(1500);
        Assert.AreEqual(Status.Ok, board.State);
        model.AssertHeldBy(board, "after the recovery");

        // The session goes on: what was decided in it stays so.
        Answer answer = board.TryWrite(3, [new(3, TrackModel.Data(70, 3))])!;
        Assert.AreEqual((Status.Ok, before), (answer.Status, answer.Argument));
        answer = board.Send(frames[parts]).Single();
        Assert.AreEqual((Status.WrongOrder, 0u), (answer.Status, answer.Argument));
        foreach (byte[] frame in frames)
            answer = board.Send(frame).Single();
        Assert.AreEqual(Status.Ok, answer.Status);
        model.Apply(items);
        model.AssertHeldBy(board, "sent again");
        model.AssertHeldBy(board.BootCopy(), "sent again, and booted");
        Assert.AreEqual(answer.Argument, board.Last().Argument);
        Assert.AreEqual(Status.Ok, board.Send(frames[^1]).Single().Status, "its last part, repeated");
        Assert.AreEqual(answer.Argument, board.Last().Argument, "it was applied again");
    }

    // So many half requests for new tracks as would use up all entries, if the recovery kept any.
    [TestMethod]
    public void NoEntryIsLostWithARequestThatIsDropped()
    {
        int entries = Medium.Read(board.Chip.Memory).Layout.Entries;
        for (uint i = 0; i < entries; i++)
        {
            board.Send(board.WriteFrames(100 + i, [new(1000 + i, [1]), new(2000 + i, [1])])[0]);
            board.Chip.IsAbsent = true;
            board.Idle(1500);
            board.Chip.IsAbsent = false;
            board.Idle(1500);
        }
        // The three tracks count for two segments each.
        for (uint i = 2 * 3; i < entries; i++)
            board.Write(500 + i, new TrackItem(5000 + i, [1]));
        Assert.AreEqual(Status.Full, board.TryWrite(900, [new TrackItem(9000, [1])])!.Status);
    }
}
