using System;
#if NANOFRAMEWORK_1_0
using GC = nanoFramework.Runtime.Native.GC;
#endif

namespace NvsFirmware.UnitTests;

/// <summary>
/// How many bytes were allocated since it was made. .NET counts them. nanoFramework does not, but there one can fill the heap up: what
/// was allocated is what then fits less until the collector runs.
/// </summary>
public sealed class Allocations
{
#if NANOFRAMEWORK_1_0
    private readonly long freeBytes;
    private readonly int room;
    private readonly WeakReference garbage;

    /// <summary>Begins to count.</summary>
    public Allocations()
    {
        freeBytes = GC.Run(false);
        room = FillUp();
        GC.Run(false);
        garbage = new WeakReference(new object());
    }

    /// <summary>Ends to count. Of use once.</summary>
    public int End()
    {
        if (!garbage.IsAlive)
            throw new InvalidOperationException("the heap is too small to count so many allocations");
        return (int)((room - FillUp()) * freeBytes / room);
    }

    // Calculates CRC-32s, which allocate, until the collector runs. Returns how many fitted.
    private static int FillUp()
    {
        byte[] buffer = new byte[16];
        WeakReference last = new WeakReference(new object());
        int count = 0;
        for (; last.IsAlive; count++)
            Crc.Of(buffer, 0, buffer.Length);
        return count;
    }
#else
    private readonly long before;

    /// <summary>Begins to count.</summary>
    public Allocations() => before = GC.GetAllocatedBytesForCurrentThread();

    /// <summary>Ends to count.</summary>
    public int End() => (int)(GC.GetAllocatedBytesForCurrentThread() - before);
#endif
}
