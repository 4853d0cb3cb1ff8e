namespace NvsFirmware.Fram;

/// <summary>The SPI bus with one chip on it. Each call is one transaction: chip select goes low before it and high after it.</summary>
/// <remarks>
/// This is the seam between the firmware and the hardware. On a board it is nanoFramework's SpiDevice, which is concrete and not
/// virtual there; in <c>boards/sim</c> it is a bit-true chip model. Both throw a <see cref="FramException"/> when the bus itself fails.
/// </remarks>
public interface ISpiBus
{
    /// <summary>Clocks out all of an array.</summary>
    void Send(byte[] command);

    /// <summary>Clocks out <paramref name="count"/> bytes and ignores what comes back.</summary>
    /// <param name="buffer">Holds the bytes.</param>
    /// <param name="offset">Index of the first byte.</param>
    /// <param name="count">1 to <see cref="FramChip.LargestTransactionBytes"/>.</param>
    void Write(byte[] buffer, int offset, int count);

    /// <summary>Clocks out <paramref name="count"/> bytes and stores as many that come back, the first in with the first out.</summary>
    /// <param name="output">The bytes to send, from index 0; never the array that <paramref name="input"/> is.</param>
    /// <param name="input">Receives the bytes that come back.</param>
    /// <param name="inputOffset">Index in <paramref name="input"/> of the first byte received.</param>
    /// <param name="count">1 to <see cref="FramChip.LargestTransactionBytes"/>.</param>
    void Transfer(byte[] output, byte[] input, int inputOffset, int count);

    /// <summary>Clocks out all of one array and fills another one, of the same length, with what comes back.</summary>
    void Exchange(byte[] output, byte[] input);
}
