using System;
using System.CommandLine;
using System.Linq;

namespace NvsHost.Commands;

/// <summary>The options that all commands have.</summary>
internal static class CommonOptions
{
    private static readonly Option<string?> port = new("--port")
    {
        Description = "Where the board is: a serial port (/dev/ttyUSB0, COM5), unix:PATH or tcp:HOST:PORT. "
            + "Default: NVS_PORT, else the USB serial ports are asked.",
        Recursive = true,
        HelpName = "PORT",
    };

    private static readonly Option<double> wait =
        NumberOption.Seconds("--wait", "How long to wait for a port that another program has, in seconds.");

    private static readonly Option<int> baud =
        NumberOption.One("--baud", "NUMBER", 1, 10_000_000, "Speed of the line.", new NvsClientOptions().BaudRate);

    private static readonly Option<int> timeout =
        NumberOption.One(
            "--timeout", "MS", 1, 3_600_000, "How long to wait for an answer, in milliseconds.", new NvsClientOptions().TimeoutMs);

    private static readonly Option<bool> json = new("--json")
    {
        Description = "Print the answer as JSON and nothing else on stdout; a failure as JSON on stderr.",
        Recursive = true,
    };

    private static readonly Option<bool> verbose = new("--verbose", "-v")
    {
        Description = "Tell on stderr what is being done.",
        Recursive = true,
    };

    static CommonOptions() =>
        port.CompletionSources.Add(_ => NvsPort.Candidates().Select(name => new System.CommandLine.Completions.CompletionItem(name)));

    /// <summary>Gives them to all commands.</summary>
    public static void AddTo(Command root)
    {
        baud.Recursive = timeout.Recursive = wait.Recursive = true;
        foreach (Option option in new Option[] { port, wait, baud, timeout, json, verbose })
            root.Options.Add(option);
    }

    /// <summary>Port from the command line or NVS_PORT; null for none.</summary>
    public static string? Port(ParseResult parsed) =>
        parsed.GetValue(port) ?? (Environment.GetEnvironmentVariable("NVS_PORT") is { Length: > 0 } path ? path : null);

    /// <summary>The line's options. A command runs once and never asks again: its id is random, and passes by.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="staysConnected">True to wait for a board that restarts, or is unplugged.</param>
    public static NvsClientOptions OfLine(ParseResult parsed, bool staysConnected = false) => new()
    {
        BaudRate = parsed.GetValue(baud),
        TimeoutMs = parsed.GetValue(timeout),
        OpenTimeoutMs = Math.Max(new NvsClientOptions().OpenTimeoutMs, parsed.GetValue(timeout)),
        PortWaitMs = (int)Math.Min(int.MaxValue, parsed.GetValue(wait) * 1000),
        IsPassing = true,
        Reconnect = staysConnected,
    };

    /// <summary>True when the answer is to be JSON.</summary>
    public static bool IsJson(ParseResult parsed) => parsed.GetResult(json) is { Implicit: false };

    /// <summary>True for a person who wants to know what is being done.</summary>
    public static bool IsVerbose(ParseResult parsed) => parsed.GetResult(verbose) is { Implicit: false };
}
