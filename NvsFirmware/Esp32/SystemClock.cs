using System;
using System.Threading;

namespace NvsFirmware.Esp32;

/// <summary>Time as the nanoFramework runtime tells it.</summary>
internal sealed class SystemClock : IClock
{
    /// <inheritdoc />
    public long NowMs => Environment.TickCount64;

    /// <inheritdoc />
    public void Sleep(int durationMs) => Thread.Sleep(durationMs);
}
