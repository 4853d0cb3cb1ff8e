using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests.Host;

/// <summary>nvs monitor as a person has it: a process on a terminal of 80 columns and 24 lines, and keys.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed partial class MonitorTests
{
    private const string OtherScreen = "\u001b[?1049h";
    private const string FirstScreen = "\u001b[?1049l";
    private const string ShowCursor = "\u001b[?25h";
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// Breaks when keys do not pull and restore the power, the interrupted request is not shown and then found, or the picture is not
    /// saved.
    /// </summary>
    [TestMethod]
    public void KeysPullAndRestoreThePower()
    {
        string svg = Path.Combine(folder, "picture.svg");
        using Terminal terminal = new("LC_ALL=C.UTF-8", $"monitor --sim --timeout 600000 --svg {svg}");
        terminal.WaitFor("commits/s");
        terminal.WaitFor("◆");
        while (!IsPulledInTheMiddle(terminal)) // It need not be the first time.
        {
            terminal.Type("p");
            terminal.WaitFor("p power off");
        }
        Assert.Contains("POWER OFF", terminal.Text);
        terminal.Type("p");
        terminal.WaitFor("power is back");
        terminal.WaitFor("discarded a"); // The line may end here.
        terminal.Type("q");
        Assert.AreEqual(0, terminal.End());
        terminal.AssertIsClean();
        string picture = File.ReadAllText(svg);
        StringAssert.StartsWith(picture, "<svg");
        StringAssert.Contains(picture, "discarded a");
    }

    private static bool IsPulledInTheMiddle(Terminal terminal)
    {
        terminal.Type("p");
        terminal.WaitFor("p power on");
        return terminal.WaitFor("in the middle of request", "between two requests") == 0;
    }

    /// <summary>
    /// Breaks when an end from outside leaves the terminal on the other screen or without a cursor, or the simulated board behind.
    /// </summary>
    [TestMethod]
    [DataRow(Signal.Interrupt)]
    [DataRow(Signal.Terminate)]
    public void ASignalLeavesTheTerminalClean(Signal signal)
    {
        using Terminal terminal = new("LC_ALL=C.UTF-8 NO_COLOR=1 TMPDIR=" + folder, "monitor --sim --timeout 600000");
        terminal.WaitFor("commits/s");
        terminal.Send(signal);
        Assert.AreEqual(2, terminal.End());
        terminal.AssertIsClean();
        Assert.IsEmpty(
            Directory.GetFileSystemEntries(folder).Where(path => Path.GetFileName(path).StartsWith("nvs-", StringComparison.Ordinal)));
        Assert.IsFalse(Color().IsMatch(terminal.Text), "NO_COLOR");
    }

    /// <summary>Breaks when an error leaves the terminal on the other screen, where the message cannot be read.</summary>
    [TestMethod]
    public void AnErrorLeavesTheTerminalClean()
    {
        using Terminal terminal = new("LC_ALL=C", $"monitor --sim --timeout 600000 --svg {folder}/no/such/folder/picture.svg");
        terminal.WaitFor("commits/s");
        terminal.Type("q");
        Assert.AreEqual(8, terminal.End());
        terminal.AssertIsClean();
        StringAssert.Contains(terminal.Text[terminal.Text.LastIndexOf(FirstScreen, StringComparison.Ordinal)..], "no/such/folder");
        Assert.IsTrue(terminal.Text.All(char.IsAscii), "a locale without Unicode");
    }

    /// <summary>Breaks when a board is not shown where nobody watches, or what is shown there is no text or no JSON.</summary>
    [TestMethod]
    public void WithoutATerminalOnePictureIsPrinted()
    {
        using PtyBoard board = new(Path.Combine(folder, "cells.fram"), formatsBlank: true);
        NvsCommand.Run(board.Port, [1], "write", "5").Expect(0);
        string picture = NvsCommand.Run(board.Port, null, "monitor").Expect(0).Output;
        StringAssert.Contains(picture, "1 of 797 tracks");
        Assert.DoesNotContain('\u001b', picture);
        Assert.AreEqual(1,
            NvsCommand.Run(board.Port, null, "monitor", "--json").Expect(0).Json.GetProperty("counters").GetProperty("commits").GetInt32());
        NvsCommand.Run(null, null, "monitor", "--port", "/dev/no-such-port").ExpectFailure(3, "no-such-port");
    }

    [GeneratedRegex(@"\x1b\[[0-9;]*(3|4|9|10)[0-9][;0-9]*m")]
    private static partial Regex Color();

    /// <summary>A terminal with the command on it.</summary>
    private sealed class Terminal : IDisposable
    {
        private readonly PtyUart uart = new();
        private readonly Process process;
        private readonly StringBuilder text = new();
        private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
        private int typedAt;

        public Terminal(string environment, string arguments)
        {
            string nvs = Path.Combine(AppContext.BaseDirectory, "nvs");
            string interruptible = string.Join(' ', ChildProcess.DefaultSignals);
            string script = $"stty sane cols 80 rows 24; exec {interruptible} env TERM=xterm-256color {environment} {nvs} {arguments}";
            process = Process.Start("sh", ["-c", $"exec < {uart.Path} > {uart.Path} 2>&1; {script}"]);
        }

        public string Text => text.ToString();

        // Waits for one of these, and looks only at what was shown since the last keys: all is drawn again and again.
        public int WaitFor(params string[] what)
        {
            for (long start = Environment.TickCount64; ; Take(100))
            {
                string shown = Text[typedAt..];
                int found = Array.FindIndex(what, part => shown.Contains(part, StringComparison.Ordinal));
                if (found >= 0)
                    return found;
                if (process.HasExited || Environment.TickCount64 - start > ChildProcess.GuardMs)
                    Assert.Fail(
                        $"'{string.Join("' or '", what)}' is not shown. The terminal got: "
                        + Text[Math.Max(0, text.Length - 4000)..].Replace("\u001b", "<ESC>"));
            }
        }

        public void Type(string keys)
        {
            typedAt = text.Length;
            uart.Write(Encoding.UTF8.GetBytes(keys), 0, keys.Length);
        }

        public void Send(Signal signal) => ChildProcess.Send(signal, process.Id);

        public int End()
        {
            for (long start = Environment.TickCount64; !process.HasExited; Take(50))
                if (Environment.TickCount64 - start > ChildProcess.GuardMs)
                    Assert.Fail("nvs monitor has not ended.");
            while (Take(0) > 0)
            {
            }
            return process.ExitCode;
        }

        public void AssertIsClean()
        {
            Assert.IsGreaterThan(Text.LastIndexOf(OtherScreen, StringComparison.Ordinal),
                Text.LastIndexOf(FirstScreen, StringComparison.Ordinal), "on the first screen");
            Assert.IsGreaterThan(Text.LastIndexOf("\u001b[?25l", StringComparison.Ordinal),
                Text.LastIndexOf(ShowCursor, StringComparison.Ordinal), "with a cursor");
            Assert.DoesNotContain("   at ", Text, "a stack trace");
            using Process stty = Process.Start(
                new ProcessStartInfo("sh", ["-c", $"stty -a < {uart.Path}"]) { RedirectStandardOutput = true })!;
            string mode = stty.StandardOutput.ReadToEnd();
            StringAssert.Matches(mode, new Regex(@"(^|\s)icanon\b"), "reads lines");
            StringAssert.Matches(mode, new Regex(@"(^|\s)echo\b"), "shows what is typed");
        }

        public void Dispose()
        {
            if (!process.HasExited)
                process.Kill(true);
            process.Dispose();
            uart.Stop();
            uart.Dispose();
        }

        private int Take(int timeoutMs)
        {
            byte[] bytes = new byte[65536];
            int count = uart.Read(bytes, 0, bytes.Length, timeoutMs);
            char[] chars = new char[decoder.GetCharCount(bytes, 0, count)];
            decoder.GetChars(bytes, 0, count, chars, 0);
            text.Append(chars);
            return count;
        }
    }
}
