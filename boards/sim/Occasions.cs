using System;
using System.Collections.Generic;
using System.Globalization;

namespace NvsSim;

/// <summary>When something happens: at certain ones of the things that are counted, from 1 on, or by chance.</summary>
/// <remarks>
/// As text, with commas between: <c>5</c> the fifth, <c>5-8</c> these four, <c>5-</c> the fifth and all behind it, <c>every:5</c> each
/// fifth, <c>5%</c> one in twenty by chance.
/// </remarks>
public sealed class Occasions
{
    private readonly List<Rule> rules = [];

    private Occasions()
    {
    }

    /// <summary>Never.</summary>
    public static Occasions Never { get; } = new();

    /// <summary>Each time.</summary>
    public static Occasions Always { get; } = From(1);

    /// <summary>The one with a number.</summary>
    public static Occasions At(long number) => Of(new Rule(number, number, 1, 1));

    /// <summary>The one with a number and all behind it.</summary>
    public static Occasions From(long first) => Of(new Rule(first, long.MaxValue, 1, 1));

    /// <summary>Those from one number to another, both included.</summary>
    public static Occasions Between(long first, long last) => Of(new Rule(first, last, 1, 1));

    /// <summary>Each so-manieth one.</summary>
    public static Occasions Every(long period) => Of(new Rule(period, long.MaxValue, period, 1));

    /// <summary>By chance.</summary>
    /// <param name="probability">0 to 1.</param>
    public static Occasions ByChance(double probability) => Of(new Rule(1, long.MaxValue, 1, probability));

    /// <summary>Reads them from text.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static Occasions Parse(string text)
    {
        Occasions occasions = new();
        foreach (string item in text.Split(','))
            occasions.rules.Add(ParseRule(item));
        return occasions;
    }

    /// <summary>Does it happen to the one with this number?</summary>
    /// <param name="number">Counted from 1.</param>
    /// <param name="random">Decides what happens by chance; asked for nothing else.</param>
    public bool Include(long number, Random random)
    {
        foreach (Rule rule in rules)
            if (rule.Includes(number, random))
                return true;
        return false;
    }

    private static Occasions Of(Rule rule)
    {
        Occasions occasions = new();
        occasions.rules.Add(rule);
        return occasions;
    }

    private static Rule ParseRule(string item)
    {
        const string every = "every:";
        if (item.StartsWith(every, StringComparison.OrdinalIgnoreCase))
        {
            long period = ParseNumber(item[every.Length..], item);
            return new Rule(period, long.MaxValue, period, 1);
        }
        if (item.EndsWith('%'))
        {
            if (double.TryParse(item[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double percent)
                && percent <= 100)
                return new Rule(1, long.MaxValue, 1, percent / 100);
            throw Wrong(item);
        }
        int dash = item.IndexOf('-');
        if (dash < 0)
        {
            long number = ParseNumber(item, item);
            return new Rule(number, number, 1, 1);
        }
        long first = ParseNumber(item[..dash], item);
        long last = dash == item.Length - 1 ? long.MaxValue : ParseNumber(item[(dash + 1)..], item);
        return last >= first ? new Rule(first, last, 1, 1) : throw Wrong(item);
    }

    private static long ParseNumber(string digits, string item) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0 ? number : throw Wrong(item);

    private static FormatException Wrong(string item) =>
        new($"'{item}' says no occasion. Say 5 (the fifth), 5-8, 5- (from the fifth on), every:5 or 5% (by chance), or several with "
            + "commas.");

    private readonly record struct Rule(long First, long Last, long Period, double Probability)
    {
        public bool Includes(long number, Random random) =>
            number >= First && number <= Last && (number - First) % Period == 0 && (Probability >= 1 || random.NextDouble() < Probability);
    }
}
