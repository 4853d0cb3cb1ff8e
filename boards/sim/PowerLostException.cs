using System;

namespace NvsSim;

/// <summary>The board has no power: thrown by every access to the chip from the cut on, until <see cref="FramModel.PowerUp"/>.</summary>
/// <remarks>
/// Not an IOException: it stands for the moment at which the firmware ceases to run, so nothing in the firmware may take it for an
/// error of the bus and carry on.
/// </remarks>
public sealed class PowerLostException : Exception
{
    /// <summary>Power is lost.</summary>
    public PowerLostException()
        : base("The board has lost power.")
    {
    }
}
