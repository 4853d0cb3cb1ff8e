namespace NvsFirmware.Wire;

/// <summary>What a recovery found; bits, because several may be true.</summary>
public static class RecoveryFindings
{
    /// <summary>Nothing to do: power went when the board had come to rest.</summary>
    public const int Clean = 0;

    /// <summary>Commits behind the record, or not yet in the tables, were taken over.</summary>
    public const int RolledForward = 0x01;

    /// <summary>Blocks of a request that did not commit were discarded.</summary>
    public const int Discarded = 0x02;

    /// <summary>One copy of the superblock is damaged; the other serves, and the copy is written again.</summary>
    public const int SuperblockCopy = 0x04;

    /// <summary>A record, or a block that tells of a commit, is lost: who asked last is not known.</summary>
    public const int RecordLost = 0x08;

    /// <summary>Track entries are damaged, VERIFY names them.</summary>
    public const int TracksDamaged = 0x10;

    /// <summary>This board formatted the chip, which was blank.</summary>
    public const int Formatted = 0x20;
}
