namespace NvsFirmware.HostAdapter;

/// <summary>The buffer in which answers are put together, and their way to the host.</summary>
public sealed class AnswerFrame
{
    /// <summary>Where in <see cref="Buffer"/> the payload begins.</summary>
    public const int PayloadAt = Frame.HeaderBytes;

    private readonly IUart uart;
    private readonly Statistics statistics;
    private int type;
    private int request;
    private int part;

    /// <summary>A buffer for answers.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="statistics">Counts the answers.</param>
    /// <param name="largestDataBytes">The most bytes of a track in one answer.</param>
    public AnswerFrame(IUart uart, Statistics statistics, int largestDataBytes)
    {
        this.uart = uart;
        this.statistics = statistics;
        int largest = Payload.ReadAnswer.Data + largestDataBytes;
        Buffer = new byte[Frame.TotalBytes(largest > Payload.StatsAnswer.Bytes ? largest : Payload.StatsAnswer.Bytes)];
    }

    /// <summary>Holds the payload from <see cref="PayloadAt"/> on. Behind the longest payload there is room for its CRC-32.</summary>
    public byte[] Buffer { get; }

    /// <summary>Takes from a request's header what its answers repeat.</summary>
    public void Begin(byte[] frame)
    {
        type = Frame.Type(frame, 0) | FrameType.Answer;
        request = Frame.Request(frame, 0);
        part = Frame.Part(frame, 0);
    }

    /// <summary>Sends an answer without a payload.</summary>
    public void Send(Status status) => Send(status, part, 0);

    /// <summary>Sends an answer whose payload is in the buffer.</summary>
    public void Send(Status status, int payloadBytes) => Send(status, part, payloadBytes);

    /// <summary>Sends one of several answers to the same request.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="answerPart">Its number.</param>
    /// <param name="payloadBytes">Length of its payload.</param>
    /// <returns>True when all was sent.</returns>
    public bool Send(Status status, int answerPart, int payloadBytes)
    {
        if (status != Status.Ok && status != Status.Continue)
            statistics.Count(Counter.Refused);
        statistics.Count(Counter.FramesSent);
        int count = Frame.Seal(Buffer, type, status, request, answerPart, payloadBytes);
        return uart.Write(Buffer, 0, count);
    }

    /// <summary>Sends an answer to WRITE.</summary>
    /// <param name="status">Its status.</param>
    /// <param name="version">See <see cref="Payload.WriteAnswer.Version"/>.</param>
    /// <param name="nextPart">See <see cref="Payload.WriteAnswer.NextPart"/>.</param>
    public void SendWrite(Status status, int version, int nextPart)
    {
        Buffers.PutInt32(Buffer, PayloadAt + Payload.WriteAnswer.Version, version);
        Buffers.PutInt32(Buffer, PayloadAt + Payload.WriteAnswer.NextPart, nextPart);
        Send(status, part, Payload.WriteAnswer.Bytes);
    }
}
