namespace NvsFirmware.Wire;

/// <summary>The serial line to the host: nanoFramework's SerialPort on a board, a pseudo-terminal in <c>boards/sim</c>.</summary>
public interface IUart
{
    /// <summary>Reads what has arrived, waiting for the first byte at most <paramref name="timeoutMs"/>.</summary>
    /// <param name="buffer">Receives the bytes.</param>
    /// <param name="offset">Index of the first byte stored.</param>
    /// <param name="count">The most bytes to read, at least 1.</param>
    /// <param name="timeoutMs">How long to wait for the first byte, in milliseconds; 0 does not wait.</param>
    /// <returns>The number of bytes read: 0 when none arrived in time, or the line is broken at the moment.</returns>
    int Read(byte[] buffer, int offset, int count, int timeoutMs);

    /// <summary>Sends bytes. Gives up, having sent a part or nothing, when the host does not take them: it never waits for ever.</summary>
    /// <param name="buffer">Holds the bytes.</param>
    /// <param name="offset">Index of the first byte.</param>
    /// <param name="count">How many bytes to send.</param>
    /// <returns>True when all was sent.</returns>
    bool Write(byte[] buffer, int offset, int count);

    /// <summary>Opens the line anew, if it is one that can go dead: what was not read yet is thrown away. Does not throw.</summary>
    void Reopen();
}
