using System;
using System.Collections.Generic;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.Costs;

/// <summary>How fast the line and the board of a <see cref="LineSimulation"/> are.</summary>
/// <param name="BaudRate">Bits per second, ten for each byte; 0: bytes take no time.</param>
/// <param name="LatencyUs">How much later a byte reaches the host's program, in microseconds: a USB adapter collects them.</param>
/// <param name="WindowBytes">The most frame bytes that the host sends unanswered; 0: one write request at a time.</param>
public sealed record LineSpeed(int BaudRate, int LatencyUs, int WindowBytes)
{
    /// <summary>A fast UART, and a USB adapter as it is delivered.</summary>
    public static LineSpeed Usual { get; } = new(921_600, 16_000, new BoardSettings().ReceiveWindowBytes);

    /// <summary>The same; the host waits for each commit.</summary>
    public static LineSpeed StopAndWait { get; } = Usual with { WindowBytes = 0 };

    /// <summary>The host waits for each commit on a line without an adapter.</summary>
    public static LineSpeed Direct { get; } = StopAndWait with { LatencyUs = 0 };

    /// <summary>No line: what the board alone can do.</summary>
    public static LineSpeed None { get; } = new(0, 0, int.MaxValue);
}

/// <summary>
/// The firmware at the end of a line that takes its time, with a host that sends write requests behind each other. The board's time is the
/// counted cost of what it executes. Events in their order, nothing random, no clock of this computer.
/// </summary>
internal sealed class LineSimulation : IUart, IClock
{
    // The ESP32's UART hands on what it received when 120 bytes are there, or after ten byte times without one. It sends from a FIFO.
    private const int ReceiveChunkBytes = 120;
    private const int PauseBytes = 10;
    private const int SendFifoBytes = 128;

    // Sums of fractions are not exact: an event that is nearly due is due, or the time would stand still before it.
    private const double NearlyUs = 0.01;

    private readonly LineSpeed speed;
    private readonly double byteUs;
    private readonly double allocationUs;
    private readonly FramModel chip;
    private readonly CostHost host;
    private readonly Firmware firmware;
    private readonly Queue<(double Us, byte Value)> onLine = new();
    private readonly Queue<byte> inFifo = new();
    private readonly Queue<byte> received = new();
    private readonly Queue<(double Us, byte[] Frame)> toHost = new();
    private readonly Queue<byte[]> toSend = new();
    private readonly Queue<int> unanswered = new();
    private double waitedUs;
    private double lastReceivedUs;
    private double hostLineFreeUs;
    private double boardLineFreeUs;
    private int unansweredBytes;
    private int answers;
    private double lastAnswerUs;
    private double firstSentUs;

    /// <param name="speed">Of the line.</param>
    /// <param name="allocationUs">
    /// Added to each write request's way to its answer and taken off what follows: as if segments were allocated inside the request.
    /// </param>
    private LineSimulation(LineSpeed speed, double allocationUs)
    {
        this.speed = speed;
        this.allocationUs = allocationUs;
        byteUs = speed.BaudRate == 0 ? 0 : 10_000_000.0 / speed.BaudRate;
        CostBoard board = CostBoard.Formatted();
        chip = board.Chip;
        host = board.Host;
        firmware = new Firmware(chip, this, this, board.Settings);
    }

    public long NowMs => (long)(NowUs / 1000);

    private double NowUs => waitedUs + new Cost(Counters.Now, chip.Bytes, chip.Transactions).BoardUs;

    /// <summary>Write requests of one track each, overwriting 16 tracks in turn (8 of 8 KiB); returns payload bytes per second.</summary>
    public static double BytesPerSecond(LineSpeed speed, int length, int requests, double allocationUs = 0)
    {
        LineSimulation simulation = new(speed, allocationUs);
        simulation.firmware.Boot();
        simulation.Connect();
        simulation.Run(length, requests);
        return requests * (double)length * 1_000_000 / (simulation.lastAnswerUs - simulation.firstSentUs);
    }

    /// <summary>The part of what a line can carry that payload is.</summary>
    public static double Share(LineSpeed speed, int length, int requests) =>
        BytesPerSecond(speed, length, requests) / (speed.BaudRate / 10.0);

    int IUart.Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        double deadlineUs = NowUs + timeoutMs * 1000.0;
        Receive();
        while (received.Count == 0 && NowUs < deadlineUs && (onLine.Count > 0 || inFifo.Count > 0 || toHost.Count > 0))
        {
            WaitUntil(Math.Min(deadlineUs, NextEventUs()));
            Receive();
        }
        int read = 0;
        while (read < count && received.TryDequeue(out byte value))
            buffer[offset + read++] = value;
        if (read == 0)
            WaitUntil(deadlineUs);
        return read;
    }

    bool IUart.Write(byte[] buffer, int offset, int count)
    {
        bool isWrite = buffer[offset + Frame.TypeAt] == (FrameType.Write | FrameType.Answer);
        waitedUs += isWrite ? allocationUs : 0;
        double endUs = Math.Max(NowUs, boardLineFreeUs) + count * byteUs;
        boardLineFreeUs = endUs;
        toHost.Enqueue((endUs + speed.LatencyUs, buffer[offset..(offset + count)]));
        WaitUntil(endUs - SendFifoBytes * byteUs);
        waitedUs -= isWrite ? allocationUs : 0;
        return true;
    }

    void IUart.Reopen()
    {
    }

    void IClock.Sleep(int durationMs) => waitedUs += durationMs * 1000.0;

    private bool CanSend => toSend.Count > 0
        && (unansweredBytes == 0 || unansweredBytes + toSend.Peek().Length + Frame.HeaderBytes <= speed.WindowBytes);

    private void Connect()
    {
        Send(host.Hello());
        while (answers == 0)
            firmware.Step(50);
    }

    private void Run(int length, int requests)
    {
        int tracks = length > 1024 ? 8 : 16;
        byte[] data = new byte[length];
        for (int i = 0; i < requests + tracks; i++)
        {
            data.AsSpan().Fill((byte)i);
            foreach (byte[] frame in host.Write(isBehind: i > 0 && speed.WindowBytes > 0, ((uint)(i % tracks), data)))
                toSend.Enqueue(frame);
        }
        int all = toSend.Count;
        int made = tracks * (all / (requests + tracks));
        for (int before = answers; answers - before < all;)
        {
            firmware.Step(50);
            if (firstSentUs == 0 && answers - before >= made)
                firstSentUs = lastAnswerUs;
        }
    }

    // What has happened until now: answers that reached the host, frames that it sent then, bytes that reached the board.
    private void Receive()
    {
        double nowUs = NowUs;
        while (toHost.TryPeek(out (double Us, byte[] Frame) answer) && answer.Us <= nowUs + NearlyUs)
        {
            toHost.Dequeue();
            Take(answer.Frame, answer.Us);
            SendAllowed();
        }
        SendAllowed();
        while (onLine.TryPeek(out (double Us, byte Value) next) && next.Us <= nowUs + NearlyUs)
        {
            FlushFifo(next.Us);
            onLine.Dequeue();
            inFifo.Enqueue(next.Value);
            lastReceivedUs = next.Us;
            if (inFifo.Count == ReceiveChunkBytes)
                FlushFifo(double.MaxValue);
        }
        FlushFifo(nowUs);
    }

    private void SendAllowed()
    {
        while (CanSend)
            Send(toSend.Dequeue());
    }

    private void FlushFifo(double nowUs)
    {
        if (nowUs < lastReceivedUs + PauseBytes * byteUs - NearlyUs)
            return;
        while (inFifo.TryDequeue(out byte value))
            received.Enqueue(value);
    }

    private void Take(byte[] answer, double atUs)
    {
        int status = answer[Frame.StatusAt];
        if (status > (int)Status.Continue)
            throw new InvalidOperationException($"the board answered {(Status)status}");
        if (answer[Frame.TypeAt] == (FrameType.Hello | FrameType.Answer))
        {
            host.Key = BitConverter.ToUInt32(answer, Frame.ArgumentAt);
            host.PieceBytes = Buffers.GetUInt16(answer, Frame.HeaderBytes + Payload.HelloAnswer.PieceBytes);
        }
        unansweredBytes -= unanswered.Dequeue();
        answers++;
        lastAnswerUs = atUs;
        hostLineFreeUs = Math.Max(hostLineFreeUs, atUs);
    }

    private void Send(byte[] frame)
    {
        unanswered.Enqueue(frame.Length);
        unansweredBytes += frame.Length;
        foreach (byte value in frame)
            onLine.Enqueue((hostLineFreeUs += byteUs, value));
    }

    private double NextEventUs()
    {
        double nextUs = double.MaxValue;
        if (onLine.TryPeek(out (double Us, byte Value) next))
            nextUs = next.Us;
        if (inFifo.Count > 0)
            nextUs = Math.Min(nextUs, lastReceivedUs + PauseBytes * byteUs);
        if (toHost.TryPeek(out (double Us, byte[] Frame) answer))
            nextUs = Math.Min(nextUs, answer.Us);
        return nextUs;
    }

    private void WaitUntil(double us) => waitedUs += Math.Max(0, us - NowUs);
}
