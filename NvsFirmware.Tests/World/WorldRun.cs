using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsFirmware.Tests.World;

/// <summary>Runs worlds and sums up what happened in them.</summary>
public sealed class WorldRun(int operations)
{
    private readonly SortedDictionary<string, long> sums = [];

    /// <summary>Worlds that ended well.</summary>
    public long Worlds { get; private set; }

    /// <summary>What was tried, in figures.</summary>
    public IReadOnlyDictionary<string, long> Sums => sums;

    public string Summary => $"{Worlds} worlds: {string.Join(", ", sums.Select(pair => $"{pair.Value} {pair.Key}"))}";

    /// <summary>Runs the world of one seed.</summary>
    /// <exception cref="WorldException">It is not as it must be; tells how to see it again.</exception>
    public void Run(ulong seed)
    {
        World world = new(seed);
        try
        {
            world.Run(operations);
        }
        catch (Exception e)
        {
            throw Replay(seed, e);
        }
        Worlds++;
        Add("operations", world.Operations);
        Add("programs", world.Programs);
        Add("commits", world.Model.Commits);
        Add("power cuts", world.Cuts);
        Add("power cuts in recovery", world.CutsInRecovery);
        Add("board resets", world.Resets);
        Add("host kills", world.HostKills);
        Add("line disturbances", world.Disturbances);
        Add("echoes", world.Echoes);
        Add("UART overruns", world.Uart.Overruns);
        Add("ring faults", world.Uart.RingFaults);
        Add("ports opened anew", world.Uart.Reopened);
        Add("bus failures", world.Bus.Failures);
        Add("dropped transactions", world.Bus.Dropped);
        Add("noise reads", world.Bus.NoiseReads);
        Add("contacts lost", world.Bus.ContactsLost);
        Add("chips exchanged", world.ChipsExchanged);
        Add("chip errors told", world.ChipErrorAnswers);
        Add("refusals", world.Refusals);
        Add("refusals for want of room", world.Fulls);
        Add("unknown outcomes", world.Unknowns);
        Add("repeated requests", world.Repeats);
        Add("nonsense frames", world.Nonsense);
        Add("formats", world.Formats);
        Add("version jumps", world.Jumps);
        Add("audits of the medium", world.Audits);
        Add("virtual seconds", (long)world.Time.TotalSeconds);
    }

    // The same world again, now keeping notes: the same seed is the same world.
    private WorldException Replay(ulong seed, Exception first)
    {
        World world = new(seed, isRecording: true);
        string again = "it did not happen again: something depends on more than the seed";
        try
        {
            world.Run(operations);
        }
        catch (Exception e) when (e.Message == first.Message)
        {
            again = string.Join(Environment.NewLine, world.Notes);
        }
        catch (Exception e)
        {
            again = $"another thing happened: {e.Message}";
        }
        return new WorldException(
            $"seed {seed}, operation {world.Operations}: {first.Message}{Environment.NewLine}{again}{Environment.NewLine}"
                + $"Again: dotnet run -c Release --project NvsFirmware.Tests -- world --seed {seed} --operations {operations}",
            first);
    }

    private void Add(string what, long count) => sums[what] = sums.GetValueOrDefault(what) + count;
}
