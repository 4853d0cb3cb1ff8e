using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>What the emulator's test framework has no assertions for, and data to assert about.</summary>
public static class Check
{
    /// <summary>Fails unless a status is the expected one. As numbers: enums have no names on nanoFramework.</summary>
    public static void Is(Status expected, Status actual, string message = "status")
    {
        int expectedNumber = (byte)expected;
        int actualNumber = (byte)actual;
        Assert.AreEqual(expectedNumber, actualNumber, message);
    }

    /// <summary>Fails unless bytes are the sample of a seed.</summary>
    public static void IsSample(int seed, byte[] buffer, int offset, int count)
    {
        for (int i = 0; i < count; i++)
            if (buffer[offset + i] != SampleByte(seed, i))
                Assert.AreEqual(
                    (int)SampleByte(seed, i), (int)buffer[offset + i], "byte " + i.ToString() + " of sample " + seed.ToString());
    }

    /// <summary>Puts the sample of a seed: bytes that tell each sample from the others and from zeros.</summary>
    public static void PutSample(int seed, byte[] buffer, int offset, int count)
    {
        for (int i = 0; i < count; i++)
            buffer[offset + i] = SampleByte(seed, i);
    }

    private static byte SampleByte(int seed, int i) => (byte)(seed * 37 + i * 5 + (i >> 8) + 1);
}
