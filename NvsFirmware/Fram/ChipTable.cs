namespace NvsFirmware.Fram;

/// <summary>The parts that the firmware knows, from their data sheets: FRAM, and MRAM that takes the same commands.</summary>
public static class ChipTable
{
    private const int KiB = 1024;

    /// <summary>No part.</summary>
    public static readonly FramPart None = new FramPart("", 0, new byte[0], false);

    /// <summary>All parts.</summary>
    public static readonly FramPart[] Parts =
    {
        Fujitsu("MB85RS64V", 8 * KiB, 0x03, 0x02, false),
        Fujitsu("MB85RS256B", 32 * KiB, 0x05, 0x09, false),
        Fujitsu("MB85RS256TY", 32 * KiB, 0x25, 0x03, true),
        Fujitsu("MB85RS1MT", 128 * KiB, 0x27, 0x03, true),
        Fujitsu("MB85RS2MT", 256 * KiB, 0x28, 0x03, true),
        Fujitsu("MB85RS2MTA", 256 * KiB, 0x48, 0x03, true),
        Fujitsu("MB85RS4MT", 512 * KiB, 0x49, 0x03, true),
        Cypress("FM25V02A", 32 * KiB, 0x22, 0x08),
        Cypress("FM25V05", 64 * KiB, 0x23, 0x00),
        Cypress("FM25V10", 128 * KiB, 0x24, 0x00),
        Cypress("FM25V20A", 256 * KiB, 0x25, 0x08),
        Cypress("CY15B104Q", 512 * KiB, 0x26, 0x08),
        Cypress("CY15B104QN", 512 * KiB, 0x2C, 0x00),
        Cypress("CY15B108QI", 1024 * KiB, 0x2F, 0x01),
        Everspin("MR25H256", 32 * KiB),
        Everspin("MR25H10", 128 * KiB),
        Everspin("MR25H40", 512 * KiB),
        Everspin("MR20H40", 512 * KiB),
    };

    /// <summary>The part with a name, or <see cref="None"/>.</summary>
    public static FramPart Named(string name)
    {
        foreach (FramPart part in Parts)
            if (part.Name == name)
                return part;
        return None;
    }

    /// <summary>The part that gives this answer to RDID, or <see cref="None"/>.</summary>
    /// <param name="answer">Nine bytes as they came.</param>
    public static FramPart WithId(byte[] answer)
    {
        foreach (FramPart part in Parts)
            if (part.Matches(answer))
                return part;
        return None;
    }

    private static FramPart Fujitsu(string name, int bytes, byte density, byte revision, bool hasSleep) =>
        new FramPart(name, bytes, new byte[] { 0x04, 0x7F, density, revision }, hasSleep);

    private static FramPart Cypress(string name, int bytes, byte density, byte revision) =>
        new FramPart(name, bytes, new byte[] { 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0xC2, density, revision }, true);

    // MRAM: no RDID. They do sleep, but wake by an opcode (AB) that FRAM has not, and not by chip select: they stay awake.
    private static FramPart Everspin(string name, int bytes) => new FramPart(name, bytes, new byte[0], false);
}
