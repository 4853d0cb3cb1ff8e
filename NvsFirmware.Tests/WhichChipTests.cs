using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;
using static NvsFirmware.Tests.ChipStates;

namespace NvsFirmware.Tests;

/// <summary>G5: which chip it is, by what it says or what it is called; what is no chip that is known is not touched.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class WhichChipTests
{
    public static IEnumerable<object[]> Parts => SimPart.All.Select(part => new object[] { part.Name });

    public static IEnumerable<object[]> PartsWithId =>
        SimPart.All.Where(part => part.Rdid.Length > 0).Select(part => new object[] { part.Name });

    [TestMethod]
    [DataRow((byte)0xFF)]
    [DataRow((byte)0x00)]
    public void WithoutAChipEveryRequestIsAnsweredNoChip(byte idle)
    {
        TestBoard board = new();
        board.Chip.IdleByte = idle;
        board.Chip.IsAbsent = true;
        board.Boot();
        Assert.AreEqual(Status.NoChip, board.State);
        Assert.AreEqual((byte)Status.NoChip, board.Hello().Payload[Payload.HelloAnswer.State]);
        AssertRefusesAll(board, Status.NoChip);
        Assert.AreEqual(Status.NoChip, board.Format("BLANK").Status);
    }

    [TestMethod]
    [DataRow((byte)0xFF)]
    [DataRow((byte)0x00)]
    public void AChipThatIsNamedAndNotThereIsNoChip(byte idle)
    {
        // Breaks with a name believed without a chip that answers.
        TestBoard board = new(settings: new BoardSettings { ChipName = "MB85RS64V" });
        board.Chip.IdleByte = idle;
        board.Chip.IsAbsent = true;
        board.Boot();
        Assert.AreEqual(Status.NoChip, board.State);
    }

    [TestMethod]
    public void AChipThatAppearsLaterIsFoundWithinASecond()
    {
        TestBoard board = WithTracks();
        board.Chip.IsAbsent = true;
        board.Boot();
        board.Idle(5000);
        Assert.AreEqual(Status.NoChip, board.State);
        board.Chip.IsAbsent = false;
        board.Idle(1100);
        AssertHolds(board, item);
    }

    [TestMethod]
    public void AnUnknownChipIsRefused()
    {
        TestBoard board = WithTracks();
        board.Chip.Rdid = [1, 2, 3, 4, 5, 6, 7, 8, 9];
        byte[] before = board.Chip.Storage.ToArray();
        board.Boot();
        AssertRefusesAll(board, Status.UnknownChip);
        Assert.AreEqual(Status.UnknownChip, board.Format("BLANK").Status);
        CollectionAssert.AreEqual(before, board.Chip.Storage.ToArray());
    }

    [TestMethod]
    public void ANameThatTheChipTableDoesNotHaveIsAnUnknownChip()
    {
        TestBoard board = new(settings: new BoardSettings { ChipName = "MB85RS64" });
        board.Boot();
        Assert.AreEqual(Status.UnknownChip, board.State);
    }

    [TestMethod]
    public void ANameOverridesWhatTheChipSays()
    {
        FramModel chip = new(SimPart.Find("MB85RS256TY"));
        foreach (byte[] answer in new byte[][] { [], [1, 2, 3, 4], SimPart.Find("FM25V02A").Rdid })
        {
            chip.Rdid = answer;
            TestBoard board = new(chip, new BoardSettings { ChipName = "MB85RS256TY" });
            chip.Memory.Clear();
            board.Boot();
            Assert.AreEqual(Status.Ok, board.Format("BLANK").Status);
            Assert.AreEqual(32 * 1024, (int)board.Hello().U32(Payload.HelloAnswer.ChipBytes));
            board.Write(1, item);
            board.Boot();
            AssertHolds(board, item);
        }
    }

    [TestMethod]
    [DataRow("MB85RS64V", "MB85RS256TY", Status.UnknownChip)]
    [DataRow("MB85RS64V", "FM25V05", Status.UnknownChip)]
    [DataRow("FM25V05", "FM25V10", Status.UnknownChip)]
    [DataRow("MB85RS1MT", "MB85RS2MT", Status.UnknownChip)]
    [DataRow("MB85RS1MT", "CY15B108QI", Status.UnknownChip)]
    [DataRow("MB85RS1MT", "FM25V05", Status.UnknownChip)] // bigger, but with longer addresses: what is written is not read back
    public void ABlankChipSmallerThanItsNameIsNotFormatted(string real, string name, Status expected)
    {
        // Breaks with FORMAT not looking for the new superblock at smaller powers of two.
        TestBoard board = new(real, new BoardSettings { ChipName = name });
        board.Chip.Rdid = [];
        board.Boot();
        Assert.AreEqual(expected, board.Format("BLANK").Status);
        Assert.AreNotEqual(Status.Ok, board.State);
        board.Boot();
        Assert.AreNotEqual(Status.Ok, board.State);
    }

    [TestMethod]
    [DataRow("MB85RS64V", "MB85RS256TY")]
    [DataRow("MB85RS1MT", "MB85RS2MT")]
    [DataRow("MB85RS1MT", "CY15B108QI")]
    public void AStoreOnAChipSmallerThanItsNameIsServedAndNotDestroyedByFormat(string real, string name)
    {
        // Breaks with FORMAT looking only after it gave the old store up.
        TestBoard right = WithTracks(real, new BoardSettings { ChipName = real });
        right.Chip.Rdid = [];
        TestBoard board = new(right.Chip, new BoardSettings { ChipName = name });
        board.Boot();
        AssertHolds(board, item);
        Assert.AreEqual(Status.UnknownChip, board.Format(board.StoreId()).Status);
        board.Boot();
        AssertHolds(board, item);
        right.Boot();
        AssertHolds(right, item);
    }

    [TestMethod]
    [DataRow("MB85RS64V", "MB85RS256TY")]
    [DataRow("FM25V05", "MB85RS2MT")]
    [DataRow("MB85RS2MT", "FM25V05")]
    [DataRow("MB85RS1MT", "CY15B108QI")]
    public void AChipThatContradictsItsNameIsRefusedAndNotTouched(string real, string name)
    {
        // Breaks with name and RDID not compared: with other address bytes the store looks blank.
        TestBoard right = WithTracks(real);
        byte[] before = right.Chip.Storage.ToArray();
        TestBoard board = new(right.Chip, new BoardSettings { ChipName = name, FormatBlank = true, NewStoreId = newId });
        board.Boot();
        board.Idle(3000);
        AssertRefusesAll(board, Status.UnknownChip);
        Assert.AreEqual(Status.UnknownChip, board.Format("BLANK").Status);
        CollectionAssert.AreEqual(before, right.Chip.Storage.ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(Parts))]
    public void EveryPartIsFormattedWrittenAndReadAfterARestart(string part)
    {
        // A part without RDID has to be named.
        TestBoard board = new(part, new BoardSettings { ChipName = SimPart.Find(part).Rdid.Length > 0 ? "" : part });
        board.Boot();
        Assert.AreEqual(Status.Blank, board.State);
        Assert.AreEqual(Status.Ok, board.Format("BLANK").Status);
        Assert.AreEqual(SimPart.Find(part).Bytes, (int)board.Hello().U32(Payload.HelloAnswer.ChipBytes));
        StringAssert.StartsWith(
            Encoding.ASCII.GetString(board.Hello().Payload, Payload.HelloAnswer.ChipName, Payload.HelloAnswer.NameBytes)
                .TrimEnd('\0'), part);
        byte[] longest = TrackModel.Data((int)board.Hello().U32(Payload.HelloAnswer.LongestTrackBytes), 4);
        uint request = 1;
        // Enough that every segment, up to the chip's end, was used.
        for (int written = 0; written < 3 * board.Chip.Part.Bytes; written += longest.Length)
            board.Write(request++, new TrackItem(3, longest));
        board.Write(request, item, other);
        board.Boot();
        AssertHolds(board, item, other, new(3, longest));
    }

    [TestMethod]
    [DynamicData(nameof(PartsWithId))]
    public void APartThatSendsItsIdReversedIsKnown(string part)
    {
        TestBoard board = new(part);
        board.Chip.Rdid = [.. board.Chip.Rdid.Reverse()];
        board.Boot();
        Assert.AreEqual(Status.Blank, board.State);
        Assert.AreEqual(SimPart.Find(part).Bytes, (int)board.Hello().U32(Payload.HelloAnswer.ChipBytes));
    }
}
