using System;
using System.Threading;
using NvsFirmware;

namespace NvsHost;

/// <summary>The clock that a frame reader wants, from the one that programs have.</summary>
internal sealed class HostClock(TimeProvider time) : IClock
{
    private readonly long start = time.GetTimestamp();

    /// <inheritdoc/>
    public long NowMs => (long)time.GetElapsedTime(start).TotalMilliseconds;

    /// <inheritdoc/>
    public void Sleep(int durationMs) => Thread.Sleep(durationMs);
}
