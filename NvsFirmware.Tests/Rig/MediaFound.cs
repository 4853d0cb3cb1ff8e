using System;
using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>The media that faults leave: each is booted and checked once, and so is what cuts in its recovery leave, without end.</summary>
/// <remarks>
/// After a cut all that is left is the medium, and the firmware is deterministic: two cuts that leave the same medium have the same
/// future. So it is enough to check each different medium once, and to go on from each until no new one appears: that covers any number
/// of cuts one after another. Cuts in reads lead nowhere new.
/// </remarks>
public sealed class MediaFound(CutScenario scenario, TestBoard board, uint top)
{
    private readonly Dictionary<UInt128, Found> found = [];
    private readonly Queue<(UInt128 Key, byte[] Memory)> queue = new();
    private readonly List<(UInt128 Medium, UInt128 Left)> recoveryCuts = [];

    private sealed class Found
    {
        public string Where { get; init; } = "";
        public int Acknowledged { get; set; }
        public int Outcome { get; set; }
        public long RecoveryBytes { get; set; }
    }

    public int Count => found.Count;

    /// <summary>True to take records that are torn at different bytes for different media.</summary>
    public bool IsExact { get; init; }

    /// <summary>A medium that a fault leaves.</summary>
    /// <param name="memory">The array.</param>
    /// <param name="acknowledged">How many requests were acknowledged before.</param>
    /// <param name="where">Which fault.</param>
    public UInt128 Add(ReadOnlySpan<byte> memory, int acknowledged, Func<string> where)
    {
        UInt128 key = MediumKey.Of(memory, top, IsExact);
        if (!found.TryGetValue(key, out Found? medium))
        {
            found.Add(key, medium = new Found { Where = where() });
            queue.Enqueue((key, memory.ToArray()));
        }
        medium.Acknowledged = Math.Max(medium.Acknowledged, acknowledged);
        return key;
    }

    /// <summary>How many requests a medium holds; known after <see cref="Follow"/>.</summary>
    public int OutcomeOf(UInt128 key) => found[key].Outcome;

    /// <summary>Bytes on the bus in the recovery of a medium; known after <see cref="Follow"/>.</summary>
    public long RecoveryBytesOf(UInt128 key) => found[key].RecoveryBytes;

    /// <summary>Boots and checks all media that were added, and all that cuts in recoveries make of them.</summary>
    public void Follow()
    {
        while (queue.TryDequeue(out (UInt128 Key, byte[] Memory) next))
        {
            Found medium = found[next.Key];
            board.Chip.PowerUp();
            next.Memory.CopyTo(board.Chip.Memory);
            WriteTrace recovery = WriteTrace.Record(board, _ => board.Recover());
            medium.RecoveryBytes = recovery.BusBytes;
            medium.Outcome = scenario.Check(board, next.Memory, medium.Where);
            Assert.IsTrue(medium.Acknowledged == 0
                || medium.Outcome >= medium.Acknowledged, $"{medium.Where}: {medium.Acknowledged} acknowledged, {medium.Outcome} found");
            foreach ((long cut, byte[] left) in recovery.Media())
                recoveryCuts.Add((next.Key, Add(left, 0, () => $"{medium.Where}, then at byte {cut} of a recovery")));
        }
        foreach ((UInt128 medium, UInt128 left) in recoveryCuts)
            Assert.AreEqual(
                found[medium].Outcome, found[left].Outcome, $"{found[left].Where}: the cut recovery changed what was committed");
        recoveryCuts.Clear();
    }
}
