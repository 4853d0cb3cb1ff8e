namespace NvsFirmware.Fram;

/// <summary>An FRAM chip on an SPI bus.</summary>
public sealed class FramChip
{
    /// <summary>The longest transaction on the bus, in bytes (ESP32: one DMA transfer).</summary>
    public const int LargestTransactionBytes = 16384;
}
