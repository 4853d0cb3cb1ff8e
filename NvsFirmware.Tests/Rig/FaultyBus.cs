using System;
using NvsFirmware.Fram;
using NvsSim;

namespace NvsFirmware.Tests.Rig;

/// <summary>What becomes of a transaction.</summary>
public enum BusFault
{
    None,

    /// <summary>It silently does nothing: the chip sees nothing, and the receiver's buffer stays as it was.</summary>
    Dropped,

    /// <summary>A read returns noise. A write is carried out.</summary>
    Noise,

    /// <summary>A read returns what a line without a chip has: FF. A write is carried out.</summary>
    Ones,

    /// <summary>The chip has no contact: writes are lost, reads return FF.</summary>
    GoneHigh,

    /// <summary>The chip has no contact: writes are lost, reads return zeros.</summary>
    GoneLow,
}

/// <summary>The bus between firmware and chip model, on which transactions fail without a word, as ESP32's driver lets them.</summary>
public sealed class FaultyBus(FramModel chip) : ISpiBus
{
    private uint noise = 0x9E3779B9;

    /// <summary>Transactions since <see cref="Restart"/>.</summary>
    public long Transactions { get; private set; }

    /// <summary>How many of them were hit.</summary>
    public long Hit { get; private set; }

    /// <summary>What becomes of each transaction, by its number since <see cref="Restart"/>.</summary>
    public Func<long, BusFault>? Fault { get; set; }

    /// <summary>Counts from 0 again.</summary>
    public void Restart(Func<long, BusFault>? fault = null)
    {
        Transactions = 0;
        Hit = 0;
        Fault = fault;
    }

    public void Send(byte[] command) => Write(command, 0, command.Length);

    public void Exchange(byte[] output, byte[] input) => Transfer(output, input, 0, output.Length);

    public void Write(byte[] buffer, int offset, int count)
    {
        if (Next() is not (BusFault.Dropped or BusFault.GoneHigh or BusFault.GoneLow) || !chip.IsPowered)
            chip.Write(buffer, offset, count);
    }

    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        BusFault fault = Next();
        if (fault == BusFault.Dropped && chip.IsPowered)
            return;
        chip.Transfer(output, input, inputOffset, count);
        if (fault is BusFault.Ones or BusFault.GoneHigh)
            input.AsSpan(inputOffset, count).Fill(0xFF);
        if (fault == BusFault.GoneLow)
            input.AsSpan(inputOffset, count).Clear();
        for (int i = 0; fault == BusFault.Noise && i < count; i++)
        {
            noise = noise * 1664525 + 1013904223;
            input[inputOffset + i] = (byte)(noise >> 24);
        }
    }

    private BusFault Next()
    {
        BusFault fault = Fault?.Invoke(Transactions) ?? BusFault.None;
        Transactions++;
        Hit += fault == BusFault.None ? 0 : 1;
        return fault;
    }
}
