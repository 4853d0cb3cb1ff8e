using System;
using System.IO;
using System.IO.Ports;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>A serial port, or a pseudo-terminal, as the line of an <see cref="NvsClient"/>.</summary>
/// <remarks>
/// Both methods throw an <see cref="IOException"/> when the port is gone. One read is always pending and takes a whole block: each
/// blocking exchange with the port costs milliseconds, and a read that times out costs an exception.
/// </remarks>
internal sealed class SerialPortUart : IUart, IDisposable
{
    private const int BlockBytes = 16384;
    private const int CloseTimeoutMs = 500;

    private readonly SerialPort port;
    private readonly Stream stream;
    private readonly byte[] block = new byte[BlockBytes];
    private readonly int writeTimeoutMs;
    private readonly PortLock? portLock;
    private readonly TaskCompletionSource closed = new();
    private Task<int>? pending;
    private int start;
    private int end;

    /// <summary>Opens the port with 8N1 and no flow control.</summary>
    /// <param name="portName">For example /dev/ttyUSB0, COM5, or the path of a pseudo-terminal.</param>
    /// <param name="baudRate">Its speed.</param>
    /// <param name="writeTimeoutMs">How long a write may take, in milliseconds.</param>
    /// <param name="portLock">Is given up when the port is closed; may be null.</param>
    /// <exception cref="IOException">The port cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened, or another program has it.</exception>
    public SerialPortUart(string portName, int baudRate, int writeTimeoutMs, PortLock? portLock)
    {
        this.writeTimeoutMs = writeTimeoutMs;
        this.portLock = portLock;
        // DTR and RTS stay as the system raises them at opening: lowering one of them alone resets an ESP32, and boards with native USB
        // send nothing without DTR. A pseudo-terminal has neither and refuses.
        try
        {
            port = Open(portName, baudRate, writeTimeoutMs, true);
        }
        catch (IOException e) when (e is not FileNotFoundException)
        {
            port = Open(portName, baudRate, writeTimeoutMs, false);
        }
        stream = port.BaseStream;
    }

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        if (start == end)
        {
            try
            {
                pending ??= stream.ReadAsync(block, 0, block.Length);
                if (!pending.Wait(timeoutMs))
                {
                    _ = port.BytesToRead; // Throws when the port is gone. A read that begins while it fails may never end.
                    return 0;
                }
                start = 0;
                end = pending.Result;
                pending = null;
            }
            catch (Exception e)
            {
                throw new IOException("the port is gone", e is AggregateException { InnerException: { } inner } ? inner : e);
            }
            if (end == 0)
                throw new IOException("the other end of the port is closed");
        }
        int taken = Math.Min(count, end - start);
        Array.Copy(block, start, buffer, offset, taken);
        start += taken;
        return taken;
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        try
        {
            using CancellationTokenSource late = new(writeTimeoutMs);
            Task writing = stream.WriteAsync(buffer, offset, count, late.Token);
            // One that begins while the port fails, or is being closed, may never end.
            if (Task.WaitAny(writing, closed.Task) != 0)
                throw new IOException("the port is closed");
            writing.GetAwaiter().GetResult();
            return true;
        }
        catch (OperationCanceledException)
        {
            return false; // The board does not take it.
        }
        catch (Exception e) when (e is not IOException)
        {
            throw new IOException("the port is gone", e);
        }
    }

    /// <summary>Nothing to do: a computer's driver does not go dead, it fails.</summary>
    public void Reopen()
    {
    }

    /// <summary>Closes the port. Bytes that nobody takes can block that for ever, so it happens aside, with only a short wait.</summary>
    public void Dispose()
    {
        closed.TrySetResult();
        Thread closer = new(() =>
        {
            try
            {
                port.Dispose();
            }
            catch (Exception e) when (e is IOException or InvalidOperationException or UnauthorizedAccessException)
            {
                // The port is gone already.
            }
        })
        { IsBackground = true, Name = "nvs close" };
        closer.Start();
        closer.Join(CloseTimeoutMs);
        portLock?.Dispose();
    }

    private static SerialPort Open(string portName, int baudRate, int writeTimeoutMs, bool withModemLines)
    {
        SerialPort port = new(portName, baudRate, Parity.None, 8, StopBits.One)
        {
            Handshake = Handshake.None,
            ReadTimeout = SerialPort.InfiniteTimeout,
            WriteTimeout = writeTimeoutMs,
            DtrEnable = withModemLines,
            RtsEnable = withModemLines,
        };
        try
        {
            port.Open();
            return port;
        }
        catch
        {
            port.Dispose();
            throw;
        }
    }
}
