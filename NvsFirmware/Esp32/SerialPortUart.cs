using System;
using System.IO.Ports;
using System.Threading;
using NvsFirmware.Wire;

namespace NvsFirmware.Esp32;

/// <summary>The line to the host, over nanoFramework's SerialPort. It opens itself when first used, and again after a failure.</summary>
/// <remarks>
/// The driver's own task and the interpreter change the count of its receive ring without a lock, so the count can go wrong, and with it
/// the port is dead. Opening it anew makes a new ring: <see cref="Reopen"/>, and by itself where a wrong count shows.
/// </remarks>
internal sealed class SerialPortUart : IUart
{
    // The driver's Read is never asked for more than has arrived; it would wait for the rest for ever if the count were wrong.
    private const int ReadTimeoutMs = 100;

    // Only a broken driver needs longer for an answer than its bits take, and this.
    private const int SpareWriteMs = 2000;
    private const int BitsPerByte = 10;

    // A sleeping thread wakes at the next tick of the ESP32's scheduler, up to 10 ms later. During a conversation the next frame comes
    // sooner than that, so the line is watched without sleeping for a while after each byte.
    private const int WatchMs = 20;
    private const int SleepMs = 1;
    private const int RetryMs = 500;

    private readonly SerialPort port;
    private bool isOpen;
    private long lastTryMs;
    private bool isByteNew;
    private long watchUntilMs;

    /// <summary>Names the port; opens nothing yet.</summary>
    /// <param name="portName">COM2 or COM3; its pins must have been set before.</param>
    /// <param name="baudRate">Bits per second.</param>
    /// <param name="bufferBytes">
    /// The driver's read buffer, at least a longest frame: when more than this is unread, the driver throws all of it away.
    /// </param>
    public SerialPortUart(string portName, int baudRate, int bufferBytes)
    {
        port = new SerialPort(portName, baudRate, Parity.None, 8, StopBits.One)
        {
            Handshake = Handshake.None,
            ReadBufferSize = bufferBytes,
            ReadTimeout = ReadTimeoutMs,
            WriteTimeout = SpareWriteMs + (int)((long)bufferBytes * BitsPerByte * 1000 / baudRate),
            // Else each piece that arrives posts an event, 250 instructions and a pinned object, to nobody.
            ReceivedBytesThreshold = int.MaxValue,
        };
        lastTryMs = -RetryMs;
    }

    /// <summary>Opens the port unless it is open; tried again at most twice a second.</summary>
    /// <returns>True when it is open.</returns>
    public bool Open()
    {
        if (isOpen)
            return true;
        long nowMs = Environment.TickCount64;
        if (nowMs - lastTryMs < RetryMs)
            return false;
        lastTryMs = nowMs;
        try
        {
            // It is when closing it failed.
            if (port.IsOpen)
                port.Close();
            port.Open();
            isOpen = true;
        }
        catch (Exception e)
        {
            Console.WriteLine(port.PortName + " does not open: " + e.Message);
        }

        return isOpen;
    }

    /// <inheritdoc />
    public void Reopen()
    {
        Close();
        lastTryMs = Environment.TickCount64 - RetryMs;
        Open();
    }

    /// <inheritdoc />
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        bool isWaiting = false;
        long endMs = 0;
        while (true)
        {
            if (isOpen || Open())
            {
                try
                {
                    int arrived = port.BytesToRead;
                    if (arrived != 0)
                    {
                        if (arrived > count)
                            arrived = count;
                        int read = port.Read(buffer, offset, arrived);
                        // The ring does not hold what its count says.
                        if (read != arrived)
                            Close();
                        isByteNew = true;
                        return read;
                    }
                }
                catch (Exception)
                {
                    Close();
                }
            }

            if (timeoutMs <= 0)
                return 0;
            long nowMs = Environment.TickCount64;
            if (!isWaiting)
            {
                isWaiting = true;
                endMs = nowMs + timeoutMs;
                if (isByteNew)
                    watchUntilMs = nowMs + WatchMs;
                isByteNew = false;
            }
            else if (nowMs >= endMs)
                return 0;
            if (!isOpen || nowMs > watchUntilMs)
                Thread.Sleep(SleepMs);
        }
    }

    /// <inheritdoc />
    public bool Write(byte[] buffer, int offset, int count)
    {
        if (!isOpen && !Open())
            return false;
        try
        {
            port.Write(buffer, offset, count);
            return true;
        }
        catch (Exception)
        {
            // Also after a timeout: the driver still sends from the buffer, which the next answer would overwrite.
            Close();
            return false;
        }
    }

    // Keeps the object: a second SerialPort of the same name could not be made while the driver remembers the first one.
    private void Close()
    {
        isOpen = false;
        try
        {
            port.Close();
        }
        catch (Exception)
        {
            // Opening again tells whether the port recovered.
        }
    }
}
