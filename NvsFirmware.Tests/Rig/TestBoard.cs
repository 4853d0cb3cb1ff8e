using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Fram;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.Rig;

/// <summary>A board in this process: the real firmware on the chip model, spoken to in frames, on virtual time.</summary>
/// <remarks>
/// The first request after <see cref="Boot"/> is preceded by HELLO, which gives the session key; a test that counts transactions or cuts
/// power says <see cref="Hello"/> before, and one that sends frames of its own without a session gives their keys itself.
/// </remarks>
public sealed class TestBoard
{
    public const uint Client = 0xC11E;

    // Requests whose number means nothing.
    private const uint AnyNumber = 0x7000;

    // Longer than the pause after which a record is written.
    private const int RestMs = 400;

    // Each silent turn of the loop takes a millisecond.
    private const int TurnsBehind = 8;

    private Firmware firmware;
    private uint key;
    private int pieceBytes;
    private uint helloNumber = 0x48000000;

    /// <summary>A board with a chip of its own, zeros.</summary>
    public TestBoard(string chip = "MB85RS64V", BoardSettings? settings = null)
        : this(new FramModel(SimPart.Find(chip)), settings)
    {
    }

    /// <summary>A board on a chip that exists already.</summary>
    public TestBoard(FramModel chip, BoardSettings? settings = null)
    {
        Chip = chip;
        Settings = settings ?? new BoardSettings { Name = "test" };
        Bus = chip;
        Uart = new QueueUart(Clock) { IsPowered = () => Chip.IsPowered };
        firmware = new Firmware(Chip, Uart, Clock, Settings);
    }

    public FramModel Chip { get; }

    /// <summary>What the firmware sees from the next boot on: the chip, unless a test stands between.</summary>
    public ISpiBus Bus { get; set; }

    public BoardSettings Settings { get; }

    public VirtualClock Clock { get; } = new();

    public QueueUart Uart { get; }

    public Firmware Firmware => firmware;

    public Status State => firmware.State;

    /// <summary>The session key; says HELLO when there is no session. 0 when the board does not answer.</summary>
    public uint Key
    {
        get
        {
            if (key == 0)
                Say(Frames.Hello(NextHelloNumber()));
            return key;
        }
        set => key = value;
    }

    /// <summary>The most bytes of a track in one frame, as HELLO tells it.</summary>
    public int PieceBytes
    {
        get
        {
            if (pieceBytes == 0)
                Say(Frames.Hello(NextHelloNumber()));
            return pieceBytes > 0 ? pieceBytes : Settings.LargestPieceBytes;
        }
    }

    /// <summary>A board with an empty store.</summary>
    public static TestBoard Formatted(string chip = "MB85RS64V", BoardSettings? settings = null, int segmentBytes = 0, int setSegments = 0)
    {
        TestBoard board = new(chip, settings);
        board.Boot();
        Answer answer = board.Format("BLANK", segmentBytes: segmentBytes, setSegments: setSegments);
        if (answer.Status != Status.Ok)
            throw new InvalidOperationException($"format: {answer.Status}");
        board.Hello();
        return board;
    }

    /// <summary>
    /// Power comes (back): the chip wakes, the firmware starts anew, all that was in RAM or on the line is gone, the session too.
    /// </summary>
    /// <param name="bits">Cut the power again after so many bits.</param>
    public void Boot(long bits = long.MaxValue)
    {
        Chip.PowerUp();
        if (bits != long.MaxValue)
            Chip.CutAfterBits(bits);
        Reset();
    }

    /// <summary>The firmware starts anew, and the chip keeps its power.</summary>
    public void Reset()
    {
        Uart.Clear();
        Uart.TakeSent();
        key = 0;
        pieceBytes = 0;
        Settings.SessionSeed++; // another one at each boot
        firmware = new Firmware(Bus, Uart, Clock, Settings);
        firmware.Boot();
    }

    /// <summary>
    /// Turns the firmware's loop until it has taken all that was sent, and a few times more for what it keeps and what follows.
    /// </summary>
    public void Run()
    {
        long sent = Uart.SentBytes;
        for (int turns = 0; turns < TurnsBehind && Chip.IsPowered; turns++)
        {
            firmware.Step(0);
            if (!Uart.IsEmpty || Uart.SentBytes != sent)
                turns = 0;
            sent = Uart.SentBytes;
        }
    }

    /// <summary>Time passes while the host is silent.</summary>
    public void Idle(int durationMs)
    {
        long endMs = Clock.NowMs + durationMs;
        while (Clock.NowMs < endMs && Chip.IsPowered)
            firmware.Step(50);
    }

    /// <summary>Boots and lets the board come to rest.</summary>
    public void Recover()
    {
        Boot();
        Rest();
    }

    /// <summary>Time passes until nothing is due any more.</summary>
    public void Rest()
    {
        Run();
        Idle(RestMs);
    }

    /// <summary>Boots on these cells, and begins a session.</summary>
    public void Restart(ReadOnlySpan<byte> storage)
    {
        Chip.PowerUp();
        storage.CopyTo(Chip.Storage);
        Boot();
        _ = Key;
    }

    /// <summary>
    /// Another board on a copy of this one's chip, booted: what a power cut now would leave, without disturbing this board.
    /// </summary>
    public TestBoard BootCopy()
    {
        TestBoard copy = new(new FramModel(Chip.Part, Chip.Storage.ToArray()), Settings);
        copy.Boot();
        return copy;
    }

    /// <summary>Sends raw bytes and returns the board's answers.</summary>
    public List<Answer> Send(params byte[][] frames)
    {
        foreach (byte[] frame in frames)
            Uart.Send(frame);
        Run();
        return TakeAnswers();
    }

    /// <summary>The answers that the board has sent since the last call. One to HELLO begins a session here, too.</summary>
    public List<Answer> TakeAnswers()
    {
        List<Answer> answers = Answer.ParseAll(Uart.TakeSent(), ref key);
        foreach (Answer hello in answers.Where(answer => answer.Type == (FrameType.Hello | FrameType.Answer) && answer.Payload.Length > 0))
            pieceBytes = hello.U16(Payload.HelloAnswer.PieceBytes);
        return answers;
    }

    /// <summary>A whole frame, each field as wanted; of this session unless another key is given.</summary>
    public byte[] BuildFrame(
        int type, uint number, uint argument = 0, byte[]? payload = null, int part = 0, int flags = 0, uint? key = null) =>
        Frames.Build(Frame.IsKeyless(type) ? 0 : key ?? Key, type, number, argument, payload, part, flags);

    /// <summary>One frame of a write request, each field as wanted, right or wrong; of this session unless another key is given.</summary>
    public byte[] WriteFrame(
        uint number,
        int part,
        uint track,
        byte[] data,
        int? length = null,
        int flags = 0,
        uint client = Client,
        uint expected = 0,
        uint before = 0,
        int? count = null,
        uint? key = null) =>
        Frames.Write(key ?? Key, number, part, track, data, length, flags, client, expected, before, count);

    /// <summary>The frames of a write request.</summary>
    /// <param name="flags">Flags of part 0: <see cref="WriteFlags.Behind"/>, <see cref="WriteFlags.Passing"/>.</param>
    public List<byte[]> WriteFrames(uint number, IReadOnlyList<TrackItem> items, uint client = Client, int flags = 0)
    {
        int piece = PieceBytes;
        return Frames.WriteRequest(Key, number, items, client, piece, flags);
    }

    public List<Answer> Ask(int type, uint number, uint argument = 0, byte[]? payload = null) =>
        Send(BuildFrame(type, number, argument, payload));

    public Answer AskOne(int type, uint argument = 0, params byte[] payload) => Ask(type, AnyNumber, argument, payload).Single();

    /// <summary>Begins a session.</summary>
    public Answer Hello(uint? number = null, uint version = Frame.ProtocolVersion) =>
        Send(Frames.Hello(number ?? NextHelloNumber(), version)).Single();

    /// <summary>Sends a write request whole. The last answer decides; null when the board lost power before it answered.</summary>
    /// <param name="flags">Flags of part 0: <see cref="WriteFlags.Behind"/>, <see cref="WriteFlags.Passing"/>.</param>
    public Answer? TryWrite(uint number, IReadOnlyList<TrackItem> items, uint client = Client, int flags = 0)
    {
        Answer? last = null;
        foreach (byte[] frame in WriteFrames(number, items, client, flags))
        {
            last = Send(frame).LastOrDefault();
            if (last == null || last.Status != Status.Continue)
                return last;
        }
        return last;
    }

    /// <summary>Sends a write request that must be committed; returns the version.</summary>
    public uint Write(uint number, params TrackItem[] items) => WriteAs(Client, number, items);

    /// <summary>Sends another client's write request, which must be committed; returns the version.</summary>
    public uint WriteAs(uint client, uint number, params TrackItem[] items)
    {
        Answer? answer = TryWrite(number, items, client);
        if (answer?.Status != Status.Ok)
            throw new InvalidOperationException($"client {client:X}, write request {number}: {answer?.Status.ToString() ?? "no answer"}");
        return answer.Argument;
    }

    /// <summary>Reads a track over the wire; the data are null unless the status is Ok.</summary>
    public (Status Status, uint Version, byte[]? Data) Read(uint track)
    {
        List<Answer> parts = Ask(FrameType.Read, AnyNumber, track);
        Answer last = parts[^1];
        if (last.Status != Status.Ok)
            return (last.Status, 0, null);
        byte[] data = [.. parts.SelectMany(part => part.Payload.Skip(Block.PayloadHeadBytes))];
        for (int i = 0; i < parts.Count; i++)
            if (parts[i].Part != i
                || parts[i].Argument != last.Argument
                || parts[i].U32(Block.TrackAt - Block.ClientAt) != track
                || parts[i].U16(Block.LengthAt - Block.ClientAt) != data.Length
                || parts[i].U16(Block.CountAt - Block.ClientAt) != parts[i].Payload.Length - Block.PayloadHeadBytes)
                throw new InvalidOperationException($"track {track}, part {i} of the answer: {parts[i]}");
        return (Status.Ok, last.Argument, data);
    }

    /// <summary>All tracks, each read over the wire and intact.</summary>
    public Dictionary<uint, byte[]> ReadAll()
    {
        Dictionary<uint, byte[]> tracks = [];
        foreach ((uint track, uint _, int _, Damage damage) in List())
        {
            (Status status, uint _, byte[]? data) = Read(track);
            if (damage != Damage.None || data == null)
                throw new InvalidOperationException($"track {track}: {damage}, {status}");
            tracks.Add(track, data);
        }
        return tracks;
    }

    public Answer Last(uint client = Client) => AskOne(FrameType.Last, client);

    public Answer Info() => AskOne(FrameType.Info);

    public uint Stat(int counter) => AskOne(FrameType.Stats).U32(counter * 4);

    /// <summary>The store's id as HELLO tells it, which begins a session.</summary>
    public byte[] StoreId() => Hello().Payload[Payload.HelloAnswer.StoreId..(Payload.HelloAnswer.StoreId + 8)];

    public Answer Format(string name, ulong newId = 0x1122334455667788, int segmentBytes = 0, int setSegments = 0) =>
        Format([.. name.PadRight(8, '\0').Select(c => (byte)c)], newId, segmentBytes, setSegments);

    public Answer Format(byte[] name, ulong newId = 0x1122334455667788, int segmentBytes = 0, int setSegments = 0)
    {
        List<Answer> answers = Ask(
            FrameType.Format,
            AnyNumber,
            0,
            [
                .. name,
                .. BitConverter.GetBytes(newId),
                .. BitConverter.GetBytes((ushort)segmentBytes),
                .. BitConverter.GetBytes((ushort)setSegments),
            ]);
        pieceBytes = 0; // that of the new store HELLO tells
        if (answers.Count == 1 && answers[0].Status == Status.Ok)
            key = 0; // the session ends with FORMAT
        return answers.Count == 1 ? answers[0] : new Answer(0, Status.NoChip, 0, 0, 0, []);
    }

    /// <summary>Null when the board lost power before it answered.</summary>
    public Answer? Repair(byte[] name) => Ask(FrameType.Repair, AnyNumber, 0, name).SingleOrDefault();

    public List<(uint Track, uint Version, int Length, Damage Damage)> List() => [.. Pages(FrameType.List)];

    public List<(uint Track, uint Version, int Length, Damage Damage)> Verify() => [.. Pages(FrameType.Verify)];

    private IEnumerable<(uint Track, uint Version, int Length, Damage Damage)> Pages(int type)
    {
        for (uint start = 0; start != unchecked((uint)Payload.PageAnswer.End);)
        {
            Answer page = AskOne(type, start);
            if (page.Status != Status.Ok)
                throw new InvalidOperationException($"page of type {type}: {page.Status}");
            start = page.Argument;
            for (int at = Payload.PageAnswer.Entries; at < page.Payload.Length; at += Payload.PageAnswer.EntryBytes)
                yield return (
                    page.U32(at + Payload.PageAnswer.EntryTrack),
                    page.U32(at + Payload.PageAnswer.EntryVersion),
                    page.U16(at + Payload.PageAnswer.EntryLength),
                    (Damage)page.Payload[at + Payload.PageAnswer.EntryDamage]);
        }
    }

    private uint NextHelloNumber() => helloNumber++;

    private void Say(byte[] frame)
    {
        if (Chip.IsPowered)
            Send(frame);
    }
}
