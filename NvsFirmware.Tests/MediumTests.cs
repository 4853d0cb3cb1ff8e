using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>The reader of the medium is given what nobody has written.</summary>
[TestClass]
[OnlyOnDotNet("the reader is .NET's")]
public sealed class MediumTests
{
    private const int Media = 400;

    /// <summary>Breaks when the reader trusts a number on the medium: it then ends with an exception, or not at all.</summary>
    [TestMethod]
    public void NoDamageIsTooMuchForTheReader()
    {
        int seed = Environment.TickCount;
        Console.WriteLine($"seed {seed}");
        Random random = new(seed);
        TestBoard board = TestBoard.Formatted("MB85RS64V");
        board.Write(1, new TrackItem(5, new byte[300]), new TrackItem(6, [1]));
        board.Write(2, new TrackItem(7, new byte[20]));
        byte[] whole = board.Chip.Memory.ToArray();
        for (int i = 0; i < Media; i++)
        {
            byte[] cells = [.. whole];
            for (int hits = random.Next(1, 40); hits > 0; hits--)
            {
                int at = random.Next(4) == 0 ? random.Next(64) : random.Next(cells.Length);
                int count = Math.Min(random.Next(1, 60), cells.Length - at);
                random.NextBytes(cells.AsSpan(at, count));
            }
            if (random.Next(3) == 0)
                Seal(cells);
            Medium medium = Medium.Read(cells.AsSpan(0, random.Next(5) == 0 ? random.Next(1024, cells.Length) : cells.Length));
            Assert.IsTrue(medium.State != MediumState.Store
                || medium.Tracks.Values.All(track => track.Data == null || track.Data.Length == track.Entry.Length));
        }
    }

    // Random sizes under a right CRC-32.
    private static void Seal(Span<byte> cells)
    {
        "NvsFram\0"u8.CopyTo(cells);
        cells.Put16(8, 1);
        cells[10] = cells[11] = 0;
        cells[40..56].Clear();
        cells.Put32(56, ((ReadOnlySpan<byte>)cells)[..56].Crc());
        cells[60..63].Clear();
        cells[63] = 0x4C;
    }
}
