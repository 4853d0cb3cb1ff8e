using System.CommandLine;
using System.Runtime.CompilerServices;
using NvsHost.Commands;
using NvsHost.Commands.Monitor;

namespace NvsHost;

/// <summary>The command <c>nvs</c>.</summary>
internal static class Program
{
    // The interruption comes first: until then Ctrl-C ends the process without a word, and to load what the commands need takes a while.
    private static int Main(string[] args)
    {
        using Interruption interruption = new();
        return Run(args, interruption);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Run(string[] args, Interruption interruption) =>
        CommandLine.Run(Root(), args, Surroundings.OfProcess(), interruption.Token);

    /// <summary>All commands.</summary>
    internal static RootCommand Root()
    {
        RootCommand root = CommandLine.Root();
        CommonOptions.AddTo(root);
        TrackCommands.AddTo(root);
        StoreCommands.AddTo(root);
        InspectCommand.AddTo(root);
        BackupCommand.AddTo(root);
        RestoreCommand.AddTo(root);
        WatchCommand.AddTo(root);
        MonitorCommand.AddTo(root);
        BenchCommand.AddTo(root);
        DemoCommand.AddTo(root);
        SimCommand.AddTo(root);
        ServeCommand.AddTo(root);
        CompletionCommand.AddTo(root);
        return root;
    }
}
