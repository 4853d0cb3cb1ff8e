using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>What all clients of this process count, under the meter's name <see cref="MeterName"/>.</summary>
/// <remarks>A listener that throws changes nothing of what is being done.</remarks>
public static class NvsMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "NvsHost";

    internal const string LineErrorsName = "nvs.client.line_errors";

    internal const string ReconnectsName = "nvs.client.reconnects";

    private static readonly Meter meter = new(MeterName);

    private static readonly Counter<long> commits =
        meter.CreateCounter<long>("nvs.client.commits", "{request}", "Write requests committed.");

    private static readonly Counter<long> refusals =
        meter.CreateCounter<long>("nvs.client.refusals", "{request}", "Write requests refused, by status.");

    private static readonly Counter<long> repetitions =
        meter.CreateCounter<long>("nvs.client.repetitions", "{request}", "Requests asked again.");

    private static readonly Counter<long> lineErrors =
        meter.CreateCounter<long>(LineErrorsName, "{error}", "Frames, answers or places lost, seen from here.");

    private static readonly Counter<long> reconnects = meter.CreateCounter<long>(ReconnectsName, "{connection}", "Lines opened again.");

    private static readonly Histogram<double> writeSeconds =
        meter.CreateHistogram<double>("nvs.client.write.duration", "s", "From a write request until it is decided.");

    internal static void Committed(int count) => Tell(() => commits.Add(count));

    internal static void Refused(Status status) =>
        Tell(() => refusals.Add(1, new KeyValuePair<string, object?>("status", NvsRefusedException.Name(status))));

    internal static void Repeated(int count) => Tell(() => repetitions.Add(count));

    internal static void LineFailed() => Tell(() => lineErrors.Add(1));

    internal static void Reconnected() => Tell(() => reconnects.Add(1));

    internal static void Wrote(TimeSpan duration) => Tell(() => writeSeconds.Record(duration.TotalSeconds));

    private static void Tell(Action tell)
    {
        try
        {
            tell();
        }
        catch (Exception e)
        {
            Trace.TraceWarning($"A listener of {MeterName} failed: {e.Message}");
        }
    }
}
