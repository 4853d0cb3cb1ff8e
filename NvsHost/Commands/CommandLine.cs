using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.IO;
using System.Linq;
using System.Threading;

namespace NvsHost.Commands;

/// <summary>Runs a command line, and tells what is wrong with it.</summary>
internal static class CommandLine
{
    /// <summary>What nvs is, at the top of its help.</summary>
    public const string Description = """
        Power-safe storage on a board with FRAM, over a serial line or a socket. Tracks are numbers, decimal or 0x hex.

        Exit codes: 0 done, 1 usage, 2 interrupted, 3 no board found, 4 the line timed out or broke, 5 the board refused,
        6 data do not match, 7 a simulated board's power was cut, 8 a file cannot be used, or an address not be listened at.
        """;

    /// <summary>nvs without its commands: alone it shows its help.</summary>
    public static RootCommand Root()
    {
        RootCommand root = new(Description);
        root.Options.Remove(root.Options.OfType<HelpOption>().Single());
        HelpOption help = new("--help", "-h");
        root.Options.Add(help);
        HelpAction helpAction = (HelpAction)help.Action!;
        root.SetAction(helpAction.Invoke);
        return root;
    }

    /// <summary>Runs it.</summary>
    /// <returns>Its exit code.</returns>
    public static int Run(RootCommand root, string[] args, Surroundings around, CancellationToken ct)
    {
        ParseResult parsed = root.Parse(args);
        if (parsed.Action is ParseErrorAction mistake)
            return new Session(parsed, around).Fail(Failure.OfUsage(Tell(parsed, mistake)));
        if (Stray(parsed, args) is { } stray)
            return new Session(parsed, around).Fail(Failure.OfUsage(NoOption(parsed, stray)));
        return parsed.InvokeAsync(around, ct).GetAwaiter().GetResult();
    }

    // The library takes an option that it does not know for an argument, such as a file.
    private static string? Stray(ParseResult parsed, string[] args) => args.Contains("--")
        ? null
        : parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(result => result.Tokens)
            .Select(token => token.Value)
            .FirstOrDefault(value => value.Length > 1 && value[0] == '-');

    private static string Tell(ParseResult parsed, ParseErrorAction mistake)
    {
        string command = Name(parsed);
        if (Stray(parsed, []) is { } stray)
            return NoOption(parsed, stray);
        if (parsed.UnmatchedTokens.Count == 0)
            return $"{string.Join(' ', parsed.Errors.Select(error => error.Message))} See {command} --help.";
        string wrong = parsed.UnmatchedTokens[0];
        if (parsed.CommandResult.Command is not RootCommand && !wrong.StartsWith('-'))
            return $"{command}: \"{wrong}\" is one argument too many. See {command} --help.";
        List<string> meant = Meant(parsed, mistake, wrong);
        return $"There is no {(wrong.StartsWith('-') ? $"option {wrong} of {command}" : $"command {wrong}")}. "
            + (meant.Count == 0 ? $"See {command} --help." : $"Did you mean {string.Join(" or ", meant)}?");
    }

    private static string NoOption(ParseResult parsed, string stray) =>
        $"There is no option {stray} of {Name(parsed)}; behind -- it would be an argument. See {Name(parsed)} --help.";

    private static string Name(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "nvs" : $"nvs {parsed.CommandResult.Command.Name}";

    // The library knows what is alike, but prints it.
    private static List<string> Meant(ParseResult parsed, ParseErrorAction mistake, string wrong)
    {
        using StringWriter told = new();
        mistake.ShowHelp = false;
        mistake.ShowTypoCorrections = true;
        parsed.Invoke(new InvocationConfiguration { Output = told, Error = TextWriter.Null });
        return told.ToString().Split(["\r\n", "\n"], StringSplitOptions.None)
            .SkipWhile(line => !line.StartsWith($"'{wrong}'", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(line => line.Length > 0 && !line.StartsWith('\''))
            .ToList();
    }
}
