namespace NvsHost;

/// <summary>How an <see cref="NvsClient"/> uses the line. The defaults suit a board on a serial port and a simulated one alike.</summary>
public sealed record NvsClientOptions
{
    /// <summary>Speed of a serial port; without meaning on a pseudo-terminal.</summary>
    public int BaudRate { get; init; } = 921600;

    /// <summary>How long to wait for an answer, in milliseconds; the time the bytes need on the line comes on top.</summary>
    public int TimeoutMs { get; init; } = 2000;

    /// <summary>How long FORMAT may take, in milliseconds.</summary>
    public int FormatTimeoutMs { get; init; } = 30000;

    /// <summary>How long to wait for the first HELLO, in milliseconds: opening the port resets some boards, and they boot for up to 2 s.</summary>
    public int OpenTimeoutMs { get; init; } = 5000;

    /// <summary>How often a request is repeated without any progress before the line is given up.</summary>
    public int Retries { get; init; } = 4;

    /// <summary>
    /// Who asks, not 0. Null takes a random id. A program that wants to learn from <see cref="NvsClient.LastAsync"/> what it committed
    /// before its own restart gives the same id each time; no two programs that use one board may share an id.
    /// </summary>
    public uint? ClientId { get; init; }
}
