using System;
using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

[TestClass]
public class FramChipTests
{
    [TestMethod]
    public void FourByteId() => OpensAs("MB85RS64V", 0x2000, Status.Ok, 0x04, 0x7F, 0x03, 0x02);

    [TestMethod]
    public void NineByteId() => OpensAs("FM25V20A", 0x40000, Status.Ok, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0xC2, 0x25, 0x08);

    [TestMethod]
    public void ReversedId() => OpensAs("FM25V05", 0x10000, Status.Ok, 0x00, 0x23, 0xC2, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F);

    [TestMethod]
    public void UnknownId() => OpensAs("", 0x2000, Status.UnknownChip, 0x04, 0x7F, 0x77, 0x77);

    [TestMethod]
    [DataRow(0x00)]
    [DataRow(0xFF)]
    public void AFloatingLineIsNoChip(int level)
    {
        SmallFram fram = SmallFram.Small();
        fram.IsThere = false;
        fram.FloatingLevel = (byte)level;
        Check.Is(Status.NoChip, Chip(fram).Open(""));
        Check.Is(Status.NoChip, Chip(fram).Open("MB85RS64V"), "a name does not replace a chip");
    }

    // Some parts have no RDID.
    [TestMethod]
    public void TheBoardsNameForItOverridesTheId()
    {
        FramChip chip = Chip(new SmallFram(0x8000, 0x04, 0x7F, 0x77, 0x77));
        Check.Is(Status.Ok, chip.Open("MB85RS256B"));
        Assert.AreEqual("MB85RS256B", chip.Part.Name);
        Assert.AreEqual(0x8000, chip.CapacityBytes);
        Check.Is(Status.UnknownChip, chip.Open("no such part"));
    }

    // Writes to it would wrap, or go to other addresses.
    [TestMethod]
    [DataRow("MB85RS256B")]
    [DataRow("MB85RS1MT")]
    public void ANameThatTheIdContradictsIsRefused(string name) => Check.Is(Status.UnknownChip, Chip(SmallFram.Small()).Open(name));

    [TestMethod]
    public void OpenWaitsForAChipThatPowersUp()
    {
        SmallFram fram = SmallFram.Small();
        BoardLine clock = new BoardLine();
        fram.IsThere = false;
        new FramChip(fram, clock).Open("");
        Assert.IsTrue(clock.NowMs - 1000 >= 5, "the slowest part takes 5 ms");
    }

    [TestMethod]
    [DataRow(0x2000)]
    [DataRow(0x10000)]
    [DataRow(0x20000)]
    public void WhatIsWrittenIsRead(int bytes)
    {
        // The last bytes of the chip: with two address bytes, with the largest such chip, with three.
        SmallFram fram = Part(bytes);
        FramChip chip = Opened(fram);
        byte[] buffer = new byte[64];
        Check.PutSample(1, buffer, 10, 40);
        chip.Write(bytes - 40, buffer, 10, 40);
        Check.IsSample(1, fram.Memory, bytes - 40, 40);
        Assert.AreEqual(0, (int)fram.Memory[0]);
        Array.Clear(buffer, 0, buffer.Length);
        chip.Read(bytes - 40, buffer, 12, 40);
        Check.IsSample(1, buffer, 12, 40);
    }

    // Opcode and address go into the caller's buffer, before the payload: a read must put back what stood there, and neither touches more.
    [TestMethod]
    [DataRow(0x2000)]
    [DataRow(0x20000)]
    public void NoOtherByteOfTheBufferIsTouched(int bytes)
    {
        FramChip chip = Opened(Part(bytes));
        byte[] buffer = new byte[64];
        Check.PutSample(2, buffer, 0, 64);
        chip.Write(0x123, buffer, FramChip.CommandBytes, 50);
        Check.PutSample(2, buffer, 0, FramChip.CommandBytes);
        Check.IsSample(2, buffer, 0, 64);
        chip.Read(0x123, buffer, FramChip.CommandBytes, 50);
        Check.IsSample(2, buffer, 0, 64);
    }

    [TestMethod]
    [DataRow(-1, 1)]
    [DataRow(0x2000, 1)]
    [DataRow(0x1FFF, 2)]
    [DataRow(0, 0x2001)]
    [DataRow(int.MaxValue, 1)]
    public void ARangeOutsideIsRefused(int address, int count)
    {
        SmallFram fram = SmallFram.Small();
        FramChip chip = Opened(fram);
        byte[] buffer = new byte[16];
        int before = fram.BusBytes;
        // On the chip it would wrap, to the superblock.
        Assert.ThrowsException(typeof(ArgumentOutOfRangeException), () => chip.Write(address, buffer, 4, count));
        Assert.ThrowsException(typeof(ArgumentOutOfRangeException), () => chip.Read(address, buffer, 4, count));
        Assert.AreEqual(before, fram.BusBytes);
    }

    [TestMethod]
    public void LongTransfersTakeSeveralTransactions()
    {
        SmallFram fram = Part(0x8000);
        FramChip chip = Opened(fram);
        byte[] buffer = new byte[4 + 20000];
        Check.PutSample(3, buffer, 4, 20000);
        chip.Write(100, buffer, 4, 20000);
        Check.IsSample(3, fram.Memory, 100, 200);
        Check.IsSample(3, buffer, 4, 200);
        // Where the driver begins anew: the second transaction of a write, and of a read.
        for (int i = 16370; i < 16400; i++)
            Assert.AreEqual((int)buffer[4 + i], (int)fram.Memory[100 + i]);
        Array.Clear(buffer, 0, buffer.Length);
        chip.Read(100, buffer, 4, 20000);
        for (int i = 2030; i < 2060; i++)
            Assert.AreEqual((int)fram.Memory[100 + i], (int)buffer[4 + i]);
        Assert.AreEqual((int)fram.Memory[20099], (int)buffer[20003]);
    }

    [TestMethod]
    public void TransactionsAreCounted()
    {
        SmallFram fram = SmallFram.Small();
        FramChip chip = Opened(fram);
        int bytes = chip.BusBytes;
        int transactions = chip.BusTransactions;
        chip.Write(0, new byte[14], 4, 10);
        Assert.AreEqual(1 + 3 + 10, chip.BusBytes - bytes);
        Assert.AreEqual(2, chip.BusTransactions - transactions);
        Assert.AreEqual(fram.BusBytes, chip.BusBytes);
        Assert.AreEqual(fram.Transactions, chip.BusTransactions);
    }

    [TestMethod]
    public void ProtectionIsSeen()
    {
        SmallFram fram = SmallFram.Small();
        Assert.IsFalse(Opened(fram).IsProtected);
        fram.Protection = 0x04;
        Assert.IsTrue(Opened(fram).IsProtected);
    }

    [TestMethod]
    public void AliveMeansThatTheLatchMoves()
    {
        SmallFram fram = SmallFram.Small();
        FramChip chip = Opened(fram);
        Assert.IsTrue(chip.IsAlive());
        fram.IsThere = false;
        Assert.IsFalse(chip.IsAlive());
        fram.FloatingLevel = 0;
        Assert.IsFalse(chip.IsAlive());
    }

    [TestMethod]
    public void SleepsOnceAndWakesByItself()
    {
        SmallFram fram = Part(0x20000);
        BoardLine clock = new BoardLine();
        FramChip chip = new FramChip(fram, clock);
        chip.Open("");
        byte[] buffer = { 0, 0, 0, 0, 77 };
        chip.Sleep();
        Assert.IsTrue(fram.IsAsleep);
        int before = fram.Transactions;
        chip.Sleep(); // would wake it
        Assert.AreEqual(before, fram.Transactions);
        long beforeMs = clock.NowMs;
        chip.Write(5, buffer, 4, 1);
        Assert.AreEqual(77, (int)fram.Memory[5]);
        Assert.IsTrue(clock.NowMs > beforeMs, "it needs 450 us to wake up");
        chip.Sleep();
        Assert.IsTrue(chip.IsAlive());
    }

    [TestMethod]
    public void AChipThatLeftInItsSleepIsAnError()
    {
        SmallFram fram = Part(0x20000);
        FramChip chip = Opened(fram);
        Assert.IsTrue(chip.Sleep());
        fram.IsThere = false;
        byte[] buffer = new byte[8];
        Assert.ThrowsException(typeof(FramException), () => chip.Read(0, buffer, 4, 4));
    }

    [TestMethod]
    public void APartWithoutSleepIsLeftAwake()
    {
        SmallFram fram = SmallFram.Small();
        Opened(fram).Sleep();
        Assert.IsFalse(fram.IsAsleep);
    }

    private static void OpensAs(string name, int bytes, Status status, params byte[] id)
    {
        FramChip chip = Chip(new SmallFram(bytes, id));
        Check.Is(status, chip.Open(""));
        Assert.AreEqual(name, chip.Part.Name);
        if (status == Status.Ok)
            Assert.AreEqual(bytes, chip.CapacityBytes);
    }

    private static FramChip Chip(SmallFram fram) => new FramChip(fram, new BoardLine());

    private static FramChip Opened(SmallFram fram)
    {
        FramChip chip = Chip(fram);
        Check.Is(Status.Ok, chip.Open(""));
        return chip;
    }

    // A chip of a size with an id that says so.
    private static SmallFram Part(int bytes)
    {
        for (int i = 0; i < ChipTable.Parts.Length; i++)
            if (ChipTable.Parts[i].CapacityBytes == bytes)
                return new SmallFram(bytes, ChipTable.Parts[i].Id);
        throw new ArgumentException("no part of that size");
    }
}
