using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>G3: versions: which a request gets and expects, and what holds where they come round again.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class VersionTests : ExactlyOnce
{
    [TestMethod]
    public void EveryTrackOfARequestGetsTheSameNewVersion()
    {
        uint first = board.Write(1, new(1, [1]), new(2, [2]), new(3, []));
        uint second = board.Write(2, new(2, [5]), new(3, null));
        Assert.AreEqual((1u, 2u), (first, second));
        CollectionAssert.AreEquivalent(
            new (uint, uint)[] { (1, first), (2, second) }, board.List().Select(entry => (entry.Track, entry.Version)).ToArray());
        Assert.AreEqual((first, second), (board.Read(1).Version, board.Read(2).Version));
        Assert.AreEqual(second, board.Hello().U32(Payload.HelloAnswer.Version));
    }

    [TestMethod]
    public void VersionsRiseOverAllRestarts()
    {
        uint version = 0;
        for (uint number = 1; number < 30; number++)
        {
            uint next = board.Write(number, new TrackItem(number % 3, [1]));
            Assert.IsTrue(next > version);
            version = next;
            if (number % 3 == 0)
                board.Boot();
        }
    }

    [TestMethod]
    public void AnExpectedVersionThatIsNotTheActualOneIsRefusedWithIt()
    {
        // Breaks with the version not compared, or the answer without the actual one.
        board.Write(1, new TrackItem(1, [1]));
        board.Write(2, new TrackItem(1, [2]));
        foreach (uint expected in new uint[] { 0, 1, 3, 0xFFFFFFFF })
            AssertMismatch(2, new TrackItem(1, [3], expected));
        AssertMismatch(2, new TrackItem(1, null, Expected: 1));
        AssertMismatch(0, new TrackItem(5, [1], Expected: 1));
        AssertMismatch(0, new TrackItem(5, null, Expected: 1));
        uint version = board.Write(mismatches++, new TrackItem(1, [3], Expected: 2));
        board.Write(mismatches++, new TrackItem(1, null, Expected: version));
    }

    [TestMethod]
    public void ExpectedVersionZeroMeansThatThereMustBeNoSuchTrack()
    {
        uint version = board.Write(1, new TrackItem(1, [1], Expected: 0));
        AssertMismatch(version, new TrackItem(1, [1], Expected: 0));
        board.Write(mismatches++, new TrackItem(1, null));
        board.Write(mismatches++, new TrackItem(1, [1], Expected: 0));
    }

    [TestMethod]
    public void AMismatchInOneTrackRefusesTheWholeRequest()
    {
        board.Write(1, new(1, [1]), new(2, [1]));
        AssertMismatch(1, new(1, [2], Expected: 1), new(3, [2], Expected: 0), new(2, [2], Expected: 5));
        CollectionAssert.AreEqual(new byte[] { 1 }, board.Read(1).Data);
        Assert.AreEqual(Status.NotFound, board.Read(3).Status);
    }

    [TestMethod]
    public void TheVersionWrapsAndLeavesZeroOut()
    {
        // Breaks with 0 not left out, and with versions compared other than by their difference.
        RecordEdit.SetVersion(board, 0xFFFFFFF0);
        TrackModel model = new();
        uint version = Version();
        bool hasWrapped = false;
        for (uint number = 1; number < 40; number++)
        {
            TrackItem[] items = [new(number % 3, [(byte)number]), new(10, [(byte)number, 1])];
            uint next = board.WriteAs(number % 5 + 1, number, items);
            Assert.IsTrue(next != 0 && next - version is 1 or 2 or 3, $"{version:X} {next:X}");
            hasWrapped |= next < version;
            version = next;
            model.Apply(items);
            Assert.AreEqual(version, board.Read(10).Version);
            AssertLast(number % 5 + 1, number, version);
            if (number % 4 == 0)
                board.Boot();
            model.AssertHeldBy(board, $"{number}");
            Assert.IsEmpty(board.Verify());
        }
        Assert.IsTrue(hasWrapped);
        for (uint client = 1; client <= 5; client++)
            Assert.AreEqual(Status.Ok, board.Last(client).Status);
    }

    [TestMethod]
    public void ACutWhereTheVersionWrapsLosesNothing()
    {
        RecordEdit.SetVersion(board, 0xFFFFFFFB);
        uint number = 1;
        while (board.Write(number, new TrackItem(1, [1])) != 0xFFFFFFFF)
            number++;
        byte[] before = Rest(); // and leaves the board in the chain's middle: the next commit has version 1
        bool wasOld = false, wasNew = false;
        for (int bytes = 1; bytes < 150; bytes++)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Hello();
            board.Chip.CutAfterBits(8 * bytes);
            board.TryWrite(number + 1, [new(1, [2])]);
            board.Boot();
            byte found = board.Read(1).Data!.Single();
            Assert.AreEqual(
                found == 1 ? Status.Ok : Status.OldRequest, board.TryWrite(number + 1, [new(1, [2])])?.Status, $"cut after {bytes}");
            Assert.IsEmpty(board.Verify());
            wasOld |= found == 1;
            wasNew |= found == 2;
        }
        Assert.IsTrue(wasOld && wasNew);
    }

    [TestMethod]
    [DataRow(0u)]
    [DataRow(1u)]
    [DataRow(2u)]
    [DataRow(3u)]
    [DataRow(0x40000000u)]
    [DataRow(0x7FFFFFFFu)]
    [DataRow(0x80000000u)]
    [DataRow(0x80000001u)]
    [DataRow(0xC0000000u)]
    public void ATrackAndAClientOfAnyAgeDoNotDisturbACommit(uint ahead)
    {
        // Finding 10: a track untouched for 2^32 - 1 commits looked like proof of a lost record, so a commit was not rolled forward.
        uint old = board.WriteAs(7, 1, new TrackItem(1, [1]));
        board.WriteAs(8, 1, new TrackItem(2, [1]));
        Rest();
        RecordEdit.SetVersion(board, old - ahead, lap: 5);
        board.Write(1, new TrackItem(3, [1]));
        byte[] before = Rest();
        bool wasOld = false, wasNew = false;
        for (int bytes = 1; bytes < 150; bytes += 3)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Hello();
            board.Chip.CutAfterBits(8 * bytes);
            bool isOk = board.TryWrite(2, [new(3, [2])])?.Status == Status.Ok;
            board.Boot();
            byte found = board.Read(3).Data!.Single();
            Assert.IsTrue(found == 2 || !isOk, $"cut after {bytes}: acknowledged and lost");
            CollectionAssert.AreEqual(new byte[] { 1 }, board.Read(1).Data);
            Assert.AreEqual(0, board.Info().Payload[Payload.InfoAnswer.Findings] & RecoveryFindings.RecordLost, $"cut after {bytes}");
            Assert.IsEmpty(board.Verify());
            wasOld |= found == 1;
            wasNew |= found == 2;
        }
        Assert.IsTrue(wasOld && wasNew);
    }

    [TestMethod]
    public void AStoreWithBothRecordsLostGoesOnBehindItsNewestTrackAlsoBeyondHalfTheNumbers()
    {
        RecordEdit.SetVersion(board, 0x90000000);
        uint version = 0;
        for (uint number = 1; number < 5; number++)
            version = board.Write(number, new TrackItem(number, [1]));
        Rest();
        board.Chip.Fill(RecordEdit.Address(board.Chip, 0), 36, 0xAA);
        board.Chip.Fill(RecordEdit.Address(board.Chip, 1), 36, 0xAA);
        board.Boot();
        uint next = board.WriteAs(9, 5, new TrackItem(5, [1]));
        Assert.IsTrue(next - version is > 0 and < 100, $"{version:X} {next:X}");
    }
}
