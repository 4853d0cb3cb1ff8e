namespace NvsFirmware.Tests.Costs;

/// <summary>A count of what the interpreter executes, or the difference of two.</summary>
/// <param name="Il">IL instructions.</param>
/// <param name="Calls">Calls of managed methods.</param>
/// <param name="Natives">Calls of native methods.</param>
/// <param name="HeapBytes">Bytes that these calls allocate on a board.</param>
public readonly record struct Tally(long Il, long Calls, long Natives, long HeapBytes)
{
    /// <summary>An interpreted instruction takes a microsecond on an ESP32, a native call as long as twenty.</summary>
    public long BoardUs => Il + 20 * Natives;

    public static Tally operator +(Tally a, Tally b) =>
        new(a.Il + b.Il, a.Calls + b.Calls, a.Natives + b.Natives, a.HeapBytes + b.HeapBytes);

    public static Tally operator -(Tally a, Tally b) =>
        new(a.Il - b.Il, a.Calls - b.Calls, a.Natives - b.Natives, a.HeapBytes - b.HeapBytes);
}
