using System;
using System.Runtime.InteropServices;
using System.Threading;

namespace NvsHost.Commands;

/// <summary>Ctrl-C and SIGTERM: the first asks the command to end, and to tell what became of a request; a second ends it.</summary>
/// <remarks>Refers to nothing but the runtime, so that it catches the signal before anything else is loaded.</remarks>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration interrupt;
    private readonly PosixSignalRegistration terminate;

    /// <summary>Catches them from now on.</summary>
    public Interruption()
    {
        interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Catch);
        terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Catch);
    }

    /// <summary>Is cancelled by the first one.</summary>
    public CancellationToken Token => source.Token;

    /// <summary>From now on they end the process as they do by default.</summary>
    public void Dispose()
    {
        interrupt.Dispose();
        terminate.Dispose();
    }

    private void Catch(PosixSignalContext context)
    {
        if (source.IsCancellationRequested)
            return;
        context.Cancel = true;
        source.Cancel();
    }
}
