using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>Runs the board's fuzzer from a seed, or over the kept corpus.</summary>
public static class BoardFuzzRun
{
    private const int LargestDataBytes = 512;
    private const int LargestKeptBytes = 400;

    /// <summary>The kept inputs: blocks in hex that each made the board answer in another way.</summary>
    public static string CorpusFolder => Path.Combine(AppContext.BaseDirectory, "Fuzz", "corpus");

    /// <summary>Sends blocks until so many frames are sent.</summary>
    /// <param name="frames">How many frames.</param>
    /// <param name="seed">Where the blocks come from.</param>
    /// <param name="report">Is told how far it is.</param>
    /// <param name="keepIn">A folder for inputs that are answered in a new way; null: none.</param>
    /// <exception cref="FuzzException">Tells how to see it again.</exception>
    public static BoardFuzzer Run(long frames, ulong seed, Action<BoardFuzzer> report, string? keepIn = null)
    {
        BoardFuzzer board = new() { HasSignatures = keepIn != null };
        FrameMix mix = new(new SeededRandom(seed), LargestDataBytes);
        HashSet<string> seen = [];
        while (board.Frames < frames)
        {
            board.StoreId.CopyTo(mix.StoreId, 0);
            int pieces = mix.Next();
            try
            {
                board.Try(mix.Block, mix.Count, pieces);
            }
            catch (FuzzException e)
            {
                throw new FuzzException($"seed {seed}, block {board.Blocks}: {e.Message}{Environment.NewLine}{Convert.ToHexString(mix.Block, 0, mix.Count)}"
                    + $"{Environment.NewLine}Again: dotnet run --project NvsFirmware.Tests -- fuzz board --frames {frames} --seed {seed}");
            }
            if (keepIn != null && mix.Count <= LargestKeptBytes && board.Signature.Split(' ').Count(seen.Add) > 0)
                File.WriteAllText(Path.Combine(keepIn, $"{Directory.GetFiles(keepIn).Length:d3}.hex"), Convert.ToHexString(mix.Block, 0, mix.Count) + "\n");
            if (board.Blocks % 1024 == 0)
                report(board);
        }
        board.CheckMedium();
        return board;
    }

    /// <summary>Sends the kept inputs, one after another.</summary>
    public static BoardFuzzer RunCorpus()
    {
        BoardFuzzer board = new();
        foreach (string path in Directory.GetFiles(CorpusFolder, "*.hex").Order(StringComparer.Ordinal))
        {
            byte[] block = Convert.FromHexString(File.ReadAllText(path).Trim());
            try
            {
                board.Try(block, block.Length, 1);
                board.CheckMedium();
            }
            catch (FuzzException e)
            {
                throw new FuzzException($"{Path.GetFileName(path)}: {e.Message}");
            }
        }
        return board;
    }
}
