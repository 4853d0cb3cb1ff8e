using System;

namespace NvsFirmware.HostAdapter;

/// <summary>The values of the <see cref="Counter"/>s, and what the last recoveries found.</summary>
public sealed class Statistics
{
    private readonly int[] values = new int[Counter.Count];
    private readonly byte[] findings = new byte[Payload.StatsAnswer.FindingsCount];

    /// <summary>Adds one to a counter.</summary>
    public void Count(int counter) => values[counter]++;

    /// <summary>Adds to a counter.</summary>
    public void Add(int counter, int amount) => values[counter] += amount;

    /// <summary>Sets a counter that something else counts.</summary>
    public void Set(int counter, int value) => values[counter] = value;

    /// <summary>Raises a high-water mark.</summary>
    public void Raise(int counter, int value)
    {
        if (value > values[counter])
            values[counter] = value;
    }

    /// <summary>Notes a recovery.</summary>
    /// <param name="found">Bits of <see cref="Nvs.RecoveryFindings"/>.</param>
    public void NoteRecovery(int found)
    {
        Count(Counter.Recoveries);
        Array.Copy(findings, 0, findings, 1, findings.Length - 1);
        findings[0] = (byte)found;
    }

    /// <summary>Encodes all as <see cref="Payload.StatsAnswer"/> says.</summary>
    public void Put(byte[] buffer, int offset)
    {
        for (int i = 0; i < values.Length; i++)
            Buffers.PutInt32(buffer, offset + i * 4, values[i]);
        Array.Copy(findings, 0, buffer, offset + Payload.StatsAnswer.Findings, findings.Length);
    }
}
