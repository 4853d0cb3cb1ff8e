namespace NvsFirmware;

/// <summary>What a board decides for the firmware. The defaults suit an ESP32 without PSRAM.</summary>
public sealed class BoardSettings
{
    /// <summary>The board's name, at most 16 ASCII characters; HELLO tells it.</summary>
    public string Name = "unnamed";

    /// <summary>The FRAM part's name as in the chip table, or empty to ask the chip. Needed for parts that answer no RDID.</summary>
    public string ChipName = "";

    /// <summary>Bytes in a segment when this board formats a chip; 0 takes the default for the chip's size.</summary>
    public int SegmentBytes;

    /// <summary>Segments in a set when this board formats a chip; 0 takes the default for the chip's size.</summary>
    public int SetSegments;

    /// <summary>True to format a blank chip at boot. A chip that is damaged or holds a store is never formatted by itself.</summary>
    public bool FormatBlank;

    /// <summary>Eight bytes, others on every board and not all zeros: the store's id when <see cref="FormatBlank"/> formats.</summary>
    public byte[] NewStoreId = new byte[8];

    /// <summary>How many bytes the host may have sent and not seen answered: the UART's read buffer, at least one largest frame.</summary>
    public int ReceiveWindowBytes = 8448;

    /// <summary>The most bytes of a track in one frame that this board can take, 64 to 8192.</summary>
    public int LargestPieceBytes = 4096;

    /// <summary>A number that is another one at each boot: session keys are made of it.</summary>
    public int SessionSeed;

    /// <summary>Number of tracks the cache can hold.</summary>
    public int CacheBlocks = 8;

    /// <summary>Longest track, in bytes, that the cache holds.</summary>
    public int CacheBlockBytes = 512;

    /// <summary>The chip is put to sleep after this long without a frame, in milliseconds; 0 never.</summary>
    public int SleepAfterMs;
}
