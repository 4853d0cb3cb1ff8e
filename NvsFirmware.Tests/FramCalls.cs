using System;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>Transactions with a chip, as a driver makes them.</summary>
internal static class FramCalls
{
    public static readonly SimPart small = SimPart.Find("MB85RS64V");
    public static readonly SimPart large = SimPart.Default;

    public static bool IsMram(SimPart part) => part.Name.StartsWith("MR2");

    public static byte[] Command(SimPart part, byte opcode, int address) => part.AddressBytes == 2
        ? [opcode, (byte)(address >> 8), (byte)address]
        : [opcode, (byte)(address >> 16), (byte)(address >> 8), (byte)address];

    public static void Send(FramModel chip, params byte[] bytes) => chip.Write(bytes, 0, bytes.Length);

    // Sends `output`, padded with zeros to `count` bytes, and gives all that comes back.
    public static byte[] Exchange(FramModel chip, int count, params byte[] output)
    {
        byte[] input = new byte[count];
        chip.Transfer([.. output, .. new byte[Math.Max(0, count - output.Length)]], input, 0, count);
        return input;
    }

    public static byte Status(FramModel chip) => Exchange(chip, 2, Opcode.Rdsr)[1];

    public static void WriteAt(FramModel chip, int address, byte[] data)
    {
        Send(chip, Opcode.Wren);
        // In front of the array's start may stand other bytes: the offset counts.
        byte[] buffer = [0xAA, .. Command(chip.Part, Opcode.Write, address), .. data];
        chip.Write(buffer, 1, buffer.Length - 1);
    }

    public static byte[] ReadAt(FramModel chip, int address, int count)
    {
        int header = 1 + chip.Part.AddressBytes;
        byte[] input = new byte[2 + header + count];
        chip.Transfer([.. Command(chip.Part, Opcode.Read, address), .. new byte[count]], input, 2, header + count);
        return input[(2 + header)..];
    }
}
