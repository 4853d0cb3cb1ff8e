using System;
using System.Net.Sockets;
using System.Text;

namespace NvsHost.Serve;

/// <summary>Tells the service manager (systemd) how the server is: the protocol of sd_notify, a datagram to the socket that NOTIFY_SOCKET names.</summary>
internal static class ServiceManager
{
    /// <summary>It serves.</summary>
    public static void Ready(string status) => Send($"READY=1\nSTATUS={status}");

    /// <summary>What <c>systemctl status</c> shows.</summary>
    public static void Status(string status) => Send($"STATUS={status}");

    /// <summary>It ends.</summary>
    public static void Stopping() => Send("STOPPING=1");

    private static void Send(string message)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 0 } path)
            return;
        try
        {
            using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // @ stands for the zero of a name that is in no file system.
            socket.SendTo(Encoding.UTF8.GetBytes(message), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
        catch (SocketException)
        {
            // Nobody listens: then nobody waits for it.
        }
    }
}
