using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class GeometryTests
{
    [TestMethod]
    [DataRow(0x2000)]
    [DataRow(0x8000)]
    [DataRow(0x10000)]
    [DataRow(0x20000)]
    [DataRow(0x40000)]
    [DataRow(0x80000)]
    [DataRow(0x100000)]
    public void DefaultsArePossibleForEveryChip(int chipBytes)
    {
        Geometry geometry = new Geometry(chipBytes, 0, 0);
        Assert.IsTrue(geometry.IsPossible);
        DoesNotOverlap(geometry);
        // At least half of the chip is for data, and no more than twelve bits number a segment.
        Assert.IsTrue(geometry.Segments * geometry.SegmentBytes > chipBytes / 2);
        Assert.IsTrue(geometry.Segments <= Geometry.MostSegments);
    }

    [TestMethod]
    [DataRow(0x2000, 32, 1)]
    [DataRow(0x2000, 64, 8)]
    [DataRow(0x8000, 4096, 2)]
    [DataRow(0x40000, 32, 64)]
    [DataRow(0x100000, 1024, 64)]
    public void OtherSizesDoNotOverlap(int chipBytes, int segmentBytes, int setSegments)
    {
        Geometry geometry = new Geometry(chipBytes, segmentBytes, setSegments);
        Assert.IsTrue(geometry.IsPossible);
        Assert.AreEqual(segmentBytes, geometry.SegmentBytes);
        Assert.AreEqual(setSegments, geometry.SetSegments);
        DoesNotOverlap(geometry);
    }

    [TestMethod]
    [DataRow(0x40000, 31, 8)] // segment too small
    [DataRow(0x40000, 4097, 8)] // segment too large
    [DataRow(0x40000, 64, 65)] // set too large
    [DataRow(0x40000, 4096, 17)] // set longer than a track's length can tell
    [DataRow(0x2000, 512, 8)] // fewer than two sets
    [DataRow(0x2000, 64, -1)]
    [DataRow(0x40000, -64, 8)]
    public void ImpossibleSizesAreKnown(int chipBytes, int segmentBytes, int setSegments) =>
        Assert.IsFalse(new Geometry(chipBytes, segmentBytes, setSegments).IsPossible);

    [TestMethod]
    public void ATrackTakesItsCrcAlong()
    {
        Geometry geometry = new Geometry(0x2000, 64, 4);
        Assert.AreEqual(1, geometry.SegmentsFor(0));
        Assert.AreEqual(1, geometry.SegmentsFor(60));
        Assert.AreEqual(2, geometry.SegmentsFor(61));
        Assert.AreEqual(4, geometry.SegmentsFor(geometry.LongestTrackBytes));
        Assert.AreEqual(5, geometry.SegmentsFor(geometry.LongestTrackBytes + 1));
    }

    // Each area ends where the next begins, or before; none of a pair of copies lies in the same half of the chip.
    private static void DoesNotOverlap(Geometry geometry)
    {
        int chip = geometry.ChipBytes;
        Assert.AreEqual(0, Geometry.SuperblockAddress(chip, 0));
        Assert.IsTrue(Superblock.Bytes <= Geometry.BootCountersAddress);
        Assert.IsTrue(Geometry.BootCountersAddress + BootCounter.Bytes <= Geometry.ClientTableAddress);
        Assert.IsTrue(Geometry.ClientTableAddress + ClientTable.Bytes <= geometry.RecordAddress(0));
        Assert.IsTrue(geometry.RecordAddress(0) + geometry.RecordBytes <= geometry.LinkAddress(0));
        Assert.IsTrue(geometry.LinkAddress(geometry.Segments) <= geometry.TrackEntryAddress(0));
        Assert.IsTrue(geometry.TrackEntryAddress(geometry.TrackSlots) <= geometry.SegmentAddress(0));
        Assert.IsTrue(geometry.SegmentAddress(geometry.Segments) <= geometry.RecordAddress(1));
        Assert.IsTrue(geometry.RecordAddress(1) + geometry.RecordBytes <= Geometry.SuperblockAddress(chip, 1));
        Assert.AreEqual(chip, Geometry.SuperblockAddress(chip, 1) + Superblock.Bytes);
        Assert.IsTrue(geometry.RecordAddress(1) > chip / 2 && geometry.RecordAddress(0) < chip / 2);
        Assert.IsTrue(geometry.TrackSlots >= geometry.SetSegments);
    }
}
