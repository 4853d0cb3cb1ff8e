using System.CommandLine;
using NvsFirmware.Tests.Costs;
using NvsFirmware.Tests.Fuzz;
using NvsFirmware.Tests.Mutations;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Tests.World;

namespace NvsFirmware.Tests;

/// <summary>The long runs of what `dotnet test` runs shortly.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        RootCommand root = new("Long runs of the tests' simulator and fuzzers. The tests themselves: dotnet test");
        root.Subcommands.Add(WorldCommand.Create());
        root.Subcommands.Add(FuzzCommand.Create());
        root.Subcommands.Add(CostsCommand.Create());
        root.Subcommands.Add(MutateCommand.Create());
        root.Subcommands.Add(KillCommand.Create());
        root.Subcommands.Add(CountingHost.Create());
        root.Subcommands.Add(IncrementingHost.Create());
        root.Subcommands.Add(DocumentConversation.Create());
        foreach (Command command in ProofCommands.Create())
            root.Subcommands.Add(command);
        return root.Parse(args).Invoke();
    }
}
