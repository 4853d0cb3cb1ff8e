using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class VtbRecordTests
{
    private const int At = 3;

    [TestMethod]
    public void ComesBack()
    {
        byte[] buffer = new byte[128];
        short[] set = { 3, 4, 5, 9 };
        int length = Sample().Put(buffer, At, set, 4);
        // 21 bytes in front, two tracks of 8, the runs 3 to 5 and 9 of 2, CRC-32.
        Assert.AreEqual(21 + 16 + 4 + 4, length);

        VtbRecord record = new VtbRecord(8);
        short[] found = new short[8];
        Assert.AreEqual(4, record.Parse(buffer, At, Sizes(), found));
        for (int i = 0; i < 4; i++)
            Assert.AreEqual((int)set[i], (int)found[i]);
        Assert.AreEqual(-7, record.Sequence);
        Assert.AreEqual(int.MinValue, record.Client);
        Assert.AreEqual(12, record.Request);
        Assert.AreEqual(0xFFFFFF, record.Sum0);
        Assert.AreEqual(0x810203, record.Sum1);
        Assert.AreEqual(1, record.Flag);
        Assert.AreEqual(94, record.NextFirst);
        Assert.AreEqual(2, record.TrackCount);
        Assert.AreEqual(86, record.Slot(0));
        Assert.AreEqual(-1, record.Track(0));
        Assert.AreEqual(100, record.Length(0));
        Assert.AreEqual(5, record.Slot(1));
        Assert.AreEqual(8, record.Track(1));
        Assert.IsFalse(record.IsRelease(1));
    }

    [TestMethod]
    public void AReleaseNeedsNoSegments()
    {
        byte[] buffer = new byte[128];
        VtbRecord record = new VtbRecord(8);
        record.Add(2, 77, VtbRecord.Released);
        record.Put(buffer, At, new short[8], 0);
        VtbRecord parsed = new VtbRecord(8);
        Assert.AreEqual(0, parsed.Parse(buffer, At, Sizes(), new short[8]));
        Assert.AreEqual(1, parsed.TrackCount);
        Assert.IsTrue(parsed.IsRelease(0));
    }

    // More than 16 neighbours take two runs; all segments apart take one each: no record may be longer than its room.
    [TestMethod]
    public void LongRunsAndNone()
    {
        Geometry geometry = new Geometry(0x8000, 32, 32);
        short[] set = new short[32];
        short[] found = new short[32];
        byte[] buffer = new byte[512];
        for (int step = 1; step <= 2; step++)
        {
            VtbRecord record = new VtbRecord(32);
            for (int i = 0; i < 32; i++)
            {
                set[i] = (short)(40 + i * step);
                record.Add(i, i, 10);
            }
            int length = record.Put(buffer, At, set, 32);
            Assert.AreEqual(21 + 32 * 8 + (step == 1 ? 2 : 32) * 2 + 4, length);
            Assert.IsTrue(length <= geometry.RecordBytes);
            Assert.AreEqual(32, record.Parse(buffer, At, geometry, found));
            for (int i = 0; i < 32; i++)
                Assert.AreEqual((int)set[i], (int)found[i]);
        }
    }

    [TestMethod]
    public void AnyChangedByteIsFound()
    {
        byte[] buffer = new byte[512];
        short[] set = { 3, 4, 5, 9 };
        int length = Sample().Put(buffer, At, set, 4);
        Geometry geometry = Sizes();
        VtbRecord record = new VtbRecord(8);
        short[] found = new short[8];
        for (int i = 0; i < length; i++)
            for (int change = 1; change < 256; change += 127)
            {
                buffer[At + i] ^= (byte)change;
                Assert.AreEqual(-1, record.Parse(buffer, At, geometry, found), "byte " + i.ToString());
                buffer[At + i] ^= (byte)change;
            }
        Assert.AreEqual(4, record.Parse(buffer, At, geometry, found));
    }

    [TestMethod]
    public void WithoutItsLastByteItIsNoRecord()
    {
        byte[] buffer = new byte[512];
        short[] set = { 3, 4, 5, 9 };
        int length = Sample().Put(buffer, At, set, 4);
        buffer[At + length - 1] = 0;
        Assert.AreEqual(-1, new VtbRecord(8).Parse(buffer, At, Sizes(), new short[8]));
    }

    [TestMethod]
    [DataRow(0x00)]
    [DataRow(0xFF)]
    [DataRow(0x5A)]
    public void FilledMemoryIsNone(int level)
    {
        byte[] buffer = new byte[512];
        for (int i = 0; i < buffer.Length; i++)
            buffer[i] = (byte)level;
        Assert.AreEqual(-1, new VtbRecord(8).Parse(buffer, At, Sizes(), new short[8]));
    }

    // Whole records, their CRC-32 right, that this store cannot have: another geometry's, or a wrong firmware's.
    [TestMethod]
    [DataRow(87, 100, 3, 0)] // an entry behind the table
    [DataRow(0, 8 * 64, 3, 0)] // a track longer than a set
    [DataRow(0, 100, 95, 0)] // a segment behind the last
    [DataRow(0, 100, 94, 0)] // a run that goes on behind the last
    [DataRow(0, 100, 3, 95)] // the next set begins behind the last
    public void ImpossibleRecordsAreRefused(int slot, int length, int first, int nextFirst)
    {
        byte[] buffer = new byte[512];
        VtbRecord record = new VtbRecord(8);
        record.Add(slot, 1, length);
        record.NextFirst = nextFirst;
        Geometry geometry = Sizes();
        int count = geometry.SegmentsFor(length);
        short[] set = new short[16];
        for (int i = 0; i < count; i++)
            set[i] = (short)(first + i);
        record.Put(buffer, At, set, count);
        Assert.AreEqual(-1, new VtbRecord(8).Parse(buffer, At, geometry, new short[8]));
    }

    [TestMethod]
    public void MoreTracksThanASetHasSegmentsAreRefused()
    {
        byte[] buffer = new byte[512];
        VtbRecord record = new VtbRecord(9);
        for (int i = 0; i < 9; i++)
            record.Add(i, i, VtbRecord.Released);
        record.Put(buffer, At, new short[8], 0);
        Assert.AreEqual(-1, new VtbRecord(8).Parse(buffer, At, Sizes(), new short[8]));
    }

    // 95 segments, 87 entries.
    private static Geometry Sizes() => new Geometry(0x2000, 64, 8);

    private static VtbRecord Sample()
    {
        VtbRecord record = new VtbRecord(8)
        {
            Sequence = -7,
            Client = int.MinValue,
            Request = 12,
            Sum0 = 0xFFFFFF,
            Sum1 = 0x810203,
            Flag = 1,
            NextFirst = 94,
        };
        record.Add(86, -1, 100);
        record.Add(5, 8, 120);
        return record;
    }
}
