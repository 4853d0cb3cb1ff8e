using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost.Commands.Monitor;

/// <summary>A program that uses a board, so that there is something to see: it writes, rewrites and releases tracks.</summary>
internal sealed class SampleWriter(NvsClient client, MonitorState state, CancellationToken ct)
{
    private const int Tracks = 90;
    private const int PauseMs = 120;
    private const int LongBatch = 24;

    private readonly Random random = new(7254);
    private readonly HashSet<uint> stored = [];

    /// <summary>True while it writes.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>True to write long batches without a pause: then a request is nearly always under way.</summary>
    public bool IsHurried { get; set; }

    /// <summary>Writes until it is cancelled.</summary>
    public async Task RunAsync()
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                if (IsOn || IsHurried)
                    await client.WriteBatchAsync(NextRequest(), null, ct).ConfigureAwait(false);
                if (!IsHurried)
                    await Task.Delay(PauseMs, ct).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NvsException e)
            {
                state.Tell(e.Message);
                await Task.Delay(PauseMs, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private List<WriteItem> NextRequest()
    {
        int count = IsHurried ? LongBatch : random.Next(8) == 0 ? random.Next(2, 12) : 1;
        Dictionary<uint, WriteItem> items = [];
        while (items.Count < count)
        {
            uint track = (uint)random.Next(1, Tracks + 1);
            if (!IsHurried && count == 1 && stored.Contains(track) && random.Next(10) == 0)
            {
                stored.Remove(track);
                items[track] = WriteItem.Release(track);
                continue;
            }
            byte[] data = new byte[IsHurried ? 200 : random.Next(20, 1500) / count];
            random.NextBytes(data);
            stored.Add(track);
            items[track] = WriteItem.Store(track, data);
        }
        return [.. items.Values];
    }
}
