using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsSim;
using static NvsFirmware.Tests.FramCalls;

namespace NvsFirmware.Tests;

/// <summary>The chip model without power, at power-up, asleep, without contact; and what a cut leaves in it.</summary>
[TestClass]
[OnlyOnDotNet("tests the chip model of the simulated board")]
public sealed class FramPowerTests
{
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
}
