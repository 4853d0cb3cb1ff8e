using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace NvsFirmware.Tests.Costs;

/// <summary>The workloads; they run in a <see cref="CountedContext"/>, where the firmware counts.</summary>
internal static class CostBench
{
    private const int Tracks = 16;
    private const int Requests = 800;

    // The default geometry has room for 797 tracks. Smaller segments make room for the 823 of the table.
    private const int SegmentBytesOf823 = 276;

    /// <summary>The whole table, as JSON: the two contexts have no other types in common.</summary>
    /// <param name="overwrites">Of each size at each age.</param>
    public static string Measure(int overwrites)
    {
        CostTable table = new(
            Write(32),
            Write(64),
            Write(256),
            Write(1024),
            Write(4096),
            NewTrack(64),
            Scattered(1024),
            Scattered(4096),
            Batch(),
            Read(64, isCached: true),
            Read(1024, isCached: false),
            Boot(823),
            Boot(5),
            BusCosts.Recovery(),
            Line(),
            Heap(),
            BusCosts.Ages(overwrites),
            BusCosts.Peers());
        if (Counters.Unknown.Count > 0)
            throw new InvalidOperationException($"nobody has counted what these cost on a board: {string.Join(", ", Counters.Unknown)}");
        return JsonSerializer.Serialize(table, CostTable.Json);
    }

    /// <summary>One workload by method, as JSON.</summary>
    public static string ByMethod(string workload, string[] names)
    {
        int requests = Run(workload);
        List<MethodCosts> rows = [];
        for (int i = 0; i < Counters.Rows.Count; i++)
        {
            long[] row = Counters.Rows[i];
            if (row.Any(count => count > 0))
                rows.Add(new(names[i], Share(row, 0), Share(row, 3)));
        }
        rows.Sort((a, b) => b.Weight.CompareTo(a.Weight));
        Methods methods = new(Sum(rows.Select(row => row.UntilAnswer)), Sum(rows.Select(row => row.AfterAnswer)), rows);
        return JsonSerializer.Serialize(methods, CostTable.Json);

        Executed Share(long[] row, int at) =>
            new(row[at] / (double)requests, row[at + 1] / (double)requests, row[at + 2] / (double)requests);

        static Executed Sum(IEnumerable<Executed> parts) =>
            new(parts.Sum(part => part.Il), parts.Sum(part => part.Calls), parts.Sum(part => part.Natives));
    }

    // Runs a workload of the table; what went before is not in the rows.
    private static int Run(string workload)
    {
        switch (workload)
        {
            case "newTrack64":
                NewTrack(64);
                return NewTracks;
            case "batch16x64":
                Batch();
                return Requests;
            case "read64Cached":
                Read(64, isCached: true);
                return Requests;
            case "read1024":
                Read(1024, isCached: false);
                return Requests;
            case "boot823":
                Boot(823);
                return 1;
            case "boot5":
                Boot(5);
                return 1;
            default:
                if (!workload.StartsWith("write", StringComparison.Ordinal) || !int.TryParse(workload[5..], out int length))
                    throw new ArgumentException($"There is no workload '{workload}'.");
                Write(length);
                return Requests;
        }
    }

    private const int NewTracks = 400;

    /// <summary>Random overwrites of a few tracks in a store that holds nothing else.</summary>
    public static WriteCosts Write(int length)
    {
        CostBoard board = BusCosts.Aged(length, Age.SameSize);
        Counters.ResetRows();
        return Mean(board.Overwrite(Requests, BusCosts.Tracks(length), length));
    }

    public static WriteCosts Mean(List<RequestCost> costs) => new(
        costs.Average(cost => cost.UntilAnswer.Tally.Il),
        costs.Average(cost => cost.InAll.Tally.Il),
        costs.Average(cost => cost.UntilAnswer.Tally.Calls),
        costs.Average(cost => cost.UntilAnswer.Tally.Natives),
        costs.Average(cost => cost.UntilAnswer.Tally.HeapBytes),
        costs.Average(cost => cost.InAll.Tally.HeapBytes - cost.UntilAnswer.Tally.HeapBytes),
        costs.Average(cost => cost.UntilAnswer.BusBytes),
        costs.Average(cost => cost.UntilAnswer.BusTransactions),
        costs.Average(cost => cost.InAll.BusBytes),
        costs.Max(cost => cost.InAll.BusBytes),
        costs.Average(cost => cost.InAll.BusTransactions),
        costs.Average(cost => cost.Allocation.Il));

    // In a store so full and so old that its free segments lie about singly.
    private static WriteCosts Scattered(int length) =>
        Mean(BusCosts.Aged(length, Age.MixedSizesFull).Overwrite(Requests, BusCosts.Tracks(length), length));

    private static WriteCosts NewTrack(int length)
    {
        CostBoard board = BusCosts.Aged(length, Age.SameSize);
        Counters.ResetRows();
        return Mean([.. Enumerable.Range(1000, NewTracks).Select(track => board.Write((uint)track, length))]);
    }

    private static BatchCosts Batch()
    {
        CostBoard board = CostBoard.Formatted();
        board.WriteBatch(1, Tracks, 64);
        board.WriteBatch(1, Tracks, 64);
        Counters.ResetRows();
        RequestCost[] costs = [.. Enumerable.Range(0, Requests).Select(_ => board.WriteBatch(1, Tracks, 64))];
        return new(
            costs.Average(cost => cost.InAll.Tally.Il) / Tracks,
            costs.Average(cost => cost.UntilAnswer.Tally.Il) / Tracks,
            costs.Average(cost => cost.InAll.BusBytes) / Tracks);
    }

    private static ReadCosts Read(int length, bool isCached)
    {
        // Eight tracks fit into the cache: of sixteen that are read in turn none is ever there.
        int tracks = isCached ? 4 : Tracks;
        CostBoard board = CostBoard.Formatted();
        for (uint track = 1; track <= tracks; track++)
            board.Write(track, length);
        for (uint track = 1; track <= tracks; track++)
            board.Read(track);
        Counters.ResetRows();
        Cost[] costs = [.. Enumerable.Range(0, Requests).Select(i => board.Read((uint)(1 + i % tracks)).UntilAnswer)];
        return new(
            costs.Average(cost => cost.Tally.Il),
            costs.Average(cost => cost.Tally.Calls),
            costs.Average(cost => cost.Tally.Natives),
            costs.Average(cost => cost.BusBytes),
            costs.Average(cost => cost.BusTransactions));
    }

    private static BootCosts Boot(int tracks)
    {
        CostBoard board = CostBoard.Formatted(tracks > 797 ? SegmentBytesOf823 : 0);
        for (uint track = 1; track <= tracks; track++)
            board.Write(track, 64);
        board.Idle(1000);
        Counters.ResetRows();
        Cost cost = board.Boot();
        return new(cost.Tally.Il, cost.Tally.Calls, cost.Tally.Natives, cost.BusBytes, cost.BusTransactions);
    }

    private static LineShares Line()
    {
        double board = LineSimulation.BytesPerSecond(LineSpeed.None, 64, 2000);
        double allocationUs = BusCosts.Aged(64, Age.SameSize).Overwrite(Requests, Tracks, 64).Average(cost => cost.Allocation.BoardUs);
        return new(
            LineSimulation.Share(LineSpeed.Usual, 1024, 500),
            LineSimulation.Share(LineSpeed.Usual, 8192, 100),
            LineSimulation.BytesPerSecond(LineSpeed.Usual, 64, 2000) / board,
            LineSimulation.Share(LineSpeed.StopAndWait, 1024, 200),
            LineSimulation.Share(LineSpeed.StopAndWait, 8192, 100),
            LineSimulation.BytesPerSecond(LineSpeed.StopAndWait, 64, 500) / board,
            board / 64,
            LineSimulation.BytesPerSecond(LineSpeed.Direct, 64, 500) / 64,
            LineSimulation.BytesPerSecond(LineSpeed.Direct, 64, 500, allocationUs) / 64);
    }

    // All that is allocated until it serves, garbage included, so that the figure does not depend on a collector.
    private static long Heap()
    {
        CostBoard board = CostBoard.Formatted();
        board.Boot();
        long before = GC.GetAllocatedBytesForCurrentThread();
        board.Boot();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
