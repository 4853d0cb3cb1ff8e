using System;
using System.IO;

namespace NvsHost.Commands;

/// <summary>Why a command did not do what it was to do: for a person its message, with --json all of it.</summary>
/// <param name="Message">What happened, to what, and what to do.</param>
/// <param name="ExitCode">See <see cref="Commands.ExitCode"/>.</param>
internal sealed record Failure(string Message, int ExitCode)
{
    /// <summary>What the board answered, if it refused; by name.</summary>
    public string? Status { get; init; }

    /// <summary>The track that it is about, if it is about one.</summary>
    public uint? Track { get; init; }

    /// <summary>The version that the track has, where another one was expected; 0: there is no such track.</summary>
    public uint? ActualVersion { get; init; }

    /// <summary>Why the port cannot be used, if it cannot.</summary>
    public PortFault? Port { get; init; }

    /// <summary>What became of the write request, if it was one.</summary>
    public WriteOutcome? Outcome { get; init; }

    /// <summary>The write request, if one was sent.</summary>
    public WriteId? Write { get; init; }

    /// <summary>The command line is wrong.</summary>
    public static Failure OfUsage(string message) => new(message, Commands.ExitCode.Usage);

    /// <summary>What an exception comes to; null for one that nobody expects.</summary>
    /// <param name="e">The exception.</param>
    /// <param name="isInterrupted">True after Ctrl-C.</param>
    /// <param name="doing">What was under way that changes the store and is no write request; null: nothing.</param>
    public static Failure? Of(Exception e, bool isInterrupted, string? doing)
    {
        if (e is NvsCanceledException canceled)
            return new Failure($"Interrupted. {e.Message}", Commands.ExitCode.Interrupted)
            {
                Outcome = canceled.Outcome,
                Write = canceled.Write,
            };
        // A terminal interrupts a board of this computer too: then the line breaks, and what became of the request is what counts.
        if (isInterrupted && e is NvsException { Outcome: not null } cut)
            return new Failure($"Interrupted. {e.Message}", Commands.ExitCode.Interrupted) { Outcome = cut.Outcome, Write = cut.Write };
        if (isInterrupted && e is OperationCanceledException or NvsException or NoBoardException)
            return new Failure(
                doing is null
                    ? "Interrupted. Nothing was written."
                    : $"Interrupted. Whether {doing} was done is not known: nvs info tells.",
                Commands.ExitCode.Interrupted);
        return e switch
        {
            NoBoardException { InnerException: NvsPortException port } =>
                new Failure(e.Message, Commands.ExitCode.NoBoard) { Port = port.Fault },
            NoBoardException => new Failure(e.Message, Commands.ExitCode.NoBoard),
            NvsPortException port => new Failure(e.Message, Commands.ExitCode.NoBoard) { Port = port.Fault },
            NvsLineException line => new Failure(e.Message, Commands.ExitCode.Line) { Outcome = line.Outcome, Write = line.Write },
            NvsRefusedException refused => new Failure(
                e.Message, refused.Status == NvsFirmware.Wire.Status.TrackDamaged ? Commands.ExitCode.Mismatch : Commands.ExitCode.Refused)
            {
                Status = NvsRefusedException.Name(refused.Status),
                Track = refused.Track,
                ActualVersion = refused.ActualVersion,
                Outcome = refused.Outcome,
                Write = refused.Write,
            },
            MismatchException => new Failure(e.Message, Commands.ExitCode.Mismatch),
            ArgumentException => OfUsage(e.Message),
            IOException or UnauthorizedAccessException => new Failure(e.Message, Commands.ExitCode.File),
            _ => null,
        };
    }
}

/// <summary>No board can be reached.</summary>
internal sealed class NoBoardException(string message, Exception? inner) : Exception(message, inner);
