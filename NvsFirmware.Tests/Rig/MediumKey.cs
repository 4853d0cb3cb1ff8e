using System;
using System.IO.Hashing;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// What of a medium decides over its future. Each boot counts itself in a record and takes a version, so no medium would ever come back;
/// the records stand here by what they say besides, and by their versions only as far as these matter: which one is later, and how far they
/// are behind the versions that blocks and entries can have. A record that is not whole says nothing.
/// </summary>
public static class MediumKey
{
    // Versions so much later than any on the medium differ in nothing any more.
    private const int Behind = 2;

    /// <summary>The key of a medium.</summary>
    /// <param name="memory">The array.</param>
    /// <param name="top">The latest version of a commit that may have left something on it.</param>
    /// <param name="isExact">False to take what a record says that is not whole as nothing.</param>
    public static UInt128 Of(ReadOnlySpan<byte> memory, uint top, bool isExact = false)
    {
        XxHash128 hash = new();
        MediumSuperblock superblock = MediumSuperblock.Parse(memory, 0, 0);
        if (superblock.Kind != MediumCopyKind.Live)
            superblock = MediumSuperblock.Parse(memory, memory.Length - MediumLayout.SuperblockBytes, 1);
        if (superblock.Kind != MediumCopyKind.Live || !superblock.IsConsistent)
        {
            hash.Append(memory);
            return hash.GetCurrentHashAsUInt128();
        }
        MediumLayout layout = superblock.Layout;
        int first = layout.RecordAt(0);
        int second = layout.RecordAt(1);
        hash.Append(memory[..first]);
        hash.Append(memory[(first + MediumLayout.RecordBytes)..second]);
        hash.Append(memory[(second + MediumLayout.RecordBytes)..]);
        MediumRecord? a = MediumRecord.Parse(memory, first);
        MediumRecord? b = MediumRecord.Parse(memory, second);
        Append(hash, a, memory.Slice(first, MediumLayout.RecordBytes), top, isExact);
        Append(hash, b, memory.Slice(second, MediumLayout.RecordBytes), top, isExact);
        if (a != null && b != null)
            Append(hash, Math.Clamp(unchecked((int)(a.Version - b.Version)), -2, 2));
        return hash.GetCurrentHashAsUInt128();
    }

    private static void Append(XxHash128 hash, MediumRecord? record, ReadOnlySpan<byte> bytes, uint top, bool isExact)
    {
        if (record == null)
        {
            hash.Append(isExact ? bytes : "torn"u8);
            return;
        }
        Append(hash, Math.Clamp(unchecked((int)(record.Version - top)), -1000, Behind));
        hash.Append(bytes[4..24]);
        hash.Append(bytes[28..32]);
    }

    private static void Append(XxHash128 hash, int value) => hash.Append(BitConverter.GetBytes(value));
}
