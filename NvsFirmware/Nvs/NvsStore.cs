using System;
using NvsFirmware.Fram;
using NvsFirmware.Nvs.Boot;
using NvsFirmware.Nvs.OnRequest;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs;

/// <summary>The NVS, and its door: the chip with the store on it. Finds out what is there, makes it ready, passes requests in.</summary>
/// <remarks>
/// Invariants: nothing on the medium is changed before <see cref="State"/> is Ok, but by <see cref="Format"/> and <see cref="Repair"/>,
/// which want the store's name. A write request is taken only when a record of this mount is on the medium.
/// </remarks>
public sealed class NvsStore
{
    /// <summary>Ok when the store is ready, else why not: NoChip, UnknownChip, Blank, StoreDamaged, NewerFormat, BoardTooSmall.</summary>
    public Status State = Status.NoChip;

    /// <summary>The store's id, 8 bytes; zeros when it is not known.</summary>
    public readonly byte[] Id = new byte[Superblock.IdBytes];

    /// <summary>What the last mount found, bits of <see cref="RecoveryFindings"/>.</summary>
    public int Findings;

    /// <summary>The write request being received, until its commit and the bookkeeping after it.</summary>
    public WriteRequest Request;

    // Sizes for a store that is none: as little memory as possible.
    private const int NoChipBytes = 0x400;

    private readonly FramChip chip;
    private readonly IClock clock;
    private readonly byte[] scratch;
    private readonly int largestPieceBytes;
    private readonly Superblock first = new Superblock();
    private readonly Superblock second = new Superblock();
    private readonly Formatter formatter;
    private readonly Verifier verifier;
    private readonly Repairer repairer;
    private readonly TrackStore empty;
    private TrackStore store;
    private bool isIdKnown;
    private bool isRepairable;
    // A record of this mount is on the medium; then State is Ok.
    private bool isResumed;
    private int formatCount;
    private int mountVersion;

    /// <summary>A store that is not mounted yet.</summary>
    /// <param name="chip">The chip it lies on.</param>
    /// <param name="clock">Time.</param>
    /// <param name="largestPieceBytes">The most data bytes that a frame holds.</param>
    /// <param name="scratch">A buffer to write and read with: as long as a frame with so many.</param>
    public NvsStore(FramChip chip, IClock clock, int largestPieceBytes, byte[] scratch)
    {
        this.chip = chip;
        this.clock = clock;
        this.scratch = scratch;
        this.largestPieceBytes = largestPieceBytes;
        formatter = new Formatter(chip, scratch);
        verifier = new Verifier(chip, scratch);
        repairer = new Repairer(chip, verifier);
        empty = new TrackStore(chip, new Geometry(NoChipBytes, 0, Geometry.FewestSetSegments, largestPieceBytes), 0, scratch);
        store = empty;
        Request = store.Request;
    }

    /// <summary>Segments that tracks own.</summary>
    public int OwnedSegments => store.Segments.OwnedCount;

    /// <summary>True when the last mount found a store and no damage.</summary>
    public bool IsWhole => State == Status.Ok && !store.Recovery.IsAnyNewDamage;

    // ---- write requests

    /// <summary>Takes a WRITE frame; see <see cref="WriteRequest.Take"/>.</summary>
    /// <returns>The status of the answer; <see cref="WriteRequest.Argument"/> goes with it.</returns>
    public Status Write(byte[] frame, int count) => isResumed ? Request.Take(frame, count) : CheckWritable(frame, count);

    /// <summary>True when the client of a WRITE frame has committed before, and is not forgotten.</summary>
    public bool IsClientKnown(byte[] frame) => store.Clients.IndexOf(Buffers.GetInt32(frame, Block.InFrame + Block.ClientAt)) >= 0;

    /// <summary>True when what the session has decided is not known any more: the host has to say HELLO.</summary>
    public bool IsSessionOver => Request.IsSessionOver;

    /// <summary>A new session begins: what is half received is dropped.</summary>
    public void BeginSession() => Request.BeginSession();

    /// <summary>Drops a request of which no part has come for too long; called while none comes.</summary>
    public void DropLate(int timeoutMs)
    {
        if (Request.IsReceiving)
            Request.DropLate(clock.NowMs, timeoutMs);
    }

    /// <summary>Does what a commit left to do; call it after the answer and before the next request.</summary>
    public void Keep()
    {
        if (Request.IsCommitted)
            store.Bookkeeping.Run();
    }

    /// <summary>The line rests: the tables are complete, and a record says so.</summary>
    public void Rest()
    {
        if (isResumed && store.Vtb.CommitsSinceRecord > 0)
            store.Bookkeeping.StoreRecord();
    }

    // ---- what else a host asks

    /// <summary>Begins to read a track.</summary>
    /// <returns>Ok, NotFound or TrackDamaged; the latter also when there is no such entry but one whose number cannot be trusted.</returns>
    public Status BeginRead(int track)
    {
        int entry = store.Tracks.Find(track);
        if (entry < 0)
            return store.Tracks.DamagedCount > 0 ? Status.TrackDamaged : Status.NotFound;
        if (store.Tracks.State(entry) == EntryState.Damaged)
            return Status.TrackDamaged;
        store.Reader.Begin(entry);
        return Status.Ok;
    }

    /// <summary>The track being read.</summary>
    public TrackReader Reader => store.Reader;

    /// <summary>What of a client's was committed last; see <see cref="StoreReport.PutLast"/>.</summary>
    public Status PutLast(int client, byte[] buffer, int at, out int version) =>
        StoreReport.PutLast(store, client, mountVersion, buffer, at, out version);

    /// <summary>Puts the fields of chip and store into the answer to HELLO, which is zeros where they stand.</summary>
    public void PutHello(byte[] buffer, int at)
    {
        buffer[at + Payload.HelloAnswer.State] = (byte)State;
        buffer[at + Payload.HelloAnswer.Protected] = chip.IsProtected ? (byte)1 : (byte)0;
        Buffers.PutText(buffer, at + Payload.HelloAnswer.ChipName, Payload.HelloAnswer.NameBytes, chip.Part.Name);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.ChipBytes, chip.CapacityBytes);
        if (State == Status.Ok)
            StoreReport.PutHello(store, buffer, at);
        if (State != Status.Blank)
            Array.Copy(Id, 0, buffer, at + Payload.HelloAnswer.StoreId, Superblock.IdBytes);
    }

    /// <summary>What the last mount found, in a line of text for a person.</summary>
    public string Text() => StoreReport.Text(chip.Part.Name, State, store, Findings);

    /// <summary>Puts what the chip counts among the counters of STATS.</summary>
    public void PutCounters(int[] counters)
    {
        counters[Counter.BusBytes] = chip.BusBytes;
        counters[Counter.BusTransactions] = chip.BusTransactions;
    }

    /// <summary>Puts the answer to INFO together.</summary>
    public void PutInfo(byte[] buffer, int at) => StoreReport.PutInfo(store, buffer, at, Findings);

    /// <summary>Entries in the track table.</summary>
    public int Entries => store.Geometry.Entries;

    /// <summary>How many parts <see cref="VerifyPart"/> knows.</summary>
    public int Parts => Verifier.Parts;

    /// <summary>Puts an entry of the answer to LIST or VERIFY together, if it holds a track or is damaged.</summary>
    /// <param name="entry">The entry of the track table.</param>
    /// <param name="isVerified">True to read the track and tell damage only.</param>
    /// <param name="buffer">Receives it.</param>
    /// <param name="at">Where it begins.</param>
    /// <param name="bytesRead">Bytes of the track that were read to verify it.</param>
    /// <returns>False when there is nothing to tell.</returns>
    public bool PutEntry(int entry, bool isVerified, byte[] buffer, int at, out int bytesRead)
    {
        EntryState state = store.Tracks.State(entry);
        bytesRead = 0;
        Damage damage = state == EntryState.Damaged ? Damage.Entry : Damage.None;
        if (isVerified)
        {
            damage = verifier.VerifyEntry(store, entry);
            if (damage != Damage.None)
                chip.CheckAlive();
            if (state == EntryState.Track)
                bytesRead = store.Tracks.Length(entry) + Block.OverheadBytes;
        }
        if (isVerified ? damage == Damage.None : state == EntryState.Free)
            return false;
        Buffers.PutInt32(buffer, at + Payload.PageAnswer.EntryTrack, store.Tracks.Track(entry));
        Buffers.PutInt32(buffer, at + Payload.PageAnswer.EntryVersion, store.Tracks.Version(entry));
        Buffers.PutUInt16(buffer, at + Payload.PageAnswer.EntryLength, damage == Damage.None ? store.Tracks.Length(entry) : entry);
        Buffers.PutUInt16(buffer, at + Payload.PageAnswer.EntryDamage, (int)damage);
        return true;
    }

    /// <summary>Checks metadata that belong to no track; see <see cref="Verifier.VerifyPart"/>.</summary>
    public Damage VerifyPart(int part) => verifier.VerifyPart(store, part, Id, formatCount);

    /// <summary>Tells a chip that is gone from data that are damaged.</summary>
    /// <exception cref="FramException">The chip does not answer any more.</exception>
    public void CheckChip() => chip.CheckAlive();

    /// <summary>Puts the chip to sleep, if it can.</summary>
    public bool Sleep() => chip.Sleep();

    // ---- mount

    /// <summary>Finds the chip and recovers the store on it. Reads only.</summary>
    /// <param name="chipName">The part's name, or empty to ask the chip.</param>
    /// <returns><see cref="State"/>.</returns>
    public Status Mount(string chipName)
    {
        State = Status.NoChip; // if the bus throws
        Findings = RecoveryFindings.Clean;
        isIdKnown = false;
        isRepairable = false;
        isResumed = false;
        Array.Clear(Id, 0, Id.Length);
        Request.Forget();
        Status status = chip.Open(chipName);
        if (status == Status.Ok)
        {
            status = Recover();
            chip.CheckAlive(); // a chip that fell silent meanwhile may look blank
        }
        State = status;
        return State;
    }

    /// <summary>Writes what the medium lacks after a mount, and the record of this mount; from then on write requests are taken.</summary>
    /// <param name="isBoot">True to count a boot.</param>
    public void Resume(bool isBoot)
    {
        if (State != Status.Ok || chip.IsProtected)
            return;
        if (first.State != SuperblockState.Live)
            StoreSuperblock(0);
        if (second.State != SuperblockState.Live)
            StoreSuperblock(1);
        store.Recovery.Resume(isBoot);
        mountVersion = store.Vtb.Version;
        isResumed = true;
    }

    /// <summary>Says that the chip failed: nothing is served until the next <see cref="Mount"/>.</summary>
    public void Unmount()
    {
        State = Status.NoChip;
        isResumed = false;
        Request.Forget();
    }

    // ---- format and repair

    /// <summary>Makes a new, empty store on the chip, and mounts it. Cut anywhere, the old store is whole, or the new one is, or the chip
    /// is blank.</summary>
    /// <param name="name">
    /// Buffer with the name of what is to be destroyed: the store's id, or the word of its state (see <see cref="IsName"/>).
    /// </param>
    /// <param name="nameAt">Where the name begins.</param>
    /// <param name="newId">Buffer with the new store's id, not all zeros.</param>
    /// <param name="newIdAt">Where the new id begins.</param>
    /// <param name="segmentBytes">Bytes in a segment; 0 for the default.</param>
    /// <param name="setSegments">Segments in a set; 0 for the default.</param>
    /// <returns>Ok, WrongName, BadRequest (sizes, the id zero), Protected, NoChip, UnknownChip (not as its name says).</returns>
    public Status Format(byte[] name, int nameAt, byte[] newId, int newIdAt, int segmentBytes, int setSegments)
    {
        if (State == Status.NoChip || State == Status.UnknownChip)
            return State;
        if (chip.CheckProtection())
            return Status.Protected;
        Geometry geometry = new Geometry(chip.CapacityBytes, segmentBytes, setSegments, largestPieceBytes);
        if (!geometry.IsPossible || Buffers.AreAll(newId, newIdAt, Superblock.IdBytes, 0))
            return Status.BadRequest;
        if (!IsName(name, nameAt))
            return Status.WrongName;
        if (first.State == SuperblockState.Live && !formatter.IsOnlyAt0(Id))
            return Status.UnknownChip;

        byte[] id = new byte[Superblock.IdBytes];
        Array.Copy(newId, newIdAt, id, 0, id.Length);
        int oldChipBytes = first.State == SuperblockState.Live ? first.ChipBytes : chip.CapacityBytes;
        // The new tables before the old store is given up: there may be no memory for them. The old ones make room first.
        State = Status.Blank;
        isRepairable = false;
        isResumed = false;
        formatCount = (second.FormatCount - first.FormatCount > 0 ? second : first).FormatCount + 1;
        Use(geometry, Superblock.MarkOf(id, formatCount));
        // From the second of these one-byte writes on, the old store is gone; before it, it is whole.
        if (IsToGiveUp(second, oldChipBytes))
            formatter.GiveUp(oldChipBytes, 1);
        if (IsToGiveUp(first, oldChipBytes))
            formatter.GiveUp(oldChipBytes, 0);
        if (!formatter.Write(store, id, formatCount))
            return Status.UnknownChip;
        Array.Copy(id, Id, id.Length);
        StoreSuperblock(1);
        StoreSuperblock(0); // from here on, the new store's both copies count
        Findings = RecoveryFindings.Clean;
        State = Recover();
        if (!IsWhole)
        {
            chip.CheckAlive(); // a bad read: what was just written and read back is whole
            State = Recover();
        }
        isResumed = State == Status.Ok;
        mountVersion = store.Vtb.Version;
        return State;
    }

    /// <summary>Formats the chip if it is blank: for a board that is configured to.</summary>
    /// <param name="newId">The new store's id, not all zeros.</param>
    /// <param name="segmentBytes">Bytes in a segment; 0 for the default.</param>
    /// <param name="setSegments">Segments in a set; 0 for the default.</param>
    /// <returns>As <see cref="Format"/>; the present state when the chip is not blank.</returns>
    public Status FormatBlank(byte[] newId, int segmentBytes, int setSegments)
    {
        if (State != Status.Blank)
            return State;
        byte[] name = new byte[Superblock.IdBytes];
        Buffers.PutText(name, 0, name.Length, Payload.Format.BlankName);
        Status status = Format(name, 0, newId, 0, segmentBytes, setSegments);
        if (status == Status.Ok)
            Findings |= RecoveryFindings.Formatted;
        return status;
    }

    /// <summary>Gives up what is damaged, so that the rest is whole again.</summary>
    /// <param name="name">Buffer with the store's id.</param>
    /// <param name="nameAt">Where it begins.</param>
    /// <param name="givenUp">How many track entries were given up.</param>
    /// <returns>Ok, WrongName, Protected, or the state of a store that cannot be repaired.</returns>
    public Status Repair(byte[] name, int nameAt, out int givenUp)
    {
        givenUp = 0;
        if (State != Status.Ok && !isRepairable)
            return State;
        if (chip.CheckProtection())
            return Status.Protected;
        if (!isIdKnown || !Buffers.AreSame(Id, 0, name, nameAt, Superblock.IdBytes))
            return Status.WrongName;
        Request.Drop();
        givenUp = repairer.Run(store);
        for (int copy = 0; copy < 2; copy++)
            if (VerifyPart(copy) != Damage.None)
                StoreSuperblock(copy);
        State = store.Recovery.IsDoubtful ? Status.StoreDamaged : Status.Ok;
        isRepairable = false;
        isResumed = State == Status.Ok;
        return State;
    }

    /// <summary>
    /// True when bytes name what is on the chip: its id if that is known, also that of a store whose format did not end; "BLANK" if it is
    /// blank; "DAMAGED" if it is damaged.
    /// </summary>
    public bool IsName(byte[] name, int at) =>
        isIdKnown && Buffers.AreSame(Id, 0, name, at, Superblock.IdBytes)
        || State == Status.Blank
            && (Buffers.IsText(name, at, Superblock.IdBytes, Payload.Format.BlankName)
                || second.State == SuperblockState.GivenUp && Buffers.AreSame(second.Id, 0, name, at, Superblock.IdBytes))
        || State == Status.StoreDamaged && Buffers.IsText(name, at, Superblock.IdBytes, Payload.Format.DamagedName);

    // Why a write request is not taken.
    private Status CheckWritable(byte[] frame, int count)
    {
        Request.Argument = 0;
        if (State != Status.Ok)
            return State;
        if (chip.CheckProtection())
            return Status.Protected;
        Resume(false);
        return Write(frame, count);
    }

    private Status Recover()
    {
        Load(first, chip.CapacityBytes, 0);
        Load(second, first.State == SuperblockState.Live ? first.ChipBytes : chip.CapacityBytes, 1);
        Superblock known = Latest(SuperblockState.Live);
        if (known.State == SuperblockState.Live)
            return Recover(known, known == first ? second : first);
        known = Latest(SuperblockState.Newer);
        if (known.State == SuperblockState.Newer)
        {
            Know(known);
            return Status.NewerFormat;
        }
        known = Latest(SuperblockState.GivenUp);
        if (known.State == SuperblockState.GivenUp)
            Know(known);
        if (first.State == SuperblockState.Damaged || second.State == SuperblockState.Damaged)
            return Status.StoreDamaged;
        if (known.State == SuperblockState.GivenUp)
            return Status.Blank;
        // No superblock, and none that was given up: commits say that there was a store all the same.
        Use(new Geometry(chip.CapacityBytes, 0, 0, largestPieceBytes), 0);
        return store.Vtb.Load(out _, out _, out _) && store.Vtb.Version != 0 ? Status.StoreDamaged : Status.Blank;
    }

    private Status Recover(Superblock live, Superblock other)
    {
        if (other.State == SuperblockState.Live && !other.IsSame(live))
        {
            if (other.FormatCount == live.FormatCount)
                return Status.StoreDamaged;
            other.State = SuperblockState.Damaged; // of an earlier store
        }
        Know(live);
        formatCount = live.FormatCount;
        Geometry geometry = live.ToGeometry();
        if (!geometry.IsPossible || geometry.ChipBytes > chip.CapacityBytes)
            return Status.StoreDamaged;
        if (geometry.PieceBytes > largestPieceBytes)
            return Status.BoardTooSmall;
        if (other.State != SuperblockState.Live)
            Findings |= RecoveryFindings.SuperblockCopy;
        Use(geometry, Superblock.MarkOf(Id, formatCount));
        store.Recovery.Run();
        Findings |= store.Recovery.Findings;
        isRepairable = store.Recovery.IsDoubtful;
        mountVersion = store.Vtb.Version;
        return isRepairable ? Status.StoreDamaged : Status.Ok;
    }

    // The copy in a state, of two the one of the later store; any one if there is none.
    private Superblock Latest(SuperblockState state) =>
        second.State == state && (first.State != state || second.FormatCount - first.FormatCount > 0) ? second : first;

    // A mount after a chip error needs no new tables. The old ones make room for new ones.
    private void Use(Geometry geometry, uint mark)
    {
        Geometry old = store.Geometry;
        if (old.ChipBytes == geometry.ChipBytes && old.SegmentBytes == geometry.SegmentBytes && old.SetSegments == geometry.SetSegments
            && old.PieceBytes == geometry.PieceBytes && store.Mark == mark)
            return;
        store = empty;
        Request = empty.Request;
        store = new TrackStore(chip, geometry, mark, scratch);
        Request = store.Request;
        Request.IsSessionOver = true; // what was decided went with the old tables
    }

    private void Load(Superblock superblock, int chipBytes, int copy)
    {
        superblock.State = SuperblockState.Void;
        superblock.FormatCount = 0;
        if (chipBytes > chip.CapacityBytes)
            return;
        // Behind a bad read of the newer copy an older store could be served.
        for (int look = 0; look < VirtualTrackBuffer.Looks && superblock.State != SuperblockState.Live; look++)
        {
            if (look == VirtualTrackBuffer.Looks / 2)
                chip.CheckAlive();
            chip.Read(Geometry.SuperblockAddress(chipBytes, copy), scratch, FramChip.CommandBytes, Superblock.Bytes);
            superblock.Parse(scratch, FramChip.CommandBytes, copy);
        }
    }

    private void Know(Superblock superblock)
    {
        Array.Copy(superblock.Id, Id, Superblock.IdBytes);
        isIdKnown = true;
    }

    private void StoreSuperblock(int copy)
    {
        formatter.StoreSuperblock(store.Geometry, copy, Id, formatCount);
        (copy == 0 ? first : second).State = SuperblockState.Live;
    }

    private bool IsToGiveUp(Superblock superblock, int chipBytes) =>
        superblock.State != SuperblockState.Void && superblock.State != SuperblockState.GivenUp && chipBytes <= chip.CapacityBytes;
}
