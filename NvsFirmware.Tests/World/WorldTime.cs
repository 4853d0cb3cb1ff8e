using System;
using System.Collections.Generic;

namespace NvsFirmware.Tests.World;

/// <summary>
/// Virtual time and what happens in it. The board is the one that waits; while it does, all that is due happens, in an order that depends
/// on
/// nothing but the seed.
/// </summary>
public sealed class WorldTime : IClock
{
    private readonly PriorityQueue<Action, (long Us, long Order)> due = new();
    private long order;

    public long NowUs { get; private set; } = 1_000_000;

    public long NowMs => NowUs / 1000;

    /// <summary>False while the board is without power: its code, which C# cannot stop at once, must not make time pass.</summary>
    public bool IsBoardRunning { get; set; } = true;

    public void At(long us, Action action) => due.Enqueue(action, (Math.Max(us, NowUs), order++));

    public void After(long us, Action action) => At(NowUs + us, action);

    /// <summary>Lets time pass.</summary>
    public void Pass(long us) => PassUntil(NowUs + us, () => false);

    /// <summary>Lets time pass up to a moment, or until something that was waited for has happened.</summary>
    public void PassUntil(long untilUs, Func<bool> hasHappened)
    {
        while (!hasHappened())
        {
            if (!due.TryPeek(out _, out (long Us, long Order) next) || next.Us > untilUs)
            {
                NowUs = Math.Max(NowUs, untilUs);
                return;
            }
            NowUs = Math.Max(NowUs, next.Us);
            due.Dequeue()();
        }
    }

    /// <summary>The board's own wait.</summary>
    public void Sleep(int durationMs)
    {
        if (IsBoardRunning)
            Pass(durationMs * 1000L);
    }
}
