using System;
using System.Collections.Generic;
using System.Linq;
using NvsSim;

namespace NvsFirmware.Tests.World;

/// <summary>A committed row: its blocks, with their data.</summary>
public sealed record WatchedRow(IReadOnlyList<(MediumBlock Block, byte[] Data)> Blocks)
{
    public MediumBlock First => Blocks[0].Block;

    public MediumBlock Last => Blocks[^1].Block;

    public int Segments => Blocks.Sum(part => part.Block.SegmentCount);
}

/// <summary>
/// Sees on the medium, by docs/format.md alone, when a store comes or goes and when a request is committed: at the moment at which the last
/// byte of a row's last block is in the cells. So the model knows the truth before anybody says anything.
/// </summary>
public sealed class CommitWatch(FramModel chip)
{
    private const int Nowhere = -1;

    private int rowAt = Nowhere; // segment where the row begins that is being written; a discarded one of the same number began there, too

    /// <summary>The store on the chip; null when there is none.</summary>
    public MediumSuperblock? Store { get; private set; }

    /// <summary>The store has become another one, or there is none any more.</summary>
    public Action? StoreChanged { get; set; }

    public Action<WatchedRow>? Committed { get; set; }

    /// <summary>A record was written.</summary>
    public Action<MediumRecord>? Recorded { get; set; }

    /// <summary>The chip was exchanged: looks what is on this one, and says nothing.</summary>
    public void LookAnew()
    {
        Store = FindStore();
        rowAt = Nowhere;
    }

    /// <summary>Bytes were clocked out to the chip, which may have stored them or not.</summary>
    public void Clocked(ReadOnlySpan<byte> mosi)
    {
        int header = 1 + chip.Part.AddressBytes;
        if (mosi[0] != Opcode.Write || mosi.Length <= header)
            return;
        int address = 0;
        foreach (byte b in mosi[1..header])
            address = address << 8 | b;
        address &= chip.Part.Bytes - 1;
        ReadOnlySpan<byte> data = mosi[header..];
        if (address < MediumLayout.SuperblockBytes || address + data.Length > chip.Part.Bytes - MediumLayout.SuperblockBytes)
            LookAtStore();
        if (Store == null || address + data.Length > chip.Part.Bytes || !chip.Memory.Slice(address, data.Length).SequenceEqual(data))
            return;
        MediumLayout layout = Store.Layout;
        if (address == layout.RecordAt(0) || address == layout.RecordAt(1))
        {
            if (MediumRecord.Parse(chip.Memory, address) is { } record)
                Recorded?.Invoke(record);
        }
        else if (address >= layout.SegmentsAt && (address - layout.SegmentsAt) % layout.SegmentBytes == 0)
            LookAtBlock((address - layout.SegmentsAt) / layout.SegmentBytes, data.Length);
    }

    private void LookAtStore()
    {
        MediumSuperblock? found = FindStore();
        if (found?.Mark == Store?.Mark)
            return;
        Store = found;
        rowAt = Nowhere;
        StoreChanged?.Invoke();
    }

    private MediumSuperblock? FindStore()
    {
        MediumSuperblock first = MediumSuperblock.Parse(chip.Memory, 0, 0);
        MediumSuperblock second = MediumSuperblock.Parse(chip.Memory, chip.Part.Bytes - MediumLayout.SuperblockBytes, 1);
        bool isFirstLive = first.Kind == MediumCopyKind.Live;
        if (second.Kind != MediumCopyKind.Live)
            return isFirstLive ? first : null;
        return isFirstLive && !MediumBytes.IsLater(second.FormatCount, first.FormatCount) ? first : second;
    }

    private void LookAtBlock(int segment, int storedBytes)
    {
        if (MediumBlock.Parse(chip.Memory, Store!.Layout, Store.Mark, segment) is not { } block
            || block.Count + MediumLayout.BlockOverheadBytes > storedBytes)
            return;
        if (block.IsFirst)
            rowAt = segment;
        if (!block.IsLast || rowAt == Nowhere)
            return;
        if (ReadRow(block) is not { } row)
            return;
        rowAt = Nowhere;
        Committed?.Invoke(row);
    }

    // As the chip holds it: a block whose write was dropped may stand there all the same, from a sending before.
    private WatchedRow? ReadRow(MediumBlock last)
    {
        List<(MediumBlock Block, byte[] Data)> row = [];
        for (int segment = rowAt; row.Count <= Store!.Layout.SetSegments; segment = row[^1].Block.Next)
        {
            if (MediumBlock.Parse(chip.Memory, Store.Layout, Store.Mark, segment) is not { } block
                || block.IsFirst != (row.Count == 0)
                || (block.Version, block.Lap, block.Client, block.Number) != (last.Version, last.Lap, last.Client, last.Number))
                return null;
            row.Add((block, chip.Memory.Slice(block.DataAt, block.Count).ToArray()));
            if (block.IsLast)
                return block.Segment == last.Segment ? new WatchedRow(row) : null;
        }
        return null;
    }
}
