using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>
/// The last committed request of the clients before the current one. The VTB records tell the last two commits only; so when the
/// client changes, what the client before it had committed is kept here, and it too learns after a line fault what became of its
/// last request (G3).
/// </summary>
/// <remarks>
/// Invariant: each client stands here at most once. Room makes the entry of the current client, whose last request its record tells, else
/// the one that was committed the longest ago; so the last <see cref="Entries"/> clients before the current one are always known.
/// </remarks>
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
    private readonly bool[] isLost = new bool[Entries];

    /// <summary>A table that is not read yet.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="scratch">A buffer to encode and decode in.</param>
    public ClientTable(FramChip chip, byte[] scratch)
    {
        this.chip = chip;
        this.scratch = scratch;
    }

    /// <summary>Reads the table from the chip. An entry torn by a power loss is left out; it will be written again.</summary>
    public void Load()
    {
        chip.Read(Geometry.ClientTableAddress, scratch, FramChip.CommandBytes, Bytes);
        for (int i = 0, at = FramChip.CommandBytes; i < Entries; i++, at += EntryBytes)
        {
            clients[i] = 0;
            isLost[i] = !IsWhole(at) && !Buffers.AreAll(scratch, at, EntryBytes, 0);
            if (!IsWhole(at))
                continue;
            clients[i] = Buffers.GetInt32(scratch, at);
            requests[i] = Buffers.GetInt32(scratch, at + RequestAt);
            versions[i] = Buffers.GetInt32(scratch, at + VersionAt);
            LoseTwin(i);
        }
    }

    /// <summary>True when an entry on the medium is neither empty nor matches its CRC-32, or is an old one.</summary>
    public bool IsDamaged() => FirstDamaged() >= 0;

    /// <summary>Empties the damaged entries on the medium: whose they were is not known.</summary>
    public void ClearDamaged()
    {
        for (int i = FirstDamaged(); i >= 0; i = FirstDamaged())
        {
            System.Array.Clear(scratch, FramChip.CommandBytes, EntryBytes);
            chip.Write(Geometry.ClientTableAddress + i * EntryBytes, scratch, FramChip.CommandBytes, EntryBytes);
            isLost[i] = false;
        }
    }

    /// <summary>True when an entry was damaged when the table was read: whose it was is not known.</summary>
    public bool IsAnyLost()
    {
        for (int i = 0; i < Entries; i++)
            if (isLost[i])
                return true;
        return false;
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
    /// <param name="current">The client of the current commit, or 0.</param>
    public void Store(int client, int request, int version, int current)
    {
        int index = IndexOf(client);
        if (index < 0)
            index = IndexOf(current);
        if (index < 0)
            index = Oldest(version);
        isLost[index] = false;
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

    // Two entries of a client: one of them is an old version of an entry that another client has taken since.
    private void LoseTwin(int index)
    {
        int twin = IndexOf(clients[index]);
        if (twin == index)
            return;
        int older = versions[index] - versions[twin] > 0 ? twin : index;
        clients[older] = 0;
        isLost[older] = true;
    }

    private int FirstDamaged()
    {
        chip.Read(Geometry.ClientTableAddress, scratch, FramChip.CommandBytes, Bytes);
        for (int i = 0, at = FramChip.CommandBytes; i < Entries; i++, at += EntryBytes)
            if (isLost[i] || (!IsWhole(at) && !Buffers.AreAll(scratch, at, EntryBytes, 0)))
                return i;
        return -1;
    }

    private bool IsWhole(int at) => System.BitConverter.ToUInt32(scratch, at + CrcAt) == Crc.Of(scratch, at, CrcAt);

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
