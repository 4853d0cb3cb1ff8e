using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using CliWrap;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>The signals that tests send, by their numbers on Linux.</summary>
public enum Signal
{
    Interrupt = 2,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

/// <summary>A process that a test runs beside it: what it is given, what it prints, how it ends.</summary>
internal sealed partial class ChildProcess : IDisposable
{
    /// <summary>No limit, a guard against a hang: a busy machine is slow.</summary>
    public static readonly TimeSpan Guard = TimeSpan.FromMinutes(10);

    /// <summary>The same in milliseconds.</summary>
    public static readonly int GuardMs = (int)Guard.TotalMilliseconds;

    /// <summary>
    /// Goes in front of a command line. A shell lets what it runs in the background ignore SIGINT, and so would the children of tests that
    /// run there.
    /// </summary>
    public static readonly string[] DefaultSignals = OperatingSystem.IsLinux() && IsMasked("self", "SigIgn", Signal.Interrupt)
        ? ["env", "--default-signal=INT"] : [];

    private readonly string commandLine;
    private readonly Channel<(byte[] Bytes, TaskCompletionSource IsTaken)> input = Channel.CreateUnbounded<(byte[],
        TaskCompletionSource)>();
    private readonly CommandTask<CommandResult> running;

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its name, if it lies beside the tests or where the shell finds it.</param>
    /// <param name="environment">Variables beside those of the tests; may be null.</param>
    /// <param name="arguments">The command line.</param>
    public ChildProcess(string program, IReadOnlyDictionary<string, string?>? environment, params string[] arguments)
    {
        string beside = Path.Combine(AppContext.BaseDirectory, program);
        string[] line = [.. DefaultSignals, File.Exists(beside) ? beside : program, .. arguments];
        commandLine = $"{program} {string.Join(' ', arguments)}";
        running = Cli.Wrap(line[0])
            .WithArguments(line[1..])
            .WithEnvironmentVariables(environment ?? new Dictionary<string, string?>())
            .WithStandardInputPipe(PipeSource.Create(GiveAsync))
            .WithStandardOutputPipe(Output.Target)
            .WithStandardErrorPipe(Errors.Target)
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync();
    }

    /// <summary>Stdout.</summary>
    public Printed Output { get; } = new();

    /// <summary>Stderr.</summary>
    public Printed Errors { get; } = new();

    /// <summary>Its number.</summary>
    public int Id => running.ProcessId;

    /// <summary>Writes to its stdin. Returns when it has taken that, but for what a pipe holds, or has ended without it.</summary>
    public void Give(byte[] bytes)
    {
        TaskCompletionSource isTaken = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.IsTrue(input.Writer.TryWrite((bytes, isTaken)));
        Assert.AreNotEqual(-1, Task.WaitAny([isTaken.Task, running.Task], Guard), $"{commandLine} does not read.");
    }

    /// <summary>Closes its stdin.</summary>
    public void CloseInput() => input.Writer.TryComplete();

    /// <summary>Sends it a signal, unless it has ended.</summary>
    public void Send(Signal signal)
    {
        if (!running.Task.IsCompleted)
            _ = SendSignal(Id, (int)signal);
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    public int End()
    {
        if (running.Task.Wait(Guard))
            return running.Task.Result.ExitCode;
        Send(Signal.Kill);
        throw new AssertFailedException($"{commandLine} has not ended. stdout: {Output.Text}, stderr: {Errors.Text}");
    }

    /// <summary>Ends it, if it has not ended yet.</summary>
    public void Dispose()
    {
        CloseInput();
        Send(Signal.Kill);
        End();
    }

    /// <summary>Sends any process a signal.</summary>
    public static void Send(Signal signal, int processId) => _ = SendSignal(processId, (int)signal);

    /// <summary>True if Linux counts a signal among those that a process catches (SigCgt) or ignores (SigIgn).</summary>
    public static bool IsMasked(string process, string mask, Signal signal)
    {
        string found = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith(mask, StringComparison.Ordinal))
            .Split('\t')[1];
        return ((ulong.Parse(found, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> ((int)signal - 1)) & 1) != 0;
    }

    private async Task GiveAsync(Stream stdin, CancellationToken ct)
    {
        await foreach ((byte[] bytes, TaskCompletionSource isTaken) in input.Reader.ReadAllAsync(ct))
        {
            await stdin.WriteAsync(bytes, ct);
            await stdin.FlushAsync(ct);
            isTaken.SetResult();
        }
    }


    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int processId, int signal);
}
