using System;
using System.Diagnostics;
using System.IO;

namespace NvsFirmware.Tests.Rig;

/// <summary>The simulated board as a process of its own, on a real pseudo-terminal; its end is a power cut.</summary>
internal sealed class SimProcess : IDisposable
{
    private const string PortLine = "serial port: ";
    private readonly Process process;

    /// <summary>Powers a board, and waits until it serves.</summary>
    /// <param name="fram">The file that is its chip.</param>
    /// <param name="options">Further options of the program.</param>
    public SimProcess(string fram, params string[] options)
    {
        process = Start(["--fram", fram, .. options]);
        process.ErrorDataReceived += (_, _) => { }; // Nobody reads it, but a full pipe would stop the board.
        process.BeginErrorReadLine();
        string? line = process.StandardOutput.ReadLine();
        if (line is null || !line.StartsWith(PortLine, StringComparison.Ordinal))
            throw new InvalidOperationException($"the simulated board does not serve, it says '{line}'");
        Port = line[PortLine.Length..];
    }

    /// <summary>Its pseudo-terminal.</summary>
    public string Port { get; }

    /// <summary>The process's number.</summary>
    public int Id => process.Id;

    /// <summary>Starts the program, whatever it does then.</summary>
    public static Process Start(params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "NvsSim"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // Its sockets would stay behind when the plug is pulled.
        return Process.Start(start)!;
    }

    /// <summary>Pulls the plug: SIGKILL.</summary>
    public void Kill() => process.Kill();

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
