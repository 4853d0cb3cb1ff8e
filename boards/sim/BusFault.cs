namespace NvsSim;

/// <summary>What can go wrong with one transaction on the SPI bus.</summary>
public enum BusFault
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The driver does nothing and says nothing: no clock reaches the chip, and a read leaves its buffer as it was.</summary>
    Dropped,

    /// <summary>The chip takes what is sent, but what comes back is noise.</summary>
    Noise,

    /// <summary>The chip has no contact: nothing reaches it, and a read gets FF.</summary>
    NoContact,

    /// <summary>The driver throws; nothing reaches the chip.</summary>
    Thrown,
}
