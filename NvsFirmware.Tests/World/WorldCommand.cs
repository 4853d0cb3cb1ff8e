using System;
using System.CommandLine;
using System.Diagnostics;

namespace NvsFirmware.Tests.World;

/// <summary>The command `world`.</summary>
internal static class WorldCommand
{
    private static readonly Option<ulong?> seedOption = new("--seed")
    {
        Description = "Run the world of this seed and no other.",
        HelpName = "NUMBER",
    };
    private static readonly Option<ulong> firstOption = new("--first")
    {
        Description = "The first seed.",
        DefaultValueFactory = _ => 1,
        HelpName = "NUMBER",
    };
    private static readonly Option<ulong> seedsOption = new("--seeds")
    {
        Description = "How many seeds at most.",
        DefaultValueFactory = _ => ulong.MaxValue,
        HelpName = "NUMBER",
    };
    private static readonly Option<double> minutesOption = new("--minutes")
    {
        Description = "Begin no further world after so long.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<int> operationsOption = new("--operations")
    {
        Description = "What the hosts do in each world.",
        DefaultValueFactory = _ => 1000,
        HelpName = "NUMBER",
    };

    public static Command Create()
    {
        Command command = new("world",
            "Runs host, line, board and chip in simulated worlds in which everything goes wrong, against a model.")
        {
            seedOption, firstOption, seedsOption, minutesOption, operationsOption,
        };
        command.SetAction(parsed =>
        {
            WorldRun run = new(parsed.GetValue(operationsOption));
            try
            {
                if (parsed.GetValue(seedOption) is ulong seed)
                    run.Run(seed);
                else
                    RunSeeds(run, parsed.GetValue(firstOption), parsed.GetValue(seedsOption),
                        TimeSpan.FromMinutes(parsed.GetValue(minutesOption)));
            }
            catch (WorldException e)
            {
                Console.Error.WriteLine(e.Message);
                if (e.InnerException is { } inner and not WorldException { InnerException: null })
                    Console.Error.WriteLine(inner);
                Console.WriteLine($"FAILED after {run.Summary}");
                return 1;
            }
            Console.WriteLine(run.Summary);
            return 0;
        });
        return command;
    }

    private static void RunSeeds(WorldRun run, ulong first, ulong seeds, TimeSpan limit) =>
        Progress.Show("worlds", limit, report =>
        {
            Stopwatch watch = Stopwatch.StartNew();
            for (ulong i = 0; i < seeds && watch.Elapsed < limit; i++)
            {
                run.Run(first + i);
                report(Math.Max((double)(i + 1) / seeds, watch.Elapsed / limit),
                    $"{run.Worlds} worlds, {run.Sums["commits"]} commits, {run.Sums["power cuts"]} power cuts");
            }
        });
}
