using nanoFramework.Hardware.Esp32;

namespace NvsFirmware;

/// <summary>ESP32-DevKitC (ESP32): what is wired where, and what for. README.md in this folder shows the wiring.</summary>
internal static class Board
{
    // SPI2 of nanoFramework is the ESP32's VSPI, and these are its native pins, which need no detour over the GPIO matrix.
    private const int ClockPin = 18;
    private const int MisoPin = 19;
    private const int MosiPin = 23;

    // Pins 16 and 17 would be the usual ones, but a WROVER module's PSRAM occupies them.
    private const int TransmitPin = 26;
    private const int ReceivePin = 27;

    /// <summary>The SPI bus that <see cref="SetPins"/> gives its pins.</summary>
    public const int SpiBus = 2;

    /// <summary>/CS of the FRAM chip: a pin that stays quiet while the ESP32 boots, unlike 5, 14 and 15.</summary>
    public const int ChipSelectPin = 22;

    /// <summary>What the ESP32 makes by dividing 80 MHz and the slowest 256 KiB chip (25 MHz) takes.</summary>
    public const int SpiClockHz = 20_000_000;

    /// <summary>The serial port of the host. COM1 belongs to the debugger.</summary>
    public const string HostPort = "COM2";

    /// <summary>The fastest rate that common USB bridges carry well.</summary>
    public const int HostBaudRate = 921_600;

    /// <summary>A pin with a plain LED, or -1. The board has only a power LED.</summary>
    public static int LedPin => -1;

    /// <summary>Gives the SPI bus and the serial port their pins; neither has usable ones before.</summary>
    public static void SetPins()
    {
        Configuration.SetPinFunction(ClockPin, DeviceFunction.SPI2_CLOCK);
        Configuration.SetPinFunction(MisoPin, DeviceFunction.SPI2_MISO);
        Configuration.SetPinFunction(MosiPin, DeviceFunction.SPI2_MOSI);
        Configuration.SetPinFunction(TransmitPin, DeviceFunction.COM2_TX);
        Configuration.SetPinFunction(ReceivePin, DeviceFunction.COM2_RX);
    }

    /// <summary>What the board decides for the firmware.</summary>
    public static BoardSettings Settings() => new BoardSettings
    {
        Name = "esp32-devkitc",
        ChipName = "",
        SegmentBytes = 0,
        SetSegments = 0,
        FormatBlank = false,
        ReceiveWindowBytes = 8448,
    };
}
