using System;
using NvsFirmware.Wire;

namespace NvsFirmware.HostAdapter;

/// <summary>The values of the <see cref="Counter"/>s, and what the last recoveries found.</summary>
public sealed class Statistics
{
    /// <summary>The values, by <see cref="Counter"/>.</summary>
    public readonly int[] Values = new int[Counter.Count];

    private readonly byte[] findings = new byte[Payload.StatsAnswer.FindingsCount];

    /// <summary>Notes a recovery.</summary>
    /// <param name="found">Bits of <see cref="RecoveryFindings"/>.</param>
    public void NoteRecovery(int found)
    {
        Values[Counter.Recoveries]++;
        Array.Copy(findings, 0, findings, 1, findings.Length - 1);
        findings[0] = (byte)found;
    }

    /// <summary>Encodes all as <see cref="Payload.StatsAnswer"/> says.</summary>
    public void Put(byte[] buffer, int offset)
    {
        for (int i = 0; i < Values.Length; i++)
            Buffers.PutInt32(buffer, offset + i * 4, Values[i]);
        Array.Copy(findings, 0, buffer, offset + Payload.StatsAnswer.Findings, findings.Length);
    }
}
