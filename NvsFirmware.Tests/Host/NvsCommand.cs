using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Text;
using System.Text.Json;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Host;

/// <summary>The command nvs as a process: what it is given, what came of it.</summary>
internal sealed class NvsCommand : IDisposable
{
    private const int PatienceMs = 30_000;

    private readonly Process process;
    private readonly Task<byte[]> output;
    private readonly Task<string> errors;

    private NvsCommand(Process process)
    {
        this.process = process;
        output = ReadAllAsync(process.StandardOutput.BaseStream);
        errors = process.StandardError.ReadToEndAsync();
    }

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
    public static NvsCommand Start(string? port, IReadOnlyDictionary<string, string>? environment, params string[] arguments)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "nvs"), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["NVS_PORT"] = port ?? "";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new NvsCommand(Process.Start(start)!);
    }

    /// <summary>Writes to its stdin and, unless there is more to come, closes that.</summary>
    public void GiveInput(byte[] input, bool isAll = true)
    {
        try
        {
            process.StandardInput.BaseStream.Write(input);
            if (isAll)
                process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It does not read stdin and has ended already.
        }
    }

    /// <summary>The process's number.</summary>
    public int Id => process.Id;

    /// <summary>Sends it a signal.</summary>
    public void Signal(string signal) => Signal(signal, process.Id);

    /// <summary>Sends a process a signal.</summary>
    public static void Signal(string signal, int processId)
    {
        using Process kill = Process.Start("kill", ["-" + signal, $"{processId}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for its end.</summary>
    public Outcome End()
    {
        if (!process.WaitForExit(PatienceMs))
        {
            process.Kill();
            Assert.Fail($"nvs {string.Join(' ', process.StartInfo.ArgumentList)} has not ended.");
        }
        return new Outcome(process.ExitCode, output.Result, errors.Result);
    }

    public void Dispose() => process.Dispose();

    private static async Task<byte[]> ReadAllAsync(Stream stream)
    {
        using MemoryStream all = new();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }

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
