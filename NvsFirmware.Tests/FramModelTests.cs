using System;
using System.IO;
using System.Linq;
using CsCheck;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>The chip model does what the data sheets say: everything else is tested on it.</summary>
[TestClass]
[OnlyOnDotNet("tests the chip model of the simulated board")]
public sealed class FramModelTests
{
    private static readonly SimPart small = SimPart.Find("MB85RS64V");
    private static readonly SimPart large = SimPart.Default;

    [TestMethod]
    public void WhatIsWrittenIsReadBack()
    {
        foreach (SimPart part in SimPart.All)
        {
            FramModel chip = new(part);
            byte[] data = [1, 2, 3, 4, 5];
            WriteAt(chip, part.Bytes / 2 + 3, data);
            CollectionAssert.AreEqual(data, ReadAt(chip, part.Bytes / 2 + 3, 5), part.Name);
            CollectionAssert.AreEqual(data, chip.Memory.Slice(part.Bytes / 2 + 3, 5).ToArray(), part.Name);
            Assert.AreEqual(5, part.Bytes - chip.Memory.Count((byte)0), part.Name);
        }
    }

    [TestMethod]
    public void FastReadHasADummyByte()
    {
        FramModel chip = new(large);
        WriteAt(chip, 0x12345, [7, 8, 9]);
        CollectionAssert.AreEqual(new byte[] { 7, 8, 9 }, Exchange(chip, 8, Opcode.FastRead, 0x01, 0x23, 0x45)[5..]);
    }

    [TestMethod]
    public void TheBusIsIdleWhileNothingDrivesIt()
    {
        FramModel chip = new(large);
        chip.Fill(0, 16, 0xA5);
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xA5, 0xA5 }, Exchange(chip, 6, Opcode.Read));
        chip.IdleByte = 0;
        CollectionAssert.AreEqual(new byte[] { 0, 0, 0, 0, 0xA5, 0xA5 }, Exchange(chip, 6, Opcode.Read));
        chip.IsAbsent = true;
        CollectionAssert.AreEqual(new byte[6], Exchange(chip, 6, Opcode.Rdid));
        chip.IdleByte = 0xFF;
        Assert.IsTrue(Exchange(chip, 6, Opcode.Rdsr).All(value => value == 0xFF));
    }

    [TestMethod]
    public void EachPartIdentifiesItselfAsInItsDataSheet()
    {
        string[] expected =
        [
            "MB85RS64V 8192 2 047F0302", "MB85RS256B 32768 2 047F0509", "MB85RS256TY 32768 2 047F2503",
            "MB85RS1MT 131072 3 047F2703", "MB85RS2MT 262144 3 047F2803", "MB85RS2MTA 262144 3 047F4803",
            "MB85RS4MT 524288 3 047F4903", "FM25V02A 32768 2 7F7F7F7F7F7FC22208", "FM25V05 65536 2 7F7F7F7F7F7FC22300",
            "FM25V10 131072 3 7F7F7F7F7F7FC22400", "FM25V20A 262144 3 7F7F7F7F7F7FC22508", "CY15B104Q 524288 3 7F7F7F7F7F7FC22608",
            "CY15B104QN 524288 3 7F7F7F7F7F7FC22C00", "CY15B108QI 1048576 3 7F7F7F7F7F7FC22F01",
            "MR25H256 32768 2 ", "MR25H10 131072 3 ", "MR25H40 524288 3 ", "MR20H40 524288 3 ",
        ];
        string[] actual = [.. SimPart.All.Select(part =>
            $"{part.Name} {part.Bytes} {part.AddressBytes} "
            + Convert.ToHexString(Exchange(new FramModel(part), 1 + part.Rdid.Length, Opcode.Rdid)[1..]))];
        CollectionAssert.AreEqual(expected, actual);
    }

    [TestMethod]
    public void RdidHoldsItsLastBitAndCanBeReplacedOrMissing()
    {
        FramModel chip = new(small);
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0x04, 0x7F, 0x03, 0x02, 0, 0 }, Exchange(chip, 7, Opcode.Rdid));
        chip.Rdid = [3, 2, 1];
        CollectionAssert.AreEqual(new byte[] { 0xFF, 3, 2, 1, 0xFF }, Exchange(chip, 5, Opcode.Rdid));
        CollectionAssert.AreEqual(new byte[] { 0xFF, 3 }, Exchange(chip, 2, Opcode.Rdid));
        chip.Rdid = [];
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0xFF, 0xFF }, Exchange(chip, 3, Opcode.Rdid));
        Assert.AreEqual(0x04, new FramModel(small).Rdid[0]);
    }

    [TestMethod]
    public void WriteNeedsTheLatchAndClearsItOnMostParts()
    {
        foreach (SimPart part in SimPart.All)
        {
            FramModel chip = new(part);
            byte[] write = [.. Command(part, Opcode.Write, 0), 0x55];
            Send(chip, write);
            Assert.AreEqual(0, chip.Memory[0], part.Name);
            Send(chip, Opcode.Wren);
            Assert.AreEqual(2, Status(chip) & 2, part.Name);
            Send(chip, write);
            Assert.AreEqual(0x55, chip.Memory[0], part.Name);
            bool keeps = part.Name == "MB85RS2MTA" || IsMram(part);
            Assert.AreEqual(keeps ? 2 : 0, Status(chip) & 2, part.Name);
            write[^1] = 0x66;
            Send(chip, write);
            Assert.AreEqual(keeps ? 0x66 : 0x55, chip.Memory[0], part.Name);
            Send(chip, Opcode.Wren);
            Send(chip, Opcode.Wrdi);
            write[^1] = 0x77;
            Send(chip, write);
            Assert.AreNotEqual(0x77, chip.Memory[0], part.Name);
        }
    }

    [TestMethod]
    public void UnknownAndIncompleteCommandsDoNothing()
    {
        Span<byte> known = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0B, 0x9F, 0xB9];
        FramModel chip = new(large);
        for (int opcode = 0; opcode < 256; opcode++)
        {
            if (known.Contains((byte)opcode))
                continue;
            Send(chip, Opcode.Wren);
            Assert.IsTrue(Exchange(chip, 6, (byte)opcode, 0, 0, 0, 0x55, 0x55).All(value => value == 0xFF));
            Assert.AreEqual(2, Status(chip));
        }
        foreach (int length in new[] { 1, 2, 3, 4 })
        {
            Send(chip, Opcode.Wren);
            Send(chip, Command(large, Opcode.Write, 0)[..length]);
            Exchange(chip, length, Opcode.Read);
            Exchange(chip, length, Opcode.FastRead);
        }
        Assert.AreEqual(large.StorageBytes, chip.Storage.Count((byte)0));
    }

    [TestMethod]
    public void TheStatusRegisterStreamsAndKeepsItsBits()
    {
        foreach (SimPart part in SimPart.All)
        {
            int writable = part.Name.StartsWith("MB85") ? 0xFC : 0x8C;
            int ones = part.Name.StartsWith("MB85") || IsMram(part) ? 0 : 0x40;
            FramModel chip = new(part);
            Send(chip, Opcode.Wrsr, 0xFF);
            Assert.AreEqual(ones, Status(chip), part.Name);
            Send(chip, Opcode.Wren);
            Send(chip, Opcode.Wrsr, 0xFF, 0x00);
            chip.PowerUp();
            byte expected = (byte)(writable | ones);
            CollectionAssert.AreEqual(new byte[] { 0xFF, expected, expected, expected }, Exchange(chip, 4, Opcode.Rdsr), part.Name);
            Assert.AreEqual(expected, new FramModel(part, chip.Storage.ToArray()).Status, part.Name);
            Assert.AreEqual(part.Bytes, chip.Memory.Count((byte)0), part.Name);
        }
    }

    [TestMethod]
    public void WriteProtectPinHoldsTheStatusRegisterOnlyWithWpen()
    {
        FramModel chip = new(large) { IsWriteProtectLow = true };
        Send(chip, Opcode.Wren);
        Send(chip, Opcode.Wrsr, 0x80);
        Assert.AreEqual(0x80, Status(chip));
        Send(chip, Opcode.Wren);
        Send(chip, Opcode.Wrsr, 0x00);
        Assert.AreEqual(0x80, Status(chip));
        chip.IsWriteProtectLow = false;
        Send(chip, Opcode.Wren);
        Send(chip, Opcode.Wrsr, 0x00);
        Assert.AreEqual(0x00, Status(chip));
    }

    [TestMethod]
    public void ProtectedBlocksIgnoreWrites()
    {
        foreach ((byte status, int firstProtected) in new[] { ((byte)0x00, 8192), ((byte)0x04, 6144), ((byte)0x08, 4096), ((byte)0x0C, 0) })
        {
            FramModel chip = new(small) { Status = status };
            byte[] all = new byte[small.Bytes];
            Array.Fill(all, (byte)0x5A);
            WriteAt(chip, 0, all);
            Assert.AreEqual(firstProtected, chip.Memory.Count((byte)0x5A));
            Assert.AreEqual(small.Bytes - firstProtected, chip.Memory[firstProtected..].Count((byte)0));
            WriteAt(chip, small.Bytes - 1, [1, 2]);
            Assert.AreEqual(firstProtected == small.Bytes ? 1 : 0, chip.Memory[^1]);
            Assert.AreEqual(firstProtected == 0 ? 0 : 2, chip.Memory[0]);
        }
    }

    [TestMethod]
    public void TheAddressWrapsAndItsUpperBitsAreIgnored()
    {
        foreach (SimPart part in SimPart.All)
        {
            FramModel chip = new(part);
            WriteAt(chip, part.Bytes - 2, [1, 2, 3, 4]);
            CollectionAssert.AreEqual(new byte[] { 1, 2 }, chip.Memory[^2..].ToArray(), part.Name);
            CollectionAssert.AreEqual(new byte[] { 3, 4 }, chip.Memory[..2].ToArray(), part.Name);
            CollectionAssert.AreEqual(new byte[] { 1, 2, 3, 4, 0 }, ReadAt(chip, part.Bytes - 2, 5), part.Name);
            if (part.Bytes != 0x10000)
                CollectionAssert.AreEqual(new byte[] { 4, 0 }, ReadAt(chip, part.Bytes + 1, 2), part.Name);
        }
        // Longer than the whole array: the last bytes written stay.
        FramModel smallChip = new(small);
        byte[] data = new byte[small.Bytes + 3];
        Array.Fill(data, (byte)9);
        data[^1] = 3;
        WriteAt(smallChip, 1, data);
        Assert.AreEqual(3, smallChip.Memory[3]);
        Assert.AreEqual(small.Bytes - 1, smallChip.Memory.Count((byte)9));
        Assert.AreEqual(2, ReadAt(smallChip, 2, small.Bytes + 3).Count(value => value == 3));
    }

    [TestMethod]
    public void ACutStoresExactlyTheWholeBytesBeforeIt()
    {
        byte[] data = [0x11, 0x22, 0x33, 0x44, 0x55];
        byte[] write = [.. Command(large, Opcode.Write, 100), .. data];
        for (int bits = 0; bits <= 8 * write.Length + 1; bits++)
        {
            FramModel chip = new(large);
            int lost = 0;
            chip.PowerLost = () => lost++;
            chip.Fill(100, 5, 0xEE);
            Send(chip, Opcode.Wren);
            chip.ResetCounters();
            chip.CutAfterBits(bits);
            bool isCut = bits <= 8 * write.Length;
            if (isCut)
                Assert.ThrowsExactly<PowerLostException>(() => Send(chip, write));
            else
                Send(chip, write);
            Assert.AreEqual(!isCut, chip.IsPowered);
            Assert.AreEqual(isCut ? 1 : 0, lost);
            Assert.AreEqual(isCut ? bits : 8 * write.Length, chip.Bits);
            int stored = Math.Max(0, Math.Min(bits, 8 * write.Length) / 8 - 4);
            byte[] expected = [.. data[..stored], .. Enumerable.Repeat((byte)0xEE, 5 - stored)];
            CollectionAssert.AreEqual(expected, chip.Memory.Slice(100, 5).ToArray(), $"cut after {bits} bits");
            Assert.AreEqual(large.Bytes - 5, chip.Memory.Count((byte)0));
        }
    }

    [TestMethod]
    public void TheBitsOfAllTransactionsCountForACut()
    {
        for (int bits = 1; bits <= 8 * (1 + 6 + 2); bits++)
        {
            FramModel chip = new(large);
            chip.CutAfterBits(bits);
            int done = 0;
            Assert.ThrowsExactly<PowerLostException>(() =>
            {
                Send(chip, Opcode.Wren);
                done++;
                ReadAt(chip, 0, 2);
                done++;
                Exchange(chip, 2, Opcode.Rdsr);
                done++;
            });
            Assert.AreEqual(bits <= 8 ? 0 : bits <= 56 ? 1 : 2, done);
            Assert.AreEqual(bits, chip.Bits);
        }
    }

    [TestMethod]
    public void WithoutPowerEveryCallThrowsUntilPowerUp()
    {
        FramModel chip = new(large);
        WriteAt(chip, 0, [1]);
        Send(chip, Opcode.Wren);
        chip.CutAfterBits(0);
        Assert.IsFalse(chip.IsPowered);
        chip.ResetCounters();
        for (int i = 0; i < 3; i++)
        {
            Assert.ThrowsExactly<PowerLostException>(() => Send(chip, Opcode.Wren));
            Assert.ThrowsExactly<PowerLostException>(() => ReadAt(chip, 0, 1));
        }
        Assert.AreEqual(0, chip.Bits + chip.Transactions);
        chip.PowerUp();
        Assert.AreEqual(0, Status(chip));
        CollectionAssert.AreEqual(new byte[] { 1 }, ReadAt(chip, 0, 1));
        // The cut is used up, and one that had been armed is forgotten.
        chip.CutAfterBits(8);
        chip.PowerUp();
        Send(chip, Opcode.Wren);
        Assert.IsTrue(chip.IsPowered);
    }

    [TestMethod]
    public void AccessesAreIgnoredDuringPowerUp()
    {
        long nowUs = 1000;
        FramModel chip = new(large) { NowUs = () => nowUs, PowerUpUs = 250 };
        chip.Memory[0] = 0x42;
        chip.PowerUp();
        nowUs = 1249;
        Assert.IsTrue(Exchange(chip, 5, Opcode.Rdid).All(value => value == 0xFF));
        WriteAt(chip, 0, [1]);
        nowUs = 1250;
        CollectionAssert.AreEqual(new byte[] { 0x42 }, ReadAt(chip, 0, 1));
        Assert.AreEqual(0x04, Exchange(chip, 5, Opcode.Rdid)[1]);
    }

    [TestMethod]
    public void ASleepingChipWakesWithChipSelectAndAnswersAfterItsWakeTime()
    {
        long nowUs = 0;
        FramModel chip = new(large) { NowUs = () => nowUs, WakeUs = 400 };
        chip.Memory[0] = 0x42;
        Send(chip, Opcode.Sleep);
        nowUs = 10_000;
        CollectionAssert.AreEqual(new byte[] { 0xFF }, ReadAt(chip, 0, 1));
        nowUs = 10_399;
        CollectionAssert.AreEqual(new byte[] { 0xFF }, ReadAt(chip, 0, 1));
        nowUs = 10_400;
        CollectionAssert.AreEqual(new byte[] { 0x42 }, ReadAt(chip, 0, 1));
        // However fast it wakes, the transaction that wakes it is lost.
        chip.WakeUs = 0;
        Send(chip, Opcode.Sleep);
        CollectionAssert.AreEqual(new byte[] { 0xFF }, ReadAt(chip, 0, 1));
        CollectionAssert.AreEqual(new byte[] { 0x42 }, ReadAt(chip, 0, 1));
        Send(chip, Opcode.Sleep);
        chip.PowerUp();
        CollectionAssert.AreEqual(new byte[] { 0x42 }, ReadAt(chip, 0, 1));
        FramModel old = new(small);
        Send(old, Opcode.Sleep);
        Assert.AreEqual(0, Status(old));
    }

    [TestMethod]
    public void AnMramPartWakesByItsOpcodeOnly()
    {
        long nowUs = 0;
        FramModel chip = new(SimPart.Find("MR25H40")) { NowUs = () => nowUs, WakeUs = 400 };
        chip.Memory[0] = 0x42;
        Send(chip, Opcode.Sleep);
        for (int i = 0; i < 3; i++)
        {
            CollectionAssert.AreEqual(new byte[] { 0xFF }, ReadAt(chip, 0, 1));
            WriteAt(chip, 0, [1]);
            nowUs += 10_000;
        }
        Send(chip, Opcode.Wake);
        CollectionAssert.AreEqual(new byte[] { 0xFF }, ReadAt(chip, 0, 1));
        nowUs += 400;
        CollectionAssert.AreEqual(new byte[] { 0x42 }, ReadAt(chip, 0, 1));
    }

    [TestMethod]
    public void AnMramPartKnowsNoFastReadAndAnswersAWrongStatusRightBehindARead()
    {
        FramModel chip = new(SimPart.Find("MR25H40"));
        chip.Fill(0, 16, 0x42);
        Assert.IsTrue(Exchange(chip, 8, Opcode.FastRead).All(value => value == 0xFF));
        Assert.AreEqual(0, Status(chip));
        ReadAt(chip, 0, 1);
        Assert.AreNotEqual(0, Status(chip));
        Assert.AreEqual(0, Status(chip));
        ReadAt(chip, 0, 1);
        Send(chip, Opcode.Wren);
        Assert.AreEqual(2, Status(chip));
        FramModel fram = new(large);
        ReadAt(fram, 0, 1);
        Assert.AreEqual(0, Status(fram));
    }

    [TestMethod]
    public void AChipThatLosesContactKeepsItsStateAndIgnoresWhatIsSent()
    {
        FramModel chip = new(large) { IdleByte = 0 };
        chip.Memory[0] = 0x42;
        Send(chip, Opcode.Wren);
        chip.IsAbsent = true;
        WriteAt(chip, 0, [1]);
        Send(chip, Opcode.Wrdi);
        CollectionAssert.AreEqual(new byte[] { 0 }, ReadAt(chip, 0, 1));
        chip.Floating = new Random(1);
        byte[] noise = ReadAt(chip, 0, 64);
        Assert.IsGreaterThan(32, noise.Distinct().Count());
        chip.IsAbsent = false;
        Assert.AreEqual(2, Status(chip));
        CollectionAssert.AreEqual(new byte[] { 0x42 }, ReadAt(chip, 0, 1));
    }

    [TestMethod]
    public void AChipPutInLaterStartsThen()
    {
        long nowUs = 0;
        FramModel chip = new(large) { NowUs = () => nowUs, PowerUpUs = 250, IsAbsent = true };
        chip.Memory[0] = 0x42;
        chip.CutAfterBits(8 * 1000);
        Send(chip, Opcode.Wren);
        nowUs = 5000;
        chip.PutIn();
        nowUs = 5249;
        Assert.AreEqual(0xFF, Status(chip));
        nowUs = 5250;
        Assert.AreEqual(0, Status(chip));
        CollectionAssert.AreEqual(new byte[] { 0x42 }, ReadAt(chip, 0, 1));
        // The board's power is another matter: the cut is still armed.
        Assert.ThrowsExactly<PowerLostException>(() => ReadAt(chip, 0, 1000));
    }

    [TestMethod]
    public void CountersCountWhatIsClocked()
    {
        FramModel chip = new(large);
        WriteAt(chip, 0, [1, 2, 3]);
        ReadAt(chip, 0, 2);
        chip.IsAbsent = true;
        ReadAt(chip, 0, 2);
        Assert.AreEqual(1 + 7 + 6 + 6, chip.Bytes);
        Assert.AreEqual(8 * chip.Bytes, chip.Bits);
        Assert.AreEqual(4, chip.Transactions);
        Assert.AreEqual(1, chip.Count(Opcode.Wren));
        Assert.AreEqual(1, chip.Count(Opcode.Write));
        Assert.AreEqual(2, chip.Count(Opcode.Read));
        Assert.AreEqual(0, chip.Count(Opcode.Rdsr));
        chip.ResetCounters();
        Assert.AreEqual(0, chip.Bytes + chip.Bits + chip.Transactions + chip.Count(Opcode.Read));
        chip.CutAfterBits(13);
        Assert.ThrowsExactly<PowerLostException>(() => ReadAt(chip, 0, 2));
        Assert.AreEqual(13, chip.Bits);
        Assert.AreEqual(1, chip.Bytes);
    }

    [TestMethod]
    public void CellsCanBeDamaged()
    {
        FramModel chip = new(large);
        chip.Fill(10, 3, 0xF0);
        chip.Flip(11, 0);
        CollectionAssert.AreEqual(new byte[] { 0, 0xF0, 0xF1, 0xF0, 0 }, ReadAt(chip, 9, 5));
        chip.StickBits(20, 0x81, 0x01);
        CollectionAssert.AreEqual(new byte[] { 0x01 }, ReadAt(chip, 20, 1));
        WriteAt(chip, 19, [0xFF, 0xFE, 0xFF]);
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0x7F, 0xFF }, ReadAt(chip, 19, 3));
        chip.UnstickBits();
        WriteAt(chip, 20, [0x80]);
        CollectionAssert.AreEqual(new byte[] { 0x80 }, ReadAt(chip, 20, 1));
    }

    [TestMethod]
    public void TheHookSeesTransactionsAndMayFailThem()
    {
        FramModel chip = new(large);
        int seen = 0;
        chip.BeforeTransaction = output =>
        {
            seen = output[0];
            if (output[0] == Opcode.Write)
                throw new IOException("The bus has failed.");
        };
        Assert.ThrowsExactly<IOException>(() => WriteAt(chip, 0, [1]));
        Assert.AreEqual(Opcode.Write, seen);
        Assert.AreEqual(0, chip.Memory[0]);
        Assert.AreEqual(1, chip.Transactions);
        chip.BeforeTransaction = _ => chip.CutAfterBits(0);
        Assert.ThrowsExactly<PowerLostException>(() => Send(chip, Opcode.Wren));
    }

    [TestMethod]
    public void CallsThatNoBusCouldCarryAreRefused()
    {
        FramModel chip = new(large);
        byte[] buffer = new byte[FramChip.LargestTransactionBytes + 1];
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => chip.Write(buffer, 0, 0));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => chip.Write(buffer, 0, buffer.Length));
        Assert.ThrowsExactly<ArgumentException>(() => chip.Transfer(buffer, buffer, 0, 4));
        Assert.ThrowsExactly<ArgumentException>(() => new FramModel(small, new byte[small.Bytes]));
        Assert.AreEqual(0, chip.Transactions);
    }

    // Random reads and writes, cut at a random bit, against a model that goes byte by byte through everything clocked.
    [TestMethod]
    public void RandomTrafficMatchesAByteByByteModel() =>
        Gen.Select(
            Gen.Int[0, 3],
            Gen.Int[0, 4000],
            Gen.Select(Gen.Int[0, small.Bytes - 1], Gen.Byte.Array[1, 100]).Array[1, 8])
        .Sample((protection, cutBits, writes) =>
        {
            FramModel chip = new(small) { Status = (byte)(protection << 2) };
            byte[] expected = new byte[small.Bytes];
            int firstProtected = new[] { 8192, 6144, 4096, 0 }[protection];
            long clocked = 0;
            chip.CutAfterBits(cutBits);
            try
            {
                foreach ((int address, byte[] data) in writes)
                {
                    clocked += 8;
                    for (int i = 0; i < data.Length; i++)
                    {
                        int at = (address + i) % small.Bytes;
                        if (clocked + 8 * (3 + i + 1) <= cutBits && at < firstProtected)
                            expected[at] = data[i];
                    }
                    clocked += 8 * (3 + data.Length);
                    WriteAt(chip, address, data);
                }
            }
            catch (PowerLostException)
            {
            }
            Assert.AreEqual(clocked < cutBits, chip.IsPowered);
            return chip.Memory.SequenceEqual(expected);
        }, iter: 2000);

    [TestMethod]
    public void NothingIsAllocatedPerTransaction()
    {
        FramModel chip = new(large);
        byte[] write = [.. Command(large, Opcode.Write, 0), .. new byte[300]];
        byte[] read = new byte[write.Length];
        Exercise();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            Exercise();
        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Exercise()
        {
            chip.Write(write, 0, write.Length);
            chip.Transfer(write, read, 0, read.Length);
        }
    }

    private static bool IsMram(SimPart part) => part.Name.StartsWith("MR2");

    private static byte[] Command(SimPart part, byte opcode, int address) => part.AddressBytes == 2
        ? [opcode, (byte)(address >> 8), (byte)address]
        : [opcode, (byte)(address >> 16), (byte)(address >> 8), (byte)address];

    private static void Send(FramModel chip, params byte[] bytes) => chip.Write(bytes, 0, bytes.Length);

    // Sends `output`, padded with zeros to `count` bytes, and gives all that comes back.
    private static byte[] Exchange(FramModel chip, int count, params byte[] output)
    {
        byte[] input = new byte[count];
        chip.Transfer([.. output, .. new byte[Math.Max(0, count - output.Length)]], input, 0, count);
        return input;
    }

    private static byte Status(FramModel chip) => Exchange(chip, 2, Opcode.Rdsr)[1];

    private static void WriteAt(FramModel chip, int address, byte[] data)
    {
        Send(chip, Opcode.Wren);
        // In front of the array's start may stand other bytes: the offset counts.
        byte[] buffer = [0xAA, .. Command(chip.Part, Opcode.Write, address), .. data];
        chip.Write(buffer, 1, buffer.Length - 1);
    }

    private static byte[] ReadAt(FramModel chip, int address, int count)
    {
        int header = 1 + chip.Part.AddressBytes;
        byte[] input = new byte[2 + header + count];
        chip.Transfer([.. Command(chip.Part, Opcode.Read, address), .. new byte[count]], input, 2, header + count);
        return input[(2 + header)..];
    }
}
