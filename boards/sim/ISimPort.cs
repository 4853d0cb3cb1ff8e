using System;
using NvsFirmware.Wire;

namespace NvsSim;

/// <summary>The simulated board's serial port as the host finds it.</summary>
public interface ISimPort : IUart, IDisposable
{
    /// <summary>What the host opens: a terminal's path, <c>unix:PATH</c> or <c>tcp:HOST:PORT</c>.</summary>
    string Path { get; }

    /// <summary>True from <see cref="Stop"/> on.</summary>
    bool IsStopped { get; }

    /// <summary>Ends a wait that is under way in another thread, and all later ones.</summary>
    void Stop();
}
