using System.Diagnostics;
using System.Threading;
using NvsFirmware;

namespace NvsSim;

/// <summary>Real time.</summary>
public sealed class SystemClock : IClock
{
    private readonly Stopwatch stopwatch = Stopwatch.StartNew();

    /// <inheritdoc/>
    public long NowMs => stopwatch.ElapsedMilliseconds;

    /// <summary>Microseconds since the same moment.</summary>
    public long NowUs => stopwatch.ElapsedTicks / (Stopwatch.Frequency / 1_000_000);

    /// <inheritdoc/>
    public void Sleep(int durationMs) => Thread.Sleep(durationMs);
}
