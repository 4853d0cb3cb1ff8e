using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>Faults of the bus are those of the ESP32's driver: tests that use them rely on it.</summary>
[TestClass]
[OnlyOnDotNet("tests the simulated board")]
public sealed class BusFaultsTests
{
    private static readonly SimPart part = SimPart.Find("MB85RS64V");

    private readonly FramModel chip = new(part);

    [TestMethod]
    public void ADroppedWriteDoesNothingAndADroppedReadLeavesItsBufferAsItWas()
    {
        BusFaults bus = new(chip, 1);
        bus.Add(BusFault.Dropped, Occasions.Between(2, 3));
        chip.Memory[0] = 0x42;
        Send(bus, Opcode.Wren);
        Send(bus, Opcode.Write, 0, 0, 1);
        CollectionAssert.AreEqual(new byte[] { 0x11, 0x11, 0x11, 0x11 }, Read(bus));
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0xFF, 0xFF, 0x42 }, Read(bus));
        Assert.AreEqual(0x42, chip.Memory[0]);
        Assert.AreEqual(2, chip.Transactions);
        Assert.AreEqual(4, bus.Transactions);
        Assert.AreEqual(2, bus.Faults);
    }

    [TestMethod]
    public void ADroppedWrenLeavesTheLatchClear()
    {
        BusFaults bus = new(chip, 1);
        bus.Add(BusFault.Dropped, "wren:1");
        Send(bus, Opcode.Wren);
        Send(bus, Opcode.Write, 0, 0, 1);
        Assert.AreEqual(0, chip.Memory[0]);
        Send(bus, Opcode.Wren);
        Send(bus, Opcode.Write, 0, 0, 1);
        Assert.AreEqual(1, chip.Memory[0]);
    }

    [TestMethod]
    public void NoiseComesBackWhereTheChipDoesWhatIsSent()
    {
        BusFaults bus = new(chip, 1);
        bus.Add(BusFault.Noise, Occasions.Always);
        Send(bus, Opcode.Wren);
        Send(bus, Opcode.Write, 0, 0, 0x42);
        Assert.AreEqual(0x42, chip.Memory[0]);
        byte[][] answers = [.. Enumerable.Range(0, 16).Select(_ => Read(bus))];
        Assert.AreEqual(18, chip.Transactions);
        Assert.IsGreaterThan(8, answers.Select(Convert.ToHexString).Distinct().Count());
        // The same seed, the same noise.
        BusFaults again = new(chip, 1);
        again.Add(BusFault.Noise, Occasions.Always);
        Send(again, Opcode.Wren);
        Send(again, Opcode.Wren);
        CollectionAssert.AreEqual(answers[0], Read(again));
    }

    [TestMethod]
    public void WithoutContactReadsGetOnesAndNothingArrives()
    {
        BusFaults bus = new(chip, 1);
        bus.Add(BusFault.NoContact, Occasions.Between(1, 3));
        Send(bus, Opcode.Wren);
        Send(bus, Opcode.Write, 0, 0, 1);
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF }, Read(bus));
        CollectionAssert.AreEqual(new byte[] { 0xFF, 0xFF, 0xFF, 0 }, Read(bus));
        Assert.AreEqual(1, chip.Transactions);
    }

    [TestMethod]
    public void ADriverMayThrow()
    {
        BusFaults bus = new(chip, 1);
        bus.Add(BusFault.Thrown, Occasions.Always);
        Assert.ThrowsExactly<FramException>(() => Send(bus, Opcode.Wren));
        Assert.ThrowsExactly<FramException>(() => Read(bus));
        Assert.AreEqual(0, chip.Transactions);
    }

    // The numbers of a rule must not depend on the rules before it, or a run could not be repeated with one of them.
    [TestMethod]
    public void EachRuleCountsItsOwnAndTheFirstOneDecides()
    {
        List<string> told = [];
        BusFaults bus = new(chip, 1)
        {
            Happens = (fault, number, opcode, count) => told.Add($"{number} {fault} {Opcode.Name(opcode)} {count}"),
        };
        bus.Add(BusFault.Dropped, "WRITE:2");
        bus.Add(BusFault.Noise, "every:5");
        bus.Add(BusFault.NoContact, "read:2-");
        for (int i = 0; i < 4; i++)
        {
            Send(bus, Opcode.Wren);
            Send(bus, Opcode.Write, 0, 0, 1);
            Read(bus);
        }
        // Two rules hit the fifth; the tenth has no answer that could be noise.
        string[] expected = ["5 Dropped WRITE 4", "6 NoContact READ 4", "9 NoContact READ 4", "12 NoContact READ 4"];
        CollectionAssert.AreEqual(expected, told);
        bus.Clear();
        Send(bus, Opcode.Wren);
        Assert.AreEqual(1, bus.Transactions);
        Assert.AreEqual(0, bus.Faults);
    }

    // A firmware whose power is gone must not run on because its transactions are dropped.
    [TestMethod]
    public void NothingIsDroppedWithoutPower()
    {
        BusFaults bus = new(chip, 1);
        bus.Add(BusFault.Dropped, Occasions.Always);
        Send(bus, Opcode.Wren);
        chip.CutAfterBits(0);
        Assert.ThrowsExactly<PowerLostException>(() => Send(bus, Opcode.Wren));
        Assert.ThrowsExactly<PowerLostException>(() => Read(bus));
    }

    private static void Send(BusFaults bus, params byte[] bytes) => bus.Write([0xEE, .. bytes], 1, bytes.Length);

    private static byte[] Read(BusFaults bus)
    {
        byte[] input = [.. Enumerable.Repeat((byte)0x11, 6)];
        bus.Transfer([Opcode.Read, 0, 0, 0, 0], input, 2, 4);
        Assert.AreEqual(0x11, input[1]);
        return input[2..];
    }
}
