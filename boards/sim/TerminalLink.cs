using System;
using System.IO;

namespace NvsSim;

/// <summary>A symbolic link to the board's terminal, so that hosts find it at a place that does not change.</summary>
public sealed class TerminalLink : IDisposable
{
    private readonly string path;
    private readonly string terminal;

    /// <summary>Makes the link. It replaces a link to a terminal, which a board that died left behind, and nothing else.</summary>
    /// <param name="path">Where the link shall be.</param>
    /// <param name="terminal">What it shall point to.</param>
    /// <exception cref="IOException">Something else is there, or the link cannot be made.</exception>
    public TerminalLink(string path, string terminal)
    {
        this.path = path;
        this.terminal = terminal;
        if (Target is string old)
        {
            // The number of a terminal is soon given to another, so whether its board still lives cannot be told.
            if (Path.GetDirectoryName(old) != Path.GetDirectoryName(terminal))
                throw new IOException($"'{path}' is a link to '{old}', no terminal. Remove it, or choose another path with --link.");
            File.Delete(path);
        }
        else if (Path.Exists(path))
            throw new IOException($"'{path}' exists and is no link. Remove it, or choose another path with --link.");
        File.CreateSymbolicLink(path, terminal);
    }

    private string? Target => new FileInfo(path).LinkTarget;

    /// <summary>Removes the link, unless it has become another board's.</summary>
    public void Dispose()
    {
        if (Target == terminal)
            File.Delete(path);
    }
}
