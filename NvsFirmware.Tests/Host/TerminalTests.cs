using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>The command nvs as a person meets it, at a terminal: <c>script</c> makes one.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a terminal")]
public sealed class TerminalTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    [TestInitialize]
    public void NeedsATerminal()
    {
        if (!File.Exists("/usr/bin/script"))
            Assert.Inconclusive("There is no program script, which makes a terminal.");
    }

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when a command waits for what a person types without a word.</summary>
    [TestMethod]
    public void WhoTypesIsToldSo()
    {
        using PtyBoard board = Formatted();
        // What is typed before it asks, a terminal may forget.
        (int exitCode, string shown) = AtTerminal(board, ("Type the data of track 9", "41\n\u0004"), "write", "9");
        Assert.AreEqual(0, exitCode, shown);
        Assert.AreEqual("41\n", NvsCommand.Run(board.Port, null, "read", "9").Expect(0).Output);
    }

    /// <summary>Breaks when bytes that are no text reach a terminal, which may take them for orders, or text does not.</summary>
    [TestMethod]
    public void BinaryDataAreShownInHexOnly()
    {
        using PtyBoard board = Formatted();
        NvsCommand.Run(board.Port, [0x1B, 0x5B, 0x32, 0x4A, 0xFF], "write", "1").Expect(0);
        NvsCommand.Run(board.Port, "forty-one é\n"u8.ToArray(), "write", "2").Expect(0);

        (int exitCode, string shown) = AtTerminal(board, null, "read", "1");
        Assert.AreEqual(1, exitCode);
        StringAssert.Contains(shown, "nvs read 1 --hex");
        (exitCode, shown) = AtTerminal(board, null, "read", "1", "--hex");
        Assert.AreEqual(0, exitCode);
        StringAssert.Contains(shown, "00000000: 1b5b 324a ff");
        (exitCode, shown) = AtTerminal(board, null, "read", "2");
        Assert.AreEqual(0, exitCode);
        StringAssert.Contains(shown, "forty-one é");
    }

    private PtyBoard Formatted() => new(Path.Combine(folder, "cells.fram"), formatsBlank: true);

    private static (int ExitCode, string Shown) AtTerminal(PtyBoard board, (string Asked, string Typed)? typing, params string[] arguments)
    {
        string command = $"{Path.Combine(AppContext.BaseDirectory, "nvs")} {string.Join(' ', arguments)}";
        Dictionary<string, string?> environment = new() { ["NVS_PORT"] = board.Port, ["TERM"] = "dumb" };
        using ChildProcess process = new("script", environment, "--quiet", "--return", "--command", command, "/dev/null");
        if (typing is { } given)
        {
            process.Output.WaitFor(given.Asked);
            process.Give(Encoding.UTF8.GetBytes(given.Typed));
        }
        int exitCode = process.End();
        return (exitCode, process.Output.Text);
    }
}
