using System;
using NvsFirmware.Fram;

namespace NvsFirmware.UnitTests;

/// <summary>
/// A small FRAM chip on its SPI bus, in the C# that runs on the emulator too. The full model, true to the bit, is in boards/sim;
/// here bytes are enough: WREN, WRDI, RDSR, READ, WRITE, RDID and sleep, an end at which the address wraps, and power that can be cut.
/// </summary>
public sealed class SmallFram : ISpiBus
{
    private const int WriteEnabled = 0x02;

    private readonly byte[] id;
    private readonly int headerBytes;
    private int status;
    private int left = -1;

    /// <summary>A chip full of zeros.</summary>
    /// <param name="bytes">Its size, a power of two.</param>
    /// <param name="id">What it answers to RDID.</param>
    public SmallFram(int bytes, params byte[] id)
    {
        Memory = new byte[bytes];
        this.id = id;
        headerBytes = bytes <= 0x10000 ? 3 : 4;
    }

    /// <summary>An MB85RS64V: 8 KiB.</summary>
    public static SmallFram Small() => new SmallFram(0x2000, 0x04, 0x7F, 0x03, 0x02);

    /// <summary>What it holds.</summary>
    public byte[] Memory { get; }

    /// <summary>The block protection bits of the status register.</summary>
    public int Protection { get; set; }

    /// <summary>False when there is no chip: the line floats, at this level.</summary>
    public bool IsThere { get; set; } = true;

    /// <summary>What a line at which nothing answers reads as.</summary>
    public byte FloatingLevel { get; set; } = 0xFF;

    /// <summary>True when the bus itself fails.</summary>
    public bool IsBusBroken { get; set; }

    /// <summary>True from the sleep command to the next transaction, which only wakes the chip.</summary>
    public bool IsAsleep { get; private set; }

    /// <summary>False after the power was cut.</summary>
    public bool HasPower => left != 0;

    /// <summary>Bytes clocked so far.</summary>
    public int BusBytes { get; private set; }

    /// <summary>Transactions so far.</summary>
    public int Transactions { get; private set; }

    /// <summary>Cuts the power when so many more bytes were clocked; the last of them is stored.</summary>
    public void CutAfter(int bytes) => left = bytes;

    /// <summary>Power is back: what was stored is there, the write-enable latch is not set.</summary>
    public void PowerUp()
    {
        left = -1;
        status = 0;
        IsAsleep = false;
    }

    /// <inheritdoc/>
    public void Send(byte[] command) => Write(command, 0, command.Length);

    /// <inheritdoc/>
    public void Exchange(byte[] output, byte[] input) => Transfer(output, input, 0, output.Length);

    /// <inheritdoc/>
    public void Write(byte[] buffer, int offset, int count)
    {
        int clocked = Clock(count);
        if (!IsReady())
            return;
        switch (buffer[offset])
        {
            case 0x06:
                status = WriteEnabled;
                break;
            case 0x04:
                status = 0;
                break;
            case 0xB9:
                IsAsleep = true;
                break;
            case 0x02:
                if (status != 0 && Protection == 0)
                    for (int at = Address(buffer, offset), i = headerBytes; i < clocked; at = 0)
                    {
                        int piece = Memory.Length - at < clocked - i ? Memory.Length - at : clocked - i;
                        Array.Copy(buffer, offset + i, Memory, at, piece);
                        i += piece;
                    }
                status = 0; // as on most parts: a driver that relies on the latch staying set fails here
                break;
        }
        if (clocked < count)
            throw new FramException("no power");
    }

    /// <inheritdoc/>
    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        int clocked = Clock(count);
        for (int i = 0; i < count && i < 16; i++)
            input[inputOffset + i] = FloatingLevel;
        if (!IsReady())
            return;
        switch (output[0])
        {
            case 0x05:
                input[inputOffset + 1] = (byte)(status | Protection);
                break;
            case 0x9F:
                for (int i = 1; i < count; i++)
                    input[inputOffset + i] = i <= id.Length ? id[i - 1] : (byte)0;
                break;
            case 0x03:
                for (int at = Address(output, 0), i = headerBytes; i < count; at = 0)
                {
                    int piece = Memory.Length - at < count - i ? Memory.Length - at : count - i;
                    Array.Copy(Memory, at, input, inputOffset + i, piece);
                    i += piece;
                }
                break;
        }
        if (clocked < count)
            throw new FramException("no power");
    }

    private int Address(byte[] buffer, int at)
    {
        int address = headerBytes == 4 ? buffer[at + 1] << 16 | buffer[at + 2] << 8 | buffer[at + 3] : buffer[at + 1] << 8 | buffer[at + 2];
        return address & (Memory.Length - 1);
    }

    private int Clock(int count)
    {
        if (IsBusBroken || left == 0)
            throw new FramException(IsBusBroken ? "bus broken" : "no power");
        BusBytes += count;
        Transactions++;
        if (left < 0)
            return count;
        int clocked = left < count ? left : count;
        left -= clocked;
        return clocked;
    }

    private bool IsReady()
    {
        bool wasAsleep = IsAsleep;
        IsAsleep = false;
        return IsThere && !wasAsleep;
    }
}
