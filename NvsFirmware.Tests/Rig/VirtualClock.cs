namespace NvsFirmware.Tests.Rig;

/// <summary>Time that passes only when somebody waits.</summary>
public sealed class VirtualClock : IClock
{
    public long NowMs { get; private set; } = 1000;

    public void Sleep(int durationMs) => NowMs += durationMs;
}
