namespace NvsFirmware.Wire;

/// <summary>The counters of STATS, in their order there. All count from boot, but the high-water marks, and wrap at 2^32.</summary>
public static class Counter
{
    /// <summary>Commits.</summary>
    public const int Commits = 0;

    /// <summary>Tracks written by commits.</summary>
    public const int TracksWritten = 1;

    /// <summary>Tracks released by commits.</summary>
    public const int TracksReleased = 2;

    /// <summary>Track bytes of commits.</summary>
    public const int BytesWritten = 3;

    /// <summary>Write requests answered again because they had been committed before.</summary>
    public const int Repeated = 4;

    /// <summary>Requests refused: every answer with a status other than Ok and Continue.</summary>
    public const int Refused = 5;

    /// <summary>Tracks read.</summary>
    public const int Reads = 6;

    /// <summary>Reads served from the cache.</summary>
    public const int CacheHits = 7;

    /// <summary>Track reads that found a block not matching its CRC-32.</summary>
    public const int TrackCrcErrors = 8;

    /// <summary>Whole frames received.</summary>
    public const int FramesReceived = 9;

    /// <summary>Frames sent.</summary>
    public const int FramesSent = 10;

    /// <summary>Frames received whose payload did not match its CRC-32.</summary>
    public const int FrameCrcErrors = 11;

    /// <summary>How often the receiver lost its place.</summary>
    public const int PlacesLost = 12;

    /// <summary>Bytes clocked on the SPI bus.</summary>
    public const int BusBytes = 13;

    /// <summary>Transactions on the SPI bus.</summary>
    public const int BusTransactions = 14;

    /// <summary>Recoveries: mounts of a store.</summary>
    public const int Recoveries = 15;

    /// <summary>Chip or bus errors.</summary>
    public const int ChipErrors = 16;

    /// <summary>Unexpected errors inside the firmware, each answered and survived.</summary>
    public const int InternalErrors = 17;

    /// <summary>High-water mark: bytes in the longest write request.</summary>
    public const int LongestRequestBytes = 18;

    /// <summary>High-water mark: most segments that tracks owned.</summary>
    public const int MostSegmentsOwned = 19;

    /// <summary>Milliseconds since boot.</summary>
    public const int UptimeMs = 20;

    /// <summary>How often the board opened its port anew.</summary>
    public const int LineReopened = 21;

    /// <summary>How many counters there are.</summary>
    public const int Count = 22;
}
