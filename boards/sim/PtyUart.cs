using System;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;

namespace NvsSim;

/// <summary>A UART whose other end is a pseudo-terminal, which any program for serial ports can open. Linux.</summary>
public sealed unsafe partial class PtyUart : ISimPort
{
    private const int WriteTimeoutMs = 2000;

    // A wait is cut in slices, so that Stop ends it soon.
    private const int SliceMs = 20;

    // Linux, on every processor that .NET runs on.
    private const int OpenReadWrite = 0x2;
    private const int OpenNoControllingTerminal = 0x100;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;
    private const short PollIn = 0x1;
    private const short PollOut = 0x4;
    private const int TermiosBytes = 256; // more than any libc's struct termios

    // Reopen throws away what has arrived, but ends if a host sends and sends.
    private const int MostReopenReads = 64;

    private readonly int master;
    private readonly int slave;
    private volatile bool isStopped;
    private bool isStalled;
    private int isClosed;

    /// <summary>Makes a new pseudo-terminal in raw mode.</summary>
    /// <exception cref="PlatformNotSupportedException">This is not Linux.</exception>
    /// <exception cref="Win32Exception">The system has no terminal to give.</exception>
    public PtyUart()
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("A pseudo-terminal needs Linux: choose a socket with --listen.");
        const int flags = OpenReadWrite | OpenNoControllingTerminal | OpenNonBlocking | OpenCloseOnExec;
        master = Check(OpenMaster(flags), "open a pseudo-terminal");
        Check(Grant(master), "grant access to the pseudo-terminal");
        Check(Unlock(master), "unlock the pseudo-terminal");
        byte* name = stackalloc byte[256];
        if (Name(master, name, 256) is not 0 and int error)
            throw Failure("name the pseudo-terminal", error);
        Path = Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name));
        // While one descriptor of the other end is open, the line does not break when the host leaves, and keeps its mode.
        slave = Check(OpenFile(name, flags), $"open {Path}");
        byte* termios = stackalloc byte[TermiosBytes];
        Check(GetAttributes(slave, termios), $"read the mode of {Path}");
        MakeRaw(termios);
        Check(SetAttributes(slave, 0, termios), $"set the mode of {Path}");
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public bool IsStopped => isStopped;

    /// <inheritdoc/>
    public void Stop() => isStopped = true;

    /// <inheritdoc/>
    public int Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        Span<byte> into = buffer.AsSpan(offset, count);
        if (!WaitFor(PollIn, timeoutMs))
            return 0;
        fixed (byte* bytes = into)
            return (int)Math.Max(0, ReadFile(master, bytes, (nuint)count));
    }

    /// <inheritdoc/>
    public bool Write(byte[] buffer, int offset, int count)
    {
        // A host that reads nothing costs the time-out once, not once an answer.
        if (isStalled && !WaitFor(PollOut, 0))
            return false;
        long startMs = Environment.TickCount64;
        ReadOnlySpan<byte> rest = buffer.AsSpan(offset, count);
        while (!rest.IsEmpty)
        {
            int leftMs = (int)(startMs + WriteTimeoutMs - Environment.TickCount64);
            isStalled = leftMs <= 0 || !WaitFor(PollOut, leftMs);
            if (isStalled)
                return false;
            nint written;
            fixed (byte* bytes = rest)
                written = WriteFile(master, bytes, (nuint)rest.Length);
            if (written > 0)
                rest = rest[(int)written..];
            else
                Thread.Sleep(1); // interrupted, or the line is full after all
        }
        return true;
    }

    /// <summary>Throws away what has arrived. The terminal stays, and a host stays connected to it.</summary>
    public void Reopen()
    {
        byte[] bin = new byte[4096];
        for (int i = 0; i < MostReopenReads && Read(bin, 0, bin.Length, 0) > 0; i++)
        {
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref isClosed, 1) != 0)
            return; // What has its numbers by now is another's.
        CloseFile(slave);
        CloseFile(master);
    }

    private bool WaitFor(short events, int timeoutMs)
    {
        long startMs = Environment.TickCount64;
        while (!isStopped)
        {
            long leftMs = startMs + timeoutMs - Environment.TickCount64;
            PollDescriptor descriptor = new() { Descriptor = master, Events = events };
            // An interrupted wait returns -1 and is resumed.
            if (Poll(&descriptor, 1, (int)Math.Clamp(leftMs, 0, SliceMs)) > 0)
                return true;
            if (leftMs <= 0)
                return false;
        }
        return false;
    }

    private static int Check(int result, string action) => result >= 0 ? result : throw Failure(action, Marshal.GetLastPInvokeError());

    private static Win32Exception Failure(string action, int error) =>
        new(error, $"Cannot {action}: {Marshal.GetPInvokeErrorMessage(error)}.");

    [StructLayout(LayoutKind.Sequential)]
    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(int master);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(int master);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    private static partial int Name(int master, byte* name, nuint length);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenFile(byte* path, int flags);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetAttributes(int descriptor, byte* termios);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* termios);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetAttributes(int descriptor, int when, byte* termios);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(PollDescriptor* descriptors, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint ReadFile(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "write")]
    private static partial nint WriteFile(int descriptor, byte* bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int CloseFile(int descriptor);
}
