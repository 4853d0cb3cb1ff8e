using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>G7: pages, FORMAT, REPAIR and HELLO that cannot be, and all of it mixed.</summary>
[TestClass]
[OnlyOnDotNet("works through all and random inputs: too much for an interpreter")]
public sealed class BadInputTests : BadInput
{
    [TestMethod]
    [DataRow(FrameType.List)]
    [DataRow(FrameType.Verify)]
    public void APageBehindTheEndIsEmpty(int type)
    {
        foreach (
            uint start in new uint[] { 46, 70, 71, 1000, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF })
        {
            Answer page = board.AskOne(type, start);
            Assert.AreEqual(
                (Status.Ok, 0xFFFFFFFF, Payload.PageAnswer.Entries), (page.Status, page.Argument, page.Payload.Length), $"{start:X}");
        }
    }

    [TestMethod]
    [DataRow("BLANK")]
    [DataRow("DAMAGED")]
    [DataRow("")]
    [DataRow("whatever")]
    public void FormatWithAWrongNameFormatsNothing(string name)
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.WrongName, board.Format(name).Status);
        AssertNothingChanged(before, "FORMAT");
    }

    [TestMethod]
    public void RepairWithAWrongNameRepairsNothing()
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.WrongName, board.Repair("DAMAGED\0"u8.ToArray())?.Status);
        AssertNothingChanged(before, "REPAIR");
    }

    [TestMethod]
    public void FormatWithTheIdOfNoStoreFormatsNothing()
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.BadRequest, board.Format(board.StoreId(), newId: 0).Status);
        AssertNothingChanged(before, "FORMAT");
    }

    [TestMethod]
    [DataRow(63, 2)]
    [DataRow(1, 2)]
    [DataRow(4133, 2)]
    [DataRow(65535, 2)]
    [DataRow(0, 1)]
    [DataRow(0, 65)]
    [DataRow(0, 65535)]
    [DataRow(1100, 64)] // the set is longer than 65,532 bytes
    [DataRow(4132, 2)] // fewer segments fit than twice the reserve
    [DataRow(1000, 4)]
    public void FormatWithImpossibleSizesFormatsNothing(int segmentBytes, int setSegments)
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.BadRequest, board.Format(board.StoreId(), segmentBytes: segmentBytes, setSegments: setSegments).Status);
        AssertNothingChanged(before, "FORMAT");
    }

    [TestMethod]
    [DataRow("MB85RS64V", 64, 16)]
    [DataRow("MB85RS64V", 64, 2)]
    [DataRow("MB85RS64V", 1000, 2)]
    [DataRow("MB85RS2MT", 4132, 15)]
    [DataRow("MB85RS2MT", 1024, 64)]
    [DataRow("CY15B108QI", 64, 2)]
    [DataRow("CY15B108QI", 100, 40)]
    public void TheLimitsThemselvesArePossible(string chip, int segmentBytes, int setSegments)
    {
        TestBoard other = TestBoard.Formatted(chip, segmentBytes: segmentBytes, setSegments: setSegments);
        byte[] longest = TrackModel.Data((int)other.Hello().U32(Payload.HelloAnswer.LongestTrackBytes), 3);
        Assert.HasCount((segmentBytes - 36) * setSegments, longest);
        for (uint number = 1; number < 4; number++)
            other.Write(number, new TrackItem(5, longest));
        CollectionAssert.AreEqual(longest, other.BootCopy().Read(5).Data);
    }

    [TestMethod]
    [DataRow(0u)]
    [DataRow(2u)]
    [DataRow(0x101u)]
    [DataRow(0x10001u)]
    [DataRow(0xFFFFFFFFu)]
    public void HelloOfAnotherProtocolTellsWhichIsSpokenAndBeginsNoSession(uint version)
    {
        uint key = board.Key;
        Answer answer = board.Hello(5, version);
        Assert.AreEqual((Status.WrongProtocol, 0u), (answer.Status, answer.Argument));
        Assert.AreEqual(Frame.ProtocolVersion, answer.U16(Payload.HelloAnswer.Protocol));
        Assert.HasCount(Payload.HelloAnswer.Bytes, answer.Payload);
        Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Info).Status, "the session goes on");
        Assert.AreEqual(key, board.Key);
    }

    private static IEnumerable<int> Seeds => Enumerable.Range(1, 8);

    [TestMethod]
    [DynamicData(nameof(Seeds))]
    public void NoMixOfGoodAndBadFramesChangesMoreThanItsWholeRequests(int seed)
    {
        // Breaks, for one, with the order of parts not checked, or a commit before all data are there. A seed repeats its run.
        BadInputMix mix = new(board, model, seed);
        for (int i = 0; i < 60; i++)
        {
            mix.Send(25);
            Assert.AreEqual(Status.Ok, board.Hello().Status, $"seed {seed}, round {i}");
            model.AssertHeldBy(board, $"seed {seed}, round {i}");
        }
        Assert.IsTrue(mix.Committed > 100, $"{mix.Committed} requests were committed: the mix tests too little");
        model.AssertHeldBy(board.BootCopy(), $"seed {seed}, after a restart");
        Assert.IsEmpty(board.Verify());
        Assert.AreEqual(0u, board.Stat(Counter.InternalErrors), $"seed {seed}");
        Assert.AreEqual(0u, board.Stat(Counter.ChipErrors), $"seed {seed}");
    }
}
