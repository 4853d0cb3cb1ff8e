using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost;

/// <summary>Has a serial port alone, on Linux and macOS.</summary>
/// <remarks>
/// A lock (flock) on the device itself: it binds every user, root included, which a terminal's exclusive mode does not, and it goes with
/// its process, however that ends. The device is opened once more for it; the modem lines, which reset some boards, change only when
/// the first one opens it and the last one closes it.
/// </remarks>
internal sealed class PortLock : IDisposable
{
    /// <summary>The system's error number for a device in exclusive mode, EBUSY.</summary>
    public const int DeviceBusy = 16;

    private const int TryEveryMs = 50;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;
    private const int NotPermitted = 1; // EPERM
    private const int NoEntry = 2; // ENOENT
    private const int NoDeviceOrAddress = 6; // ENXIO
    private const int AccessDenied = 13; // EACCES
    private const int NoDevice = 19; // ENODEV
    private const int NotSupported = 95; // EOPNOTSUPP; no port, then.

    private int descriptor;

    private PortLock(int descriptor) => this.descriptor = descriptor;

    // Read and write, no controlling terminal, no waiting for a carrier, not for child processes.
    private static int OpenFlags => OperatingSystem.IsMacOS() ? 0x2 | 0x20000 | 0x4 | 0x1000000 : 0x2 | 0x100 | 0x800 | 0x80000;

    private static int WouldBlock => OperatingSystem.IsMacOS() ? 35 : 11;

    /// <summary>Takes the lock, waiting for another program as long as the options say.</summary>
    /// <exception cref="NvsPortException">The port is missing, busy, forbidden or dead.</exception>
    public static async Task<PortLock> TakeAsync(string port, NvsClientOptions options, CancellationToken ct)
    {
        long start = options.TimeProvider.GetTimestamp();
        while (true)
        {
            PortLock? taken = TryTake(port);
            if (taken is not null)
                return taken;
            if (options.TimeProvider.GetElapsedTime(start).TotalMilliseconds >= options.PortWaitMs)
                throw Busy(port, Holder(port));
            await Task.Delay(TimeSpan.FromMilliseconds(TryEveryMs), options.TimeProvider, ct).ConfigureAwait(false);
        }
    }

    /// <summary>There is no such port.</summary>
    public static NvsPortException Missing(string port) =>
        new(PortFault.Missing, $"There is no port {port}: is the board plugged in?");

    /// <summary>Another program has the port.</summary>
    public static NvsPortException Busy(string port, string? holder) =>
        new(PortFault.Busy, $"{port} is in use by {holder ?? "another program"}: end that, or wait for it with --wait SECONDS.");

    /// <summary>The port does not work.</summary>
    public static NvsPortException Dead(string port, string why, Exception? inner = null) =>
        new(
            PortFault.Dead,
            $"{port} does not work as a serial port ({why}): unplug the board and plug it in again, or name another port.",
            inner);

    /// <summary>Who has the port: name and process number; null when that cannot be told.</summary>
    /// <remarks>
    /// That is who holds the lock on it. Another process may have it open beside that, as a simulated board has its own terminal; it is
    /// named only when nobody holds the lock, but the port is in exclusive mode.
    /// </remarks>
    public static string? Holder(string port)
    {
        if (!OperatingSystem.IsLinux())
            return null;
        string device = File.ResolveLinkTarget(port, true)?.FullName ?? Path.GetFullPath(port);
        int? opener = null;
        foreach ((int id, string descriptor) in Openers(device))
        {
            if (IsLocked(id, descriptor))
                return Describe(id);
            opener ??= id == Environment.ProcessId ? null : id;
        }
        return opener is null ? null : Describe(opener.Value);
    }

    /// <summary>Gives it up.</summary>
    public void Dispose()
    {
        int open = Interlocked.Exchange(ref descriptor, -1);
        if (open >= 0)
            _ = CloseFile(open);
    }

    private static PortLock? TryTake(string port)
    {
        int opened = OpenFile(port, OpenFlags);
        if (opened < 0)
        {
            int error = Marshal.GetLastPInvokeError();
            return error switch
            {
                DeviceBusy => null,
                NoEntry => throw Missing(port),
                AccessDenied or NotPermitted => throw new NvsPortException(
                    PortFault.Forbidden,
                    $"You may not use {port}: add yourself to its group (on most systems dialout), then log in again."),
                NoDeviceOrAddress or NoDevice => throw Dead(port, "there is no device behind it"),
                _ => throw Dead(port, new Win32Exception(error).Message),
            };
        }
        if (LockFile(opened, LockExclusive | LockNonBlocking) == 0)
            return new PortLock(opened);
        int why = Marshal.GetLastPInvokeError();
        _ = CloseFile(opened);
        return why == WouldBlock ? null : throw Dead(port, why == NotSupported ? "it cannot be locked" : new Win32Exception(why).Message);
    }

    // The processes that have the device open, as far as this user may see them, and the descriptor of each.
    private static IEnumerable<(int Id, string Descriptor)> Openers(string device)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int id))
                continue;
            string[] descriptors;
            try
            {
                descriptors = [.. Directory.EnumerateFileSystemEntries(Path.Combine(folder, "fd"))
                    .Where(entry => new FileInfo(entry).LinkTarget == device)];
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // It has ended, or is another user's.
            }
            foreach (string descriptor in descriptors)
                yield return (id, Path.GetFileName(descriptor));
        }
    }

    // What the system tells of a descriptor names the locks taken through it: "lock: 1: FLOCK  ADVISORY  WRITE 1234 00:05:678 0 EOF".
    private static bool IsLocked(int processId, string descriptor)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/fdinfo/{descriptor}").Contains("FLOCK", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false; // It has ended meanwhile.
        }
    }

    private static string Describe(int processId) => $"{Name(processId)} (process {processId})";

    private static string Name(int processId)
    {
        try
        {
            return File.ReadAllText($"/proc/{processId}/comm").Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "a program";
        }
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true,
        CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern int OpenFile([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static extern int LockFile(int descriptor, int operation);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int CloseFile(int descriptor);
}
