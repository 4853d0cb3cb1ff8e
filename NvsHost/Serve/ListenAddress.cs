using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Sockets;

namespace NvsHost.Serve;

/// <summary>
/// A socket on which programs are awaited: <c>unix:PATH</c>, <c>tcp:PORT</c> for this machine only, <c>tcp:HOST:PORT</c>, or one
/// that systemd gives.
/// </summary>
internal sealed class ListenAddress : IDisposable
{
    private const string Unix = "unix:";
    private const string Tcp = "tcp:";
    private const int WaitingGuests = 128;

    private readonly string? ownedPath;

    private ListenAddress(Socket socket, string name, string? ownedPath, bool isOpenToOthers)
    {
        Socket = socket;
        Name = name;
        this.ownedPath = ownedPath;
        IsOpenToOthers = isOpenToOthers;
    }

    /// <summary>The socket, which listens.</summary>
    public Socket Socket { get; }

    /// <summary>The address as a program names it.</summary>
    public string Name { get; }

    /// <summary>True when other machines may reach it: whoever can connect can read and overwrite the store.</summary>
    public bool IsOpenToOthers { get; }

    /// <summary>Listens.</summary>
    /// <param name="address">The address.</param>
    /// <param name="mode">Who may connect to a Unix socket: its permissions.</param>
    /// <exception cref="ArgumentException">It is none.</exception>
    /// <exception cref="IOException">Something is there already, or the system does not let it listen.</exception>
    public static ListenAddress Open(string address, UnixFileMode mode)
    {
        try
        {
            return address.StartsWith(Unix, StringComparison.Ordinal) && address.Length > Unix.Length
                ? OpenUnix(Path.GetFullPath(address[Unix.Length..]), mode)
                : address.StartsWith(Tcp, StringComparison.Ordinal) ? OpenTcp(EndPointOf(address[Tcp.Length..]))
                : throw new ArgumentException(
                    $"\"{address}\" is no address: say unix:PATH, tcp:PORT for this machine only, or tcp:HOST:PORT.");
        }
        catch (SocketException e)
        {
            throw new IOException($"Cannot listen at {address}: {e.Message}.", e);
        }
    }

    /// <summary>The sockets that systemd has opened for this process; none without it.</summary>
    public static IReadOnlyList<ListenAddress> FromSystemd()
    {
        const int FirstDescriptor = 3;
        List<ListenAddress> all = [];
        if (Environment.GetEnvironmentVariable("LISTEN_PID") != Environment.ProcessId.ToString(CultureInfo.InvariantCulture)
            || !int.TryParse(Environment.GetEnvironmentVariable("LISTEN_FDS"), CultureInfo.InvariantCulture, out int count))
            return all;
        for (int i = 0; i < count; i++)
        {
            Socket socket = new(new SafeSocketHandle(FirstDescriptor + i, true));
            bool isOpen = socket.LocalEndPoint is IPEndPoint ip && !IPAddress.IsLoopback(ip.Address);
            all.Add(new ListenAddress(socket, (socket.LocalEndPoint is IPEndPoint ? Tcp : Unix) + socket.LocalEndPoint, null, isOpen));
        }
        return all;
    }

    /// <summary>The host and port of <c>PORT</c>, on the loopback address, or of <c>HOST:PORT</c>.</summary>
    /// <exception cref="ArgumentException">It is neither, or nobody knows the host.</exception>
    public static IPEndPoint EndPointOf(string address)
    {
        if (address.StartsWith(Tcp, StringComparison.Ordinal))
            address = address[Tcp.Length..];
        int colon = address.LastIndexOf(':');
        string host = colon < 0 ? "" : address[..colon].Trim('[', ']');
        if (!ushort.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || colon == 0)
            throw new ArgumentException($"\"{address}\" is not PORT or HOST:PORT.");
        if (host.Length == 0)
            return new IPEndPoint(IPAddress.Loopback, port);
        try
        {
            return new IPEndPoint(IPAddress.TryParse(host, out IPAddress? ip) ? ip : Dns.GetHostAddresses(host)[0], port);
        }
        catch (SocketException e)
        {
            throw new ArgumentException($"There is no host {host}, of \"{address}\": {e.Message}.", e);
        }
    }

    /// <summary>Listens no longer; what it has made in the file system goes.</summary>
    public void Dispose()
    {
        Socket.Dispose();
        if (ownedPath is not null)
            File.Delete(ownedPath);
    }

    private static ListenAddress OpenTcp(IPEndPoint at)
    {
        Socket socket = new(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(at);
        socket.Listen(WaitingGuests);
        return new ListenAddress(socket, Tcp + socket.LocalEndPoint, null, !IPAddress.IsLoopback(at.Address));
    }

    private static ListenAddress OpenUnix(string path, UnixFileMode mode)
    {
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            throw new IOException($"The folder of {path} does not exist.");
        UnixDomainSocketEndPoint at = new(path);
        RemoveDead(path, at);
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(at);
        // Before it listens nobody can connect, so nobody comes in before the permissions are right.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, mode);
        socket.Listen(WaitingGuests);
        return new ListenAddress(socket, Unix + path, path, false);
    }

    // A server that was killed leaves its socket behind. Nothing else is removed.
    private static void RemoveDead(string path, UnixDomainSocketEndPoint at)
    {
        if (!Path.Exists(path))
            return;
        if (!IsSocket(path))
            throw new IOException($"{path} exists and is no socket: remove it, or choose another path.");
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(at);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        throw new IOException($"Another server listens at {path}.");
    }

    // A socket cannot be opened as a file; for writing too, because opening a pipe only to read would wait for a writer.
    private static bool IsSocket(string path)
    {
        if (Directory.Exists(path))
            return false;
        try
        {
            File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
