using System;
using System.Collections.Generic;

namespace NvsFirmware.Tests.Rig;

/// <summary>The simulated board as a process of its own, on a real pseudo-terminal; its end is a power cut.</summary>
internal sealed class SimProcess : IDisposable
{
    private const string PortLine = "serial port: ";

    // Its sockets would stay behind when the plug is pulled.
    private static readonly Dictionary<string, string?> environment = new() { ["DOTNET_EnableDiagnostics"] = "0" };

    private readonly ChildProcess process;

    /// <summary>Powers a board, and waits until it serves.</summary>
    /// <param name="fram">The file that is its chip.</param>
    /// <param name="options">Further options of the program.</param>
    public SimProcess(string fram, params string[] options)
    {
        process = Start(["--fram", fram, .. options]);
        string? line = process.Output.ReadLine();
        if (line is null || !line.StartsWith(PortLine, StringComparison.Ordinal))
            throw new InvalidOperationException($"the simulated board does not serve, it says '{line}'");
        Port = line[PortLine.Length..];
    }

    /// <summary>Its pseudo-terminal.</summary>
    public string Port { get; }

    /// <summary>Starts the program, whatever it does then.</summary>
    public static ChildProcess Start(params string[] arguments) => new("NvsSim", environment, arguments);

    /// <summary>Sends it a signal.</summary>
    public void Send(Signal signal) => process.Send(signal);

    /// <summary>Pulls the plug: SIGKILL.</summary>
    public void Kill() => process.Send(Signal.Kill);

    public void Dispose() => process.Dispose();
}
