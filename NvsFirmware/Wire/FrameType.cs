namespace NvsFirmware.Wire;

/// <summary>What a frame asks; its answer has the same type with <see cref="Answer"/> added.</summary>
public static class FrameType
{
    /// <summary>Who are you? Begins a session. Protocol and firmware version, board, chip, store, limits.</summary>
    public const int Hello = 0x01;

    /// <summary>The store in detail: geometry, sets, flag, last recovery.</summary>
    public const int Info = 0x02;

    /// <summary>Counters since boot.</summary>
    public const int Stats = 0x03;

    /// <summary>Which of a client's write requests was committed last?</summary>
    public const int Last = 0x04;

    /// <summary>A part of a write request: stores or releases one track; the last part commits the whole request.</summary>
    public const int Write = 0x10;

    /// <summary>Reads a track.</summary>
    public const int Read = 0x11;

    /// <summary>Lists tracks, a page at a time.</summary>
    public const int List = 0x12;

    /// <summary>Checks data and metadata, a page at a time.</summary>
    public const int Verify = 0x13;

    /// <summary>Formats the chip.</summary>
    public const int Format = 0x14;

    /// <summary>Gives up what is damaged, so that the rest is whole again.</summary>
    public const int Repair = 0x15;

    /// <summary>This bit tells an answer from a request.</summary>
    public const int Answer = 0x80;

    /// <summary>An answer to nothing: the receiver has lost its place.</summary>
    public const int Lost = 0x80;

    /// <summary>A type with one of these bits is said within a session: all but HELLO, its answer, LOST, and 00, which is none.</summary>
    public const int KeyedBits = 0x7E;
}
