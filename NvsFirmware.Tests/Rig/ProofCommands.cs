using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Diagnostics;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>The exhaustive proofs of the medium, as commands: what <c>dotnet test</c> shows for a few scenarios, for all of them.</summary>
internal static class ProofCommands
{
    public const string Run = "dotnet run -c Release --project NvsFirmware.Tests --";

    // A scenario that stops reaching what it is for, or a part of the firmware that stops writing, must not go unnoticed.
    private const int FewestScenarios = 60;
    private const long FewestCuts = 81_000;
    private const long FewestRuns = 20_500;
    private const long FewestPairRuns = 49_000;
    private const long FewestContactRuns = 55_000;
    private const long FewestPairs = 12_500;

    private const int LongestContactLost = 24; // transactions; a boot has about as many

    public static IEnumerable<Command> Create()
    {
        yield return Cuts();
        yield return Drops();
        yield return Damage();
    }

    private static Command Cuts()
    {
        Argument<string[]> names = new("SCENARIO")
        {
            Description = "which; all of them if none is named",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool> exact = new("--exact")
        {
            Description = "make each cut really, at every bit, and take no two torn records for the same",
        };
        Command command = new("cuts", "Cuts the power at every byte of every operation, and of every recovery, without end.")
        {
            names, exact,
        };
        command.SetAction(parsed =>
        {
            bool isExact = parsed.GetValue(exact);
            long cuts = 0;
            bool isGood = ForAll("cuts", parsed.GetValue(names)!, isExact ? " --exact" : "", scenario =>
            {
                CutExplorer explored = CutExplorer.Explore(scenario, isExact);
                Interlocked.Add(ref cuts, explored.Cuts);
                return explored;
            });
            return Summary("cuts", cuts, parsed.GetValue(names)!.Length == 0 ? FewestCuts : 0, isGood);
        });
        return command;
    }

    private static Command Drops()
    {
        Argument<string[]> names = new("SCENARIO")
        {
            Description = "which; all of them if none is named",
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<bool> pairs = new("--pairs") { Description = "let any two transactions do nothing instead" };
        Option<bool> contact = new("--contact")
        {
            Description = "let the chip lose contact for a while instead, at each transaction and for each while",
        };
        Command command = new("drops",
            "Lets each transaction of every operation do nothing or read noise, and cuts the power behind.") { names, pairs, contact };
        command.SetAction(parsed =>
        {
            bool isPairs = parsed.GetValue(pairs);
            bool isContact = parsed.GetValue(contact);
            long runs = 0;
            bool isGood = ForAll("drops", parsed.GetValue(names)!, isPairs ? " --pairs" : isContact ? " --contact" : "", scenario =>
            {
                DropExplorer explored = isPairs ? DropExplorer.ExplorePairs(scenario)
                    : isContact ? DropExplorer.ExploreContact(scenario, LongestContactLost) : DropExplorer.Explore(scenario);
                Interlocked.Add(ref runs, explored.Runs);
                return explored;
            });
            return Summary("runs with faults", runs,
                parsed.GetValue(names)!.Length == 0 ? isPairs ? FewestPairRuns : isContact ? FewestContactRuns : FewestRuns : 0, isGood);
        });
        return command;
    }

    private static Command Damage()
    {
        Option<long?> only = new("--pair") { Description = "the one pair to try, of each of the two stores" };
        Command command = new("damage",
            "Turns each bit of the metadata of two small stores, and tries each pair of damages within them.") { only };
        command.SetAction(parsed =>
        {
            int wrong = 0;
            long tried = 0;
            if (parsed.GetValue(only) == null)
                wrong += TurnBits();
            Parallel.ForEach([true, false], isAtRest =>
            {
                string what = isAtRest ? "at rest" : "commits behind the record";
                Action<string> told = Every();
                DamagePairs pairs = DamagePairs.Try(
                    StoreHistory.Make(isAtRest, 200, 8), only: parsed.GetValue(only), progress: done =>
                        told($"{what}: {done:P0} of the pairs"));
                Console.WriteLine($"{what}: {pairs}");
                foreach ((long number, string text) in pairs.Wrong.Take(50))
                    Console.WriteLine($"WRONG, {what}: {text}\n  again: {Run} damage --pair {number}");
                Interlocked.Add(ref wrong, pairs.Wrong.Count);
                Interlocked.Add(ref tried, pairs.Pairs);
            });
            return Summary("pairs", tried, parsed.GetValue(only) == null ? FewestPairs : 0, wrong == 0);
        });
        return command;
    }

    // Returns how many of the two stores were wrong.
    private static int TurnBits()
    {
        int wrong = 0;
        Parallel.ForEach([true, false], isAtRest =>
        {
            string what = isAtRest ? "at rest" : "commits behind the record";
            Action<string> told = Every();
            try
            {
                (int bits, int losses) = DamagedUnit.TurnBits(
                    StoreHistory.Make(isAtRest, 200, 8), report: done => told($"{what}: {done} bits turned"));
                Console.WriteLine($"{what}: {bits} bits turned, {losses} of them cost a track");
            }
            catch (AssertFailedException e)
            {
                Interlocked.Increment(ref wrong);
                Console.WriteLine($"WRONG, {what}: {e.Message}\n  again: {Run} damage");
            }
        });
        return wrong;
    }

    private static bool ForAll(string command, string[] names, string options, Func<CutScenario, object> explore)
    {
        CutScenario[] scenarios = names.Length == 0 ? [.. Scenarios.All] : [.. names.Select(Scenarios.Named)];
        int done = 0;
        int failed = 0;
        if (names.Length == 0 && scenarios.Length < FewestScenarios)
            failed++;
        // One at a time to each core: the scenarios are of very different lengths.
        Parallel.ForEach(System.Collections.Concurrent.Partitioner.Create(scenarios,
            System.Collections.Concurrent.EnumerablePartitionerOptions.NoBuffering), scenario =>
        {
            Stopwatch watch = Stopwatch.StartNew();
            try
            {
                object explored = explore(scenario);
                Console.WriteLine($"{Interlocked.Increment(ref done)}/{scenarios.Length} {explored} ({watch.Elapsed.TotalSeconds:F1} s)");
            }
            catch (Exception e)
            {
                Interlocked.Increment(ref failed);
                Console.WriteLine(
                    $"{Interlocked.Increment(ref done)}/{scenarios.Length} FAILED {e.Message}\n"
                    + $"  again: {Run} {command}{options} \"{scenario.Name}\"");
            }
        });
        return failed == 0;
    }

    private static int Summary(string what, long count, long fewest, bool isGood)
    {
        Console.WriteLine($"{count} {what}{(count < fewest ? $", fewer than {fewest}: a scenario does not reach what it is for" : "")}");
        return isGood && count >= fewest ? 0 : 1;
    }

    /// <summary>Prints what it is told, but not more often than every ten seconds.</summary>
    public static Action<string> Every()
    {
        Stopwatch watch = Stopwatch.StartNew();
        return text =>
        {
            if (watch.Elapsed < TimeSpan.FromSeconds(10))
                return;
            watch.Restart();
            Console.WriteLine(text);
        };
    }
}
