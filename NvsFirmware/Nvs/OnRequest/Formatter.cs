using System;
using NvsFirmware.Fram;
using NvsFirmware.Nvs.Boot;

namespace NvsFirmware.Nvs.OnRequest;

/// <summary>Makes a new, empty store on the chip.</summary>
/// <remarks>
/// Invariants: cut anywhere, the old store is whole, or the new one is, or the chip is blank. Nothing of the new store counts before all of
/// it was read back; its last written bytes are those that make the superblock's copies count.
/// </remarks>
public sealed class Formatter
{
    private const int At = FramChip.CommandBytes;

    private readonly FramChip chip;
    private readonly byte[] scratch;

    /// <summary>Formats a chip.</summary>
    public Formatter(FramChip chip, byte[] scratch)
    {
        this.chip = chip;
        this.scratch = scratch;
    }

    /// <summary>Takes back the byte that makes a superblock copy count.</summary>
    public void GiveUp(int chipBytes, int copy)
    {
        int address = Geometry.SuperblockAddress(chipBytes, copy) + Superblock.LiveAt;
        scratch[At] = 0;
        chip.Write(address, scratch, At, 1);
        chip.CheckAlive(); // a line without a chip may read as zeros
        chip.Read(address, scratch, At, 1);
        if (scratch[At] != 0)
            throw new FramException("the old store could not be given up");
    }

    /// <summary>Writes the store but for what makes it count.</summary>
    /// <param name="store">The new store's parts.</param>
    /// <param name="id">Its id.</param>
    /// <param name="formatCount">How often the chip was formatted.</param>
    /// <returns>False when the chip is smaller, or takes other addresses, than its name says.</returns>
    public bool Write(TrackStore store, byte[] id, int formatCount)
    {
        Geometry geometry = store.Geometry;
        if (!TryWrite(geometry, 0, Superblock.LiveAt, id, formatCount) && !TryWrite(geometry, 0, Superblock.LiveAt, id, formatCount))
        {
            chip.CheckAlive();
            return false; // a chip that takes other addresses
        }
        if (!IsOnlyAt0(id))
            return false;
        Clear(Geometry.ClientsAddress, geometry.SegmentsAddress - Geometry.ClientsAddress);
        Clear(geometry.SecondRecordAddress, VtbRecord.Bytes);
        Array.Clear(scratch, At, VtbRecord.Bytes);
        VtbRecord.Seal(scratch, At);
        chip.Store(geometry.FirstRecordAddress, scratch, At, VtbRecord.Bytes);
        return true;
    }

    /// <summary>Writes a copy of the superblock, which counts from then on, and reads it back.</summary>
    public void StoreSuperblock(Geometry geometry, int copy, byte[] id, int formatCount)
    {
        if (!TryWrite(geometry, copy, Superblock.Bytes, id, formatCount))
            throw new FramException("the chip does not hold what was written to it");
    }

    /// <summary>
    /// True when the first superblock copy is nowhere else. A chip smaller than the chip table or the board's setting says answers for
    /// addresses behind its end with what stands at its beginning; one that takes shorter addresses, with the same at address 1 as at 0;
    /// one that takes longer ones, with something else.
    /// </summary>
    public bool IsOnlyAt0(byte[] id)
    {
        // Each is believed only when seen twice.
        if (!IsFirstCopyAt(0, id) && !IsFirstCopyAt(0, id) || IsFirstCopyAt(1, id) && IsFirstCopyAt(1, id))
            return false;
        for (int size = 0x2000; size < chip.CapacityBytes; size *= 2)
            if (IsFirstCopyAt(size, id) && IsFirstCopyAt(size, id))
                return false;
        return true;
    }

    // Writes bytes of a superblock copy and reads all of them back.
    private bool TryWrite(Geometry geometry, int copy, int count, byte[] id, int formatCount)
    {
        const int ExpectedAt = At + Superblock.Bytes;
        int address = Geometry.SuperblockAddress(geometry.ChipBytes, copy);
        Superblock.Put(scratch, At, copy, geometry, id, formatCount);
        Array.Copy(scratch, At, scratch, ExpectedAt, count);
        chip.Write(address, scratch, At, count);
        chip.Read(address, scratch, At, count);
        return Buffers.AreSame(scratch, At, scratch, ExpectedAt, count);
    }

    private bool IsFirstCopyAt(int address, byte[] id)
    {
        Superblock found = new Superblock();
        chip.Read(address, scratch, At, Superblock.Bytes);
        SuperblockState state = found.Parse(scratch, At, 0);
        return (state == SuperblockState.GivenUp || state == SuperblockState.Live)
            && Buffers.AreSame(found.Id, 0, id, 0, Superblock.IdBytes);
    }

    private void Clear(int address, int count)
    {
        int largest = scratch.Length - At;
        while (count > 0)
        {
            int piece = count < largest ? count : largest;
            Array.Clear(scratch, At, piece);
            chip.Write(address, scratch, At, piece);
            chip.CheckAlive();
            chip.Read(address, scratch, At, piece);
            if (!Buffers.AreAll(scratch, At, piece, 0))
                throw new FramException("the chip does not hold what was written to it");
            address += piece;
            count -= piece;
        }
    }
}
