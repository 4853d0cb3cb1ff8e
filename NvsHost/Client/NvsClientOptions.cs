using System;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace NvsHost;

/// <summary>How an <see cref="NvsClient"/> uses the line. The defaults suit a board on a serial port and a simulated one alike.</summary>
public sealed record NvsClientOptions
{
    /// <summary>Speed of a serial port; without meaning on a pseudo-terminal or a socket.</summary>
    public int BaudRate { get; init; } = 921600;

    /// <summary>How long to wait for an answer, in milliseconds; the time the bytes need on the line comes on top.</summary>
    public int TimeoutMs { get; init; } = 2000;

    /// <summary>How long FORMAT may take, in milliseconds.</summary>
    public int FormatTimeoutMs { get; init; } = 30000;

    /// <summary>How long to wait for the first HELLO, in milliseconds: opening the port makes some boards boot, for up to 2 s.</summary>
    public int OpenTimeoutMs { get; init; } = 5000;

    /// <summary>How often a request is repeated without any progress before it, or the line, is given up.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>How long to wait for a port that another program has, in milliseconds.</summary>
    public int PortWaitMs { get; init; }

    /// <summary>
    /// Who asks, not 0. Null takes a random id. A program that wants to learn from LAST what it committed before its own restart gives the
    /// same id each time.
    /// </summary>
    public uint? ClientId { get; init; }

    /// <summary>True for a program that runs once and never asks again: it then pushes no other client out of the store's memory.</summary>
    public bool IsPassing { get; init; }

    /// <summary>
    /// True for a client that stays connected: when the line breaks or the board falls silent, requests wait until it is back; what was in
    /// doubt is settled by asking LAST, then they go on. Only what cannot be settled throws.
    /// </summary>
    public bool Reconnect { get; init; }

    /// <summary>The longest pause between two tries to reconnect, in milliseconds.</summary>
    public int ReconnectPauseMs { get; init; } = 2000;

    /// <summary>Is told what the conversation meets.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Tells the time.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    internal NvsClientOptions Checked()
    {
        if (ClientId == 0)
            throw new ArgumentException("A client id is not 0.");
        if (BaudRate < 1 || TimeoutMs < 1 || FormatTimeoutMs < 1 || OpenTimeoutMs < 1 || ReconnectPauseMs < 1)
            throw new ArgumentException("Baud rate and timeouts are positive.");
        if (Retries < 0 || PortWaitMs < 0)
            throw new ArgumentException("Retries and the wait for the port are not negative.");
        return this with { Logger = SafeLogger.Of(Logger) };
    }

    /// <summary>How long bytes need on the line, in milliseconds: ten bits each.</summary>
    internal int LineMs(int count) => (int)Math.Min(int.MaxValue / 4, count * 10_000L / BaudRate);
}
