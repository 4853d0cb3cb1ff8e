using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.HostAdapter;
using NvsSim;

namespace NvsFirmware.Tests.Rig;

/// <summary>A board in this process: the real firmware on the chip model, spoken to in frames, on virtual time.</summary>
public sealed class TestBoard
{
    public const uint Client = 0xC11E;

    private Firmware firmware;

    /// <summary>A board with a chip of its own, zeros.</summary>
    public TestBoard(string chip = "MB85RS64V", BoardSettings? settings = null)
        : this(new FramModel(SimPart.Find(chip)), settings)
    {
    }

    /// <summary>A board on a chip that exists already.</summary>
    public TestBoard(FramModel chip, BoardSettings? settings = null)
    {
        Chip = chip;
        Settings = settings ?? new BoardSettings { Name = "test", LargestDataBytes = 4096 };
        Uart = new QueueUart(Clock) { IsPowered = () => Chip.IsPowered };
        firmware = new Firmware(Chip, Uart, Clock, Settings);
    }

    public FramModel Chip { get; }

    public BoardSettings Settings { get; }

    public VirtualClock Clock { get; } = new();

    public QueueUart Uart { get; }

    public Firmware Firmware => firmware;

    public Status State => firmware.State;

    /// <summary>A board with an empty store.</summary>
    public static TestBoard Formatted(string chip = "MB85RS64V", BoardSettings? settings = null, int segmentBytes = 0, int setSegments = 0)
    {
        TestBoard board = new(chip, settings);
        board.Boot();
        Answer answer = board.Format("BLANK", segmentBytes: segmentBytes, setSegments: setSegments);
        if (answer.Status != Status.Ok)
            throw new InvalidOperationException($"format: {answer.Status}");
        return board;
    }

    /// <summary>Power comes (back): the chip wakes, the firmware starts anew, all that was in RAM or on the line is gone.</summary>
    /// <param name="bits">Cut the power again after so many bits.</param>
    public void Boot(long bits = long.MaxValue)
    {
        Chip.PowerUp();
        if (bits != long.MaxValue)
            Chip.CutAfterBits(bits);
        Uart.Clear();
        Uart.TakeSent();
        firmware = new Firmware(Chip, Uart, Clock, Settings);
        firmware.Boot();
    }

    /// <summary>Turns the firmware's loop until it has taken all that was sent, and once more for what follows an answer.</summary>
    public void Run()
    {
        do
            firmware.Step(0);
        while (!Uart.IsEmpty && Chip.IsPowered);
        if (Chip.IsPowered)
            firmware.Step(0);
    }

    /// <summary>Time passes while the host is silent.</summary>
    public void Idle(int durationMs)
    {
        long endMs = Clock.NowMs + durationMs;
        while (Clock.NowMs < endMs)
            firmware.Step(50);
    }

    /// <summary>Another board on a copy of this one's chip, booted: what a power cut now would leave, without disturbing this board.</summary>
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
        return Answer.ParseAll(Uart.TakeSent());
    }

    public List<Answer> Ask(int type, uint request, params byte[] payload) => Send(BuildFrame(type, request, 0, payload));

    public Answer AskOne(int type, params byte[] payload) => Ask(type, 0x7000, payload).Single();

    /// <summary>A whole frame of a request.</summary>
    public static byte[] BuildFrame(int type, uint request, int part, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[Frame.TotalBytes(payload.Length)];
        payload.CopyTo(frame.AsSpan(Frame.HeaderBytes));
        Frame.Seal(frame, type, Status.Ok, unchecked((int)request), part, payload.Length);
        return frame;
    }

    /// <summary>One frame of a write request, each field as wanted, right or wrong.</summary>
    public static byte[] WriteFrame(
        uint request, int part, uint track, byte[] data, int? length = null, int offset = 0, int flags = 0, uint client = Client, uint expected = 0)
    {
        byte[] payload = new byte[Payload.Write.Data + data.Length];
        BitConverter.TryWriteBytes(payload.AsSpan(Payload.Write.Client), client);
        BitConverter.TryWriteBytes(payload.AsSpan(Payload.Write.Track), track);
        BitConverter.TryWriteBytes(payload.AsSpan(Payload.Write.Expected), expected);
        BitConverter.TryWriteBytes(payload.AsSpan(Payload.Write.Length), (ushort)(length ?? data.Length));
        BitConverter.TryWriteBytes(payload.AsSpan(Payload.Write.Offset), (ushort)offset);
        payload[Payload.Write.Flags] = (byte)flags;
        data.CopyTo(payload.AsSpan(Payload.Write.Data));
        return BuildFrame(FrameType.Write, request, part, payload);
    }

    /// <summary>The frames of a write request.</summary>
    public List<byte[]> WriteFrames(uint request, IReadOnlyList<TrackItem> items, uint client = Client) =>
        WriteFrames(request, items, client, Settings.LargestDataBytes);

    /// <summary>The frames of a write request.</summary>
    public static List<byte[]> WriteFrames(uint request, IReadOnlyList<TrackItem> items, uint client, int largestDataBytes)
    {
        List<byte[]> frames = [];
        for (int i = 0; i < items.Count; i++)
        {
            TrackItem item = items[i];
            byte[] data = item.Data ?? [];
            int offset = 0;
            do
            {
                int count = Math.Min(data.Length - offset, largestDataBytes);
                bool isLast = i == items.Count - 1 && offset + count == data.Length;
                int flags = (isLast ? Payload.Write.FlagLast : 0)
                    | (item.Expected != null ? Payload.Write.FlagExpect : 0) | (item.Data == null ? Payload.Write.FlagRelease : 0);
                frames.Add(WriteFrame(
                    request, frames.Count, item.Track, data[offset..(offset + count)], data.Length, offset, flags, client, item.Expected ?? 0));
                offset += count;
            }
            while (offset < data.Length);
        }
        return frames;
    }

    /// <summary>Sends a write request whole. The last answer decides; null when the board lost power before it answered.</summary>
    public Answer? TryWrite(uint request, IReadOnlyList<TrackItem> items, uint client = Client)
    {
        Answer? last = null;
        foreach (byte[] frame in WriteFrames(request, items, client))
        {
            last = Send(frame).LastOrDefault();
            if (last == null || last.Status != Status.Continue)
                return last;
        }
        return last;
    }

    /// <summary>Sends a write request that must be committed; returns the version.</summary>
    public uint Write(uint request, params TrackItem[] items)
    {
        Answer? answer = TryWrite(request, items);
        if (answer?.Status != Status.Ok)
            throw new InvalidOperationException($"write request {request}: {answer?.Status.ToString() ?? "no answer"}");
        return answer.U32(Payload.WriteAnswer.Version);
    }

    /// <summary>Reads a track over the wire; the data are null unless the status is Ok.</summary>
    public (Status Status, uint Version, byte[]? Data) Read(uint track)
    {
        List<Answer> parts = Ask(FrameType.Read, 0x7001, BitConverter.GetBytes(track));
        Answer last = parts[^1];
        if (last.Payload.Length == 0)
            return (last.Status, 0, null);
        byte[] data = [.. parts.SelectMany(part => part.Payload.Skip(Payload.ReadAnswer.Data))];
        return (last.Status, last.U32(Payload.ReadAnswer.Version), last.Status == Status.Ok ? data : null);
    }

    /// <summary>All tracks, each read over the wire and intact.</summary>
    public Dictionary<uint, byte[]> ReadAll()
    {
        Dictionary<uint, byte[]> tracks = [];
        foreach ((uint track, uint _, int _, Nvs.Damage damage) in List())
        {
            (Status status, uint _, byte[]? data) = Read(track);
            if (damage != Nvs.Damage.None || data == null)
                throw new InvalidOperationException($"track {track}: {damage}, {status}");
            tracks.Add(track, data);
        }
        return tracks;
    }

    public Answer Last(uint client = Client) => AskOne(FrameType.Last, BitConverter.GetBytes(client));

    public Answer Hello() => AskOne(FrameType.Hello, 1, 0, 0, 0);

    public Answer Info() => AskOne(FrameType.Info);

    public uint Stat(int counter) => AskOne(FrameType.Stats).U32(counter * 4);

    /// <summary>The store's id as HELLO tells it.</summary>
    public byte[] StoreId() => Hello().Payload[Payload.HelloAnswer.StoreId..(Payload.HelloAnswer.StoreId + 8)];

    public Answer Format(string name, ulong newId = 0x1122334455667788, int segmentBytes = 0, int setSegments = 0) =>
        Format([.. name.PadRight(8, '\0').Select(c => (byte)c)], newId, segmentBytes, setSegments);

    public Answer Format(byte[] name, ulong newId = 0x1122334455667788, int segmentBytes = 0, int setSegments = 0)
    {
        List<Answer> answers = Ask(
            FrameType.Format,
            0x7002,
            [.. name, .. BitConverter.GetBytes(newId), .. BitConverter.GetBytes((ushort)segmentBytes), .. BitConverter.GetBytes((ushort)setSegments)]);
        return answers.Count == 1 ? answers[0] : new Answer(0, Status.NoChip, 0, 0, []);
    }

    /// <summary>Null when the board lost power before it answered.</summary>
    public Answer? Repair(byte[] name) => Ask(FrameType.Repair, 0x7003, name).SingleOrDefault();

    public List<(uint Track, uint Version, int Length, Nvs.Damage Damage)> List() => [.. Pages(FrameType.List)];

    public List<(uint Track, uint Version, int Length, Nvs.Damage Damage)> Verify() => [.. Pages(FrameType.Verify)];

    private IEnumerable<(uint Track, uint Version, int Length, Nvs.Damage Damage)> Pages(int type)
    {
        for (int start = 0; start != Payload.Page.End;)
        {
            Answer page = AskOne(type, BitConverter.GetBytes((ushort)start));
            if (page.Status != Status.Ok)
                throw new InvalidOperationException($"page of type {type}: {page.Status}");
            start = page.U16(Payload.PageAnswer.Next);
            for (int i = 0; i < page.U16(Payload.PageAnswer.Count); i++)
            {
                int at = Payload.PageAnswer.Entries + i * Payload.PageAnswer.EntryBytes;
                yield return (page.U32(at), page.U32(at + 4), page.U16(at + 8), (Nvs.Damage)page.Payload[at + Payload.PageAnswer.EntryDamage]);
            }
        }
    }
}
