using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>One layout for wire and medium: a frame's payload stands where the block has the same fields.</summary>
[TestClass]
public class BlockTests
{
    // What docs/format.md says, as numbers: the layout of a store that exists must not change with a constant.
    [TestMethod]
    public void FieldsAreThoseOfTheFormat()
    {
        Assert.AreEqual(0, Block.NumberAt);
        Assert.AreEqual(4, Block.VersionAt);
        Assert.AreEqual(8, Block.EntryAt);
        Assert.AreEqual(10, Block.NextAt);
        Assert.AreEqual(12, Block.ReplacedAt);
        Assert.AreEqual(16, Block.ClientAt);
        Assert.AreEqual(20, Block.FingerprintAt);
        Assert.AreEqual(24, Block.TrackAt);
        Assert.AreEqual(28, Block.LengthAt);
        Assert.AreEqual(30, Block.CountAt);
        Assert.AreEqual(32, Block.DataAt);
        Assert.AreEqual(36, Block.OverheadBytes);
    }

    [TestMethod]
    public void TheBitsOfANextWordAreApart()
    {
        int[] bits = { Block.SegmentMask, Block.FirstOfRow, Block.Passing, Block.LastOfRow, Block.SetB };
        int all = 0;
        for (int i = 0; i < bits.Length; i++)
        {
            Assert.AreEqual(0, all & bits[i], "bits " + i.ToString());
            all |= bits[i];
        }
        Assert.AreEqual(0xFFFF, all);
        Assert.AreEqual(0xFFFF, Block.EntryMask | 0xF << Block.LapShift);
    }

    [TestMethod]
    public void AWriteFramesPayloadIsTheBlocksEnd()
    {
        Assert.AreEqual(Frame.HeaderBytes, Block.InFrame + Block.ClientAt);
        Assert.AreEqual(Frame.NumberAt, Block.InFrame + Block.NumberAt);
        Assert.AreEqual(16, Block.PayloadHeadBytes);
        // The CRC-32 behind the data is the payload's in the frame and the block's on the medium.
        Assert.AreEqual(Block.InFrame + Block.OverheadBytes, Frame.TotalBytes(Block.PayloadHeadBytes));
    }
}
