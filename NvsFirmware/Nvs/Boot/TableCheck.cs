using System;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs.Boot;

/// <summary>Judges the loaded track table: which entries are tracks, who owns which segment, what is damaged.</summary>
/// <remarks>
/// The table of a store without damage is admitted in one flat pass. At the first oddity the careful way begins from the start: it finds
/// every entry that is not whole, not the committed one by the sums, or in conflict with another.
/// </remarks>
public sealed class TableCheck
{
    private const int At = FramChip.CommandBytes;
    private const int EntryBytes = TrackTable.EntryBytes;

    // CRC-32 over anything with its own CRC-32 behind it, and over an entry of zeros.
    private const uint WholeCrc = 0x2144DF1C;
    private const int EntriesSkipped = 16;

    private readonly Geometry geometry;
    private readonly SegmentTable segments;
    private readonly TrackTable tracks;
    private readonly uint zerosCrc;
    private uint delta0;
    private uint delta1;

    /// <summary>Checks a table.</summary>
    public TableCheck(Geometry geometry, SegmentTable segments, TrackTable tracks)
    {
        this.geometry = geometry;
        this.segments = segments;
        this.tracks = tracks;
        zerosCrc = Crc.Of(new byte[EntriesSkipped * EntryBytes], 0, EntriesSkipped * EntryBytes);
    }

    /// <summary>True when entries are not those that were committed, and it is not known which.</summary>
    public bool IsDoubtful;

    /// <summary>True when the sums over the table are not those of the last commit that is known.</summary>
    public bool AreSumsWrong => (delta0 | delta1) != 0;

    /// <summary>Admits the entries.</summary>
    /// <param name="sum0">First sum of the last commit.</param>
    /// <param name="sum1">Second sum of the last commit.</param>
    /// <returns>True when everything is as it should be; else <see cref="Judge"/> finds out more.</returns>
    public bool TryAdmit(uint sum0, uint sum1)
    {
        Begin();
        byte[] image = tracks.Image;
        int used = CountUsed(image);
        tracks.NeverUsed = used;
        for (int entry = tracks.AdmitDownFrom(used - 1, WholeCrc); entry >= 0; entry = tracks.AdmitDownFrom(entry - 1, WholeCrc))
        {
            int at = At + entry * EntryBytes;
            tracks.AddSums(image, at);
            if (IsNeverUsed(image, at))
            {
                tracks.Unreserve(entry);
                continue;
            }
            int track = BitConverter.ToInt32(image, at);
            if (!IsLinkedWhole(image, at) || tracks.Find(track) >= 0 || !segments.TryClaimLinked(tracks.First(entry)))
                return false;
            tracks.Admit(entry, track, tracks.Length(entry));
        }
        return tracks.Sum0 == sum0 && tracks.Sum1 == sum1;
    }

    /// <summary>Admits the entries, and finds the damaged ones.</summary>
    /// <param name="areSumsKnown">False when the sums are taken as found.</param>
    /// <param name="sum0">First sum of the last commit.</param>
    /// <param name="sum1">Second sum of the last commit.</param>
    public void Judge(bool areSumsKnown, uint sum0, uint sum1)
    {
        Begin();
        byte[] image = tracks.Image;
        for (int entry = 0, at = At; entry < geometry.Entries; entry++, at += EntryBytes)
        {
            uint crc = BitConverter.ToUInt32(image, at + TrackTable.CrcAt);
            tracks.Sum0 += crc;
            tracks.Sum1 += crc * (uint)(entry + 1);
        }
        delta0 = areSumsKnown ? sum0 - tracks.Sum0 : 0;
        delta1 = areSumsKnown ? sum1 - tracks.Sum1 : 0;
        bool isExplained = !AreSumsWrong;
        for (int entry = 0, at = At; entry < geometry.Entries; entry++, at += EntryBytes)
        {
            if (IsNeverUsed(image, at) || IsWhole(entry))
                continue;
            tracks.MarkDamaged(entry);
            isExplained |= IsLocated(entry);
        }
        if (!isExplained)
            isExplained = MarkLocated();
        // From the last to the first, so that the free entries come out in order.
        for (int entry = geometry.Entries - 1; entry >= 0; entry--)
        {
            if (tracks.State(entry) == EntryState.Damaged)
                continue;
            if (IsNeverUsed(image, At + entry * EntryBytes) || tracks.Length(entry) == Block.Released)
                tracks.Unreserve(entry);
            else
                Admit(entry);
        }
        // Two damaged entries explain any difference. One does not explain this one: some other is not the committed one either.
        IsDoubtful = !isExplained && tracks.DamagedCount < 2;
    }

    /// <summary>True when a whole entry has a version behind the last commit that is known.</summary>
    /// <param name="version">That commit.</param>
    /// <param name="newest">The newest version of all whole entries.</param>
    public bool IsAnyNewer(int version, out int newest)
    {
        newest = version;
        for (int entry = 0; entry < geometry.Entries; entry++)
        {
            int ahead = tracks.Version(entry) - newest;
            if (ahead > 0 && ahead < ClientTable.OldestAge && tracks.Version(entry) != 0 && IsWhole(entry))
                newest = tracks.Version(entry);
        }
        return newest != version;
    }

    /// <summary>The newest version of all whole entries; 0 when there is none.</summary>
    public int NewestVersion()
    {
        int newest = 0;
        for (int entry = 0; entry < geometry.Entries; entry++)
        {
            int version = tracks.Version(entry);
            if (version != 0 && (newest == 0 || version - newest > 0) && IsWhole(entry))
                newest = version;
        }
        return newest;
    }

    /// <summary>True when the CRC-32 over an entry and its linked segments matches, and what it says is possible.</summary>
    public bool IsWhole(int entry)
    {
        int at = At + entry * EntryBytes;
        byte[] image = tracks.Image;
        if (Crc.Of(image, at, EntryBytes) != WholeCrc)
            return IsLinkedWhole(image, at);
        int length = tracks.Length(entry);
        return length == Block.Released
            || length <= geometry.PieceBytes && !tracks.IsLinked(entry)
            && tracks.First(entry) + geometry.SegmentsOfBlock(length) <= geometry.Segments;
    }

    /// <summary>True when an entry is zeros.</summary>
    public bool IsNeverUsed(int entry) => IsNeverUsed(tracks.Image, At + entry * EntryBytes);

    private void Begin()
    {
        tracks.Clear();
        segments.FreeAll();
        delta0 = 0;
        delta1 = 0;
        IsDoubtful = false;
    }

    // How many entries, from the first, may have been used: the rest is zeros.
    private int CountUsed(byte[] image)
    {
        int used = geometry.Entries;
        while (used >= EntriesSkipped
            && Crc.Of(image, At + (used - EntriesSkipped) * EntryBytes, EntriesSkipped * EntryBytes) == zerosCrc)
            used -= EntriesSkipped;
        while (used > 0 && IsNeverUsed(image, At + (used - 1) * EntryBytes))
            used--;
        return used;
    }

    private bool IsLinkedWhole(byte[] image, int at)
    {
        int word = BitConverter.ToUInt16(image, at + TrackTable.FirstAt);
        int length = BitConverter.ToUInt16(image, at + TrackTable.LengthAt);
        if ((word & TrackTable.Linked) == 0 || length > geometry.LongestTrackBytes || (word & Block.SegmentMask) >= geometry.Segments)
            return false;
        int count = 0;
        for (int segment = word & Block.SegmentMask; segment != SegmentTable.End; segment = segments.Next(segment))
            if (segment >= geometry.Segments || ++count > geometry.SetSegments)
                return false;
        return tracks.LinkedCrc(at) == BitConverter.ToUInt32(image, at + TrackTable.CrcAt);
    }

    private static bool IsNeverUsed(byte[] image, int at) =>
        (BitConverter.ToInt32(image, at) | BitConverter.ToInt32(image, at + 4)
            | BitConverter.ToInt32(image, at + 8) | BitConverter.ToInt32(image, at + 12)) == 0;

    // A whole entry whose track, or whose segments, another one has, too: one of the two is old. The newer one keeps them.
    private void Admit(int entry)
    {
        while (true)
        {
            int rival = tracks.Find(tracks.Track(entry));
            if (rival == TrackTable.None || tracks.State(rival) != EntryState.Track)
            {
                bool isClaimed = tracks.IsLinked(entry) ? segments.TryClaimLinked(tracks.First(entry))
                    : segments.TryClaim(tracks.First(entry), tracks.Neighbours(entry));
                if (isClaimed)
                {
                    tracks.Admit(entry, tracks.Track(entry), tracks.Length(entry));
                    return;
                }
                rival = OwnerOfShared(entry);
            }
            if (rival == TrackTable.None || tracks.Version(entry) - tracks.Version(rival) <= 0)
            {
                tracks.MarkDamaged(entry);
                return;
            }
            tracks.MarkDamaged(rival);
        }
    }

    // An admitted entry that has a segment of this one; none if its own links meet each other.
    private int OwnerOfShared(int entry)
    {
        for (int other = entry + 1; other < geometry.Entries; other++)
            if (tracks.State(other) == EntryState.Track && SharesSegment(entry, other))
                return other;
        return TrackTable.None;
    }

    private bool SharesSegment(int entry, int other)
    {
        int segment = tracks.First(entry);
        for (int left = tracks.Neighbours(entry); ; left--)
        {
            if (Owns(other, segment))
                return true;
            segment = tracks.IsLinked(entry) ? segments.Next(segment) : left > 1 ? segment + 1 : SegmentTable.End;
            if (segment == SegmentTable.End)
                return false;
        }
    }

    private bool Owns(int entry, int segment)
    {
        int first = tracks.First(entry);
        if (!tracks.IsLinked(entry))
            return segment >= first && segment < first + tracks.Neighbours(entry);
        for (; first != SegmentTable.End; first = segments.Next(first))
            if (first == segment)
                return true;
        return false;
    }

    // If the sums are not those of the last commit and just one entry is not the committed one, the differences are d and (place + 1) * d.
    private bool IsLocated(int entry) => AreSumsWrong && (uint)(entry + 1) * delta0 == delta1;

    // Of entries that are whole, the one that the sums say is not the committed one. Several, if the difference is a multiple of a great
    // power of two; and since nobody can say which it is, all of them.
    private bool MarkLocated()
    {
        bool isFound = false;
        for (int entry = 0; entry < geometry.Entries; entry++)
        {
            if (!IsLocated(entry) || tracks.State(entry) == EntryState.Damaged)
                continue;
            tracks.MarkDamaged(entry);
            isFound = true;
        }
        return isFound;
    }
}
