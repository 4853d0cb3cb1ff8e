using System;

namespace NvsSim;

/// <summary>First byte of a transaction with an FRAM chip, or an MRAM chip: what it does.</summary>
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

    /// <summary>Sleeps until chip select goes low again, or, an MRAM part, until <see cref="Wake"/>.</summary>
    public const byte Sleep = 0xB9;

    /// <summary>Ends the sleep of an MRAM part.</summary>
    public const byte Wake = 0xAB;

    private static readonly (byte Opcode, string Name)[] names =
    [
        (Wrsr, "WRSR"), (Write, "WRITE"), (Read, "READ"), (Wrdi, "WRDI"), (Rdsr, "RDSR"),
        (Wren, "WREN"), (FastRead, "FSTRD"), (Rdid, "RDID"), (Sleep, "SLEEP"), (Wake, "WAKE"),
    ];

    /// <summary>The name in data sheets, or the number.</summary>
    public static string Name(byte opcode) => Array.Find(names, entry => entry.Opcode == opcode).Name ?? $"{opcode:X2}";

    /// <summary>The opcode with a name, in capitals or not, or null.</summary>
    public static byte? Find(string name)
    {
        int at = Array.FindIndex(names, entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return at >= 0 ? names[at].Opcode : null;
    }
}
