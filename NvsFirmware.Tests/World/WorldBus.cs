using System;
using System.IO;
using NvsFirmware.Fram;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests.World;

/// <summary>The SPI bus: transactions take time, and may fail before, in or after they do something.</summary>
public sealed class WorldBus(WorldTime time, SeededRandom random, FramModel chip) : ISpiBus
{
    private const double UsPerByte = 0.4; // 20 MHz
    private const int CallUs = 15;

    /// <summary>The bus fails at the transaction after so many more; negative: it does not.</summary>
    public int FailAfter { get; set; } = -1;

    /// <summary>How often it failed.</summary>
    public long Failures { get; private set; }

    /// <summary>Called when it fails.</summary>
    public Action? Failed { get; set; }

    public void Write(byte[] buffer, int offset, int count)
    {
        PassTime(count);
        if (!IsFailing())
        {
            chip.Write(buffer, offset, count);
            return;
        }
        int done = random.Next(count + 1);
        if (done > 0)
            chip.Write(buffer, offset, done);
        throw new IOException("the bus failed");
    }

    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        PassTime(count);
        if (IsFailing())
            throw new IOException("the bus failed");
        chip.Transfer(output, input, inputOffset, count);
    }

    private void PassTime(int count)
    {
        if (time.IsBoardRunning)
            time.Pass(CallUs + (long)(count * UsPerByte));
    }

    private bool IsFailing()
    {
        if (FailAfter < 0 || !chip.IsPowered)
            return false;
        bool fails = FailAfter-- == 0;
        if (fails)
        {
            Failures++;
            Failed?.Invoke();
        }
        return fails;
    }
}
