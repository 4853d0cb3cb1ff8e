using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

[TestClass]
public sealed class SmokeTests
{
    [TestMethod]
    public void Smoke()
    {
        TestBoard board = TestBoard.Formatted("MB85RS2MT");
        Console.WriteLine(board.Firmware.BootReport);
        Assert.AreEqual(Status.Ok, board.State);
        byte[] data = [.. Enumerable.Range(0, 8000).Select(i => (byte)(i * 7))];
        uint v = board.Write(1, new TrackItem(5, data), new TrackItem(6, [1, 2, 3]));
        Assert.AreEqual(1u, v);
        CollectionAssert.AreEqual(data, board.Read(5).Data);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, board.Read(6).Data);
        board.Chip.ResetCounters();
        board.Boot();
        Console.WriteLine($"boot: {board.Chip.Bytes} bytes {board.Chip.Transactions} transactions");
        Console.WriteLine(board.Firmware.BootReport);
        CollectionAssert.AreEqual(data, board.Read(5).Data);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, board.Read(6).Data);
        Assert.AreEqual(0, board.Verify().Count);
        Assert.AreEqual(2, board.List().Count);
        foreach (int n in new[] { 32, 64, 256, 1024, 4096 })
        {
            for (uint i = 0; i < 50; i++)
                board.Write(100 + (uint)n * 100 + i, new TrackItem(7, new byte[n]));
            board.Chip.ResetCounters();
            for (uint i = 0; i < 50; i++)
                board.Write(100 + (uint)n * 100 + 50 + i, new TrackItem(7, new byte[n]));
            Console.WriteLine($"{n}: {board.Chip.Bytes / 50.0} bytes {board.Chip.Transactions / 50.0} tr, ratio {board.Chip.Bytes / 50.0 / (n + 17):F3}");
        }
    }
}
