using System;
using System.Diagnostics.Metrics;
using System.Linq;
using System.Net;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using Prometheus;

namespace NvsHost.Serve;

/// <summary>What the server counts, and what the board tells of itself when it is asked for it, for Prometheus.</summary>
internal sealed class ServeMetrics : IDisposable
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(2);

    private static readonly FieldInfo[] boardCounters =
        typeof(NvsFirmware.Wire.Counter).GetFields().Where(field => field.Name != nameof(NvsFirmware.Wire.Counter.Count)).ToArray();

    private readonly CollectorRegistry registry = Metrics.NewCustomRegistry();
    private readonly Prometheus.Counter commits;
    private readonly Prometheus.Counter refusals;
    private readonly Prometheus.Histogram seconds;
    private readonly Gauge guests;
    private readonly Gauge waited;
    private readonly Prometheus.Counter lineErrors;
    private readonly Prometheus.Counter reconnects;
    private readonly Gauge isUp;
    private readonly Gauge room;
    private readonly Gauge boots;
    private readonly Gauge version;
    private readonly Gauge damaged;
    private readonly Gauge board;
    private readonly MeterListener client;
    private MetricServer? listener;

    /// <summary>Counts from 0.</summary>
    public ServeMetrics()
    {
        MetricFactory make = Metrics.WithCustomRegistry(registry);
        commits = make.CreateCounter("nvs_commits_total", "Write requests of programs that were committed.");
        refusals = make.CreateCounter("nvs_refusals_total", "Write requests of programs that were refused.", "status");
        seconds = make.CreateHistogram(
            "nvs_write_seconds",
            "From a write request's last part until it is decided, the wait for its turn included.",
            new HistogramConfiguration { Buckets = Prometheus.Histogram.ExponentialBuckets(0.0005, 2, 14) });
        guests = make.CreateGauge("nvs_programs", "Programs that are connected.");
        waited = make.CreateGauge("nvs_turns_waited_max", "The most turns of others that a program's next request has waited for.");
        lineErrors = make.CreateCounter("nvs_line_errors_total", "Frames, answers or places lost between server and board, seen from the server.");
        reconnects = make.CreateCounter("nvs_reconnects_total", "How often the board's port was opened again.");
        isUp = make.CreateGauge("nvs_board_up", "1 if the board answers and its store is ready, else 0.");
        room = make.CreateGauge("nvs_room_bytes", "Data bytes that new tracks can still take.");
        boots = make.CreateGauge("nvs_boots", "How often a board has started with this store.");
        version = make.CreateGauge("nvs_version", "Number of the store's last commit.");
        damaged = make.CreateGauge("nvs_damaged_tracks", "Tracks that are known to be damaged.");
        board = make.CreateGauge("nvs_board_count", "The board's own counters since its boot, see docs/protocol.md, STATS.", "counter");
        client = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == NvsMetrics.MeterName)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        client.SetMeasurementEventCallback<long>((instrument, number, _, _) =>
        {
            if (instrument.Name == NvsMetrics.LineErrorsName)
                lineErrors.Inc(number);
            else if (instrument.Name == NvsMetrics.ReconnectsName)
                reconnects.Inc(number);
        });
        client.Start();
    }

    /// <summary>A write request is decided.</summary>
    public void NoteWrite(Status status, TimeSpan duration)
    {
        seconds.Observe(duration.TotalSeconds);
        if (status == Status.Ok)
            commits.Inc();
        else
            refusals.WithLabels(NvsRefusedException.Name(status)).Inc();
    }

    /// <summary>Serves them over HTTP.</summary>
    /// <param name="at">Where.</param>
    /// <param name="server">Whose board is asked.</param>
    public void Serve(IPEndPoint at, BoardServer server)
    {
        registry.AddBeforeCollectCallback(ct => AskAsync(server, ct));
        listener = new MetricServer(at.Address.ToString(), at.Port, registry: registry);
        listener.Start();
    }

    /// <summary>Ends the serving.</summary>
    public void Dispose()
    {
        client.Dispose();
        listener?.Dispose();
    }

    private async Task AskAsync(BoardServer server, CancellationToken ct)
    {
        guests.Set(server.GuestCount);
        waited.Set(server.Turns.MostWaited);
        try
        {
            // A board that is gone for longer leaves what it told last.
            await AskBoardAsync(server).WaitAsync(patience, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is NvsException or TimeoutException)
        {
            isUp.Set(0);
        }
    }

    private async Task AskBoardAsync(BoardServer server)
    {
        BoardInfo told = await server.AskAsync(new HelloQuery(CancellationToken.None) { IsAlone = true }).ConfigureAwait(false);
        room.Set(told.FreeBytes);
        boots.Set(told.BootCount);
        version.Set(told.Version);
        BoardStats stats = await server.AskAsync(NvsClient.StatsQuery(CancellationToken.None)).ConfigureAwait(false);
        foreach (FieldInfo counter in boardCounters)
            board.WithLabels(counter.Name).Set(stats[(int)counter.GetRawConstantValue()!]);
        if (told.State == Status.Ok)
            damaged.Set((await server.AskAsync(NvsClient.InfoQuery(CancellationToken.None)).ConfigureAwait(false)).Damaged);
        isUp.Set(told.State == Status.Ok ? 1 : 0);
    }
}
