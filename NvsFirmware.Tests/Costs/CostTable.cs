using System.Collections.Generic;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace NvsFirmware.Tests.Costs;

/// <summary>What the firmware costs: the table of docs/performance.md, and what `costs --json` prints.</summary>
public sealed record CostTable(
    WriteCosts Write32,
    WriteCosts Write64,
    WriteCosts Write256,
    WriteCosts Write1024,
    WriteCosts Write4096,
    WriteCosts NewTrack64,
    WriteCosts Scattered1024,
    WriteCosts Scattered4096,
    BatchCosts Batch16x64,
    ReadCosts Read64Cached,
    ReadCosts Read1024,
    BootCosts Boot823,
    BootCosts Boot5,
    RecoveryCosts Recovery,
    LineShares Line,
    long HeapBytes,
    IReadOnlyList<AgeCosts> Ages,
    IReadOnlyList<PeerCosts> Peers)
{
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };
}

/// <summary>A write request of one track, in steady state; means of many.</summary>
/// <param name="IlOfAllocation">
/// Part of what follows the answer: choosing the next set. Without allocating ahead the answer would wait for it.
/// </param>
public sealed record WriteCosts(
    double IlUntilAnswer,
    double IlInAll,
    double CallsUntilAnswer,
    double NativesUntilAnswer,
    double HeapBytesUntilAnswer,
    double HeapBytesAfterAnswer,
    double BusBytesUntilAnswer,
    double BusTransactionsUntilAnswer,
    double BusBytesInAllMean,
    double BusBytesInAllMax,
    double BusTransactionsInAllMean,
    double IlOfAllocation);

/// <summary>A write request of many tracks.</summary>
public sealed record BatchCosts(double IlPerTrackInAll, double IlPerTrackUntilAnswer, double BusBytesPerTrackInAll);

/// <summary>A read, until its answer; nothing is due after it.</summary>
public sealed record ReadCosts(double Il, double Calls, double Natives, double BusBytes, double BusTransactions);

/// <summary>From power to the first request.</summary>
public sealed record BootCosts(long Il, long Calls, long Natives, long BusBytes, long BusTransactions);

/// <summary>Boots after power cuts: the dearest of many, at any moment of any history; and one after the board had come to rest.</summary>
public sealed record RecoveryCosts(
    long BusBytesMost,
    long BusTransactionsMost,
    long BusBytesIdle,
    long BusTransactionsIdle,
    int RolledForward,
    int Discarded);

/// <summary>Overwrites on the bus, by what the store went through before.</summary>
public sealed record AgeCosts(
    int Length,
    Age Age,
    double BytesUntilAnswerMean,
    long BytesUntilAnswerMax,
    double TransactionsUntilAnswerMean,
    long TransactionsUntilAnswerMax,
    double BytesMean,
    long BytesMax,
    double TransactionsMean,
    long TransactionsMax,
    double AgainstMinimum);

/// <summary>A workload that other stores were measured with, on the same chip.</summary>
public sealed record PeerCosts(
    string Name,
    double AgainstMinimum,
    double BytesMean,
    long Bytes99,
    long BytesMax,
    long MountBytes,
    long MountTransactions,
    double BytesUntilDurable,
    double TransactionsUntilDurable);

/// <summary>Payload's share of a line of 921,600 baud with 16 ms latency towards the host.</summary>
/// <param name="Share1024">Requests of 1 KiB behind each other.</param>
/// <param name="Share8192">Requests of 8 KiB behind each other.</param>
/// <param name="Share64OfBoard">Requests of 64 bytes behind each other: of what the board does without a line.</param>
/// <param name="StopAndWait1024">The same when the host waits for each answer.</param>
/// <param name="StopAndWait8192">The same when the host waits for each answer.</param>
/// <param name="StopAndWait64OfBoard">The same when the host waits for each answer.</param>
/// <param name="Board64PerSecond">Requests of 64 bytes that the board does in a second without a line.</param>
/// <param name="Direct64PerSecond">Requests of 64 bytes in a second, the host waiting for each, on a line without latency.</param>
/// <param name="Direct64PerSecondAllocatingInside">The same as if segments were allocated inside each request.</param>
public sealed record LineShares(
    double Share1024,
    double Share8192,
    double Share64OfBoard,
    double StopAndWait1024,
    double StopAndWait8192,
    double StopAndWait64OfBoard,
    double Board64PerSecond,
    double Direct64PerSecond,
    double Direct64PerSecondAllocatingInside);

/// <summary>What was executed: IL, calls of managed and of native methods.</summary>
public sealed record Executed(double Il, double Calls, double Natives);

/// <summary>A method's own part of a workload, per request.</summary>
public sealed record MethodCosts(string Name, Executed UntilAnswer, Executed AfterAnswer)
{
    /// <summary>What to sort by: a native call takes about as long as 20 instructions.</summary>
    internal double Weight => UntilAnswer.Il + AfterAnswer.Il + 20 * (UntilAnswer.Natives + AfterAnswer.Natives);
}

/// <summary>A workload by method, the dearest first.</summary>
public sealed record Methods(Executed UntilAnswer, Executed AfterAnswer, IReadOnlyList<MethodCosts> Rows);

/// <summary>A point of a plot.</summary>
/// <param name="X">Bytes of payload, percent of the store, or tracks.</param>
/// <param name="PayloadBytes">Bytes of the track that is overwritten.</param>
/// <param name="Costs">What an overwrite costs there.</param>
public sealed record CostPoint(double X, int PayloadBytes, WriteCosts Costs);
