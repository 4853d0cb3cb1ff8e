using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>Runs the board's fuzzer from a seed, or over the kept corpus.</summary>
public static class BoardFuzzRun
{
    private const int LargestPieceBytes = 512;
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
        FrameMix mix = new(new SeededRandom(seed), LargestPieceBytes);
        HashSet<string> seen = [];
        while (board.FramesSent < frames)
        {
            board.StoreId.CopyTo(mix.StoreId, 0);
            mix.Key = board.Key;
            int pieces = mix.Next();
            try
            {
                board.Try(mix.Bytes, mix.Count, pieces);
            }
            catch (FuzzException e)
            {
                throw new FuzzException(
                    $"seed {seed}, block {board.Blocks}: {e.Message}{Environment.NewLine}{Convert.ToHexString(mix.Bytes, 0, mix.Count)}"
                    + $"{Environment.NewLine}Again: dotnet run -c Release --project NvsFirmware.Tests -- "
                    + $"fuzz board --frames {frames} --seed {seed}");
            }
            if (keepIn != null && mix.Count <= LargestKeptBytes && board.Signature.Split(' ').Count(seen.Add) > 0)
            {
                ChangeKey(mix.Bytes.AsSpan(0, mix.Count), mix.Key, 0);
                File.WriteAllText(Path.Combine(keepIn, $"{Directory.GetFiles(keepIn).Length:d3}.hex"),
                    Convert.ToHexString(mix.Bytes, 0, mix.Count) + "\n");
            }
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
            ChangeKey(block, 0, board.Key);
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

    // Frames are kept without a key: that of the session in which they are tried again is another one.
    private static void ChangeKey(Span<byte> block, uint from, uint to)
    {
        byte[] header = new byte[Frame.HeaderBytes];
        for (int at = 0; at + Frame.HeaderBytes <= block.Length; at++)
        {
            if (block[at] != Frame.Sync0 || block[at + 1] != Frame.Sync1 || Frame.IsKeyless(block[at + Frame.TypeAt]))
                continue;
            block.Slice(at, Frame.HeaderBytes).CopyTo(header);
            if (Frame.KeyOf(header, 0) != from)
                continue;
            Span<byte> crc = block.Slice(at + Frame.HeaderCrcAt, Frame.CrcBytes);
            BitConverter.TryWriteBytes(crc, BitConverter.ToUInt32(crc) ^ from ^ to);
        }
    }
}
