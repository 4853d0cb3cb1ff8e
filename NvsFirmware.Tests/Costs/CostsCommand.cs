using System;
using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace NvsFirmware.Tests.Costs;

/// <summary>Prints what the firmware costs.</summary>
internal static class CostsCommand
{
    private const int Overwrites = 20_000;

    public static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Print JSON." };
        Option<string?> methods = new("--methods")
        {
            Description = "Print one workload by method instead: write64 (or any other length), newTrack64, batch16x64, read64Cached, "
                + "read1024, boot823, boot5.",
            HelpName = "WORKLOAD",
        };
        Option<string?> plots = new("--plots")
        {
            Description = "Draw the plots of docs/performance.md into this folder instead.",
            HelpName = "FOLDER",
        };
        Command command = new("costs", "Counts what the firmware costs: IL, calls, bus, line.") { json, methods, plots };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(plots) is string folder)
                CostPlots.Draw(folder);
            else if (parsed.GetValue(methods) is string workload)
                Print(CostMeasuring.ByMethod(workload), CostText.Render, parsed.GetValue(json));
            else
                Print(CostMeasuring.Measure(Overwrites), CostText.Render, parsed.GetValue(json));
        });
        return command;
    }

    private static void Print<T>(T value, Func<T, IRenderable> render, bool isJson)
    {
        if (isJson)
            Console.WriteLine(JsonSerializer.Serialize(value, CostTable.Json));
        else
        {
            AnsiConsole.Profile.Width = int.MaxValue; // rows of the documents' tables, which do not wrap
            AnsiConsole.Write(render(value));
        }
    }
}
