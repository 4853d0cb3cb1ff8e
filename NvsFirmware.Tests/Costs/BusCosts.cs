using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Costs;

/// <summary>What a store went through before it is measured.</summary>
public enum Age
{
    /// <summary>Tracks of one size only.</summary>
    SameSize,

    /// <summary>3,000 requests with 40 tracks of all sizes, which stay.</summary>
    MixedSizes,

    /// <summary>The same with 400 tracks, until the store is full and what is free lies about in single segments.</summary>
    MixedSizesFull,
}

/// <summary>What write requests and recoveries cost on the bus after long random histories.</summary>
internal static class BusCosts
{
    /// <summary>Bytes that a 256 KiB chip needs at the least: WREN, opcode, address, the data, 12 bytes to know them by.</summary>
    public static int MinimumBytes(int length) => length + 17;

    /// <summary>How many tracks of that length are overwritten.</summary>
    public static int Tracks(int length) => length > 1024 ? 8 : 16;

    /// <summary>A store that holds the tracks to be overwritten, at the given age.</summary>
    public static CostBoard Aged(int length, Age age)
    {
        CostBoard board = CostBoard.Formatted();
        for (uint track = 1; track <= Tracks(length); track++)
            board.Write(track, length);
        if (age != Age.SameSize)
            board.AgeMixed(3000, 100, age == Age.MixedSizes ? 40 : 400);
        board.Overwrite(500, Tracks(length), length);
        return board;
    }

    /// <summary>Boots after cuts at random places of random requests, on stores of all ages.</summary>
    public static RecoveryCosts Recovery()
    {
        Random random = new(4);
        Cost[] costs = [];
        int rolledForward = 0, discarded = 0;
        foreach (Age age in Enum.GetValues<Age>())
        {
            CostBoard board = Aged(64, age);
            for (int i = 0; i < 120; i++)
            {
                board.Overwrite(random.Next(20), 16, 64);
                int length = random.Next(6000);
                costs = [.. costs, board.BootAfterCut(8 * (length + random.Next(-length / 4, 250)), (uint)random.Next(1, 17), length)];
                board.Ask(FrameType.Info);
                int findings = board.Answer[Frame.HeaderBytes + Payload.InfoAnswer.Findings];
                rolledForward += findings & RecoveryFindings.RolledForward;
                discarded += (findings & RecoveryFindings.Discarded) / RecoveryFindings.Discarded;
            }
        }
        CostBoard idle = Aged(64, Age.MixedSizes);
        idle.Idle(1000);
        Cost atRest = idle.Boot();
        return new(
            costs.Max(cost => cost.BusBytes),
            costs.Max(cost => cost.BusTransactions),
            atRest.BusBytes,
            atRest.BusTransactions,
            rolledForward,
            discarded);
    }
}
