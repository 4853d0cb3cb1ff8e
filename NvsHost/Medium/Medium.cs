using System;
using System.Collections.Generic;
using System.Linq;

namespace NvsMedium;

/// <summary>What a chip holds.</summary>
public enum MediumState
{
    /// <summary>A store.</summary>
    Store,

    /// <summary>No store.</summary>
    Blank,

    /// <summary>There was a store, or is one, and it cannot be read.</summary>
    Damaged,

    /// <summary>A store of a later format.</summary>
    Newer,
}

/// <summary>
/// A reader of the medium that shares nothing with the firmware: written from docs/format.md. It tells what a store holds, by that
/// document's rules of recovery, and what on the medium is not as the document says.
/// </summary>
public sealed class Medium
{
    private const int Free = -1;
    private const int NoLink = 0xFFFF;

    private readonly byte[] bytes;
    private readonly byte[] links = [];
    private readonly byte[] entries = [];
    private readonly List<MediumDamage> damages = [];
    private readonly List<MediumDamage> due = [];
    private readonly List<MediumRow> rows = [];

    private Medium(ReadOnlySpan<byte> medium)
    {
        bytes = medium.ToArray();
        ReadSuperblocks();
        if (State != MediumState.Store)
            return;
        links = bytes[Layout.LinksAt..Layout.EntriesAt];
        entries = bytes[Layout.EntriesAt..Layout.SegmentsAt];
        ReadRecords();
        Clients = new MediumClients(bytes, Layout);
        if (Current != null)
            FollowChain();
        foreach (MediumDamage torn in Clients.Torn)
            due.Add(torn);
        foreach (MediumClient client in Clients.Due)
            due.Add(new MediumDamage("client", Layout.ClientAt(0), $"the entry of client {client.Client:X} is to be written"));
        ReadEntries();
        FindActiveSet();
    }

    /// <summary>What the chip holds.</summary>
    public MediumState State { get; private set; }

    /// <summary>Both copies of the superblock.</summary>
    public MediumSuperblock[] Copies { get; } = new MediumSuperblock[2];

    /// <summary>The copy that counts; the sizes and all below mean something only in the state <see cref="MediumState.Store"/>.</summary>
    public MediumSuperblock Superblock { get; private set; } = null!;

    /// <summary>The sizes of the store.</summary>
    public MediumLayout Layout => Superblock.Layout;

    /// <summary>Both records; null those that are not whole.</summary>
    public MediumRecord?[] Records { get; } = new MediumRecord?[2];

    /// <summary>Which of them is the current one, -1 if none is whole.</summary>
    public int CurrentIndex { get; private set; } = -1;

    /// <summary>The current record; null when none is whole.</summary>
    public MediumRecord? Current => CurrentIndex < 0 ? null : Records[CurrentIndex];

    /// <summary>The commits behind the current record.</summary>
    public IReadOnlyList<MediumRow> Rows => rows;

    /// <summary>What is there of a row that did not commit.</summary>
    public IReadOnlyList<MediumBlock> Unfinished { get; private set; } = [];

    /// <summary>Where the next commit goes on.</summary>
    public MediumChainEnd End { get; private set; }

    /// <summary>Number of the last commit.</summary>
    public uint Version => End.Version;

    /// <summary>The clients that the store remembers.</summary>
    public MediumClients Clients { get; } = null!;

    /// <summary>The used entries of the track table, as recovery has to find them.</summary>
    public List<MediumEntry> Entries { get; } = [];

    /// <summary>The tracks, as recovery has to find them.</summary>
    public Dictionary<uint, MediumTrack> Tracks { get; } = [];

    /// <summary>For each segment the entry of the track that owns it, -1 for a free one.</summary>
    public int[] Owners { get; private set; } = [];

    /// <summary>The active set. Exact when no commit is behind the record: what these made free is not known from the medium.</summary>
    public List<int> ActiveSet { get; } = [];

    /// <summary>What no interrupted request leaves behind.</summary>
    public IReadOnlyList<MediumDamage> Damages => damages;

    /// <summary>What interrupted work leaves behind, and bookkeeping has to do.</summary>
    public IReadOnlyList<MediumDamage> Due => due;

    /// <summary>Segments that belong to no track.</summary>
    public int FreeSegments => Owners.Count(owner => owner == Free);

    /// <summary>True when a block, or a record, that tells of a commit is lost.</summary>
    public bool IsRecordLost { get; private set; }

    /// <summary>Reads a medium.</summary>
    public static Medium Read(ReadOnlySpan<byte> medium) => new(medium);

    private ReadOnlySpan<byte> Bytes => bytes;

    private void ReadSuperblocks()
    {
        MediumSuperblock first = Copies[0] = MediumSuperblock.Parse(bytes, 0, 0);
        MediumSuperblock second = Copies[1] = MediumSuperblock.Parse(bytes, SecondCopyAt(first), 1);
        Superblock = first;
        State = MediumState.Store;
        if (first.Kind == MediumCopyKind.Live && second.Kind == MediumCopyKind.Live)
        {
            if (!Bytes.Slice(12, 44).SequenceEqual(Bytes.Slice(second.Address + 12, 44)))
            {
                Superblock = MediumBytes.IsLater(second.FormatCount, first.FormatCount) ? second : first;
                AddCopy(Superblock == first ? second : first);
                if (second.FormatCount == first.FormatCount)
                    State = MediumState.Damaged;
            }
        }
        else if (first.Kind == MediumCopyKind.Live || second.Kind == MediumCopyKind.Live)
        {
            Superblock = first.Kind == MediumCopyKind.Live ? first : second;
            AddCopy(Superblock == first ? second : first);
        }
        else
            State = StateWithout(first, second);
        if (State == MediumState.Store && !Superblock.IsConsistent)
            State = MediumState.Damaged;
    }

    private int SecondCopyAt(MediumSuperblock first) =>
        (first.Kind == MediumCopyKind.Live && first.IsConsistent ? first.Layout.ChipBytes : bytes.Length) - MediumLayout.SuperblockBytes;

    private void AddCopy(MediumSuperblock copy) =>
        (copy.Kind == MediumCopyKind.Damaged ? damages : due).Add(new MediumDamage("superblock", copy.Address, $"a copy is {copy.Kind}"));

    private MediumState StateWithout(MediumSuperblock first, MediumSuperblock second)
    {
        if (first.Kind == MediumCopyKind.Newer || second.Kind == MediumCopyKind.Newer)
            return MediumState.Newer;
        if (first.Kind == MediumCopyKind.Damaged || second.Kind == MediumCopyKind.Damaged)
            return MediumState.Damaged;
        if (first.Kind == MediumCopyKind.GivenUp || second.Kind == MediumCopyKind.GivenUp)
            return MediumState.Blank;
        MediumLayout? sizes = MediumLayout.Default(bytes.Length);
        bool hasRecord = sizes != null
            && (MediumRecord.Parse(bytes, sizes.RecordAt(0)) is { Version: not 0 }
                || MediumRecord.Parse(bytes, sizes.RecordAt(1)) is { Version: not 0 });
        return hasRecord ? MediumState.Damaged : MediumState.Blank;
    }

    private void ReadRecords()
    {
        for (int i = 0; i < 2; i++)
        {
            int at = Layout.RecordAt(i);
            MediumRecord? record = Records[i] = MediumRecord.Parse(bytes, at);
            if (record == null && !Bytes.Slice(at, MediumLayout.RecordBytes).IsZero())
                due.Add(new MediumDamage("record", at, $"record {i} is not whole"));
            if (record != null && (CurrentIndex < 0 || MediumBytes.IsLater(record.Version, Records[CurrentIndex]!.Version)))
                CurrentIndex = i;
        }
        if (Current == null)
        {
            damages.Add(new MediumDamage("record", Layout.RecordAt(0), "no record is whole"));
            return;
        }
        if (Records[0]?.Version == Records[1]?.Version)
            damages.Add(new MediumDamage("record", Layout.RecordAt(1), "both records have the same version"));
        if (Current.Next >= Layout.Segments)
            damages.Add(new MediumDamage(
                "record", Layout.RecordAt(CurrentIndex), $"the next block's segment {Current.Next} does not exist"));
    }

    private void FollowChain()
    {
        MediumRecord record = Current!;
        Clients.Commit(new MediumClient(record.Client, record.Number, record.Version, record.Fingerprint), record.IsPassing);
        End = new MediumChainEnd(record.Version, record.Lap, record.Next, record.Flag);
        while (MediumRow.Parse(bytes, Superblock, End, out List<MediumBlock> unfinished) is MediumRow row)
        {
            rows.Add(row);
            MediumBlock last = row.Last;
            End = new MediumChainEnd(last.Version, last.Lap, last.Next, last.NextFlag);
            Clients.Commit(new MediumClient(last.Client, last.Number, last.Version, last.Fingerprint), last.IsPassing);
            foreach (IReadOnlyList<MediumBlock> track in row.Tracks)
                TakeOver(track);
            if (rows.Count > Layout.Segments)
                throw new InvalidOperationException("the chain has no end");
        }
        CompareTables();
        Unfinished = MediumRow.Parse(bytes, Superblock, End, out List<MediumBlock> parts) == null ? parts : [];
    }

    // What the row says replaces what the tables hold.
    private void TakeOver(IReadOnlyList<MediumBlock> track)
    {
        MediumBlock first = track[0];
        if (track.Count > 1)
        {
            int[] segments = [.. track.SelectMany(block => block.Segments)];
            for (int i = 0; i < segments.Length; i++)
                links.AsSpan().Put16(2 * segments[i], i + 1 < segments.Length ? segments[i + 1] : NoLink);
        }
        MediumEntry.Of(track).CopyTo(entries, MediumLayout.EntryBytes * first.Entry);
    }

    // Where the tables on the medium are behind the rows.
    private void CompareTables()
    {
        for (int i = 0; i < Layout.Segments; i++)
            if (!links.AsSpan(2 * i, 2).SequenceEqual(Bytes.Slice(Layout.LinkAt(i), 2)))
                due.Add(new MediumDamage("link", Layout.LinkAt(i), $"link {i} of a commit behind the record"));
        for (int i = 0; i < Layout.Entries; i++)
        {
            ReadOnlySpan<byte> stored = Bytes.Slice(Layout.EntryAt(i), MediumLayout.EntryBytes);
            if (!entries.AsSpan(i * MediumLayout.EntryBytes, MediumLayout.EntryBytes).SequenceEqual(stored))
                due.Add(new MediumDamage("entry", Layout.EntryAt(i), $"entry {i} of a commit behind the record"));
        }
    }

    private void ReadEntries()
    {
        Owners = new int[Layout.Segments];
        Array.Fill(Owners, Free);
        for (int i = 0; i < Layout.Entries; i++)
        {
            ReadOnlySpan<byte> entry = entries.AsSpan(i * MediumLayout.EntryBytes, MediumLayout.EntryBytes);
            if (entry.IsZero())
                continue;
            if (MediumEntry.Parse(entry, links, Layout, i) is MediumEntry found)
                Entries.Add(found);
            else
                damages.Add(new MediumDamage("entry", Layout.EntryAt(i), $"entry {i} is not whole; its track would be {entry.U32(0)}"));
        }
        CheckSums();
        CheckVersions();
        // Of two that claim the same the later one counts.
        foreach (MediumEntry entry in Entries.OrderBy(entry => unchecked((int)(Version - entry.Version))))
            Own(entry);
    }

    private void CheckSums()
    {
        if (Current == null)
            return;
        (uint sum0, uint sum1) = (Current.Sum0, Current.Sum1);
        foreach (IReadOnlyList<MediumBlock> track in rows.SelectMany(row => row.Tracks))
        {
            uint change = ((ReadOnlySpan<byte>)MediumEntry.Of(track)).U32(12) - track[0].Replaced;
            sum0 += change;
            sum1 += (uint)(track[0].Entry + 1) * change;
        }
        for (int i = 0; i < Layout.Entries; i++)
        {
            uint crc = ((ReadOnlySpan<byte>)entries).U32(i * MediumLayout.EntryBytes + 12);
            sum0 -= crc;
            sum1 -= (uint)(i + 1) * crc;
        }
        if (sum0 != 0 || sum1 != 0)
            damages.Add(new MediumDamage(
                "sums", Layout.RecordAt(CurrentIndex), $"the sums over the track table differ by {-sum0:X} and {-sum1:X}"));
        IsRecordLost = (sum0 != 0 || sum1 != 0) && Entries.Any(entry => MediumBytes.IsLater(entry.Version, Version));
    }

    private void CheckVersions()
    {
        MediumEntry[] later = [.. Entries.Where(entry => Current == null || MediumBytes.IsLater(entry.Version, Version))];
        IsRecordLost |= Current == null;
        if (!IsRecordLost || later.Length == 0)
            return;
        damages.Add(new MediumDamage(
            "chain", Layout.EntryAt(later[0].Index), $"{later.Length} entries are of commits that no record tells of"));
        uint newest = later.Select(entry => entry.Version).Aggregate((a, b) => MediumBytes.IsLater(b, a) ? b : a);
        End = End with { Version = newest };
    }

    private void Own(MediumEntry entry)
    {
        int at = Layout.EntryAt(entry.Index);
        if (entry.Segments.FirstOrDefault(segment => Owners[segment] != Free, Free) is int taken && taken != Free)
        {
            damages.Add(new MediumDamage("entry", at, $"segment {taken} belongs to entries {Owners[taken]} and {entry.Index}"));
            return;
        }
        if (entry.IsReleased)
            return;
        foreach (int segment in entry.Segments)
            Owners[segment] = entry.Index;
        MediumTrack track = MediumTrack.Read(bytes, Superblock, entry);
        if (!Tracks.TryAdd(entry.Track, track))
            damages.Add(new MediumDamage("entry", at, $"track {entry.Track} has two entries"));
        else if (track.Data == null)
            damages.Add(new MediumDamage(
                "data", Layout.SegmentAt(track.FirstDamagedSegment), $"the data of track {entry.Track} do not match their CRC-32"));
    }

    private void FindActiveSet()
    {
        foreach (MediumBlock block in rows.SelectMany(row => row.Blocks))
            foreach (int segment in block.Segments)
                if (Owners[segment] != Free && Owners[segment] != block.Entry)
                    damages.Add(new MediumDamage(
                        "chain",
                        Layout.SegmentAt(segment),
                        $"a block of commit {block.Version} lies in another track's segment {segment}"));
        if (Current == null || Current.Next >= Layout.Segments)
            return;
        if (Owners[End.Next] != Free)
            damages.Add(new MediumDamage(
                "chain", Layout.SegmentAt(End.Next), $"the active set begins at segment {End.Next}, which is not free"));
        for (int i = 0; i < Layout.Segments && ActiveSet.Count < Layout.SetSegments; i++)
        {
            int segment = (End.Next + i) % Layout.Segments;
            if (Owners[segment] == Free)
                ActiveSet.Add(segment);
        }
        if (ActiveSet.Count < Layout.SetSegments)
            damages.Add(new MediumDamage("chain", Layout.SegmentAt(End.Next), $"{ActiveSet.Count} free segments are less than a set"));
    }
}
