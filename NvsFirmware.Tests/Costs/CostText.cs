using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace NvsFirmware.Tests.Costs;

/// <summary>One row of the table: what is counted, how much it may be, and how much it should be.</summary>
/// <param name="Name">What is counted.</param>
/// <param name="Value">The count.</param>
/// <param name="Limit">'At most', or 'at least' for a share of the line.</param>
/// <param name="Goal">Where it should end; NaN: there is none.</param>
/// <param name="IsShare">A share of the line: more is better.</param>
/// <param name="Now">Where the limit is not kept yet: what it may be until then. NaN: the limit is kept.</param>
public sealed record CostRow(
    string Name, double Value, double Limit, double Goal = double.NaN, bool IsShare = false, double Now = double.NaN)
{
    /// <summary>True when the count is within its limit.</summary>
    public bool IsWithin => IsShare ? Value >= Limit : Value <= Limit;

    /// <summary>True when it is within its limit or, where that is not kept yet, no more than it was.</summary>
    public bool IsAsExpected => double.IsNaN(Now) ? IsWithin : Value <= Now;
}

/// <summary>The table as design and documents have it: counts beside their limits.</summary>
public static class CostText
{
    /// <summary>All rows.</summary>
    public static IEnumerable<CostRow> Rows(CostTable t)
    {
        ArgumentNullException.ThrowIfNull(t);
        yield return new("write 64 B, until the answer: IL", t.Write64.IlUntilAnswer, 1500, 1000);
        yield return new("… managed calls", t.Write64.CallsUntilAnswer, 120, 50);
        yield return new("… native calls", t.Write64.NativesUntilAnswer, 28, 22);
        yield return new("write 256 B, until the answer: IL", t.Write256.IlUntilAnswer, 1500, 1000);
        yield return new("write 1 KiB, until the answer: IL", t.Write1024.IlUntilAnswer, 1700, 1100);
        yield return new("write 4 KiB, until the answer: IL", t.Write4096.IlUntilAnswer, 1700, 1100);
        yield return new("a new track, 64 B: IL", t.NewTrack64.IlUntilAnswer, 2500, 1500);
        yield return new("no run of free neighbours, 1 KiB: IL", t.Scattered1024.IlUntilAnswer, 2500, 1500);
        yield return new("no run of free neighbours, 4 KiB: IL", t.Scattered4096.IlUntilAnswer, 2500, 1500, Now: 5200);
        yield return new("write 64 B: IL in all", t.Write64.IlInAll, 3000, 2000);
        yield return new("batch of 16 × 64 B: IL a track, in all", t.Batch16x64.IlPerTrackInAll, 1800, 1300);
        yield return new("read 64 B from the cache, until the answer: IL", t.Read64Cached.Il, 600, 400);
        yield return new("read 1 KiB from the chip, until the answer: IL", t.Read1024.Il, 1500, 1000);
        yield return new("boot, 823 tracks: IL", t.Boot823.Il, 160_000, 100_000);
        yield return new("boot, 5 tracks: IL", t.Boot5.Il, 110_000, 50_000);
        yield return new("allocated until the answer, 64 B: bytes on a board", t.Write64.HeapBytesUntilAnswer, 850, 500);
        yield return new("… after it", t.Write64.HeapBytesAfterAnswer, 350, 200, Now: 580);
        yield return new("heap held: bytes on .NET", t.HeapBytes, 48 * 1024, 40 * 1024);
        foreach ((int length, WriteCosts write) in Sizes(t))
        {
            yield return new($"bus until the answer, {length} B: bytes above them", write.BusBytesUntilAnswer - length, 56, 48);
            yield return new("… transactions", write.BusTransactionsUntilAnswer, 3, 3);
        }
        foreach (AgeCosts age in t.Ages.Where(age => age.Age != Age.MixedSizesFull))
        {
            double most = MostAgainstMinimum(age.Length);
            yield return new($"bus in all, {age.Length} B, {Name(age.Age)}: mean against n + 17", age.AgainstMinimum, most);
            yield return new("… the dearest overwrite: bytes above the mean", age.BytesMax - age.BytesMean, 64);
        }
        yield return new("recovery, the dearest: bytes", t.Recovery.BusBytesMost, 32 * 1024, 16 * 1024, Now: 37_100);
        yield return new("… transactions", t.Recovery.BusTransactionsMost, 64, 24, Now: 82);
        yield return new("recovery after a cut at rest: bytes", t.Recovery.BusBytesIdle, 18 * 1024, 16 * 1024);
        yield return new("… transactions", t.Recovery.BusTransactionsIdle, 40, 24);
        yield return new("line, 1 KiB requests: payload's share", t.Line.Share1024, 0.90, IsShare: true);
        yield return new("line, 8 KiB requests: payload's share", t.Line.Share8192, 0.95, IsShare: true);
        yield return new("line, 64 B requests: of what the board can do", t.Line.Share64OfBoard, 0.90, IsShare: true);
    }

    /// <summary>The table for a person.</summary>
    public static IRenderable Render(CostTable t) => new Rows(RenderRows(t), RenderAges(t), RenderPeers(t));

    /// <summary>A workload by method, for a person.</summary>
    public static IRenderable Render(Methods methods)
    {
        ArgumentNullException.ThrowIfNull(methods);
        Table table = NewTable("method", "IL until the answer", "calls", "natives", "IL after it", "calls", "natives");
        Add("all", methods.UntilAnswer, methods.AfterAnswer);
        foreach (MethodCosts row in methods.Rows)
            Add(row.Name, row.UntilAnswer, row.AfterAnswer);
        return table;

        void Add(string name, Executed until, Executed after) => table.AddRow(
            Markup.Escape(name),
            Text(until.Il), Text(until.Calls), Text(until.Natives),
            Text(after.Il), Text(after.Calls), Text(after.Natives));
    }

    private static Table RenderRows(CostTable t)
    {
        Table table = NewTable("counted", "now", "limit", "goal", "");
        foreach (CostRow row in Rows(t))
            table.AddRow(
                row.Name,
                Text(row.Value),
                Text(row.Limit),
                Text(row.Goal),
                row.IsWithin ? "" : row.IsAsExpected ? "not kept yet" : "over");
        return table;
    }

    private static Table RenderAges(CostTable t)
    {
        Table table = NewTable(
            "n, age", "until the answer: mean / max", "transactions", "in all: mean / max", "transactions", "mean / minimum", "max / mean");
        foreach (AgeCosts age in t.Ages)
            table.AddRow(
                $"{age.Length}, {Name(age.Age)}",
                $"n + {Text(Math.Round(age.BytesUntilAnswerMean - age.Length, 1))} / n + {age.BytesUntilAnswerMax - age.Length}",
                $"{Text(Math.Round(age.TransactionsUntilAnswerMean, 1))} / {age.TransactionsUntilAnswerMax}",
                $"n + {Text(Math.Round(age.BytesMean - age.Length, 1))} / n + {age.BytesMax - age.Length}",
                $"{Text(Math.Round(age.TransactionsMean, 1))} / {age.TransactionsMax}",
                Text(age.AgainstMinimum),
                Text(age.BytesMax / age.BytesMean));
        return table;
    }

    private static Table RenderPeers(CostTable t)
    {
        Table table = NewTable(
            "workload", "mean / minimum", "mean / p99 / max bytes", "mount, bytes / transactions", "until durable, bytes / transactions");
        foreach (PeerCosts peer in t.Peers)
            table.AddRow(
                peer.Name,
                Text(peer.AgainstMinimum),
                $"{Text(Math.Round(peer.BytesMean))} / {peer.Bytes99} / {peer.BytesMax}",
                $"{Text(peer.MountBytes)} / {peer.MountTransactions}",
                $"{Text(Math.Round(peer.BytesUntilDurable))} / {Text(Math.Round(peer.TransactionsUntilDurable, 1))}");
        return table;
    }

    private static Table NewTable(string first, params string[] columns)
    {
        Table table = new() { Border = TableBorder.Markdown };
        table.AddColumn(new TableColumn(first).NoWrap());
        foreach (string column in columns)
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        return table;
    }

    private static IEnumerable<(int Length, WriteCosts Write)> Sizes(CostTable t) =>
        [(32, t.Write32), (64, t.Write64), (256, t.Write256), (1024, t.Write1024), (4096, t.Write4096)];

    private static double MostAgainstMinimum(int length) => length switch { 32 => 2.3, 64 => 1.75, 256 => 1.22, 1024 => 1.08, _ => 1.03 };

    private static string Name(Age age) => age switch
    {
        Age.SameSize => "one size",
        Age.MixedSizes => "mixed sizes",
        _ => "mixed sizes, full",
    };

    private static string Text(double value) => double.IsNaN(value) ? ""
        : value.ToString(Math.Abs(value) < 10 && value % 1 != 0 ? "F2" : "N0", CultureInfo.InvariantCulture);
}
