using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>The NVS: the chip with the store on it. Finds out what is there, makes it ready, formats it when asked by name.</summary>
/// <remarks>
/// Invariant: nothing on the medium is changed before <see cref="State"/> is Ok, but by <see cref="Format"/> and <see cref="Repair"/>, which
/// want the store's name.
/// </remarks>
public sealed class NvsStore
{
    /// <summary>The name of a blank chip, padded with zeros to 8 bytes.</summary>
    public const string BlankName = "BLANK";

    /// <summary>The name of a store that is so damaged that its id is not known, padded with zeros to 8 bytes.</summary>
    public const string DamagedName = "DAMAGED";

    private const int ScratchBytes = 2048;

    private readonly FramChip chip;
    private readonly byte[] scratch = new byte[FramChip.CommandBytes + ScratchBytes];
    private readonly byte[] mark = new byte[FramChip.CommandBytes + 1];
    private readonly byte[] blankName = new byte[Superblock.IdBytes];
    private readonly Superblock first = new Superblock();
    private readonly Superblock second = new Superblock();
    private readonly BootCounter boots;
    private SuperblockState firstState;
    private SuperblockState secondState;
    private bool isIdKnown;
    private int formatCount;

    /// <summary>A store that is not mounted yet.</summary>
    /// <param name="chip">The chip it lies on.</param>
    public NvsStore(FramChip chip)
    {
        this.chip = chip;
        boots = new BootCounter(chip, scratch);
        Tracks = new TrackStore(chip, new Geometry(0x2000, 0, 0), scratch);
    }

    /// <summary>Ok when the store is ready, else why not: NoChip, UnknownChip, Blank, StoreDamaged, NewerFormat.</summary>
    public Status State { get; private set; } = Status.NoChip;

    /// <summary>The store's tracks; of use when <see cref="State"/> is Ok.</summary>
    public TrackStore Tracks { get; private set; }

    /// <summary>True when the chip's block protection is on.</summary>
    public bool IsProtected => chip.IsProtected;

    /// <summary>The chip's name, empty when there is none.</summary>
    public string ChipName => chip.Name;

    /// <summary>The chip's size in bytes, 0 when there is none.</summary>
    public int ChipBytes => chip.CapacityBytes;

    /// <summary>Bytes clocked on the bus so far.</summary>
    public int BusBytes => chip.BusBytes;

    /// <summary>Transactions on the bus so far.</summary>
    public int BusTransactions => chip.BusTransactions;

    /// <summary>How often a board has started with this store.</summary>
    public int BootCount => boots.Count;

    /// <summary>The store's id, 8 bytes; zeros when it is not known.</summary>
    public byte[] Id { get; } = new byte[Superblock.IdBytes];

    /// <summary>What the last mount found, bits of <see cref="RecoveryFindings"/>.</summary>
    public int Findings { get; private set; }

    /// <summary>True when the last mount found a store and no damage.</summary>
    public bool IsWhole => State == Status.Ok && (Findings & (RecoveryFindings.RecordLost | RecoveryFindings.TracksDamaged)) == 0;

    /// <summary>Finds the chip and recovers the store on it. Reads only.</summary>
    /// <param name="chipName">The part's name, or empty to ask the chip.</param>
    /// <returns><see cref="State"/>.</returns>
    public Status Mount(string chipName)
    {
        State = Status.NoChip; // if the bus throws
        Findings = RecoveryFindings.Clean;
        isIdKnown = false;
        System.Array.Clear(Id, 0, Id.Length);
        Status status = chip.Open(chipName);
        State = status == Status.Ok ? Recover() : status;
        return State;
    }

    /// <summary>Tells a chip that is gone from data that are damaged.</summary>
    /// <exception cref="FramException">The chip does not answer any more.</exception>
    public void CheckChip() => chip.CheckAlive();

    /// <summary>Says that the chip failed: nothing is served until the next <see cref="Mount"/>.</summary>
    public void Unmount() => State = Status.NoChip;

    /// <summary>Counts a boot on the medium, if the store is ready.</summary>
    public void CountBoot()
    {
        if (State == Status.Ok && !chip.IsProtected)
            boots.Increment();
    }

    /// <summary>Writes what is due after a commit or a mount; see <see cref="TrackStore.BringUpToDate"/>.</summary>
    public void BringUpToDate()
    {
        if (State != Status.Ok || chip.IsProtected)
            return;
        if (firstState != SuperblockState.Live)
            StoreSuperblock(0);
        if (secondState != SuperblockState.Live)
            StoreSuperblock(1);
        Tracks.BringUpToDate();
    }

    /// <summary>Why a write cannot be taken now; Ok if it can.</summary>
    public Status CheckWritable() => State != Status.Ok ? State : chip.IsProtected ? Status.Protected : Status.Ok;

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
    /// <returns>Ok, WrongName, BadRequest for impossible sizes or the id zero, Protected, NoChip, or UnknownChip when the chip is not as its name says.</returns>
    public Status Format(byte[] name, int nameAt, byte[] newId, int newIdAt, int segmentBytes, int setSegments)
    {
        if (State == Status.NoChip || State == Status.UnknownChip)
            return State;
        if (chip.IsProtected)
            return Status.Protected;
        Geometry geometry = new Geometry(chip.CapacityBytes, segmentBytes, setSegments);
        if (!geometry.IsPossible || Buffers.AreAll(newId, newIdAt, Superblock.IdBytes, 0))
            return Status.BadRequest;
        if (!IsName(name, nameAt))
            return Status.WrongName;
        if (firstState == SuperblockState.Live && !IsOnlyAt0(Id))
            return Status.UnknownChip;

        byte[] id = new byte[Superblock.IdBytes];
        System.Array.Copy(newId, newIdAt, id, 0, id.Length);
        State = Status.Blank;
        formatCount = NewestFormatCount() + 1;
        // From the second of these one-byte writes on, the old store is gone; before it, it is whole.
        GiveUp(secondState, OldChipBytes(), 1);
        GiveUp(firstState, OldChipBytes(), 0);
        Superblock.Put(scratch, FramChip.CommandBytes, 0, geometry, id, formatCount);
        chip.Write(0, scratch, FramChip.CommandBytes, Superblock.LiveAt); // not counting yet
        if (!IsOnlyAt0(id))
            return Status.UnknownChip;
        Tracks = new TrackStore(chip, geometry, scratch);
        Tracks.Initialise();
        System.Array.Copy(id, Id, id.Length);
        StoreSuperblock(1);
        StoreSuperblock(0); // from here on, the new store's both copies count
        Findings = RecoveryFindings.Clean;
        State = Recover();
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
        Buffers.PutText(blankName, 0, blankName.Length, BlankName);
        Status status = Format(blankName, 0, newId, 0, segmentBytes, setSegments);
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
        if (State != Status.Ok && !Tracks.Tracks.IsDoubtful)
            return State;
        if (chip.IsProtected)
            return Status.Protected;
        if (!isIdKnown || !IsSame(Id, name, nameAt))
            return Status.WrongName;
        givenUp = Tracks.Repair();
        for (int copy = 0; copy < 2; copy++)
            if (VerifyPart(copy) != Damage.None)
                StoreSuperblock(copy);
        State = Status.Ok;
        return Status.Ok;
    }

    /// <summary>Checks metadata that belong to no track.</summary>
    /// <param name="part">0 and 1: the superblock's copies; 2: the current VTB record; 3: the client table.</param>
    public Damage VerifyPart(int part)
    {
        switch (part)
        {
            case 0:
            case 1:
                chip.Read(Geometry.SuperblockAddress(Tracks.Geometry.ChipBytes, part), scratch, FramChip.CommandBytes, Superblock.Bytes);
                const int ExpectedAt = FramChip.CommandBytes + Superblock.Bytes;
                Superblock.Put(scratch, ExpectedAt, part, Tracks.Geometry, Id, formatCount);
                for (int i = 0; i < Superblock.Bytes; i++)
                    if (scratch[FramChip.CommandBytes + i] != scratch[ExpectedAt + i])
                        return Damage.Superblock;
                return Damage.None;
            case 2:
                return Tracks.IsRecordLost || !Tracks.Vtb.IsCurrentStored() ? Damage.Record : Damage.None;
            default:
                return Tracks.AreClientsDamaged() ? Damage.Client : Damage.None;
        }
    }

    /// <summary>How many parts <see cref="VerifyPart"/> knows.</summary>
    public const int VerifyParts = 4;

    /// <summary>
    /// True when bytes name what is on the chip: its id if that is known, also that of a store whose format did not end; "BLANK" if it is
    /// blank; "DAMAGED" if it is damaged.
    /// </summary>
    public bool IsName(byte[] name, int at) =>
        isIdKnown && IsSame(Id, name, at)
        || State == Status.Blank && (IsWord(name, at, BlankName) || secondState == SuperblockState.GivenUp && IsSame(second.Id, name, at))
        || State == Status.StoreDamaged && IsWord(name, at, DamagedName);

    private Status Recover()
    {
        firstState = Load(first, chip.CapacityBytes, 0);
        secondState = Load(second, firstState == SuperblockState.Live ? first.ChipBytes : chip.CapacityBytes, 1);
        Superblock live = firstState == SuperblockState.Live ? first : second;
        if (firstState == SuperblockState.Live || secondState == SuperblockState.Live)
        {
            if (firstState == SuperblockState.Live && secondState == SuperblockState.Live && !first.IsSame(second))
            {
                // One of them is of an earlier store.
                int later = second.FormatCount - first.FormatCount;
                if (later == 0)
                    return Status.StoreDamaged;
                if (later > 0)
                    firstState = SuperblockState.Damaged;
                else
                    secondState = SuperblockState.Damaged;
                live = later > 0 ? second : first;
            }
            Know(live);
            formatCount = live.FormatCount;
            Geometry geometry = new Geometry(live.ChipBytes, live.SegmentBytes, live.SetSegments);
            if (!geometry.IsPossible || live.ChipBytes > chip.CapacityBytes)
                return Status.StoreDamaged;
            if (firstState != SuperblockState.Live || secondState != SuperblockState.Live)
                Findings |= RecoveryFindings.SuperblockCopy;
            Use(geometry);
            Tracks.Recover();
            boots.Load();
            Findings |= Tracks.Findings;
            return Tracks.Tracks.IsDoubtful ? Status.StoreDamaged : Status.Ok;
        }
        if (firstState == SuperblockState.Newer || secondState == SuperblockState.Newer)
        {
            Know(firstState == SuperblockState.Newer ? first : second);
            return Status.NewerFormat;
        }
        bool isGivenUp = firstState == SuperblockState.GivenUp || secondState == SuperblockState.GivenUp;
        if (isGivenUp)
            Know(firstState == SuperblockState.GivenUp ? first : second);
        if (firstState == SuperblockState.Damaged || secondState == SuperblockState.Damaged)
            return Status.StoreDamaged;
        if (isGivenUp)
            return Status.Blank;
        // No superblock, and none that was given up: commits say that there was a store all the same.
        Use(new Geometry(chip.CapacityBytes, 0, 0));
        return Tracks.Vtb.Load(out _) && Tracks.Vtb.Current.Sequence != 0 ? Status.StoreDamaged : Status.Blank;
    }

    // A mount after a chip error needs no new tables.
    private void Use(Geometry geometry)
    {
        Geometry old = Tracks.Geometry;
        if (old.ChipBytes != geometry.ChipBytes || old.SegmentBytes != geometry.SegmentBytes || old.SetSegments != geometry.SetSegments)
            Tracks = new TrackStore(chip, geometry, scratch);
    }

    private SuperblockState Load(Superblock superblock, int chipBytes, int copy)
    {
        if (chipBytes > chip.CapacityBytes)
            return SuperblockState.Void;
        chip.Read(Geometry.SuperblockAddress(chipBytes, copy), scratch, FramChip.CommandBytes, Superblock.Bytes);
        return superblock.Parse(scratch, FramChip.CommandBytes, copy);
    }

    private void Know(Superblock superblock)
    {
        System.Array.Copy(superblock.Id, Id, Superblock.IdBytes);
        isIdKnown = true;
    }

    private void StoreSuperblock(int copy)
    {
        Superblock.Put(scratch, FramChip.CommandBytes, copy, Tracks.Geometry, Id, formatCount);
        chip.Write(
            Geometry.SuperblockAddress(Tracks.Geometry.ChipBytes, copy), scratch, FramChip.CommandBytes, Superblock.Bytes);
        if (copy == 0)
            firstState = SuperblockState.Live;
        else
            secondState = SuperblockState.Live;
    }

    private int NewestFormatCount()
    {
        bool isFirstKnown = firstState == SuperblockState.Live || firstState == SuperblockState.GivenUp;
        bool isSecondKnown = secondState == SuperblockState.Live || secondState == SuperblockState.GivenUp;
        if (isFirstKnown && isSecondKnown)
            return second.FormatCount - first.FormatCount > 0 ? second.FormatCount : first.FormatCount;
        return isFirstKnown ? first.FormatCount : isSecondKnown ? second.FormatCount : 0;
    }

    private int OldChipBytes() => firstState == SuperblockState.Live ? first.ChipBytes : chip.CapacityBytes;

    private void GiveUp(SuperblockState state, int chipBytes, int copy)
    {
        if (state == SuperblockState.Void || state == SuperblockState.GivenUp || chipBytes > chip.CapacityBytes)
            return;
        mark[FramChip.CommandBytes] = 0;
        chip.Write(Geometry.SuperblockAddress(chipBytes, copy) + Superblock.LiveAt, mark, FramChip.CommandBytes, 1);
    }

    // A chip smaller than the chip table or the board's setting says answers for addresses behind its end with what stands at its
    // beginning; one that takes shorter addresses, with the same at address 1 as at 0; one that takes longer ones, with something else.
    private bool IsOnlyAt0(byte[] id)
    {
        if (!IsFirstCopyAt(0, id) || IsFirstCopyAt(1, id))
            return false;
        for (int size = 0x2000; size < chip.CapacityBytes; size *= 2)
            if (IsFirstCopyAt(size, id))
                return false;
        return true;
    }

    private bool IsFirstCopyAt(int address, byte[] id)
    {
        Superblock found = new Superblock();
        chip.Read(address, scratch, FramChip.CommandBytes, Superblock.Bytes);
        SuperblockState state = found.Parse(scratch, FramChip.CommandBytes, 0);
        return (state == SuperblockState.GivenUp || state == SuperblockState.Live) && IsSame(found.Id, id, 0);
    }

    private static bool IsSame(byte[] id, byte[] other, int otherAt)
    {
        for (int i = 0; i < Superblock.IdBytes; i++)
            if (id[i] != other[otherAt + i])
                return false;
        return true;
    }

    private static bool IsWord(byte[] name, int at, string word)
    {
        for (int i = 0; i < Superblock.IdBytes; i++)
            if (name[at + i] != (i < word.Length ? (byte)word[i] : (byte)0))
                return false;
        return true;
    }
}
