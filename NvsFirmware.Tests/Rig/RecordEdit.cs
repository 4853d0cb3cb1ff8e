using System;
using System.Buffers.Binary;
using System.IO.Hashing;
using NvsSim;

namespace NvsFirmware.Tests.Rig;

/// <summary>Makes a store older than a test could: its record gets another version, as if so many commits had gone before.</summary>
/// <remarks>By docs/format.md alone, so that the firmware cannot be wrong together with it.</remarks>
public static class RecordEdit
{
    private const int RecordBytes = 36;
    private const int LapAt = 30;

    /// <summary>Address of one of the two records.</summary>
    public static int Address(FramModel chip, int which) =>
        which == 0 ? 64 + 20 * (chip.Part.Bytes < 32 * 1024 ? 10 : 36) : chip.Part.Bytes - 100;

    /// <summary>
    /// Gives the current record another version and lap and makes the other one void. The board must be at rest, and is booted.
    /// </summary>
    public static void SetVersion(TestBoard board, uint version, int lap = 0)
    {
        FramModel chip = board.Chip;
        uint[] versions = new uint[2];
        bool[] isWhole = new bool[2];
        for (int which = 0; which < 2; which++)
        {
            Span<byte> record = chip.Memory.Slice(Address(chip, which), RecordBytes);
            versions[which] = BinaryPrimitives.ReadUInt32LittleEndian(record);
            isWhole[which] = Crc32.HashToUInt32(record[..(RecordBytes - 4)]) == BinaryPrimitives.ReadUInt32LittleEndian(
                record[(RecordBytes - 4)..]);
        }
        if (!isWhole[0] && !isWhole[1])
            throw new InvalidOperationException("the store has no record");
        int current = !isWhole[0] || (isWhole[1] && (int)(versions[1] - versions[0]) > 0) ? 1 : 0;
        Span<byte> edited = chip.Memory.Slice(Address(chip, current), RecordBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(edited, version);
        edited[LapAt] = (byte)((edited[LapAt] & 0xF0) | lap);
        BinaryPrimitives.WriteUInt32LittleEndian(edited[(RecordBytes - 4)..], Crc32.HashToUInt32(edited[..(RecordBytes - 4)]));
        chip.Fill(Address(chip, 1 - current), RecordBytes, 0);
        board.Boot();
    }
}
