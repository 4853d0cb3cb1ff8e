using System;
using System.Collections.Generic;
using System.Linq;
using NvsSim;

namespace NvsFirmware.Tests.Rig;

/// <summary>What one write request cost on the bus: until its answer left the board, and in all until nothing was due any more.</summary>
public readonly record struct Cost(long AnswerBytes, long AnswerTransactions, long Bytes, long Transactions, long Reads);

/// <summary>Counts what write requests cost at the chip model.</summary>
public sealed class CostMeter
{
    private readonly TestBoard board;
    private readonly Random random;
    private readonly Dictionary<uint, byte[]> data = [];
    private long answerBytes;
    private long answerTransactions;
    private long answerReads;
    private uint request;

    public CostMeter(TestBoard board, int seed)
    {
        this.board = board;
        random = new(seed);
        board.Uart.Answering = () =>
        {
            answerBytes = board.Chip.Bytes;
            answerTransactions = board.Chip.Transactions;
            answerReads = board.Chip.Count(Opcode.Read) + board.Chip.Count(Opcode.FastRead);
        };
    }

    /// <summary>Bytes that a 256 KiB chip needs at the least: WREN, opcode, address, the data, 12 bytes to know them by.</summary>
    public static int MinimumBytes(int length) => length + 17;

    /// <summary>Writes one track with new random data.</summary>
    public Cost Write(uint track, int length)
    {
        byte[] bytes = data.TryGetValue(track, out byte[]? old) && old.Length == length ? old : new byte[length];
        random.NextBytes(bytes);
        data[track] = bytes;
        board.Chip.ResetCounters();
        board.Write(++request, new TrackItem(track, bytes));
        return new(answerBytes, answerTransactions, board.Chip.Bytes, board.Chip.Transactions, answerReads);
    }

    /// <summary>Overwrites the tracks 1 to <paramref name="tracks"/> at random.</summary>
    public List<Cost> Overwrite(int count, int tracks, int length) =>
        [.. Enumerable.Range(0, count).Select(_ => Write((uint)random.Next(1, tracks + 1), length))];

    /// <summary>Writes, overwrites and releases tracks of all lengths until their segments lie about everywhere.</summary>
    public void AgeMixed(int requests, int firstTrack, int tracks)
    {
        int longest = (int)board.Hello().U32(HostAdapter.Payload.HelloAnswer.LongestTrackBytes);
        for (int i = 0; i < requests; i++)
        {
            uint track = (uint)(firstTrack + random.Next(tracks));
            TrackItem item = new(
                track,
                random.Next(8) == 0 && data.ContainsKey(track) ? null : new byte[random.Next(3) == 0 ? random.Next(longest) : random.Next(longest / 8)]);
            if (board.TryWrite(++request, [item])?.Status != Status.Ok)
                continue; // full
            if (item.Data == null)
                data.Remove(track);
            else
                data[track] = item.Data;
        }
    }
}
