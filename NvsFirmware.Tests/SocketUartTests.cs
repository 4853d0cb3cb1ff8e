using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>The simulated board's serial port where it is a socket.</summary>
[TestClass]
[OnlyOnDotNet("needs sockets")]
public sealed class SocketUartTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;
    private readonly byte[] received = new byte[1000];

    private string SocketPath => Path.Combine(folder, "socket");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [DataRow("unix:")]
    [DataRow("tcp:0")]
    [DataRow("tcp:[::1]:0")]
    public void ItCarriesEveryByteBothWaysForOneHostAfterTheOther(string address)
    {
        using SocketUart uart = new(address == "unix:" ? address + SocketPath : address);
        byte[] all = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        Assert.AreEqual(0, uart.Read(received, 0, 300, 0));
        for (int i = 0; i < 3; i++)
        {
            using Socket host = Connect(uart);
            host.Send(all);
            Receive(uart, all);
            Assert.IsTrue(uart.Write(received, 10, 256));
            byte[] echo = new byte[256];
            using (NetworkStream stream = new(host))
                stream.ReadExactly(echo);
            CollectionAssert.AreEqual(all, echo);
        }
    }

    [TestMethod]
    public void TheSecondHostWaitsUntilTheFirstLeaves()
    {
        using SocketUart uart = new("unix:" + SocketPath);
        using Socket second = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (Socket first = Connect(uart))
        {
            first.Send([1]);
            Receive(uart, [1]);
            second.Connect(new UnixDomainSocketEndPoint(SocketPath));
            second.Send([2]);
            Assert.AreEqual(0, uart.Read(received, 0, 10, 50));
            first.Send([3]);
            Receive(uart, [3]);
        }
        Receive(uart, [2]);
    }

    [TestMethod]
    public void WithoutAHostTheBoardSendsIntoTheAir()
    {
        using SocketUart uart = new("unix:" + SocketPath);
        Assert.IsTrue(uart.Write(received, 0, 1000));
        using Socket host = Connect(uart);
        host.Send([1]);
        Receive(uart, [1]);
        Assert.IsTrue(uart.Write([7], 0, 1));
        Assert.AreEqual(1, host.Receive(received));
        Assert.AreEqual(7, received[0]);
    }

    [TestMethod]
    public void AHostThatDoesNotReadDoesNotHoldTheBoardForEver()
    {
        using SocketUart uart = new("unix:" + SocketPath);
        using Socket host = Connect(uart);
        host.Send([1]);
        Receive(uart, [1]);
        byte[] block = new byte[10_000_000];
        Assert.IsFalse(uart.Write(block, 0, block.Length));
        host.Send([2]);
        Receive(uart, [2]);
    }

    [TestMethod]
    public void ReopenThrowsAwayWhatHasArrivedAndKeepsTheHost()
    {
        using SocketUart uart = new("unix:" + SocketPath);
        using Socket host = Connect(uart);
        host.Send([1]);
        Receive(uart, [1]);
        host.Send(new byte[9000]);
        uart.Reopen();
        Assert.AreEqual(0, uart.Read(received, 0, 10, 0));
        host.Send([5]);
        Receive(uart, [5]);
    }

    [TestMethod]
    public void StopEndsAWaitWithAHostAndWithoutOne()
    {
        foreach (bool isConnected in new[] { false, true })
        {
            using SocketUart uart = new("unix:" + SocketPath);
            using Socket? host = isConnected ? Connect(uart) : null;
            Task<int> read = Task.Run(() => uart.Read(received, 0, 1, int.MaxValue));
            uart.Stop();
            Assert.IsTrue(read.Wait(ChildProcess.GuardMs));
            Assert.AreEqual(0, read.Result);
        }
    }

    // What is not a dead board's socket is somebody's.
    [TestMethod]
    public void OnlyADeadSocketIsReplaced()
    {
        using (Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(SocketPath));
            dead.Listen();
            Assert.ThrowsExactly<IOException>(() => new SocketUart("unix:" + SocketPath));
        }
        // .NET removes the file of a socket that it closes; a killed process does not.
        if (!File.Exists(SocketPath))
            MakeDeadSocket();
        using (new SocketUart("unix:" + SocketPath))
            Assert.ThrowsExactly<IOException>(() => new SocketUart("unix:" + SocketPath));
        Assert.IsFalse(File.Exists(SocketPath));

        string empty = Path.Combine(folder, "empty");
        File.WriteAllText(empty, "");
        Assert.ThrowsExactly<IOException>(() => new SocketUart("unix:" + empty));
        Assert.IsTrue(File.Exists(empty));
        Assert.ThrowsExactly<IOException>(() => new SocketUart("unix:" + folder));
        Assert.ThrowsExactly<IOException>(() => new SocketUart("unix:" + Path.Combine(folder, "no", "socket")));
        Assert.ThrowsExactly<IOException>(() => new SocketUart("unix:" + Path.Combine(folder, new string('x', 200))));
    }

    [TestMethod]
    public void OnlyItsUserMayConnect()
    {
        using SocketUart uart = new("unix:" + SocketPath);
        if (!OperatingSystem.IsWindows())
            Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
    }

    [TestMethod]
    public void TcpListensOnTheLoopbackAddressUnlessToldOtherwise()
    {
        using SocketUart near = new("tcp:0");
        StringAssert.StartsWith(near.Path, "tcp:127.0.0.1:");
        Assert.IsFalse(near.IsOpenToOthers);
        using SocketUart far = new("tcp:0.0.0.0:0");
        Assert.IsTrue(far.IsOpenToOthers);
        Assert.ThrowsExactly<IOException>(() => new SocketUart(near.Path));
    }

    [TestMethod]
    [DataRow("")]
    [DataRow("unix:")]
    [DataRow("tcp:")]
    [DataRow("tcp::5")]
    [DataRow("tcp:x")]
    [DataRow("tcp:1:x")]
    [DataRow("tcp:65536")]
    [DataRow("/dev/ttyUSB0")]
    public void WhatIsNoAddressIsRefused(string address) => Assert.ThrowsExactly<FormatException>(() => new SocketUart(address));

    // Waits for a host's bytes, however they come.
    private void Receive(SocketUart uart, byte[] expected)
    {
        int count = 0;
        while (count < expected.Length)
        {
            int read = uart.Read(received, 10 + count, expected.Length - count, ChildProcess.GuardMs);
            Assert.AreNotEqual(0, read);
            count += read;
        }
        CollectionAssert.AreEqual(expected, received[10..(10 + count)]);
    }

    private void MakeDeadSocket()
    {
        using ChildProcess board = SimProcess.Start("--listen", "unix:" + SocketPath);
        Assert.IsNotNull(board.Output.ReadLine());
        board.Send(Signal.Kill);
        board.End();
    }

    private static Socket Connect(SocketUart uart)
    {
        Socket socket;
        if (uart.Path.StartsWith("unix:"))
        {
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(uart.Path[5..]));
        }
        else
        {
            IPEndPoint at = IPEndPoint.Parse(uart.Path[4..]);
            socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(at);
        }
        return socket;
    }
}
