using System;
using System.ComponentModel;
using System.IO;
using System.Numerics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace NvsHost.Commands;

/// <summary>The bytes of a chip in a file: read out by a programmer, or the file of a simulated board.</summary>
/// <param name="Cells">The array, address 0 first.</param>
/// <param name="StatusRegister">The byte that a simulated board's file has behind the array; null when there is none.</param>
/// <param name="IsInUse">A running board has the file open.</param>
internal sealed record FramImage(byte[] Cells, byte? StatusRegister, bool IsInUse)
{
    private const int LeastBytes = 1024;
    private const int MostBytes = 16 * 1024 * 1024;
    private const int Tries = 50; // A board that commits all the time rests between two frames all the same.
    private const int ReadOnlyCloseOnExec = 0x80000; // O_RDONLY | O_CLOEXEC on Linux

    /// <summary>Reads an image, of a running simulated board too: then as it is at one moment.</summary>
    /// <exception cref="IOException">There is no such file, it is no image, or a board writes to it without a rest.</exception>
    public static FramImage Read(string path)
    {
        using FileStream file = Open(path, out bool isInUse);
        if (file.Length is < LeastBytes or > MostBytes)
            throw new IOException($"{path} has {file.Length} bytes: the image of an FRAM has {LeastBytes} to {MostBytes}.");
        byte[] bytes = ReadAll(file, path);
        for (int i = 0; isInUse; i++)
        {
            byte[] again = ReadAll(file, path);
            if (bytes.AsSpan().SequenceEqual(again))
                break;
            if (i == Tries)
                throw new IOException($"{path} changes all the time: a running board has it. Stop the board, or what writes to it.");
            bytes = again;
        }
        bool hasStatusRegister = BitOperations.IsPow2(bytes.Length - 1);
        return new FramImage(hasStatusRegister ? bytes[..^1] : bytes, hasStatusRegister ? bytes[^1] : null, isInUse);
    }

    private static byte[] ReadAll(FileStream file, string path)
    {
        byte[] bytes = new byte[file.Length];
        int done = 0;
        while (done < bytes.Length && RandomAccess.Read(file.SafeFileHandle, bytes.AsSpan(done), done) is > 0 and int count)
            done += count;
        return done == bytes.Length ? bytes : throw new IOException($"{path} became shorter while it was read.");
    }

    private static FileStream Open(string path, out bool isInUse)
    {
        isInUse = false;
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }
        catch (IOException e) when (OperatingSystem.IsLinux() && e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            isInUse = true; // The board locks its file, against a second board. Whoever only looks needs no lock.
        }
        SafeFileHandle handle = OpenFile(path, ReadOnlyCloseOnExec);
        return handle.IsInvalid
            ? throw new IOException($"{path}: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}")
            : new FileStream(handle, FileAccess.Read, 0);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true,
        CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    private static extern SafeFileHandle OpenFile([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
