using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// Cuts the power everywhere in an operation, in the recovery after it, in the recovery after that, and so on without end.
/// </summary>
public sealed class CutExplorer
{
    private readonly CutScenario scenario;
    private readonly TestBoard board;
    private readonly byte[] before;
    private readonly MediaFound media;
    private readonly WriteTrace trace;

    private CutExplorer(CutScenario scenario, bool isExact)
    {
        this.scenario = scenario;
        board = scenario.Prepare();
        before = board.Chip.Storage.ToArray();
        board.Restart(before);
        trace = WriteTrace.Record(board, acknowledged => scenario.Operate(board, acknowledged));
        media = new MediaFound(scenario, board,
            Medium.Read(board.Chip.Memory) is { State: MediumState.Store } after ? after.Version : 0)
        { IsExact = isExact };
    }

    /// <summary>Places where the power was cut in the operation: one before each byte on the bus, and one behind the last.</summary>
    public long Cuts => trace.BusBytes + 1;

    /// <summary>Pairs of a byte of the operation and a byte of the recovery after it.</summary>
    public long CutPairs { get; private set; }

    /// <summary>Different media that any number of cuts leaves.</summary>
    public int Media => media.Count;

    /// <summary>Cuts of the operation by their outcome.</summary>
    public Dictionary<int, long> Outcomes { get; } = [];

    /// <summary>Explores a scenario to its end.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="isExact">
    /// True to make each cut really, at every bit, and to take records that are torn at different bytes for different media. False to take
    /// what the bus has seen for granted: the bytes clocked before a cut are stored.
    /// </param>
    public static CutExplorer Explore(CutScenario scenario, bool isExact = false)
    {
        CutExplorer explorer = new(scenario, isExact);
        List<(UInt128 Medium, long Cuts)> cuts = explorer.AddCuts();
        if (isExact)
            explorer.CutReally();
        explorer.media.Follow();
        foreach ((UInt128 medium, long count) in cuts)
        {
            int outcome = explorer.media.OutcomeOf(medium);
            explorer.Outcomes[outcome] = explorer.Outcomes.GetValueOrDefault(outcome) + count;
            explorer.CutPairs += count * explorer.media.RecoveryBytesOf(medium);
        }
        Assert.AreEqual(explorer.Cuts, explorer.Outcomes.Values.Sum(), $"{scenario.Name}: cuts");
        return explorer;
    }

    public override string ToString() =>
        $"{scenario.Name}: {Cuts} cuts, {CutPairs} pairs of cuts, {Media} media; done "
        + string.Join(", ", Outcomes.OrderBy(o => o.Key).Select(o => $"{o.Key}: {o.Value}"));

    // The media that the cuts leave, and how many cuts leave each. An answer leaves the board behind the write that commits: what is on the
    // medium until the next write must hold the request.
    private List<(UInt128 Medium, long Cuts)> AddCuts()
    {
        List<(UInt128 Medium, long Cuts)> cuts = [];
        long[] ends = [.. trace.Media().Skip(1).Select(medium => medium.Cut), trace.BusBytes + 1];
        foreach ((long cut, byte[] medium) in trace.Media())
        {
            long end = ends[cuts.Count];
            cuts.Add((media.Add(medium, trace.AcknowledgedBefore(end * 8 - 1), () => Where(cut)), end - cut));
        }
        return cuts;
    }

    private string Where(long cut) => $"{scenario.Name}, cut behind byte {cut} of the operation";

    // Each cut is really made, and must leave what the bytes clocked before it say.
    private void CutReally()
    {
        long cut = 0;
        foreach (byte[] expected in trace.MediaByCut())
        {
            for (long bits = cut * 8; bits < cut * 8 + 8 && bits <= trace.BusBytes * 8; bits++)
            {
                if (bits == 0)
                    continue;
                board.Restart(before);
                board.Chip.CutAfterBits(bits);
                int acknowledged = 0;
                scenario.Operate(board, () => acknowledged++);
                Assert.IsFalse(board.Chip.IsPowered, $"{Where(cut)}: no cut");
                Assert.IsTrue(
                    board.Chip.Memory.SequenceEqual(expected), $"{Where(cut)}: other bytes are stored than were clocked before it");
                Assert.AreEqual(trace.AcknowledgedBefore(bits), acknowledged, $"{Where(cut)}: acknowledged requests");
            }
            cut++;
        }
        Assert.AreEqual(trace.BusBytes, cut - 1, $"{scenario.Name}: a cut at every byte");
    }
}
