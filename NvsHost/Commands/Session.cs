using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace NvsHost.Commands;

/// <summary>One run of a command: its common options, the board it talks to, where it prints, how it ends.</summary>
internal sealed class Session
{
    // A board that is reset by opening its port boots for up to 2 s.
    private const int SearchTimeoutMs = 2500;

    private static readonly JsonSerializerOptions jsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DictionaryKeyPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // It goes to no page.
    };

    private readonly ParseResult parsed;
    private readonly bool isVerbose;

    /// <summary>The run of a command line.</summary>
    public Session(ParseResult parsed, Surroundings around)
    {
        this.parsed = parsed;
        Around = around;
        IsJson = CommonOptions.IsJson(parsed);
        isVerbose = CommonOptions.IsVerbose(parsed);
        Out = Printer(around.Output, around.IsOutputRedirected);
        Err = Printer(around.Error, around.IsErrorRedirected);
    }

    /// <summary>Where it reads and prints what is not for a person only.</summary>
    public Surroundings Around { get; }

    /// <summary>Prints what the command is for, on stdout.</summary>
    public IAnsiConsole Out { get; }

    /// <summary>Prints what a person may want to know meanwhile, on stderr.</summary>
    public IAnsiConsole Err { get; }

    /// <summary>True when the answer is to be JSON.</summary>
    public bool IsJson { get; }

    /// <summary>Port from the command line or NVS_PORT; null to search.</summary>
    public string? Port => CommonOptions.Port(parsed);

    /// <summary>Makes clients wait for a board that restarts, or is unplugged.</summary>
    public bool StaysConnected { get; set; }

    /// <summary>The line's options from the command line.</summary>
    public NvsClientOptions Options => CommonOptions.OfLine(parsed, StaysConnected) with { TimeProvider = Around.Time };

    /// <summary>What is under way that changes the store and is no write request; an interruption then tells that it may be done.</summary>
    public string? Doing { get; set; }

    /// <summary>Makes a command do something; turns what goes wrong into a message on stderr and an exit code.</summary>
    public static void SetAction(Command command, Func<Session, ParseResult, CancellationToken, Task<int>> run) =>
        command.SetAction(async (parsed, ct) =>
        {
            Session session = new(parsed, (Surroundings)parsed.InvocationConfiguration);
            try
            {
                return await run(session, parsed, ct).ConfigureAwait(false);
            }
            catch (Exception e) when (Failure.Of(e, ct.IsCancellationRequested, session.Doing) is { } failure)
            {
                return session.Fail(failure, e);
            }
        });

    /// <summary>Connects to the board that <see cref="Port"/> names, else to the only one that answers where a board can be.</summary>
    public async Task<NvsClient> OpenAsync(CancellationToken ct)
    {
        if (Port is { } port)
        {
            Tell($"Asking {port}.");
            try
            {
                return await NvsClient.OpenAsync(port, Options, ct).ConfigureAwait(false);
            }
            catch (NvsLineException e)
            {
                throw new NoBoardException(e.Message, e); // Nothing has answered yet.
            }
        }

        List<PortAnswer> answers = await AskPortsAsync(ct).ConfigureAwait(false);
        List<PortAnswer> boards = answers.Where(a => a.Client is not null).ToList();
        if (boards.Count == 1)
        {
            Tell($"Found {boards[0].Client!.Board.BoardName} on {boards[0].Port}.");
            return boards[0].Client!;
        }
        foreach (PortAnswer board in boards)
            await board.Client!.DisposeAsync().ConfigureAwait(false);
        if (boards.Count > 1)
            throw new ArgumentException($"Boards answer on {string.Join(", ", boards.Select(b => b.Port))}: choose one with --port.");
        string asked = answers.Count == 0
            ? "this computer has no USB serial port"
            : $"asked {string.Join(", ", answers.Select(a => a.Port))}";
        throw new NoBoardException(
            $"No board found: {asked}. Connect one, or give its port with --port or NVS_PORT "
                + "(built-in serial ports and simulated boards are asked only when named).",
            answers.Select(a => a.Error).FirstOrDefault(e => e is not null));
    }

    /// <summary>
    /// Asks all ports that can be a board's at once, and <see cref="Port"/>: sends them HELLO. Whoever calls disposes of the clients.
    /// </summary>
    public async Task<List<PortAnswer>> AskPortsAsync(CancellationToken ct)
    {
        SortedSet<string> ports = new(NvsPort.Candidates(), StringComparer.Ordinal);
        if (Port is { } port)
            ports.Add(port);
        Tell($"Asking {Count(ports.Count, "port")}.");
        PortAnswer[] answers = await Task.WhenAll(ports.Select(AskAsync)).ConfigureAwait(false);
        ct.ThrowIfCancellationRequested();
        return answers.ToList();

        async Task<PortAnswer> AskAsync(string name)
        {
            try
            {
                NvsClientOptions search = Options with { OpenTimeoutMs = Math.Max(SearchTimeoutMs, Options.TimeoutMs) };
                NvsClient client = await NvsClient.OpenAsync(name, search, ct).ConfigureAwait(false);
                return new PortAnswer(name, client, null);
            }
            catch (Exception e) when (e is NvsException or OperationCanceledException)
            {
                Tell($"{name}: {e.Message}");
                return new PortAnswer(name, null, e);
            }
        }
    }

    /// <summary>Prints the answer: as JSON when asked for, else for a person.</summary>
    public void Answer(object json, Action forPerson)
    {
        if (IsJson)
            Around.Output.WriteLine(JsonSerializer.Serialize(json, jsonOptions));
        else
            forPerson();
    }

    /// <summary>The same of a commit: that it cannot be printed does not undo it, nor look as if it did.</summary>
    public void AnswerCommitted(object json, Action forPerson)
    {
        try
        {
            Answer(json, forPerson);
            Around.Output.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            Err.MarkupLineInterpolated($"[yellow]nvs:[/] committed, but that cannot be printed: {e.Message}");
        }
    }

    /// <summary>A number of things, for a person.</summary>
    public static string Count(int number, string thing) => $"{number} {thing}{(number == 1 ? "" : "s")}";

    /// <summary>Tells a person who wants to know what is being done.</summary>
    public void Tell(string message)
    {
        if (isVerbose)
            Err.MarkupLineInterpolated($"[grey]{message}[/]");
    }

    /// <summary>Shows how far something is that may take long: a bar when a person watches, plain lines otherwise.</summary>
    public async Task<T> WithProgressAsync<T>(string title, int total, Func<IProgress<int>, Task<T>> work)
    {
        if (Err.Profile.Out.IsTerminal)
            return await Err.Progress().AutoClear(true).HideCompleted(true).StartAsync(async context =>
            {
                ProgressTask bar = context.AddTask(Markup.Escape(title), true, Math.Max(1, total));
                return await work(new Reporter(done => bar.Value = done)).ConfigureAwait(false);
            }).ConfigureAwait(false);

        if (IsJson)
            return await work(new Reporter(_ => { })).ConfigureAwait(false); // What is on stderr then is JSON too.

        TimeSpan pause = TimeSpan.FromSeconds(2);
        long last = Around.Time.GetTimestamp();
        return await work(new Reporter(done =>
        {
            if (Around.Time.GetElapsedTime(last) < pause)
                return;
            last = Around.Time.GetTimestamp();
            Err.WriteLine($"{title}: {done} of {total}");
        })).ConfigureAwait(false);
    }

    /// <summary>Tells why it failed: on stderr, as JSON when asked for.</summary>
    /// <returns>The exit code.</returns>
    public int Fail(Failure failure, Exception? e = null)
    {
        if (IsJson)
            Around.Error.WriteLine(JsonSerializer.Serialize(new { Error = failure }, jsonOptions));
        else
            Err.MarkupLineInterpolated($"[red]nvs:[/] {failure.Message}");
        if (isVerbose && e is not null && failure.ExitCode != ExitCode.Interrupted)
            Err.WriteLine(e.ToString());
        return failure.ExitCode;
    }

    /// <summary>A table; a title that begins with &lt; is that of a column of numbers.</summary>
    public static Table Table(params string[] titles)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string title in titles)
            table.AddColumn(title.StartsWith('<') ? new TableColumn(title[1..]).RightAligned() : new TableColumn(title));
        return table;
    }

    /// <summary>Prints a table.</summary>
    public void Print(Table table) => Out.Write(new Trimmed(table));

    private static IAnsiConsole Printer(TextWriter writer, bool isRedirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            // TERM may say that there are colors, where nobody sees them.
            Ansi = isRedirected ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = isRedirected ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (isRedirected)
            console.Profile.Width = 200; // No line is broken for a program that reads it.
        return console;
    }

    // The library begins and ends a table with an empty line.
    private sealed class Trimmed(IRenderable table) : IRenderable
    {
        public Measurement Measure(RenderOptions options, int maxWidth) => table.Measure(options, maxWidth);

        public IEnumerable<Segment> Render(RenderOptions options, int maxWidth) =>
            from line in Segment.SplitLines(table.Render(options, maxWidth))
            where line.Any(segment => segment.Text.Trim().Length > 0)
            from segment in line.Append(Segment.LineBreak)
            select segment;
    }

    // Unlike Progress<T>, reports in order and at once.
    private sealed class Reporter(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}

/// <summary>What came of asking a port: a client when a board answers, else why not.</summary>
internal sealed record PortAnswer(string Port, NvsClient? Client, Exception? Error);
