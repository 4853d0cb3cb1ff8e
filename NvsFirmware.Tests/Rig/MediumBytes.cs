using System;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace NvsFirmware.Tests.Rig;

/// <summary>Numbers and CRC-32s as docs/format.md writes them.</summary>
public static class MediumBytes
{
    public static uint U32(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    public static int U16(this ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    public static void Put32(this Span<byte> bytes, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes[at..], value);

    public static void Put16(this Span<byte> bytes, int at, int value) => BinaryPrimitives.WriteUInt16LittleEndian(bytes[at..], (ushort)value);

    public static uint Crc(this ReadOnlySpan<byte> bytes) => Crc32.HashToUInt32(bytes);

    public static bool IsZero(this ReadOnlySpan<byte> bytes) => bytes.IndexOfAnyExcept((byte)0) < 0;

    /// <summary>True when commit <paramref name="a"/> is later than <paramref name="b"/>: by the sign of the difference.</summary>
    public static bool IsLater(uint a, uint b) => unchecked((int)(a - b)) > 0;

    /// <summary>The number of the commit after one.</summary>
    public static uint After(uint version) => version == uint.MaxValue ? 1 : version + 1;

    /// <summary>The lap of the commit after one.</summary>
    public static int LapAfter(uint version, int lap) => version == uint.MaxValue ? (lap + 1) & 15 : lap;
}
