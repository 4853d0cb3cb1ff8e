namespace NvsFirmware.Tests.Rig;

/// <summary>What became of an operation that a power cut interrupted.</summary>
public enum CutOutcome
{
    /// <summary>All is as before it.</summary>
    Old,

    /// <summary>It is done.</summary>
    New,

    /// <summary>The store is gone, and the board says so: what a format that did not end may leave.</summary>
    Gone,
}

/// <summary>An operation under which the power is cut, and what has to be true afterwards.</summary>
public abstract class CutScenario(string name)
{
    public string Name { get; } = name;

    /// <summary>A board with the medium that the operation meets.</summary>
    public abstract TestBoard Prepare();

    /// <summary>Does it. True when the board said that it is done.</summary>
    public abstract bool Operate(TestBoard board);

    /// <summary>
    /// Checks a board that was booted on a medium left by a cut and has brought it up to date. Throws when anything is wrong; may leave the
    /// medium as it likes.
    /// </summary>
    /// <param name="board">The board.</param>
    /// <param name="left">The array as the cut left it.</param>
    /// <param name="where">Which cut, for messages.</param>
    public abstract CutOutcome Check(TestBoard board, byte[] left, string where);

    public override string ToString() => Name;
}
