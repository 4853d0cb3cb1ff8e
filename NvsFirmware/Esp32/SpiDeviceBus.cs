using System;
using System.Device.Spi;
using NvsFirmware.Fram;

namespace NvsFirmware.Esp32;

/// <summary>The SPI bus of a board, over nanoFramework's SpiDevice: opens itself when first used, and again after a failure.</summary>
/// <remarks>
/// <para>The driver drives chip select around each call, so each transaction is one call. It takes 16-bit lengths and offsets, more is cut
/// off without a word, and at most 16384 bytes at a time: no buffer that comes here is longer, see <see cref="BoardSettings"/>. What is
/// read comes by full duplex with buffers of equal length: a half-duplex read would allocate two more.</para>
/// <para>A transfer that fails does not throw: the driver forgets its result. So nothing here says that anything was transferred, and a
/// read may leave its buffer as it was.</para>
/// </remarks>
internal sealed class SpiDeviceBus : ISpiBus
{
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
    public void Send(byte[] command)
    {
        try
        {
            if (!isOpen)
                Open();
            device.Write(new SpanByte(command));
        }
        catch (Exception cause)
        {
            throw Failed(cause);
        }
    }

    /// <inheritdoc />
    public void Write(byte[] buffer, int offset, int count)
    {
        try
        {
            if (!isOpen)
                Open();
            device.Write(new SpanByte(buffer, offset, count));
        }
        catch (Exception cause)
        {
            throw Failed(cause);
        }
    }

    /// <inheritdoc />
    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        try
        {
            if (!isOpen)
                Open();
            device.TransferFullDuplex(new SpanByte(output, 0, count), new SpanByte(input, inputOffset, count));
        }
        catch (Exception cause)
        {
            throw Failed(cause);
        }
    }

    /// <inheritdoc />
    public void Exchange(byte[] output, byte[] input)
    {
        try
        {
            if (!isOpen)
                Open();
            device.TransferFullDuplex(new SpanByte(output), new SpanByte(input));
        }
        catch (Exception cause)
        {
            throw Failed(cause);
        }
    }

    private FramException Failed(Exception cause)
    {
        isOpen = false;
        return new FramException("the SPI bus failed", cause);
    }

    // A device that is not disposed of keeps its /CS, and no other can be created for it. So the object is never lost: when Dispose
    // throws, it is disposed of again before each later try.
    private void Open()
    {
        if (device != null)
        {
            device.Dispose();
            device = null;
        }

        device = SpiDevice.Create(settings);
        isOpen = true;
    }
}
