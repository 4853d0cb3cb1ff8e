using System;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>What went wrong between this program and a board.</summary>
public abstract class NvsException : Exception
{
    private protected NvsException(string message, Exception? inner = null, WriteOutcome? outcome = null, WriteId? write = null)
        : base(message, inner)
    {
        Outcome = outcome;
        Write = write;
    }

    /// <summary>What is known of the write request; null when it was none.</summary>
    public WriteOutcome? Outcome { get; }

    /// <summary>The write request, to ask <see cref="NvsClient.OutcomeAsync"/> for; null when it was none, or none was ever sent.</summary>
    public WriteId? Write { get; }

    internal static string Tell(WriteOutcome outcome, WriteId? write) => outcome switch
    {
        WriteOutcome.Unknown => $"Whether {write} was committed is not known: ask LAST when the board answers again.",
        WriteOutcome.NotCommitted when write is not null => $"Nothing of {write} was committed.",
        WriteOutcome.NotCommitted => "Nothing of it was committed.",
        _ => $"{write} was committed.",
    };
}

/// <summary>The board answered no: nothing was changed, but for <see cref="Status.ChipError"/> in a format or repair.</summary>
public sealed class NvsRefusedException : NvsException
{
    /// <summary>Describes a refusal.</summary>
    /// <param name="status">What the board answered.</param>
    /// <param name="what">What was asked, for example "write track 5".</param>
    /// <param name="track">The track it is about, if it is about one.</param>
    /// <param name="actualVersion">With <see cref="Status.VersionMismatch"/>: the track's version, 0 if there is no such track.</param>
    /// <param name="detail">What else there is to say.</param>
    /// <param name="write">The write request, if it was one.</param>
    public NvsRefusedException(
        Status status, string what, uint? track = null, uint? actualVersion = null, string? detail = null, WriteId? write = null)
        : base(
            $"{what}: the board refused with {Name(status)}. {detail ?? Explain(status, actualVersion)}",
            null,
            write is null ? null : WriteOutcome.NotCommitted,
            write)
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
        Status.Conflict => "The request's number belongs to another request: does another program use the same id?",
        Status.NotNext => "The request before it is not the last commit of this client: does another program use the same id?",
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
        Status.BoardTooSmall => "The store's pieces are longer than this board's frames: use the board that formatted it.",
        Status.InternalError => "An unexpected error in the firmware, counted in stats; the request was not carried out.",
        _ => "This program does not know what that means: is the firmware newer?",
    };
}

/// <summary>
/// The line failed: no answer in time, the port is gone, or what came makes no sense. Also when the board cannot tell what became of
/// a write request, because its chip failed meanwhile.
/// </summary>
public sealed class NvsLineException : NvsException
{
    /// <summary>Describes a failure of the line.</summary>
    /// <param name="message">What happened, to what, and what to do.</param>
    /// <param name="isTimeout">True when the board was silent; false when the port itself failed.</param>
    /// <param name="inner">What the port said.</param>
    public NvsLineException(string message, bool isTimeout, Exception? inner = null)
        : base(message, inner) => IsTimeout = isTimeout;

    internal NvsLineException(NvsLineException cause, string what, WriteOutcome outcome, WriteId? write)
        : base($"{what}: {cause.Message} {Tell(outcome, write)}", cause, outcome, write) => IsTimeout = cause.IsTimeout;

    /// <summary>True when the board was silent; false when the port itself failed.</summary>
    public bool IsTimeout { get; }

    internal static NvsLineException NoSense(string what) =>
        new($"The board's answer makes no sense ({what}): does its firmware speak the protocol of this program?", false);
}

/// <summary>Why a port cannot be used.</summary>
public enum PortFault
{
    /// <summary>There is no such port.</summary>
    Missing,

    /// <summary>Another program has it.</summary>
    Busy,

    /// <summary>This user may not use it.</summary>
    Forbidden,

    /// <summary>It is there, but does not work, or is no serial port.</summary>
    Dead,
}

/// <summary>A port cannot be opened.</summary>
public sealed class NvsPortException : NvsException
{
    /// <summary>Describes it.</summary>
    /// <param name="fault">Why.</param>
    /// <param name="message">The same for a person, and what to do.</param>
    /// <param name="inner">What the system said.</param>
    public NvsPortException(PortFault fault, string message, Exception? inner = null)
        : base(message, inner) => Fault = fault;

    /// <summary>Why.</summary>
    public PortFault Fault { get; }
}

/// <summary>A write request was cancelled. It tells which, and what became of it.</summary>
public sealed class NvsCanceledException : OperationCanceledException
{
    internal NvsCanceledException(string what, WriteOutcome outcome, WriteId? write, System.Threading.CancellationToken ct)
        : base($"{what}: cancelled. {NvsException.Tell(outcome, write)}", ct)
    {
        Outcome = outcome;
        Write = write;
    }

    /// <summary>
    /// What is known of the write request. Never <see cref="WriteOutcome.Committed"/>: then its method returns as if not cancelled.
    /// </summary>
    public WriteOutcome Outcome { get; }

    /// <summary>The write request, to ask <see cref="NvsClient.OutcomeAsync"/> for; null when nothing of it was ever sent.</summary>
    public WriteId? Write { get; }
}
