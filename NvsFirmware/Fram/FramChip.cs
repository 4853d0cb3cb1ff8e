using System;
using NvsFirmware.Wire;

namespace NvsFirmware.Fram;

/// <summary>An FRAM chip on an SPI bus: finds it, reads and writes it, never past its end.</summary>
/// <remarks>
/// <para>Invariant: no transaction is believed. A driver may drop one and say nothing (docs/interpreter.md). A write is not acknowledged on
/// this bus, so <see cref="Store"/> reads back. A read that was dropped leaves the buffer as it was, so a byte in it is set before to what
/// tells that.</para>
/// <para>Nothing is copied: opcode and address go into the <see cref="CommandBytes"/> bytes in front of the payload, in the caller's own
/// buffer. WREN precedes every WRITE, because some parts clear the write-enable latch after a WRITE and some do not.</para>
/// </remarks>
public sealed class FramChip
{
    /// <summary>The longest transaction on the bus, in bytes (ESP32: one DMA transfer).</summary>
    public const int LargestTransactionBytes = 16384;

    /// <summary>Bytes in front of the payload that every buffer given to this class must have: opcode and address.</summary>
    public const int CommandBytes = 4;

    /// <summary>
    /// The most bytes read in one transaction: it needs as many to clock out as it clocks in, and this much of them is kept.
    /// </summary>
    public const int LargestReadBytes = 2048;

    private const byte OpReadStatus = 0x05;
    private const byte OpRead = 0x03;
    private const byte OpWrite = 0x02;
    private const byte OpReadId = 0x9F;

    private const int StatusWriteEnabled = 0x02;
    private const int StatusProtected = 0x0C;
    private const int IdBytes = 9;

    // Set in a buffer before a read: when it is still there, the read may have been dropped.
    private const byte Untouched = 0xA5;

    // Power-up to first access takes 250 µs to 5 ms, waking up 450 µs (data sheets); a slow supply ramp takes longer.
    private const int OpenAttempts = 20;

    private readonly ISpiBus bus;
    private readonly IClock clock;
    private readonly byte[] writeEnable = { 0x06 };
    private readonly byte[] writeDisable = { 0x04 };
    private readonly byte[] sleep = { 0xB9 };
    private readonly byte[] output = new byte[CommandBytes + LargestReadBytes];
    private readonly byte[] answer = new byte[1 + IdBytes];
    private readonly byte[] id = new byte[IdBytes];
    private byte[] readBack = new byte[0];
    private byte[] found = new byte[0];
    private int headerBytes;
    private bool asleep;

    /// <summary>A chip that is not looked for yet.</summary>
    public FramChip(ISpiBus bus, IClock clock)
    {
        this.bus = bus;
        this.clock = clock;
    }

    /// <summary>Which part it is.</summary>
    public FramPart Part = ChipTable.None;

    /// <summary>Size in bytes, 0 before a chip was found.</summary>
    public int CapacityBytes;

    /// <summary>True when block protection was on when it was looked at last: the chip would silently ignore writes.</summary>
    public bool IsProtected;

    /// <summary>Bytes clocked on the bus since the start, wraps.</summary>
    public int BusBytes;

    /// <summary>Transactions on the bus since the start, wraps.</summary>
    public int BusTransactions;

    /// <summary>Looks for the chip, patiently, because it may still be powering up or asleep.</summary>
    /// <param name="name">The part's name, which overrides what the chip says of itself; empty to ask it.</param>
    /// <returns>
    /// Ok, NoChip or UnknownChip; UnknownChip also for a name that the chip table does not have, and for one that the chip contradicts by
    /// saying that it is smaller or takes addresses of another length.
    /// </returns>
    public Status Open(string name)
    {
        Status status = Status.NoChip;
        asleep = false;
        for (int attempt = 0; attempt < OpenAttempts; attempt++)
        {
            if (attempt > 0)
                clock.Sleep(1);
            status = name.Length > 0 ? Find(name) : Identify();
            if (status == Status.Ok)
                break;
        }
        if (status == Status.Ok)
            CheckProtection();
        return status;
    }

    /// <summary>Looks whether block protection is on, twice, with a sign of life between: a line without a chip looks so.</summary>
    /// <returns><see cref="IsProtected"/>.</returns>
    public bool CheckProtection()
    {
        Wake();
        IsProtected = (ReadStatus() & StatusProtected) != 0 && IsAlive() && (ReadStatus() & StatusProtected) != 0;
        return IsProtected;
    }

    /// <summary>True when a chip answers: its write-enable latch follows. No floating line or dropped read can fake that.</summary>
    public bool IsAlive()
    {
        Wake();
        Send(writeEnable);
        bool set = (ReadStatus() & StatusWriteEnabled) != 0;
        Send(writeDisable);
        return set && (ReadStatus() & StatusWriteEnabled) == 0;
    }

    /// <summary>Says so when no chip answers.</summary>
    /// <exception cref="FramException">It does not answer, or the bus failed.</exception>
    public void CheckAlive()
    {
        if (!IsAlive())
            throw new FramException("the chip does not answer any more");
    }

    /// <summary>Reads bytes.</summary>
    /// <param name="address">First address; the range lies inside the chip.</param>
    /// <param name="buffer">Receives the bytes. The <see cref="CommandBytes"/> in front of them stay as they are.</param>
    /// <param name="offset">Index of the first byte, at least <see cref="CommandBytes"/>.</param>
    /// <param name="count">How many; long reads take several transactions.</param>
    /// <exception cref="FramException">The bus failed, or returns nothing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the chip: a bug, not a state of the chip.</exception>
    public void Read(int address, byte[] buffer, int offset, int count)
    {
        if (address < 0 || count < 0 || address > CapacityBytes - count)
            throw new ArgumentOutOfRangeException(nameof(address));
        if (asleep)
            Wake();
        while (count > 0)
        {
            int piece = count < LargestReadBytes ? count : LargestReadBytes;
            int start = offset - headerBytes;
            int last = offset + piece - 1;
            output[0] = OpRead;
            output[1] = (byte)(address >> 16); // the next line's place when addresses have two bytes
            output[headerBytes - 2] = (byte)(address >> 8);
            output[headerBytes - 1] = (byte)address;
            byte b0 = buffer[start], b1 = buffer[start + 1], b2 = buffer[start + 2], b3 = buffer[start + headerBytes - 1];
            buffer[last] = Untouched;
            Transfer(buffer, start, headerBytes + piece);
            if (buffer[last] == Untouched)
            {
                buffer[last] = 0;
                Transfer(buffer, start, headerBytes + piece);
                if (buffer[last] != Untouched)
                    throw new FramException("reading from the chip returned nothing");
            }
            buffer[start] = b0;
            buffer[start + 1] = b1;
            buffer[start + 2] = b2;
            buffer[start + headerBytes - 1] = b3;
            address += piece;
            offset += piece;
            count -= piece;
        }
    }

    /// <summary>Writes bytes. If the transactions were carried out they are stored: FRAM has no write delay.</summary>
    /// <param name="address">First address; the range lies inside the chip.</param>
    /// <param name="buffer">Holds the bytes. The <see cref="CommandBytes"/> in front of them are written over.</param>
    /// <param name="offset">Index of the first byte, at least <see cref="CommandBytes"/>.</param>
    /// <param name="count">How many, at least 1 and at most <see cref="LargestTransactionBytes"/> less <see cref="CommandBytes"/>.</param>
    /// <exception cref="FramException">The bus failed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the chip: it would wrap to the chip's beginning.</exception>
    public void Write(int address, byte[] buffer, int offset, int count)
    {
        int header = headerBytes;
        int at = offset - header;
        if (address < 0 || address > CapacityBytes - count)
            throw new ArgumentOutOfRangeException(nameof(address));
        if (asleep)
            Wake();
        BusBytes += 1 + header + count;
        BusTransactions += 2;
        buffer[at] = OpWrite;
        buffer[at + 1] = (byte)(address >> 16); // the next line's place when addresses have two bytes
        buffer[offset - 2] = (byte)(address >> 8);
        buffer[offset - 1] = (byte)address;
        bus.Send(writeEnable);
        bus.Write(buffer, at, header + count);
    }

    /// <summary>Writes bytes and reads the last four of them back.</summary>
    /// <param name="address">First address.</param>
    /// <param name="buffer">Holds the bytes, see <see cref="Write"/>.</param>
    /// <param name="offset">Index of the first byte.</param>
    /// <param name="count">How many, at least 4; the last four differ from what stood there before.</param>
    /// <exception cref="FramException">The bus failed, or the chip does not hold what was written.</exception>
    public void Store(int address, byte[] buffer, int offset, int count)
    {
        int header = headerBytes;
        int start = offset - header;
        byte[] asked = readBack;
        byte[] told = found;
        if (address > CapacityBytes - count)
            throw new ArgumentOutOfRangeException(nameof(address));
        if (asleep)
            Wake();
        BusBytes += header + header + count + 5;
        BusTransactions += 3;
        buffer[start] = OpWrite;
        buffer[start + 1] = (byte)(address >> 16); // the next line's place when addresses have two bytes
        buffer[offset - 2] = (byte)(address >> 8);
        buffer[offset - 1] = (byte)address;
        address += count - 4;
        asked[1] = (byte)(address >> 16);
        asked[header - 2] = (byte)(address >> 8);
        asked[header - 1] = (byte)address;
        int last = BitConverter.ToInt32(buffer, offset + count - 4);
        told[header] = (byte)~last; // a read that is dropped leaves it so
        bus.Send(writeEnable);
        bus.Write(buffer, start, header + count);
        bus.Exchange(asked, told);
        if (BitConverter.ToInt32(told, header) != last)
            throw new FramException("the chip does not hold what was written to it");
    }

    /// <summary>Puts the chip to sleep, if it can; the next access wakes it.</summary>
    /// <returns>True when the chip is asleep.</returns>
    public bool Sleep()
    {
        if (!asleep && Part.HasSleep)
        {
            Send(sleep);
            asleep = true;
        }
        return asleep;
    }

    // Chip select alone wakes the chip; it answers 400 to 450 µs later. Nobody has looked at it meanwhile, so it may be gone.
    private void Wake()
    {
        if (!asleep)
            return;
        asleep = false;
        ReadStatus();
        clock.Sleep(1);
        CheckAlive();
    }

    private Status Identify()
    {
        FramPart said = AskId();
        if (Buffers.AreAll(id, 0, IdBytes, 0x00) || Buffers.AreAll(id, 0, IdBytes, 0xFF))
            return Status.NoChip;
        return Use(said);
    }

    private Status Find(string name)
    {
        FramPart named = ChipTable.Named(name);
        if (named == ChipTable.None)
            return Status.UnknownChip;
        if (!IsAlive())
            return Status.NoChip;
        FramPart said = AskId();
        // Writes to it would wrap, or go elsewhere, and hit what is stored.
        if (said != ChipTable.None && (said.CapacityBytes < named.CapacityBytes || said.AddressBytes != named.AddressBytes))
            return Status.UnknownChip;
        return Use(named);
    }

    // The part that the chip says it is.
    private FramPart AskId()
    {
        output[0] = OpReadId;
        Array.Clear(answer, 0, answer.Length);
        Transfer(answer, 0, 1 + IdBytes);
        Array.Copy(answer, 1, id, 0, IdBytes);
        return ChipTable.WithId(id);
    }

    private Status Use(FramPart chosen)
    {
        if (chosen == ChipTable.None)
            return Status.UnknownChip;
        Part = chosen;
        headerBytes = 1 + chosen.AddressBytes;
        CapacityBytes = chosen.CapacityBytes;
        readBack = new byte[headerBytes + 4];
        readBack[0] = OpRead;
        found = new byte[headerBytes + 4];
        return Status.Ok;
    }

    private int ReadStatus()
    {
        output[0] = OpReadStatus;
        answer[1] = 0;
        Transfer(answer, 0, 2);
        return answer[1];
    }

    private void Send(byte[] command)
    {
        BusBytes++;
        BusTransactions++;
        bus.Send(command);
    }

    private void Transfer(byte[] input, int inputOffset, int count)
    {
        BusBytes += count;
        BusTransactions++;
        bus.Transfer(output, input, inputOffset, count);
    }
}
