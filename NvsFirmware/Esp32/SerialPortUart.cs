using System;
using System.IO.Ports;
using System.Threading;
using NvsFirmware.Wire;

namespace NvsFirmware.Esp32;

/// <summary>The line to the host, over nanoFramework's SerialPort. It opens itself when first used, and again after a failure.</summary>
internal sealed class SerialPortUart : IUart
{
    // The largest answer takes 0.1 s at 921600 baud and 0.7 s at 115200; only a broken driver takes longer.
    private const int WriteTimeoutMs = 3000;

    // A sleeping thread wakes at the next tick of the ESP32's scheduler, up to 10 ms later. During a conversation the next frame comes
    // sooner than that, so the line is watched without sleeping for a while after each byte.
    private const int WatchMs = 20;
    private const int SleepMs = 1;
    private const int ReopenMs = 500;

    private readonly SerialPort port;
    private bool isOpen;
    private long lastTryMs;
    private long lastByteMs;

    /// <summary>Names the port; opens nothing yet.</summary>
    /// <param name="portName">COM2 or COM3; its pins must have been set before.</param>
    /// <param name="baudRate">Bits per second.</param>
    /// <param name="bufferBytes">The driver's read buffer: when more than this is unread, the driver throws all of it away.</param>
    public SerialPortUart(string portName, int baudRate, int bufferBytes)
    {
        port = new SerialPort(portName, baudRate, Parity.None, 8, StopBits.One)
        {
            Handshake = Handshake.None,
            ReadBufferSize = bufferBytes,
            WriteTimeout = WriteTimeoutMs,
        };
        lastTryMs = -ReopenMs;
    }

    /// <summary>Opens the port unless it is open; tried again at most twice a second.</summary>
    /// <returns>True when it is open.</returns>
    public bool Open()
    {
        if (isOpen)
            return true;
        long nowMs = Environment.TickCount64;
        if (nowMs - lastTryMs < ReopenMs)
            return false;
        lastTryMs = nowMs;
        try
        {
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
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        long startMs = Environment.TickCount64;
        while (true)
        {
            if (Open())
            {
                int readCount = ReadArrived(buffer, offset, count);
                if (readCount > 0)
                    return readCount;
            }

            long nowMs = Environment.TickCount64;
            if (nowMs - startMs >= timeoutMs)
                return 0;
            if (!isOpen || nowMs - lastByteMs > WatchMs)
                Thread.Sleep(SleepMs);
        }
    }

    /// <inheritdoc />
    public bool Write(byte[] buffer, int offset, int count)
    {
        if (!Open())
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

    // The driver's Read waits until all it was asked for is there, or throws: it is never asked for more than has arrived.
    private int ReadArrived(byte[] buffer, int offset, int count)
    {
        try
        {
            int arrivedCount = port.BytesToRead;
            if (arrivedCount == 0)
                return 0;
            if (count > arrivedCount)
                count = arrivedCount;
            count = port.Read(buffer, offset, count);
            lastByteMs = Environment.TickCount64;
            return count;
        }
        catch (Exception)
        {
            Close();
            return 0;
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
