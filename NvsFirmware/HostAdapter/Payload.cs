namespace NvsFirmware.HostAdapter;

/// <summary>
/// Where each field stands in the payloads of docs/protocol.md, in bytes from the payload's start. Shared by firmware and host library.
/// Numbers are little-endian and unsigned.
/// </summary>
public static class Payload
{
    /// <summary>Request HELLO.</summary>
    public static class Hello
    {
        /// <summary>Protocol version the host speaks, 2 bytes.</summary>
        public const int Protocol = 0;

        /// <summary>Payload length.</summary>
        public const int Bytes = 4;
    }

    /// <summary>Answer to HELLO.</summary>
    public static class HelloAnswer
    {
        /// <summary>Protocol version the board speaks, 2 bytes.</summary>
        public const int Protocol = 0;

        /// <summary>State of the store, 1 byte, a <see cref="Status"/>: Ok, NoChip, UnknownChip, Blank, StoreDamaged, NewerFormat.</summary>
        public const int State = 2;

        /// <summary>1 if the chip's block protection is on, so that nothing can be written; else 0.</summary>
        public const int Protected = 3;

        /// <summary>Firmware version: major, minor, patch, 1 byte each, and one zero byte.</summary>
        public const int FirmwareVersion = 4;

        /// <summary>The most bytes of a track in one frame, 2 bytes.</summary>
        public const int LargestDataBytes = 8;

        /// <summary>Track entries in the store, 2 bytes: the most tracks it can hold.</summary>
        public const int TrackSlots = 10;

        /// <summary>Receive window: frame bytes that may be on the way or unanswered at any moment, 4 bytes.</summary>
        public const int WindowBytes = 12;

        /// <summary>Longest track in bytes, 4 bytes; also what one write request can hold in a single track.</summary>
        public const int LongestTrackBytes = 16;

        /// <summary>Bytes in all segments, 4 bytes.</summary>
        public const int CapacityBytes = 20;

        /// <summary>Bytes in the segments that new tracks can still take, 4 bytes.</summary>
        public const int FreeBytes = 24;

        /// <summary>How often a board has started with this store, 4 bytes.</summary>
        public const int BootCount = 28;

        /// <summary>The store's id, 8 bytes.</summary>
        public const int StoreId = 32;

        /// <summary>The board's name, 16 ASCII bytes, padded with zeros.</summary>
        public const int BoardName = 40;

        /// <summary>The FRAM part's name, 16 ASCII bytes, padded with zeros.</summary>
        public const int ChipName = 56;

        /// <summary>The FRAM part's size in bytes, 4 bytes.</summary>
        public const int ChipBytes = 72;

        /// <summary>Payload length.</summary>
        public const int Bytes = 76;

        /// <summary>Length of each of the two names.</summary>
        public const int NameBytes = 16;
    }

    /// <summary>Answer to INFO.</summary>
    public static class InfoAnswer
    {
        /// <summary>Bytes in a segment, 2 bytes.</summary>
        public const int SegmentBytes = 0;

        /// <summary>Segments in a set, 2 bytes.</summary>
        public const int SetSegments = 2;

        /// <summary>Segments in the store, 2 bytes.</summary>
        public const int Segments = 4;

        /// <summary>Segments that belong to no track, those of the prepared set included, 2 bytes.</summary>
        public const int FreeSegments = 6;

        /// <summary>Tracks in the store, 2 bytes.</summary>
        public const int Tracks = 8;

        /// <summary>Track entries known to be damaged, 2 bytes.</summary>
        public const int Damaged = 10;

        /// <summary>The active-set flag: the set that the next write request uses, 0 for A and 1 for B, 1 byte.</summary>
        public const int Flag = 12;

        /// <summary>What the last recovery found, 1 byte, bits of <see cref="Nvs.RecoveryFindings"/>.</summary>
        public const int Findings = 13;

        /// <summary>Number of the last commit, 4 bytes: the version of the tracks it wrote.</summary>
        public const int Sequence = 16;

        /// <summary>Client id of the last commit, 4 bytes.</summary>
        public const int Client = 20;

        /// <summary>Request number of the last commit, 4 bytes.</summary>
        public const int Request = 24;

        /// <summary>First segment of the set that the last commit used, 2 bytes.</summary>
        public const int CommittedFirst = 28;

        /// <summary>How many segments the last commit used, 2 bytes.</summary>
        public const int CommittedCount = 30;

        /// <summary>First segment of the set prepared for the next write request, 2 bytes.</summary>
        public const int PreparedFirst = 32;

        /// <summary>Last segment of the set prepared for the next write request, 2 bytes.</summary>
        public const int PreparedLast = 34;

        /// <summary>Payload length.</summary>
        public const int Bytes = 36;
    }

    /// <summary>Answer to STATS: <see cref="Counter"/> values, 4 bytes each, then what the last recoveries found.</summary>
    public static class StatsAnswer
    {
        /// <summary>Where the findings of the last recoveries start: one byte each, the newest first.</summary>
        public const int Findings = Counter.Count * 4;

        /// <summary>How many recoveries are told.</summary>
        public const int FindingsCount = 8;

        /// <summary>Payload length.</summary>
        public const int Bytes = Findings + FindingsCount;
    }

    /// <summary>Request LAST.</summary>
    public static class Last
    {
        /// <summary>The client's id, 4 bytes.</summary>
        public const int Client = 0;

        /// <summary>Payload length.</summary>
        public const int Bytes = 4;
    }

    /// <summary>Answer to LAST.</summary>
    public static class LastAnswer
    {
        /// <summary>Number of the request that was committed last, 4 bytes.</summary>
        public const int Request = 0;

        /// <summary>Version it gave its tracks, 4 bytes.</summary>
        public const int Version = 4;

        /// <summary>Payload length.</summary>
        public const int Bytes = 8;
    }

    /// <summary>Request WRITE: one part of a write request.</summary>
    public static class Write
    {
        /// <summary>The client's id, 4 bytes, not 0.</summary>
        public const int Client = 0;

        /// <summary>Track number, 4 bytes.</summary>
        public const int Track = 4;

        /// <summary>With <see cref="FlagExpect"/>: the version to replace, 4 bytes; 0: there must be no such track.</summary>
        public const int Expected = 8;

        /// <summary>Length of the whole track, 2 bytes.</summary>
        public const int Length = 12;

        /// <summary>Where in the track this part's data belong, 2 bytes; 0 begins the track.</summary>
        public const int Offset = 14;

        /// <summary>Bits <see cref="FlagLast"/>, <see cref="FlagExpect"/>, <see cref="FlagRelease"/>, 1 byte; then 3 zero bytes.</summary>
        public const int Flags = 16;

        /// <summary>The data.</summary>
        public const int Data = 20;

        /// <summary>This is the last part: commit the request.</summary>
        public const int FlagLast = 1;

        /// <summary>Refuse unless the track's version is the expected one. Counts in the part that begins the track.</summary>
        public const int FlagExpect = 2;

        /// <summary>Release the track. Length and offset are 0 and there are no data.</summary>
        public const int FlagRelease = 4;
    }

    /// <summary>Answer to WRITE.</summary>
    public static class WriteAnswer
    {
        /// <summary>Ok: the version of all tracks of the request. VersionMismatch: the track's actual version, 0 if there is none. 4 bytes.</summary>
        public const int Version = 0;

        /// <summary>Continue and WrongOrder: the part that the board takes next, 2 bytes; then 2 zero bytes.</summary>
        public const int NextPart = 4;

        /// <summary>Payload length.</summary>
        public const int Bytes = 8;
    }

    /// <summary>Request READ.</summary>
    public static class Read
    {
        /// <summary>Track number, 4 bytes.</summary>
        public const int Track = 0;

        /// <summary>Payload length.</summary>
        public const int Bytes = 4;
    }

    /// <summary>Answer to READ: one or more parts; only the status of the last says that the data are intact.</summary>
    public static class ReadAnswer
    {
        /// <summary>The track's version, 4 bytes.</summary>
        public const int Version = 0;

        /// <summary>Length of the whole track, 2 bytes.</summary>
        public const int Length = 4;

        /// <summary>Where in the track this part's data belong, 2 bytes.</summary>
        public const int Offset = 6;

        /// <summary>The data.</summary>
        public const int Data = 8;
    }

    /// <summary>Requests LIST and VERIFY.</summary>
    public static class Page
    {
        /// <summary>Where to go on, 2 bytes: 0 to begin, then what the answer says.</summary>
        public const int Start = 0;

        /// <summary>Payload length.</summary>
        public const int Bytes = 2;

        /// <summary>In an answer: no further page.</summary>
        public const int End = 0xFFFF;
    }

    /// <summary>Answers to LIST and VERIFY.</summary>
    public static class PageAnswer
    {
        /// <summary>Where to go on, 2 bytes; <see cref="Page.End"/> after the last page.</summary>
        public const int Next = 0;

        /// <summary>How many entries follow, 2 bytes.</summary>
        public const int Count = 2;

        /// <summary>VERIFY: tracks checked for this page, 2 bytes; then 2 zero bytes. LIST: 4 zero bytes.</summary>
        public const int Checked = 4;

        /// <summary>The first entry.</summary>
        public const int Entries = 8;

        /// <summary>Length of an entry.</summary>
        public const int EntryBytes = 12;

        /// <summary>In an entry: track number, 4 bytes; of damage that belongs to no known track, 0.</summary>
        public const int EntryTrack = 0;

        /// <summary>In an entry: the track's version, 4 bytes.</summary>
        public const int EntryVersion = 4;

        /// <summary>In an entry: the track's length; of damage, the number of the entry that is hit. 2 bytes.</summary>
        public const int EntryLength = 8;

        /// <summary>In an entry: a <see cref="Nvs.Damage"/>, 0 when intact, 1 byte; then one zero byte.</summary>
        public const int EntryDamage = 10;
    }

    /// <summary>Request FORMAT; its answer has no payload.</summary>
    public static class Format
    {
        /// <summary>The id of the store to destroy, 8 bytes, or <see cref="BlankName"/> or <see cref="DamagedName"/>.</summary>
        public const int Name = 0;

        /// <summary>The id of the new store, 8 bytes, chosen by the host at random.</summary>
        public const int NewId = 8;

        /// <summary>Bytes in a segment, 2 bytes; 0 for the default.</summary>
        public const int SegmentBytes = 16;

        /// <summary>Segments in a set, 2 bytes; 0 for the default.</summary>
        public const int SetSegments = 18;

        /// <summary>Payload length.</summary>
        public const int Bytes = 20;

        /// <summary>The name of a blank chip, padded with zeros to 8 bytes.</summary>
        public const string BlankName = Nvs.NvsStore.BlankName;

        /// <summary>The name of a store that is so damaged that its id is not known, padded with zeros to 8 bytes.</summary>
        public const string DamagedName = Nvs.NvsStore.DamagedName;
    }

    /// <summary>Request REPAIR.</summary>
    public static class Repair
    {
        /// <summary>The id of the store, 8 bytes.</summary>
        public const int Name = 0;

        /// <summary>Payload length.</summary>
        public const int Bytes = 8;
    }

    /// <summary>Answer to REPAIR.</summary>
    public static class RepairAnswer
    {
        /// <summary>Tracks given up, 2 bytes; then 2 zero bytes.</summary>
        public const int GivenUp = 0;

        /// <summary>Payload length.</summary>
        public const int Bytes = 4;
    }
}
