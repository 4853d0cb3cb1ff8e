namespace NvsHost.Commands;

/// <summary>How the command ends.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Usage = 1;
    public const int Interrupted = 2;
    public const int NoBoard = 3;
    public const int Line = 4;
    public const int Refused = 5;
    public const int Mismatch = 6;

    /// <summary>The power of a simulated board was cut, as it was told.</summary>
    public const int PowerCut = 7;

    public const int File = 8;
}
