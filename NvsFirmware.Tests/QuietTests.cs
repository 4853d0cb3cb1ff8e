using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>Parts with the flag <see cref="WriteFlags.Quiet"/>: Continue is not said, all else is.</summary>
/// <remarks>
/// Broken by: a Continue that is sent all the same, also to a part that comes twice; a refusal, a missing part or damage that is not told;
/// a last part without an answer; a board that takes only one quiet part in a turn, or no end of them.
/// </remarks>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class QuietTests
{
    private const int Piece = 64;

    private static readonly TrackItem[] items = [new(1, TrackModel.Data(90, 1)), new(2, TrackModel.Data(10, 2)), new(3, [])];

    private readonly TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestPieceBytes = Piece, Name = "test" });

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void OnlyTheLastPartIsAnswered(bool areTogether)
    {
        List<byte[]> frames = Quiet(1, items);
        List<Answer> answers = areTogether ? board.Send([.. frames]) : [.. frames.SelectMany(frame => board.Send(frame))];
        Answer answer = answers.Single();
        Assert.AreEqual((Status.Ok, frames.Count - 1), (answer.Status, answer.Part));
        foreach (TrackItem item in items)
            CollectionAssert.AreEqual(item.Data, board.Read(item.Track).Data);
    }

    [TestMethod]
    public void APartThatComesAgainIsNotAnsweredEither()
    {
        List<byte[]> frames = Quiet(1, items);
        Assert.IsEmpty(board.Send(frames[0], frames[1], frames[0], frames[1], frames[2]));
        Assert.AreEqual(Status.Ok, board.Send(frames[^1]).Single().Status);
        Assert.IsEmpty(board.Send(frames[0]), "also when the request is decided");
        Assert.AreEqual(Status.Ok, board.Send(frames[^1]).Single().Status);
    }

    [TestMethod]
    public void ALastPartIsAnsweredAlsoWhenItIsQuiet()
    {
        byte[] frame = board.WriteFrame(1, 0, 9, [1, 2, 3], flags: WriteFlags.Last | WriteFlags.Quiet);
        Assert.AreEqual(Status.Ok, board.Send(frame).Single().Status);
    }

    [TestMethod]
    public void AMissingPartIsTold()
    {
        List<byte[]> frames = Quiet(1, items);
        Answer[] answers = [.. board.Send(frames[0], frames[2], frames[3])];
        Assert.AreSequenceEqual(
            [(Status.WrongOrder, 2, 1u), (Status.WrongOrder, 3, 1u)], answers.Select(a => (a.Status, a.Part, a.Argument)));
        Assert.AreEqual(Status.Ok, board.Send(frames[1], frames[2], frames[3]).Single().Status);
    }

    [TestMethod]
    public void ADamagedPartIsTold()
    {
        List<byte[]> frames = Quiet(1, items);
        frames[1][^1] ^= 1;
        Assert.AreEqual(Status.BadCrc, board.Send(frames[0], frames[1]).Single().Status);
    }

    [TestMethod]
    public void ARefusedPartIsTold()
    {
        board.Write(1, new TrackItem(2, [7]));
        List<byte[]> frames = Quiet(2, items[0], new TrackItem(2, [8], Expected: 9), items[2]);
        Answer[] answers = [.. board.Send([.. frames])];
        Assert.AreSequenceEqual([(Status.VersionMismatch, 2), (Status.VersionMismatch, 3)], answers.Select(a => (a.Status, a.Part)));
    }

    [TestMethod]
    public void AStoreThatIsNotReadyIsTold()
    {
        board.Chip.IsAbsent = true;
        board.Idle(1500);
        Assert.AreEqual(Status.NoChip, board.Send(Quiet(1, items)[0]).Single().Status);
    }

    [TestMethod]
    public void ATurnTakesSeveralOfThemButNotAll()
    {
        // So that the loop does its other work, too, when a host repeats them for ever.
        List<byte[]> frames = Quiet(1, items);
        for (int i = 0; i < 40; i++)
            board.Uart.Send(frames[0]);
        int turns = 0;
        for (; !board.Uart.IsEmpty; turns++)
            board.Firmware.Step(0);
        Assert.IsEmpty(board.TakeAnswers());
        Assert.IsTrue(turns is > 1 and < 20, $"{turns} turns");
    }

    private List<byte[]> Quiet(uint number, params TrackItem[] tracks) =>
        Frames.WriteRequest(board.Key, number, tracks, TestBoard.Client, Piece, isQuiet: () => true);
}
