using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>The parts of the simulated board beside the chip, and the board as a process.</summary>
[TestClass]
[OnlyOnDotNet("needs processes and pseudo-terminals")]
public sealed class SimBoardTests
{
    private static readonly SimPart part = SimPart.Find("MB85RS64V");

    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string FramPath => Path.Combine(folder, "cells.fram");

    private string LinkPath => Path.Combine(folder, "tty");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    public void AFileKeepsTheCellsAndTheStatusRegister()
    {
        using (FramFile file = FramFile.Open(FramPath, part))
        {
            FramModel chip = new(part, file.Memory) { StoresInOrder = true };
            Assert.AreEqual(part.StorageBytes, chip.Storage.Count((byte)0));
            chip.Write([Opcode.Wren], 0, 1);
            chip.Write([Opcode.Write, 0x1F, 0xFE, 1, 2, 3, 4], 0, 7);
            chip.Write([Opcode.Wren], 0, 1);
            chip.Write([Opcode.Wrsr, 0x04], 0, 2);
        }
        byte[] content = File.ReadAllBytes(FramPath);
        Assert.AreEqual(part.Bytes + 1, content.Length);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 0x04 }, content[^3..]);
        CollectionAssert.AreEqual(new byte[] { 3, 4, 0 }, content[..3]);
        using FramFile again = FramFile.Open(FramPath, part);
        FramModel chipAgain = new(part, again.Memory);
        CollectionAssert.AreEqual(content, chipAgain.Storage.ToArray());
        Assert.AreEqual(0x04, chipAgain.Status);
    }

    [TestMethod]
    public void AFileOfTheBareArrayGetsAStatusRegister()
    {
        File.WriteAllBytes(FramPath, [.. Enumerable.Repeat((byte)7, part.Bytes)]);
        using FramFile file = FramFile.Open(FramPath, part);
        Assert.AreEqual(part.Bytes, file.GetSpan().Count((byte)7));
        Assert.AreEqual(0, file.GetSpan()[part.Bytes]);
    }

    [TestMethod]
    public void AFileOfAnotherPartIsRefusedUnchanged()
    {
        foreach ((int length, string told) in new[] { (SimPart.Find("FM25V02A").StorageBytes, "FM25V02A"), (1, "of no part") })
        {
            byte[] content = [.. Enumerable.Repeat((byte)7, length)];
            File.WriteAllBytes(FramPath, content);
            IOException e = Assert.ThrowsExactly<IOException>(() => FramFile.Open(FramPath, part));
            StringAssert.Contains(e.Message, told);
            StringAssert.Contains(e.Message, "MB85RS64V");
            CollectionAssert.AreEqual(content, File.ReadAllBytes(FramPath));
        }
    }

    [TestMethod]
    public void AFileServesOneBoardAtATime()
    {
        using (IDisposable first = FramFile.Open(FramPath, part))
            Assert.ThrowsExactly<IOException>(() => FramFile.Open(FramPath, part));
        using IDisposable next = FramFile.Open(FramPath, part);
    }

    [TestMethod]
    public void TheUartCarriesEveryByteBothWaysAndOutlivesTheHost()
    {
        using PtyUart uart = new();
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        byte[] received = new byte[300];
        Assert.AreEqual(0, uart.Read(received, 0, 300, 0));
        for (int session = 0; session < 2; session++)
        {
            using FileStream host = OpenTerminal(uart.Path);
            host.Write(all);
            Receive(uart, received, 10, 256);
            CollectionAssert.AreEqual(all, received[10..266]);
            Assert.IsTrue(uart.Write(received, 10, 256));
            byte[] echo = new byte[256];
            host.ReadExactly(echo);
            CollectionAssert.AreEqual(all, echo);
        }
        Assert.AreEqual(0, uart.Read(received, 0, 300, 30));
    }

    [TestMethod]
    public void AReadReturnsWhatThereIsOrWaitsItsTime()
    {
        using PtyUart uart = new();
        using FileStream host = OpenTerminal(uart.Path);
        byte[] received = new byte[10];
        host.Write([1, 2, 3]);
        Assert.AreEqual(2, uart.Read(received, 0, 2, ChildProcess.GuardMs));
        Assert.AreEqual(1, uart.Read(received, 2, 8, ChildProcess.GuardMs));
        Stopwatch watch = Stopwatch.StartNew();
        Assert.AreEqual(0, uart.Read(received, 0, 10, 100));
        Assert.IsGreaterThan(90, watch.ElapsedMilliseconds);
    }

    [TestMethod]
    public void AHostThatDoesNotReadCostsItsTimeOnce()
    {
        using PtyUart uart = new();
        byte[] block = new byte[200_000];
        Stopwatch watch = Stopwatch.StartNew();
        Assert.IsFalse(uart.Write(block, 0, block.Length));
        Assert.IsGreaterThan(1900, watch.ElapsedMilliseconds);
        // If each cost its time, these would take half an hour.
        watch.Restart();
        for (int i = 0; i < 900; i++)
        {
            Assert.IsFalse(uart.Write(block, 0, block.Length));
            Assert.IsLessThan(ChildProcess.GuardMs, watch.ElapsedMilliseconds);
        }
        // It reads again: what is sent from now on arrives.
        using FileStream host = OpenTerminal(uart.Path);
        Task<bool> found = Task.Run(() =>
        {
            byte[] buffer = new byte[65536];
            while (true)
                if (buffer.AsSpan(0, host.Read(buffer)).Contains((byte)0x55))
                    return true;
        });
        watch.Restart();
        while (!found.Wait(20))
        {
            Assert.IsLessThan(ChildProcess.GuardMs, watch.ElapsedMilliseconds);
            uart.Write([0x55], 0, 1);
        }
    }

    [TestMethod]
    public void StopEndsAWait()
    {
        using PtyUart uart = new();
        Task<int> read = Task.Run(() => uart.Read(new byte[1], 0, 1, int.MaxValue));
        uart.Stop();
        Assert.IsTrue(read.Wait(ChildProcess.GuardMs));
        Assert.AreEqual(0, read.Result);
    }

    // Without it the reader would find back only when the host sends again.
    [TestMethod]
    public void ReopenThrowsAwayWhatHasArrivedAndKeepsTheTerminal()
    {
        using PtyUart uart = new();
        using FileStream host = OpenTerminal(uart.Path);
        byte[] received = new byte[10_000];
        int left = int.MaxValue;
        for (int tries = 0; tries < 100 && left > 0; tries++)
        {
            while (uart.Read(received, 0, received.Length, 100) > 0)
            {
            }
            host.Write(received, 0, 9000);
            Receive(uart, received, 0, 1000);
            uart.Reopen();
            left = uart.Read(received, 0, 10, 0); // The system carries them over in its own time: some may have come later.
        }
        Assert.AreEqual(0, left);
        host.Write([1, 2, 3]);
        do
            Receive(uart, received, 0, 1);
        while (received[0] == 0);
        Receive(uart, received, 1, 2);
        CollectionAssert.AreEqual(new byte[] { 1, 2, 3 }, received[..3]);
        Assert.IsTrue(uart.Write(received, 0, 3));
        host.ReadExactly(new byte[3]);
    }

    [TestMethod]
    public void TheLinkReplacesATerminalsLinkAndNothingElse()
    {
        File.CreateSymbolicLink(LinkPath, "/dev/pts/99999");
        using (TerminalLink link = new(LinkPath, "/dev/pts/12345"))
            Assert.AreEqual("/dev/pts/12345", new FileInfo(LinkPath).LinkTarget);
        Assert.IsNull(new FileInfo(LinkPath).LinkTarget);

        File.WriteAllText(FramPath, "precious");
        Assert.ThrowsExactly<IOException>(() => new TerminalLink(FramPath, "/dev/pts/12345"));
        Assert.ThrowsExactly<IOException>(() => new TerminalLink(folder, "/dev/pts/12345"));
        File.CreateSymbolicLink(LinkPath, FramPath);
        Assert.ThrowsExactly<IOException>(() => new TerminalLink(LinkPath, "/dev/pts/12345"));
        Assert.AreEqual("precious", File.ReadAllText(LinkPath));

        // Another board has taken the place meanwhile.
        string place = Path.Combine(folder, "place");
        using TerminalLink first = new(place, "/dev/pts/12345");
        using TerminalLink second = new(place, "/dev/pts/12346");
        first.Dispose();
        Assert.AreEqual("/dev/pts/12346", new FileInfo(place).LinkTarget);
    }

    [TestMethod]
    [DataRow(Signal.Terminate)]
    [DataRow(Signal.Interrupt)]
    public void ASignalStopsTheProcessCleanly(Signal signal)
    {
        using ChildProcess board = SimProcess.Start("--fram", FramPath, "--link", LinkPath);
        string? line = board.Output.ReadLine();
        Assert.AreEqual($"serial port: {new FileInfo(LinkPath).LinkTarget}", line);
        board.Send(signal);
        Assert.AreEqual("", board.Output.ReadToEnd());
        Assert.AreEqual(0, board.End());
        Assert.IsNull(new FileInfo(LinkPath).LinkTarget);
        Assert.AreEqual(SimPart.Default.StorageBytes, new FileInfo(FramPath).Length);
    }

    [TestMethod]
    public void AKilledProcessLeavesALinkThatTheNextReplaces()
    {
        using (ChildProcess board = SimProcess.Start("--fram", FramPath, "--link", LinkPath))
        {
            Assert.IsNotNull(board.Output.ReadLine());
            board.Send(Signal.Kill);
            Assert.AreEqual(128 + 9, board.End());
        }
        Assert.IsNotNull(new FileInfo(LinkPath).LinkTarget);
        using ChildProcess next = SimProcess.Start("--fram", FramPath, "--link", LinkPath);
        string? line = next.Output.ReadLine();
        Assert.AreEqual($"serial port: {new FileInfo(LinkPath).LinkTarget}", line);
        next.Send(Signal.Terminate);
        Assert.AreEqual(0, next.End());
    }

    // Else a client that waits for the killed board, of this test or of another one, would find the next board instead.
    [TestMethod]
    public void AKilledBoardsTerminalIsNoOtherBoards()
    {
        string port;
        using (SimProcess board = new(FramPath))
            port = board.Port;
        Assert.IsFalse(File.Exists(port));
        using SimProcess next = new(FramPath);
        Assert.AreNotEqual(port, next.Port);
    }

    [TestMethod]
    public void ASecondProcessOnTheSameFileIsRefused()
    {
        using ChildProcess first = SimProcess.Start("--fram", FramPath);
        Assert.IsNotNull(first.Output.ReadLine());
        using ChildProcess second = SimProcess.Start("--fram", FramPath);
        StringAssert.Contains(second.Errors.ReadToEnd(), FramPath);
        Assert.AreEqual(8, second.End());
        first.Send(Signal.Terminate);
        Assert.AreEqual(0, first.End());
    }

    [TestMethod]
    [DataRow("--chip", "MB85RS3", "CY15B108QI")]
    [DataRow("--cut-after", "-1", "--cut-after")]
    [DataRow("--cut-after", "x", "--cut-after")]
    [DataRow("--seed", "99999999999", "--seed")]
    [DataRow("--listen", "/tmp/x", "unix:PATH")]
    [DataRow("--listen", "tcp:70000", "tcp:HOST:PORT")]
    [DataRow("--drop", "3-2", "every:5")]
    [DataRow("--noise", "writ:3", "every:5")]
    [DataRow("--ring-dies", "101%", "every:5")]
    [DataRow("--window", "103", "104")]
    [DataRow("--what", "1", "--what")]
    public void AWrongOptionIsAnErrorThatHelps(string option, string value, string help)
    {
        using ChildProcess board = SimProcess.Start(option, value);
        StringAssert.Contains(board.Errors.ReadToEnd(), help);
        Assert.AreEqual("", board.Output.ReadToEnd());
        Assert.AreEqual(1, board.End());
    }

    [TestMethod]
    public void ThePowerCutEndsTheProcess()
    {
        using ChildProcess board = SimProcess.Start("--fram", FramPath, "--link", LinkPath, "--cut-after", "0");
        StringAssert.Contains(board.Errors.ReadToEnd(), "power cut after 0 bytes");
        Assert.AreEqual("", board.Output.ReadToEnd());
        Assert.AreEqual(7, board.End());
        Assert.IsNull(new FileInfo(LinkPath).LinkTarget);
    }

    [TestMethod]
    public void ASocketTakesTheTerminalsPlace()
    {
        string path = Path.Combine(folder, "socket");
        using (ChildProcess board = SimProcess.Start("--fram", FramPath, "--listen", "unix:" + path))
        {
            Assert.AreEqual($"serial port: unix:{path}", board.Output.ReadLine());
            using Socket host = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            host.Connect(new UnixDomainSocketEndPoint(path));
            // Killed, it leaves its socket behind.
            board.Send(Signal.Kill);
            Assert.AreEqual(128 + 9, board.End());
        }
        Assert.IsTrue(Path.Exists(path));
        using ChildProcess next = SimProcess.Start("--fram", FramPath, "--listen", "unix:" + path);
        Assert.AreEqual($"serial port: unix:{path}", next.Output.ReadLine());
        next.Send(Signal.Terminate);
        Assert.AreEqual(0, next.End());
        Assert.IsFalse(Path.Exists(path));
    }

    [TestMethod]
    [DataRow("tcp:0", false)]
    [DataRow("tcp:localhost:0", false)]
    [DataRow("tcp:0.0.0.0:0", true)]
    public void AnAddressThatOthersReachGetsAWarning(string address, bool isWarned)
    {
        using ChildProcess board = SimProcess.Start("--listen", address);
        StringAssert.StartsWith(board.Output.ReadLine(), "serial port: tcp:");
        board.Send(Signal.Terminate);
        Assert.AreEqual(0, board.End());
        Assert.AreEqual(isWarned, board.Errors.ReadToEnd().Contains("warning"));
    }

    [TestMethod]
    public void TheSeedIsTold()
    {
        using ChildProcess board = SimProcess.Start("--seed", "4711", "--cut-after", "0");
        StringAssert.Contains(board.Errors.ReadToEnd(), "seed: 4711");
        Assert.AreEqual(7, board.End());
    }

    // Waits for a host's bytes, however they come.
    private static void Receive(PtyUart uart, byte[] buffer, int offset, int count)
    {
        while (count > 0)
        {
            int read = uart.Read(buffer, offset, count, ChildProcess.GuardMs);
            Assert.AreNotEqual(0, read);
            offset += read;
            count -= read;
        }
    }

    private static FileStream OpenTerminal(string path) =>
        new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
}
