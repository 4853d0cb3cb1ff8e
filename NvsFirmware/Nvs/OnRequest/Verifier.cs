using NvsFirmware.Fram;
using NvsFirmware.Nvs.Boot;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs.OnRequest;

/// <summary>Holds what is on the medium against its CRC-32s and against RAM; the store is brought up to date before.</summary>
public sealed class Verifier
{
    /// <summary>How many parts <see cref="VerifyPart"/> knows.</summary>
    public const int Parts = 4;

    private readonly FramChip chip;
    private readonly byte[] scratch;

    /// <summary>Verifies with a buffer.</summary>
    public Verifier(FramChip chip, byte[] scratch)
    {
        this.chip = chip;
        this.scratch = scratch;
    }

    /// <summary>Checks metadata that belong to no track.</summary>
    /// <param name="store">The store.</param>
    /// <param name="part">0 and 1: the superblock's copies; 2: the current record; 3: the client table.</param>
    /// <param name="id">The store's id.</param>
    /// <param name="formatCount">How often the chip was formatted.</param>
    public Damage VerifyPart(TrackStore store, int part, byte[] id, int formatCount)
    {
        const int FoundAt = FramChip.CommandBytes;
        const int ExpectedAt = FoundAt + Superblock.Bytes;
        switch (part)
        {
            case 0:
            case 1:
                chip.Read(Geometry.SuperblockAddress(store.Geometry.ChipBytes, part), scratch, FoundAt, Superblock.Bytes);
                Superblock.Put(scratch, ExpectedAt, part, store.Geometry, id, formatCount);
                return Buffers.AreSame(scratch, FoundAt, scratch, ExpectedAt, Superblock.Bytes) ? Damage.None : Damage.Superblock;
            case 2:
                return store.Vtb.IsInDoubt || !store.Vtb.IsRecordStored() ? Damage.Record : Damage.None;
            default:
                return store.Clients.IsDamaged() ? Damage.Client : Damage.None;
        }
    }

    /// <summary>Checks a track's entry, links and blocks on the medium.</summary>
    public Damage VerifyEntry(TrackStore store, int entry)
    {
        TrackTable tracks = store.Tracks;
        if (tracks.State(entry) == EntryState.Damaged || !tracks.IsStored(entry))
            return Damage.Entry;
        if (tracks.State(entry) != EntryState.Track)
            return Damage.None;
        if (tracks.IsLinked(entry) && !store.Segments.AreStored(tracks.First(entry)))
            return Damage.Entry;
        store.Reader.Begin(entry);
        do
            if (!store.Reader.Read(scratch))
                return Damage.Data;
        while (!store.Reader.IsAtEnd);
        return Damage.None;
    }
}
