using System;
using System.Collections.Generic;
using System.IO.Hashing;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>Cuts the power everywhere in an operation, in the recovery after it, in the recovery after that, and so on without end.</summary>
/// <remarks>
/// <para>After a cut all that is left is the medium, and the firmware is deterministic: two cuts that leave the same medium have the same
/// future. So it is enough to check each different medium once, and to go on from each until no new one appears: that covers any number
/// of cuts one after another. Cuts in reads lead nowhere new.</para>
/// <para>The boot counters count the boots, so no medium would ever come back. They are left out of the comparison; that nothing else
/// depends on them is a test of its own.</para>
/// </remarks>
public sealed class CutExplorer
{
    private readonly CutScenario scenario;
    private readonly TestBoard board;
    private readonly byte[] before;
    private readonly Dictionary<UInt128, Found> found = [];
    private readonly Queue<(UInt128 Key, byte[] Memory)> queue = new();
    private readonly List<(UInt128 Medium, UInt128 Left)> recoveryCuts = [];

    private long operationBytes;

    private CutExplorer(CutScenario scenario)
    {
        this.scenario = scenario;
        board = scenario.Prepare();
        before = board.Chip.Storage.ToArray();
    }

    private sealed class Found
    {
        public string Where { get; init; } = "";
        public bool IsAcknowledged { get; set; }
        public CutOutcome Outcome { get; set; }
        public long RecoveryBytes { get; set; }
    }

    /// <summary>Places where the power was cut in the operation.</summary>
    public long Cuts { get; private set; }

    /// <summary>Pairs of a byte of the operation and a byte of the recovery after it.</summary>
    public long CutPairs { get; private set; }

    /// <summary>Different media that any number of cuts leaves.</summary>
    public int Media => found.Count;

    /// <summary>Cuts after which each outcome was found.</summary>
    public int[] Outcomes { get; } = new int[3];

    /// <summary>Explores a scenario to its end.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="bitsApart">1 cuts the operation at every bit, 8 at every byte.</param>
    public static CutExplorer Explore(CutScenario scenario, int bitsApart = 8)
    {
        CutExplorer explorer = new(scenario);
        List<UInt128> cuts = explorer.CutOperation(bitsApart);
        explorer.FollowRecoveries();
        Assert.HasCount((int)((bitsApart == 8 ? 1 : 8) * explorer.operationBytes + (bitsApart == 8 ? 1 : 0)), cuts, $"{scenario.Name}: cuts");
        foreach (UInt128 cut in cuts)
        {
            Found medium = explorer.found[cut];
            explorer.Cuts++;
            explorer.CutPairs += medium.RecoveryBytes;
            explorer.Outcomes[(int)medium.Outcome]++;
        }
        return explorer;
    }

    /// <summary>Bytes on the bus during a scenario's operation without a cut: so many cuts at bytes there are, and one before the first.</summary>
    public static long CountCuts(CutScenario scenario)
    {
        CutExplorer explorer = new(scenario);
        explorer.Restart(explorer.before);
        return WriteTrace.Record(explorer.board, () => scenario.Operate(explorer.board)).BusBytes + 1;
    }

    /// <summary>
    /// Cuts the operation at a random bit, and up to five recoveries after it at random bits, in the chip model alone; then checks.
    /// </summary>
    public static void Sample(CutScenario scenario, Random random, int samples)
    {
        CutExplorer explorer = new(scenario);
        TestBoard board = explorer.board;
        explorer.Restart(explorer.before);
        long operationBytes = WriteTrace.Record(board, () => scenario.Operate(board)).BusBytes;
        explorer.Restart(explorer.before);
        long recoveryBytes = WriteTrace.Record(board, explorer.Recover).BusBytes + MediumLayout.SuperblockBytes;
        for (int i = 0; i < samples; i++)
        {
            List<long> cuts = [random.NextInt64(operationBytes * 8)];
            explorer.Restart(explorer.before);
            board.Chip.CutAfterBits(cuts[0]);
            bool isAcknowledged = board.Chip.IsPowered && scenario.Operate(board);
            for (int recoveries = random.Next(6); recoveries > 0; recoveries--)
            {
                cuts.Add(random.NextInt64(recoveryBytes * 8));
                board.Boot(cuts[^1]);
                if (board.Chip.IsPowered)
                    board.Run();
            }
            byte[] left = board.Chip.Memory.ToArray();
            explorer.Recover();
            string where = $"{scenario.Name}, cut after bits {string.Join(", ", cuts)}";
            CutOutcome outcome = scenario.Check(board, left, where);
            Assert.IsTrue(outcome == CutOutcome.New || !isAcknowledged, $"{where}: acknowledged and lost");
        }
    }

    /// <summary>The identity of a medium, its boot counters aside.</summary>
    public static UInt128 Key(ReadOnlySpan<byte> memory)
    {
        XxHash128 hash = new();
        hash.Append(memory[..MediumLayout.BootCountersAt]);
        hash.Append(memory[(MediumLayout.BootCountersAt + MediumLayout.BootCountersBytes)..]);
        return hash.GetCurrentHashAsUInt128();
    }

    // Each cut is really made, and must leave what the bytes clocked before it say.
    private List<UInt128> CutOperation(int bitsApart)
    {
        List<UInt128> cuts = [];
        Restart(before);
        WriteTrace trace = WriteTrace.Record(board, () => scenario.Operate(board));
        operationBytes = trace.BusBytes;
        long cut = 0;
        foreach (byte[] expected in trace.MediaByCut())
        {
            for (long bits = Math.Max(cut * 8, 1); bits < Math.Min(cut + 1, trace.BusBytes) * 8; bits += bitsApart == 1 ? 1 : 8)
                cuts.Add(Cut(bits, expected));
            if (cut == trace.BusBytes)
                cuts.Add(Cut(cut * 8, expected));
            cut++;
        }
        Assert.AreEqual(trace.BusBytes, cut - 1, $"{scenario.Name}: a cut at every byte");
        return cuts;
    }

    private UInt128 Cut(long bits, byte[] expected)
    {
        Restart(before);
        board.Chip.CutAfterBits(bits);
        bool isAcknowledged = scenario.Operate(board);
        string where = $"{scenario.Name}, cut after bit {bits} of the operation";
        Assert.IsFalse(board.Chip.IsPowered, $"{where}: no cut");
        Assert.IsTrue(board.Chip.Memory.SequenceEqual(expected), $"{where}: other bytes are stored than were clocked before it");
        UInt128 key = Add(board.Chip.Memory, where);
        found[key].IsAcknowledged |= isAcknowledged;
        return key;
    }

    private void FollowRecoveries()
    {
        while (queue.TryDequeue(out (UInt128 Key, byte[] Memory) next))
        {
            Found medium = found[next.Key];
            Load(next.Memory);
            WriteTrace recovery = WriteTrace.Record(board, Recover);
            medium.RecoveryBytes = recovery.BusBytes;
            medium.Outcome = scenario.Check(board, next.Memory, medium.Where);
            Assert.IsTrue(medium.Outcome == CutOutcome.New || !medium.IsAcknowledged, $"{medium.Where}: acknowledged and lost");
            int cut = 0;
            foreach (byte[] left in recovery.Media())
                recoveryCuts.Add((next.Key, Add(left, $"{medium.Where}, then after {cut++} changed bytes of a recovery")));
        }
        foreach ((UInt128 medium, UInt128 left) in recoveryCuts)
            Assert.AreEqual(found[medium].Outcome, found[left].Outcome, $"{found[left].Where}: the cut recovery changed what was committed");
    }

    private UInt128 Add(ReadOnlySpan<byte> memory, string where)
    {
        UInt128 key = Key(memory);
        if (found.TryAdd(key, new Found { Where = where }))
            queue.Enqueue((key, memory.ToArray()));
        return key;
    }

    private void Recover()
    {
        board.Boot();
        board.Run();
    }

    private void Load(byte[] memory)
    {
        board.Chip.PowerUp();
        memory.CopyTo(board.Chip.Memory);
    }

    private void Restart(byte[] storage)
    {
        board.Chip.PowerUp();
        storage.CopyTo(board.Chip.Storage);
        board.Boot();
    }
}
