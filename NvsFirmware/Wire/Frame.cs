namespace NvsFirmware.Wire;

/// <summary>
/// The frame that both directions of the line use; docs/protocol.md gives the same by bytes. Firmware and host share it.
/// </summary>
/// <remarks>
/// <code>
///  0        2     3       4         8        10    12        16         20
/// | 'N' 'V' | type | flags | number | payload | part | argument | CRC-32 | payload … | CRC-32 |
///                  | status                 bytes             of 0–15              of the payload, if there is one
/// </code>
/// Numbers are little-endian. The header's CRC-32 is exclusive-or the session key, so that a frame of another session is none. No byte
/// is stuffed or escaped: on a nanoFramework board a loop over bytes costs 7 to 20 µs for each.
/// </remarks>
public static partial class Frame
{
    /// <summary>Version of the protocol, which HELLO's argument tells.</summary>
    public const int ProtocolVersion = 1;

    /// <summary>Bytes in front of the payload.</summary>
    public const int HeaderBytes = 20;

    /// <summary>Bytes of the payload's CRC-32, which follows a payload that is not empty.</summary>
    public const int CrcBytes = 4;

    /// <summary>First byte of every frame.</summary>
    public const byte Sync0 = (byte)'N';

    /// <summary>Second byte of every frame.</summary>
    public const byte Sync1 = (byte)'V';

    /// <summary>Where the type stands, a <see cref="FrameType"/>, 1 byte.</summary>
    public const int TypeAt = 2;

    /// <summary>Where a request's flags stand, 1 byte: <see cref="WriteFlags"/> of WRITE, else 0.</summary>
    public const int FlagsAt = 3;

    /// <summary>Where an answer's <see cref="Wire.Status"/> stands, 1 byte.</summary>
    public const int StatusAt = 3;

    /// <summary>Where the number stands, 4 bytes: chosen by the host, repeated in the answer.</summary>
    public const int NumberAt = 4;

    /// <summary>Where the payload's length stands, 2 bytes.</summary>
    public const int PayloadBytesAt = 8;

    /// <summary>Where the part stands, 2 bytes: which frame of its request or its answer this is.</summary>
    public const int PartAt = 10;

    /// <summary>Where the argument stands, 4 bytes; its meaning depends on the type.</summary>
    public const int ArgumentAt = 12;

    /// <summary>Where the header's CRC-32 stands.</summary>
    public const int HeaderCrcAt = 16;

    /// <summary>The whole length of a frame with a payload of <paramref name="payloadBytes"/>.</summary>
    public static int TotalBytes(int payloadBytes) => payloadBytes == 0 ? HeaderBytes : HeaderBytes + payloadBytes + CrcBytes;
}
