using System;
using System.Linq;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests.World;

/// <summary>Makes a medium as if many commits had been made meanwhile: the numbers are near a wrap, or have come round.</summary>
public static class VersionJump
{
    /// <summary>Jumps, where the record tells all: one that a boot or a format has written.</summary>
    /// <returns>The number before, the number and its lap; null when nothing was changed.</returns>
    public static (uint From, uint Version, int Lap)? Try(SeededRandom random, StoreModel model, FramModel chip)
    {
        Medium medium = Medium.Read(chip.Memory);
        if (medium.Current is not { Client: 0 } current || medium.Rows.Count > 0
            || medium.Records.All(record => record != null && record.Version == current.Version))
            return null;
        uint version = random.Pick([uint.MaxValue - (uint)random.Next(8), int.MaxValue - (uint)random.Next(8), (1u << 30) + current.Version,
            current.Version - 2 - (uint)random.Next(40)]);
        if (version == 0 || current.Version == 0 && model.Now.Last != null)
            return null;
        int lap = version < current.Version ? (current.Lap + 1) & 15 : current.Lap;
        int at = medium.Layout.RecordAt(medium.CurrentIndex);
        Span<byte> record = chip.Memory.Slice(at, MediumLayout.RecordBytes);
        record.Put32(0, version);
        record[30] = (byte)(record[30] & 0xF0 | lap);
        record.Put32(32, ((ReadOnlySpan<byte>)record[..32]).Crc());
        chip.Fill(medium.Layout.RecordAt(1 - medium.CurrentIndex), MediumLayout.RecordBytes, 0);
        // Clients of so long ago would have been forgotten on the way.
        uint jump = StoreState.Distance(current.Version, version);
        for (int i = 0; i < medium.Layout.ClientEntries; i++)
            if (MediumClient.Parse(chip.Memory, medium.Layout.ClientAt(i)) is { } client
                && (ulong)StoreState.Distance(client.Version, current.Version) + jump >= 1 << 30)
                chip.Fill(medium.Layout.ClientAt(i), MediumLayout.ClientBytes, 0);
        return (current.Version, version, lap);
    }
}
