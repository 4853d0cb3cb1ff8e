using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using NvsFirmware.HostAdapter;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.World;

/// <summary>
/// A host that follows docs/protocol.md, written anew and as simply as it can be: one request at a time, unknown outcomes resolved by LAST.
/// It tells the model everything it is told.
/// </summary>
public sealed class WorldHost(World world, HostLine line, uint client)
{
    public const uint CounterTrack = 0xC0FFEE;

    private const int QuietMs = FrameReader.QuietMs + 100;
    private const int MostSetbacks = 6;
    private const int LastBytes = 24;

    private readonly SeededRandom random = world.Random;
    private readonly StoreModel model = world.Model;
    private uint number;
    private ModelRequest? lastCommitted;

    private int TimeoutMs => 2000 + (int)((world.Settings.ReceiveWindowBytes + world.Settings.LargestDataBytes) * world.UsPerByte / 1000);

    /// <summary>The host's life, until it is killed.</summary>
    public async Task RunAsync()
    {
        await BecomeReadyAsync();
        if (model.Undecided is { } open)
            await DecideAsync(open);
        if (await LastAsync(client) is { } last)
            number = last.Number;
        while (!world.IsEnding)
        {
            world.BeginOperation();
            await OperateAsync();
            if (random.OneIn(3))
                await line.DelayAsync(random.Between(0, random.OneIn(50) ? 15_000 : 40));
        }
        await CompareAsync();
        world.HasEnded = true;
    }

    private async Task OperateAsync()
    {
        switch (random.Next(100))
        {
            case < 30:
                await WriteAsync(NewRequest([world.NewItem()]));
                break;
            case < 45:
                await WriteAsync(NewRequest(world.NewBatch()));
                break;
            case < 58:
                await CountAsync();
                break;
            case < 74:
                await ReadAsync(world.NewTrack());
                break;
            case < 78:
                await InfoAsync();
                break;
            case < 82:
                await HelloAsync();
                break;
            case < 84:
                await LastAsync(world.AnyClient());
                break;
            case < 86:
                await StatsAsync();
                break;
            case < 89:
                await RepeatAsync();
                break;
            case < 91:
                await ListAsync();
                break;
            case < 93:
                await VerifyAsync();
                break;
            case < 94:
                await CompareAsync();
                break;
            case < 96:
                await NonsenseAsync();
                break;
            case < 97:
                await FloodAsync();
                break;
            case < 98 when world.AllowsChipToVanish:
                await VanishAsync();
                break;
            default:
                if (random.OneIn(40))
                    await FormatAsync();
                else
                    await ReadAsync(CounterTrack);
                break;
        }
    }

    private ModelRequest NewRequest(IReadOnlyList<TrackItem> items) => new(client, NextNumber(), items);

    private uint NextNumber() => number = number == uint.MaxValue ? 1 : number + 1;

    // Ways to learn what became of a write request whose host died, or that was given up. All must do.
    private async Task DecideAsync(ModelRequest open)
    {
        switch (random.Next(4))
        {
            case 0:
                await LastAsync(open.Client);
                break;
            case 1:
                await ReadAsync(random.Pick(open.Items).Track);
                break;
            case 2:
                await ListAsync();
                break;
            default:
                await InfoAsync();
                break;
        }
        World.Check(model.Undecided == null, $"an answer left the write request undecided");
    }

    private async Task WriteAsync(ModelRequest request)
    {
        List<byte[]> frames = WriteFrames(request);
        if (world.IsRecording)
            world.Note($"client {client:x} writes request {request.Number}: {frames.Count} frames, {Describe(request)}");
        model.Begin(request);
        Queue<int> onTheWay = new();
        int taken = 0;
        int next = 0;
        int setbacks = 0;
        bool isGoingBack = false;
        while (true)
        {
            if (isGoingBack && onTheWay.Count == 0)
            {
                isGoingBack = false;
                next = taken;
                if (++setbacks > MostSetbacks || random.OneIn(20))
                {
                    // Given up: an answer behind all that was sent decides it.
                    await LastAsync(client);
                    return;
                }
            }
            while (!isGoingBack && next < frames.Count
                && (onTheWay.Count == 0 || onTheWay.Sum(part => frames[part].Length) + frames[next].Length + LastBytes <= world.Settings.ReceiveWindowBytes))
            {
                line.Send(frames[next]);
                onTheWay.Enqueue(next++);
                if (random.OneIn(100))
                    world.PauseHost();
            }

            Answer? answer = await AnswerAsync(FrameType.Write, request.Number);
            if (answer == null || answer.Status == Status.BadCrc)
            {
                if (answer != null)
                    await line.QuietAsync(QuietMs);
                // Silence, or damage in one direction or the other.
                (uint Number, uint Version)? last = await LastAsync(client);
                if (last?.Number == request.Number)
                {
                    lastCommitted = request;
                    return;
                }
                model.Begin(request);
                onTheWay.Clear();
                isGoingBack = true;
                continue;
            }
            while (onTheWay.Contains(answer.Part) && onTheWay.Dequeue() != answer.Part)
            {
            }
            switch (answer.Status)
            {
                case Status.Ok:
                    model.Acknowledged(request, answer.U32(Payload.WriteAnswer.Version));
                    lastCommitted = request;
                    return;
                case Status.Continue:
                    taken = answer.U16(Payload.WriteAnswer.NextPart);
                    next = Math.Max(next, taken);
                    break;
                case Status.WrongOrder:
                    taken = answer.U16(Payload.WriteAnswer.NextPart);
                    isGoingBack = true;
                    break;
                case Status.ChipError or Status.NoChip:
                    World.Check(world.IsChipTroubled, $"a write request is answered {answer.Status} though the chip is well");
                    if ((await LastAsync(client))?.Number == request.Number)
                        lastCommitted = request;
                    return;
                default:
                    model.Refused(request, answer.Status, answer.Payload.Length > 0 ? answer.U32(Payload.WriteAnswer.Version) : 0);
                    world.Refusals++;
                    if (answer.Status == Status.Full)
                        world.Fulls++;
                    // The answers to the parts behind it: the window must be free for what comes next.
                    while (onTheWay.Count > 0 && await AnswerAsync(FrameType.Write, request.Number) is { } late)
                        while (onTheWay.Contains(late.Part) && onTheWay.Dequeue() != late.Part)
                        {
                        }
                    return;
            }
            World.Check(taken < frames.Count, $"the board wants part {taken} of {frames.Count}");
        }
    }

    // Exactly once: whatever happens on the way, the count on the chip is that of the increments committed.
    private async Task CountAsync()
    {
        (uint version, byte[]? data) = await ReadAsync(CounterTrack);
        ulong count = data == null ? 0 : BitConverter.ToUInt64(data);
        World.Check(count == world.Count, $"the counter is {count} after {world.Count} increments");
        byte[] counted = BitConverter.GetBytes(count + 1);
        await WriteAsync(NewRequest([new TrackItem(CounterTrack, counted, random.OneIn(2) ? version : null)]));
    }

    // A committed request once more, whole or in part, or an earlier one.
    private async Task RepeatAsync()
    {
        if (lastCommitted == null || await LastAsync(client) is not { } last || last.Number != lastCommitted.Number)
            return;
        bool isOld = random.OneIn(3);
        List<byte[]> frames = WriteFrames(isOld ? lastCommitted with { Number = lastCommitted.Number - (uint)random.Between(1, 1000) } : lastCommitted);
        uint asked = (uint)Frame.Request(frames[0], 0);
        line.Send(random.Pick(frames));
        Answer? answer = await AnswerAsync(FrameType.Write, asked);
        if (answer?.Status == Status.BadCrc)
            await line.QuietAsync(QuietMs);
        if (answer == null || answer.Status == Status.BadCrc || IsExcused(answer))
            return;
        if (isOld)
            World.Check(answer.Status == Status.OldRequest, $"an old request is answered {answer.Status}");
        else
            World.Check(answer.Status == Status.Ok && answer.U32(Payload.WriteAnswer.Version) == last.Version,
                $"a repeated request is answered {answer.Status}, version {answer.U32(Payload.WriteAnswer.Version)}, instead of {last.Version}");
        world.Repeats++;
    }

    private async Task<(uint Number, uint Version)?> LastAsync(uint of)
    {
        Answer answer = await AskAsync(FrameType.Last, BitConverter.GetBytes(of));
        World.Check(answer.Status is Status.Ok or Status.NotFound, $"LAST is answered {answer.Status}");
        (uint Number, uint Version)? told =
            answer.Status == Status.Ok ? (answer.U32(Payload.LastAnswer.Request), answer.U32(Payload.LastAnswer.Version)) : null;
        model.LastTold(of, told);
        return told;
    }

    private async Task<(uint Version, byte[]? Data)> ReadAsync(uint track)
    {
        while (true)
        {
            uint asked = Ask(FrameType.Read, BitConverter.GetBytes(track));
            List<byte> data = [];
            for (int part = 0; ; part++)
            {
                Answer? answer = await AnswerAsync(FrameType.Read, asked);
                if (answer == null || answer.Part != part || answer.Status == Status.BadCrc || IsExcused(answer))
                {
                    await line.QuietAsync(QuietMs);
                    break;
                }
                if (answer.Status == Status.NotFound)
                {
                    model.TrackRead(track, 0, null);
                    return (0, null);
                }
                World.Check(answer.Status is Status.Ok or Status.Continue, $"READ of track {track} is answered {answer.Status}");
                World.Check(answer.U16(Payload.ReadAnswer.Offset) == data.Count, $"READ leaves a gap");
                data.AddRange(answer.Payload[Payload.ReadAnswer.Data..]);
                if (answer.Status == Status.Continue)
                    continue;
                World.Check(answer.U16(Payload.ReadAnswer.Length) == data.Count, $"READ tells another length than it sends");
                uint version = answer.U32(Payload.ReadAnswer.Version);
                model.TrackRead(track, version, [.. data]);
                return (version, [.. data]);
            }
        }
    }

    private async Task ListAsync()
    {
        Dictionary<uint, (uint Version, int Length)> told = [];
        await foreach (Answer page in PagesAsync(FrameType.List))
            for (int i = 0; i < page.U16(Payload.PageAnswer.Count); i++)
            {
                int at = Payload.PageAnswer.Entries + i * Payload.PageAnswer.EntryBytes;
                World.Check(page.Payload[at + Payload.PageAnswer.EntryDamage] == 0, $"LIST tells damage of track {page.U32(at)}");
                told.Add(page.U32(at), (page.U32(at + Payload.PageAnswer.EntryVersion), page.U16(at + Payload.PageAnswer.EntryLength)));
            }
        model.Listed(told);
    }

    private async Task VerifyAsync()
    {
        int verified = 0;
        await foreach (Answer page in PagesAsync(FrameType.Verify))
        {
            World.Check(page.U16(Payload.PageAnswer.Count) == 0, $"VERIFY finds damage: {Convert.ToHexString(page.Payload)}");
            verified += page.U16(Payload.PageAnswer.Checked);
        }
        World.Check(verified == model.Tracks.Count, $"VERIFY checks {verified} tracks of {model.Tracks.Count}");
    }

    private async IAsyncEnumerable<Answer> PagesAsync(int type)
    {
        for (int start = 0; start != Payload.Page.End;)
        {
            Answer page = await AskAsync(type, BitConverter.GetBytes((ushort)start));
            World.Check(page.Status == Status.Ok, $"a page of type {type:x} is answered {page.Status}");
            int next = page.U16(Payload.PageAnswer.Next);
            World.Check(next > start, $"after page {start} comes page {next}");
            start = next;
            yield return page;
        }
    }

    // The whole store, over the line.
    private async Task CompareAsync()
    {
        await ListAsync();
        foreach (uint track in model.Tracks.Keys.ToList())
            await ReadAsync(track);
    }

    private async Task InfoAsync()
    {
        Answer answer = await AskAsync(FrameType.Info);
        World.Check(answer.Status == Status.Ok, $"INFO is answered {answer.Status}");
        model.SequenceTold(answer.U32(Payload.InfoAnswer.Sequence));
        World.Check(answer.U16(Payload.InfoAnswer.FreeSegments) == model.FreeSegments,
            $"INFO tells {answer.U16(Payload.InfoAnswer.FreeSegments)} free segments; right is {model.FreeSegments}");
        World.Check(answer.U16(Payload.InfoAnswer.Tracks) == model.Tracks.Count, $"INFO tells another number of tracks");
        World.Check(answer.U16(Payload.InfoAnswer.Damaged) == 0, $"INFO tells damage");
        World.Check(answer.Payload[Payload.InfoAnswer.Flag] == model.Flag, $"INFO tells another flag");
    }

    private async Task StatsAsync()
    {
        Answer answer = await AskAsync(FrameType.Stats);
        World.Check(answer.U32(Counter.InternalErrors * 4) == 0, $"STATS counts internal errors");
        World.Check(answer.U32(Counter.TrackCrcErrors * 4) == 0 || world.WasChipTroubled, $"STATS counts tracks that do not match their CRC-32");
        World.Check(answer.U32(Counter.ChipErrors * 4) == 0 || world.WasChipTroubled, $"STATS counts chip errors");
    }

    private async Task<Answer> HelloAsync()
    {
        Answer answer = await AskAsync(FrameType.Hello, (byte)Frame.ProtocolVersion, 0, 0, 0);
        World.Check(answer.Status == Status.Ok, $"HELLO is answered {answer.Status}");
        Status state = (Status)answer.Payload[Payload.HelloAnswer.State];
        World.Check(state is Status.Ok or Status.Blank or Status.NoChip || world.IsChipTroubled, $"the store's state is {state}");
        World.Check(state != Status.Blank || world.MayBeBlank || world.IsChipTroubled, $"the store has become blank");
        World.Check(state != Status.NoChip || world.IsChipTroubled, $"the board says that there is no chip");
        if (state == Status.Ok && model.Undecided == null && !world.MayBeBlank)
        {
            int freeBytes = (model.FreeSegments - model.Geometry.SetSegments) * model.Geometry.SegmentBytes;
            World.Check(answer.U32(Payload.HelloAnswer.FreeBytes) == freeBytes, $"HELLO tells {answer.U32(Payload.HelloAnswer.FreeBytes)} free bytes; right is {freeBytes}");
        }
        return answer;
    }

    /// <summary>Until the store is ready: waits for a chip, decides a format that was cut, formats a blank chip.</summary>
    private async Task BecomeReadyAsync()
    {
        for (int attempt = 0; ; attempt++)
        {
            Answer hello = await HelloAsync();
            Status state = (Status)hello.Payload[Payload.HelloAnswer.State];
            ulong id = BitConverter.ToUInt64(hello.Payload, Payload.HelloAnswer.StoreId);
            if (state == Status.Ok)
            {
                world.StoreTold(id);
                return;
            }
            World.Check(attempt < 60 || world.IsChipTroubled, $"the store stays {state}");
            if (state == Status.Blank && world.MayBeBlank)
                await SendFormatAsync(random.OneIn(2) || id == 0 ? null : id);
            else
                await line.DelayAsync(500);
        }
    }

    private async Task FormatAsync()
    {
        await SendFormatAsync(world.StoreId);
        await BecomeReadyAsync();
    }

    private async Task SendFormatAsync(ulong? name)
    {
        (int segmentBytes, int setSegments) = world.NewGeometry();
        ulong id = random.NextUInt64();
        byte[] payload = new byte[Payload.Format.Bytes];
        if (name is ulong known)
            BitConverter.TryWriteBytes(payload.AsSpan(Payload.Format.Name), known);
        else
            Buffers.PutText(payload, Payload.Format.Name, 8, Payload.Format.BlankName);
        BitConverter.TryWriteBytes(payload.AsSpan(Payload.Format.NewId), id);
        Buffers.PutUInt16(payload, Payload.Format.SegmentBytes, segmentBytes);
        Buffers.PutUInt16(payload, Payload.Format.SetSegments, setSegments);
        if (world.IsRecording)
            world.Note($"formats {(name == null ? "BLANK" : name.Value.ToString("x"))} to {id:x}, segments of {segmentBytes}, sets of {setSegments}");
        world.BeginFormat(id, segmentBytes, setSegments);
        uint asked = Ask(FrameType.Format, payload);
        Answer? answer = await AnswerAsync(FrameType.Format, asked);
        if (answer?.Status == Status.BadCrc)
            await line.QuietAsync(QuietMs);
        else if (answer != null && !IsExcused(answer))
        {
            World.Check(answer.Status == Status.Ok, $"FORMAT is answered {answer.Status}");
            world.StoreTold(id);
        }
        // In any other case HELLO tells.
    }

    // Frames that are whole and make no sense.
    private async Task NonsenseAsync()
    {
        int type = random.Pick([FrameType.Write, FrameType.Read, FrameType.List, FrameType.Last, FrameType.Hello, FrameType.Format, FrameType.Repair, 0x42]);
        byte[] payload = random.Bytes(random.Pick([0, 1, 3, 7, 19, 21, 60]));
        bool isWrite = type == FrameType.Write;
        if (payload.Length > Payload.Write.Offset)
            payload[Payload.Write.Offset] |= 1; // no track begins there
        uint asked = NextNumber();
        line.Send(TestBoard.BuildFrame(type, asked, isWrite ? random.Next(3) : 0, payload));
        Answer? answer = await AnswerAsync(type, asked);
        if (answer == null || IsExcused(answer))
            return;
        if (answer.Status == Status.BadCrc)
        {
            await line.QuietAsync(QuietMs);
            return;
        }
        Status[] right = type == 0x42 ? [Status.UnknownType] : isWrite ? [Status.BadRequest, Status.WrongOrder] : [Status.BadRequest];
        World.Check(right.Contains(answer.Status), $"a frame of type {type:x} with {payload.Length} bytes of nonsense is answered {answer.Status}");
        world.Nonsense++;
    }

    // A host that does not know the window: more than the board's buffer holds, at once.
    private async Task FloodAsync()
    {
        int window = world.Settings.ReceiveWindowBytes;
        for (int sent = 0; sent < 2 * window;)
        {
            byte[] frame = TestBoard.BuildFrame(FrameType.Read, NextNumber(), 0, BitConverter.GetBytes(world.NewTrack()));
            line.Send(frame);
            sent += frame.Length;
        }
        await line.DelayAsync(1000);
        await HelloAsync();
    }

    // The chip is gone for a while, though nobody writes; the board restarts meanwhile, so that it vanishes during recovery too.
    private async Task VanishAsync()
    {
        await line.DelayAsync(400);
        await world.VanishAsync(line, async () => await AskOnceAsync(random.OneIn(2) ? FrameType.Hello : FrameType.Read));
        await BecomeReadyAsync();
        await CompareAsync();
    }

    private async Task AskOnceAsync(int type)
    {
        uint track = world.NewTrack();
        byte[] payload = type == FrameType.Hello ? [Frame.ProtocolVersion, 0, 0, 0] : BitConverter.GetBytes(track);
        uint asked = Ask(type, payload);
        Answer? answer = await AnswerAsync(type, asked);
        if (type == FrameType.Read && answer?.Status == Status.Ok && model.Tracks.TryGetValue(track, out StoreModel.ModelTrack? right))
            World.Check(answer.U32(Payload.ReadAnswer.Version) == right.Version, $"READ without a chip tells a wrong version");
        await line.QuietAsync(QuietMs);
    }

    private uint Ask(int type, params byte[] payload)
    {
        uint asked = NextNumber();
        line.Send(TestBoard.BuildFrame(type, asked, 0, payload));
        return asked;
    }

    // Requests that may be repeated as they are: until there is an answer.
    private async Task<Answer> AskAsync(int type, params byte[] payload)
    {
        while (true)
        {
            uint asked = Ask(type, payload);
            Answer? answer = await AnswerAsync(type, asked);
            if (answer != null && answer.Status != Status.BadCrc && !IsExcused(answer))
                return answer;
            if (answer != null)
                await line.QuietAsync(QuietMs);
        }
    }

    private bool IsExcused(Answer answer) =>
        world.IsChipTroubled && answer.Status is Status.NoChip or Status.ChipError or Status.UnknownChip
        || world.IsChipAbsent && answer.Status is Status.TrackDamaged or Status.StoreDamaged or Status.Blank or Status.NewerFormat;

    private async Task<Answer?> AnswerAsync(int type, uint asked)
    {
        while (true)
        {
            Answer? answer = await line.NextAnswerAsync(TimeoutMs);
            if (world.IsRecording)
                world.Note($"asked type {type:x} as {asked}; answer {answer?.Type:x} {answer?.Status} to {answer?.Request}, part {answer?.Part}");
            if (answer == null)
                await line.QuietAsync(QuietMs);
            if (answer == null || answer.Type == type && answer.Request == asked)
            {
                World.Check(answer?.Status != Status.InternalError, $"the firmware reports an internal error");
                return answer;
            }
        }
    }

    private List<byte[]> WriteFrames(ModelRequest request) => TestBoard.WriteFrames(request.Number, request.Items, request.Client, world.Settings.LargestDataBytes);

    private static string Describe(ModelRequest request) => string.Join(", ", request.Items.Select(item =>
        $"{item.Track:x}={(item.Data == null ? "released" : $"{item.Data.Length} bytes")}{(item.Expected == null ? "" : $" if {item.Expected}")}"));
}
