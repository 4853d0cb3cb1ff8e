using System;
using System.Collections.Generic;
using NvsSim;

namespace NvsFirmware.Tests.Rig;

/// <summary>What an operation writes to the chip, in the order in which the bytes are clocked, and when the board answered.</summary>
/// <remarks>
/// Recorded from the bus, not from the cells. A power cut leaves what was clocked before it, so the beginnings of a trace are all the media
/// that a cut during the operation can leave; cuts in reads, opcodes and addresses leave the same as the write before.
/// </remarks>
public sealed class WriteTrace
{
    private const int WriteEnableLatch = 0x02;

    private byte[]? before;
    private readonly List<(long EndsAt, int Address, byte[] Data)> writes = [];
    private readonly List<long> acknowledgedAt = [];
    private long answeredAt;

    /// <summary>Bytes on the bus during the operation.</summary>
    public long BusBytes { get; private set; }

    /// <summary>Lets the board run an operation and records it.</summary>
    /// <param name="board">The board.</param>
    /// <param name="operation">Calls what it is given after each request that was acknowledged.</param>
    public static WriteTrace Record(TestBoard board, Action<Action> operation)
    {
        FramModel chip = board.Chip;
        WriteTrace trace = new();
        long start = chip.Bytes;
        Action? answering = board.Uart.Answering;
        board.Uart.Answering = () =>
        {
            answering?.Invoke();
            trace.answeredAt = chip.Bytes - start;
        };
        chip.BeforeTransaction = output =>
        {
            trace.before ??= chip.Memory.ToArray();
            int header = 1 + chip.Part.AddressBytes;
            if (output[0] != Opcode.Write || output.Length <= header || (chip.Status & WriteEnableLatch) == 0)
                return;
            int address = chip.Part.AddressBytes == 2 ? output[1] << 8 | output[2] : output[1] << 16 | output[2] << 8 | output[3];
            trace.writes.Add((chip.Bytes - start + output.Length, address, output[header..].ToArray()));
        };
        operation(() => trace.acknowledgedAt.Add(trace.answeredAt));
        chip.BeforeTransaction = null;
        board.Uart.Answering = answering;
        trace.before ??= chip.Memory.ToArray();
        trace.BusBytes = chip.Bytes - start;
        return trace;
    }

    /// <summary>
    /// How many requests were acknowledged before a cut right behind so many bits: a transaction that it ends does not return.
    /// </summary>
    public int AcknowledgedBefore(long bits) => acknowledgedAt.FindAll(at => at * 8 < bits).Count;

    /// <summary>The array after a cut at each byte on the bus from 0; one buffer, which changes from step to step.</summary>
    public IEnumerable<byte[]> MediaByCut()
    {
        byte[] medium = [.. before!];
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

    /// <summary>Each different array that a cut can leave, and the first byte on the bus behind which it does; one buffer.</summary>
    public IEnumerable<(long Cut, byte[] Medium)> Media()
    {
        byte[] medium = [.. before!];
        yield return (0, medium);
        foreach ((long endsAt, int address, byte[] data) in writes)
            for (int i = 0; i < data.Length; i++)
            {
                if (medium[address + i] == data[i])
                    continue;
                medium[address + i] = data[i];
                yield return (endsAt - data.Length + i + 1, medium);
            }
    }

    /// <summary>The array after each transaction that wrote; one buffer.</summary>
    public IEnumerable<(long Cut, byte[] Medium)> MediaByTransaction()
    {
        byte[] medium = [.. before!];
        yield return (0, medium);
        foreach ((long endsAt, int address, byte[] data) in writes)
        {
            data.CopyTo(medium, address);
            yield return (endsAt, medium);
        }
    }
}
