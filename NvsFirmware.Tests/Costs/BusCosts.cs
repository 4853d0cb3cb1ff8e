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
    private static readonly int[] sizes = [32, 64, 256, 1024, 4096];

    private static readonly (string Name, int Tracks, int Length, int Count)[] peers =
        [("W1", 16, 64, 10_000), ("W2", 16, 256, 4_000), ("W3", 16, 1024, 2_000), ("W4", 8, 4096, 1_000), ("W5", 1, 32, 20_000)];

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

    /// <summary>Random overwrites of each size at each age.</summary>
    public static List<AgeCosts> Ages(int overwrites) =>
        [.. sizes.SelectMany(_ => Enum.GetValues<Age>(), (length, age) => Overwrites(length, age, overwrites))];

    /// <summary>The workloads that other stores were measured with.</summary>
    public static List<PeerCosts> Peers() => [.. peers.Select(peer =>
    {
        CostBoard board = CostBoard.Formatted();
        for (uint track = 1; track <= peer.Tracks; track++)
            board.Write(track, peer.Length);
        List<RequestCost> costs = board.Overwrite(peer.Count, peer.Tracks, peer.Length);
        long[] bytes = [.. costs.Select(cost => cost.InAll.BusBytes).Order()];
        Cost mount = board.Boot();
        return new PeerCosts(
            peer.Name,
            bytes.Average() / MinimumBytes(peer.Length),
            bytes.Average(),
            bytes[bytes.Length * 99 / 100],
            bytes[^1],
            mount.BusBytes,
            mount.BusTransactions,
            costs.Average(cost => cost.UntilAnswer.BusBytes),
            costs.Average(cost => cost.UntilAnswer.BusTransactions));
    })];

    private static AgeCosts Overwrites(int length, Age age, int overwrites)
    {
        List<RequestCost> costs = Aged(length, age).Overwrite(overwrites, Tracks(length), length);
        double mean = costs.Average(cost => cost.InAll.BusBytes);
        return new(
            length,
            age,
            costs.Average(cost => cost.UntilAnswer.BusBytes),
            costs.Max(cost => cost.UntilAnswer.BusBytes),
            costs.Average(cost => cost.UntilAnswer.BusTransactions),
            costs.Max(cost => cost.UntilAnswer.BusTransactions),
            mean,
            costs.Max(cost => cost.InAll.BusBytes),
            costs.Average(cost => cost.InAll.BusTransactions),
            costs.Max(cost => cost.InAll.BusTransactions),
            mean / MinimumBytes(length));
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
