using System;
using System.Text.Json;

namespace NvsFirmware.Tests.Costs;

/// <summary>Measures from outside: makes the firmware that counts, runs <see cref="CostBench"/> with it.</summary>
internal static class CostMeasuring
{
    private static readonly Lazy<CountedContext> context = new(() => new CountedContext());

    /// <summary>The table.</summary>
    /// <param name="overwrites">Of each size at each age.</param>
    public static CostTable Measure(int overwrites) => Call<CostTable>(typeof(CostBench), nameof(CostBench.Measure), overwrites);

    /// <summary>One workload by method.</summary>
    public static Methods ByMethod(string workload) =>
        Call<Methods>(typeof(CostBench), nameof(CostBench.ByMethod), workload, context.Value.Methods);

    /// <summary>What an overwrite costs by its length.</summary>
    public static CostPoint[] ByPayload => Call<CostPoint[]>(typeof(CostCurves), nameof(CostCurves.ByPayload));

    /// <summary>What an overwrite costs by how full the store is.</summary>
    public static CostPoint[] ByFill => Call<CostPoint[]>(typeof(CostCurves), nameof(CostCurves.ByFill));

    /// <summary>What an overwrite costs by the number of tracks.</summary>
    public static CostPoint[] ByTracks => Call<CostPoint[]>(typeof(CostCurves), nameof(CostCurves.ByTracks));

    private static T Call<T>(Type type, string method, params object?[] arguments) =>
        JsonSerializer.Deserialize<T>((string)context.Value.Call(type, method, arguments)!, CostTable.Json)!;
}
