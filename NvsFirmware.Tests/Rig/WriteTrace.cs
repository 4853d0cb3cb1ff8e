using System;
using System.Collections.Generic;
using NvsSim;

namespace NvsFirmware.Tests.Rig;

/// <summary>What an operation writes to the chip, in the order in which the bytes are clocked.</summary>
/// <remarks>
/// Recorded from the bus, not from the cells. A power cut leaves what was clocked before it, so the beginnings of a trace are all the media
/// that a cut during the operation can leave; cuts in reads, opcodes and addresses leave the same as the write before.
/// </remarks>
public sealed class WriteTrace
{
    private readonly byte[] before;
    private readonly List<(long EndsAt, int Address, byte[] Data)> writes = [];

    private WriteTrace(byte[] before) => this.before = before;

    /// <summary>Bytes on the bus during the operation.</summary>
    public long BusBytes { get; private set; }

    /// <summary>Bytes written.</summary>
    public int WrittenBytes { get; private set; }

    /// <summary>Lets the board run an operation and records it.</summary>
    public static WriteTrace Record(TestBoard board, Action operation)
    {
        FramModel chip = board.Chip;
        WriteTrace trace = new(chip.Memory.ToArray());
        long start = chip.Bytes;
        TransactionHook? hook = chip.BeforeTransaction;
        chip.BeforeTransaction = output =>
        {
            hook?.Invoke(output);
            int header = 1 + chip.Part.AddressBytes;
            if (output[0] != Opcode.Write || output.Length <= header)
                return;
            int address = chip.Part.AddressBytes == 2 ? output[1] << 8 | output[2] : output[1] << 16 | output[2] << 8 | output[3];
            trace.writes.Add((chip.Bytes - start + output.Length, address, output[header..].ToArray()));
            trace.WrittenBytes += output.Length - header;
        };
        operation();
        chip.BeforeTransaction = hook;
        trace.BusBytes = chip.Bytes - start;
        return trace;
    }

    /// <summary>The array after a cut at each byte on the bus from 0; one buffer, which changes from step to step.</summary>
    public IEnumerable<byte[]> MediaByCut()
    {
        byte[] medium = [.. before];
        long cut = 0;
        yield return medium;
        foreach ((long endsAt, int address, byte[] data) in writes)
        {
            while (cut < endsAt - data.Length)
            {
                cut++;
                yield return medium;
            }
            for (int i = 0; i < data.Length; i++, cut++)
            {
                medium[address + i] = data[i];
                yield return medium;
            }
        }
        while (cut++ < BusBytes)
            yield return medium;
    }

    /// <summary>Each different array that a cut can leave; one buffer, which changes from step to step.</summary>
    public IEnumerable<byte[]> Media()
    {
        byte[] medium = [.. before];
        yield return medium;
        foreach ((long _, int address, byte[] data) in writes)
            for (int i = 0; i < data.Length; i++)
            {
                if (medium[address + i] == data[i])
                    continue;
                medium[address + i] = data[i];
                yield return medium;
            }
    }
}
