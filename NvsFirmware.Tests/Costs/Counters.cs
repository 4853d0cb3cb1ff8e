using System.Collections.Generic;

namespace NvsFirmware.Tests.Costs;

/// <summary>What the rewritten firmware has executed so far. Its instructions and calls end up in <see cref="Count"/>.</summary>
/// <remarks>Static because the firmware calls it from everywhere; one firmware runs at a time, on one thread.</remarks>
public static class Counters
{
    private static readonly List<long[]> rows = [];
    private static readonly SortedSet<string> unknown = [];

    private static long il;
    private static long calls;
    private static long natives;
    private static long heapBytes;
    private static Tally allocating;

    /// <summary>All that was executed until now.</summary>
    public static Tally Now => new(il, calls, natives, heapBytes);

    /// <summary>True while what is executed is not the board's: the host uses the code that both sides share.</summary>
    public static bool IsPaused { get; set; }

    /// <summary>True from an answer to the next request: what is executed then is counted apart, by method.</summary>
    public static bool IsAfterAnswer { get; set; }

    /// <summary>By the method's number, what it has executed itself until answers: IL, calls, natives; the same after them.</summary>
    public static IReadOnlyList<long[]> Rows => rows;

    /// <summary>Called by the rewritten firmware in front of each run of instructions that has no branch into it or out of it.</summary>
    public static void Count(int method, int il, int calls, int natives, int heapBytes)
    {
        if (IsPaused)
            return;
        Counters.il += il;
        Counters.calls += calls;
        Counters.natives += natives;
        Counters.heapBytes += heapBytes;
        while (rows.Count <= method)
            rows.Add(new long[6]);
        long[] row = rows[method];
        int at = IsAfterAnswer ? 3 : 0;
        row[at] += il;
        row[at + 1] += calls;
        row[at + 2] += natives;
    }

    /// <summary>Calls out of the firmware that were made and whose cost nobody has counted, see <see cref="PlatformCosts"/>.</summary>
    public static IReadOnlyCollection<string> Unknown => unknown;

    /// <summary>The part of it that was spent in choosing segments ahead.</summary>
    public static Tally Allocation { get; private set; }

    /// <summary>Called by the rewritten firmware before it chooses the next set.</summary>
    public static void BeginAllocation() => allocating = Now;

    /// <summary>Called by the rewritten firmware when it has chosen the next set.</summary>
    public static void EndAllocation() => Allocation += Now - allocating;

    /// <summary>Called by the rewritten firmware in front of such a call.</summary>
    public static void CountUnknown(string method) => unknown.Add(method);

    /// <summary>Forgets what each method has executed.</summary>
    public static void ResetRows() => rows.Clear();
}
