using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>
/// The last committed request of the clients before the current one. The VTB records tell the last two commits only; so when the
/// client changes, what the client before it had committed is kept here, and it too learns after a line fault what became of its
/// last request (G3).
/// </summary>
/// <remarks>Invariant: each client stands here at most once; the entry that was committed the longest ago makes room.</remarks>
public sealed class ClientTable
{
    /// <summary>Clients remembered, besides the one of the last commit.</summary>
    public const int Entries = 8;

    /// <summary>Length of an entry.</summary>
    public const int EntryBytes = 16;

    /// <summary>Bytes of the table on the medium.</summary>
    public const int Bytes = Entries * EntryBytes;

    private const int RequestAt = 4;
    private const int VersionAt = 8;
    private const int CrcAt = 12;

    private readonly FramChip chip;
    private readonly byte[] scratch;
    private readonly int[] clients = new int[Entries];
    private readonly int[] requests = new int[Entries];
    private readonly int[] versions = new int[Entries];
    private readonly bool[] isDamaged = new bool[Entries];

    /// <summary>A table that is not read yet.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="scratch">A buffer to encode and decode in.</param>
    public ClientTable(FramChip chip, byte[] scratch)
    {
        this.chip = chip;
        this.scratch = scratch;
    }

    /// <summary>Entries that are neither empty nor match their CRC-32: damaged, or torn by a power loss.</summary>
    public int Damaged { get; private set; }

    /// <summary>Reads the table from the chip.</summary>
    public void Load()
    {
        Damaged = 0;
        chip.Read(Geometry.ClientTableAddress, scratch, FramChip.CommandBytes, Bytes);
        for (int i = 0, at = FramChip.CommandBytes; i < Entries; i++, at += EntryBytes)
        {
            clients[i] = 0;
            isDamaged[i] = false;
            if (System.BitConverter.ToUInt32(scratch, at + CrcAt) == Crc.Of(scratch, at, CrcAt))
            {
                clients[i] = Buffers.GetInt32(scratch, at);
                requests[i] = Buffers.GetInt32(scratch, at + RequestAt);
                versions[i] = Buffers.GetInt32(scratch, at + VersionAt);
            }
            else if (!Buffers.AreAll(scratch, at, EntryBytes, 0))
            {
                isDamaged[i] = true;
                Damaged++;
            }
        }
    }

    /// <summary>The index of a client, or -1.</summary>
    public int IndexOf(int client)
    {
        for (int i = 0; i < Entries; i++)
            if (clients[i] == client)
                return i;
        return -1;
    }

    /// <summary>The last request committed for the client at an index.</summary>
    public int Request(int index) => requests[index];

    /// <summary>The version that request gave.</summary>
    public int Version(int index) => versions[index];

    /// <summary>True when the table already holds this.</summary>
    public bool Holds(int client, int request, int version)
    {
        int index = IndexOf(client);
        return index >= 0 && requests[index] == request && versions[index] == version;
    }

    /// <summary>Remembers a client's last request, on the medium too.</summary>
    /// <param name="client">The client's id, not 0.</param>
    /// <param name="request">Its last committed request.</param>
    /// <param name="version">The version that gave.</param>
    public void Store(int client, int request, int version)
    {
        int index = IndexOf(client);
        if (index < 0)
            index = Oldest(version);
        Forgive(index);
        clients[index] = client;
        requests[index] = request;
        versions[index] = version;
        int at = FramChip.CommandBytes;
        Buffers.PutInt32(scratch, at, client);
        Buffers.PutInt32(scratch, at + RequestAt, request);
        Buffers.PutInt32(scratch, at + VersionAt, version);
        Buffers.PutUInt32(scratch, at + CrcAt, Crc.Of(scratch, at, CrcAt));
        chip.Write(Geometry.ClientTableAddress + index * EntryBytes, scratch, at, EntryBytes);
    }

    /// <summary>Empties the damaged entries, on the medium too: whose they were is not known.</summary>
    public void ClearDamaged()
    {
        for (int i = 0; i < Entries; i++)
        {
            if (!isDamaged[i])
                continue;
            System.Array.Clear(scratch, FramChip.CommandBytes, EntryBytes);
            chip.Write(Geometry.ClientTableAddress + i * EntryBytes, scratch, FramChip.CommandBytes, EntryBytes);
            Forgive(i);
        }
    }

    // An entry that was torn by a power loss is written again by the bookkeeping and so whole from then on.
    private void Forgive(int index)
    {
        if (isDamaged[index])
            Damaged--;
        isDamaged[index] = false;
    }

    // Ages are differences of versions, so that the wrap of the sequence number does not matter.
    private int Oldest(int version)
    {
        int oldest = 0;
        int greatestAge = int.MinValue;
        for (int i = 0; i < Entries; i++)
        {
            if (clients[i] == 0)
                return i;
            int age = version - versions[i];
            if (age > greatestAge)
            {
                greatestAge = age;
                oldest = i;
            }
        }
        return oldest;
    }
}
