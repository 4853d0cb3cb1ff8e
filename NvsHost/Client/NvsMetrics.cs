using System.Diagnostics.Metrics;

namespace NvsHost;

/// <summary>What all clients of this process count, under the meter's name <see cref="MeterName"/>.</summary>
public static class NvsMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "NvsHost";

    private static readonly Meter meter = new(MeterName);

    internal static readonly Counter<long> Commits = meter.CreateCounter<long>("nvs.client.commits", "{request}", "Write requests committed.");

    internal static readonly Counter<long> Refusals = meter.CreateCounter<long>("nvs.client.refusals", "{request}", "Write requests refused.");

    internal static readonly Counter<long> Repetitions = meter.CreateCounter<long>("nvs.client.repetitions", "{request}", "Requests asked again.");

    internal static readonly Counter<long> Reconnects = meter.CreateCounter<long>("nvs.client.reconnects", "{connection}", "Lines opened again.");

    internal static readonly Histogram<double> WriteSeconds =
        meter.CreateHistogram<double>("nvs.client.write.duration", "s", "From a write request until it is decided.");
}
