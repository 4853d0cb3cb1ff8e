namespace NvsFirmware.Nvs;

/// <summary>A record is its bytes: up to which commit the tables are complete, and where the next block is.</summary>
/// <remarks>
/// <code>
///  0         4        8        12            16      20      24      28         30    31  32
/// | version | client | number | fingerprint | sum 0 | sum 1 | boots | next set | lap | 0 | CRC-32 |
/// </code>
/// docs/format.md explains the fields.
/// </remarks>
public static class VtbRecord
{
    /// <summary>Length of a record.</summary>
    public const int Bytes = 36;

    /// <summary>The last commit that is in the tables, 4 bytes.</summary>
    public const int VersionAt = 0;

    /// <summary>Its client, 4 bytes; 0: nobody's.</summary>
    public const int ClientAt = 4;

    /// <summary>Its request number, 4 bytes.</summary>
    public const int NumberAt = 8;

    /// <summary>Its fingerprint, 4 bytes.</summary>
    public const int FingerprintAt = 12;

    /// <summary>First sum over the track table, 4 bytes.</summary>
    public const int Sum0At = 16;

    /// <summary>Second sum over the track table, 4 bytes.</summary>
    public const int Sum1At = 20;

    /// <summary>How often a board has started with this store, 4 bytes.</summary>
    public const int BootsAt = 24;

    /// <summary>Segment where the next block begins and, in bit 15, the active-set flag; 2 bytes.</summary>
    public const int NextAt = 28;

    /// <summary>Bits 0–3 the lap, bit 6 <see cref="InDoubt"/>, bit 7 <see cref="Passing"/>; 1 byte.</summary>
    public const int LapAt = 30;

    /// <summary>Who asked last may have been lost with a damaged block, record or client entry, until repair.</summary>
    public const int InDoubt = 0x40;

    /// <summary>The client only passes by.</summary>
    public const int Passing = 0x80;

    private const int UnusedLapBits = 0x30;
    private const int ZeroAt = 31;
    private const int CrcAt = 32;
    private const int UnusedNextBits = 0x70;

    /// <summary>True when a whole record stands in a buffer.</summary>
    public static bool IsWhole(byte[] buffer, int at) =>
        System.BitConverter.ToUInt32(buffer, at + CrcAt) == Crc.Of(buffer, at, CrcAt)
        && (buffer[at + LapAt] & UnusedLapBits) == 0 && buffer[at + ZeroAt] == 0 && (buffer[at + NextAt + 1] & UnusedNextBits) == 0;

    /// <summary>Finishes a record whose fields are in place.</summary>
    public static void Seal(byte[] buffer, int at) => Buffers.PutUInt32(buffer, at + CrcAt, Crc.Of(buffer, at, CrcAt));
}
