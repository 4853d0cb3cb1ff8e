using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.World;

/// <summary>
/// Hosts, line, board and chip in one thread on virtual time, and everything that can happen to them, all from one seed. The board runs the
/// real firmware; what hosts are told is held against <see cref="StoreModel"/>, and so is what a recovery would find on the medium.
/// </summary>
public sealed partial class World
{
    private const int NotesKept = 3000;
    private const int TroubleMs = 15_000; // a board that lost its chip looks for it every second
    private const long PatienceUs = 7_200_000_000; // two hours
    private const long LongestTurnUs = 30_000_000; // beyond what the line needs

    private static readonly string[] parts =
        ["MB85RS64V", "MB85RS64V", "MB85RS64V", "MB85RS64V", "MB85RS64V", "FM25V02A", "MB85RS256TY", "FM25V05", "MB85RS2MTA"];
    private static readonly double[] speeds = [1042, 87, 87, 11, 11, 1];
    private static readonly int[] noises = [0, 0, 0, 3000, 300, 60, 15];

    private readonly WorldTime time = new();
    private readonly FramModel chip;
    private readonly CommitWatch watch;
    private readonly WorldAudit audit;
    private readonly WorldBus bus;
    private readonly WorldUart uart;
    private readonly OneWay toBoard;
    private readonly OneWay toHost;
    private readonly Queue<string> notes = new();
    private readonly List<uint> clients = [];
    private readonly List<(HostEnd Line, Task Life)> programs = [];
    private readonly List<(long SinceUs, ulong? Id)> stores = [(0, null)];
    private readonly HashSet<ulong> awaitedIds = []; // ids that a store may come to have
    private readonly HashSet<ulong> doomedIds = []; // ids of stores that a host has asked to destroy
    private readonly bool isCalm;
    private readonly bool isHub; // all programs on a line hear everything; else each byte reaches one of them
    private readonly int mostPrograms;
    private Firmware firmware;
    private bool isResetDue;
    private long boardPauseUs;
    private long plan; // what was armed under an earlier plan does not happen
    private long lastTroubleUs = long.MinValue;
    private long lastOperationUs;
    private uint session;
    private int reader; // the program that bytes reach at the moment
    private int chunksToReader;
    private long operationsAllowed = long.MaxValue;
    private Exception? failure;

    public World(ulong seed, bool isRecording = false)
    {
        IsRecording = isRecording;
        Random = new SeededRandom(seed);
        isCalm = Random.OneIn(10);
        isHub = Random.OneIn(2);
        mostPrograms = Random.Pick([1, 1, 1, 2, 3]);
        int trackCount = Random.Pick([5, 15, 60, 400, 5000]);
        int usualBytes = Random.Pick([10, 60, 200, 2000]);
        bool hasSmallSegments = Random.OneIn(4);
        UsPerByte = Random.Pick(speeds);
        chip = new FramModel(SimPart.Find(Random.OneIn(60) ? "MB85RS4MT" : Random.Pick(parts)))
        {
            NowUs = () => time.NowUs,
            PowerUpUs = Random.Pick([0, 300, 5000]),
            WakeUs = 450,
            IdleByte = Random.OneIn(2) ? (byte)0xFF : (byte)0,
            PowerLost = LosePower,
        };
        int largest = Random.Pick([64, 128, 200, 400, 1000, 4096]);
        Settings = new BoardSettings
        {
            Name = "world",
            LargestPieceBytes = largest,
            // One, two or four of the longest frames, and room for LAST.
            ReceiveWindowBytes = Random.Pick([1, 2, 4]) * Frame.TotalBytes(Block.PayloadHeadBytes + largest) + Random.Pick([220, 300]),
            CacheBlocks = Random.Pick([0, 1, 8]),
            CacheBlockBytes = Random.Pick([64, 1024]),
            SleepAfterMs = Random.Pick([0, 200]),
            FormatBlank = Random.OneIn(2),
        };
        Content = new WorldContent(Random, Model, Settings, chip.Part.Bytes, trackCount, usualBytes, hasSmallSegments);
        audit = new WorldAudit(Random, Model, Settings, chip);
        watch = new CommitWatch(chip)
        {
            StoreChanged = () => Guard(ChangeStore),
            Committed = row => Guard(() => Commit(row)),
            Recorded = record => Guard(() => Model.Record(time.NowUs, record, IsTroubled)),
        };
        bus = new WorldBus(time, Random, chip, watch)
        {
            Troubled = BeTroubled,
            ContactLost = LoseContact,
            Noted = isRecording ? Note : null,
        };
        toHost = new OneWay(time, Random, ToPrograms) { UsPerByte = UsPerByte };
        uart = new WorldUart(time, Random, toHost, Settings.ReceiveWindowBytes) { Sent = Answered };
        toBoard = new OneWay(time, Random, uart.Receive) { UsPerByte = UsPerByte };
        // A board without a chip, into which one is put later.
        if (!isCalm && Random.OneIn(8))
        {
            SetAbsent(true);
            time.After(Random.Next(20_000_000), () => SetAbsent(false));
        }
        firmware = null!; // Boot makes one
        Boot();
    }

    public SeededRandom Random { get; }

    public StoreModel Model { get; } = new();

    public BoardSettings Settings { get; }

    /// <summary>How often the numbers came round while somebody may have waited: no host's doubt outlives that, it takes years.</summary>
    public int RoundTrips { get; private set; }

    /// <summary>What hosts write.</summary>
    public WorldContent Content { get; }

    public double UsPerByte { get; }

    /// <summary>True to keep notes of what happens; they cost time, so only a replay has them.</summary>
    public bool IsRecording { get; }

    public bool HasEnded { get; set; }

    /// <summary>More than one program is on the line, or was a moment ago.</summary>
    public bool IsShared => mostPrograms > 1;

    /// <summary>There is a store on the chip.</summary>
    public bool HasStore => watch.Store != null;

    /// <summary>Bus or chip fail, or did a moment ago: errors that say so are right.</summary>
    public bool IsTroubled => WasTroubledSince(time.NowUs);

    public long Operations { get; private set; }

    public long Cuts { get; private set; }

    public long CutsInRecovery { get; private set; }

    public long Resets { get; private set; }

    public long HostKills { get; private set; }

    public long Programs { get; private set; }

    public long Audits { get; private set; }

    public long Refusals { get; set; }

    public long Fulls { get; set; }

    public long Repeats { get; set; }

    public long Nonsense { get; set; }

    public long Unknowns { get; set; }

    public long ChipErrorAnswers { get; set; }

    public long Formats { get; private set; }

    public long Jumps { get; private set; }

    public long ChipsExchanged { get; private set; }

    public long Echoes { get; private set; }

    public WorldBus Bus => bus;

    public WorldUart Uart => uart;

    public long Disturbances => toBoard.Disturbances + toHost.Disturbances;

    public TimeSpan Time => TimeSpan.FromMicroseconds(time.NowUs);

    /// <summary>What happened last, the newest at the end.</summary>
    public IEnumerable<string> Notes => notes;

    /// <summary>Lets so many operations of hosts happen, and whatever happens meanwhile; then compares the whole store.</summary>
    /// <exception cref="WorldException">Something is not as it must be.</exception>
    public void Run(int operations)
    {
        operationsAllowed = operations;
        while (Operations < operations)
        {
            if (programs.Count == 0)
                StartProgram();
            Turn();
        }
        plan++;
        Disturb(0, 0);
        toBoard.Echo = toHost.Echo = null;
        chip.CutAfterBits(long.MaxValue);
        bus.Heal();
        SetAbsent(false);
        while (programs.Count > 0)
            KillProgram();
        HostEnd last = NewEnd();
        programs.Add((last, LiveAsync(new WorldHost(this, last, NewClient(), 0).CompareAsync())));
        lastOperationUs = time.NowUs;
        while (!HasEnded)
            Turn();
        Audit();
    }

    public static void Check(bool isRight, [InterpolatedStringHandlerArgument(nameof(isRight))] WhenWrong what)
    {
        if (!isRight)
            throw new WorldException(what.ToText());
    }

    public void Note(string note)
    {
        if (!IsRecording)
            return;
        if (notes.Count == NotesKept)
            notes.Dequeue();
        notes.Enqueue($"{Operations,7} {time.NowUs / 1e6,12:F6} s  {note}");
    }

    public void Remember(uint client)
    {
        if (Random.OneIn(4))
            clients.Insert(0, client);
    }

    public void BeginFormat(ulong? oldId, ulong newId)
    {
        if (oldId is ulong id)
            doomedIds.Add(id);
        awaitedIds.Add(newId);
    }

    /// <summary>True when the answer says that the chip or the store is not well, and so it was.</summary>
    public bool IsExcused(Status status, long sentUs) => status switch
    {
        Status.NoChip or Status.ChipError or Status.UnknownChip or Status.TrackDamaged
            or Status.NewerFormat or Status.Protected or Status.BoardTooSmall => WasTroubledSince(sentUs),
        Status.Blank or Status.StoreDamaged => WasTroubledSince(sentUs) || CouldBeStore(null, sentUs),
        _ => false,
    };

    /// <summary>True when bus or chip failed since then, or shortly before.</summary>
    public bool WasTroubledSince(long us) => chip.IsAbsent || lastTroubleUs >= us - TroubleMs * 1000L;

    /// <summary>True when this was the chip's store at some time since then; null: no store.</summary>
    public bool CouldBeStore(ulong? id, long sinceUs)
    {
        for (int i = stores.Count - 1; i >= 0; i--)
        {
            if (stores[i].Id == id)
                return true;
            if (stores[i].SinceUs <= sinceUs)
                return false;
        }
        return false;
    }

    public bool StoreChangedSince(long us) => stores[^1].SinceUs > us;

    /// <summary>HELLO was answered Ok.</summary>
    public void HelloTold(Answer answer, long sentUs)
    {
        Status state = (Status)answer.Payload[Payload.HelloAnswer.State];
        ulong id = BitConverter.ToUInt64(answer.Payload, Payload.HelloAnswer.StoreId);
        Check(state == Status.Ok || IsExcused(state, sentUs), $"the store's state is {state}");
        Check(answer.Payload[Payload.HelloAnswer.Protected] == 0 || WasTroubledSince(sentUs), $"HELLO says that the chip is protected");
        Check(answer.U16(Payload.HelloAnswer.Protocol) == 1 && answer.U32(Payload.HelloAnswer.Abilities) == 3
            && answer.U32(Payload.HelloAnswer.WindowBytes) == Settings.ReceiveWindowBytes,
                $"HELLO tells {Convert.ToHexString(answer.Payload)}");
        if (state != Status.Ok)
        {
            Check(state != Status.Blank || id == 0, $"the store is blank and has the id {id:x}");
            return;
        }
        Check(CouldBeStore(id, sentUs), $"the store is {id:x} instead of {stores[^1].Id:x}");
        if (StoreChangedSince(sentUs))
            return;
        MediumLayout layout = Model.Layout!;
        Check(answer.U16(Payload.HelloAnswer.PieceBytes) == layout.PieceBytes
            && answer.U16(Payload.HelloAnswer.SetSegments) == layout.SetSegments
            && answer.U16(Payload.HelloAnswer.SegmentDataBytes) == layout.DataBytes
                && answer.U16(Payload.HelloAnswer.MostTracks) == layout.Entries
            && answer.U32(Payload.HelloAnswer.LongestTrackBytes) == layout.LongestTrack
                && answer.U32(Payload.HelloAnswer.ChipBytes) == chip.Part.Bytes
            && answer.U32(Payload.HelloAnswer.CapacityBytes) == layout.Entries * layout.DataBytes,
            $"HELLO tells {Convert.ToHexString(answer.Payload)} of {layout}");
        Check(Model.Since(sentUs).Any(known => known.IsStoreVersion(answer.U32(Payload.HelloAnswer.Version))
            && answer.U32(Payload.HelloAnswer.FreeBytes) == (layout.Entries - known.NominalSegments) * layout.DataBytes),
            $"HELLO tells version {answer.U32(Payload.HelloAnswer.Version)}, "
                + $"{answer.U32(Payload.HelloAnswer.FreeBytes)} bytes free; right is "
                + $"{Model.Now.Version} + {Model.Now.MostLeftOut}, {(layout.Entries - Model.Now.NominalSegments) * layout.DataBytes}");
    }

    public uint AnyClient() => Random.OneIn(5) ? (uint)Random.NextUInt64() | 1 : Random.Pick(clients);

    private HostEnd NewEnd() => new(time, toBoard, Block.PayloadHeadBytes + Math.Max(Settings.LargestPieceBytes, 1000));

    // A new one, or one that was used before; two programs may use the same at the same time.
    private uint NewClient()
    {
        if (clients.Count == 0 || Random.OneIn(clients.Count < 12 ? 3 : 20))
            clients.Add((uint)Random.NextUInt64() | 1);
        else if (Random.OneIn(2))
        {
            int index = Random.Next(clients.Count);
            clients.Add(clients[index]);
            clients.RemoveAt(index);
        }
        return clients[^1];
    }

    private static async Task LiveAsync(Task life)
    {
        try
        {
            await life;
        }
        catch (HostKilledException)
        {
        }
    }
}
