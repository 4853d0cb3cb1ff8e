using System;
using System.IO;
using System.Net.Sockets;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>A socket as the line of an <see cref="NvsClient"/>. Throws an <see cref="IOException"/> when the other end is gone.</summary>
internal sealed class SocketUart : IUart, IDisposable
{
    private const int WriteTimeoutMs = 10_000;

    private readonly Socket socket;

    /// <summary>A connected socket, which it owns.</summary>
    public SocketUart(Socket socket)
    {
        this.socket = socket;
        socket.SendTimeout = WriteTimeoutMs;
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        try
        {
            if (!socket.Poll(TimeSpan.FromMilliseconds(timeoutMs), SelectMode.SelectRead))
                return 0;
            int read = socket.Receive(buffer, offset, count, SocketFlags.None);
            return read > 0 ? read : throw new IOException("the other end has closed it");
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        try
        {
            while (count > 0)
            {
                int sent = socket.Send(buffer, offset, count, SocketFlags.None);
                offset += sent;
                count -= sent;
            }
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
        {
            return false;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <summary>Nothing to do: a socket does not go dead, it breaks.</summary>
    public void Reopen()
    {
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();
}
