using System;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace NvsMedium;

/// <summary>Numbers and CRC-32s as docs/format.md writes them.</summary>
public static class MediumBytes
{
    /// <summary>Four bytes as a number.</summary>
    public static uint U32(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    /// <summary>Two bytes as a number.</summary>
    public static int U16(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    /// <summary>Writes a number as four bytes.</summary>
    public static void Put32(this Span<byte> bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], value);

    /// <summary>Writes a number as two bytes.</summary>
    public static void Put16(this Span<byte> bytes, int at, int value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[at..], (ushort)value);

    /// <summary>The CRC-32.</summary>
    public static uint Crc(this ReadOnlySpan<byte> bytes) => Crc32.HashToUInt32(bytes);

    /// <summary>True when all are zero.</summary>
    public static bool IsZero(this ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept((byte)0) < 0;

    /// <summary>True when commit <paramref name="a"/> is later than <paramref name="b"/>: by the sign of the difference.</summary>
    public static bool IsLater(uint a, uint b) => unchecked((int)(a - b)) > 0;

    /// <summary>The number of the commit after one.</summary>
    public static uint After(uint version) => version == uint.MaxValue ? 1 : version + 1;

    /// <summary>The lap of the commit after one.</summary>
    public static int LapAfter(uint version, int lap) => version == uint.MaxValue ? (lap + 1) & 15 : lap;
}
