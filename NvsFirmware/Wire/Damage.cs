namespace NvsFirmware.Wire;

/// <summary>Kinds of damage that VERIFY and LIST tell.</summary>
public enum Damage : byte
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The track's entry in the track table does not match its CRC-32, or is not the one that was committed.</summary>
    Entry = 1,

    /// <summary>The track's data do not match their CRC-32.</summary>
    Data = 2,

    /// <summary>A copy of the superblock is damaged.</summary>
    Superblock = 3,

    /// <summary>A record, or a block that tells of a commit, is damaged.</summary>
    Record = 4,

    /// <summary>An entry of the client table is damaged.</summary>
    Client = 5,

    /// <summary>Several entries of the track table are not those that were committed, and it is not known which.</summary>
    Table = 6,
}
