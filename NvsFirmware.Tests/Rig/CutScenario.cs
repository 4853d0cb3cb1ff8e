using System;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>An operation under which the power is cut, or the bus fails, and what has to be true afterwards.</summary>
/// <param name="name">For messages, and to repeat it.</param>
public abstract class CutScenario(string name)
{
    /// <summary>The outcome when the store is gone, and the board says so: what a format that did not end may leave.</summary>
    public const int Gone = -1;

    public string Name { get; } = name;

    /// <summary>How many requests the operation has.</summary>
    public virtual int Requests => 1;

    /// <summary>A board with the medium that the operation meets.</summary>
    public abstract TestBoard Prepare();

    /// <summary>
    /// Does it, and lets the board come to rest. Stops at the first request that is not answered as it is without a fault.
    /// </summary>
    /// <param name="board">The board.</param>
    /// <param name="acknowledged">Called after each request that was answered with Ok.</param>
    /// <returns>The answer that it stopped at; Ok when all was answered as without a fault; null when there was no answer.</returns>
    public abstract Status? Operate(TestBoard board, Action acknowledged);

    /// <summary>
    /// Checks a board that was booted on a medium left by a fault and has brought it up to date. Throws when anything is wrong; may leave
    /// the medium as it likes.
    /// </summary>
    /// <param name="board">The board.</param>
    /// <param name="left">The array as the fault left it.</param>
    /// <param name="where">Which fault, for messages.</param>
    /// <returns>How many of the requests are done, or <see cref="Gone"/>.</returns>
    public abstract int Check(TestBoard board, byte[] left, string where);

    /// <summary>Checks a board that met faults and still runs: what it serves is so, or it says that it cannot.</summary>
    /// <returns>How many of the requests are done.</returns>
    public abstract int CheckAlive(TestBoard board, string where);

    public override string ToString() => Name;
}
