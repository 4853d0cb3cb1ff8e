using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>G7: write requests at their limits, in wrong order, that contradict themselves, or stop half-way.</summary>
[TestClass]
[OnlyOnDotNet("works through all and random inputs: too much for an interpreter")]
public sealed class BadWriteTests : BadInput
{
    [TestMethod]
    public void AnEmptyTrackIsStoredAndReadBack()
    {
        Commit(new TrackItem(9, []));
        (Status status, uint _, byte[]? data) = board.BootCopy().Read(9);
        Assert.AreEqual(Status.Ok, status);
        Assert.IsEmpty(data!);
        AssertNothingChanged(Snapshot(), "an empty track");
    }

    [TestMethod]
    [DataRow(0u)]
    [DataRow(0x80000000u)]
    [DataRow(0xFFFFFFFFu)]
    public void AnyNumberIsATrack(uint track)
    {
        Commit(new TrackItem(track, ten));
        AssertNothingChanged(Snapshot(), "a track");
        Commit(new TrackItem(track, null));
        AssertNothingChanged(Snapshot(), "no track");
    }

    [TestMethod]
    public void ATrackAsLongAsASetIsStoredAndALongerOneIsTooLong()
    {
        Commit(new TrackItem(9, TrackModel.Data(LongestTrack, 4)));
        AssertRequestRefused(Status.TooLong, new TrackItem(9, new byte[LongestTrack + 1]));
        AssertRequestRefused(Status.TooLong, new TrackItem(9, new byte[65534]));
    }

    [TestMethod]
    public void ARequestLongerThanASetIsTooLong()
    {
        Commit(new(9, TrackModel.Data(8 * SegmentData, 4)), new(10, TrackModel.Data(8 * SegmentData, 5)));
        AssertRequestRefused(Status.TooLong, new(9, new byte[8 * SegmentData]), new(10, new byte[8 * SegmentData + 1]));
        AssertRequestRefused(Status.TooLong, [.. Enumerable.Range(20, SetSegments + 1).Select(i => new TrackItem((uint)i, ten))]);
        Commit([.. Enumerable.Range(20, SetSegments).Select(i => new TrackItem((uint)i, ten))]);
    }

    [TestMethod]
    public void MoreReleasesThanASetHasSegmentsAreTooLong()
    {
        for (uint track = 20; track < 20 + SetSegments + 1; track++)
            Commit(new TrackItem(track, ten));
        AssertRequestRefused(Status.TooLong, [.. Enumerable.Range(20, SetSegments + 1).Select(i => new TrackItem((uint)i, null))]);
        Commit([.. Enumerable.Range(20, SetSegments).Select(i => new TrackItem((uint)i, null))]);
        AssertNothingChanged(Snapshot(), "released");
    }

    [TestMethod]
    public void PartsInWrongOrderNameTheOneThatIsMissing()
    {
        // Breaks with the comparison of a part with the next one removed.
        List<byte[]> frames = board.WriteFrames(nextNumber++, [new(9, ten), new(10, ten), new(11, ten)]);
        Assert.AreEqual(0u, AssertRefused(Status.WrongOrder, frames[1]).Argument);
        Assert.AreEqual(1u, board.Send(frames[0]).Single().Argument);
        Assert.AreEqual(1u, AssertRefused(Status.WrongOrder, frames[2]).Argument);
    }

    [TestMethod]
    public void TheMissingPartMayComeLater()
    {
        TrackItem[] items = [new(9, ten), new(10, ten), new(11, ten)];
        List<byte[]> frames = board.WriteFrames(nextNumber++, items);
        Statuses([Status.Continue, Status.WrongOrder, Status.Continue, Status.Ok], frames[0], frames[2], frames[1], frames[2]);
        model.Apply(items);
        AssertNothingChanged(Snapshot(), "in the end whole");
    }

    [TestMethod]
    public void ARepeatedPartIsTakenOnce()
    {
        TrackItem[] items = [new(9, TrackModel.Data(Piece + 20, 6)), new(10, ten)];
        List<byte[]> frames = board.WriteFrames(nextNumber++, items);
        List<Answer> answers = board.Send(frames[0], frames[1], frames[1], frames[0], frames[1], frames[2], frames[2], frames[0]);
        CollectionAssert.AreEqual(
            new[] { Status.Continue, Status.Continue, Status.Continue, Status.Continue, Status.Continue, Status.Ok, Status.Ok,
                Status.Continue },
            answers.Select(a => a.Status).ToArray());
        Assert.AreEqual(answers[5].Argument, answers[6].Argument);
        model.Apply(items);
        AssertNothingChanged(Snapshot(), "each part once");
    }

    [TestMethod]
    public void APartThatDoesNotFollowTheOnesBeforeItIsAConflictAndDropsTheRequest()
    {
        // Two programs with one id and number send parts of different requests. Breaks with *before* not compared.
        uint number = nextNumber++;
        List<byte[]> frames = board.WriteFrames(number, [new(9, ten), new(10, ten)]);
        List<byte[]> others = board.WriteFrames(number, [new(9, [1, 2, 3]), new(10, ten)]);
        board.Send(frames[0]);
        AssertRefused(Status.Conflict, others[1]);
        AssertRefused(Status.Conflict, frames[1]); // refused, so its number is decided
    }

    [TestMethod]
    public void AnotherPartThanTheOneHeldIsAConflict()
    {
        // A part that the board holds already, with other content: not a repetition. Breaks with parts compared by their number only.
        uint number = nextNumber++;
        List<byte[]> frames = board.WriteFrames(number, [new(9, ten), new(10, ten), new(11, ten)]);
        List<byte[]> others = board.WriteFrames(number, [new(9, [1, 2, 3]), new(10, ten), new(11, ten)]);
        Statuses([Status.Continue, Status.Continue], frames[0], frames[1]);
        Status status = board.Send(others[0]).Single().Status;
        Assert.IsTrue(status is Status.Conflict or Status.Continue, $"{status}");
        Status last = board.Send(others[1], others[2])[^1].Status;
        Assert.AreNotEqual(Status.WrongOrder, status);
        if (last == Status.Ok)
            model.Apply(new(9, [1, 2, 3]), new(10, ten), new(11, ten)); // begun anew with the other content
        AssertNothingChanged(Snapshot(), "never a mix");
    }

    [TestMethod]
    public void TheSameTrackTwiceInARequestIsABadRequest()
    {
        AssertRequestRefused(Status.BadRequest, new(9, ten), new(9, ten));
        AssertRequestRefused(Status.BadRequest, new(1, ten), new(1, null));
        AssertRequestRefused(Status.BadRequest, new(1, null), new(1, ten));
        AssertRequestRefused(Status.BadRequest, new(1, null), new(1, null));
        AssertRequestRefused(Status.BadRequest, new(9, ten), new(10, ten), new(11, TrackModel.Data(700, 1)), new(9, []));
    }

    [TestMethod]
    public void PiecesOfAnotherSizeAreABadRequest()
    {
        // All but a track's last piece are as long as HELLO says.
        const int length = Piece + 20;
        foreach (int first in new[] { 0, 1, SegmentData, Piece - 1 })
            AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[first], length: length));
        foreach (int second in new[] { 0, 1, 19, 21 })
        {
            uint number = nextNumber++;
            byte[] begin = board.WriteFrame(number, 0, 9, new byte[Piece], length: length);
            Statuses([Status.Continue], begin);
            AssertRefused(
                Status.BadRequest,
                    board.WriteFrame(number, 1, 9, new byte[second], length: length, flags: Last, before: Frames.Fingerprint(begin)));
        }
    }

    [TestMethod]
    public void APieceOfAnotherTrackOrLengthBeforeTheEndIsABadRequest()
    {
        // Finding 14: a wrong length in later pieces.
        const int length = Piece + 20;
        foreach ((uint track, int told) in new[] { (10u, length), (9u, length + 1), (9u, 20), (9u, Block.Released), (10u, 20) })
        {
            uint number = nextNumber++;
            byte[] begin = board.WriteFrame(number, 0, 9, new byte[Piece], length: length);
            Statuses([Status.Continue], begin);
            AssertRefused(
                Status.BadRequest,
                    board.WriteFrame(number, 1, track, new byte[20], length: told, flags: Last, before: Frames.Fingerprint(begin)));
        }
    }

    [TestMethod]
    public void ATrackWithoutAllItsDataIsNotCommitted()
    {
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[20], length: 40, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, [], length: 40, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[Piece], length: Piece + 1, flags: Last));
    }

    [TestMethod]
    public void MoreDataThanTheTrackIsLongAreABadRequest()
    {
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[20], length: 19, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[20], length: 0, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 1, new byte[20], length: Block.Released, flags: Last));
    }

    [TestMethod]
    public void AnAbsentTrackIsNotFound()
    {
        AssertRefused(Status.NotFound, board.BuildFrame(FrameType.Read, 1, 9));
        AssertRequestRefused(Status.NotFound, new TrackItem(9, null));
        AssertRequestRefused(Status.NotFound, new(1, ten), new(9, null));
    }

    [TestMethod]
    public void ANewTrackInAFullStoreIsFull()
    {
        uint track = FillUp();
        AssertRequestRefused(Status.Full, new TrackItem(track, []));
        Commit(new TrackItem(100, TrackModel.Data(600, 5)));
        AssertNothingChanged(Snapshot(), "full");
    }

    [TestMethod]
    public void AHalfSentRequestIsReplacedByAnother()
    {
        List<byte[]> half = board.WriteFrames(nextNumber++, [new(1, ten), new(10, ten)]);
        Statuses([Status.Continue], half[0]);
        Commit(new TrackItem(11, ten));
        AssertRefused(Status.OldRequest, half[1]);
    }

    [TestMethod]
    public void HelloDropsAHalfSentRequest()
    {
        uint number = nextNumber++;
        Statuses([Status.Continue], board.WriteFrames(number, [new(1, ten), new(10, ten)])[0]);
        board.Hello();
        List<byte[]> again = board.WriteFrames(number, [new(1, ten), new(10, ten)]);
        Assert.AreEqual(0u, AssertRefused(Status.WrongOrder, again[1]).Argument);
        Statuses([Status.Continue, Status.Ok], again[0], again[1]);
        model.Apply(new(1, ten), new(10, ten));
        AssertNothingChanged(Snapshot(), "in the end whole");
    }

    [TestMethod]
    public void TwoClientsTakeTurnsAndNeverMix()
    {
        uint number = nextNumber++;
        List<byte[]> one = board.WriteFrames(number, [new(9, ten), new(10, ten)], client: 1);
        List<byte[]> two = board.WriteFrames(number, [new(11, ten), new(12, ten)], client: 2);
        Statuses([Status.Continue, Status.Continue, Status.WrongOrder, Status.Ok], one[0], two[0], one[1], two[1]);
        model.Apply(new(11, ten), new(12, ten));
        AssertNothingChanged(Snapshot(), "client 2");
        Statuses([Status.Continue, Status.WrongOrder, Status.Ok], one[0], board.WriteFrame(number + 1, 1, 13, ten, client: 2), one[1]);
        model.Apply(new(9, ten), new(10, ten));
        AssertNothingChanged(Snapshot(), "client 1");
    }

    [TestMethod]
    public void OtherRequestsBetweenThePartsDoNotDisturbAWriteRequest()
    {
        TrackItem[] items = [new(1, TrackModel.Data(700, 6)), new(10, ten), new(2, null)];
        List<byte[]> frames = board.WriteFrames(nextNumber++, items);
        foreach (byte[] frame in frames)
        {
            model.AssertHeldBy(board, "before the commit");
            Assert.IsEmpty(board.Verify());
            board.Last();
            board.Info();
            Assert.AreEqual(frame == frames[^1] ? Status.Ok : Status.Continue, board.Send(frame).Single().Status);
        }
        model.Apply(items);
        AssertNothingChanged(Snapshot(), "after the commit");
    }
}
