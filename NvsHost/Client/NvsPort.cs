using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.IO.Ports;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>The places where a board can be: a serial port, a Unix socket (<c>unix:PATH</c>), a TCP port (<c>tcp:HOST:PORT</c>).</summary>
public static class NvsPort
{
    private const string Unix = "unix:";
    private const string Tcp = "tcp:";

    /// <summary>The serial ports that can be a board's: USB adapters and boards with USB of their own, not built-in ports.</summary>
    public static IReadOnlyList<string> Candidates()
    {
        SortedSet<string> ports = new(StringComparer.Ordinal);
        if (OperatingSystem.IsWindows())
        {
            ports.UnionWith(SerialPort.GetPortNames());
            return [.. ports];
        }
        foreach (string pattern in OperatingSystem.IsMacOS() ? new[] { "cu.usb*" } : ["ttyUSB*", "ttyACM*"])
            ports.UnionWith(Directory.EnumerateFiles("/dev", pattern));
        return [.. ports];
    }

    /// <summary>The bytes that are sent to a port to find out whether a board is there: a HELLO.</summary>
    /// <param name="number">Its number, which is random each time.</param>
    public static byte[] HelloBytes(uint number)
    {
        byte[] frame = new byte[Frame.HeaderBytes];
        Frame.Seal(frame, 0, FrameType.Hello, 0, (int)number, 0, Frame.ProtocolVersion, 0);
        return frame;
    }

    /// <summary>Opens a port, and has it alone if it is a serial one.</summary>
    internal static async Task<IUart> OpenAsync(string port, NvsClientOptions options, CancellationToken ct)
    {
        if (port.StartsWith(Unix, StringComparison.Ordinal))
        {
            UnixDomainSocketEndPoint socket = new(port[Unix.Length..]);
            return await ConnectAsync(port, socket, ProtocolType.Unspecified, ct).ConfigureAwait(false);
        }
        if (port.StartsWith(Tcp, StringComparison.Ordinal))
            return await ConnectAsync(port, TcpEndPoint(port), ProtocolType.Tcp, ct).ConfigureAwait(false);

        PortLock? portLock = OperatingSystem.IsWindows() ? null : await PortLock.TakeAsync(port, options, ct).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => new SerialPortUart(port, options.BaudRate, options.TimeoutMs, portLock), ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            portLock?.Dispose();
            throw Fault(port, e);
        }
        catch
        {
            portLock?.Dispose();
            throw;
        }
    }

    private static NvsPortException Fault(string port, Exception e) => e switch
    {
        FileNotFoundException => PortLock.Missing(port),
        UnauthorizedAccessException when OperatingSystem.IsWindows() || e.InnerException?.HResult == PortLock.DeviceBusy =>
            PortLock.Busy(port, PortLock.Holder(port)),
        UnauthorizedAccessException => PortLock.Dead(port, "it is none", e), // It could be opened, for the lock, but not set up.
        _ => PortLock.Dead(port, e.Message, e),
    };

    private static EndPoint TcpEndPoint(string port)
    {
        int colon = port.LastIndexOf(':');
        string host = colon > Tcp.Length ? port[Tcp.Length..colon].Trim('[', ']') : "";
        if (host.Length == 0
            || !ushort.TryParse(port.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
            || number == 0)
            throw new ArgumentException($"\"{port}\" is not tcp:HOST:PORT, for example tcp:localhost:7254.");
        return IPAddress.TryParse(host, out IPAddress? address) ? new IPEndPoint(address, number) : new DnsEndPoint(host, number);
    }

    private static async Task<IUart> ConnectAsync(string port, EndPoint to, ProtocolType protocol, CancellationToken ct)
    {
        Socket socket = to is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, protocol)
            : new Socket(SocketType.Stream, protocol) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(to, ct).ConfigureAwait(false);
            return new SocketUart(socket);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw e.SocketErrorCode switch
            {
                SocketError.AccessDenied => new NvsPortException(
                    PortFault.Forbidden, $"You may not use {port}: ask whoever runs its server for access to the socket.", e),
                SocketError.ConnectionRefused => new NvsPortException(
                    PortFault.Dead, $"Nobody serves {port}: is the server, or the simulated board, running?", e),
                _ when to is UnixDomainSocketEndPoint && !File.Exists(port[Unix.Length..]) => new NvsPortException(
                    PortFault.Missing, $"There is no socket {port[Unix.Length..]}: is the server, or the simulated board, running?", e),
                _ => new NvsPortException(PortFault.Missing, $"{port} cannot be reached: {e.Message}", e),
            };
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
