using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// A reader of the medium that shares nothing with the firmware: written from docs/format.md. It tells what tracks a store holds, by that
/// document's rules of recovery, and what on the medium is not as the document says.
/// </summary>
public sealed class MediumChecker
{
    private const int Free = -1;

    private readonly byte[] memory;
    private readonly List<string> violations = [];
    private readonly List<string> due = [];

    private MediumChecker(ReadOnlySpan<byte> medium)
    {
        memory = medium.ToArray();
        ReadSuperblocks();
        if (Layout == null)
            return;
        Owners = new int[Layout.Segments];
        ReadRecords();
        if (Current == null)
            return;
        Redo();
        ReadClients();
        ReadEntries();
        CheckSet();
    }

    /// <summary>A track with its data.</summary>
    public sealed record Track(uint Version, byte[] Data);

    /// <summary>The store's sizes; null when no superblock copy is live.</summary>
    public MediumLayout? Layout { get; private set; }

    /// <summary>The current commit's record.</summary>
    public MediumRecord? Current { get; private set; }

    /// <summary>The other record, if it is whole and of the commit before.</summary>
    public MediumRecord? Previous { get; private set; }

    /// <summary>The number of the other record if it is whole and of an earlier commit than the one before: a record between them was lost.</summary>
    public uint? StaleRecord { get; private set; }

    /// <summary>The tracks as recovery has to find them.</summary>
    public Dictionary<uint, Track> Tracks { get; } = [];

    /// <summary>The last committed request and its version of each client that the medium remembers.</summary>
    public Dictionary<uint, (uint Request, uint Version)> Clients { get; } = [];

    /// <summary>For each segment the entry of the track that owns it, -1 for a free one.</summary>
    public int[] Owners { get; private set; } = [];

    /// <summary>The active set, as it is prepared.</summary>
    public List<int> Prepared { get; } = [];

    /// <summary>What is not as it may ever be, whenever power goes.</summary>
    public IReadOnlyList<string> Violations => violations;

    /// <summary>What bookkeeping still has to do.</summary>
    public IReadOnlyList<string> Due => due;

    public int FreeSegments => Owners.Count(owner => owner == Free);

    /// <summary>Reads a medium.</summary>
    public static MediumChecker Read(ReadOnlySpan<byte> memory) => new(memory);

    /// <summary>What one commit and its bookkeeping may not have done to the medium.</summary>
    /// <param name="before">The medium before the request, up to date.</param>
    public IEnumerable<string> ViolationsSince(MediumChecker before)
    {
        if (Layout == null || Current == null || before.Layout == null || before.Current == null)
        {
            yield return "there is no store to compare";
            yield break;
        }
        if (Current.Sequence == before.Current.Sequence)
        {
            if (Current.Flag != before.Current.Flag)
                yield return "the flag changed without a commit";
        }
        else
        {
            if (Current.Sequence != After(before.Current.Sequence))
                yield return $"commit {Current.Sequence} follows {before.Current.Sequence}";
            if (Current.Flag == before.Current.Flag)
                yield return $"the flag did not change with commit {Current.Sequence}";
            if (Previous != null && Previous.Sequence != before.Current.Sequence)
                yield return "the commit's record is not over the older one";
            if (!Current.Segments.SequenceEqual(before.Prepared.Take(Current.Segments.Count())))
                yield return $"commit {Current.Sequence} used other segments than those prepared for it";
        }
        // Whether it was committed or not, a request writes its data to the prepared set only.
        for (int segment = 0; segment < Layout.Segments; segment++)
            if (!before.Prepared.Contains(segment) && !Segment(segment).SequenceEqual(before.Segment(segment)))
                yield return $"segment {segment} was written to, which was not prepared";
    }

    private static uint After(uint sequence) => sequence == uint.MaxValue ? 1 : sequence + 1;

    private static bool IsLater(uint a, uint b) => unchecked((int)(a - b)) > 0;

    private ReadOnlySpan<byte> Segment(int segment) => memory.AsSpan(Layout!.SegmentAt(segment), Layout.SegmentBytes);

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(memory.AsSpan(at));

    private int U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(memory.AsSpan(at));

    private bool IsZero(int at, int count) => memory.AsSpan(at, count).IndexOfAnyExcept((byte)0) < 0;

    private void ReadSuperblocks()
    {
        MediumLayout? first = ReadSuperblock(0, 0);
        MediumLayout? second = ReadSuperblock((first?.ChipBytes ?? memory.Length) - 64, 1);
        Layout = first ?? second;
        if (Layout == null)
            violations.Add("no superblock copy is live");
        else if (first == null)
            due.Add("the first superblock copy");
        else if (second == null)
            due.Add("the second superblock copy");
        else if (!memory.AsSpan(11, 45).SequenceEqual(memory.AsSpan(Layout.SecondSuperblockAt + 11, 45)))
            violations.Add("the superblock's copies differ");
    }

    private MediumLayout? ReadSuperblock(int at, int copy)
    {
        ReadOnlySpan<byte> bytes = memory.AsSpan(at, 64);
        if (bytes[63] != 0x4C || !bytes[..8].SequenceEqual("NvsFram\0"u8) || bytes[8] != 1 || bytes[9] != 0 || bytes[10] != copy
            || U32(at + 56) != MediumLayout.Crc(bytes[..56]))
            return null;
        MediumLayout layout = new((int)U32(at + 12), U16(at + 16), U16(at + 18));
        if (U16(at + 20) != layout.Segments || U16(at + 22) != layout.Entries)
            violations.Add($"superblock copy {copy}: {U16(at + 20)} segments and {U16(at + 22)} entries do not follow from its sizes");
        if (layout.Segments < 2 * layout.SetSegments || layout.ChipBytes > memory.Length)
            violations.Add($"superblock copy {copy}: sizes outside the limits");
        return layout;
    }

    private void ReadRecords()
    {
        MediumRecord? first = MediumRecord.Parse(memory.AsSpan(Layout!.RecordAt(0)), Layout);
        MediumRecord? second = MediumRecord.Parse(memory.AsSpan(Layout.RecordAt(1)), Layout);
        bool isSecondCurrent = first == null || second != null && IsLater(second.Sequence, first.Sequence);
        Current = isSecondCurrent ? second : first;
        Previous = isSecondCurrent ? first : second;
        if (Current == null)
        {
            violations.Add("no record is whole");
            return;
        }
        if (Previous == null)
            return;
        if (Current.Sequence != After(Previous.Sequence))
        {
            StaleRecord = Previous.Sequence;
            Previous = null;
        }
        else if (Current.Flag == Previous.Flag)
            violations.Add($"records {Previous.Sequence} and {Current.Sequence} have the same flag");
    }

    // Step 2 of the recovery, in this copy of the medium.
    private void Redo()
    {
        Span<byte> entry = stackalloc byte[16];
        foreach (MediumChange change in Current!.Changes)
        {
            if (change.Entry >= Layout!.Entries || change.Segments.Any(segment => segment >= Layout.Segments))
            {
                violations.Add($"the record names entry {change.Entry} or a segment that does not exist");
                continue;
            }
            for (int i = 1; i < change.Segments.Length; i++)
            {
                int at = Layout.LinkAt(change.Segments[i - 1]);
                if (U16(at) == change.Segments[i])
                    continue;
                due.Add($"link of segment {change.Segments[i - 1]}");
                BinaryPrimitives.WriteUInt16LittleEndian(memory.AsSpan(at), (ushort)change.Segments[i]);
            }
            BinaryPrimitives.WriteUInt32LittleEndian(entry, change.Track);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], Current.Sequence);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[8..], (ushort)change.Length);
            BinaryPrimitives.WriteUInt16LittleEndian(entry[10..], (ushort)change.Segments.FirstOrDefault());
            BinaryPrimitives.WriteUInt32LittleEndian(entry[12..], EntryCrc(entry[..12], change.Segments));
            if (memory.AsSpan(Layout.EntryAt(change.Entry), 16).SequenceEqual(entry))
                continue;
            due.Add($"entry {change.Entry} of track {change.Track}");
            entry.CopyTo(memory.AsSpan(Layout.EntryAt(change.Entry)));
        }
    }

    private static uint EntryCrc(ReadOnlySpan<byte> head, IReadOnlyList<int> chain)
    {
        byte[] covered = new byte[12 + Math.Max(0, 2 * (chain.Count - 1))];
        head.CopyTo(covered);
        for (int i = 1; i < chain.Count; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(covered.AsSpan(10 + 2 * i), (ushort)chain[i]);
        return MediumLayout.Crc(covered);
    }

    private void ReadClients()
    {
        for (int i = 0; i < MediumLayout.ClientEntries; i++)
        {
            int at = Layout!.ClientAt(i);
            if (IsZero(at, 16))
                continue;
            if (U32(at + 12) != MediumLayout.Crc(memory.AsSpan(at, 12)))
                due.Add($"client entry {i}, torn");
            else if (!Clients.TryAdd(U32(at), (U32(at + 4), U32(at + 8))))
                violations.Add($"client {U32(at):X} has two entries");
            else if (IsLater(U32(at + 8), Current!.Sequence))
                violations.Add($"client entry {i} is of commit {U32(at + 8)}, which is to come");
        }
        if (Previous != null && Previous.Client != 0)
        {
            if (Previous.Client != Current!.Client && !(Clients.TryGetValue(Previous.Client, out (uint Request, uint Version) kept)
                && kept == (Previous.Request, Previous.Sequence)))
                due.Add($"entry of client {Previous.Client:X}");
            Clients[Previous.Client] = (Previous.Request, Previous.Sequence);
        }
        if (Current!.Client != 0)
            Clients[Current.Client] = (Current.Request, Current.Sequence);
    }

    private void ReadEntries()
    {
        Array.Fill(Owners, Free);
        uint sum0 = 0;
        uint sum1 = 0;
        for (int i = 0; i < Layout!.Entries; i++)
        {
            int at = Layout.EntryAt(i);
            sum0 += U32(at + 12);
            sum1 += (uint)(i + 1) * U32(at + 12);
            if (!IsZero(at, 16))
                ReadEntry(i, at);
        }
        if ((sum0 & 0xFFFFFF) != Current!.Sum0 || (sum1 & 0xFFFFFF) != Current.Sum1)
            violations.Add("the sums over the track table are not the record's");
    }

    private void ReadEntry(int i, int at)
    {
        uint track = U32(at);
        uint version = U32(at + 4);
        int length = U16(at + 8);
        int segment = U16(at + 10);
        bool isReleased = length == MediumChange.Released;
        if (IsLater(version, Current!.Sequence))
            violations.Add($"entry {i} is of commit {version}, which is to come");
        List<int> chain = [];
        for (int left = isReleased ? 0 : Layout!.SegmentsOf(length); left > 0; left--)
        {
            if (segment >= Layout!.Segments)
            {
                violations.Add($"track {track}: segment {segment} does not exist");
                return;
            }
            chain.Add(segment);
            segment = U16(Layout.LinkAt(segment));
        }
        if (isReleased && segment != 0)
            violations.Add($"entry {i} is released and has a first segment");
        if (U32(at + 12) != EntryCrc(memory.AsSpan(at, 12), chain))
        {
            violations.Add($"entry {i}, of track {track}, does not match its CRC-32");
            return;
        }
        foreach (int own in chain)
        {
            if (Owners[own] != Free)
                violations.Add($"segment {own} belongs to entries {Owners[own]} and {i}");
            Owners[own] = i;
        }
        if (!isReleased)
            ReadData(track, version, length, chain);
    }

    private void ReadData(uint track, uint version, int length, List<int> chain)
    {
        byte[] content = new byte[10 + chain.Count * Layout!.SegmentBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(content, track);
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(4), version);
        BinaryPrimitives.WriteUInt16LittleEndian(content.AsSpan(8), (ushort)length);
        for (int i = 0; i < chain.Count; i++)
            Segment(chain[i]).CopyTo(content.AsSpan(10 + i * Layout.SegmentBytes));
        if (BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(10 + length)) != MediumLayout.Crc(content.AsSpan(0, 10 + length)))
            violations.Add($"track {track}: the data do not match their CRC-32");
        else if (!Tracks.TryAdd(track, new Track(version, content[10..(10 + length)])))
            violations.Add($"track {track} has two entries");
    }

    private void CheckSet()
    {
        if (Current!.NextFirst >= Layout!.Segments)
        {
            violations.Add($"the active set begins at segment {Current.NextFirst}, which does not exist");
            return;
        }
        for (int i = 0; i < Layout.Segments && Prepared.Count < Layout.SetSegments; i++)
        {
            int segment = (Current.NextFirst + i) % Layout.Segments;
            if (Owners[segment] == Free)
                Prepared.Add(segment);
        }
        if (Prepared.Count < Layout.SetSegments)
            violations.Add($"{Prepared.Count} free segments are less than a set");
        foreach (int segment in Current.Segments)
            if (segment < Owners.Length && Owners[segment] == Free)
                violations.Add($"segment {segment} of the committed set belongs to no track");
    }
}
