using System;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>Ctrl-C: nvs tells which request it hit, and what became of it.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class InterruptionTests
{
    /// <summary>Breaks when a commit may have been made, and the message says nothing of it, or not which request it was.</summary>
    [TestMethod]
    [DataRow("write 5", "Whether write request 1 of client", true)]
    [DataRow("format BLANK", "Whether format BLANK was done is not known", false)]
    [DataRow("list", "Nothing was written", false)]
    public void WhatBecameOfItIsTold(string arguments, string told, bool asksWhatBecameOfIt)
    {
        using PtyBoard board = new(isFormatted: !arguments.StartsWith("format", StringComparison.Ordinal)) { IsMuted = true };
        using NvsCommand command = NvsCommand.Start(board.Port, null, arguments.Split(' '));
        command.GiveInput([1]);
        board.WaitUntilSilenced();
        command.Send(Signal.Interrupt);
        if (asksWhatBecameOfIt)
        {
            board.WaitUntilSilenced(); // LAST; and before the command has waited for that in vain,
            board.Dispose(); // the board is gone.
        }
        StringAssert.Contains(command.End().ExpectFailure(2, "Interrupted").Errors, told);
    }

    /// <summary>
    /// Breaks when the signal is caught only after what the commands need was loaded: until it is, Ctrl-C ends the process without a word.
    /// </summary>
    [TestMethod]
    public void TheSignalIsCaughtBeforeAnythingElse()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Inconclusive("Only Linux tells what a process catches.");
        using NvsCommand command = NvsCommand.Start("/dev/no-such-port", null, "write", "5"); // Waits for stdin.
        bool isLoaded;
        bool isCaught;
        do
        {
            // In this order: what is loaded now was loaded before the second look.
            isLoaded = File.ReadAllText($"/proc/{command.Id}/maps").Contains("System.CommandLine.dll", StringComparison.Ordinal);
            isCaught = ChildProcess.IsMasked($"{command.Id}", "SigCgt", Signal.Interrupt);
            Assert.IsTrue(isCaught || !isLoaded);
        }
        while (!isLoaded);
        command.Send(Signal.Interrupt);
        command.GiveInput([1]);
        command.End().ExpectFailure(2, "Interrupted. Nothing was written.");
    }
}
