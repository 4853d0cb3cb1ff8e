using System;
using System.Threading;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>
/// What is asked of the board and how its answer is read; how the frames get there and back is the <see cref="Conversation"/>'s.
/// </summary>
/// <remarks>All members but the constructor are called under the conversation's lock.</remarks>
internal abstract class Request(string what, CancellationToken ct)
{
    /// <summary>What is asked, for a person: "write track 5".</summary>
    public string What { get; } = what;

    /// <summary>Cancels.</summary>
    public CancellationToken Ct { get; } = ct;

    /// <summary>How often the request was lost since it last made progress.</summary>
    public int Setbacks;

    /// <summary>How long an answer may take besides the line's time, in milliseconds; 0: as always.</summary>
    public int TimeoutMs { get; init; }

    /// <summary>True for a request that travels alone: sent when all before it is answered, and nothing behind it until it is.</summary>
    public bool IsAlone { get; init; }

    /// <summary>The frames' type, see <see cref="FrameType"/>.</summary>
    public abstract int Type { get; }

    /// <summary>True when it is decided what whoever asked is told; what may still come does not matter.</summary>
    public bool IsDone { get; private set; }

    /// <summary>False when it must not be sent any more; asked just before it would be.</summary>
    public virtual bool IsWanted => true;

    /// <summary>Runs what is not the conversation's, in order, as soon as its lock is left.</summary>
    public Action<Action> Post { get; set; } = action => action();

    /// <summary>The line is given up: tells whoever asked.</summary>
    public abstract void Fail(NvsException cause);

    /// <summary>Whoever asked does not want it any more, and nothing of it is on the way.</summary>
    public abstract void Cancel();

    /// <summary>Tells whoever asked, once.</summary>
    protected void End(Action tell)
    {
        if (IsDone)
            return;
        IsDone = true;
        Post(tell);
    }
}
