using System;

namespace NvsFirmware.Fram;

/// <summary>The SPI bus or the chip on it failed. What the operation stored is not known: the store has to be mounted anew.</summary>
public sealed class FramException : Exception
{
    /// <summary>Tells what failed.</summary>
    public FramException(string message)
        : base(message)
    {
    }

    /// <summary>Tells what failed and why.</summary>
    public FramException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
