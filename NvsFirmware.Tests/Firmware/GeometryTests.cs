using nanoFramework.TestFramework;
using NvsFirmware.Nvs;
using NvsFirmware.Nvs.Boot;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

[TestClass]
public class GeometryTests
{
    // The table of docs/format.md: a store that exists must not move with a constant.
    [TestMethod]
    [DataRow(0x2000, 100, 16, 69, 45, 1024, 10)]
    [DataRow(0x8000, 100, 32, 276, 228, 2048, 36)]
    [DataRow(0x10000, 164, 32, 359, 311, 4096, 36)]
    [DataRow(0x20000, 164, 32, 719, 671, 4096, 36)]
    [DataRow(0x40000, 292, 32, 845, 797, 8192, 36)]
    [DataRow(0x80000, 548, 32, 926, 878, 16384, 36)]
    [DataRow(0x100000, 1060, 32, 972, 924, 32768, 36)]
    public void DefaultsAreThoseOfTheFormat(
        int chip, int segmentBytes, int setSegments, int segments, int entries, int longest, int clients)
    {
        Geometry geometry = new Geometry(chip, 0, 0, 4096);
        Assert.IsTrue(geometry.IsPossible);
        Assert.AreEqual(segmentBytes, geometry.SegmentBytes);
        Assert.AreEqual(setSegments, geometry.SetSegments);
        Assert.AreEqual(segments, geometry.Segments);
        Assert.AreEqual(entries, geometry.Entries);
        Assert.AreEqual(longest, geometry.LongestTrackBytes);
        Assert.AreEqual(clients, geometry.Clients);
        Assert.AreEqual(clients == 10 ? 8 : 32, geometry.StayingClients);
        Assert.AreEqual(longest < 4096 ? longest : 4096, geometry.PieceBytes);
        LiesAsTheFormatSays(geometry);
    }

    [TestMethod]
    [DataRow(0x2000, 64, 2)]
    [DataRow(0x2000, 101, 5)]
    [DataRow(0x8000, 4132, 2)]
    [DataRow(0x40000, 64, 64)]
    [DataRow(0x100000, 64, 32)] // at most 4096 segments
    [DataRow(0x100000, 1059, 64)]
    public void OtherSizesLieAsTheFormatSays(int chip, int segmentBytes, int setSegments)
    {
        Geometry geometry = new Geometry(chip, segmentBytes, setSegments, 4096);
        Assert.IsTrue(geometry.IsPossible || geometry.Segments < 2 * geometry.Reserve);
        LiesAsTheFormatSays(geometry);
    }

    [TestMethod]
    [DataRow(0x40000, 63, 8)]
    [DataRow(0x40000, 4133, 8)]
    [DataRow(0x40000, 100, 1)]
    [DataRow(0x40000, 100, 65)]
    [DataRow(0x100000, 1060, 64)] // a set longer than a track's length can tell: 65,536
    [DataRow(0x2000, 500, 8)] // fewer segments than twice the reserve
    [DataRow(0x2000, 100, -1)]
    [DataRow(0x40000, -100, 8)]
    [DataRow(0x40000, 36, 8)] // nothing but a block's overhead
    public void ImpossibleSizesAreKnown(int chip, int segmentBytes, int setSegments) =>
        Assert.IsFalse(new Geometry(chip, segmentBytes, setSegments, 4096).IsPossible);

    // A piece is a whole number of segments' data, and never more than a frame holds or a set.
    [TestMethod]
    [DataRow(64, 64)]
    [DataRow(127, 64)]
    [DataRow(128, 128)]
    [DataRow(1023, 960)]
    [DataRow(4096, 1024)]
    public void APieceIsAMultipleOfASegmentsData(int largest, int expected) =>
        Assert.AreEqual(expected, new Geometry(0x2000, 0, 0, largest).PieceBytes);

    // The limits themselves are possible: a set of 65,532 bytes, and as many segments as twice the reserve.
    [TestMethod]
    [DataRow(0x100000, 36 + 1524, 43)]
    [DataRow(0x2000, 302, 8)]
    public void TheLimitsArePossible(int chip, int segmentBytes, int setSegments)
    {
        Geometry geometry = new Geometry(chip, segmentBytes, setSegments, 4096);
        Assert.IsTrue(geometry.LongestTrackBytes == 65532 || geometry.Segments == 2 * geometry.Reserve, "it is no limit");
        Assert.IsTrue(geometry.IsPossible);
    }

    // A part of 16 KiB is none that the chip table knows; its sets would be the small ones.
    [TestMethod]
    public void SmallChipsHaveSmallSets()
    {
        Assert.AreEqual(16, new Geometry(0x4000, 0, 0, 4096).SetSegments);
        Assert.AreEqual(32, new Geometry(0x4001, 0, 0, 4096).SetSegments);
    }

    [TestMethod]
    public void AFrameThatHoldsNoSegmentMakesAStoreImpossible() => Assert.IsFalse(new Geometry(0x2000, 0, 0, 63).IsPossible);

    // What a track counts for: as many segments as when no two of them are neighbours. A block alone needs fewer.
    [TestMethod]
    public void SegmentsOfTracksAndBlocks()
    {
        Geometry geometry = new Geometry(0x2000, 0, 0, 4096);
        Assert.AreEqual(1, geometry.SegmentsFor(0));
        Assert.AreEqual(1, geometry.SegmentsFor(64));
        Assert.AreEqual(2, geometry.SegmentsFor(65));
        Assert.AreEqual(16, geometry.SegmentsFor(1024));
        Assert.AreEqual(0, geometry.SegmentsFor(Block.Released));
        Assert.AreEqual(1, geometry.SegmentsOfBlock(64));
        Assert.AreEqual(2, geometry.SegmentsOfBlock(65));
        Assert.AreEqual(2, geometry.SegmentsOfBlock(164));
        Assert.AreEqual(3, geometry.SegmentsOfBlock(165));
        for (int bytes = 0; bytes <= 1024; bytes++)
            Assert.IsTrue(geometry.SegmentsOfBlock(bytes) <= geometry.SegmentsFor(bytes), "bytes " + bytes.ToString());
    }

    // Each area ends where the next begins; none of a pair of copies lies in the same half of the chip.
    private static void LiesAsTheFormatSays(Geometry geometry)
    {
        int chip = geometry.ChipBytes;
        int set = geometry.SetSegments;
        Assert.AreEqual(set + (set + 1) / 2, geometry.Reserve);
        int segments = (chip - 200 - 20 * geometry.Clients + 16 * geometry.Reserve) / (geometry.SegmentBytes + 18);
        Assert.AreEqual(segments < 4096 ? segments : 4096, geometry.Segments);
        Assert.AreEqual(geometry.Segments - geometry.Reserve, geometry.Entries);
        Assert.AreEqual(0, Geometry.SuperblockAddress(chip, 0));
        Assert.AreEqual(64, Superblock.Bytes);
        Assert.AreEqual(64, Geometry.ClientsAddress);
        Assert.AreEqual(64 + 20 * geometry.Clients, geometry.FirstRecordAddress);
        Assert.AreEqual(geometry.FirstRecordAddress + 36, geometry.LinksAddress);
        Assert.AreEqual(geometry.LinksAddress + 2 * geometry.Segments, geometry.TracksAddress);
        Assert.AreEqual(geometry.TracksAddress + 16 * geometry.Entries, geometry.SegmentsAddress);
        Assert.AreEqual(chip - 100, geometry.SecondRecordAddress);
        Assert.AreEqual(chip - 64, Geometry.SuperblockAddress(chip, 1));
        Assert.IsTrue(geometry.SegmentsAddress + geometry.Segments * geometry.SegmentBytes <= geometry.SecondRecordAddress);
        Assert.IsTrue(geometry.FirstRecordAddress < chip / 2 && geometry.SecondRecordAddress > chip / 2);
    }
}
