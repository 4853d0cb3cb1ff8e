using System;
using System.Device.Spi;
using NvsFirmware.Fram;

namespace NvsFirmware.Esp32;

/// <summary>The SPI bus of a board, over nanoFramework's SpiDevice: opens itself when first used, and again after a failure.</summary>
/// <remarks>
/// The driver drives chip select around each call, so each transaction is one call. It takes 16-bit lengths and offsets and at most
/// 16384 bytes at a time. What is read comes by full duplex with buffers of equal length: a half-duplex read would allocate two more.
/// </remarks>
internal sealed class SpiDeviceBus : ISpiBus
{
    private const int LargestOffset = 32767;

    private readonly SpiConnectionSettings settings;
    private SpiDevice device;
    private bool isOpen;

    /// <summary>Names the chip's place; opens nothing yet.</summary>
    /// <param name="bus">The bus, 1 or 2; its pins must have been set before the first transaction.</param>
    /// <param name="chipSelectPin">The pin that is /CS of the chip.</param>
    /// <param name="clockHz">The clock, in Hz. The driver's default would be 500 kHz.</param>
    public SpiDeviceBus(int bus, int chipSelectPin, int clockHz)
    {
        settings = new SpiConnectionSettings(bus, chipSelectPin)
        {
            ClockFrequency = clockHz,
            Mode = SpiMode.Mode0,
            DataBitLength = 8,
        };
    }

    /// <inheritdoc />
    public void Write(byte[] buffer, int offset, int count)
    {
        Check(offset, count);
        try
        {
            Open();
            device.Write(new SpanByte(buffer, offset, count));
        }
        catch (Exception)
        {
            Close();
            throw;
        }
    }

    /// <inheritdoc />
    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        Check(inputOffset, count);
        try
        {
            Open();
            device.TransferFullDuplex(new SpanByte(output, 0, count), new SpanByte(input, inputOffset, count));
        }
        catch (Exception)
        {
            Close();
            throw;
        }
    }

    // Refused here, because the driver would cut the numbers to 16 bits and transfer something else.
    private static void Check(int offset, int count)
    {
        if (count < 1 || count > FramChip.LargestTransactionBytes || offset < 0 || offset > LargestOffset)
            throw new ArgumentOutOfRangeException();
    }

    private void Open()
    {
        if (isOpen)
            return;
        device = SpiDevice.Create(settings);
        isOpen = true;
    }

    private void Close()
    {
        if (!isOpen)
            return;
        isOpen = false;
        try
        {
            device.Dispose();
        }
        catch (Exception)
        {
            // The first failure is the one to report; opening again tells whether the bus recovered.
        }
    }
}
