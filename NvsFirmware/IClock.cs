namespace NvsFirmware;

/// <summary>Time as the firmware sees it: real on a board, virtual in a simulation.</summary>
public interface IClock
{
    /// <summary>Milliseconds since some fixed moment; never goes back.</summary>
    long NowMs { get; }

    /// <summary>Waits.</summary>
    /// <param name="durationMs">How long, in milliseconds.</param>
    void Sleep(int durationMs);
}
