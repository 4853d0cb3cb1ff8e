using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>
/// A piece for which there is no run of neighbouring free segments goes into a block for each run. The next block's header is written into
/// the frame over the data that are stored already, and when a segment holds less data than a header is long, over the header before, too.
/// </summary>
/// <remarks>
/// Broken by: a header taken from where it no longer is, a length of the whole piece in a block, data not put back under a CRC-32.
/// </remarks>
[TestClass]
[OnlyOnDotNet("reads the medium with the independent reader")]
public sealed class RunsTests
{
    /// <summary>Bytes in a segment: its data are shorter than a header, as long, and longer.</summary>
    public static IEnumerable<object[]> Sizes => new[] { 64, 65, 67, 68, 69, 100 }.Select(bytes => new object[] { bytes });

    [TestMethod]
    [DynamicData(nameof(Sizes))]
    public void ATrackInSingleSegmentsHasABlockForEach(int segmentBytes)
    {
        const int setSegments = 12;
        TestBoard board = TestBoard.Formatted(segmentBytes: segmentBytes, setSegments: setSegments);
        MediumLayout layout = Medium.Read(board.Chip.Memory).Layout;
        SeededRandom random = new(11);
        Dictionary<uint, byte[]> model = [];
        uint number = 0;
        // Tracks of one segment each, and every other one released: the free segments are single ones.
        for (int first = 0; first < layout.Entries; first += setSegments)
            Write([.. Enumerable.Range(first, Math.Min(setSegments, layout.Entries - first)).Select(
                n => new TrackItem((uint)n, random.Bytes(4)))]);
        foreach (uint[] odd in model.Keys.Where(track => track % 2 == 1).ToArray().Chunk(setSegments))
            Write([.. odd.Select(track => new TrackItem(track, null))]);
        // Goes past the neighbours that were left at the end.
        Write(new TrackItem(0xA0000000, random.Bytes(setSegments * layout.DataBytes)));
        board.Rest();
        int most = 0;
        for (int length = 1; length <= setSegments * layout.DataBytes; length += 13)
        {
            Write(new TrackItem(0xA0000000, random.Bytes(length)));
            string where = $"{segmentBytes} bytes in a segment, {length} bytes of data";
            TestBoard restarted = board.BootCopy(); // follows the chain
            restarted.Rest();
            Medium medium = StoreChecks.CheckServed(restarted, where);
            Assert.IsTrue(medium.Holds(model), $"{where}: other tracks");
            most = Math.Max(most, medium.Tracks[0xA0000000].Blocks.Count);
            board.Rest();
        }
        Assert.IsGreaterThanOrEqualTo(setSegments / 2, most, "blocks of a track: the free segments are not single ones");

        void Write(params TrackItem[] items)
        {
            board.Write(++number, items);
            foreach (TrackItem item in items)
                if (item.Data == null)
                    model.Remove(item.Track);
                else
                    model[item.Track] = item.Data;
        }
    }
}
