using System;
using System.IO.Hashing;

namespace NvsFirmware;

/// <summary>CRC-32 (IEEE 802.3, as in zlib) over blocks, by the platform's own implementation, which is native code on a board.</summary>
/// <remarks>On nanoFramework each call allocates 96 bytes: two copies of a SpanByte, which the interpreter puts on the heap.</remarks>
public sealed class Crc
{
    private readonly Crc32 crc = new Crc32();

    /// <summary>The CRC-32 of all that was appended since <see cref="Reset"/>.</summary>
    public uint Value => crc.GetCurrentHashAsUInt32();

    /// <summary>Forgets what was appended.</summary>
    public void Reset() => crc.Reset();

    /// <summary>Appends a block; an empty one changes nothing (it would crash the nanoFramework runtime).</summary>
    public void Append(byte[] buffer, int offset, int count)
    {
        if (count > 0)
            crc.Append(Block(buffer, offset, count));
    }

    /// <summary>The CRC-32 of one block of at least one byte.</summary>
    public static uint Of(byte[] buffer, int offset, int count) => Crc32.HashToUInt32(Block(buffer, offset, count));

#if NANOFRAMEWORK_1_0
    private static SpanByte Block(byte[] buffer, int offset, int count) => new SpanByte(buffer, offset, count);
#else
    private static ReadOnlySpan<byte> Block(byte[] buffer, int offset, int count) => new ReadOnlySpan<byte>(buffer, offset, count);
#endif
}
