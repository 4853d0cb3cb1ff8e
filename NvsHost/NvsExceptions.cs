using System;
using NvsFirmware;

namespace NvsHost;

/// <summary>What went wrong between this program and a board.</summary>
public abstract class NvsException : Exception
{
    private protected NvsException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>The board answered, and the answer is no: nothing was changed, but for <see cref="Status.ChipError"/> in a format or repair.</summary>
public sealed class NvsRefusedException : NvsException
{
    /// <summary>Describes a refusal.</summary>
    /// <param name="status">What the board answered.</param>
    /// <param name="what">What was asked, for example "write track 5".</param>
    /// <param name="track">The track it is about, if it is about one.</param>
    /// <param name="actualVersion">With <see cref="Status.VersionMismatch"/>: the track's version, 0 if there is no such track.</param>
    public NvsRefusedException(Status status, string what, uint? track = null, uint? actualVersion = null)
        : base($"{what}: the board refused with {Name(status)}. {Explain(status, actualVersion)}")
    {
        Status = status;
        Track = track;
        ActualVersion = actualVersion;
    }

    /// <summary>What the board answered.</summary>
    public Status Status { get; }

    /// <summary>The track it is about, if it is about one.</summary>
    public uint? Track { get; }

    /// <summary>With <see cref="Status.VersionMismatch"/>: the track's version, 0 if there is no such track.</summary>
    public uint? ActualVersion { get; }

    /// <summary>The name of a status, also of one that only a later firmware knows.</summary>
    public static string Name(Status status) => Enum.IsDefined(status) ? status.ToString() : $"status 0x{(int)status:X2}";

    private static string Explain(Status status, uint? actualVersion) => status switch
    {
        Status.BadRequest => "A length, count or name in the request is not possible for this store.",
        Status.UnknownType => "Its firmware is older than this program: update it.",
        Status.TooLong => "A write request holds at most what one segment set holds: split it, or format with a larger set.",
        Status.WrongProtocol => "Update the firmware or this program, so that both speak the same protocol version.",
        Status.OldRequest => "This client id has committed a later request already: does another program use the same id?",
        Status.NotFound => "There is no such track in the store.",
        Status.Full => "There is no room for a new or longer track: release tracks that are stored elsewhere by now.",
        Status.VersionMismatch when actualVersion == 0 => "There is no such track.",
        Status.VersionMismatch => $"The track has version {actualVersion}: read it, then decide.",
        Status.TrackDamaged => "What the chip holds does not match its CRC-32: write the track anew, or give it up with repair.",
        Status.WrongName => "The name is not that of the store on the chip; info tells its id.",
        Status.NoChip => "No chip answers on its SPI bus: check the wiring and the supply.",
        Status.UnknownChip => "Its chip table does not know the chip: set the part's name in the board's settings.",
        Status.Blank => "The chip holds no store: format it by the name BLANK.",
        Status.StoreDamaged => "The store is damaged: repair by its id keeps what is whole, format by the name DAMAGED destroys it.",
        Status.NewerFormat => "The store was made by a later firmware: update the board; format by the store's id destroys it.",
        Status.Protected => "The chip's block protection is on: check its /WP pin and status register.",
        Status.ChipError => "The chip or the SPI bus failed: check the wiring and the supply, then verify.",
        Status.InternalError => "An unexpected error in the firmware, counted in stats; the request was not carried out.",
        _ => "This program does not know what that means: is the firmware newer?",
    };
}

/// <summary>What is known of a write request whose answer did not come.</summary>
public enum WriteOutcome
{
    /// <summary>It was no write request.</summary>
    NoWrite,

    /// <summary>It is certain that nothing of it was committed, and nothing will be.</summary>
    NotCommitted,

    /// <summary>All of it was committed, or nothing: LAST with the same client id tells once the board answers again.</summary>
    Unknown,
}

/// <summary>
/// The line failed: no answer in time, the port is gone, or what came makes no sense. Also when the board cannot tell what became of a write
/// request, because its chip failed meanwhile.
/// </summary>
public sealed class NvsLineException : NvsException
{
    /// <summary>Describes a failure of the line.</summary>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="isTimeout">True when the board was silent; false when the port itself failed.</param>
    /// <param name="inner">What the port said.</param>
    public NvsLineException(string message, bool isTimeout, Exception? inner = null)
        : base(message, inner) => IsTimeout = isTimeout;

    internal NvsLineException(NvsLineException cause, string what, WriteOutcome outcome, uint request)
        : base($"{what}: {cause.Message} " + (outcome == WriteOutcome.Unknown
            ? $"Whether request {request} was committed is not known; ask LAST when the board answers again."
            : "Nothing of it was committed."), cause)
    {
        IsTimeout = cause.IsTimeout;
        Outcome = outcome;
        Request = request;
    }

    /// <summary>True when the board was silent; false when the port itself failed.</summary>
    public bool IsTimeout { get; }

    /// <summary>What is known of the write request.</summary>
    public WriteOutcome Outcome { get; }

    /// <summary>The write request's number, to compare with what <see cref="NvsClient.LastAsync"/> tells; 0 when it was none.</summary>
    public uint Request { get; }
}
