using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost.Commands;

/// <summary>Files that are written whole or not at all.</summary>
internal static class WholeFile
{
    /// <summary>Writes aside, waits until the disk has it, and renames: a file that is there is lost only to one that is whole.</summary>
    /// <param name="file">The file.</param>
    /// <param name="data">What it is to hold.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="check">Is given what was written, read back, before the file is replaced; throws when it is not right.</param>
    public static async Task ReplaceAsync(string file, ReadOnlyMemory<byte> data, CancellationToken ct, Action<byte[]>? check = null)
    {
        string target = (File.Exists(file) ? File.ResolveLinkTarget(file, true)?.FullName : null) ?? Path.GetFullPath(file);
        if (target.StartsWith("/dev/", StringComparison.Ordinal) || target.StartsWith("/proc/", StringComparison.Ordinal))
        {
            await File.WriteAllBytesAsync(target, data, ct).ConfigureAwait(false); // A device is written to, not replaced.
            return;
        }
        string aside = $"{target}.{Guid.NewGuid():N}.tmp";
        try
        {
            await using (FileStream stream = new(aside, FileMode.CreateNew, FileAccess.Write))
            {
                await stream.WriteAsync(data, ct).ConfigureAwait(false);
                stream.Flush(true);
            }
            check?.Invoke(await File.ReadAllBytesAsync(aside, ct).ConfigureAwait(false));
            File.Move(aside, target, true);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }
}
