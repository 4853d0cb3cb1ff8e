using System;
using System.Device.Gpio;
using System.Threading;
using NvsFirmware.Esp32;

namespace NvsFirmware;

/// <summary>The firmware on a board: the only file that knows it is on one.</summary>
internal static class Program
{
    private const int TurnMs = 250;
    private const int RestartMs = 1000;

    /// <summary>Never returns and never throws: a board whose Main ends is dead until someone resets it.</summary>
    private static void Main()
    {
        BoardSettings settings = Board.Settings();
        SpiDeviceBus bus = new SpiDeviceBus(Board.SpiBus, Board.ChipSelectPin, Board.SpiClockHz);
        SerialPortUart uart = new SerialPortUart(Board.HostPort, Board.HostBaudRate, settings.ReceiveWindowBytes);
        while (true)
        {
            try
            {
                Run(bus, uart, settings);
            }
            catch (Exception e)
            {
                Console.WriteLine("The firmware starts again after: " + e.Message);
                Thread.Sleep(RestartMs);
            }
        }
    }

    private static void Run(SpiDeviceBus bus, SerialPortUart uart, BoardSettings settings)
    {
        Board.SetPins();
        // The chip's own random numbers: others at each boot, and on each board.
        Random random = new Random();
        settings.SessionSeed = random.Next();
        if (settings.FormatBlank)
            random.NextBytes(settings.NewStoreId);

        // Open before the store is recovered, so that a host's first frame waits in the buffer instead of being lost.
        uart.Open();
        Firmware firmware = new Firmware(bus, uart, new SystemClock(), settings);
        firmware.Boot();
        Console.WriteLine(firmware.BootReport);

        if (Board.LedPin < 0)
            while (true)
                firmware.Step(TurnMs);

        // Blinks slowly when idle and faster under load; steady means that the loop stands.
        using GpioPin led = new GpioController().OpenPin(Board.LedPin, PinMode.Output);
        while (true)
        {
            firmware.Step(TurnMs);
            led.Toggle();
        }
    }
}
