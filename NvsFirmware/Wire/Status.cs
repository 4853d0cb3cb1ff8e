namespace NvsFirmware.Wire;

/// <summary>How a request ended: the status byte of every answer, and the result of every operation inside.</summary>
public enum Status : byte
{
    /// <summary>Done. For a write request: committed, it survives any power loss.</summary>
    Ok = 0x00,

    /// <summary>This frame was taken; more frames of the request, or of the answer, follow.</summary>
    Continue = 0x01,

    /// <summary>The frame's payload does not match its CRC-32, or stopped: send it again.</summary>
    BadCrc = 0x10,

    /// <summary>A field of the request has a value that is not possible or not defined.</summary>
    BadRequest = 0x11,

    /// <summary>This firmware does not know the request type.</summary>
    UnknownType = 0x12,

    /// <summary>A part of the write request is missing before this one: go on from the part that the answer names.</summary>
    WrongOrder = 0x13,

    /// <summary>The frame is longer than the board's largest, or the write request than a segment set.</summary>
    TooLong = 0x14,

    /// <summary>The board does not speak this version of the protocol; the answer tells which it speaks.</summary>
    WrongProtocol = 0x15,

    /// <summary>The client has decided a later request already, or this one in an earlier session: not applied. Ask LAST.</summary>
    OldRequest = 0x16,

    /// <summary>The number belongs to a request with other content: not applied.</summary>
    Conflict = 0x17,

    /// <summary>The request before this one is not the client's last commit: not applied.</summary>
    NotNext = 0x18,

    /// <summary>The receiver has lost its place: send again what is unanswered, or say HELLO if the session is another one.</summary>
    Lost = 0x19,

    /// <summary>The store holds no such track, or nothing of this client's.</summary>
    NotFound = 0x20,

    /// <summary>No room for a new or longer track. Every track can still be overwritten at its present length.</summary>
    Full = 0x21,

    /// <summary>The track's version is not the expected one; the answer tells the actual one.</summary>
    VersionMismatch = 0x22,

    /// <summary>The track's data or its metadata do not match their CRC-32; the other tracks are not affected.</summary>
    TrackDamaged = 0x23,

    /// <summary>The name given is not that of the store on the chip: nothing was formatted or repaired.</summary>
    WrongName = 0x24,

    /// <summary>No chip answers on the SPI bus.</summary>
    NoChip = 0x30,

    /// <summary>A chip answers, but the chip table does not know it.</summary>
    UnknownChip = 0x31,

    /// <summary>The chip holds no store.</summary>
    Blank = 0x32,

    /// <summary>The chip holds a store that cannot be read as a whole.</summary>
    StoreDamaged = 0x33,

    /// <summary>The chip holds a store of a later format than this firmware knows.</summary>
    NewerFormat = 0x34,

    /// <summary>The chip's block protection is on: nothing can be written.</summary>
    Protected = 0x35,

    /// <summary>The chip or the SPI bus failed during the request. What was committed, LAST tells.</summary>
    ChipError = 0x36,

    /// <summary>The store's pieces are longer than this board's frames: use the board that formatted it.</summary>
    BoardTooSmall = 0x37,

    /// <summary>An unexpected error inside the firmware, counted in the statistics.</summary>
    InternalError = 0x3F,
}
