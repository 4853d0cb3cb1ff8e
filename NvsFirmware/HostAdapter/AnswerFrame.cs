using System;
using NvsFirmware.Wire;

namespace NvsFirmware.HostAdapter;

/// <summary>Answers: the header that repeats what the request said, and its way to the host.</summary>
/// <remarks>Invariant: what <see cref="Begin"/> took from the request stays until its last answer; its frame may be written over.</remarks>
public sealed class AnswerFrame
{
    /// <summary>The most entries in a page of LIST or VERIFY.</summary>
    public const int EntriesPerPage = 32;

    /// <summary>Holds a short payload, from <see cref="Frame.HeaderBytes"/> on: all answers but READ's.</summary>
    public readonly byte[] Buffer =
        new byte[Frame.TotalBytes(Payload.PageAnswer.Entries + EntriesPerPage * Payload.PageAnswer.EntryBytes)];

    private readonly IUart uart;
    private readonly FrameReader frames;
    private readonly int[] counters;
    private readonly byte[] header = new byte[Frame.HeaderBytes];

    /// <summary>Answers on a line.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="frames">Knows the session key.</param>
    /// <param name="counters">Count the answers, by <see cref="Counter"/>.</param>
    public AnswerFrame(IUart uart, FrameReader frames, int[] counters)
    {
        this.uart = uart;
        this.frames = frames;
        this.counters = counters;
        header[0] = Frame.Sync0;
        header[1] = Frame.Sync1;
    }

    /// <summary>Takes from a request's header what its answers repeat.</summary>
    public void Begin(byte[] frame)
    {
        byte[] to = header;
        Array.Copy(frame, Frame.NumberAt, to, Frame.NumberAt, Frame.ArgumentAt - Frame.NumberAt);
        to[Frame.TypeAt] = (byte)(frame[Frame.TypeAt] | FrameType.Answer);
        to[Frame.PayloadBytesAt] = 0;
        to[Frame.PayloadBytesAt + 1] = 0;
    }

    /// <summary>Sends an answer without a payload.</summary>
    public void Send(Status status, int argument) => Send(status, argument, frames.Key);

    /// <summary>Sends an answer without a payload under a key.</summary>
    public void Send(Status status, int argument, uint key)
    {
        byte[] to = header;
        if (status > Status.Continue)
            counters[Counter.Refused]++;
        counters[Counter.FramesSent]++;
        to[Frame.StatusAt] = (byte)status;
        Buffers.PutInt32(to, Frame.ArgumentAt, argument);
        Buffers.PutUInt32(to, Frame.HeaderCrcAt, Crc.Of(to, 0, Frame.HeaderCrcAt) ^ key);
        uart.Write(to, 0, Frame.HeaderBytes);
    }

    /// <summary>Sends an answer whose payload is in <see cref="Buffer"/>.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="argument">Its argument.</param>
    /// <param name="payloadBytes">Length of the payload.</param>
    /// <param name="key">The session key; 0 of the answer to HELLO.</param>
    public void Send(Status status, int argument, int payloadBytes, uint key)
    {
        Buffers.PutUInt32(Buffer, Frame.HeaderBytes + payloadBytes, Crc.Of(Buffer, Frame.HeaderBytes, payloadBytes));
        SendSealed(Buffer, status, argument, payloadBytes, key);
    }

    /// <summary>Sends one part of an answer to READ.</summary>
    /// <param name="buffer">Holds payload and CRC-32 where they stand in a frame.</param>
    /// <param name="status">Continue or Ok.</param>
    /// <param name="argument">The track's version.</param>
    /// <param name="payloadBytes">Length of the payload.</param>
    /// <returns>False when the host does not take it.</returns>
    public bool SendPart(byte[] buffer, Status status, int argument, int payloadBytes)
    {
        bool isTaken = SendSealed(buffer, status, argument, payloadBytes, frames.Key);
        if (status == Status.Continue)
            Buffers.PutUInt16(header, Frame.PartAt, Buffers.GetUInt16(header, Frame.PartAt) + 1);
        return isTaken;
    }

    /// <summary>Sends an answer that lacks only the request's number and the header's CRC-32.</summary>
    /// <param name="frame">The answer, which is completed in place.</param>
    /// <param name="count">Its length.</param>
    /// <param name="request">The request.</param>
    public void SendCopy(byte[] frame, int count, byte[] request)
    {
        counters[Counter.FramesSent]++;
        Array.Copy(request, Frame.NumberAt, frame, Frame.NumberAt, 4);
        Buffers.PutUInt32(frame, Frame.HeaderCrcAt, Crc.Of(frame, 0, Frame.HeaderCrcAt) ^ frames.Key);
        uart.Write(frame, 0, count);
    }

    /// <summary>Says that the place was lost, and which session there is.</summary>
    public void SendLost()
    {
        byte[] to = header;
        Array.Clear(to, Frame.TypeAt, Frame.HeaderBytes - Frame.TypeAt);
        counters[Counter.FramesSent]++;
        to[Frame.TypeAt] = FrameType.Lost;
        to[Frame.StatusAt] = (byte)Status.Lost;
        Buffers.PutUInt32(to, Frame.ArgumentAt, frames.Key);
        Buffers.PutUInt32(to, Frame.HeaderCrcAt, Crc.Of(to, 0, Frame.HeaderCrcAt));
        uart.Write(to, 0, Frame.HeaderBytes);
    }

    private bool SendSealed(byte[] buffer, Status status, int argument, int payloadBytes, uint key)
    {
        if (status > Status.Continue)
            counters[Counter.Refused]++;
        counters[Counter.FramesSent]++;
        Array.Copy(header, 0, buffer, 0, Frame.ArgumentAt);
        buffer[Frame.StatusAt] = (byte)status;
        buffer[Frame.PayloadBytesAt] = (byte)payloadBytes;
        buffer[Frame.PayloadBytesAt + 1] = (byte)(payloadBytes >> 8);
        Buffers.PutInt32(buffer, Frame.ArgumentAt, argument);
        Buffers.PutUInt32(buffer, Frame.HeaderCrcAt, Crc.Of(buffer, 0, Frame.HeaderCrcAt) ^ key);
        return uart.Write(buffer, 0, Frame.HeaderBytes + payloadBytes + Frame.CrcBytes);
    }
}
