using System;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// Lets transactions of an operation do nothing, or read noise: each one alone, with the ones behind it, and with all behind it; and then
/// cuts the power behind every later transaction. G2: the answer is the truth or ChipError, nothing older is lost, and what the board says
/// afterwards, and after a boot, is so.
/// </summary>
public sealed class DropExplorer
{
    // A board that has lost its chip looks for it again within this time.
    private const int LookAgainMs = 5000;

    private static readonly BusFault[] faults = [BusFault.Dropped, BusFault.Noise, BusFault.Ones];

    // How many transactions in a row are hit; the last one stands for all until the operation ends.
    private static readonly long[] lengths = [1, 2, 3, long.MaxValue];

    private readonly CutScenario scenario;
    private readonly TestBoard board;
    private readonly FaultyBus bus;
    private readonly byte[] before;
    private readonly MediaFound media;
    private readonly long transactions;

    private DropExplorer(CutScenario scenario)
    {
        this.scenario = scenario;
        board = scenario.Prepare();
        bus = new FaultyBus(board.Chip);
        board.Bus = bus;
        before = board.Chip.Storage.ToArray();
        board.Restart(before);
        bus.Restart();
        scenario.Operate(board, () => { });
        transactions = bus.Transactions;
        media = new MediaFound(scenario, board, Medium.Read(board.Chip.Memory) is { State: MediumState.Store } after ? after.Version : 0);
    }

    /// <summary>Runs with faults.</summary>
    public long Runs { get; private set; }

    /// <summary>Runs with faults that were answered with an error.</summary>
    public long Errors { get; private set; }

    /// <summary>Cuts behind a transaction after a fault.</summary>
    public long Cuts { get; private set; }

    /// <summary>Different media that this and cuts in recoveries leave.</summary>
    public int Media => media.Count;

    /// <summary>Explores a scenario to its end.</summary>
    public static DropExplorer Explore(CutScenario scenario)
    {
        DropExplorer explorer = new(scenario);
        foreach (BusFault fault in faults)
            for (long first = 0; first < explorer.transactions; first++)
                foreach (long length in lengths)
                    explorer.Run(fault, first, length);
        explorer.board.Bus = explorer.board.Chip;
        explorer.media.Follow();
        return explorer;
    }

    /// <summary>Lets the chip lose contact at each transaction of an operation, for each while up to so many transactions.</summary>
    public static DropExplorer ExploreContact(CutScenario scenario, int longest)
    {
        DropExplorer explorer = new(scenario);
        foreach (BusFault fault in new[] { BusFault.GoneHigh, BusFault.GoneLow })
            for (long first = 0; first < explorer.transactions; first++)
                for (int length = 1; length <= longest; length++)
                    explorer.Run(fault, first, length, isCutBehind: false);
        explorer.board.Bus = explorer.board.Chip;
        explorer.media.Follow();
        return explorer;
    }

    /// <summary>Hits two transactions of an operation, any two.</summary>
    public static DropExplorer ExplorePairs(CutScenario scenario)
    {
        DropExplorer explorer = new(scenario);
        for (long first = 0; first < explorer.transactions; first++)
            for (long second = first + 2; second < explorer.transactions; second++)
                explorer.Run(
                    $"transactions {first} and {second} dropped", n => n == first || n == second ? BusFault.Dropped : BusFault.None);
        explorer.board.Bus = explorer.board.Chip;
        explorer.media.Follow();
        return explorer;
    }

    public override string ToString() =>
        $"{scenario.Name}: {transactions} transactions, {Runs} runs with faults, {Errors} of them answered with an error, "
        + $"{Cuts} cuts behind, {Media} media";

    private void Run(BusFault fault, long first, long length, bool isCutBehind = true)
    {
        bool isToTheEnd = length == long.MaxValue;
        string what = $"{fault} from transaction {first}, {(isToTheEnd ? "all" : length)} of them";
        Run(what, n => n >= first && (isToTheEnd || n < first + length) ? fault : BusFault.None, isCutBehind);
    }

    private void Run(string what, Func<long, BusFault> fault, bool isCutBehind = true)
    {
        string where = $"{scenario.Name}, {what}";
        Runs++;
        board.Restart(before);
        bus.Restart(fault);
        int acknowledged = 0;
        Status? status = null;
        WriteTrace trace = WriteTrace.Record(board, acknowledge => status = scenario.Operate(board, () =>
        {
            acknowledged++;
            acknowledge();
        }));
        Assert.IsNotNull(status, $"{where}: no answer");
        if (status != Status.Ok)
        {
            Errors++;
            // Several faults in a row may make the chip seem to be gone, or to be something else, and then it says so.
            bool isSeemingly = status is Status.NoChip or Status.UnknownChip or Status.Protected or Status.StoreDamaged;
            Assert.IsTrue(status == Status.ChipError || bus.Hit > 1 && isSeemingly, $"{where}: the board answers {status}");
        }
        bus.Restart();
        long cuts = 0;
        foreach ((long cut, byte[] left) in isCutBehind ? trace.MediaByTransaction() : [])
        {
            media.Add(left, trace.AcknowledgedBefore(cut * 8), () => $"{where}, then power lost behind byte {cut}");
            cuts++;
        }
        Cuts += cuts;
        media.Add(board.Chip.Memory, acknowledged, () => $"{where}, then power lost at the end");

        // The bus works again: the board finds its chip, and tells the truth.
        board.Idle(LookAgainMs);
        board.Hello();
        board.Rest();
        int done = scenario.CheckAlive(board, $"{where}, then without a fault");
        Assert.IsTrue(acknowledged == 0 || done >= acknowledged, $"{where}: {acknowledged} acknowledged, {done} stored");
        media.Add(board.Chip.Memory, Math.Max(acknowledged, done), () => $"{where}, then without a fault, then power lost");
    }
}
