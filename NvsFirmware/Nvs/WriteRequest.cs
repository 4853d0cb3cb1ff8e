using System;
using System.Diagnostics;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>The write request that is being received, until its commit: the only owner of what is known of it.</summary>
/// <remarks>
/// <para>Invariants. A frame becomes one block, or several where there is no run of neighbours for it, in the next segments of the active
/// set, which belong to no track: until the last block is stored, nothing that recovery finds has changed. The last block is stored only
/// when the request may commit, and <see cref="Take"/> says Ok only after it was read back: its last byte is the commit.</para>
/// <para>A request is decided once. What was decided in this session gets the same answer again, and what was decided before it, none but
/// that it is old: a number stands for one content.</para>
/// <para>What a commit changes in RAM and in the tables is done after the answer, by <see cref="Bookkeeping"/>.</para>
/// </remarks>
public sealed class WriteRequest
{
    private const int At = Block.InFrame;

    // A number further ahead is another program's with the same id: else numbers could go round in three commits.
    private const int MostAhead = 0x40000000;

    // No answer: the request has begun.
    private const Status Begun = (Status)0xFF;

    /// <summary>The cache control blocks of the request's tracks so far.</summary>
    public readonly CacheControlBlocks Blocks;

    /// <summary>How many of them it releases.</summary>
    public int Releases;

    /// <summary>Segments of the active set that the request has used.</summary>
    public int Used;

    /// <summary>True while parts of a request are held and its last one has not come.</summary>
    public bool IsReceiving;

    /// <summary>True between a commit and the bookkeeping after it.</summary>
    public bool IsCommitted;

    /// <summary>Index in the active set of the segment that the last block calls the next one.</summary>
    public int Next;

    /// <summary>What goes with the status: a version, or the part that is taken next; else 0.</summary>
    public int Argument;

    /// <summary>Client of the request.</summary>
    public int Client;

    /// <summary>Number of the request.</summary>
    public int Number;

    /// <summary>Fingerprint of the request so far.</summary>
    public int Fingerprint;

    /// <summary>True when the client only passes by.</summary>
    public bool IsPassing;

    /// <summary>True when what the session has decided is not known any more: the host says HELLO.</summary>
    public bool IsSessionOver;

    /// <summary>Data bytes of the request so far.</summary>
    public int DataBytes;

    /// <summary>What went into the CRC-32 of the last block besides its bytes: the store's mark and the place.</summary>
    public uint Place;

    private readonly FramChip chip;
    private readonly int pieceBytes;
    private readonly int dataBytes;
    private readonly int segmentBytes;
    private readonly int setSegments;
    private readonly int segmentsAddress;
    private readonly int mostCounted;
    private readonly Geometry geometry;
    private readonly TrackTable tracks;
    private readonly byte[] entries;
    private readonly byte[] states;
    private readonly VirtualTrackBuffer vtb;
    private readonly ClientTable clients;
    private readonly uint mark;
    private bool isPartNew;
    private long waitsSinceMs;
    private int nextPart;
    private int needed;
    private int growth;
    private int sessionVersion;

    // The track being received; it gets its cache control block when it is whole.
    private int track;
    private int entry = TrackTable.None;
    private int length;
    private int position;
    private int firstInSet;
    private int blockCount;

    private bool isAnyDecided;
    private int decidedClient;
    private int decidedNumber;
    private int decidedArgument;
    private Status decidedStatus;

    /// <summary>Nothing is being received.</summary>
    public WriteRequest(
        FramChip chip, Geometry geometry, TrackTable tracks, VirtualTrackBuffer vtb, ClientTable clients, uint mark)
    {
        this.chip = chip;
        this.geometry = geometry;
        pieceBytes = geometry.PieceBytes;
        dataBytes = geometry.DataBytes;
        segmentBytes = geometry.SegmentBytes;
        setSegments = geometry.SetSegments;
        segmentsAddress = geometry.SegmentsAddress;
        mostCounted = geometry.Segments - geometry.Reserve;
        this.tracks = tracks;
        entries = tracks.Image;
        states = tracks.States;
        this.vtb = vtb;
        this.clients = clients;
        this.mark = mark;
        Blocks = new CacheControlBlocks(geometry.SetSegments);
    }

    /// <summary>Takes a WRITE frame: stores its block, and with the last one commits the request.</summary>
    /// <param name="frame">
    /// Holds the frame from its start; its payload is intact. Its header, the field before and its last CRC-32 are written over.
    /// </param>
    /// <param name="count">Bytes of data in the frame.</param>
    /// <returns>The status of the answer; Ok: committed.</returns>
    /// <exception cref="FramException">The chip failed: what was stored is not known.</exception>
    public Status Take(byte[] frame, int count)
    {
        int flags = frame[Frame.FlagsAt];
        int part = frame[Frame.PartAt] | (frame[Frame.PartAt + 1] << 8);
        int client = BitConverter.ToInt32(frame, At + Block.ClientAt);
        int number = BitConverter.ToInt32(frame, Frame.NumberAt);
        Argument = 0;
        bool isBegun = IsReceiving && number == Number && client == Client;
        if (isBegun && part != nextPart)
        {
            Argument = nextPart;
            return part < nextPart ? Status.Continue : Status.WrongOrder;
        }
        int lengths = BitConverter.ToInt32(frame, At + Block.LengthAt); // and the count above it
        if (flags > (part == 0 ? WriteFlags.All : WriteFlags.AnyPart) || client == 0 || count < 0
            || lengths >> 16 != count)
            return isBegun ? Refuse(Status.BadRequest) : Status.BadRequest;
        if (!isBegun)
        {
            Status answer = Begin(frame, flags, part, client, number, count);
            if (answer != Begun)
                return answer;
        }
        if (BitConverter.ToInt32(frame, At + Block.FingerprintAt) != Fingerprint)
            return Refuse(part == 0 ? Status.BadRequest : Status.Conflict);
        Status refusal = position < length ? GoOn(frame, flags, count) : BeginTrack(frame, flags, lengths & 0xFFFF, count);
        if (refusal != Status.Ok)
            return Refuse(refusal);
        bool isLast = (flags & WriteFlags.Last) != 0;
        if (isLast)
        {
            if (position < length)
                return Refuse(Status.BadRequest);
            if (growth > 0 && tracks.CountedSegments + growth > mostCounted)
                return Refuse(Status.Full);
        }
        // The frame becomes a block: where its header stood, and the fingerprint before, comes what the commit has to say.
        Fingerprint = BitConverter.ToInt32(frame, At + Block.DataAt + count);
        Array.Copy(frame, At + Block.DataAt + count, frame, At + Block.FingerprintAt, 4);
        Array.Copy(vtb.Coming, 0, frame, At + Block.VersionAt, 4);
        Array.Copy(
            entries, FramChip.CommandBytes + TrackTable.CrcAt + entry * TrackTable.EntryBytes, frame, At + Block.ReplacedAt, 4);
        frame[At + Block.EntryAt] = (byte)entry;
        frame[At + Block.EntryAt + 1] = (byte)((entry >> 8) | vtb.LapBits);
        if (count <= dataBytes)
            StoreBlock(frame, At, count, 1, isLast);
        else
            StoreLong(frame, count, isLast);
        if (isLast)
        {
            IsReceiving = false;
            IsCommitted = true;
            Argument = vtb.ComingVersion;
            return Status.Ok;
        }
        nextPart++;
        Argument = nextPart;
        isPartNew = true;
        return Status.Continue;
    }

    /// <summary>Gives the track being received, which is whole, its cache control block.</summary>
    public void EndTrack()
    {
        CacheControlBlocks blocks = Blocks;
        int i = blocks.Count;
        blocks.Tracks[i] = track;
        blocks.Entries[i] = (short)entry;
        blocks.Lengths[i] = (ushort)length;
        blocks.FirstInSet[i] = (byte)firstInSet;
        blocks.BlockCounts[i] = (byte)blockCount;
        blocks.Count = i + 1;
        blockCount = 0;
        entry = TrackTable.None;
    }

    /// <summary>A new session begins: what is half received is dropped, and what was decided is told only by LAST.</summary>
    public void BeginSession()
    {
        Drop();
        isAnyDecided = false;
        sessionVersion = vtb.Version;
        IsSessionOver = false;
    }

    /// <summary>True when a commit is one of this session.</summary>
    public bool IsOfSession(int version) => version - sessionVersion > 0;

    /// <summary>Forgets all that RAM held of a request: it is dropped, or the store is recovered.</summary>
    public void Forget()
    {
        IsReceiving = false;
        length = 0;
        blockCount = 0;
        entry = TrackTable.None;
        Clear();
    }

    /// <summary>What a commit left to do is done: the next request begins with nothing.</summary>
    public void Clear()
    {
        IsCommitted = false;
        Fingerprint = 0;
        Blocks.Count = 0;
        Releases = 0;
        Used = 0;
        DataBytes = 0;
        nextPart = 0;
        needed = 0;
        growth = 0;
    }

    /// <summary>Says that old versions are so old that a later lap's could be taken for them.</summary>
    public void AgeSession(int version)
    {
        if (version - sessionVersion > ClientTable.OldestAge)
            sessionVersion = version - ClientTable.OldestAge;
    }

    /// <summary>Drops the request being received if no part has come for too long, counted from the first call after a part.</summary>
    public void DropLate(long nowMs, int timeoutMs)
    {
        if (isPartNew)
            waitsSinceMs = nowMs;
        else if (nowMs - waitsSinceMs >= timeoutMs)
            Drop();
        isPartNew = false;
    }

    /// <summary>Drops a request that is not complete: nothing of it is applied.</summary>
    public void Drop()
    {
        if (!IsReceiving)
            return;
        if (entry >= 0)
            EndTrack();
        for (int i = Blocks.Count - 1; i >= 0; i--)
        {
            int reserved = Blocks.Entries[i];
            states[reserved] &= TrackTable.StateMask;
            if (states[reserved] == (byte)EntryState.Free)
                tracks.Unreserve(reserved);
        }
        Forget();
    }

    /// <summary>Drops a request with a status that a repetition gets, too.</summary>
    public Status Refuse(Status status)
    {
        Drop();
        isAnyDecided = true;
        decidedClient = Client;
        decidedNumber = Number;
        decidedStatus = status;
        decidedArgument = Argument;
        return status;
    }

    // A frame that does not go on with the request being received: may it begin one? If not, this is the answer.
    private Status Begin(byte[] frame, int flags, int part, int client, int number, int count)
    {
        int index = clients.IndexOf(client);
        int ahead = index < 0 ? 1 : number - clients.Numbers[index];
        if (ahead <= 0 || ahead > MostAhead)
            return Repeat(frame, flags, part, index, ahead, count);
        if (isAnyDecided && client == decidedClient && number - decidedNumber <= 0)
        {
            Argument = number == decidedNumber ? decidedArgument : 0;
            return number == decidedNumber ? decidedStatus : Status.OldRequest;
        }
        if ((flags & WriteFlags.Behind) != 0 && (index < 0 || ahead != 1 || !IsOfSession(clients.Versions[index])))
            return Status.NotNext;
        if (part != 0)
            return Status.WrongOrder;
        if (IsReceiving)
            Drop();
        IsReceiving = true;
        Client = client;
        Number = number;
        IsPassing = (flags & WriteFlags.Passing) != 0;
        return Begun;
    }

    // A request that the client has decided already, or another program with its id, is not applied again.
    private Status Repeat(byte[] frame, int flags, int part, int index, int ahead, int count)
    {
        int version = clients.Versions[index];
        if (ahead != 0 || !IsOfSession(version))
            return Status.OldRequest;
        if ((flags & WriteFlags.Last) == 0)
        {
            Argument = part + 1;
            return Status.Continue;
        }
        if (BitConverter.ToInt32(frame, At + Block.DataAt + count) != clients.Fingerprints[index])
            return Status.Conflict;
        Argument = version;
        return Status.Ok;
    }

    // The next piece of the track begun last.
    private Status GoOn(byte[] frame, int flags, int count)
    {
        int left = length - position;
        int due = left < pieceBytes ? left : pieceBytes;
        if ((flags & WriteFlags.Expect) != 0 || BitConverter.ToInt32(frame, Frame.ArgumentAt) != 0 || count != due
            || BitConverter.ToInt32(frame, At + Block.TrackAt) != track
            || BitConverter.ToUInt16(frame, At + Block.LengthAt) != length)
            return Status.BadRequest;
        position += count;
        DataBytes += count;
        return Status.Ok;
    }

    private Status BeginTrack(byte[] frame, int flags, int newLength, int count)
    {
        int newTrack = BitConverter.ToInt32(frame, At + Block.TrackAt);
        int expected = BitConverter.ToInt32(frame, Frame.ArgumentAt);
        bool isReleased = newLength == Block.Released;
        bool isExpecting = (flags & WriteFlags.Expect) != 0;
        if (count != (newLength <= pieceBytes ? newLength : isReleased ? 0 : pieceBytes) || (expected != 0 && !isExpecting))
            return Status.BadRequest;
        int found = tracks.Find(newTrack);
        int state = found < 0 ? (int)EntryState.Free : states[found];
        if (entry >= 0)
        {
            EndTrack();
            if ((state & TrackTable.InRequest) != 0 || found < 0 && IsNewTrack(newTrack))
                return Status.BadRequest; // the same track twice
        }
        int counted = newLength <= dataBytes ? 1 : geometry.SegmentsFor(newLength);
        needed += isReleased ? 1 : counted;
        if (needed > setSegments)
            return Status.TooLong;
        if (isExpecting)
        {
            if (state == (int)EntryState.Damaged || found < 0 && tracks.DamagedCount > 0)
                return Status.TrackDamaged;
            int actual = found < 0 ? 0 : tracks.Version(found);
            if (actual != expected)
            {
                Argument = actual;
                return Status.VersionMismatch;
            }
        }
        if (state == (int)EntryState.Track)
        {
            if (counted == 1 && growth <= 0 && (flags & WriteFlags.Last) != 0)
            {
                counted = 0; // the request does not grow
            }
            else
            {
                int old = BitConverter.ToUInt16(entries, FramChip.CommandBytes + TrackTable.LengthAt + found * TrackTable.EntryBytes);
                counted = old == newLength ? 0 : counted - geometry.SegmentsFor(old);
            }
        }
        growth += counted;
        if (found < 0)
        {
            if (isReleased)
                return tracks.DamagedCount > 0 ? Status.TrackDamaged : Status.NotFound;
            found = tracks.Reserve();
            if (found < 0)
                return Status.Full;
        }
        states[found] = (byte)(state | TrackTable.InRequest);
        track = newTrack;
        entry = found;
        length = newLength;
        position = isReleased ? newLength : count;
        firstInSet = Used;
        if (isReleased)
            Releases++;
        DataBytes += count;
        return Status.Ok;
    }

    // A new track is found by its number only after the commit.
    private bool IsNewTrack(int newTrack)
    {
        for (int i = 0; i < Blocks.Count; i++)
            if (Blocks.Tracks[i] == newTrack)
                return true;
        return false;
    }

    // Stores a frame that needs several segments: as one block where they are neighbours.
    private void StoreLong(byte[] frame, int count, bool isLast)
    {
        short[] set = vtb.Active;
        int segments = geometry.SegmentsOfBlock(count);
        if (set[Used + segments - 1] - set[Used] == segments - 1)
            StoreBlock(frame, At, count, segments, isLast);
        else
            StoreRuns(frame, count, isLast);
    }

    // There is no run of neighbours for the frame: a block for each run there is, header in front and CRC-32 behind in the frame itself.
    private void StoreRuns(byte[] frame, int count, bool isLast)
    {
        short[] set = vtb.Active;
        int at = At;
        while (true)
        {
            int run = 1;
            int room = dataBytes;
            while (room < count && set[Used + run] == set[Used] + run)
            {
                run++;
                room += segmentBytes;
            }
            int piece = room < count ? room : count;
            Buffers.PutUInt16(frame, at + Block.CountAt, piece);
            int behind = at + Block.DataAt + piece;
            int saved = Buffers.GetInt32(frame, behind);
            StoreBlock(frame, at, piece, run, isLast && piece == count);
            count -= piece;
            if (count == 0)
                return;
            Buffers.PutInt32(frame, behind, saved);
            Array.Copy(frame, at, frame, behind - Block.DataAt, Block.DataAt);
            at = behind - Block.DataAt;
        }
    }

    // The one place that stores a block. The last block of a row is the commit.
    private void StoreBlock(byte[] frame, int at, int count, int segments, bool isLast)
    {
        VirtualTrackBuffer buffer = vtb;
        short[] set = buffer.Active;
        int used = Used;
        int next = used + segments;
        int first = set[used];
        int end = at + Block.DataAt + count;
        int word = buffer.Flag << Block.SetShift;
        Debug.Assert(next <= setSegments, "a request uses more than a set");
        Used = next;
        blockCount++;
        if (IsPassing)
            word |= Block.Passing;
        if (used == 0)
            word |= Block.FirstOfRow;
        if (isLast)
        {
            word ^= Block.SetB | Block.LastOfRow;
            if (next == buffer.CommittedCount)
                next = buffer.RunAt;
            Next = next;
        }
        word += set[next];
        frame[at + Block.NextAt] = (byte)word;
        frame[at + Block.NextAt + 1] = (byte)(word >> 8);
        uint place = mark ^ (uint)first;
        Place = place;
        uint crc = Crc.Of(frame, at, end - at) ^ place;
        frame[end] = (byte)crc;
        frame[end + 1] = (byte)(crc >> 8);
        frame[end + 2] = (byte)(crc >> 16);
        frame[end + 3] = (byte)(crc >> 24);
        chip.Store(segmentsAddress + first * segmentBytes, frame, at, end - at + Block.CrcBytes);
    }
}
