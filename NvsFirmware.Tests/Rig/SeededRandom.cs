using System;
using System.Collections.Generic;

namespace NvsFirmware.Tests.Rig;

/// <summary>SplitMix64: the same numbers from the same seed on every version of .NET, which System.Random does not promise.</summary>
public sealed class SeededRandom(ulong seed)
{
    private ulong state = seed;

    public ulong NextUInt64()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="limit"/> - 1.</summary>
    public int Next(int limit) => (int)Math.BigMul(NextUInt64(), (ulong)limit, out _);

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>.</summary>
    public int Between(int least, int most) => least + Next(most - least + 1);

    /// <summary>True once in <paramref name="times"/> times.</summary>
    public bool OneIn(int times) => Next(times) == 0;

    public T Pick<T>(IReadOnlyList<T> choices) => choices[Next(choices.Count)];

    public void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)NextUInt64();
    }

    public byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }
}
