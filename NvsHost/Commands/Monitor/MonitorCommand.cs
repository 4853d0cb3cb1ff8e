using System;
using System.CommandLine;
using System.Diagnostics;
using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands.Monitor;

/// <summary>Shows a store alive.</summary>
internal sealed class MonitorCommand
{
    private const int DrawEveryMs = 100;
    private const int LookEveryMs = 200;

    private readonly Session session;
    private readonly MonitorState state;
    private readonly NvsClient client;
    private readonly SimBench? bench;
    private readonly SampleWriter? writer;
    private readonly MonitorView view;
    private readonly CancellationTokenSource end;
    private readonly int everyMs;
    private bool hasQuit;

    private MonitorCommand(Session session, NvsClient client, SimBench? bench, int everyMs, bool isUnicode, CancellationTokenSource end)
    {
        this.session = session;
        this.client = client;
        this.bench = bench;
        this.everyMs = everyMs;
        this.end = end;
        state = new MonitorState { Port = bench is null ? session.Port ?? client.Board.BoardName : "a simulated board" };
        view = new MonitorView(state, isUnicode);
        writer = bench is null ? null : new SampleWriter(client, state, end.Token);
        client.StateChanged += (_, now) => state.Client = now;
    }

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Option<bool> sim = new("--sim")
        {
            Description = "Start a simulated board with a program that writes to it; keys pull and restore its power.",
        };
        Option<bool> once = new("--once") { Description = "Print one picture and end, as is done where no person watches." };
        Option<int> every = NumberOption.One("--every", "MS", 1, 3_600_000, "Ask so often, in milliseconds.", 250);
        Option<bool> ascii = new("--ascii") { Description = "Draw with ASCII only, as is done where the locale is not UTF-8." };
        Option<string?> svg = new("--svg") { Description = "Save the last picture as SVG when it ends.", HelpName = "FILE" };
        Command command = new("monitor", "Shows the store alive: segments, sets, flag, commits, rates, counters, recoveries. q ends it.")
        {
            sim, once, every, ascii, svg,
        };
        Session.SetAction(command, async (session, parsed, ct) =>
        {
            using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(ct);
            session.StaysConnected = true;
            await using SimBench? bench = parsed.GetValue(sim)
                ? await SimBench.StartAsync(session.Options, ct).ConfigureAwait(false)
                : null;
            await using NvsClient client = bench is null
                ? await session.OpenAsync(ct).ConfigureAwait(false)
                : await NvsClient.ConnectAsync(bench.OpenLineAsync, session.Options with { ReconnectPauseMs = 100 }, ct)
                    .ConfigureAwait(false);
            bool isUnicode = !parsed.GetValue(ascii) && TerminalScreen.IsUnicode;
            MonitorCommand monitor = new(session, client, bench, parsed.GetValue(every), isUnicode, end);
            bool isWatched = session.Out.Profile.Out.IsTerminal && session.Out.Profile.Capabilities.Ansi;
            bool isOnce = parsed.GetValue(once) || session.IsJson || !isWatched;
            try
            {
                return isOnce ? await monitor.OnceAsync().ConfigureAwait(false) : await monitor.RunAsync().ConfigureAwait(false);
            }
            finally
            {
                if (parsed.GetValue(svg) is { } file)
                    await monitor.SaveAsync(file).ConfigureAwait(false);
            }
        });
        root.Subcommands.Add(command);
    }

    private async Task<int> OnceAsync()
    {
        await FormatIfBlankAsync().ConfigureAwait(false);
        await SampleAsync().ConfigureAwait(false);
        state.Medium = bench?.Look();
        MonitorSample sample = state.Last!;
        session.Answer(
            new
            {
                sample.Board,
                sample.Store,
                sample.AnswerMs,
                Counters = StoreCommands.Counters(sample.Stats),
                Recoveries = StoreCommands.Recoveries(sample.Stats),
            },
            () => session.Out.Write(view.Render()));
        return ExitCode.Done;
    }

    private async Task<int> RunAsync()
    {
        await FormatIfBlankAsync().ConfigureAwait(false);
        await SampleAsync().ConfigureAwait(false);
        bool hasKeys = !session.Around.IsInputRedirected;
        Task asking = Task.Run(AskAsync);
        Task writing = writer is null ? Task.CompletedTask : Task.Run(writer.RunAsync);
        try
        {
            using TerminalScreen screen = new(session.Out);
            await session.Out.Live(view.Render()).Overflow(VerticalOverflow.Crop).AutoClear(true).StartAsync(async live =>
            {
                for (long looked = 0; !end.IsCancellationRequested;)
                {
                    while (hasKeys && Console.KeyAvailable)
                        await ActAsync(Console.ReadKey(true).KeyChar).ConfigureAwait(false);
                    if (bench is not null && Environment.TickCount64 - looked >= LookEveryMs)
                    {
                        state.Medium = bench.Look() ?? state.Medium;
                        looked = Environment.TickCount64;
                    }
                    state.Keys = !hasKeys ? ""
                        : writer is null ? "q quit"
                        : $"p power {(bench!.IsPowered ? "off" : "on")}  w writing {(writer.IsOn ? "off" : "on")}  q quit";
                    live.UpdateTarget(view.Render());
                    await Task.Delay(DrawEveryMs, end.Token).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
                }
            }).ConfigureAwait(false);
        }
        finally
        {
            await end.CancelAsync().ConfigureAwait(false);
            await asking.ConfigureAwait(false);
            await writing.ConfigureAwait(false);
        }
        return hasQuit ? ExitCode.Done : ExitCode.Interrupted;
    }

    private async Task ActAsync(char key)
    {
        switch (key)
        {
            case 'q':
                hasQuit = true;
                await end.CancelAsync().ConfigureAwait(false);
                break;
            case 'w' when writer is not null:
                writer.IsOn = !writer.IsOn;
                break;
            case 'p' when bench is { IsPowered: true }:
                await PullAsync().ConfigureAwait(false);
                break;
            case 'p' when bench is not null:
                await bench.RestoreAsync(end.Token).ConfigureAwait(false);
                state.IsPowerOff = false;
                int start = Math.Max(0, bench.BootReport.IndexOf("recovery", StringComparison.Ordinal));
                state.Tell($"power is back; {bench.BootReport[start..]}");
                break;
        }
    }

    private async Task PullAsync()
    {
        writer!.IsHurried = true;
        try
        {
            state.Medium = await bench!.PullAsync(end.Token).ConfigureAwait(false);
        }
        finally
        {
            writer.IsHurried = false;
        }
        state.IsPowerOff = true;
        state.Tell(state.Medium?.Unfinished is { Count: > 0 } blocks
            ? $"power pulled in the middle of request {blocks[0].Number}: {Session.Count(blocks.Count, "block")} on the chip, no commit"
            : "power pulled between two requests");
    }

    // The board of a bench begins with a blank chip.
    private async Task FormatIfBlankAsync()
    {
        if (bench is not null && client.Board.State == Status.Blank)
            await client.FormatAsync(NvsClient.BlankName, 0, 0, end.Token).ConfigureAwait(false);
    }

    private async Task AskAsync()
    {
        while (!end.IsCancellationRequested)
        {
            try
            {
                await SampleAsync().ConfigureAwait(false);
                await Task.Delay(everyMs, end.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (NvsException e) when (!end.IsCancellationRequested)
            {
                state.Tell(e.Message);
                await Task.Delay(everyMs, CancellationToken.None).ConfigureAwait(false);
            }
            catch (NvsException)
            {
                return;
            }
        }
    }

    private async Task SampleAsync()
    {
        BoardStats stats = await client.StatsAsync(end.Token).ConfigureAwait(false);
        StoreInfo? store = null;
        long start = Stopwatch.GetTimestamp();
        try
        {
            store = await client.InfoAsync(end.Token).ConfigureAwait(false);
        }
        catch (NvsRefusedException)
        {
            await client.HelloAsync(end.Token).ConfigureAwait(false); // Its state is another one now.
        }
        double answerMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        state.Add(new MonitorSample(Environment.TickCount64, client.Board, store, stats, answerMs));
    }

    private async Task SaveAsync(string file)
    {
        // Independent of this terminal: a picture has all colors, and the width of the view.
        IAnsiConsole paper = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = ColorSystemSupport.TrueColor,
            Out = new AnsiConsoleOutput(TextWriter.Null),
            Interactive = InteractionSupport.No,
        });
        paper.Profile.Width = MonitorView.Width;
        Recorder recorder = paper.CreateRecorder();
        recorder.Write(view.Render());
        byte[] svg = System.Text.Encoding.UTF8.GetBytes(recorder.Export(new SvgEncoder()));
        await Files.ReplaceAsync(file, svg, CancellationToken.None).ConfigureAwait(false);
    }
}
