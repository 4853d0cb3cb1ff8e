using System;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>G7, shortly; the command `fuzz` runs longer.</summary>
/// <remarks>
/// What it is to find: a frame carried out without its session's key or with a damaged payload (the medium changes), a length or count that
/// is believed (an error inside), an answer that a client takes though it is another request's (success that is not the truth).
/// </remarks>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board, threads, and time")]
public sealed class FuzzTests
{
    private const long BoardFrames = 200_000;
    private const long ClientFrames = 60_000;

    [TestMethod]
    public void NoBlockOfFramesGoodOrBadHurtsTheBoard()
    {
        const ulong seed = 1;
        BoardFuzzer board = BoardFuzzRun.Run(BoardFrames, seed, _ => { });
        Console.WriteLine(
            $"seed {seed}: {board.FramesSent} frames, {board.Answers} answers, {board.Commits} commits, {board.Formats} formats, "
            + $"{board.HarmlessBlocks} of {board.Blocks} blocks could not write");
        Assert.IsTrue(board.Commits > 1000 && board.Formats > 10
            && board.HarmlessBlocks > 10_000, "the blocks do not reach what they should");
    }

    [TestMethod]
    public void NoKeptInputHurtsTheBoard()
    {
        BoardFuzzer board = BoardFuzzRun.RunCorpus();
        Assert.AreEqual(Directory.GetFiles(BoardFuzzRun.CorpusFolder).Length, (int)board.Blocks);
        Assert.IsGreaterThan(50, board.Blocks);
        Console.WriteLine($"{board.Blocks} inputs, {board.Answers} answers");
    }

    [TestMethod]
    public void NoAnswerGoodOrBadMisleadsTheClient()
    {
        const ulong seed = 1;
        ClientFuzzResult result = ClientFuzzRun.Run(ClientFrames, seed, _ => { });
        Console.WriteLine($"seed {seed}: {result}");
        Assert.IsTrue(result.Succeeded > 1000 && result.Refused > 0 && result.Failed > 0, "the answers do not reach what they should");
    }
}
