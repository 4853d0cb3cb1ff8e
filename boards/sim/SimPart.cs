using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsSim;

/// <summary>What tells one FRAM part, or MRAM part, from another.</summary>
/// <remarks>
/// Written from the data sheets and not from the firmware's chip table, on purpose: an error there must not be repeated here, or no
/// test would see it.
/// </remarks>
/// <param name="Name">The part's name.</param>
/// <param name="Bytes">Size of the array, a power of two.</param>
/// <param name="Rdid">Answer to RDID in the order in which the part sends it; empty for a part that does not know RDID.</param>
public sealed record SimPart(string Name, int Bytes, byte[] Rdid)
{
    /// <summary>Address bytes after the opcode: the part ignores the bits above its size.</summary>
    public int AddressBytes => Bytes <= 0x10000 ? 2 : 3;

    /// <summary>True when the part knows SLEEP.</summary>
    public bool HasSleep { get; init; } = true;

    /// <summary>True when the part knows FSTRD.</summary>
    public bool HasFastRead { get; init; } = true;

    /// <summary>True when only the opcode AB ends sleep; else chip select alone does.</summary>
    public bool WakesByOpcode { get; init; }

    /// <summary>True when RDSR right behind READ answers something else.</summary>
    public bool IsStatusWrongBehindRead { get; init; }

    /// <summary>True when the write-enable latch stays set after WRITE and WRSR; most parts clear it.</summary>
    public bool KeepsWriteEnable { get; init; }

    /// <summary>Bits of the status register that WRSR writes and that survive power loss.</summary>
    public byte StatusWritable { get; init; } = 0x8C;

    /// <summary>Bits of the status register that always read as 1.</summary>
    public byte StatusOnes { get; init; }

    /// <summary>Bytes that survive power loss: the array, and behind it the status register.</summary>
    public int StorageBytes => Bytes + 1;

    /// <summary>All parts that the model knows.</summary>
    public static IReadOnlyList<SimPart> All { get; } =
    [
        Fujitsu("MB85RS64V", 8, 0x03, 0x02) with { HasSleep = false, HasFastRead = false },
        Fujitsu("MB85RS256B", 32, 0x05, 0x09),
        Fujitsu("MB85RS256TY", 32, 0x25, 0x03),
        Fujitsu("MB85RS1MT", 128, 0x27, 0x03),
        Fujitsu("MB85RS2MT", 256, 0x28, 0x03),
        Fujitsu("MB85RS2MTA", 256, 0x48, 0x03) with { KeepsWriteEnable = true },
        Fujitsu("MB85RS4MT", 512, 0x49, 0x03),
        Cypress("FM25V02A", 32, 0x22, 0x08),
        Cypress("FM25V05", 64, 0x23, 0x00),
        Cypress("FM25V10", 128, 0x24, 0x00),
        Cypress("FM25V20A", 256, 0x25, 0x08),
        Cypress("CY15B104Q", 512, 0x26, 0x08),
        Cypress("CY15B104QN", 512, 0x2C, 0x00),
        Cypress("CY15B108QI", 1024, 0x2F, 0x01),
        Everspin("MR25H256", 32),
        Everspin("MR25H10", 128),
        Everspin("MR25H40", 512),
        Everspin("MR20H40", 512),
    ];

    /// <summary>The names of all parts, for a person.</summary>
    public static string AllNames => string.Join(", ", All.Select(part => part.Name));

    /// <summary>The part of a board whose maker did not choose: 256 KiB.</summary>
    public static SimPart Default { get; } = Find("MB85RS2MT");

    /// <summary>The part of that name.</summary>
    /// <param name="name">The part's name, in capitals or not.</param>
    /// <exception cref="ArgumentException">The model knows no such part.</exception>
    public static SimPart Find(string name) =>
        All.FirstOrDefault(part => part.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"No part '{name}'. There are {AllNames}.");

    // Bits 4 to 6 of the status register have no use, but are cells like the others.
    private static SimPart Fujitsu(string name, int kibibytes, byte product1, byte product2) =>
        new(name, kibibytes * 1024, [0x04, 0x7F, product1, product2]) { StatusWritable = 0xFC };

    private static SimPart Cypress(string name, int kibibytes, byte product1, byte product2) =>
        new(name, kibibytes * 1024, [0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0xC2, product1, product2]) { StatusOnes = 0x40 };

    private static SimPart Everspin(string name, int kibibytes) => new(name, kibibytes * 1024, [])
    {
        HasFastRead = false,
        WakesByOpcode = true,
        IsStatusWrongBehindRead = true,
        KeepsWriteEnable = true,
    };
}
