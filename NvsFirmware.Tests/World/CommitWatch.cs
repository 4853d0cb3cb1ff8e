using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Tests.Rig;
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
    private readonly List<(MediumBlock Block, byte[] Data)> row = [];

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
        row.Clear();
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
        row.Clear();
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
            row.Clear();
        else if (row.Count == 0 || !IsBehind(block, row[^1].Block))
        {
            row.Clear();
            return;
        }
        row.Add((block, chip.Memory.Slice(block.DataAt, block.Count).ToArray()));
        if (!block.IsLast)
            return;
        WatchedRow whole = new([.. row]);
        row.Clear();
        Committed?.Invoke(whole);
    }

    private static bool IsBehind(MediumBlock block, MediumBlock before) =>
        block.Segment == before.Next
        && (block.Version, block.Lap, block.Client, block.Number) == (before.Version, before.Lap, before.Client, before.Number);
}
