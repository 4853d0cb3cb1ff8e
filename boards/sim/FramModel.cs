using System;
using System.Collections.Generic;
using NvsFirmware.Fram;

namespace NvsSim;

/// <summary>Sees the bytes of a transaction before the chip does. It may throw, as a bus that fails.</summary>
/// <param name="output">What the firmware is about to send.</param>
public delegate void TransactionHook(ReadOnlySpan<byte> output);

/// <summary>A bit-true model of an SPI FRAM chip, or of an MRAM chip that takes the same commands, and of the power it hangs on.</summary>
/// <remarks>
/// Every call is one transaction. A byte acts with its eighth clock, so a cut needs no simulation of single bits: the whole bytes
/// before it take effect and the rest of the transaction never happens.
/// A new model has power and is ready; <see cref="PowerUp"/> takes it through power-up again.
/// </remarks>
public sealed class FramModel : ISpiBus
{
    // The ESP32's driver cuts longer ones to 16 bits, without a word.
    private const int LargestOffset = 32767;

    private const byte WriteProtectEnable = 0x80;
    private const byte WriteEnableLatch = 0x02;
    private const long Never = long.MaxValue;

    private readonly Memory<byte> storage;
    private readonly long[] opcodeCounts = new long[256];
    private readonly List<(int Address, byte Mask, byte Value)> stuckBits = [];
    private long bitsToCut = Never;
    private long readyAtUs = long.MinValue;
    private bool isAsleep;
    private bool isWriteEnabled;
    private byte lastOpcode;

    /// <summary>A chip with memory of its own, all zeros.</summary>
    /// <param name="part">Which part it is.</param>
    public FramModel(SimPart part)
        : this(part, new byte[part.StorageBytes])
    {
    }

    /// <summary>A chip on cells that exist already: a file, or the memory of another model.</summary>
    /// <param name="part">Which part it is.</param>
    /// <param name="storage">The array and behind it the status register: <see cref="SimPart.StorageBytes"/>.</param>
    public FramModel(SimPart part, Memory<byte> storage)
    {
        if (storage.Length != part.StorageBytes)
            throw new ArgumentException($"{part.Name} has {part.StorageBytes} bytes of cells, not {storage.Length}.", nameof(storage));
        Part = part;
        this.storage = storage;
        Rdid = part.Rdid;
    }

    /// <summary>Which part it is.</summary>
    public SimPart Part { get; }

    /// <summary>All that survives power loss: the array and behind it the status register. For snapshots.</summary>
    public Span<byte> Storage => storage.Span;

    /// <summary>The array, to look at and to damage: no counter sees it, no protection holds it.</summary>
    public Span<byte> Memory => storage.Span[..Part.Bytes];

    /// <summary>The status register as RDSR reads it. Setting it writes the bits that survive power loss, whoever may write them.</summary>
    public byte Status
    {
        get => (byte)(storage.Span[Part.Bytes] | Part.StatusOnes | (isWriteEnabled ? WriteEnableLatch : 0));
        set => storage.Span[Part.Bytes] = (byte)(value & Part.StatusWritable);
    }

    /// <summary>What RDID answers: the part's own at first. Empty for a part that does not know RDID.</summary>
    public byte[] Rdid { get; set; }

    /// <summary>What MISO reads while nothing drives it: FF with a pull-up, 00 with a pull-down.</summary>
    public byte IdleByte { get; set; } = 0xFF;

    /// <summary>Where MISO floats while nothing drives it: it reads what comes from here instead of <see cref="IdleByte"/>.</summary>
    public Random? Floating { get; set; }

    /// <summary>True while no chip is on the bus, or one that has lost contact but not its supply.</summary>
    public bool IsAbsent { get; set; }

    /// <summary>True while /WP is low: WRSR is ignored when WPEN is set.</summary>
    public bool IsWriteProtectLow { get; set; }

    /// <summary>The chip's time in microseconds, for the two below. Stands still unless set.</summary>
    public Func<long> NowUs { get; set; } = () => 0;

    /// <summary>For so long after <see cref="PowerUp"/> accesses are ignored, in microseconds.</summary>
    public int PowerUpUs { get; set; }

    /// <summary>For so long after the chip select that ended sleep accesses are ignored, in microseconds.</summary>
    public int WakeUs { get; set; }

    /// <summary>
    /// True to store byte after byte, as a chip does. A block copy is faster and stores in any order, which only shows when the
    /// process is killed in the middle of it and the cells are in a file.
    /// </summary>
    public bool StoresInOrder { get; set; }

    /// <summary>Called at the start of each transaction, before anything is counted.</summary>
    public TransactionHook? BeforeTransaction { get; set; }

    /// <summary>Called at the moment of a power cut, when all that was clocked before is in the cells.</summary>
    public Action? PowerLost { get; set; }

    /// <summary>True while the chip has power.</summary>
    public bool IsPowered { get; private set; } = true;

    /// <summary>Bits clocked since <see cref="ResetCounters"/>, those ignored included.</summary>
    public long Bits { get; private set; }

    /// <summary>Whole bytes clocked since <see cref="ResetCounters"/>, those ignored included.</summary>
    public long Bytes { get; private set; }

    /// <summary>Transactions since <see cref="ResetCounters"/>, those ignored or cut included.</summary>
    public long Transactions { get; private set; }

    /// <summary>Transactions that began with an opcode since <see cref="ResetCounters"/>, those ignored or cut included.</summary>
    /// <param name="opcode">The opcode, as <see cref="Opcode.Read"/>.</param>
    public long Count(byte opcode) => opcodeCounts[opcode];

    /// <summary>Sets all counters to 0.</summary>
    public void ResetCounters()
    {
        Bits = 0;
        Bytes = 0;
        Transactions = 0;
        Array.Clear(opcodeCounts);
    }

    /// <summary>Takes the power away after so many more bits on the bus.</summary>
    /// <param name="bits">
    /// Counts the clocks of all transactions, reads too. Power goes right after the last of them, even when it also ends the
    /// transaction, so that the call which clocked it throws; 0 takes the power away at once.
    /// </param>
    public void CutAfterBits(long bits)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bits);
        bitsToCut = bits;
        if (bits == 0)
            LosePower();
    }

    /// <summary>Restores power, or interrupts it shortly: the chip is awake, its write-enable latch clear, no cut armed.</summary>
    public void PowerUp()
    {
        IsPowered = true;
        bitsToCut = Never;
        Start();
    }

    /// <summary>Puts the chip in while the board has power: it starts, and is no longer <see cref="IsAbsent"/>.</summary>
    public void PutIn()
    {
        IsAbsent = false;
        Start();
    }

    /// <summary>Fills a part of the array.</summary>
    /// <param name="address">Address of the first byte.</param>
    /// <param name="count">How many bytes.</param>
    /// <param name="value">The value they get.</param>
    public void Fill(int address, int count, byte value) => Memory.Slice(address, count).Fill(value);

    /// <summary>Turns one bit of the array around.</summary>
    /// <param name="address">Address of the byte.</param>
    /// <param name="bit">0 is the lowest.</param>
    public void Flip(int address, int bit) => Memory[address] ^= (byte)(1 << bit);

    /// <summary>From now on some bits of a byte of the array keep their value, whatever is written.</summary>
    /// <param name="address">Address of the byte.</param>
    /// <param name="mask">The bits that stick.</param>
    /// <param name="value">The value they have.</param>
    public void StickBits(int address, byte mask, byte value)
    {
        stuckBits.Add((address, mask, value));
        ApplyStuckBits();
    }

    /// <summary>No bit sticks any more; those that did keep their value until the next write.</summary>
    public void UnstickBits() => stuckBits.Clear();

    /// <inheritdoc/>
    public void Send(byte[] command) => Clock(command, default);

    /// <inheritdoc/>
    public void Exchange(byte[] output, byte[] input) => Transfer(output, input, 0, output.Length);

    /// <inheritdoc/>
    public void Write(byte[] buffer, int offset, int count)
    {
        CheckRange(offset, count);
        Clock(buffer.AsSpan(offset, count), default);
    }

    /// <inheritdoc/>
    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        CheckRange(inputOffset, count);
        if (ReferenceEquals(output, input))
            throw new ArgumentException("A transfer needs two arrays: the bytes that come back would overwrite those still to be sent.");
        Span<byte> miso = input.AsSpan(inputOffset, count);
        if (Floating == null)
            miso.Fill(IdleByte);
        else
            Floating.NextBytes(miso);
        Clock(output.AsSpan(0, count), miso);
    }

    private static void CheckRange(int offset, int count)
    {
        if (offset is < 0 or > LargestOffset)
            throw new ArgumentOutOfRangeException(nameof(offset), offset, $"The ESP32's driver takes offsets up to {LargestOffset}.");
        if (count is < 1 or > FramChip.LargestTransactionBytes)
            throw new ArgumentOutOfRangeException(nameof(count), count, $"It has 1 to {FramChip.LargestTransactionBytes} bytes.");
    }

    // `miso` is as long as `mosi`, or empty when nobody looks at what comes back.
    private void Clock(ReadOnlySpan<byte> mosi, Span<byte> miso)
    {
        if (IsPowered)
            BeforeTransaction?.Invoke(mosi);
        if (!IsPowered)
            throw new PowerLostException();

        long bits = 8L * mosi.Length;
        bool isCut = bits >= bitsToCut;
        if (isCut)
        {
            bits = bitsToCut;
            mosi = mosi[..(int)(bits / 8)];
        }
        else if (bitsToCut != Never)
            bitsToCut -= bits;
        Bits += bits;
        Bytes += mosi.Length;
        Transactions++;
        if (!mosi.IsEmpty)
        {
            opcodeCounts[mosi[0]]++;
            if (IsListening(mosi[0]))
                Execute(mosi, miso.IsEmpty ? miso : miso[..mosi.Length]);
        }
        if (isCut)
        {
            LosePower();
            throw new PowerLostException();
        }
    }

    private void LosePower()
    {
        IsPowered = false;
        PowerLost?.Invoke();
    }

    private void Start()
    {
        isAsleep = false;
        isWriteEnabled = false;
        lastOpcode = 0;
        readyAtUs = NowUs() + PowerUpUs;
    }

    // Called once a transaction, as chip select goes low: that wakes a sleeping chip, or the opcode does.
    private bool IsListening(byte opcode)
    {
        if (IsAbsent)
            return false;
        if (isAsleep)
        {
            if (Part.WakesByOpcode && opcode != Opcode.Wake)
                return false;
            isAsleep = false;
            readyAtUs = NowUs() + WakeUs;
            return false;
        }
        if (readyAtUs == long.MinValue)
            return true;
        if (NowUs() < readyAtUs)
            return false;
        readyAtUs = long.MinValue;
        return true;
    }

    private void Execute(ReadOnlySpan<byte> mosi, Span<byte> miso)
    {
        switch (mosi[0])
        {
            case Opcode.Wren:
                isWriteEnabled = true;
                break;
            case Opcode.Wrdi:
                isWriteEnabled = false;
                break;
            case Opcode.Rdsr:
                Behind(miso, 1).Fill(Part.IsStatusWrongBehindRead && lastOpcode == Opcode.Read ? (byte)~Status : Status);
                break;
            case Opcode.Wrsr:
                if (isWriteEnabled && mosi.Length > 1 && !(IsWriteProtectLow && (Status & WriteProtectEnable) != 0))
                    Status = mosi[1];
                isWriteEnabled &= Part.KeepsWriteEnable;
                break;
            case Opcode.Read:
                ReadCells(mosi, Behind(miso, 1 + Part.AddressBytes));
                break;
            case Opcode.FastRead when Part.HasFastRead:
                ReadCells(mosi, Behind(miso, 2 + Part.AddressBytes));
                break;
            case Opcode.Write:
                if (isWriteEnabled && mosi.Length > 1 + Part.AddressBytes)
                    WriteCells(Address(mosi), mosi[(1 + Part.AddressBytes)..]);
                isWriteEnabled &= Part.KeepsWriteEnable;
                break;
            case Opcode.Rdid when Rdid.Length > 0:
                Span<byte> answer = Behind(miso, 1);
                // After the last bit the output holds it until chip select goes high.
                answer.Fill((Rdid[^1] & 1) != 0 ? (byte)0xFF : (byte)0x00);
                Rdid.AsSpan(0, Math.Min(Rdid.Length, answer.Length)).CopyTo(answer);
                break;
            case Opcode.Sleep when Part.HasSleep:
                isAsleep = true;
                break;
        }
        lastOpcode = mosi[0];
    }

    private static Span<byte> Behind(Span<byte> miso, int header) => miso.Length > header ? miso[header..] : default;

    private int Address(ReadOnlySpan<byte> mosi)
    {
        int address = (mosi[1] << 8) | mosi[2];
        if (Part.AddressBytes == 3)
            address = (address << 8) | mosi[3];
        return address & (Part.Bytes - 1);
    }

    private void ReadCells(ReadOnlySpan<byte> mosi, Span<byte> into)
    {
        if (into.IsEmpty)
            return;
        ReadOnlySpan<byte> cells = Memory;
        int address = Address(mosi);
        while (!into.IsEmpty)
        {
            int run = Math.Min(into.Length, cells.Length - address);
            cells.Slice(address, run).CopyTo(into);
            into = into[run..];
            address = 0;
        }
    }

    private void WriteCells(int address, ReadOnlySpan<byte> data)
    {
        Span<byte> cells = Memory;
        int firstProtected = ((Status >> 2) & 3) switch
        {
            0 => cells.Length,
            1 => cells.Length / 4 * 3,
            2 => cells.Length / 2,
            _ => 0,
        };
        while (!data.IsEmpty)
        {
            int run = Math.Min(data.Length, cells.Length - address);
            int stored = Math.Clamp(firstProtected - address, 0, run);
            if (StoresInOrder)
                for (int i = 0; i < stored; i++)
                    cells[address + i] = data[i];
            else
                data[..stored].CopyTo(cells[address..]);
            data = data[run..];
            address = 0;
        }
        ApplyStuckBits();
    }

    private void ApplyStuckBits()
    {
        foreach ((int address, byte mask, byte value) in stuckBits)
            Memory[address] = (byte)((Memory[address] & ~mask) | (value & mask));
    }
}
