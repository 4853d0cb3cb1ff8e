using System;
using System.IO.Hashing;

namespace NvsFirmware;

/// <summary>CRC-32 (IEEE 802.3, as in zlib) over a block, by the platform's own implementation, which is native code on a board.</summary>
/// <remarks>On nanoFramework each call allocates 96 bytes: two copies of a SpanByte, which the interpreter puts on the heap.</remarks>
public static class Crc
{
    /// <summary>The CRC-32 of a block of at least one byte (an empty one would crash the nanoFramework runtime).</summary>
    public static uint Of(byte[] buffer, int offset, int count) =>
#if NANOFRAMEWORK_1_0
        Crc32.HashToUInt32(new SpanByte(buffer, offset, count));
#else
        Crc32.HashToUInt32(new ReadOnlySpan<byte>(buffer, offset, count));
#endif
}
