using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using NvsMedium;

namespace NvsHost.Commands.Monitor;

/// <summary>A simulated board with a switch in its supply.</summary>
internal sealed class SimBench : IAsyncDisposable
{
    private const int LookForMs = 3000; // for a moment in the middle of a request

    private readonly string folder = Directory.CreateTempSubdirectory("nvs-monitor-").FullName;
    private readonly NvsClientOptions options;
    private SimBoard? board;

    private SimBench(NvsClientOptions options) => this.options = options;

    /// <summary>The file that is its chip.</summary>
    public string FramPath => Path.Combine(folder, "board.fram");

    /// <summary>True while it has power.</summary>
    public bool IsPowered => board is not null;

    /// <summary>What the last boot found.</summary>
    public string BootReport => board?.BootReport ?? "";

    /// <summary>Where it is reached; changes with each boot.</summary>
    public string Port => board?.Port ?? "";

    /// <summary>Powers a board with a blank chip.</summary>
    public static async Task<SimBench> StartAsync(NvsClientOptions options, CancellationToken ct)
    {
        SimBench bench = new(options);
        try
        {
            await bench.RestoreAsync(ct).ConfigureAwait(false);
            return bench;
        }
        catch
        {
            await bench.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens the line to it, for a client that reconnects.</summary>
    public Task<IUart> OpenLineAsync(CancellationToken ct) => board is null
        ? throw new NvsPortException(PortFault.Missing, "The power is off.")
        : NvsPort.OpenAsync(board.Port, options, ct);

    /// <summary>What its chip holds at this moment; null when a request changes it all the time.</summary>
    public Medium? Look()
    {
        try
        {
            return Medium.Read(FramImage.Read(FramPath).Cells);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Pulls the plug: in the middle of a request, if there is one soon.</summary>
    /// <returns>What the chip holds then.</returns>
    public async Task<Medium?> PullAsync(CancellationToken ct)
    {
        if (board is null)
            return Look();
        long start = Environment.TickCount64;
        while (Environment.TickCount64 - start < LookForMs)
        {
            if (!board.Freeze())
                break;
            if (Look() is { Unfinished.Count: > 0 })
                break; // It stands still; this is what the power cut leaves.
            board.Thaw();
            await Task.Delay(Random.Shared.Next(1, 12), ct).ConfigureAwait(false);
        }
        await board.DisposeAsync().ConfigureAwait(false);
        board = null;
        return Look();
    }

    /// <summary>Brings the power back.</summary>
    public async Task RestoreAsync(CancellationToken ct) =>
        board ??= await SimBoard.BootAsync(FramPath, null, null, ct).ConfigureAwait(false);

    /// <summary>Pulls the plug, and throws the chip away.</summary>
    public async ValueTask DisposeAsync()
    {
        if (board is not null)
            await board.DisposeAsync().ConfigureAwait(false);
        board = null;
        Directory.Delete(folder, true);
    }
}
