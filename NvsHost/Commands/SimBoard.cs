using System;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost.Commands;

/// <summary>A simulated board: a process whose end is a power cut.</summary>
internal sealed class SimBoard : IAsyncDisposable
{
    private const string PortLine = "serial port: ";

    /// <summary>How long a board may take to boot and to be reached, in milliseconds: only a guard against a hang.</summary>
    public const int BootTimeoutMs = 300_000;

    private const int StopTimeoutMs = 300_000;
    private const int StopSignal = 19; // SIGSTOP on Linux
    private const int ContinueSignal = 18; // SIGCONT

    private readonly Process process;
    private readonly ConcurrentQueue<string> messages = new();

    private SimBoard(Process process)
    {
        this.process = process;
        process.ErrorDataReceived += (_, e) =>
        {
            if (e.Data is not null)
                messages.Enqueue(e.Data);
        };
        process.BeginErrorReadLine();
    }

    /// <summary>Its port: a pseudo-terminal, or a socket where the system has none.</summary>
    public string Port { get; private set; } = "";

    /// <summary>What boot found.</summary>
    public string BootReport => messages.LastOrDefault(m => m.StartsWith("boot: ", StringComparison.Ordinal)) ?? "";

    /// <summary>Powers a board.</summary>
    /// <param name="fram">The file that is its chip.</param>
    /// <param name="listen">The socket that it serves; null: what the system has.</param>
    /// <param name="cutAfterBytes">Cut the power after so many bytes on the SPI bus, counted from now; null: never.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<SimBoard> BootAsync(string fram, string? listen, long? cutAfterBytes, CancellationToken ct)
    {
        ProcessStartInfo start = Self();
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // Its sockets would stay behind when the plug is pulled.
        foreach (string argument in new[] { "sim", "--fram", fram })
            start.ArgumentList.Add(argument);
        if (listen is not null)
        {
            start.ArgumentList.Add("--listen");
            start.ArgumentList.Add(listen);
        }
        if (cutAfterBytes is not null)
        {
            start.ArgumentList.Add("--cut-after");
            start.ArgumentList.Add($"{cutAfterBytes}");
        }
        SimBoard board;
        try
        {
            board = new SimBoard(Process.Start(start)!);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw new NoBoardException($"The simulated board does not start as {start.FileName} sim: {e.Message}", e);
        }
        try
        {
            using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
            timeout.CancelAfter(BootTimeoutMs);
            string? line = await board.process.StandardOutput.ReadLineAsync(timeout.Token).ConfigureAwait(false);
            if (line is null || !line.StartsWith(PortLine, StringComparison.Ordinal))
            {
                await board.process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
                throw board.DidNotBoot($"ended with code {board.process.ExitCode}");
            }
            board.Port = line[PortLine.Length..];
            return board;
        }
        catch (OperationCanceledException e)
        {
            await board.DisposeAsync().ConfigureAwait(false);
            ct.ThrowIfCancellationRequested();
            throw board.DidNotBoot($"does not serve within {BootTimeoutMs} ms", e);
        }
        catch
        {
            await board.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits for a board that cuts its own power.</summary>
    /// <returns>True when it did.</returns>
    public async Task<bool> IsCutAsync(CancellationToken ct)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(StopTimeoutMs);
        try
        {
            await process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
            return process.ExitCode == ExitCode.PowerCut;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Lets it stand still, with all it was doing half done.</summary>
    /// <returns>False where that cannot be done.</returns>
    public bool Freeze() => OperatingSystem.IsLinux() && Signal(process.Id, StopSignal) == 0;

    /// <summary>Lets it go on.</summary>
    public void Thaw() => _ = Signal(process.Id, ContinueSignal);

    /// <summary>Pulls the plug, if the power is still on.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
        await process.WaitForExitAsync().ConfigureAwait(false);
        process.Dispose();
    }

    // This program once more, however it was started.
    private static ProcessStartInfo Self()
    {
        string path = Environment.ProcessPath ?? "nvs";
        return Path.GetFileNameWithoutExtension(path) == "dotnet"
            ? new ProcessStartInfo(path, [Path.Combine(AppContext.BaseDirectory, "nvs.dll")])
            : new ProcessStartInfo(path);
    }

    private NoBoardException DidNotBoot(string how, Exception? inner = null) =>
        new($"The simulated board {how}: {string.Join(" ", messages)}", inner);

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Signal(int process, int signal);
}
