using System;
using System.Diagnostics;
using Spectre.Console;

namespace NvsFirmware.Tests;

/// <summary>Says on stderr how far a long run is: a line that changes when a person watches, a line a minute otherwise.</summary>
internal static class Progress
{
    private static readonly TimeSpan lineEvery = TimeSpan.FromMinutes(1);

    /// <summary>Does the work, which reports how much of it is done, 0 to 1, and what that is.</summary>
    public static void Show(string title, TimeSpan? limit, Action<Action<double, string>> work)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        if (console.Profile.Out.IsTerminal)
        {
            console.Progress().AutoClear(true).HideCompleted(true).Start(context =>
            {
                ProgressTask bar = context.AddTask(title, true, 1);
                work((done, what) =>
                {
                    bar.Value = done;
                    bar.Description = Markup.Escape(what);
                });
            });
            return;
        }
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan next = lineEvery;
        work((done, what) =>
        {
            if (watch.Elapsed < next)
                return;
            next += lineEvery;
            Console.Error.WriteLine($"{watch.Elapsed:hh\\:mm\\:ss}{(limit == null ? "" : $" of {limit:hh\\:mm\\:ss}")}: {what}");
        });
    }
}
