using System;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// A board is reached by what the system has: a pseudo-terminal on Linux, a socket anywhere. And what cannot be used is told apart.
/// </summary>
[TestClass]
[OnlyOnDotNet("runs processes")]
public sealed class PortKindTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when one of the ways carries less than the others, or a command takes the port's name for something else.</summary>
    [TestMethod]
    [DataRow("")]
    [DataRow("unix:")]
    [DataRow("tcp:0")]
    public void EachKindOfPortCarriesTheSame(string listen)
    {
        if (listen == "" && !OperatingSystem.IsLinux())
            Assert.Inconclusive("There is no pseudo-terminal.");
        string[] options = listen == "" ? [] : ["--listen", listen == "unix:" ? $"unix:{folder}/board.sock" : listen];
        using SimProcess board = new(Path.Combine(folder, "cells.fram"), ["--format-blank", .. options]);
        if (listen == "tcp:0")
            StringAssert.StartsWith(board.Port, "tcp:127.0.0.1:", "no other machine can reach it");
        byte[] data = [.. Enumerable.Range(0, 8000).Select(i => (byte)(i * 7))];
        NvsCommand.Run(board.Port, data, "write", "5").Expect(0);
        CollectionAssert.AreEqual(data, NvsCommand.Run(null, null, "read", "5", "--port", board.Port).Expect(0).Bytes);
        StringAssert.Contains(NvsCommand.Run(board.Port, null, "ports").Expect(0).Output, board.Port);
    }

    /// <summary>Breaks when the demonstration needs a pseudo-terminal.</summary>
    [TestMethod]
    [TestCategory("Long")]
    [DataRow("tcp:0")]
    [DataRow("unix:")]
    public void TheDemonstrationNeedsNoTerminal(string listen)
    {
        string file = Path.Combine(folder, "data");
        File.WriteAllBytes(file, new byte[3000]);
        string address = listen == "unix:" ? $"unix:{folder}/demo.sock" : listen;
        NvsCommand.Outcome outcome = NvsCommand.RunProcess(null, null, "demo", file, "--listen", address).Expect(0);
        StringAssert.Contains(outcome.Output, $"serial port {(listen == "unix:" ? address : "tcp:127.0.0.1:")}");
        StringAssert.Contains(outcome.Output, "What to try next");
    }

    /// <summary>Breaks when who can be reached from other machines is not told so.</summary>
    [TestMethod]
    public void AnOpenAddressIsWarnedOf()
    {
        using ChildProcess open = SimProcess.Start("--listen", "tcp:0.0.0.0:0");
        open.Errors.WaitFor("can read and overwrite the store");
    }

    /// <summary>Breaks when ports that are missing, dead or forbidden get one message.</summary>
    [TestMethod]
    public void WhatCannotBeUsedIsToldApart()
    {
        NvsCommand.Run("/dev/no-such-port", null, "info").ExpectFailure(3, "There is no port");
        string file = Path.Combine(folder, "port");
        File.WriteAllText(file, "");
        NvsCommand.Run(file, null, "info").ExpectFailure(3, "does not work as a serial port");
        NvsCommand.Run($"unix:{folder}/none.sock", null, "info").ExpectFailure(3, "There is no socket");
        NvsCommand.Run("tcp:nowhere", null, "info").ExpectFailure(1, "tcp:HOST:PORT");
        using (SimProcess board = new(Path.Combine(folder, "cells.fram"), "--listen", $"unix:{folder}/dead.sock"))
            board.Kill();
        NvsCommand.Run($"unix:{folder}/dead.sock", null, "info").ExpectFailure(3, "Nobody serves");
    }
}
