using System;
using System.CommandLine;
using System.CommandLine.Parsing;

namespace NvsSim;

/// <summary>The simulated board as a program of its own; <c>nvs sim</c> is the same.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        RootCommand command = new(Simulation.Description);
        Simulation.Make(command);
        ParseResult parsed = command.Parse(args);
        // The library would print its help to standard output, which is kept for the one line.
        foreach (ParseError mistake in parsed.Errors)
            Console.Error.WriteLine($"error: {mistake.Message} See --help.");
        return parsed.Errors.Count > 0 ? Simulation.WrongOption : parsed.Invoke();
    }
}
