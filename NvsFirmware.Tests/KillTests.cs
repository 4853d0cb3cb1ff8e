using System;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>G1 to G3 with real processes that are killed; the command `kills` kills more of them.</summary>
/// <remarks>
/// Broken by: an acknowledgement before the block is stored (a killed board has lost a count), a request that a new host repeats under a
/// new number without asking (a count too many).
/// </remarks>
[TestClass]
[OnlyOnDotNet("kills processes")]
public sealed class KillTests
{
    // Each takes a boot, and some a process of .NET more.
    private const int Kills = 4;

    [TestMethod]
    public Task AKilledBoardLosesNothingThatItAcknowledged() => RunAsync(runs => runs.KillBoardsAsync(Kills));

    [TestMethod]
    public Task AKilledHostFindsAllOldOrAllNew() => RunAsync(runs => runs.KillHostsAsync(Kills));

    [TestMethod]
    public Task WhenBoardAndHostAreKilledNothingAcknowledgedIsLost() => RunAsync(runs => runs.KillBothAsync(Kills));

    private static async Task RunAsync(Func<KillRuns, Task<string>> run, [CallerMemberName] string test = "")
    {
        using KillRuns runs = new(TestSeed.Take(test), _ => { });
        Console.WriteLine(await run(runs));
    }
}
