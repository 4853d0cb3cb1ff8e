using System;
using System.CommandLine;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>What nvs says to a command line that cannot be, and of a store that is not as it should be.</summary>
[TestClass]
[OnlyOnDotNet("runs processes")]
public sealed class UsageTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string FramPath => Path.Combine(folder, "cells.fram");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when nvs alone is a mistake, or does not say what there is.</summary>
    [TestMethod]
    public void NvsAloneShowsItsHelp()
    {
        NvsCommand.Outcome alone = NvsCommand.Run(null, null).Expect(0);
        Assert.AreEqual(NvsCommand.Run(null, null, "--help").Expect(0).Output, alone.Output);
        StringAssert.Contains(alone.Output, "write");
        StringAssert.Contains(alone.Output, "completion");
    }

    /// <summary>Breaks when a slip of the finger is not understood, or is taken for a file.</summary>
    [TestMethod]
    [DataRow("wirte 5", "Did you mean write?")]
    [DataRow("info --prot x", "Did you mean --port?")]
    [DataRow("write 5 --exect", "There is no option --exect of nvs write")]
    [DataRow("read 5 6", "\"6\" is one argument too many")]
    [DataRow("completion tcsh", "SHELL is bash, zsh, fish or powershell")]
    [DataRow("format BLANK --set-segments 65", "--set-segments is a number from 0 to 64, not \"65\"")]
    public void ASlipIsUnderstood(string arguments, string told) =>
        NvsCommand.Run("/dev/no-such-port", null, arguments.Split(' ')).ExpectFailure(1, told);

    /// <summary>Breaks when a message tells of this program's types instead of what the user may give.</summary>
    [TestMethod]
    public void NoMessageNamesAType()
    {
        RootCommand root = NvsCommand.Root;
        foreach (Command command in root.Subcommands)
        {
            foreach (Option option in command.Options.Concat(root.Options).Where(option => option.ValueType != typeof(bool)))
                Check([command.Name, option.Name, "x"]);
            Check([command.Name, .. command.Arguments.Select(_ => "x")]);
        }

        void Check(string[] arguments)
        {
            foreach (string message in root.Parse(arguments).Errors.Select(error => error.Message))
                Assert.IsFalse(
                    message.Contains("System.") || message.Contains("(Parameter"), $"nvs {string.Join(' ', arguments)}: {message}");
        }
    }

    /// <summary>
    /// Breaks when a chip without a store, found while writing, does not say which write it stopped, or sizes do not say what they may be.
    /// </summary>
    [TestMethod]
    public void ABlankChipIsToldWithWhatWasAsked()
    {
        using PtyBoard board = new(FramPath);
        NvsCommand.Run(board.Port, [1], "write", "5").ExpectFailure(5, "write track 5: the board refused with Blank");
        NvsCommand.Run(board.Port, [1], "batch", "5=-", "--release", "6").ExpectFailure(5, "write request of 2 tracks");
        NvsCommand.Run(board.Port, null, "format", "BLANK", "--segment-bytes", "7")
            .ExpectFailure(1, "--segment-bytes is 64 to 4132, or 0 for the default; not 7");
        NvsCommand.Run(board.Port, null, "format", "BLANK", "--segment-bytes", "4132", "--set-segments", "64")
            .ExpectFailure(1, "a set has at most 65532");
        NvsCommand.Run(board.Port, null, "format", "BLANK", "--segment-bytes", "4000", "--set-segments", "16").Expect(0);
    }

    /// <summary>Breaks when sizes that a chip has no room for get no numbers.</summary>
    [TestMethod]
    public void SizesThatDoNotFitAreToldInNumbers()
    {
        using SimProcess board = new(FramPath, "--chip", "MB85RS64V");
        NvsCommand.Run(board.Port, null, "format", "BLANK", "--segment-bytes", "512", "--set-segments", "16")
            .ExpectFailure(1, "a store needs 48 of them, three times a set");
    }

    /// <summary>Breaks when a track that was just found damaged is called intact, or nothing is known of it.</summary>
    [TestMethod]
    public void DamageThatWasFoundIsKnown()
    {
        byte[] data = [.. Enumerable.Range(0, 5000).Select(i => (byte)(i * 13 / 7))];
        using (PtyBoard board = new(FramPath, formatsBlank: true))
            NvsCommand.Run(board.Port, data, "write", "5").Expect(0);
        byte[] cells = File.ReadAllBytes(FramPath);
        cells[cells.AsSpan().IndexOf(data.AsSpan(4500, 30))] ^= 1;
        File.WriteAllBytes(FramPath, cells);
        using PtyBoard next = new(FramPath);
        StringAssert.Contains(NvsCommand.Run(next.Port, null, "info").Expect(0).Output, "none; nvs verify looks for it");
        NvsCommand.Run(next.Port, null, "verify").Expect(6);
        StringAssert.Contains(NvsCommand.Run(next.Port, null, "info").Expect(0).Output, "1 time since boot");
        NvsCommand.Outcome list = NvsCommand.Run(next.Port, null, "list").Expect(0);
        StringAssert.Contains(list.Errors, "nvs verify tells of which tracks");
        Assert.DoesNotContain("intact", list.Output);
        Assert.AreNotEqual("", list.Output.Split('\n')[0].Trim(), "the first line of a table is its head");
    }
}
