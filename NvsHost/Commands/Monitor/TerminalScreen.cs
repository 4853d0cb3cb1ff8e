using System;
using System.Linq;
using Spectre.Console;

namespace NvsHost.Commands.Monitor;

/// <summary>The terminal's second screen, while this lives: afterwards the first one is as it was, with its cursor.</summary>
internal sealed class TerminalScreen : IDisposable
{
    private const string Enter = "\u001b[?1049h\u001b[H\u001b[?25l";
    private const string Leave = "\u001b[0m\u001b[?25h\u001b[?1049l";

    private readonly IAnsiConsole console;

    /// <summary>Goes there.</summary>
    public TerminalScreen(IAnsiConsole console)
    {
        this.console = console;
        console.Write(new ControlCode(Enter));
    }

    /// <summary>True when the locale says that the terminal shows Unicode.</summary>
    public static bool IsUnicode
    {
        get
        {
            if (OperatingSystem.IsWindows())
                return true;
            string? locale = new[] { "LC_ALL", "LC_CTYPE", "LANG" }
                .Select(Environment.GetEnvironmentVariable)
                .FirstOrDefault(value => !string.IsNullOrEmpty(value));
            return locale?.Replace("-", "").Contains("utf8", StringComparison.OrdinalIgnoreCase) == true;
        }
    }

    /// <summary>Comes back.</summary>
    public void Dispose() => console.Write(new ControlCode(Leave));
}
