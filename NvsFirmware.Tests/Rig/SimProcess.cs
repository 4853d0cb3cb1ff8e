using System;
using System.Diagnostics;
using System.IO;

namespace NvsFirmware.Tests.Rig;

/// <summary>The simulated board as a process of its own, whose end is a power cut.</summary>
public sealed class SimProcess : IDisposable
{
    private const string PortLine = "serial port: ";
    private readonly Process process;

    private SimProcess(Process process, string port)
    {
        this.process = process;
        Port = port;
    }

    /// <summary>Its pseudo-terminal.</summary>
    public string Port { get; }

    /// <summary>Starts the program, whatever it does then.</summary>
    public static Process Start(params string[] arguments) =>
        Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "NvsSim"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>Powers a board, and waits until it serves.</summary>
    /// <param name="fram">The file that is its chip.</param>
    public static SimProcess Boot(string fram)
    {
        Process process = Start("--fram", fram, "--format-blank");
        process.ErrorDataReceived += (_, _) => { }; // nobody reads it, but a full pipe would stop the board
        process.BeginErrorReadLine();
        string? line = process.StandardOutput.ReadLine();
        if (line == null || !line.StartsWith(PortLine, StringComparison.Ordinal))
            throw new InvalidOperationException($"the simulated board does not serve, it says '{line}'");
        return new SimProcess(process, line[PortLine.Length..]);
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
