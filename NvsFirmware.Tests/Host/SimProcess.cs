using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Host;

/// <summary>The simulated board as a process, on a real pseudo-terminal.</summary>
internal sealed class SimProcess : IDisposable
{
    private readonly Process process;

    /// <summary>Powers a board; it serves when this returns.</summary>
    public SimProcess(string fram, params string[] options)
    {
        List<string> arguments = ["--fram", fram, .. options];
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "NvsSim"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // Its sockets would stay behind when the plug is pulled.
        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        string line = process.StandardOutput.ReadLine() ?? "";
        const string portLine = "serial port: ";
        Assert.StartsWith(portLine, line);
        Port = line[portLine.Length..];
    }

    /// <summary>Its pseudo-terminal.</summary>
    public string Port { get; }

    public int Id => process.Id;

    /// <summary>Pulls the plug.</summary>
    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }
}
