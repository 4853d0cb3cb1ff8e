using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost.Commands;

/// <summary>What commands read from files and stdin, and write to files.</summary>
internal static class Files
{
    /// <summary>In place of a file: stdin, or stdout.</summary>
    public const string Dash = "-";

    /// <summary>Reads a file, or stdin for <see cref="Dash"/>, but not more than can be of use.</summary>
    /// <param name="file">The file.</param>
    /// <param name="openInput">Opens stdin.</param>
    /// <param name="mostBytes">The most bytes that it may have.</param>
    /// <param name="use">What may have at most that, for a person.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ArgumentException">It has more.</exception>
    /// <exception cref="IOException">It cannot be read; the message says which, and why.</exception>
    public static async Task<byte[]> ReadAsync(string file, Func<Stream> openInput, int mostBytes, string use, CancellationToken ct)
    {
        string name = file == Dash ? "stdin" : file;
        try
        {
            if (file != Dash && Directory.Exists(file))
                throw new IOException($"{file} is a folder, not a file.");
            await using Stream stream = file == Dash
                ? openInput()
                : await Task.Run(() => new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), ct)
                    .WaitAsync(ct).ConfigureAwait(false); // A pipe waits for its other end.
            if (stream is FileStream { CanSeek: true } && stream.Length > mostBytes)
                throw new ArgumentException($"{name} has {stream.Length} bytes; {use} has at most {mostBytes}.");
            using MemoryStream all = new();
            byte[] block = new byte[16384];
            while (all.Length <= mostBytes)
            {
                // A read of a terminal or pipe cannot itself be cancelled.
                int read = await stream.ReadAsync(block, ct).AsTask().WaitAsync(ct).ConfigureAwait(false);
                if (read == 0)
                    return all.ToArray();
                all.Write(block, 0, read);
            }
            throw new ArgumentException($"{name} has more than {mostBytes} bytes; {use} has at most {mostBytes}.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FileNotFoundException($"There is no file {file}.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException($"You may not read {file}.", e);
        }
        catch (IOException e) when (!e.Message.Contains(name, StringComparison.Ordinal))
        {
            throw new IOException($"{name} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Writes a file: aside, then renamed, so that a file that is there is lost only to one that is whole, and keeps its mode. What is no
    /// regular file, a pipe or a device, is written to.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="data">What it is to hold.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="check">Is given what was written aside, read back, before the file is replaced; throws when it is not right.</param>
    /// <exception cref="IOException">It cannot be written; the message says which, and why.</exception>
    public static async Task ReplaceAsync(string file, ReadOnlyMemory<byte> data, CancellationToken ct, Action<byte[]>? check = null)
    {
        try
        {
            if (Directory.Exists(file))
                throw new IOException($"{file} is a folder, not a file.");
            string target = (File.Exists(file) ? File.ResolveLinkTarget(file, true)?.FullName : null) ?? Path.GetFullPath(file);
            if (!File.Exists(target))
                await WriteAsideAsync(target, data, null, check, ct).ConfigureAwait(false);
            else if (!await IsWrittenAsync(target, data, ct).ConfigureAwait(false))
            {
                UnixFileMode? mode = OperatingSystem.IsWindows() ? null : File.GetUnixFileMode(target);
                await WriteAsideAsync(target, data, mode, check, ct).ConfigureAwait(false);
            }
        }
        catch (DirectoryNotFoundException e)
        {
            throw new DirectoryNotFoundException($"The folder of {file} does not exist.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UnauthorizedAccessException($"You may not write {file}, or not in its folder.", e);
        }
        catch (IOException e) when (!e.Message.StartsWith(file, StringComparison.Ordinal))
        {
            // The system's message would name the file that was written aside.
            bool isFull = (e.HResult & 0xFFFF) is 28 or 112;
            throw new IOException($"{file} cannot be written: {(isFull ? "the disk is full." : e.Message)}", e);
        }
    }

    // True if it was no regular file. That it can be opened also tells that it may be written.
    private static async Task<bool> IsWrittenAsync(string target, ReadOnlyMemory<byte> data, CancellationToken ct)
    {
        FileStream Open() => new(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        await using FileStream stream = await Task.Run(Open, ct).WaitAsync(ct).ConfigureAwait(false); // A pipe waits for its other end.
        // Behind these names another program has the file open, and would not see a new one.
        bool isAnothers = target.StartsWith("/dev/", StringComparison.Ordinal) || target.StartsWith("/proc/", StringComparison.Ordinal);
        if (stream.CanSeek && !isAnothers)
            return false;
        await stream.WriteAsync(data, ct).AsTask().WaitAsync(ct).ConfigureAwait(false);
        return true;
    }

    private static async Task WriteAsideAsync(
        string target, ReadOnlyMemory<byte> data, UnixFileMode? mode, Action<byte[]>? check, CancellationToken ct)
    {
        string aside = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetRandomFileName()}.nvs");
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            await using (FileStream stream = new(aside, options))
            {
                if (mode is { } kept && !OperatingSystem.IsWindows())
                    File.SetUnixFileMode(stream.SafeFileHandle, kept); // The creation mask has no say.
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
