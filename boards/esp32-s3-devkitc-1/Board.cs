using nanoFramework.Hardware.Esp32;

namespace NvsFirmware;

/// <summary>ESP32-S3-DevKitC-1 (ESP32-S3): what is wired where, and what for. README.md in this folder shows the wiring.</summary>
internal static class Board
{
    // SPI1 of nanoFramework is the ESP32-S3's SPI2, and these are its native pins, which need no detour over the GPIO matrix.
    private const int ClockPin = 12;
    private const int MisoPin = 13;
    private const int MosiPin = 11;

    private const int TransmitPin = 17;
    private const int ReceivePin = 18;

    /// <summary>The SPI bus that <see cref="SetPins"/> gives its pins.</summary>
    public const int SpiBus = 1;

    /// <summary>/CS of the FRAM chip, beside the other pins of the bus.</summary>
    public const int ChipSelectPin = 10;

    /// <summary>What the ESP32-S3 makes by dividing 80 MHz and the slowest 256 KiB chip (25 MHz) takes.</summary>
    public const int SpiClockHz = 20_000_000;

    /// <summary>The serial port of the host. COM1 belongs to the debugger, unless that is connected over the port marked USB.</summary>
    public const string HostPort = "COM2";

    /// <summary>The fastest rate that common USB bridges carry well.</summary>
    public const int HostBaudRate = 921_600;

    /// <summary>A pin with a plain LED, or -1. The board's LED is an addressable one, which a level does not light.</summary>
    public static int LedPin => -1;

    /// <summary>Gives the SPI bus and the serial port their pins; neither has usable ones before.</summary>
    public static void SetPins()
    {
        Configuration.SetPinFunction(ClockPin, DeviceFunction.SPI1_CLOCK);
        Configuration.SetPinFunction(MisoPin, DeviceFunction.SPI1_MISO);
        Configuration.SetPinFunction(MosiPin, DeviceFunction.SPI1_MOSI);
        Configuration.SetPinFunction(TransmitPin, DeviceFunction.COM2_TX);
        Configuration.SetPinFunction(ReceivePin, DeviceFunction.COM2_RX);
    }

    /// <summary>What the board decides for the firmware.</summary>
    public static BoardSettings Settings() => new BoardSettings
    {
        Name = "esp32-s3-devkitc",
        ChipName = "",
        SegmentBytes = 0,
        SetSegments = 0,
        FormatBlank = false,
        ReceiveWindowBytes = 8448,
    };
}
