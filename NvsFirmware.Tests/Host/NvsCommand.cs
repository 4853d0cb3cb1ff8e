using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsHost.Commands;

namespace NvsFirmware.Tests.Host;

/// <summary>The command nvs: what it is given, what came of it.</summary>
/// <remarks>
/// A process takes half a second of a processor, most of it to start. So what only has to end runs in this one, with streams and a clock of
/// its own; <see cref="ProcessTests"/> shows that a process does the same. What is killed, interrupted or has a terminal is a process.
/// </remarks>
internal sealed partial class NvsCommand : IDisposable
{
    /// <summary>How long it waits for an answer where the test does not say it: no limit, a guard against a hang.</summary>
    public const string PatienceMs = "600000";

    private readonly ChildProcess process;

    // What stands in the surroundings of the tests is no test's port.
    static NvsCommand() => Environment.SetEnvironmentVariable("NVS_PORT", null);

    private NvsCommand(ChildProcess process) => this.process = process;

    /// <summary>All commands.</summary>
    public static RootCommand Root { get; } = NvsHost.Program.Root();

    /// <summary>Its number.</summary>
    public int Id => process.Id;

    /// <summary>What it has printed on stdout until now.</summary>
    public Printed Output => process.Output;

    /// <summary>The same of stderr.</summary>
    public Printed Errors => process.Errors;

    /// <summary>Runs a command to its end, in this process.</summary>
    /// <param name="port">The port; null for none.</param>
    /// <param name="input">What is on stdin.</param>
    /// <param name="arguments">The command line.</param>
    public static Outcome Run(string? port, byte[]? input, params string[] arguments) =>
        RunAsync(TimeProvider.System, port, input, arguments).GetAwaiter().GetResult();

    /// <summary>The same, in a time of the test's own.</summary>
    public static async Task<Outcome> RunAsync(TimeProvider time, string? port, byte[]? input, params string[] arguments)
    {
        string[] line = WithPatience(port, arguments);
        if (port is not null && !arguments.Contains("--port"))
            line = ["--port", port, .. line];
        using MemoryStream output = new();
        using StringWriter errors = new();
        Surroundings around = new()
        {
            OpenInput = () => new MemoryStream(input ?? []),
            OpenOutput = () => output,
            Output = TextWriter.Synchronized(new StreamWriter(output, new UTF8Encoding(false)) { AutoFlush = true }),
            Error = TextWriter.Synchronized(errors),
            Time = time,
        };
        using CancellationTokenSource guard = new();
        Task<int> running = Task.Run(() => CommandLine.Run(Root, line, around, guard.Token));
        try
        {
            return new Outcome(await running.WaitAsync(ChildProcess.Guard), output.ToArray(), errors.ToString());
        }
        catch (TimeoutException)
        {
            await guard.CancelAsync();
            throw new AssertFailedException(
                $"nvs {string.Join(' ', line)} has not ended. stdout: {Encoding.UTF8.GetString(output.ToArray())}, stderr: {errors}");
        }
    }

    /// <summary>The same as a process, with the port in NVS_PORT.</summary>
    public static Outcome RunProcess(string? port, byte[]? input, params string[] arguments)
    {
        using NvsCommand command = Start(port, null, arguments);
        command.GiveInput(input ?? []);
        return command.End();
    }

    /// <summary>Starts a process; its stdin stays open until <see cref="GiveInput"/>.</summary>
    public static NvsCommand Start(string? port, IReadOnlyDictionary<string, string?>? environment, params string[] arguments)
    {
        Dictionary<string, string?> variables = new(environment ?? new Dictionary<string, string?>()) { ["NVS_PORT"] = port ?? "" };
        return new NvsCommand(new ChildProcess("nvs", variables, WithPatience(port, arguments)));
    }

    /// <summary>Writes to its stdin and, unless there is more to come, closes that.</summary>
    public void GiveInput(byte[] input, bool isAll = true)
    {
        process.Give(input);
        if (isAll)
            process.CloseInput();
    }

    /// <summary>Sends it a signal.</summary>
    public void Send(Signal signal) => process.Send(signal);

    /// <summary>Waits for its end.</summary>
    public Outcome End() => new(process.End(), process.Output.Bytes, process.Errors.Text);

    public void Dispose() => process.Dispose();

    private static string[] WithPatience(string? port, string[] arguments) =>
        port is null || arguments.Contains("--timeout") || arguments[0].StartsWith('[') // A directive is not followed by options.
            ? arguments
            : [.. arguments, "--timeout", PatienceMs];

    [GeneratedRegex(@"^[^:\n]+: \d+ of \d+\n", RegexOptions.Multiline)]
    private static partial Regex ProgressLine { get; }

    /// <summary>How a command ended.</summary>
    public sealed record Outcome(int ExitCode, byte[] Bytes, string AllErrors)
    {
        /// <summary>Stderr without lines of progress: a busy machine prints some where an idle one prints none.</summary>
        public string Errors { get; } = ProgressLine.Replace(AllErrors, "");

        public string Output => Encoding.UTF8.GetString(Bytes);

        /// <summary>Stdout as the one JSON document that it must be.</summary>
        public JsonElement Json => JsonDocument.Parse(Bytes).RootElement;

        public Outcome Expect(int exitCode)
        {
            Assert.AreEqual(exitCode, ExitCode, $"stdout: {Output}\nstderr: {Errors}");
            return this;
        }

        /// <summary>It failed with this code, said so on stderr, and kept stdout for data.</summary>
        public Outcome ExpectFailure(int exitCode, string told)
        {
            Expect(exitCode);
            StringAssert.Contains(Errors, told);
            Assert.AreEqual("", Output);
            Assert.DoesNotContain("   at ", Errors); // No stack trace.
            return this;
        }
    }
}
