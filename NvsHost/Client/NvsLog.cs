using System;
using Microsoft.Extensions.Logging;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>What the conversation tells a logger.</summary>
internal static partial class NvsLog
{
    [LoggerMessage(1, LogLevel.Information, "Board {Board}, store {State} {Store}.")]
    public static partial void Greeted(ILogger logger, string board, Status state, string store);

    [LoggerMessage(2, LogLevel.Debug, "{Frames} frames are unanswered for too long.")]
    public static partial void Overdue(ILogger logger, int frames);

    [LoggerMessage(3, LogLevel.Debug, "The board has lost its place (its session is ours: {IsOurs}).")]
    public static partial void Lost(ILogger logger, bool isOurs);

    [LoggerMessage(4, LogLevel.Warning, "The line is lost.")]
    public static partial void LineLost(ILogger logger, Exception cause);

    [LoggerMessage(5, LogLevel.Debug, "Not connected yet, try {Attempt}.")]
    public static partial void Reconnecting(ILogger logger, int attempt, Exception? cause);
}
