namespace NvsFirmware.Tests.Costs;

/// <summary>What the firmware has executed, and what went over the SPI bus.</summary>
public readonly record struct Cost(Tally Tally, long BusBytes, long BusTransactions)
{
    // At 20 MHz a byte takes 0.4 µs.
    private const double BusUsPerByte = 0.4;

    /// <summary>How long a board takes for it, in microseconds.</summary>
    public double BoardUs => Tally.BoardUs + BusBytes * BusUsPerByte;

    public static Cost operator +(Cost a, Cost b) => new(a.Tally + b.Tally, a.BusBytes + b.BusBytes, a.BusTransactions + b.BusTransactions);

    public static Cost operator -(Cost a, Cost b) => new(a.Tally - b.Tally, a.BusBytes - b.BusBytes, a.BusTransactions - b.BusTransactions);
}

/// <summary>What one request cost.</summary>
/// <param name="UntilAnswer">Until its answer left the board.</param>
/// <param name="InAll">With what follows the answer.</param>
/// <param name="Allocation">The part of it that went into choosing segments ahead.</param>
public readonly record struct RequestCost(Cost UntilAnswer, Cost InAll, Tally Allocation);
