using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NvsFirmware.Tests.Rig;

/// <summary>The simulated board as a process of its own, on a real pseudo-terminal; its end is a power cut.</summary>
internal sealed partial class SimProcess : IDisposable
{
    private const string PortLine = "serial port: ";

    // Its sockets would stay behind when the plug is pulled.
    private static readonly Dictionary<string, string?> environment = new() { ["DOTNET_EnableDiagnostics"] = "0" };

    // Read and write, no controlling terminal, no waiting, not for child processes.
    private const int OpenFlags = 0x2 | 0x100 | 0x800 | 0x80000;

    // The system gives a terminal's number away again when both its ends are closed, and who looks for a board that was killed would find
    // that of another test there. So one end of each stays open until all tests have run.
    private static readonly ConcurrentBag<SafeFileHandle> terminals = [];

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
        if (Port.StartsWith("/dev/", StringComparison.Ordinal))
            terminals.Add(new SafeFileHandle(OpenFile(Port, OpenFlags), true));
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

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);
}
