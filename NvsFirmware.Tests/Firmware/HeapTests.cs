// .NET's heap is not like a board's: there these tests would say nothing.
#if NANOFRAMEWORK_1_0
using System;
using NvsFirmware.Fram;
using nanoFramework.TestFramework;
using NvsFirmware.Wire;
using GC = nanoFramework.Runtime.Native.GC;

namespace NvsFirmware.UnitTests;

/// <summary>What the firmware holds of the heap, by chip size. An ESP32 without PSRAM leaves about 100 KB for everything managed.</summary>
[TestClass]
public class HeapTests
{
    private const int MostBytes = 48 * 1024;

    [TestMethod]
    [DataRow("MB85RS64V")]
    [DataRow("MB85RS256B")]
    [DataRow("FM25V05")]
    [DataRow("MB85RS1MT")]
    [DataRow("MB85RS2MT")]
    [DataRow("MB85RS4MT")]
    public void TheFirmwareFits(string name)
    {
        FramPart part = ChipTable.Named(name);
        SmallFram fram = new SmallFram(part.CapacityBytes, part.Id);
        BoardLine line = new BoardLine(fram);
        Held(fram, line); // not counted: what the tests before left would still be in use when it begins
        int bytes = Held(fram, line);
        Console.WriteLine("cost: for " + name + " the firmware holds " + bytes.ToString() + " bytes of the heap");
        if (IsHeapAsOnABoard())
            Assert.IsTrue(bytes <= MostBytes, "bytes: " + bytes.ToString());
    }

    private static int Held(SmallFram fram, BoardLine line)
    {
        int before = FreeBytes();
        BoardSettings settings = new BoardSettings { FormatBlank = true, NewStoreId = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8 } };
        Firmware firmware = new Firmware(fram, line, line, settings);
        firmware.Boot();
        firmware.Step(0);
        int bytes = before - FreeBytes();
        Check.Is(Status.Ok, firmware.State);
        return bytes;
    }

    // On a 64-bit emulator an object's header, and a reference in an array, take twice the 12 bytes that they take on a board.
    private static bool IsHeapAsOnABoard()
    {
        int before = FreeBytes();
        object[] array = new object[1000];
        bool isAsOnABoard = before - FreeBytes() < 13000;
        return isAsOnABoard && array[0] == null;
    }

    private static int FreeBytes() => (int)(GC.Run(false) & 0x7FFFFFFF);
}
#endif
