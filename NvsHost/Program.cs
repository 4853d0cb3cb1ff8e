using System;
using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using NvsHost.Commands;

namespace NvsHost;

/// <summary>The command <c>nvs</c>.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        RootCommand root = new("""
            Power-safe storage on a board with FRAM, over a serial line or a socket. Tracks are numbers, decimal or 0x hex.

            Exit codes: 0 done, 1 usage, 2 interrupted, 3 no board found, 4 the line timed out or broke, 5 the board refused,
            6 data do not match.
            """);
        Session.AddOptions(root);
        TrackCommands.AddTo(root);
        StoreCommands.AddTo(root);
        BenchCommand.AddTo(root);
        DemoCommand.AddTo(root);
        ServeCommand.AddTo(root);
        ParseResult result = root.Parse(args);
        if (result.Action is ParseErrorAction action)
            action.ShowHelp = action.ShowTypoCorrections = false; // They would go to stdout, where only answers belong.
        // Caught from here on. The command then ends by itself: a write request that is under way takes its answer first.
        using CancellationTokenSource interrupted = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        return await result.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null }, interrupted.Token);

        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = !interrupted.IsCancellationRequested; // A second one ends it the hard way.
            interrupted.Cancel();
        }
    }
}
