using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsMedium;

/// <summary>The client table, and what recovery makes of it: the clients of the record and the rows behind it come in one by one.</summary>
public sealed class MediumClients
{
    private readonly MediumClient?[] table;
    private readonly MediumClient?[] onMedium;
    private readonly int passingFrom;
    private (MediumClient Client, bool IsPassing)? last;

    /// <summary>Reads the table.</summary>
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
        onMedium = [.. table];
    }

    /// <summary>Entries that are not whole.</summary>
    public List<MediumDamage> Torn { get; } = [];

    /// <summary>What the table has to get before another client commits.</summary>
    public IEnumerable<MediumClient> Due =>
        table.OfType<MediumClient>().Where(entry => entry.Client != last?.Client.Client && !onMedium.Contains(entry));

    /// <summary>What is remembered of each client. That of the last commit has its place, whether its entry is written or not.</summary>
    public Dictionary<uint, MediumClient> Known
    {
        get
        {
            Dictionary<uint, MediumClient> known = [];
            foreach (MediumClient entry in WithLast().OfType<MediumClient>())
                if (!known.TryGetValue(entry.Client, out MediumClient? other) || MediumBytes.IsLater(entry.Version, other.Version))
                    known[entry.Client] = entry;
            return known;
        }
    }

    /// <summary>A version that no forgotten client of a kind committed later than; 0: none was forgotten.</summary>
    public uint Horizon(bool isPassing)
    {
        MediumClient?[] all = WithLast();
        MediumClient?[] kind = isPassing ? all[passingFrom..] : all[..passingFrom];
        return kind.Contains(null) ? 0 : Oldest(kind);
    }

    /// <summary>A commit of a client; 0 is nobody.</summary>
    public void Commit(MediumClient client, bool isPassing)
    {
        if (last != null && last.Value.Client.Client != client.Client)
            Keep(table, last.Value.Client, last.Value.IsPassing);
        last = client.Client == 0 ? null : (client, isPassing);
    }

    private MediumClient?[] WithLast()
    {
        MediumClient?[] all = [.. table];
        if (last != null)
            Keep(all, last.Value.Client, last.Value.IsPassing);
        return all;
    }

    // Its entry, else an empty one of its kind, else the oldest.
    private void Keep(MediumClient?[] table, MediumClient client, bool isPassing)
    {
        int own = Array.FindIndex(table, entry => entry?.Client == client.Client);
        if (own >= 0 && !MediumBytes.IsLater(client.Version, table[own]!.Version))
            return;
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
