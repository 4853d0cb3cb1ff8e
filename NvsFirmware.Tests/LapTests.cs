using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// What comes round again is never taken for the present one: versions around every wrap, tracks untouched for a whole lap, blocks of a lap
/// before, of another store, of another request and of another place. The media are made by hand, because no test can wait for four
/// thousand million commits.
/// </summary>
/// <remarks>
/// Broken by: a block's lap, mark, place, version, client or request number not compared; a row taken over without its end; a later version
/// in the track table taken for a lost record while the sums match; ages that turn negative.
/// </remarks>
[TestClass]
[OnlyOnDotNet("makes media by hand")]
public sealed class LapTests
{
    /// <summary>How far the record is behind, or ahead of, the versions in the tables.</summary>
    public static IEnumerable<object[]> Distances =>
        new[] { 1u, 2u, 16u, 17u, 1u << 30, (1u << 30) + 1, (1u << 31) - 1, 1u << 31, (1u << 31) + 1, uint.MaxValue - 17,
            uint.MaxValue - 1 }.Select(distance => new object[] { distance });

    // A track last written so many commits ago that its version seems to be of a commit to come.
    [TestMethod]
    [DynamicData(nameof(Distances))]
    public void ATrackUntouchedForALapIsNoProofOfALostRecord(uint distance)
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = Scenarios.SomeTracks();
        Medium medium = Medium.Read(board.Chip.Memory);
        uint version = unchecked(medium.Version + distance);
        MediumCraft.SetVersion(board.Chip.Memory, version == 0 ? 1 : version, 5);
        board.Recover();
        CheckHolds(board, tracks, $"{distance} commits later");

        // What a row replaced is as old, and only the row tells that it was replaced.
        TestBoard unkept = board.BootCopy();
        unkept.Rest();
        Dictionary<uint, byte[]> after = new(tracks) { [2] = [9, 2] };
        Scenarios.LoseBookkeeping(unkept, 70, new TrackItem(2, after[2]));
        unkept.Recover();
        CheckHolds(unkept, after, $"{distance} commits later, a row without its bookkeeping");

        // It goes on: with a commit that only the chain tells, and with the record of it.
        for (uint number = 1; number < 20; number++)
        {
            tracks[2] = [(byte)number, 2, 3];
            board.WriteAs(9, number, new TrackItem(2, tracks[2]));
            TestBoard cut = board.BootCopy();
            cut.Rest();
            CheckHolds(cut, tracks, $"{distance} commits later, and {number}");
            Assert.AreEqual(number, cut.LastOf(9)?.Number, $"{distance} commits later: LAST");
        }
    }

    // The control: this very block, put back, is a commit. So what keeps the others from it is what they differ in.
    [TestMethod]
    public void ABlockThatIsTheNextCommitIsOne() => Assert.AreEqual(1, Leave((_, _) => { }));

    [TestMethod]
    [DataRow(1)]
    [DataRow(8)]
    [DataRow(15)]
    public void ABlockOfALapBeforeIsNone(int laps) =>
        Assert.AreEqual(0, Leave((block, _) => block[9] = (byte)((block[9] + (16 - laps) * 16) & 0xFF)));

    [TestMethod]
    [DataRow(-2)]
    [DataRow(-1)]
    [DataRow(1)]
    [DataRow(int.MinValue)]
    public void ABlockOfAnotherVersionIsNone(int difference) =>
        Assert.AreEqual(
            0, Leave((block, _) => BitConverter.TryWriteBytes(block.AsSpan(4), BitConverter.ToUInt32(block, 4) + (uint)difference)));

    [TestMethod]
    public void ABlockOfTheOtherSetIsNone() => Assert.AreEqual(0, Leave((block, _) => block[11] ^= 0x80));

    [TestMethod]
    public void ABlockThatDoesNotBeginARowIsNone() => Assert.AreEqual(0, Leave((block, _) => block[11] ^= 0x10));

    [TestMethod]
    public void ABlockWithoutAnEndOfItsRowIsNone() => Assert.AreEqual(0, Leave((block, _) => block[11] ^= 0xC0));

    [TestMethod]
    public void ABlockOfAnEntryThatDoesNotExistIsNone() =>
        Assert.AreEqual(0, Leave((block, _) => (block[8], block[9]) = (0xFF, (byte)(block[9] | 0x0F))));

    [TestMethod]
    public void ABlockOfALengthThatCannotBeIsNone() => Assert.AreEqual(0, Leave((block, _) => (block[28], block[29]) = (0xFE, 0xFF)));

    [TestMethod]
    public void ABlockOfAnotherStoreIsNone() => Assert.AreEqual(0, Leave((_, mark) => mark[0] ^= 1));

    [TestMethod]
    public void ABlockOfAnotherPlaceIsNone() => Assert.AreEqual(0, Leave((_, mark) => mark[1] ^= 1));

    [TestMethod]
    public void ARowThatIsTheNextCommitIsOne() => Assert.IsTrue(LeaveRow(_ => { }));

    // What an interrupted request leaves may have the version of the one after it.
    [TestMethod]
    [DataRow(0, DisplayName = "number")]
    [DataRow(16, DisplayName = "client")]
    [DataRow(4, DisplayName = "version")]
    public void ABlockOfAnotherRequestDoesNotEndARow(int at) => Assert.IsFalse(LeaveRow(block => block[at] ^= 1));

    [TestMethod]
    public void ABlockThatBeginsARowDoesNotEndOne() => Assert.IsFalse(LeaveRow(block => block[11] ^= 0x10));

    [TestMethod]
    public void ABlockOfTheOtherSetDoesNotEndARow() => Assert.IsFalse(LeaveRow(block => block[11] ^= 0x80));

    [TestMethod]
    public void ARowWithoutALastBlockIsNone() => Assert.IsFalse(LeaveRow(block => block[11] ^= 0xC0));

    [TestMethod]
    public void ARowWhoseTrackLacksDataIsNone() => Assert.IsFalse(LeaveRow(block => block[28]++));

    // Both records from a lap before: which one is current is told by the difference, through the wrap.
    [TestMethod]
    public void BootsCountThroughTheWrap()
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = Scenarios.SomeTracks();
        MediumCraft.SetVersion(board.Chip.Memory, uint.MaxValue - 3, 15);
        for (int boot = 0; boot < 10; boot++)
        {
            board.Recover();
            CheckHolds(board, tracks, $"boot {boot}");
        }
        Medium medium = Medium.Read(board.Chip.Memory);
        Assert.AreEqual((7u, 0), (medium.Version, medium.Current!.Lap));
    }

    // A record, an old block changed and put where the next commit begins; how many commits recovery finds.
    private static int Leave(Action<byte[], byte[]> change)
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = Scenarios.SomeTracks();
        board.Recover();
        byte[] storage = board.Chip.Storage.ToArray();
        Medium before = Medium.Read(board.Chip.Memory);
        board.Write(50, new TrackItem(1, [7, 8, 9]));
        Medium after = Medium.Read(board.Chip.Memory);
        MediumBlock block = after.Rows.Single().Blocks.Single();
        int at = after.Layout.SegmentAt(block.Segment);
        byte[] bytes = board.Chip.Memory.Slice(at, block.SegmentCount * after.Layout.SegmentBytes).ToArray();
        byte[] whose = [0, 0];
        change(bytes, whose);
        storage.CopyTo(board.Chip.Storage);
        bytes.CopyTo(board.Chip.Memory[at..]);
        MediumCraft.SealBlock(board.Chip.Memory, before, block.Segment);
        int crcAt = at + MediumLayout.BlockHeadBytes + block.Count;
        board.Chip.Memory[crcAt] ^= (byte)(whose[0] * 0x5A ^ whose[1] * 3);
        board.Recover();
        bool isTaken = board.Read(1).Data is [7, 8, 9];
        if (isTaken)
            tracks[1] = [7, 8, 9];
        CheckHolds(board, tracks, "a block left behind");
        return isTaken ? 1 : 0;
    }

    // A record, and the two blocks of a request behind it, the second one changed; whether recovery takes them for a commit.
    private static bool LeaveRow(Action<byte[]> change)
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = Scenarios.SomeTracks();
        board.Recover();
        byte[] storage = board.Chip.Storage.ToArray();
        Medium before = Medium.Read(board.Chip.Memory);
        board.Write(50, new(1, [7, 8, 9]), new(2, [10, 11]));
        byte[] after = board.Chip.Memory.ToArray();
        MediumBlock[] blocks = [.. Medium.Read(after).Rows.Single().Blocks];
        Assert.HasCount(2, blocks);
        storage.CopyTo(board.Chip.Storage);
        foreach (MediumBlock block in blocks)
        {
            int at = before.Layout.SegmentAt(block.Segment);
            byte[] bytes = after[at..(at + before.Layout.SegmentBytes)];
            if (block.IsLast)
                change(bytes);
            bytes.CopyTo(board.Chip.Memory[at..]);
            MediumCraft.SealBlock(board.Chip.Memory, before, block.Segment);
        }
        board.Recover();
        bool isTaken = board.Read(1).Data is [7, 8, 9];
        if (isTaken)
            (tracks[1], tracks[2]) = ([7, 8, 9], [10, 11]);
        CheckHolds(board, tracks, "a row left behind");
        return isTaken;
    }

    private static void CheckHolds(TestBoard board, Dictionary<uint, byte[]> tracks, string where)
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        int findings = board.Info().Payload[Payload.InfoAnswer.Findings];
        Assert.AreEqual(0, findings & (RecoveryFindings.RecordLost | RecoveryFindings.TracksDamaged), $"{where}: findings");
        Assert.HasCount(tracks.Count, board.List(), where);
        foreach ((uint track, byte[] data) in tracks)
            Assert.IsTrue(data.AsSpan().SequenceEqual(board.Read(track).Data), $"{where}: track {track}");
        Assert.IsEmpty(board.Verify(), $"{where}: VERIFY");
    }
}
