using System;
using System.CommandLine;
using System.IO;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace NvsHost.Commands;

/// <summary>What a command finds around it: the streams and the clock of this process, or a caller's in their place.</summary>
internal sealed class Surroundings : InvocationConfiguration
{
    /// <summary>Those of a caller, whose streams are nobody's terminal.</summary>
    public Surroundings() => ProcessTerminationTimeout = null; // Signals are the interruption's.

    /// <summary>Opens stdin.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Opens stdout for bytes that need not be text.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>True when nobody types what is on stdin.</summary>
    public bool IsInputRedirected { get; init; } = true;

    /// <summary>True when stdout is no terminal.</summary>
    public bool IsOutputRedirected { get; init; } = true;

    /// <summary>True when stderr is no terminal.</summary>
    public bool IsErrorRedirected { get; init; } = true;

    /// <summary>Tells the time to clients.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Those of this process.</summary>
    public static Surroundings OfProcess()
    {
        Console.OutputEncoding = new UTF8Encoding(false);
        return new Surroundings
        {
            // .NET's own stream would set a terminal up for reading lines, and lose what was typed before, the end above all.
            OpenInput = () => OperatingSystem.IsWindows()
                ? Console.OpenStandardInput()
                : new FileStream(new SafeFileHandle(0, false), FileAccess.Read, 0),
            OpenOutput = Console.OpenStandardOutput,
            Output = Console.Out,
            Error = Console.Error,
            IsInputRedirected = Console.IsInputRedirected,
            IsOutputRedirected = Console.IsOutputRedirected,
            IsErrorRedirected = Console.IsErrorRedirected,
        };
    }
}
