using System;
using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>What each client's last committed request was: so every client learns after a line fault what became of its own (G3).</summary>
/// <remarks>
/// <para>An entry on the medium:</para>
/// <code>
///  0        4        8         12            16
/// | client | number | version | fingerprint | CRC-32 |
/// </code>
/// <para>Invariants: each client stands here once; the entries on the medium are those in RAM but for what is due. Of the client of the
/// last commit the blocks or the record tell, so its entry is due only when another client commits. A new client takes an empty entry of
/// its kind, else that with the oldest version; so no forgotten client of a kind committed later than the oldest one that is known, and
/// that is the horizon.</para>
/// </remarks>
public sealed class ClientTable
{
    /// <summary>Length of an entry.</summary>
    public const int EntryBytes = 20;

    /// <summary>A client that committed so many commits ago may be forgotten: its age cannot be told from a later lap's.</summary>
    public const int OldestAge = 0x40000000;

    /// <summary>True when <see cref="StoreDue"/> has something to do.</summary>
    public bool IsAnyDue;

    /// <summary>The last commit of the client that was forgotten last; 0 when none was since the table was read.</summary>
    public int ForgottenVersion;

    /// <summary>The last request committed for the client at an index.</summary>
    public readonly int[] Numbers;

    /// <summary>The version that request gave.</summary>
    public readonly int[] Versions;

    /// <summary>Its fingerprint.</summary>
    public readonly int[] Fingerprints;

    /// <summary>The clients' ids; 0 where there is none.</summary>
    public readonly int[] Ids;

    /// <summary>The index of the last commit's client; -1: nobody's.</summary>
    public int Last = -1;

    private const int At = FramChip.CommandBytes;
    private const int NumberAt = 4;
    private const int VersionAt = 8;
    private const int FingerprintAt = 12;
    private const int CrcAt = 16;

    // An entry whose CRC-32 differs so from what it should be was given up: it is an empty one.
    private const uint GivenUp = 0xFF;

    private readonly FramChip chip;
    private readonly Geometry geometry;
    private readonly byte[] scratch;
    private readonly bool[] isDue;
    private readonly bool[] isLost;

    /// <summary>A table that is not read yet.</summary>
    public ClientTable(FramChip chip, Geometry geometry, byte[] scratch)
    {
        this.chip = chip;
        this.geometry = geometry;
        this.scratch = scratch;
        Ids = new int[geometry.Clients];
        Numbers = new int[geometry.Clients];
        Versions = new int[geometry.Clients];
        Fingerprints = new int[geometry.Clients];
        isDue = new bool[geometry.Clients];
        isLost = new bool[geometry.Clients];
    }

    /// <summary>The index of a client, or -1.</summary>
    public int IndexOf(int client)
    {
        if (Last >= 0 && Ids[Last] == client)
            return Last;
        int[] known = Ids;
        for (int i = 0; i < known.Length; i++)
            if (known[i] == client)
                return i;
        return -1;
    }

    /// <summary>How many clients are known.</summary>
    public int Count()
    {
        int count = 0;
        for (int i = 0; i < Ids.Length; i++)
            if (Ids[i] != 0)
                count++;
        return count;
    }

    /// <summary>Notes a commit, in RAM.</summary>
    /// <param name="client">Who committed; 0: nobody.</param>
    /// <param name="number">The request.</param>
    /// <param name="version">The commit.</param>
    /// <param name="fingerprint">The request's fingerprint.</param>
    /// <param name="isPassing">True when the client only passes by.</param>
    public void Note(int client, int number, int version, int fingerprint, bool isPassing)
    {
        int index = client == 0 ? -1 : IndexOf(client);
        if (client != 0 && (index < 0 || index >= geometry.StayingClients && !isPassing))
            index = Enter(client, index, version, isPassing);
        if (index != Last && Last >= 0)
        {
            isDue[Last] = true;
            IsAnyDue = true;
        }
        Last = index;
        if (index < 0)
            return;
        Numbers[index] = number;
        Versions[index] = version;
        Fingerprints[index] = fingerprint;
    }

    /// <summary>Writes the entries that are due, all but that of the last commit's client.</summary>
    public void StoreDue()
    {
        for (int i = 0; i < isDue.Length; i++)
            if (isDue[i] && i != Last)
                Store(i);
        IsAnyDue = false;
    }

    /// <summary>No forgotten client of a kind committed later than this version; 0 when none is forgotten.</summary>
    /// <param name="isPassing">The kind.</param>
    /// <param name="version">The store's last commit.</param>
    public int Horizon(bool isPassing, int version)
    {
        int oldest = isPassing ? Oldest(geometry.StayingClients, Ids.Length, version, out bool isFull)
            : Oldest(0, geometry.StayingClients, version, out isFull);
        return isFull ? Versions[oldest] : 0;
    }

    /// <summary>Forgets clients whose age could soon not be told from that in a later lap.</summary>
    /// <param name="version">The store's last commit.</param>
    public void ForgetOld(int version)
    {
        for (int i = 0; i < Ids.Length; i++)
        {
            if (Ids[i] == 0 || i == Last || (uint)(version - Versions[i]) < OldestAge)
                continue;
            Empty(i);
            Store(i);
        }
    }

    /// <summary>Reads the table from the chip.</summary>
    /// <exception cref="FramException">It does not read the same twice.</exception>
    public void Load()
    {
        // A bad read may look like an empty table, and no sum tells: believed are two reads that agree, with a sign of life between them.
        uint crc = Read();
        chip.CheckAlive();
        if (Read() != crc)
            throw new FramException("the client table reads differently each time");
        Last = -1;
        ForgottenVersion = 0;
        for (int i = 0, at = At; i < Ids.Length; i++, at += EntryBytes)
        {
            Empty(i);
            isDue[i] = false;
            isLost[i] = false;
            int client = BitConverter.ToInt32(scratch, at);
            if ((client | BitConverter.ToInt32(scratch, at + NumberAt) | BitConverter.ToInt32(scratch, at + VersionAt)
                | BitConverter.ToInt32(scratch, at + FingerprintAt) | BitConverter.ToInt32(scratch, at + CrcAt)) == 0)
                continue;
            uint difference = BitConverter.ToUInt32(scratch, at + CrcAt) ^ Crc.Of(scratch, at, CrcAt);
            if (difference == GivenUp)
                continue;
            isLost[i] = difference != 0 || client == 0;
            if (isLost[i])
            {
                Ids[i] = 0;
                Numbers[i] = scratch[at]; // what is left of the client's id, see Enter
                continue;
            }
            int twin = IndexOf(client);
            int version = BitConverter.ToInt32(scratch, at + VersionAt);
            if (twin >= 0 && version - Versions[twin] <= 0)
            {
                isDue[i] = true; // to be emptied
                continue;
            }
            if (twin >= 0)
            {
                Empty(twin);
                isDue[twin] = true;
            }
            Ids[i] = client;
            Numbers[i] = BitConverter.ToInt32(scratch, at + NumberAt);
            Versions[i] = version;
            Fingerprints[i] = BitConverter.ToInt32(scratch, at + FingerprintAt);
        }
    }

    /// <summary>After the commits since the record are noted: says what differs from the medium, and judges torn entries.</summary>
    /// <returns>True when an entry is damaged: whose it was is not known.</returns>
    public bool Settle()
    {
        bool isDamaged = false;
        for (int i = 0; i < Ids.Length; i++)
        {
            if (!isLost[i])
                continue;
            // A cut in the middle of writing an entry leaves one that is not whole; its client has entered it again by now.
            isDamaged |= Ids[i] == 0;
            isDue[i] = true;
        }
        return isDamaged;
    }

    /// <summary>Writes all entries that are due, also that of the last commit's client: nobody's commit comes next.</summary>
    public void StoreAll()
    {
        if (Last >= 0)
            isDue[Last] = true;
        Last = -1;
        StoreDue();
    }

    /// <summary>True when an entry on the medium is not as in RAM.</summary>
    public bool IsDamaged()
    {
        for (int i = 0; i < Ids.Length; i++)
            if (!IsStored(i))
                return true;
        return false;
    }

    /// <summary>Writes the entries that the medium does not hold as they are in RAM.</summary>
    public void Restore()
    {
        for (int i = 0; i < Ids.Length; i++)
            if (!IsStored(i))
                Store(i);
    }

    private uint Read()
    {
        chip.Read(Geometry.ClientsAddress, scratch, At, Ids.Length * EntryBytes);
        return Crc.Of(scratch, At, Ids.Length * EntryBytes);
    }

    // The entry of the last commit's client may be an older one: the blocks or the record tell.
    private bool IsStored(int index)
    {
        if (isDue[index] || index == Last)
            return true;
        chip.Read(Geometry.ClientsAddress + index * EntryBytes, scratch, At, EntryBytes);
        if (Ids[index] == 0 && (BitConverter.ToUInt32(scratch, At + CrcAt) ^ Crc.Of(scratch, At, CrcAt)) == GivenUp)
            return true;
        Put(index, At + EntryBytes);
        return Buffers.AreSame(scratch, At, scratch, At + EntryBytes, EntryBytes);
    }

    private int Enter(int client, int old, int version, bool isPassing)
    {
        int first = isPassing ? geometry.StayingClients : 0;
        int end = isPassing ? Ids.Length : geometry.StayingClients;
        int index = -1;
        for (int i = first; i < end && index < 0; i++)
            if (isLost[i] && Ids[i] == 0 && Numbers[i] == (client & 0xFF))
                index = i;
        if (index < 0)
            index = Oldest(first, end, version, out _);
        if (old >= 0)
        {
            Empty(old);
            isDue[old] = true;
            IsAnyDue = true;
        }
        if (Ids[index] != 0)
            ForgottenVersion = Versions[index];
        Ids[index] = client;
        return index;
    }

    // The entry to take for a new client: an empty one, else that with the oldest version. Ages are without a sign, so that they may be
    // as long as a lap.
    private int Oldest(int first, int end, int version, out bool isFull)
    {
        int oldest = -1;
        uint greatestAge = 0;
        isFull = false;
        for (int i = first; i < end; i++)
        {
            if (Ids[i] == 0 && !isLost[i])
                return i;
            uint age = (uint)(version - Versions[i]);
            if (i == Last || Ids[i] == 0 || (oldest >= 0 && age <= greatestAge))
                continue;
            greatestAge = age;
            oldest = i;
        }
        isFull = oldest >= 0;
        return oldest >= 0 ? oldest : first;
    }

    private void Empty(int index)
    {
        Ids[index] = 0;
        Numbers[index] = 0;
        Versions[index] = 0;
        Fingerprints[index] = 0;
    }

    private void Put(int index, int at)
    {
        Array.Clear(scratch, at, EntryBytes);
        if (Ids[index] == 0)
            return;
        Buffers.PutInt32(scratch, at, Ids[index]);
        Buffers.PutInt32(scratch, at + NumberAt, Numbers[index]);
        Buffers.PutInt32(scratch, at + VersionAt, Versions[index]);
        Buffers.PutInt32(scratch, at + FingerprintAt, Fingerprints[index]);
        Buffers.PutUInt32(scratch, at + CrcAt, Crc.Of(scratch, at, CrcAt));
    }

    private void Store(int index)
    {
        int address = Geometry.ClientsAddress + index * EntryBytes;
        isDue[index] = false;
        isLost[index] = false;
        if (Ids[index] == 0)
        {
            chip.Read(address, scratch, At, EntryBytes);
            uint crc = Crc.Of(scratch, At, CrcAt);
            if (BitConverter.ToUInt32(scratch, At + CrcAt) == crc)
            {
                // One byte, so that a cut leaves the entry as it was or given up.
                Buffers.PutUInt32(scratch, At + CrcAt, crc ^ GivenUp);
                chip.Store(address + CrcAt, scratch, At + CrcAt, EntryBytes - CrcAt);
                return;
            }
        }
        Put(index, At);
        chip.Store(address, scratch, At, EntryBytes);
    }
}
