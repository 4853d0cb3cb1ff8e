namespace NvsSim;

/// <summary>First byte of a transaction with an FRAM chip: what it does.</summary>
public static class Opcode
{
    /// <summary>Writes the status register.</summary>
    public const byte Wrsr = 0x01;

    /// <summary>Writes to the array.</summary>
    public const byte Write = 0x02;

    /// <summary>Reads the array.</summary>
    public const byte Read = 0x03;

    /// <summary>Clears the write-enable latch.</summary>
    public const byte Wrdi = 0x04;

    /// <summary>Reads the status register.</summary>
    public const byte Rdsr = 0x05;

    /// <summary>Sets the write-enable latch.</summary>
    public const byte Wren = 0x06;

    /// <summary>FSTRD: reads the array, with a dummy byte behind the address.</summary>
    public const byte FastRead = 0x0B;

    /// <summary>Reads the part's identification.</summary>
    public const byte Rdid = 0x9F;

    /// <summary>Sleeps until chip select goes low again.</summary>
    public const byte Sleep = 0xB9;
}
