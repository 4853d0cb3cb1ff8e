using nanoFramework.Hardware.Esp32;

namespace NvsFirmware;

/// <summary>ESP32-C3-DevKitM-1 (ESP32-C3): what is wired where, and what for. README.md in this folder shows the wiring.</summary>
internal static class Board
{
    // Four neighbours on one header. They go over the GPIO matrix: of the native pins, 2 is a strapping pin.
    private const int ClockPin = 6;
    private const int MisoPin = 5;
    private const int MosiPin = 7;

    private const int TransmitPin = 1;
    private const int ReceivePin = 0;

    /// <summary>The SPI bus that <see cref="SetPins"/> gives its pins; the ESP32-C3 has no second one.</summary>
    public const int SpiBus = 1;

    /// <summary>/CS of the FRAM chip.</summary>
    public const int ChipSelectPin = 4;

    /// <summary>80 MHz divided, and no more than the slowest 256 KiB chip takes (25 MHz); the GPIO matrix carries 26 MHz.</summary>
    public const int SpiClockHz = 20_000_000;

    /// <summary>The serial port of the host. COM1 belongs to the debugger; the ESP32-C3 has no third one.</summary>
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
        Name = "esp32-c3-devkitm",
        ChipName = "",
        SegmentBytes = 0,
        SetSegments = 0,
        FormatBlank = false,
        ReceiveWindowBytes = 8448,
    };
}
