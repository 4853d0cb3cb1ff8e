using System;
using System.Collections.Generic;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.World;

/// <summary>One direction of the line: takes its time for every byte, keeps the order, and does what lines do to bytes.</summary>
public sealed class OneWay(WorldTime time, SeededRandom random, Action<byte[]> deliver)
{
    private const int LargestChunkBytes = 64;
    private long freeAtUs;

    /// <summary>How long a byte takes.</summary>
    public double UsPerByte { get; set; }

    /// <summary>One chunk in so many is disturbed; 0: none.</summary>
    public int DisturbedOneIn { get; set; }

    /// <summary>All that arrives comes to this, too: an echo.</summary>
    public Action<byte[]>? Echo { get; set; }

    /// <summary>Disturbances so far.</summary>
    public long Disturbances { get; private set; }

    /// <summary>Puts bytes on the line and returns at once.</summary>
    /// <returns>When the last of them has arrived.</returns>
    public long Send(ReadOnlySpan<byte> bytes)
    {
        if (DisturbedOneIn > 0 && random.OneIn(DisturbedOneIn * 2))
        {
            // Just this, a whole frame of the host's: the receiver sees no gap.
            Disturbances++;
            return freeAtUs;
        }
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, random.Between(LargestChunkBytes / 2, LargestChunkBytes));
            byte[] chunk = bytes[..count].ToArray();
            bytes = bytes[count..];
            if (DisturbedOneIn > 0 && random.OneIn(DisturbedOneIn))
                chunk = Disturb(chunk);
            freeAtUs = Math.Max(freeAtUs, time.NowUs) + (long)(Math.Max(count, chunk.Length) * UsPerByte);
            if (chunk.Length > 0)
                time.At(freeAtUs, () => Arrive(chunk));
        }
        return freeAtUs;
    }

    /// <summary>The sender pauses, in the middle of a frame too.</summary>
    public void Pause(long us) => freeAtUs = Math.Max(freeAtUs, time.NowUs) + us;

    private void Arrive(byte[] chunk)
    {
        Echo?.Invoke(chunk);
        deliver(chunk);
    }

    /// <summary>A noise between frames, or inside one.</summary>
    public void MakeNoise()
    {
        Disturbances++;
        byte[] noise = random.Bytes(random.Between(1, 3));
        time.After(0, () => deliver(noise));
    }

    private byte[] Disturb(byte[] chunk)
    {
        Disturbances++;
        List<byte> bytes = [.. chunk];
        int at = random.Next(chunk.Length);
        int count = random.Between(1, chunk.Length - at);
        switch (random.Next(8))
        {
            case 0: // a bit
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1: // a byte lost
                bytes.RemoveAt(at);
                break;
            case 2: // a byte too many
                bytes.Insert(at, (byte)random.NextUInt64());
                break;
            case 3: // a burst
                for (int i = at; i < at + count; i++)
                    bytes[i] = (byte)random.NextUInt64();
                break;
            case 4: // a gap
                bytes.RemoveRange(at, count);
                break;
            case 5: // all of it lost
                bytes.Clear();
                break;
            case 6: // all of it twice
                bytes.AddRange(chunk);
                break;
            default: // rubbish between
                bytes.InsertRange(at, random.Bytes(random.Between(1, 200)));
                break;
        }
        return [.. bytes];
    }
}
