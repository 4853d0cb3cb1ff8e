using System;
using System.Collections.Generic;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>The board's counters, as STATS tells them.</summary>
public sealed class BoardStats
{
    private readonly uint[] values = new uint[Counter.Count];

    internal BoardStats(byte[] p)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] = (uint)Buffers.GetInt32(p, i * 4);
        int known = (int)Math.Min(values[Counter.Recoveries], Payload.StatsAnswer.FindingsCount);
        int[] found = new int[known];
        for (int i = 0; i < known; i++)
            found[i] = p[Payload.StatsAnswer.Findings + i];
        Findings = found;
    }

    /// <summary>The value of a counter.</summary>
    /// <param name="counter">One of <see cref="Counter"/>.</param>
    public uint this[int counter] => values[counter];

    /// <summary>What the recoveries since boot found, the newest first; bits of <see cref="RecoveryFindings"/>.</summary>
    public IReadOnlyList<int> Findings { get; }
}
