using System;
using System.Collections.Generic;
using System.CommandLine;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading;
using System.Threading.Tasks;
using Spectre.Console;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>One run of a command: its common options, the board it talks to, where it prints, how it ends.</summary>
internal sealed class Session
{
    // A board that is reset by opening its port boots for up to 2 s.
    private const int SearchTimeoutMs = 2500;

    private static readonly Option<string?> portOption = new("--port")
    {
        Description = "Where the board is: a serial port (/dev/ttyUSB0, COM5), unix:PATH or tcp:HOST:PORT. Default: NVS_PORT, else the USB serial ports are asked.",
        Recursive = true,
        HelpName = "PORT",
    };

    private static readonly Option<double> waitOption = new("--wait")
    {
        Description = "How long to wait for a port that another program has, in seconds.",
        Recursive = true,
        HelpName = "SECONDS",
    };

    private static readonly Option<int> baudOption = new("--baud")
    {
        Description = "Speed of the line.",
        Recursive = true,
        DefaultValueFactory = _ => new NvsClientOptions().BaudRate,
    };

    private static readonly Option<int> timeoutOption = new("--timeout")
    {
        Description = "How long to wait for an answer, in milliseconds.",
        Recursive = true,
        DefaultValueFactory = _ => new NvsClientOptions().TimeoutMs,
        HelpName = "MS",
    };

    private static readonly Option<bool> jsonOption = new("--json")
    {
        Description = "Print the answer as JSON and nothing else on stdout.",
        Recursive = true,
    };

    private static readonly Option<bool> verboseOption = new("--verbose", "-v")
    {
        Description = "Tell on stderr what is being done.",
        Recursive = true,
    };

    private static readonly JsonSerializerOptions jsonOptions = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DictionaryKeyPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
        WriteIndented = true,
    };

    private readonly ParseResult parsed;
    private readonly bool isJson;
    private readonly bool isVerbose;

    private Session(ParseResult parsed)
    {
        this.parsed = parsed;
        isJson = parsed.GetValue(jsonOption);
        isVerbose = parsed.GetValue(verboseOption);
        Out = Printer(Console.Out, Console.IsOutputRedirected);
        Err = Printer(Console.Error, Console.IsErrorRedirected);
    }

    /// <summary>Prints what the command is for, on stdout.</summary>
    public IAnsiConsole Out { get; }

    /// <summary>Prints what a person may want to know meanwhile, on stderr.</summary>
    public IAnsiConsole Err { get; }

    /// <summary>Port from the command line or NVS_PORT; null to search.</summary>
    public string? Port => parsed.GetValue(portOption) ?? (Environment.GetEnvironmentVariable("NVS_PORT") is { Length: > 0 } path ? path : null);

    /// <summary>The line's options from the command line. A command runs once and never asks again: its id is random, and passes by.</summary>
    public NvsClientOptions Options => new()
    {
        BaudRate = parsed.GetValue(baudOption),
        TimeoutMs = parsed.GetValue(timeoutOption),
        OpenTimeoutMs = Math.Max(new NvsClientOptions().OpenTimeoutMs, parsed.GetValue(timeoutOption)),
        PortWaitMs = (int)Math.Min(int.MaxValue, parsed.GetValue(waitOption) * 1000),
        IsPassing = true,
    };

    /// <summary>Gives a command the options that all have.</summary>
    public static void AddOptions(Command root)
    {
        baudOption.Validators.Add(Positive);
        timeoutOption.Validators.Add(Positive);
        waitOption.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && result.GetValueOrDefault<double>() is not >= 0)
                result.AddError("--wait is not negative.");
        });
        foreach (Option option in new Option[] { portOption, waitOption, baudOption, timeoutOption, jsonOption, verboseOption })
            root.Options.Add(option);

        static void Positive(System.CommandLine.Parsing.OptionResult result)
        {
            if (result.Tokens.Count == 1 && int.TryParse(result.Tokens[0].Value, out int value) && value < 1)
                result.AddError($"{result.Option.Name} is at least 1.");
        }
    }

    /// <summary>Makes a command do something; turns what goes wrong into a message on stderr and an exit code.</summary>
    public static void SetAction(Command command, Func<Session, ParseResult, CancellationToken, Task<int>> run) =>
        command.SetAction(async (parsed, ct) =>
        {
            Session session = new(parsed);
            try
            {
                return await run(session, parsed, ct).ConfigureAwait(false);
            }
            catch (NvsCanceledException e)
            {
                return session.Fail(ExitCode.Interrupted, $"Interrupted. {e.Message}", e);
            }
            catch (NvsException e) when (ct.IsCancellationRequested && e.Outcome is not null)
            {
                return session.Fail(ExitCode.Interrupted, $"Interrupted. {e.Message}", e); // A terminal interrupts a board of this computer too.
            }
            catch (Exception e) when (ct.IsCancellationRequested && e is OperationCanceledException or NvsException or NoBoardException)
            {
                return session.Fail(ExitCode.Interrupted, "Interrupted. Nothing was written.", null);
            }
            catch (NoBoardException e)
            {
                return session.Fail(ExitCode.NoBoard, e.Message, e);
            }
            catch (NvsPortException e)
            {
                return session.Fail(ExitCode.NoBoard, e.Message, e);
            }
            catch (NvsLineException e)
            {
                return session.Fail(ExitCode.Line, e.Message, e);
            }
            catch (NvsRefusedException e)
            {
                return session.Fail(e.Status == Status.TrackDamaged ? ExitCode.Mismatch : ExitCode.Refused, e.Message, e);
            }
            catch (Exception e) when (e is ArgumentException or IOException or UnauthorizedAccessException)
            {
                return session.Fail(ExitCode.Usage, e.Message, e);
            }
        });

    /// <summary>Connects to the board that <see cref="Port"/> names, else to the only one that answers on a port that can be a board's.</summary>
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
        string asked = answers.Count == 0 ? "this computer has no USB serial port" : $"asked {string.Join(", ", answers.Select(a => a.Port))}";
        throw new NoBoardException(
            $"No board found: {asked}. Connect one, or give its port with --port or NVS_PORT (built-in serial ports and simulated boards are asked only when named).",
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
                NvsClient client = await NvsClient.OpenAsync(name, Options with { OpenTimeoutMs = Math.Max(SearchTimeoutMs, Options.TimeoutMs) }, ct).ConfigureAwait(false);
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
        if (isJson)
            Console.Out.WriteLine(JsonSerializer.Serialize(json, jsonOptions));
        else
            forPerson();
    }

    /// <summary>The same of a commit: that it cannot be printed does not undo it, nor look as if it did.</summary>
    public void AnswerCommitted(object json, Action forPerson)
    {
        try
        {
            Answer(json, forPerson);
            Console.Out.Flush();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            Err.MarkupLineInterpolated($"[yellow]nvs:[/] committed, but that cannot be printed: {e.Message}");
        }
    }

    /// <summary>A number of things, for a person.</summary>
    public static string Count(int number, string thing) => $"{number} {thing}{(number == 1 ? "" : "s")}";

    /// <summary>True when the answer is to be JSON.</summary>
    public bool IsJson => isJson;

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

        const int LineEveryMs = 2000;
        long nextMs = Environment.TickCount64 + LineEveryMs;
        return await work(new Reporter(done =>
        {
            if (Environment.TickCount64 < nextMs)
                return;
            nextMs = Environment.TickCount64 + LineEveryMs;
            Err.WriteLine($"{title}: {done} of {total}");
        })).ConfigureAwait(false);
    }

    private int Fail(int exitCode, string message, Exception? e)
    {
        Err.MarkupLineInterpolated($"[red]nvs:[/] {message}");
        if (isVerbose && e is not null)
            Err.WriteLine(e.ToString());
        return exitCode;
    }

    private static IAnsiConsole Printer(TextWriter writer, bool isRedirected)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(writer) });
        if (isRedirected)
            console.Profile.Width = 200; // No line is broken for a program that reads it.
        return console;
    }

    // Unlike Progress<T>, reports in order and at once.
    private sealed class Reporter(Action<int> report) : IProgress<int>
    {
        public void Report(int value) => report(value);
    }
}

/// <summary>What came of asking a port: a client when a board answers, else why not.</summary>
internal sealed record PortAnswer(string Port, NvsClient? Client, Exception? Error);

/// <summary>No board can be reached.</summary>
internal sealed class NoBoardException(string message, Exception? inner) : Exception(message, inner);
