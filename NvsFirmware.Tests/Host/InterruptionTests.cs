using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.Host;

/// <summary>Ctrl-C: nvs tells which request it hit, and what became of it.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class InterruptionTests
{
    private const int GuardMs = 300_000;
    private const int Interrupt = 2; // SIGINT

    /// <summary>Breaks when a commit may have been made, and the message says nothing of it, or not which request it was.</summary>
    [TestMethod]
    [DataRow("write 5", FrameType.Write, "Whether write request 1 of client")]
    [DataRow("format BLANK", FrameType.Format, "Whether format BLANK was done is not known")]
    [DataRow("list", FrameType.List, "Nothing was written")]
    public void WhatBecameOfItIsTold(string arguments, int type, string told)
    {
        using SilentBoard board = new(type, isFormatted: !arguments.StartsWith("format", StringComparison.Ordinal));
        using NvsCommand command = NvsCommand.Start(board.Port, null, [.. arguments.Split(' '), "--timeout", "5000"]);
        command.GiveInput([1]);
        Assert.IsTrue(board.HasHeard.Wait(GuardMs));
        command.Signal("INT");
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
        string process = $"/proc/{command.Id}";
        bool isLoaded;
        bool isCaught;
        do
        {
            // In this order: what is loaded now was loaded before the second look.
            isLoaded = File.ReadAllText($"{process}/maps").Contains("System.CommandLine.dll", StringComparison.Ordinal);
            isCaught = IsCaught(process);
            Assert.IsTrue(isCaught || !isLoaded);
        }
        while (!isLoaded);
        command.Signal("INT");
        command.GiveInput([1]);
        command.End().ExpectFailure(2, "Interrupted. Nothing was written.");
    }

    private static bool IsCaught(string process)
    {
        string mask = File.ReadLines($"{process}/status").Single(line => line.StartsWith("SigCgt:", StringComparison.Ordinal)).Split('\t')[1];
        return ((ulong.Parse(mask, NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (Interrupt - 1)) & 1) != 0;
    }

    /// <summary>A board in this process, on a real pseudo-terminal, that hears requests of one type but does not answer them.</summary>
    private sealed class SilentBoard : IUart, IDisposable
    {
        private readonly PtyUart uart = new();
        private readonly int type;
        private readonly Task loop;

        public SilentBoard(int type, bool isFormatted)
        {
            this.type = type;
            FramModel chip = isFormatted ? TestBoard.Formatted("MB85RS2MT").Chip : new TestBoard("MB85RS2MT").Chip;
            Firmware firmware = new(chip, this, new SystemClock(), new BoardSettings());
            firmware.Boot();
            loop = Task.Run(() =>
            {
                while (!uart.IsStopped)
                    firmware.Step(20);
            });
        }

        public string Port => uart.Path;

        /// <summary>Is set when it has carried out such a request.</summary>
        public ManualResetEventSlim HasHeard { get; } = new();

        public int Read(byte[] buffer, int offset, int count, int timeoutMs) => uart.Read(buffer, offset, count, timeoutMs);

        public bool Write(byte[] buffer, int offset, int count)
        {
            if (HasHeard.IsSet)
                return true;
            if (Frame.Type(buffer, offset) != (type | FrameType.Answer))
                return uart.Write(buffer, offset, count);
            HasHeard.Set();
            return true;
        }

        public void Reopen() => uart.Reopen();

        public void Dispose()
        {
            uart.Stop();
            loop.Wait();
            uart.Dispose();
            HasHeard.Dispose();
        }
    }
}
