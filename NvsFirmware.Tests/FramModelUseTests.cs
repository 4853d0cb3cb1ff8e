using System;
using System.IO;
using System.Linq;
using CsCheck;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsSim;
using static NvsFirmware.Tests.FramCalls;

namespace NvsFirmware.Tests;

/// <summary>What tests count, damage and catch in the chip model, and random traffic against a simpler one.</summary>
[TestClass]
[OnlyOnDotNet("tests the chip model of the simulated board")]
public sealed class FramModelUseTests
{
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
}
