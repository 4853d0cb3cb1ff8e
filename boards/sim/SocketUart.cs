using System;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;

namespace NvsSim;

/// <summary>A UART whose other end is a socket. One host at a time; the next one has to wait until the one before it leaves.</summary>
public sealed class SocketUart : ISimPort
{
    private const string UnixPrefix = "unix:";
    private const string TcpPrefix = "tcp:";
    private const int WriteTimeoutMs = 2000;
    private const int WaitingHosts = 16;

    // A wait is cut in slices, so that Stop ends it soon.
    private const int SliceMs = 20;

    // Reopen throws away what has arrived, but ends if a host sends and sends.
    private const int MostReopenReads = 64;

    private readonly Socket listener;
    private readonly string? socketPath;
    private Socket? host;
    private volatile bool isStopped;
    private bool isStalled;

    /// <summary>Listens.</summary>
    /// <param name="address">
    /// <c>unix:PATH</c>, <c>tcp:PORT</c> on this machine's loopback address, or <c>tcp:HOST:PORT</c>; port 0: any free one.
    /// </param>
    /// <exception cref="FormatException">It is none of these.</exception>
    /// <exception cref="IOException">Something is there already, or the system does not let it listen.</exception>
    public SocketUart(string address)
    {
        try
        {
            if (address.StartsWith(UnixPrefix, StringComparison.Ordinal) && address.Length > UnixPrefix.Length)
            {
                socketPath = System.IO.Path.GetFullPath(address[UnixPrefix.Length..]);
                listener = ListenAt(socketPath);
                Path = UnixPrefix + socketPath;
            }
            else if (address.StartsWith(TcpPrefix, StringComparison.Ordinal))
            {
                IPEndPoint at = ParseEndPoint(address);
                listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                listener.Bind(at);
                Path = TcpPrefix + listener.LocalEndPoint;
                IsOpenToOthers = !IPAddress.IsLoopback(at.Address);
            }
            else
                throw Wrong(address);
            listener.Listen(WaitingHosts);
        }
        catch (SocketException e)
        {
            listener?.Dispose();
            throw new IOException($"Cannot listen at {address}: {e.Message}.", e);
        }
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <summary>True when other machines may reach it: whoever can connect can read and overwrite the store.</summary>
    public bool IsOpenToOthers { get; }

    /// <inheritdoc/>
    public bool IsStopped => isStopped;

    /// <inheritdoc/>
    public void Stop() => isStopped = true;

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        long endMs = Environment.TickCount64 + timeoutMs;
        while (!isStopped)
        {
            long leftMs = Math.Max(0, endMs - Environment.TickCount64);
            if (WaitFor(SelectMode.SelectRead, leftMs))
            {
                if (host == null)
                    Accept();
                else if (Receive(buffer, offset, count) is > 0 and int read)
                    return read;
            }
            else if (leftMs == 0)
                return 0;
        }
        return 0;
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        // Nobody listens: the bits go into the air.
        if (host == null)
            return true;
        // A host that reads nothing costs the time-out once, not once an answer.
        if (isStalled && !WaitFor(SelectMode.SelectWrite, 0))
            return false;
        long endMs = Environment.TickCount64 + WriteTimeoutMs;
        while (count > 0)
        {
            long leftMs = endMs - Environment.TickCount64;
            isStalled = leftMs <= 0 || !WaitFor(SelectMode.SelectWrite, leftMs);
            if (isStalled)
                return false;
            int sent = host.Send(buffer, offset, count, SocketFlags.None, out SocketError error);
            if (error is not SocketError.Success and not SocketError.WouldBlock)
            {
                Leave();
                return false;
            }
            offset += sent;
            count -= sent;
        }
        return true;
    }

    /// <summary>Throws away what has arrived. The host stays connected, as one at a real board's line does.</summary>
    public void Reopen()
    {
        byte[] bin = new byte[4096];
        for (int i = 0; i < MostReopenReads && host != null && Read(bin, 0, bin.Length, 0) > 0; i++)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        host?.Dispose();
        listener.Dispose();
        if (socketPath != null)
            File.Delete(socketPath);
    }

    // Waits for the host's bytes, or for a host.
    private bool WaitFor(SelectMode mode, long timeoutMs)
    {
        long endMs = Environment.TickCount64 + timeoutMs;
        while (!isStopped)
        {
            long leftMs = Math.Max(0, endMs - Environment.TickCount64);
            if ((host ?? listener).Poll((int)Math.Min(leftMs, SliceMs) * 1000, mode))
                return true;
            if (leftMs == 0)
                return false;
        }
        return false;
    }

    private void Accept()
    {
        try
        {
            host = listener.Accept();
            host.Blocking = false;
            if (host.ProtocolType == ProtocolType.Tcp)
                host.NoDelay = true;
            isStalled = false;
        }
        catch (SocketException)
        {
            // It left before it was let in.
            Leave();
        }
    }

    private int Receive(byte[] buffer, int offset, int count)
    {
        int read = host!.Receive(buffer, offset, count, SocketFlags.None, out SocketError error);
        if (read == 0 && error != SocketError.WouldBlock)
            Leave();
        return read;
    }

    private void Leave()
    {
        host?.Dispose();
        host = null;
    }

    private static Socket ListenAt(string path)
    {
        UnixDomainSocketEndPoint at;
        try
        {
            at = new UnixDomainSocketEndPoint(path);
        }
        catch (ArgumentException e)
        {
            throw new IOException($"'{path}' cannot be a socket's path: {e.Message}", e);
        }
        if (!Directory.Exists(System.IO.Path.GetDirectoryName(path)))
            throw new IOException($"The folder of '{path}' does not exist.");
        if (System.IO.Path.Exists(path))
            RemoveDeadSocket(path, at);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(at);
        // Whoever can connect can read and overwrite the store.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return socket;
    }

    // A board that was killed leaves its socket behind. Nothing else is removed.
    private static void RemoveDeadSocket(string path, UnixDomainSocketEndPoint at)
    {
        if (IsFileOrFolder(path))
            throw new IOException($"'{path}' exists and is no socket. Remove it, or choose another path with --listen.");
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(at);
        }
        catch (SocketException)
        {
            File.Delete(path);
            return;
        }
        throw new IOException($"Another board listens at '{path}'.");
    }

    // A socket cannot be opened as a file; for writing too, because opening a pipe only to read would wait for a writer.
    private static bool IsFileOrFolder(string path)
    {
        if (Directory.Exists(path))
            return true;
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return true;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static IPEndPoint ParseEndPoint(string address)
    {
        string rest = address[TcpPrefix.Length..];
        int colon = rest.LastIndexOf(':');
        string name = colon < 0 ? "" : rest[..colon].TrimStart('[').TrimEnd(']');
        if (!int.TryParse(rest[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port > IPEndPoint.MaxPort)
            throw Wrong(address);
        if (name.Length == 0)
            return colon < 0 ? new IPEndPoint(IPAddress.Loopback, port) : throw Wrong(address);
        return new IPEndPoint(IPAddress.TryParse(name, out IPAddress? ip) ? ip : Dns.GetHostAddresses(name)[0], port);
    }

    private static FormatException Wrong(string address) =>
        new($"'{address}' is no address. Say unix:PATH, tcp:PORT for this machine only, or tcp:HOST:PORT.");
}
