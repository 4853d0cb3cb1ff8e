using System;
using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace NvsHost;

/// <summary>
/// A program's logger. When it throws, that changes nothing of what is being done: no commit is hidden behind a full disk.
/// </summary>
internal sealed class SafeLogger(ILogger logger) : ILogger
{
    /// <summary>The logger itself if it is one already, else one around it.</summary>
    public static SafeLogger Of(ILogger logger) => logger as SafeLogger ?? new SafeLogger(logger);

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel)
    {
        try
        {
            return logger.IsEnabled(logLevel);
        }
        catch (Exception e)
        {
            Trace.TraceWarning($"A logger failed: {e.Message}");
            return false;
        }
    }

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        try
        {
            logger.Log(logLevel, eventId, state, exception, formatter);
        }
        catch (Exception e)
        {
            Trace.TraceWarning($"A logger failed: {e.Message}");
        }
    }
}
