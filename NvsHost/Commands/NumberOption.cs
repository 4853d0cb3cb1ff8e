using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Linq;

namespace NvsHost.Commands;

/// <summary>Numbers on the command line: what is none, or out of range, is told with the value and the range.</summary>
internal static class NumberOption
{
    /// <summary>An option with one whole number.</summary>
    public static Option<int> One(string name, string helpName, int least, int most, string description, int ordinary) => new(name)
    {
        Description = description,
        HelpName = helpName,
        DefaultValueFactory = _ => ordinary,
        CustomParser = result => (int)Parse(result, name, least, most, result.Tokens[0].Value),
    };

    /// <summary>An option with whole numbers; may be given several times.</summary>
    public static Option<int[]> Several(string name, string helpName, int least, int most, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result => [.. result.Tokens.Select(token => (int)Parse(result, name, least, most, token.Value))],
    };

    /// <summary>An option with the version of a track.</summary>
    public static Option<uint?> Version(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "VERSION",
        CustomParser = result => (uint)Parse(result, name, 0, uint.MaxValue, result.Tokens[0].Value),
    };

    /// <summary>An option with a time in seconds.</summary>
    public static Option<double> Seconds(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SECONDS",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
                && double.IsFinite(seconds))
                return seconds;
            result.AddError($"{name} is a number of seconds, not \"{text}\".");
            return 0;
        },
    };

    private static long Parse(ArgumentResult result, string name, long least, long most, string text)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            && number >= least && number <= most)
            return number;
        result.AddError($"{name} is a number from {least} to {most}, not \"{text}\".");
        return Math.Max(0, least);
    }
}
