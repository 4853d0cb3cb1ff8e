namespace NvsFirmware.Wire;

/// <summary>
/// Where each field stands in the payloads of docs/protocol.md, in bytes from the payload's start. Shared by firmware and host library.
/// Numbers are little-endian and unsigned. The payloads of WRITE and of the answer to READ are a <see cref="Block"/>'s.
/// </summary>
public static class Payload
{
    /// <summary>Answer to HELLO.</summary>
    public static class HelloAnswer
    {
        /// <summary>Protocol version the board speaks, 2 bytes.</summary>
        public const int Protocol = 0;

        /// <summary>State of the store, 1 byte, a <see cref="Status"/>.</summary>
        public const int State = 2;

        /// <summary>1 if the chip's block protection is on, so that nothing can be written; else 0.</summary>
        public const int Protected = 3;

        /// <summary>Firmware version: major, minor, patch, 1 byte each, and one zero byte.</summary>
        public const int FirmwareVersion = 4;

        /// <summary>What the board can do, 4 bytes: <see cref="CanBehind"/>, <see cref="CanPassing"/>.</summary>
        public const int Abilities = 8;

        /// <summary>Receive window: frame bytes that may be on the way or unanswered at any moment, 4 bytes.</summary>
        public const int WindowBytes = 12;

        /// <summary>Piece: the most bytes of a track in one frame, 2 bytes.</summary>
        public const int PieceBytes = 16;

        /// <summary>Segments in a set, 2 bytes: the most tracks in one request.</summary>
        public const int SetSegments = 18;

        /// <summary>Data bytes in a segment, 2 bytes.</summary>
        public const int SegmentDataBytes = 20;

        /// <summary>Entries in the track table, 2 bytes: the most tracks the store can hold.</summary>
        public const int MostTracks = 22;

        /// <summary>Longest track in bytes, 4 bytes.</summary>
        public const int LongestTrackBytes = 24;

        /// <summary>Data bytes in all segments that tracks can take, 4 bytes.</summary>
        public const int CapacityBytes = 28;

        /// <summary>Data bytes in the segments that new tracks can still take, 4 bytes.</summary>
        public const int FreeBytes = 32;

        /// <summary>How often a board has started with this store, 4 bytes.</summary>
        public const int BootCount = 36;

        /// <summary>Number of the last commit, 4 bytes.</summary>
        public const int Version = 40;

        /// <summary>The store's id, 8 bytes.</summary>
        public const int StoreId = 44;

        /// <summary>The board's name, 16 ASCII bytes, padded with zeros.</summary>
        public const int BoardName = 52;

        /// <summary>The FRAM part's name, 16 ASCII bytes, padded with zeros.</summary>
        public const int ChipName = 68;

        /// <summary>The FRAM part's size in bytes, 4 bytes.</summary>
        public const int ChipBytes = 84;

        /// <summary>Payload length.</summary>
        public const int Bytes = 88;

        /// <summary>Length of each of the two names.</summary>
        public const int NameBytes = 16;

        /// <summary>Ability: <see cref="WriteFlags.Behind"/>.</summary>
        public const int CanBehind = 1;

        /// <summary>Ability: <see cref="WriteFlags.Passing"/>.</summary>
        public const int CanPassing = 2;
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

        /// <summary>Segments that belong to no track, 2 bytes.</summary>
        public const int FreeSegments = 6;

        /// <summary>Tracks in the store, 2 bytes.</summary>
        public const int Tracks = 8;

        /// <summary>Track entries known to be damaged, 2 bytes.</summary>
        public const int Damaged = 10;

        /// <summary>The active-set flag: the set that the next write request uses, 0 for A and 1 for B, 1 byte.</summary>
        public const int Flag = 12;

        /// <summary>What the last recovery found, 1 byte, bits of <see cref="RecoveryFindings"/>.</summary>
        public const int Findings = 13;

        /// <summary>Commits since the current record, 2 bytes.</summary>
        public const int SinceRecord = 14;

        /// <summary>Number of the last commit, 4 bytes: the version of the tracks it wrote.</summary>
        public const int Version = 16;

        /// <summary>Client id of the last commit, 4 bytes; 0: nobody's.</summary>
        public const int Client = 20;

        /// <summary>Request number of the last commit, 4 bytes.</summary>
        public const int Number = 24;

        /// <summary>First segment of the set that the last commit used, 2 bytes.</summary>
        public const int CommittedFirst = 28;

        /// <summary>How many segments the last commit used, 2 bytes.</summary>
        public const int CommittedCount = 30;

        /// <summary>First segment of the set prepared for the next write request, 2 bytes.</summary>
        public const int PreparedFirst = 32;

        /// <summary>Last segment of the set prepared for the next write request, 2 bytes.</summary>
        public const int PreparedLast = 34;

        /// <summary>Horizon, 4 bytes, see <see cref="LastAnswer.Horizon"/>.</summary>
        public const int Horizon = 36;

        /// <summary>Clients known, 2 bytes; then 2 zero bytes.</summary>
        public const int Clients = 40;

        /// <summary>Payload length.</summary>
        public const int Bytes = 44;
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

    /// <summary>Answer to LAST; its argument is the version that the request gave its tracks.</summary>
    public static class LastAnswer
    {
        /// <summary>Number of the request that was committed last, 4 bytes; 0 when none is known.</summary>
        public const int Number = 0;

        /// <summary>Its fingerprint, 4 bytes; 0 when none is known.</summary>
        public const int Fingerprint = 4;

        /// <summary>No client that stays and may be forgotten committed later than this version, 4 bytes; 0: none was forgotten.</summary>
        public const int Horizon = 8;

        /// <summary>The same of the clients that only pass by, 4 bytes.</summary>
        public const int PassingHorizon = 12;

        /// <summary>Number of the store's last commit, 4 bytes.</summary>
        public const int StoreVersion = 16;

        /// <summary>Payload length.</summary>
        public const int Bytes = 20;
    }

    /// <summary>Answers to LIST and VERIFY; the argument is where to go on.</summary>
    public static class PageAnswer
    {
        /// <summary>VERIFY: tracks checked for this page, 2 bytes; LIST: 0; then 2 zero bytes.</summary>
        public const int Checked = 0;

        /// <summary>The first entry.</summary>
        public const int Entries = 4;

        /// <summary>Length of an entry.</summary>
        public const int EntryBytes = 12;

        /// <summary>In an entry: track number, 4 bytes; of damage that belongs to no known track, 0.</summary>
        public const int EntryTrack = 0;

        /// <summary>In an entry: the track's version, 4 bytes.</summary>
        public const int EntryVersion = 4;

        /// <summary>In an entry: the track's length; of damage, the number of the entry or copy that is hit. 2 bytes.</summary>
        public const int EntryLength = 8;

        /// <summary>In an entry: a <see cref="Damage"/>, 0 when intact, 1 byte; then one zero byte.</summary>
        public const int EntryDamage = 10;

        /// <summary>The argument after the last page: FFFFFFFF.</summary>
        public const int End = -1;
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
        public const string BlankName = "BLANK";

        /// <summary>The name of a store that is so damaged that its id is not known, padded with zeros to 8 bytes.</summary>
        public const string DamagedName = "DAMAGED";
    }

    /// <summary>Request REPAIR; the argument of its answer is how many tracks were given up.</summary>
    public static class Repair
    {
        /// <summary>The id of the store, 8 bytes.</summary>
        public const int Name = 0;

        /// <summary>Payload length.</summary>
        public const int Bytes = 8;
    }
}
