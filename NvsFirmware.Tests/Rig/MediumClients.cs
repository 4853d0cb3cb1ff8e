using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsFirmware.Tests.Rig;

/// <summary>The client table, and what recovery makes of it: the clients of the record and of the rows behind it come in one by one.</summary>
public sealed class MediumClients
{
    private readonly MediumClient?[] table;
    private readonly int passingFrom;
    private (MediumClient Client, bool IsPassing)? last;

    public MediumClients(ReadOnlySpan<byte> medium, MediumLayout layout)
    {
        table = new MediumClient?[layout.ClientEntries];
        passingFrom = table.Length - layout.PassingEntries;
        for (int i = 0; i < table.Length; i++)
        {
            int at = layout.ClientAt(i);
            if (medium.Slice(at, MediumLayout.ClientBytes).IsZero())
                continue;
            table[i] = MediumClient.Parse(medium, at);
            if (table[i] == null)
                Torn.Add(new MediumDamage("client", at, $"entry {i} is not whole"));
        }
    }

    /// <summary>Entries that are not whole.</summary>
    public List<MediumDamage> Torn { get; } = [];

    /// <summary>What the table has to get before another client commits.</summary>
    public List<string> Due { get; } = [];

    /// <summary>What the medium remembers of each client.</summary>
    public Dictionary<uint, MediumClient> Known
    {
        get
        {
            Dictionary<uint, MediumClient> known = [];
            foreach (MediumClient entry in table.Append(last?.Client).OfType<MediumClient>())
                if (!known.TryGetValue(entry.Client, out MediumClient? other) || MediumBytes.IsLater(entry.Version, other.Version))
                    known[entry.Client] = entry;
            return known;
        }
    }

    /// <summary>A version that no forgotten client committed later than; 0: none was forgotten.</summary>
    public uint Horizon
    {
        get
        {
            uint[] oldest = [.. new[] { table[..passingFrom], table[passingFrom..] }.Where(kind => !kind.Contains(null)).Select(Oldest)];
            return oldest.Length == 0 ? 0 : oldest.Length == 1 || MediumBytes.IsLater(oldest[0], oldest[1]) ? oldest[0] : oldest[1];
        }
    }

    /// <summary>A commit of a client; 0 is nobody.</summary>
    public void Commit(MediumClient client, bool isPassing)
    {
        if (last != null && last.Value.Client.Client != client.Client)
            Keep(last.Value.Client, last.Value.IsPassing);
        last = client.Client == 0 ? null : (client, isPassing);
    }

    // Its entry, else an empty one of its kind, else the oldest.
    private void Keep(MediumClient client, bool isPassing)
    {
        int own = Array.FindIndex(table, entry => entry?.Client == client.Client);
        if (own >= 0 && !MediumBytes.IsLater(client.Version, table[own]!.Version))
            return;
        Due.Add($"entry of client {client.Client:X}");
        if (own < 0)
        {
            int from = isPassing ? passingFrom : 0;
            int count = isPassing ? table.Length - passingFrom : passingFrom;
            own = Array.IndexOf(table, null, from, count);
            if (own < 0)
            {
                uint oldest = Oldest(table[from..(from + count)]);
                own = Array.FindIndex(table, from, count, entry => entry!.Version == oldest);
            }
        }
        table[own] = client;
    }

    private static uint Oldest(MediumClient?[] kind) =>
        kind.Select(entry => entry!.Version).Aggregate((a, b) => MediumBytes.IsLater(a, b) ? b : a);
}
