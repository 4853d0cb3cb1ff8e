using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.Json;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>The command nvs as a process: what it is given, what came of it.</summary>
internal sealed class NvsCommand : IDisposable
{
    // How long it waits for an answer where the test does not say it: no limit, a guard against a hang.
    private const string PatienceMs = "600000";

    private readonly ChildProcess process;

    private NvsCommand(ChildProcess process) => this.process = process;

    /// <summary>Its number.</summary>
    public int Id => process.Id;

    /// <summary>What it has printed on stdout until now.</summary>
    public Printed Output => process.Output;

    /// <summary>Runs a command to its end.</summary>
    /// <param name="port">NVS_PORT; null for none.</param>
    /// <param name="input">What is on stdin.</param>
    /// <param name="arguments">The command line.</param>
    public static Outcome Run(string? port, byte[]? input, params string[] arguments)
    {
        using NvsCommand command = Start(port, null, arguments);
        command.GiveInput(input ?? []);
        return command.End();
    }

    /// <summary>Starts a command; its stdin stays open until <see cref="GiveInput"/>.</summary>
    public static NvsCommand Start(string? port, IReadOnlyDictionary<string, string?>? environment, params string[] arguments)
    {
        Dictionary<string, string?> variables = new(environment ?? new Dictionary<string, string?>()) { ["NVS_PORT"] = port ?? "" };
        if (port is not null && !arguments.Contains("--timeout") && !arguments[0].StartsWith('[')) // A directive is not followed by options.
            arguments = [.. arguments, "--timeout", PatienceMs];
        return new NvsCommand(new ChildProcess("nvs", variables, arguments));
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

    /// <summary>How a command ended.</summary>
    public sealed record Outcome(int ExitCode, byte[] Bytes, string Errors)
    {
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
