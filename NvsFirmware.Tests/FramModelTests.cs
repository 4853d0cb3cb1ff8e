using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsSim;
using static NvsFirmware.Tests.FramCalls;

namespace NvsFirmware.Tests;

/// <summary>The chip model does what the data sheets say: everything else is tested on it.</summary>
[TestClass]
[OnlyOnDotNet("tests the chip model of the simulated board")]
public sealed class FramModelTests
{
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
}
