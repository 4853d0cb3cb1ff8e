using System;
using System.Buffers;
using System.IO;
using System.IO.MemoryMappedFiles;
using System.Linq;

namespace NvsSim;

/// <summary>The cells of a chip in a memory-mapped file: what was stored stays when the process dies, however it dies.</summary>
/// <remarks>
/// The file holds the array from its first byte and then one byte, the part of the status register that survives power loss. The
/// mapping is shared, so a store is in the operating system's hands at once; only that system's own crash can lose it.
/// </remarks>
public sealed unsafe class FramFile : MemoryManager<byte>
{
    private readonly FileStream file;
    private readonly MemoryMappedFile mapping;
    private readonly MemoryMappedViewAccessor view;
    private readonly int length;
    private byte* cells;

    private FramFile(FileStream file, int length)
    {
        this.file = file;
        this.length = length;
        mapping = MemoryMappedFile.CreateFromFile(
            file, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
        view = mapping.CreateViewAccessor(0, length);
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref cells);
    }

    /// <summary>Opens the file, or makes a new one of zeros, and keeps everybody else from opening it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="part">The part whose cells it holds.</param>
    /// <exception cref="IOException">It cannot be opened, another process has it open, or it holds the cells of another part.</exception>
    public static FramFile Open(string path, SimPart part)
    {
        FileStream file = new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        try
        {
            // An image of the bare array, say from a programmer, has no status register yet.
            if (file.Length == 0 || file.Length == part.Bytes)
                Extend(file, part.StorageBytes);
            if (file.Length != part.StorageBytes)
                throw new IOException(WrongLength(path, file.Length, part));
            return new FramFile(file, part.StorageBytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(cells, length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(cells + elementIndex);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (cells == null)
            return;
        cells = null;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        mapping.Dispose();
        file.Dispose();
    }

    private static void Extend(FileStream file, int length)
    {
        // First the length, in one step, so that a process killed here leaves a whole file; then the zeros, because a store
        // into a hole of the file kills the process when the disk is full.
        long from = file.Length;
        file.SetLength(length);
        file.Position = from;
        file.Write(new byte[length - (int)from]);
        file.Flush();
    }

    private static string WrongLength(string path, long length, SimPart part)
    {
        string[] fitting = [.. SimPart.All.Where(other => other.StorageBytes == length).Select(other => other.Name)];
        string found = fitting.Length == 0 ? "of no part" : $"of {string.Join(" or ", fitting)}";
        return $"'{path}' has {length} bytes, the length {found}, and {part.Name} needs {part.StorageBytes}. "
            + $"Nothing was changed. Choose the part with --chip, or another file.";
    }
}
