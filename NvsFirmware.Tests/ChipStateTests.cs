using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>G5: no chip, unknown chip, blank, damaged, newer and ready are told apart, and nothing is formatted unasked.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ChipStateTests
{
    private const int SuperblockBytes = 64;

    private static readonly byte[] newId = [9, 8, 7, 6, 5, 4, 3, 2];
    private static readonly TrackItem item = new(1, TrackModel.Data(100, 1));
    private static readonly TrackItem other = new(2, TrackModel.Data(100, 2));

    public static IEnumerable<object[]> Parts => SimPart.All.Select(part => new object[] { part.Name });

    public static IEnumerable<object[]> PartsWithId => SimPart.All.Where(part => part.Rdid.Length > 0).Select(part => new object[] { part.Name });

    // Which chip

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
            Encoding.ASCII.GetString(board.Hello().Payload, Payload.HelloAnswer.ChipName, Payload.HelloAnswer.NameBytes).TrimEnd('\0'), part);
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

    // Power-up, sleep, chip lost

    [TestMethod]
    [DataRow(250, "")]
    [DataRow(5000, "")]
    [DataRow(15000, "")]
    [DataRow(5000, "MB85RS2MT")]
    [DataRow(15000, "MB85RS2MT")]
    public void AChipThatIsSlowAtPowerUpIsWaitedFor(int powerUpUs, string name)
    {
        TestBoard board = WithTracks("MB85RS2MT", new BoardSettings { ChipName = name });
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.PowerUpUs = powerUpUs;
        board.Boot();
        AssertHolds(board, item);
    }

    [TestMethod]
    public void AChipThatIsVerySlowAtPowerUpIsFoundLater()
    {
        TestBoard board = WithTracks();
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.PowerUpUs = 800_000;
        board.Boot();
        Assert.AreEqual(Status.NoChip, board.State);
        board.Idle(1500);
        AssertHolds(board, item);
    }

    [TestMethod]
    public void AChipLeftAsleepIsWokenAtBoot()
    {
        TestBoard board = WithTracks("MB85RS2MT");
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.WakeUs = 450;
        board.Chip.Write([Opcode.Sleep], 0, 1);
        Firmware restarted = new(board.Chip, board.Uart, board.Clock, board.Settings); // the board restarts, the chip keeps its power
        restarted.Boot();
        Assert.AreEqual(Status.Ok, restarted.State);
    }

    [TestMethod]
    public void ASilentLineSendsTheChipToSleepAndTheNextRequestWakesIt()
    {
        TestBoard board = WithTracks("MB85RS2MT", new BoardSettings { SleepAfterMs = 5000, CacheBlocks = 0 });
        board.Chip.NowUs = () => board.Clock.NowMs * 1000;
        board.Chip.WakeUs = 450;
        board.Idle(4000);
        Assert.AreEqual(0, board.Chip.Count(Opcode.Sleep));
        board.Idle(1500);
        Assert.AreEqual(1, board.Chip.Count(Opcode.Sleep));
        long transactions = board.Chip.Transactions;
        board.Idle(20000);
        Assert.AreEqual(transactions, board.Chip.Transactions, "a sleeping chip is left alone");
        AssertHolds(board, item);
        board.Idle(6000);
        board.Write(50, other);
        AssertHolds(board, item, other);
        AssertHolds(board.BootCopy(), item, other);
    }

    [TestMethod]
    [DataRow("MB85RS64V")] // has no sleep
    [DataRow("MB85RS2MT")]
    public void AChipThatVanishesWhileItMaySleepIsMissedByTheNextRequest(string part)
    {
        TestBoard board = WithTracks(part, new BoardSettings { SleepAfterMs = 5000 });
        board.Idle(6000);
        board.Chip.IsAbsent = true;
        board.Idle(2000);
        Status? status = board.TryWrite(50, [other])?.Status;
        Assert.IsTrue(status is Status.ChipError or Status.NoChip, $"{status}");
    }

    [TestMethod]
    public void AChipThatVanishesIsMissedWithinASecondAndComesBackByItself()
    {
        // Breaks with Firmware.WatchChip left out.
        TestBoard board = WithTracks();
        board.Chip.IsAbsent = true;
        board.Idle(1200);
        AssertRefusesAll(board, Status.NoChip);
        board.Chip.IsAbsent = false;
        board.Idle(1200);
        AssertHolds(board, item);
        board.Write(50, other);
        AssertHolds(board, item, other);
    }

    [TestMethod]
    public void AChipThatVanishesUnderABusyLineIsMissedWithinASecond()
    {
        // Breaks with each frame putting WatchChip off.
        TestBoard board = WithTracks();
        board.Idle(500);
        board.Chip.IsAbsent = true;
        long endMs = board.Clock.NowMs + 1200;
        while (board.Clock.NowMs < endMs)
        {
            board.Stat(Counter.Commits);
            board.Clock.Sleep(10);
        }
        Assert.AreEqual(Status.NoChip, board.State);
    }

    [TestMethod]
    public void AReadFromAVanishedChipIsAChipErrorAndNotDamage()
    {
        // Breaks with damage told without asking whether the chip is still there.
        TestBoard board = WithTracks(settings: new BoardSettings { CacheBlocks = 0 });
        board.Chip.IsAbsent = true;
        Assert.AreEqual(Status.ChipError, board.Read(1).Status);
        board.Chip.IsAbsent = false;
        board.Idle(1200);
        AssertHolds(board, item);
    }

    [TestMethod]
    public void ABusThatFailsIsAChipErrorAndLastTellsTheRest()
    {
        // Each transaction of a write request fails once, those behind its answer included.
        int answered = 0;
        for (int failing = 0; failing < 8; failing++)
        {
            TestBoard board = WithTracks();
            board.Hello();
            int left = failing;
            board.Chip.BeforeTransaction = _ =>
            {
                if (left-- == 0)
                    throw new InvalidOperationException("the bus failed");
            };
            Status? status = board.TryWrite(50, [other])?.Status;
            Assert.IsTrue(status is Status.ChipError or Status.Ok, $"transaction {failing}: {status}");
            Assert.AreEqual(Status.Ok, board.Last().Status, $"LAST after transaction {failing} failed");
            bool isCommitted = board.Last().U32(Payload.LastAnswer.Number) == 50;
            Assert.IsTrue(isCommitted || status != Status.Ok, $"transaction {failing}");
            AssertHolds(board, isCommitted ? [item, other] : [item]);
            Assert.AreEqual(Status.Ok, board.TryWrite(50, [other])?.Status, $"transaction {failing}, repeated");
            AssertHolds(board, item, other);
            AssertHolds(board.BootCopy(), item, other);
            Assert.AreEqual(left < 0 ? 1u : 0, board.Stat(Counter.ChipErrors), $"transaction {failing}");
            answered += status == Status.Ok ? 1 : 0;
        }
        Assert.IsTrue(answered is > 2 and < 7, $"{answered} answers came before the failure");
    }

    [TestMethod]
    public void AChipThatLosesContactBetweenTwoCommitsIsNoticedByTheNextOne()
    {
        // Not within a second, but before it says Ok. Breaks with the block not read back.
        foreach (byte idle in new byte[] { 0x00, 0xFF })
        {
            TestBoard board = WithTracks();
            board.Chip.IdleByte = idle;
            board.Chip.IsAbsent = true;
            Assert.AreEqual(Status.ChipError, board.TryWrite(50, [other])?.Status);
            board.Chip.IsAbsent = false;
            board.Idle(1200);
            AssertHolds(board, item);
            Assert.AreEqual(1u, board.Last().U32(Payload.LastAnswer.Number));
            Assert.AreEqual(Status.Ok, board.TryWrite(50, [other])?.Status, "sent again");
        }
    }

    [TestMethod]
    public void ABusThatFailsForGoodIsAnsweredAndSurvived()
    {
        TestBoard board = WithTracks(settings: new BoardSettings { CacheBlocks = 0 });
        board.Chip.BeforeTransaction = _ => throw new InvalidOperationException("the bus failed");
        Assert.AreEqual(Status.ChipError, board.Read(1).Status);
        board.Idle(5000);
        AssertRefusesAll(board, Status.NoChip);
        board.Chip.BeforeTransaction = null;
        board.Idle(1100);
        AssertHolds(board, item);
    }

    // Block protection

    [TestMethod]
    [DataRow((byte)0x04)]
    [DataRow((byte)0x08)]
    [DataRow((byte)0x0C)]
    public void AProtectedChipIsReadAndNotWritten(byte protection)
    {
        // Breaks with protection not looked at: the write would be a ChipError.
        TestBoard board = WithTracks();
        board.Chip.Status = protection;
        byte[] before = board.Chip.Storage.ToArray();
        board.Boot();
        AssertHolds(board, item);
        Assert.AreEqual(1, board.Hello().Payload[Payload.HelloAnswer.Protected]);
        Assert.AreEqual(Status.Protected, board.TryWrite(50, [other])?.Status);
        Assert.AreEqual(Status.Protected, board.Format(board.StoreId()).Status);
        Assert.AreEqual(Status.Protected, board.Repair(board.StoreId())?.Status);
        board.Idle(3000);
        CollectionAssert.AreEqual(before, board.Chip.Storage.ToArray());
        board.Chip.Status = 0;
        board.Boot();
        board.Write(50, other);
        AssertHolds(board, item, other);
    }

    [TestMethod]
    public void OneBadStatusReadDoesNotMakeTheBoardProtected()
    {
        // Finding 12. Breaks with block protection believed from one read at boot.
        for (int reading = 0; reading < 4; reading++)
        {
            TestBoard board = WithTracks();
            int left = reading;
            bool isBad = false;
            board.Chip.BeforeTransaction = output =>
            {
                if (isBad)
                    board.Chip.Status = 0;
                isBad = output[0] == Opcode.Rdsr && left-- == 0;
                if (isBad)
                    board.Chip.Status = 0x0C;
            };
            board.Boot();
            board.Idle(1500);
            Assert.AreEqual(0, board.Hello().Payload[Payload.HelloAnswer.Protected], $"status read {reading}");
            Assert.AreEqual(Status.Ok, board.TryWrite(50, [other])?.Status, $"status read {reading}");
        }
    }

    [TestMethod]
    public void ProtectionTakenAwayIsNoticed()
    {
        TestBoard board = WithTracks();
        board.Chip.Status = 0x0C;
        board.Boot();
        Assert.AreEqual(Status.Protected, board.TryWrite(50, [other])?.Status);
        board.Chip.Status = 0;
        board.Idle(1500);
        board.Write(51, other);
        AssertHolds(board.BootCopy(), item, other);
    }

    // Blank

    [TestMethod]
    [DataRow((byte)0x00)]
    [DataRow((byte)0xFF)]
    public void ABlankChipIsBlankUntilItIsFormatted(byte cells)
    {
        TestBoard board = new();
        board.Chip.Memory.Fill(cells);
        board.Boot();
        board.Idle(3000);
        AssertRefusesAll(board, Status.Blank);
        Assert.IsTrue(board.Chip.Memory.IndexOfAnyExcept(cells) < 0, "a blank chip was written to");
        Assert.AreEqual(Status.WrongName, board.Format("DAMAGED").Status);
        Assert.AreEqual(Status.Ok, board.Format("BLANK").Status);
        board.Write(1, item);
        AssertHolds(board.BootCopy(), item);
    }

    [TestMethod]
    [DataRow((byte)0x00)]
    [DataRow((byte)0xFF)]
    public void ABoardMayFormatABlankChipAtBoot(byte cells)
    {
        TestBoard board = new(settings: FormatsBlank());
        board.Chip.Memory.Fill(cells);
        board.Boot();
        Assert.AreEqual(Status.Ok, board.State);
        CollectionAssert.AreEqual(board.Settings.NewStoreId, board.StoreId());
        board.Write(1, item);
        board.Boot();
        AssertHolds(board, item);
    }

    [TestMethod]
    public void ABoardThatFormatsBlankChipsLeavesEveryOtherAlone()
    {
        // Breaks with a board that formats in any state but Ok, where BLANK is the name in any: each alone is held by the other.
        byte[] store = WithTracks().Chip.Storage.ToArray();
        Random random = new(5);
        for (int i = 0; i < 300; i++)
        {
            TestBoard board = new(settings: FormatsBlank());
            store.CopyTo(board.Chip.Storage);
            Damage(board, random);
            board.Boot();
            board.Idle(100);
            Assert.IsTrue(board.State is Status.Ok or Status.StoreDamaged, $"{i}: {board.State}");
            CollectionAssert.AreNotEqual(board.Settings.NewStoreId, board.StoreId(), $"{i}: formatted");
        }
    }

    // FORMAT

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void ACutFormatLeavesTheOldStoreOrABlankChipOrTheNewStore(bool isBlank)
    {
        // Finding 5: after a cut FORMAT HELLO showed the new id while the state was Blank, and the host reported success.
        TestBoard board = isBlank ? new() : WithTracks();
        board.Boot();
        byte[] before = board.Chip.Storage.ToArray();
        byte[] old = board.StoreId();
        byte[] name = isBlank ? "BLANK\0\0\0"u8.ToArray() : old;
        HashSet<Status> seen = [];
        bool wasOld = false, wasNew = false;
        long whole = 0;
        for (long cut = 0; cut <= whole; cut += cut % 100 < 60 ? 1 : 13)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Hello();
            board.Chip.ResetCounters();
            if (cut > 0)
                board.Chip.CutAfterBits(8 * cut);
            Answer answer = board.Format(name, 0x0203040506070809);
            if (cut == 0)
                whole = board.Chip.Bytes;
            board.Boot();
            byte[] id = board.StoreId();
            seen.Add(board.State);
            string where = $"cut after {cut}: {board.State} {Convert.ToHexString(id)}";
            if (board.State == Status.Blank)
                CollectionAssert.AreEqual(new byte[8], id, where);
            else
                Assert.AreEqual(Status.Ok, board.State, where);
            bool isOld = !isBlank && id.AsSpan().SequenceEqual(old);
            bool isNew = id.AsSpan().SequenceEqual(newId);
            Assert.IsTrue(isNew || answer.Status != Status.Ok || answer.Type == 0, where);
            if (isOld)
                AssertHolds(board, item);
            if (isNew)
                Assert.IsEmpty(board.List(), where);
            if (board.State == Status.Ok)
                Assert.IsTrue(isOld || isNew, where);
            wasOld |= isOld;
            wasNew |= isNew;
            // A store that FORMAT gave up does not come back.
            Assert.AreEqual(board.State == Status.Blank ? Status.Blank : isOld ? Status.Ok : Status.WrongName, board.Repair(name)?.Status, where);
            if (board.State == Status.Blank)
                Assert.AreEqual(Status.Ok, board.Format("BLANK").Status, where);
        }
        Assert.IsTrue(seen.Contains(Status.Blank) && wasNew && wasOld == !isBlank);
    }

    [TestMethod]
    public void AStoreOfLongerPiecesThanTheBoardCanTakeIsLeftAlone()
    {
        TestBoard made = WithTracks("MB85RS256TY", new BoardSettings { LargestPieceBytes = 1024 });
        byte[] id = made.StoreId();
        TestBoard board = new(made.Chip, new BoardSettings { LargestPieceBytes = 512, FormatBlank = true, NewStoreId = [.. newId] });
        AssertLeftAlone(board, Status.BoardTooSmall);
        CollectionAssert.AreEqual(id, board.StoreId(), "told, because it is known");
        made.Boot();
        AssertHolds(made, item);
        Assert.AreEqual(Status.Ok, board.Format(id).Status);
        Assert.AreEqual(512, board.Hello().U16(Payload.HelloAnswer.PieceBytes));
    }

    [TestMethod]
    public void WhereTheStateIsNotOkHelloTellsNothingOfAStore()
    {
        TestBoard board = new();
        board.Boot();
        Answer hello = board.Hello();
        Assert.AreEqual((byte)Status.Blank, hello.Payload[Payload.HelloAnswer.State]);
        Assert.IsTrue(hello.Payload[Payload.HelloAnswer.PieceBytes..(Payload.HelloAnswer.StoreId + 8)].All(b => b == 0));
        Assert.AreEqual(0x2000u, hello.U32(Payload.HelloAnswer.ChipBytes));
    }

    // Damage

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void ADamagedSuperblockCopyIsWrittenAgain(int copy)
    {
        TestBoard board = WithTracks();
        byte[] store = board.Chip.Memory.ToArray();
        int address = SuperblockAddress(board, copy);
        for (int at = 0; at < SuperblockBytes; at++)
            foreach (byte flip in new byte[] { 0x01, 0xFF })
            {
                board.Chip.Memory[address + at] ^= flip;
                board.Boot();
                AssertHolds(board, item);
                Assert.AreEqual(RecoveryFindings.SuperblockCopy, board.Info().Payload[Payload.InfoAnswer.Findings], $"byte {at}");
                CollectionAssert.AreEqual(
                    store[address..(address + SuperblockBytes)], board.Chip.Memory.Slice(address, SuperblockBytes).ToArray(), $"byte {at}");
            }
    }

    [TestMethod]
    public void TwoDamagedSuperblockCopiesAreADamagedStore()
    {
        TestBoard board = WithTracks();
        board.Chip.Flip(20, 3);
        board.Chip.Flip(board.Chip.Part.Bytes - SuperblockBytes + 30, 5);
        AssertLeftAlone(board, Status.StoreDamaged);
        Assert.AreEqual(Status.WrongName, board.Format("BLANK").Status);
        Assert.AreEqual(Status.Ok, board.Format("DAMAGED").Status);
    }

    [TestMethod]
    [DataRow((byte)0x00)]
    [DataRow((byte)0xFF)]
    public void TwoWipedSuperblockCopiesAreADamagedStoreAndNotABlankChip(byte cells)
    {
        // Breaks with a chip without superblocks called blank without looking for records.
        TestBoard board = WithTracks(settings: FormatsBlank());
        board.Chip.Fill(0, SuperblockBytes, cells);
        board.Chip.Fill(board.Chip.Part.Bytes - SuperblockBytes, SuperblockBytes, cells);
        AssertLeftAlone(board, Status.StoreDamaged);
    }

    [TestMethod]
    public void ANewerFormatIsLeftAlone()
    {
        TestBoard board = WithTracks(settings: FormatsBlank());
        byte[] id = board.StoreId();
        EditSuperblocks(board, copy => copy[8]++);
        AssertLeftAlone(board, Status.NewerFormat);
        Assert.AreEqual(Status.WrongName, board.Format("BLANK").Status);
        Assert.AreEqual(Status.WrongName, board.Format("DAMAGED").Status);
        Assert.AreEqual(Status.Ok, board.Format(id).Status);
    }

    [TestMethod]
    public void AStoreMadeForABiggerChipIsDamaged()
    {
        TestBoard board = WithTracks();
        EditSuperblocks(board, copy => BitConverter.TryWriteBytes(copy.AsSpan(12), 0x8000));
        AssertLeftAlone(board, Status.StoreDamaged);
    }

    [TestMethod]
    [DataRow(16, 63)]
    [DataRow(16, 5000)]
    [DataRow(18, 65)]
    [DataRow(18, 1)]
    [DataRow(36, 0)]
    [DataRow(36, 65)]
    [DataRow(38, 9)]
    public void AStoreWithImpossibleSizesIsDamaged(int at, int value)
    {
        TestBoard board = WithTracks();
        EditSuperblocks(board, copy => BitConverter.TryWriteBytes(copy.AsSpan(at), (ushort)value));
        board.Boot();
        Assert.AreEqual(Status.StoreDamaged, board.State);
    }

    [TestMethod]
    public void AStoreOfOtherSizesThanTheBoardsIsServedWithItsOwn()
    {
        TestBoard made = TestBoard.Formatted("MB85RS2MT", segmentBytes: 100, setSegments: 40);
        made.Write(1, item);
        TestBoard board = new(made.Chip, new BoardSettings { SegmentBytes = 500, SetSegments = 10, FormatBlank = true, NewStoreId = newId });
        board.Boot();
        Assert.AreEqual((100, 40), (board.Info().U16(Payload.InfoAnswer.SegmentBytes), board.Info().U16(Payload.InfoAnswer.SetSegments)));
        AssertHolds(board, item);
    }

    // A blank chip that is put in later: a board that may format one does so at its first boot only, which a board without a chip still has
    // before it. Breaks with any blank chip formatted that is met later.
    [TestMethod]
    [DataRow(false, false)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    [DataRow(true, true)]
    public void ABlankChipPutInLaterIsFormattedAtTheFirstBootOnly(bool isFormatting, bool hadAStore)
    {
        TestBoard board = hadAStore ? WithTracks() : new TestBoard();
        board.Settings.FormatBlank = isFormatting;
        board.Settings.NewStoreId = newId;
        board.Chip.IsAbsent = !hadAStore;
        board.Boot();
        board.Idle(3000);
        Assert.AreEqual(hadAStore ? Status.Ok : Status.NoChip, board.State);
        board.Chip.IsAbsent = true;
        board.Idle(1500);
        board.Chip.Memory.Clear();
        board.Chip.IsAbsent = false;
        board.Idle(10_000);
        Assert.AreEqual(isFormatting && !hadAStore ? Status.Ok : Status.Blank, board.State);
        if (board.State == Status.Blank)
            Assert.IsFalse(board.Chip.Memory.ContainsAnyExcept((byte)0), "it was written to");
    }

    // What a chip holds is read again five times when it is not a store. Breaks with the attempts not given back by a success between.
    [TestMethod]
    public void EachTimeAChipSeemsDamagedItIsReadAgain()
    {
        TestBoard board = WithTracks();
        byte[] whole = board.Chip.Storage.ToArray();
        for (int time = 1; time <= 4; time++)
        {
            board.Chip.IsAbsent = true;
            board.Idle(1500);
            board.Chip.Memory[..64].Fill(0x55);
            board.Chip.Memory[^64..].Fill(0x55);
            board.Chip.IsAbsent = false;
            board.Idle(3500);
            Assert.AreEqual(Status.StoreDamaged, board.State, $"time {time}");
            whole.CopyTo(board.Chip.Storage);
            board.Idle(1500);
            Assert.AreEqual(Status.Ok, board.State, $"time {time}, whole again");
        }
    }

    [TestMethod]
    public void AnotherChipPutInWhileTheBoardRunsIsServedAsItself()
    {
        TestBoard board = WithTracks();
        byte[] first = board.Chip.Storage.ToArray();
        byte[] second = new byte[first.Length];
        TestBoard otherBoard = TestBoard.Formatted(segmentBytes: 100, setSegments: 8);
        otherBoard.Write(1, new TrackItem(1, [1, 2, 3]));
        otherBoard.Chip.Storage.CopyTo(second);
        foreach (byte[] medium in new[] { second, first, second })
        {
            board.Chip.IsAbsent = true;
            board.Idle(1200);
            medium.CopyTo(board.Chip.Storage);
            board.Chip.IsAbsent = false;
            board.Idle(1200);
            Assert.AreEqual(Status.Lost, board.Send(board.BuildFrame(FrameType.Info, 1)).Single().Status, "the session was one with another chip");
            board.Hello();
            AssertHolds(board, medium == first ? item : new(1, [1, 2, 3]));
        }
    }

    [TestMethod]
    public void BootsAreCountedOncePerStart()
    {
        TestBoard board = WithTracks();
        uint before = board.Hello().U32(Payload.HelloAnswer.BootCount);
        for (uint boots = 1; boots < 5; boots++)
        {
            board.Boot();
            board.Chip.IsAbsent = true;
            board.Idle(1500);
            board.Chip.IsAbsent = false;
            board.Idle(1500);
            Assert.AreEqual(before + boots, board.Hello().U32(Payload.HelloAnswer.BootCount));
        }
    }

    [TestMethod]
    public void AChipThatLooksBlankWhileItPowersUpIsNotFormatted()
    {
        // Breaks with a blank chip formatted at once.
        TestBoard board = WithTracks(settings: FormatsBlank());
        LooksZeroFor(board, 50);
        AssertHolds(board, item);
    }

    [TestMethod]
    public void WhatAChipHoldsIsReadAgainAWhile()
    {
        // Breaks with a board that mounts again only when there was no chip.
        TestBoard board = WithTracks();
        LooksZeroFor(board, 600);
        Assert.AreEqual(Status.Blank, board.State);
        board.Idle(1200);
        AssertHolds(board, item);
    }

    // Boots the board while each cell reads as zero; after a time they read as what they hold.
    private static void LooksZeroFor(TestBoard board, int durationMs)
    {
        byte[] cells = board.Chip.Storage.ToArray();
        board.Chip.Fill(0, board.Chip.Part.Bytes, 0);
        long endMs = board.Clock.NowMs + durationMs;
        board.Chip.BeforeTransaction = _ =>
        {
            if (board.Clock.NowMs < endMs)
                return;
            board.Chip.BeforeTransaction = null;
            cells.CopyTo(board.Chip.Storage);
        };
        board.Boot();
    }

    private static TestBoard WithTracks(string part = "MB85RS64V", BoardSettings? settings = null)
    {
        TestBoard board = new(part, settings);
        board.Boot();
        if (board.State == Status.Blank)
            Assert.AreEqual(Status.Ok, board.Format("BLANK").Status);
        board.Write(1, item);
        board.Idle(500); // so that nothing is left to do
        return board;
    }

    private static int SuperblockAddress(TestBoard board, int copy) => copy == 0 ? 0 : board.Chip.Part.Bytes - SuperblockBytes;

    private static BoardSettings FormatsBlank() => new() { FormatBlank = true, NewStoreId = newId };

    private static void AssertHolds(TestBoard board, params TrackItem[] items)
    {
        TrackModel model = new();
        model.Apply(items);
        model.AssertHeldBy(board);
    }

    // What needs a store is answered with the state and not served.
    private static void AssertRefusesAll(TestBoard board, Status state)
    {
        Assert.AreEqual(state, board.AskOne(FrameType.Info).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.Last, TestBoard.Client).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.Read, 1).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.List).Status);
        Assert.AreEqual(state, board.AskOne(FrameType.Verify).Status);
        Assert.AreEqual(state, board.TryWrite(50, [other])?.Status);
        Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Stats).Status);
        Assert.AreEqual((Status.Ok, (byte)state), (board.Hello().Status, board.Hello().Payload[Payload.HelloAnswer.State]));
    }

    private static void AssertLeftAlone(TestBoard board, Status state)
    {
        byte[] before = board.Chip.Storage.ToArray();
        board.Boot();
        board.Idle(3000);
        AssertRefusesAll(board, state);
        CollectionAssert.AreEqual(before, board.Chip.Storage.ToArray());
    }

    // Some damage anywhere, but not so that the chip looks as if it never held a store.
    private static void Damage(TestBoard board, Random random)
    {
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int address = random.Next(board.Chip.Part.Bytes);
            int count = Math.Min(random.Next(1, 200), board.Chip.Part.Bytes - address);
            board.Chip.Fill(address, count, (byte)random.Next(256));
        }
    }

    private static void EditSuperblocks(TestBoard board, Action<byte[]> edit)
    {
        for (int copy = 0; copy < 2; copy++)
        {
            Span<byte> medium = board.Chip.Memory.Slice(SuperblockAddress(board, copy), SuperblockBytes);
            byte[] edited = medium.ToArray();
            edit(edited);
            BitConverter.TryWriteBytes(edited.AsSpan(56), Crc.Of(edited, 0, 56));
            edited.CopyTo(medium);
        }
    }
}
