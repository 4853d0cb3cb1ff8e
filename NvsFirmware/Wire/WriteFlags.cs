namespace NvsFirmware.Wire;

/// <summary>Flags of a WRITE frame.</summary>
public static class WriteFlags
{
    /// <summary>The last part: commit the request.</summary>
    public const int Last = 0x01;

    /// <summary>Refuse unless the track's version is the argument. In the first part of a track.</summary>
    public const int Expect = 0x02;

    /// <summary>No answer is wanted if it would be Continue: the host sends the next part without waiting for it.</summary>
    public const int Quiet = 0x04;

    /// <summary>The flags that any part may have.</summary>
    public const int AnyPart = 0x07;

    /// <summary>Refuse unless the client's request with the number before this one is its last commit. In part 0.</summary>
    public const int Behind = 0x08;

    /// <summary>The client only passes by: it pushes no client that stays out of the client table. In part 0.</summary>
    public const int Passing = 0x10;

    /// <summary>All flags there are.</summary>
    public const int All = 0x1F;
}
