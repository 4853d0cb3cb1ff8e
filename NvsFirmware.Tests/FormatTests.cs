using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.CompilerServices;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>docs/format.md tells the truth: a formatted chip has the sizes in its tables, and a reader written from it reads it.</summary>
[TestClass]
[OnlyOnDotNet("reads the documents")]
public sealed class FormatTests
{
    public static IEnumerable<object[]> Chips =>
    [
        ["8 KiB", "MB85RS64V"], ["32 KiB", "MB85RS256B"], ["64 KiB", "FM25V05"], ["128 KiB", "MB85RS1MT"],
        ["256 KiB", "MB85RS2MTA"], ["512 KiB", "MB85RS4MT"], ["1 MiB", "CY15B108QI"],
    ];

    [TestMethod]
    [DynamicData(nameof(Chips))]
    public void AFormattedChipHasTheSizesOfTheDocument(string size, string chip)
    {
        int[] row = [.. Row($"| {size} | ")];
        TestBoard board = TestBoard.Formatted(chip);
        board.Rest();
        Medium medium = StoreChecks.CheckSettled(board.Chip.Memory, chip);
        MediumLayout layout = medium.Layout;
        CollectionAssert.AreEqual(
            row,
            new[] { layout.SegmentBytes, layout.DataBytes, layout.SetSegments, layout.Segments, layout.Entries, layout.LongestTrack },
            chip);
        Assert.AreEqual(Math.Min(layout.DefaultPieceBytes, board.Settings.LargestPieceBytes), layout.PieceBytes, $"{chip}: p");
        Assert.AreEqual(board.Chip.Part.Bytes, layout.ChipBytes, chip);
        Assert.IsLessThanOrEqualTo(
            layout.RecordAt(1), layout.SegmentAt(layout.Segments), $"{chip}: the segments end before the second record");
        Answer hello = board.Hello();
        Assert.AreEqual(layout.Entries, hello.U16(Payload.HelloAnswer.MostTracks), $"{chip}: most tracks");
        Assert.AreEqual((uint)layout.LongestTrack, hello.U32(Payload.HelloAnswer.LongestTrackBytes), $"{chip}: longest track");
        Assert.AreEqual(layout.PieceBytes, hello.U16(Payload.HelloAnswer.PieceBytes), $"{chip}: piece");
        Assert.AreEqual(layout.DataBytes, hello.U16(Payload.HelloAnswer.SegmentDataBytes), $"{chip}: data bytes in a segment");
    }

    // Finding 16: there may be no memory for them. Breaks with the old store given up first.
    [TestMethod]
    public void TheNewTablesAreThereBeforeTheOldStoreIsGivenUp()
    {
        TestBoard board = TestBoard.Formatted("MB85RS2MTA");
        MediumLayout layout = Medium.Read(board.Chip.Memory).Layout with { SegmentBytes = 100 };
        byte[] id = board.StoreId();
        long beganAt = 0, givenUpAt = 0, answeredAt = 0;
        board.Chip.BeforeTransaction = output =>
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            beganAt = beganAt == 0 ? allocated : beganAt;
            givenUpAt = givenUpAt == 0 && output[0] == Opcode.Write ? allocated : givenUpAt;
        };
        board.Uart.Answering = () => answeredAt = GC.GetAllocatedBytesForCurrentThread();
        Assert.AreEqual(Status.Ok, board.Format(id, segmentBytes: layout.SegmentBytes).Status);
        long tables = (MediumLayout.EntryBytes * layout.Entries) + (2 * layout.Segments);
        Assert.IsGreaterThan(tables, givenUpAt - beganAt, "allocated before the first write to the chip");
        Assert.IsLessThan(4096, answeredAt - givenUpAt, "allocated behind it");
    }

    // z, d, S, N, T and the longest track of a row of the table of defaults.
    private static IEnumerable<int> Row(string start)
    {
        string document = File.ReadAllText(Path.Combine(Folder(), "..", "docs", "format.md"));
        string row = document.Split('\n').Single(line => line.StartsWith(start, StringComparison.Ordinal));
        return row[start.Length..].Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(cell => int.Parse(cell.Replace(",", "", StringComparison.Ordinal)));
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
