using System;
using System.ComponentModel;
using System.IO;
using System.Net.Http;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Host;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Serve;

/// <summary>nvs serve as a process, in front of a simulated board, and the other commands through it.</summary>
[TestClass]
[OnlyOnDotNet("starts processes")]
public sealed class ServeCommandTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string SocketPath => Path.Combine(folder, "s");

    private string Port => "unix:" + SocketPath;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when a command needs to know that it does not speak to a board itself, or who may not use the socket can.</summary>
    [TestMethod]
    public void TheCommandsWorkThroughTheServer()
    {
        using PtyBoard board = new(Path.Combine(folder, "cells.fram"), formatsBlank: true);
        using ServeProcess server = new(board.Port, "--listen", Port, "--mode", "660");
        StringAssert.Contains(server.Ready, $"serving sim on {board.Port}");
        if (!OperatingSystem.IsWindows())
            Assert.AreEqual(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite,
                    File.GetUnixFileMode(SocketPath));
        NvsCommand.Run(Port, "41"u8.ToArray(), "write", "7").Expect(0);
        Assert.AreEqual("41", NvsCommand.Run(Port, null, "read", "7").Expect(0).Output);
        Assert.AreEqual(
            "sim", NvsCommand.Run(Port, null, "info", "--json").Expect(0).Json.GetProperty("board").GetProperty("boardName").GetString());
        // The port is the server's, and a second server finds the socket taken.
        NvsCommand.Run(board.Port, null, "info").ExpectFailure(3, "nvs");
        using PtyBoard other = new(Path.Combine(folder, "other.fram"), formatsBlank: true);
        NvsCommand.Run(other.Port, null, "serve", "--listen", Port).ExpectFailure(8, "Another server listens");
        NvsCommand.Outcome end = server.Stop().Expect(0);
        StringAssert.Contains(end.Errors, $"at {Port}");
        Assert.IsFalse(File.Exists(SocketPath));
        Assert.StartsWith("STOPPING=1", server.Notice());
    }

    /// <summary>Breaks when a server that was killed keeps the next one from listening, or a file that is no socket is removed.</summary>
    [TestMethod]
    public void ADeadServersSocketIsTakenOver()
    {
        using PtyBoard board = new(Path.Combine(folder, "cells.fram"), formatsBlank: true);
        ServeProcess server = new(board.Port, "--listen", Port);
        server.Dispose();
        Assert.IsTrue(File.Exists(SocketPath));
        using (ServeProcess next = new(board.Port, "--listen", Port))
            NvsCommand.Run(Port, null, "info").Expect(0);
        File.Delete(SocketPath);
        File.WriteAllText(SocketPath, "");
        NvsCommand.Run(board.Port, null, "serve", "--listen", Port).ExpectFailure(8, "exists and is no socket");
        Assert.IsTrue(File.Exists(SocketPath));
    }

    /// <summary>Breaks when a metric is missing, or counts something else.</summary>
    [TestMethod]
    public async Task WhatHappensIsCountedForPrometheus()
    {
        using PtyBoard board = new(Path.Combine(folder, "cells.fram"), formatsBlank: true);
        string address = $"127.0.0.1:{FreePort()}";
        using ServeProcess server = new(board.Port, "--listen", Port, "--metrics", address);
        NvsCommand.Run(Port, "41"u8.ToArray(), "write", "7").Expect(0);
        NvsCommand.Run(Port, "42"u8.ToArray(), "write", "7", "--expect", "1234").Expect(5);
        using HttpClient http = new();
        string text = await http.GetStringAsync($"http://{address}/metrics");
        foreach (string line in new[]
        {
            "nvs_commits_total 1", "nvs_refusals_total{status=\"VersionMismatch\"} 1", "nvs_write_seconds_count 2", "nvs_board_up 1",
                "nvs_boots 1",
            "nvs_damaged_tracks 0", "nvs_board_count{counter=\"Commits\"} 1", "nvs_board_count{counter=\"ChipErrors\"} 0",
                "nvs_line_errors_total 0",
            "nvs_reconnects_total 0",
        })
            Assert.IsTrue(Regex.IsMatch(text, "^" + Regex.Escape(line) + "$", RegexOptions.Multiline), $"no line '{line}' in\n{text}");
        Assert.IsTrue(Regex.IsMatch(text, @"^nvs_room_bytes [1-9]\d+$", RegexOptions.Multiline), text);
    }

    /// <summary>Breaks when what cannot be is tried, or the message does not say what to do.</summary>
    [TestMethod]
    public void WhatIsMissingIsTold()
    {
        NvsCommand.Run(null, null, "serve", "--listen", Port).ExpectFailure(1, "--port PORT or NVS_PORT");
        NvsCommand.Run("/dev/none", null, "serve", "--listen", Port).ExpectFailure(3, "There is no port /dev/none");
        NvsCommand.Run("/dev/none", null, "serve", "--listen", Port, "--mode", "9").ExpectFailure(1, "--mode 9 is not octal");
        NvsCommand.Run("/dev/none", null, "serve", "--listen", Port, "--metrics", "x").ExpectFailure(1, "\"x\" is not PORT or HOST:PORT");
        NvsCommand.Run("/dev/none", null, "serve", "--listen", Port, "--metrics", "tcp:no-such-host.invalid:1")
            .ExpectFailure(1, "There is no host no-such-host.invalid");
        Assert.IsFalse(File.Exists(SocketPath));
    }

    /// <summary>Breaks when the units in docs/systemd are no units, or name what systemd does not know.</summary>
    [TestMethod]
    public void TheUnitsAreRight()
    {
        string units = Path.Combine(MarkdownSamples.Root, "docs", "systemd");
        foreach (string unit in new[] { "nvs.socket", "nvs.service" })
            File.WriteAllText(
                Path.Combine(folder, unit), File.ReadAllText(Path.Combine(units, unit)).Replace("/usr/local/bin/nvs", "/bin/true"));
        ChildProcess verify = StartTool(
            "systemd-analyze", "verify", Path.Combine(folder, "nvs.service"), Path.Combine(folder, "nvs.socket"));
        Assert.AreEqual((0, ""), (verify.End(), verify.Errors.Text));
    }

    /// <summary>Breaks when the socket that systemd has opened is not served.</summary>
    [TestMethod]
    public void ASocketThatSystemdHasOpenedIsServed()
    {
        using PtyBoard board = new(Path.Combine(folder, "cells.fram"), formatsBlank: true);
        using ChildProcess activate = StartTool(
            "systemd-socket-activate", "--listen", SocketPath, "--setenv", $"NVS_PORT={board.Port}",
                Path.Combine(AppContext.BaseDirectory, "nvs"), "serve", "--timeout", NvsCommand.PatienceMs);
        activate.Errors.WaitFor("Listening on"); // It becomes the server with the first program.
        NvsCommand.Run(Port, "41"u8.ToArray(), "write", "7").Expect(0);
        Assert.AreEqual("41", NvsCommand.Run(Port, null, "read", "7").Expect(0).Output);
    }

    private static ChildProcess StartTool(string tool, params string[] arguments)
    {
        try
        {
            return new ChildProcess(tool, null, arguments);
        }
        catch (Win32Exception)
        {
            Assert.Inconclusive($"{tool} is not installed.");
            throw;
        }
    }

    private static int FreePort()
    {
        using System.Net.Sockets.TcpListener probe = new(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}
