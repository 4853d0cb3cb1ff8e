using System;
using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>
/// What a committed write request costs where the firmware runs: prints its time and the bytes it allocates, and fails when it allocates
/// more than it should. docs/interpreter.md has the figures.
/// </summary>
[TestClass]
public class CostTests
{
    private const int Writes = 1000;

    // Allocated for a write request of one frame: on .NET nothing. On nanoFramework each call of the platform's CRC-32 makes two copies
    // of a SpanByte, nothing else does here; on a board each SPI call does, too. The firmware makes six calls: for the request's header and
    // payload, the block, the answer's header, the track's entry, the cache's copy; and one for each record. The host's side makes three.
    private const int CrcsOfAWrite = 6 + 3;

    [TestMethod]
    [DataRow(64)]
    [DataRow(1024)]
    public void OfACommittedWrite(int length)
    {
        SmallFram fram = new SmallFram(0x40000, 0x04, 0x7F, 0x28, 0x03);
        BoardSettings settings = new BoardSettings { FormatBlank = true, NewStoreId = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 } };
        SmallBoard board = new SmallBoard(fram, settings);
        board.Boot();
        Check.Is(Status.Ok, board.Write(5, 1, 0, 7, 1, length, true));
        Repeat(board, 2, 50);
        Allocations allocations = new Allocations();
        long start = DateTime.UtcNow.Ticks;
        Repeat(board, 100, Writes);
        long durationUs = (DateTime.UtcNow.Ticks - start) / 10;
        int bytes = allocations.End();
        Console.WriteLine("cost: a committed write request of " + length.ToString() + " bytes takes " + (durationUs / Writes).ToString()
            + " us and allocates " + (bytes / Writes).ToString() + " bytes, the host's side and the chip's model included");
        // On nanoFramework the count is not exact, and every 16th commit has a record: one more CRC-32 for each request is seen there. On
        // .NET, where a CRC-32 allocates nothing, one more object is.
        int crcBytes = BytesOfACrc();
        Assert.IsTrue(bytes <= Writes * (CrcsOfAWrite * crcBytes + crcBytes / 2), "bytes: " + bytes.ToString());
    }

    [TestMethod]
    public void OfALoopWithNothingToDo()
    {
        SmallBoard board = new SmallBoard();
        board.Format();
        board.Firmware.Step(1);
        Allocations allocations = new Allocations();
        for (int i = 0; i < Writes; i++)
            board.Firmware.Step(5); // five seconds: it also looks whether the chip is still there
        int bytes = allocations.End();
        Assert.IsTrue(bytes <= Writes * BytesOfACrc() / 4, "bytes: " + bytes.ToString());
    }

    private static void Repeat(SmallBoard board, int request, int count)
    {
        for (int i = 0; i < count; i++)
            if (board.Repeat(request + i) != Status.Ok) // an assertion would allocate
                Check.Is(Status.Ok, board.Status);
    }

    private static int BytesOfACrc()
    {
        const int Calls = 5000;
        byte[] buffer = new byte[16];
        Allocations allocations = new Allocations();
        for (int i = 0; i < Calls; i++)
            Crc.Of(buffer, 0, 16);
        return (allocations.End() + Calls - 1) / Calls;
    }
}
