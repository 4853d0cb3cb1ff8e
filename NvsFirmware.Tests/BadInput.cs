using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>A board with some tracks, and what must hold of it whatever it is sent.</summary>
public abstract class BadInput
{
    private protected const int Piece = 512;
    private protected const int SegmentData = 64;
    private protected const int SetSegments = 16;
    private protected const int LongestTrack = SetSegments * SegmentData;
    private protected const int Last = WriteFlags.Last;

    private protected static readonly byte[] ten = TrackModel.Data(10, 99);

    private protected readonly TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestPieceBytes = Piece });
    private protected readonly TrackModel model = new();
    private protected uint nextNumber = 10;

    [TestInitialize]
    public void WriteSomeTracks()
    {
        Commit(new(1, TrackModel.Data(40, 1)), new(2, TrackModel.Data(300, 2)), new(3, []));
        Commit(new TrackItem(1, TrackModel.Data(50, 3)));
    }

    // A right argument for a type, so that only what a test makes wrong is.
    private protected static uint Argument(int type) => type is FrameType.Hello or FrameType.Last or FrameType.Read ? 1u : 0;

    private protected byte[] RightPayload(int type, int length)
    {
        if (length == 0)
            return [];
        byte[] id = board.StoreId();
        return type == FrameType.Format ? [.. id, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0] : id;
    }

    // Until there is no room for the shortest track; the next track's number.
    private protected uint FillUp()
    {
        uint track = 100;
        foreach (int length in new[] { 600, 0 })
            while (board.TryWrite(nextNumber++, [new(track, new byte[length])])?.Status == Status.Ok)
                model.Apply(new TrackItem(track++, new byte[length]));
        return track;
    }

    private protected void Commit(params TrackItem[] items)
    {
        board.Write(nextNumber++, items);
        model.Apply(items);
    }

    private protected void Statuses(Status[] expected, params byte[][] frames) =>
        CollectionAssert.AreEqual(expected, board.Send(frames).Select(a => a.Status).ToArray());

    private protected void AssertRequestRefused(Status expected, params TrackItem[] items)
    {
        byte[] before = Snapshot();
        Assert.AreEqual(expected, board.TryWrite(nextNumber++, items)?.Status);
        AssertNothingChanged(before, $"{expected}");
    }

    // The frame is a whole one, so there is exactly one answer, which repeats what it must; but for a damaged payload the place is not
    // lost.
    private protected Answer AssertRefused(Status expected, byte[] frame, string where = "")
    {
        byte[] before = Snapshot();
        List<Answer> answers = board.Send(frame);
        Assert.AreEqual(expected, answers.Single().Status, where);
        Answer answer = answers[0];
        Assert.AreEqual(
            (Frame.Type(frame, 0) | FrameType.Answer, (uint)Frame.Number(frame, 0)), (answer.Type, answer.Number), $"{where}: {expected}");
        if (Frame.Type(frame, 0) == FrameType.Write)
            Assert.AreEqual(Frame.Part(frame, 0), answer.Part, where);
        if (Frame.Type(frame, 0) != FrameType.Last)
            Assert.IsEmpty(answer.Payload, where);
        AssertNothingChanged(before, $"{where}: {expected}");
        return answer;
    }

    // All of the medium but the segments: free ones may have taken the data of a request that was refused then. At rest, because what
    // follows a commit, a record say, is no change.
    private protected byte[] Snapshot()
    {
        board.Idle(400);
        MediumLayout layout = Medium.Read(board.Chip.Memory).Layout;
        return [.. board.Chip.Memory[..layout.SegmentsAt], .. board.Chip.Memory[layout.RecordAt(1)..]];
    }

    private protected void AssertNothingChanged(byte[] before, string where)
    {
        CollectionAssert.AreEqual(before, Snapshot(), $"{where}: metadata");
        model.AssertHeldBy(board.BootCopy(), where);
        Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Stats).Status, $"{where}: the next good frame");
    }
}
