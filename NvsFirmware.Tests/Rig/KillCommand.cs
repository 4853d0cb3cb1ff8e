using System;
using System.CommandLine;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>The command `kills`.</summary>
internal static class KillCommand
{
    private static readonly Option<int> countOption = new("--count")
    {
        Description = "How many kills of boards, of hosts, and of both.",
        DefaultValueFactory = _ => 200,
        HelpName = "NUMBER",
    };
    private static readonly Option<ulong> seedOption = new("--seed")
    {
        Description = "Where the moments come from.",
        DefaultValueFactory = _ => (ulong)Environment.TickCount64,
        HelpName = "NUMBER",
    };

    public static Command Create()
    {
        Command command = new("kills", "Kills boards and hosts, real processes, at random moments, and looks for what was acknowledged.")
        {
            countOption, seedOption,
        };
        command.SetAction(async parsed =>
        {
            int count = parsed.GetValue(countOption);
            ulong seed = parsed.GetValue(seedOption);
            bool[] areGood = await Task.WhenAll(
                RunAsync("the board", count, seed, runs => runs.KillBoardsAsync(count)),
                RunAsync("the host", count, seed, runs => runs.KillHostsAsync(count)),
                RunAsync("both", count, seed, runs => runs.KillBothAsync(count)));
            return Array.TrueForAll(areGood, isGood => isGood) ? 0 : 1;
        });
        return command;
    }

    private static async Task<bool> RunAsync(string what, int count, ulong seed, Func<KillRuns, Task<string>> run)
    {
        Action<string> told = ProofCommands.Every();
        using KillRuns runs = new(seed, kill => told($"{kill} of {count} kills of {what}"));
        try
        {
            Console.WriteLine(await Task.Run(() => run(runs)));
            return true;
        }
        catch (Exception e) when (e is AssertFailedException or InvalidOperationException)
        {
            Console.WriteLine(
                $"FAILED {e.Message}\n  again, as far as processes allow: {ProofCommands.Run} kills --seed {seed} --count {count}");
            return false;
        }
    }
}
