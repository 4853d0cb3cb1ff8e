namespace NvsFirmware.Nvs;

/// <summary>What a recovery found; bits, because several may be true.</summary>
public static class RecoveryFindings
{
    /// <summary>Nothing to do: power went between two requests.</summary>
    public const int Clean = 0;

    /// <summary>Power went between the commit and the end of the bookkeeping after it: the commit was rolled forward.</summary>
    public const int RolledForward = 0x01;

    /// <summary>A record is torn: power went during the commit, before its instant, and the request was discarded.</summary>
    public const int Discarded = 0x02;

    /// <summary>One copy of the superblock is damaged; the other serves, and the copy is written again.</summary>
    public const int SuperblockCopy = 0x04;

    /// <summary>The newest record is damaged: tracks are as committed, but who asked last is not known.</summary>
    public const int RecordLost = 0x08;

    /// <summary>Track entries are damaged, VERIFY names them.</summary>
    public const int TracksDamaged = 0x10;

    /// <summary>This board formatted the chip, which was blank.</summary>
    public const int Formatted = 0x20;
}
