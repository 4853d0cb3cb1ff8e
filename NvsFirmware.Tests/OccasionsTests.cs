using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>When faults happen.</summary>
[TestClass]
[OnlyOnDotNet("tests the simulated board")]
public sealed class OccasionsTests
{
    [TestMethod]
    [DataRow("5", "5")]
    [DataRow("5-8", "5 6 7 8")]
    [DataRow("18-", "18 19 20")]
    [DataRow("every:6", "6 12 18")]
    [DataRow("2,4-5,EVERY:10", "2 4 5 10 20")]
    [DataRow("100%", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20")]
    [DataRow("0%", "")]
    public void TextSaysWhen(string text, string expected) => Assert.AreEqual(expected, Told(Occasions.Parse(text)));

    [TestMethod]
    public void CallsSayTheSame()
    {
        Assert.AreEqual("", Told(Occasions.Never));
        Assert.AreEqual(Told(Occasions.Parse("1-")), Told(Occasions.Always));
        Assert.AreEqual("7", Told(Occasions.At(7)));
        Assert.AreEqual("19 20", Told(Occasions.From(19)));
        Assert.AreEqual("3 4", Told(Occasions.Between(3, 4)));
        Assert.AreEqual("7 14", Told(Occasions.Every(7)));
        Assert.AreEqual(Told(Occasions.Parse("30%")), Told(Occasions.ByChance(0.3)));
    }

    [TestMethod]
    public void ChanceHasItsProbabilityAndComesAgainWithTheSeed()
    {
        const int count = 100_000;
        Occasions occasions = Occasions.Parse("2.5%");
        long[] first = Hits(1);
        // Five standard deviations around 2500.
        Assert.IsInRange(2250, 2750, first.Length);
        CollectionAssert.AreEqual(first, Hits(1));
        CollectionAssert.AreNotEqual(first, Hits(2));

        long[] Hits(int seed)
        {
            Random random = new(seed);
            return [.. Enumerable.Range(1, count).Select(number => (long)number).Where(number => occasions.Include(number, random))];
        }
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("0")]
    [DataRow("-5")]
    [DataRow("8-5")]
    [DataRow("every:0")]
    [DataRow("every:")]
    [DataRow("5,")]
    [DataRow("101%")]
    [DataRow("-1%")]
    [DataRow("NaN%")]
    [DataRow("x")]
    [DataRow("5 ")]
    public void WhatIsNoneIsRefused(string text) => Assert.ThrowsExactly<FormatException>(() => Occasions.Parse(text));

    private static string Told(Occasions occasions)
    {
        Random random = new(1);
        return string.Join(' ', Enumerable.Range(1, 20).Where(number => occasions.Include(number, random)));
    }
}
