using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.CompilerServices;
using System.Threading.Tasks;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests.World;

/// <summary>
/// Host, line, board and chip in one thread on virtual time, and everything that can happen to them, all from one seed. The board runs the
/// real firmware; what the host is told is held against <see cref="StoreModel"/>, and so is what a recovery would find on the medium.
/// </summary>
public sealed class World
{
    private const int NotesKept = 60;
    private const int TroubleUs = 10_000_000; // a board that lost its chip looks for it every second
    private const long PatienceUs = 3_600_000_000; // an hour

    private static readonly string[] parts = ["MB85RS64V", "MB85RS64V", "MB85RS64V", "MB85RS64V", "FM25V02A", "MB85RS256TY", "MB85RS2MTA"];
    private static readonly double[] speeds = [1042, 87, 87, 11, 11, 1];
    private static readonly int[] noises = [0, 0, 0, 3000, 300, 60, 15];

    private readonly WorldTime time = new();
    private readonly FramModel chip;
    private readonly WorldBus bus;
    private readonly WorldUart uart;
    private readonly Wire toBoard;
    private readonly Wire toHost;
    private readonly Queue<string> notes = new();
    private readonly List<uint> clients = [];
    private readonly HashSet<ulong> boardIds = []; // ids of stores that the board may have made of a blank chip
    private readonly int trackCount;
    private readonly int usualBytes;
    private readonly bool isCalm;
    private Firmware firmware;
    private HostLine? hostLine;
    private Task host = Task.CompletedTask;
    private (int SegmentBytes, int SetSegments) formatGeometry;
    private bool isResetDue;
    private bool isVanishing;
    private long boardPauseUs;
    private long plan; // what was armed under an earlier plan does not happen
    private long troubledUntilUs;
    private long troubledBoot = long.MinValue;
    private long boot;
    private long lastOperationUs;
    private bool hasStore;

    public World(ulong seed, bool isRecording = false)
    {
        IsRecording = isRecording;
        Random = new SeededRandom(seed);
        isCalm = Random.OneIn(10);
        trackCount = Random.Pick([5, 15, 60, 400]);
        usualBytes = Random.Pick([10, 60, 200, 2000]);
        UsPerByte = Random.Pick(speeds);
        chip = new FramModel(SimPart.Find(Random.Pick(parts)))
        {
            NowUs = () => time.NowUs,
            PowerUpUs = Random.Pick([0, 300, 5000]),
            WakeUs = 450,
            IdleByte = Random.OneIn(2) ? (byte)0xFF : (byte)0,
            PowerLost = LosePower,
        };
        int largest = Random.Pick([128, 200, 400, 1000]);
        Settings = new BoardSettings
        {
            Name = "world",
            LargestDataBytes = largest,
            ReceiveWindowBytes = Random.Pick([1, 2, 4]) * (largest + 40) + 24,
            CacheBlocks = Random.Pick([0, 1, 8]),
            CacheBlockBytes = Random.Pick([64, 1024]),
            SleepAfterMs = Random.Pick([0, 200]),
            FormatBlank = Random.OneIn(2),
        };
        bus = new WorldBus(time, Random, chip) { Failed = BeTroubled };
        toHost = new Wire(time, Random, bytes => hostLine?.Receive(bytes)) { UsPerByte = UsPerByte };
        uart = new WorldUart(time, toHost, Settings.ReceiveWindowBytes);
        toBoard = new Wire(time, Random, uart.Receive) { UsPerByte = UsPerByte };
        Model.Committed = request => Count += request.Items.Any(item => item.Track == WorldHost.CounterTrack) ? 1u : 0;
        firmware = null!; // Boot makes one
        Boot();
    }

    public SeededRandom Random { get; }

    public StoreModel Model { get; } = new();

    public BoardSettings Settings { get; }

    public double UsPerByte { get; }

    /// <summary>True to keep notes of what happens; they cost time, so only a replay has them.</summary>
    public bool IsRecording { get; }

    /// <summary>The host shall compare the whole store and then end.</summary>
    public bool IsEnding { get; private set; }

    public bool HasEnded { get; set; }

    /// <summary>Increments of the counter track that were committed.</summary>
    public ulong Count { get; private set; }

    public ulong StoreId { get; private set; }

    /// <summary>The id of a store whose format may or may not have been carried out.</summary>
    public ulong? FormatUndecided { get; private set; }

    public bool MayBeBlank => !hasStore || FormatUndecided != null;

    public bool IsChipAbsent { get; private set; }

    /// <summary>Bus or chip fail, or did a moment ago: errors that say so are right.</summary>
    public bool IsChipTroubled => IsChipAbsent || time.NowUs < troubledUntilUs;

    /// <summary>Bus or chip failed since the board started, or before: an answer from then may still be on the line.</summary>
    public bool WasChipTroubled => IsChipTroubled || troubledBoot >= boot - 1;

    public bool AllowsChipToVanish => !isCalm;

    public long Operations { get; private set; }

    public long Cuts { get; private set; }

    public long CutsInRecovery { get; private set; }

    public long Resets { get; private set; }

    public long HostKills { get; private set; }

    public long Audits { get; private set; }

    public long Vanishings { get; private set; }

    public long Refusals { get; set; }

    public long Fulls { get; set; }

    public long Repeats { get; set; }

    public long Nonsense { get; set; }

    public long Formats { get; private set; }

    public long Disturbances => toBoard.Disturbances + toHost.Disturbances;

    public long Overruns => uart.Overruns;

    public long BusFailures => bus.Failures;

    public TimeSpan Time => TimeSpan.FromMicroseconds(time.NowUs);

    /// <summary>What happened last, the newest at the end.</summary>
    public IEnumerable<string> Notes => notes;

    /// <summary>Lets so many operations of hosts happen, and whatever happens meanwhile; then compares the whole store.</summary>
    /// <exception cref="WorldException">Something is not as it must be.</exception>
    public void Run(int operations)
    {
        StartHost();
        while (Operations < operations)
            Turn();
        plan++;
        IsEnding = true;
        Disturb(0, 0);
        chip.CutAfterBits(long.MaxValue);
        bus.FailAfter = -1;
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

    /// <summary>The host begins something: a good moment for trouble.</summary>
    public void BeginOperation()
    {
        Operations++;
        lastOperationUs = time.NowUs;
        if (isCalm || IsEnding)
            return;
        long current = plan;
        if (Random.OneIn(8))
            chip.CutAfterBits(Random.Next(1 << Random.Between(5, 17)) + 1);
        else if (Random.OneIn(30))
            time.After(Random.Next(1 << Random.Between(6, 20)), () => InPlan(current, () => chip.CutAfterBits(0)));
        else if (Random.OneIn(40))
            time.After(Random.Next(50_000), () => InPlan(current, () => isResetDue = true));
        if (Random.OneIn(25))
            time.After(Random.Next(1 << Random.Between(6, 22)), () => InPlan(current, KillHost));
        if (Random.OneIn(60))
            boardPauseUs = Random.Next(5_000_000);
        if (Random.OneIn(80))
            StallHost();
        if (Random.OneIn(50))
            bus.FailAfter = Random.Next(12);
        if (Random.OneIn(30))
        {
            Disturb(Random.Pick(noises), Random.Pick(noises));
            // Heavy noise lets nothing long pass, so it ends some time.
            time.After(Random.Next(60_000_000), () => Disturb(0, 0));
        }
        if (Random.OneIn(50))
            Audit();
    }

    public void PauseHost() => toBoard.Pause(Random.Next(12_000_000));

    public void BeginFormat(ulong id, int segmentBytes, int setSegments)
    {
        FormatUndecided = id;
        formatGeometry = (segmentBytes, setSegments);
    }

    /// <summary>A board that is ready told which store it has.</summary>
    public void StoreTold(ulong id)
    {
        bool isBoards = MayBeBlank && boardIds.Contains(id);
        if (id == FormatUndecided || isBoards)
        {
            (int segmentBytes, int setSegments) = isBoards ? (0, 0) : formatGeometry;
            Model.Format(new Geometry(chip.Part.Bytes, segmentBytes, setSegments));
            StoreId = id;
            Count = 0;
            Formats++;
            hasStore = true;
        }
        Check(id == StoreId, $"the store is {id:x} instead of {StoreId:x}");
        FormatUndecided = null;
        boardIds.Clear();
    }

    /// <summary>The chip is gone for a while and comes back. Nothing is written meanwhile, which could only be lost.</summary>
    public async Task VanishAsync(HostLine line, Func<Task> askAsync)
    {
        plan++;
        chip.CutAfterBits(long.MaxValue);
        bus.FailAfter = -1;
        isVanishing = true;
        uart.IsHostStalled = false;
        boardPauseUs = 0;
        await line.DelayAsync(8000);
        Note("the chip vanishes");
        Vanishings++;
        SetAbsent(true);
        for (int i = Random.Between(1, 4); i > 0; i--)
        {
            if (Random.OneIn(2))
            {
                isResetDue = true;
                // It comes and goes while the board recovers.
                for (int k = Random.Next(4); k > 0; k--)
                    time.After(Random.Next(120_000), () => SetAbsent(isVanishing && !IsChipAbsent));
            }
            await askAsync();
        }
        isVanishing = false;
        SetAbsent(false);
        Note("the chip is back");
        await line.DelayAsync(2500);
    }

    public uint AnyClient() => Random.OneIn(5) ? (uint)Random.NextUInt64() | 1 : Random.Pick(clients);

    public uint NewTrack()
    {
        int index = Random.Next(trackCount);
        return index switch
        {
            0 => 0,
            1 => uint.MaxValue,
            _ => (uint)index,
        };
    }

    public TrackItem NewItem()
    {
        uint track = NewTrack();
        uint version = Model.Tracks.TryGetValue(track, out StoreModel.ModelTrack? old) ? old.Version : 0;
        uint? expected = Random.OneIn(5) ? Random.OneIn(4) ? (uint)Random.Next(100) : version : null;
        return new TrackItem(track, Random.OneIn(12) ? null : NewData(), expected);
    }

    public List<TrackItem> NewBatch()
    {
        List<TrackItem> items = [];
        int count = Random.OneIn(20) ? Random.Between(1, Model.Geometry.SetSegments + 1) : Random.Between(2, 5);
        for (int i = 0; i < count; i++)
            if (NewItem() is { } item && (items.All(other => other.Track != item.Track) || Random.OneIn(50)))
                items.Add(item);
        return items;
    }

    public (int SegmentBytes, int SetSegments) NewGeometry()
    {
        if (Random.OneIn(3))
            return (0, 0);
        while (true)
        {
            Geometry geometry = new(chip.Part.Bytes, Random.Between(32, 300), Random.Pick([1, 2, 3, 8, 16, 32, 64]));
            if (geometry.IsPossible)
                return (geometry.SegmentBytes, geometry.SetSegments);
        }
    }

    // Lengths around the edges of segments, more often than they deserve.
    private byte[] NewData()
    {
        Geometry geometry = Model.Geometry;
        int length = Random.Next(12) switch
        {
            0 => 0,
            1 => Random.Between(1, Math.Min(4, geometry.SetSegments)) * geometry.SegmentBytes - Geometry.TrailerBytes + Random.Between(-1, 1),
            2 => Random.Between(0, geometry.LongestTrackBytes),
            3 when Random.OneIn(10) => geometry.LongestTrackBytes + Random.Between(0, 5),
            _ => Random.Next(usualBytes),
        };
        byte[] data = Random.Bytes(Math.Max(0, length));
        // Much that looks like the beginning of a frame.
        for (int i = Random.Next(4); i > 0 && data.Length > 1; i--)
        {
            int at = Random.Next(data.Length - 1);
            data[at] = Frame.Sync0;
            data[at + 1] = Frame.Sync1;
        }
        return data;
    }

    private void Turn()
    {
        if (!chip.IsPowered)
        {
            time.Pass(Random.Next(1 << Random.Between(4, 22)));
            if (Random.OneIn(2))
                Audit();
            Boot();
        }
        else if (isResetDue)
        {
            Note("the board is reset");
            Resets++;
            Boot();
        }
        isResetDue = false;
        if (boardPauseUs > 0 && chip.IsPowered)
        {
            long pauseUs = boardPauseUs;
            boardPauseUs = 0;
            time.PassUntil(time.NowUs + pauseUs, () => !chip.IsPowered);
        }
        if (chip.IsPowered)
            firmware.Step(100);
        if (host.IsFaulted)
            throw host.Exception.InnerException is WorldException e ? e : new WorldException("the host failed", host.Exception.InnerException);
        Check(time.NowUs - lastOperationUs < PatienceUs, $"the host has made no progress for an hour");
    }

    private void Boot()
    {
        if (!chip.IsPowered)
            chip.PowerUp();
        time.IsBoardRunning = true;
        boot++;
        uart.Clear();
        Settings.NewStoreId = Random.Bytes(8);
        boardIds.Add(BitConverter.ToUInt64(Settings.NewStoreId));
        bool isCutPlanned = !isCalm && !isVanishing && !IsEnding && Random.OneIn(3);
        if (isCutPlanned)
            chip.CutAfterBits(Random.Next(1 << Random.Between(5, 18)) + 1);
        firmware = new Firmware(bus, uart, time, Settings);
        firmware.Boot();
        if (!chip.IsPowered)
            CutsInRecovery++;
        if (IsChipAbsent)
            BeTroubled();
        if (IsRecording)
            Note($"boot: {firmware.BootReport}");
    }

    private void LosePower()
    {
        time.IsBoardRunning = false;
        Cuts++;
        Note("power cut");
    }

    private void InPlan(long current, Action action)
    {
        if (current == plan)
            action();
    }

    private void KillHost()
    {
        if (hostLine == null)
            return;
        Note("the host dies");
        HostKills++;
        HostLine killed = hostLine;
        hostLine = null;
        time.After(Random.Next(1 << Random.Between(6, 22)), StartHost);
        killed.Kill();
    }

    private void StartHost()
    {
        if (clients.Count == 0 || Random.OneIn(clients.Count < 12 ? 3 : 20))
            clients.Add((uint)Random.NextUInt64() | 1);
        else if (Random.OneIn(2))
        {
            int index = Random.Next(clients.Count);
            clients.Add(clients[index]);
            clients.RemoveAt(index);
        }
        Note($"host starts as client {clients[^1]:x}");
        hostLine = new HostLine(time, toBoard, Payload.ReadAnswer.Data + Math.Max(Settings.LargestDataBytes, Payload.StatsAnswer.Bytes));
        host = LiveAsync(new WorldHost(this, hostLine, clients[^1]));
    }

    private static async Task LiveAsync(WorldHost host)
    {
        try
        {
            await host.RunAsync();
        }
        catch (HostKilledException)
        {
        }
    }

    private void Disturb(int toBoardOneIn, int toHostOneIn)
    {
        toBoard.DisturbedOneIn = toBoardOneIn;
        toHost.DisturbedOneIn = toHostOneIn;
    }

    private void StallHost()
    {
        uart.IsHostStalled = true;
        time.After(Random.Next(1 << Random.Between(10, 23)), () => uart.IsHostStalled = false);
    }

    private void BeTroubled()
    {
        Note(IsChipAbsent ? "the chip is absent" : "the chip is there, or the bus failed");
        troubledBoot = boot;
        troubledUntilUs = Math.Max(troubledUntilUs, time.NowUs + TroubleUs);
    }

    private void SetAbsent(bool isAbsent)
    {
        if (IsChipAbsent == isAbsent)
            return;
        IsChipAbsent = isAbsent;
        chip.IsAbsent = isAbsent;
        BeTroubled();
    }

    // What would be found if power went at this moment.
    private void Audit()
    {
        if (!hasStore || FormatUndecided != null)
            return;
        Audits++;
        TestBoard board = new(new FramModel(chip.Part, chip.Storage.ToArray()));
        board.Boot();
        Check(board.State == Status.Ok, $"recovery finds a store that is {board.State}");
        Answer info = board.Info();
        Dictionary<uint, StoreModel.ModelTrack> found = [];
        foreach ((uint track, uint version, int length, Damage damage) in board.List())
        {
            (Status status, uint readVersion, byte[]? data) = board.Read(track);
            Check(damage == Damage.None && status == Status.Ok && version == readVersion && length == data!.Length,
                $"recovery finds track {track}: {damage}, {status}");
            found.Add(track, new StoreModel.ModelTrack(version, data!));
        }
        List<(uint Track, uint Version, int Entry, Damage Damage)> damages = board.Verify();
        Check(damages.Count == 0, $"recovery leaves damage: {string.Join(", ", damages)}");
        Model.Recovered(info.U32(Payload.InfoAnswer.Sequence), found, info.U16(Payload.InfoAnswer.FreeSegments));
    }
}
