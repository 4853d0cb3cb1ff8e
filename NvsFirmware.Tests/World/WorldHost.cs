using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <summary>A program on the host: does one thing after the other, and holds all that it is told against the model.</summary>
/// <param name="world">Where it lives.</param>
/// <param name="line">Its end of the line.</param>
/// <param name="client">Its id.</param>
/// <param name="operations">How many things it does before it ends.</param>
public sealed class WorldHost(World world, HostEnd line, uint client, int operations)
{
    private readonly SeededRandom random = world.Random;
    private readonly StoreModel model = world.Model;
    private readonly Conversation talk = new(world, line);
    private readonly Dictionary<uint, ModelRequest> committed = []; // that are known to be the last, by client
    private uint number;
    private ulong storeId;
    private ModelRequest? lastCommitted;

    /// <summary>The program's life, until it has done its work or is killed.</summary>
    public async Task RunAsync()
    {
        await BecomeReadyAsync();
        for (int done = 0; done < operations; done++)
        {
            if (talk.StoreId != storeId || !world.HasStore)
                await BecomeReadyAsync();
            world.BeginOperation();
            await OperateAsync();
            if (random.OneIn(3))
                await line.DelayAsync(random.Between(0, random.OneIn(50) ? 15_000 : 40));
        }
    }

    /// <summary>The whole store, over the line.</summary>
    public async Task CompareAsync()
    {
        await BecomeReadyAsync();
        await ListAsync();
        foreach (uint track in model.Now.Tracks.Keys.ToList())
            await ReadAsync(track);
        foreach (uint known in model.Now.Clients.Keys.Take(50).ToList())
            await LastAsync(known);
        await VerifyAsync();
        await InfoAsync();
        await talk.HelloAsync();
        world.HasEnded = true;
    }

    private async Task BecomeReadyAsync()
    {
        await talk.BecomeReadyAsync();
        if (talk.StoreId == storeId)
            return;
        storeId = talk.StoreId;
        lastCommitted = null;
        committed.Clear();
        Answer last = await LastAsync(client);
        number = last.Status == Status.Ok ? last.U32(Payload.LastAnswer.Number) : 0;
        // One that does not ask, and begins with 1 each time.
        if (random.OneIn(8))
            number = 0;
        else if (last.Status == Status.NotFound && random.OneIn(3))
            number = random.Pick<uint>([uint.MaxValue - 3, int.MaxValue - 3, (uint)random.NextUInt64()]);
    }

    private async Task OperateAsync()
    {
        switch (random.Next(100))
        {
            case < 26:
                await WriteAsync([world.Content.NewItem()], false);
                break;
            case < 38:
                await WriteAsync(world.Content.NewBatch(), false);
                break;
            case < 46:
                await WriteBehindAsync();
                break;
            case < 58:
                await CountAsync();
                break;
            case < 72:
                await ReadAsync(world.Content.NewTrack());
                break;
            case < 75:
                await InfoAsync();
                break;
            case < 78:
                await talk.HelloAsync();
                break;
            case < 80:
                await LastAsync(world.AnyClient());
                break;
            case < 82:
                await StatsAsync();
                break;
            case < 85:
                await RepeatAsync();
                break;
            case < 87:
                await ListAsync();
                break;
            case < 89:
                await VerifyAsync();
                break;
            case < 91:
                await PassByAsync();
                break;
            case < 94:
                await NonsenseAsync();
                break;
            case < 95:
                await FloodAsync();
                break;
            case < 96:
                await DripAsync();
                break;
            case < 97 when random.OneIn(10):
                await RepairAsync();
                break;
            case < 98 when random.OneIn(30):
                await talk.FormatAsync(null);
                await BecomeReadyAsync();
                break;
            default:
                await ReadAsync(StoreModel.CounterTrack);
                break;
        }
    }

    private uint NextNumber() => ++number;

    private async Task WriteAsync(IReadOnlyList<TrackItem> items, bool isPassing)
    {
        if (model.Layout != null && model.Add(client, NextNumber(), items, isPassing) is { } request)
            await WriteAsync([request], false);
    }

    // Several at once, each only if the one before it was committed.
    private async Task WriteBehindAsync()
    {
        List<ModelRequest> requests = [];
        for (int i = random.Between(2, 6); i > 0 && model.Layout != null; i--)
            if (model.Add(client, NextNumber(), random.OneIn(4) ? world.Content.NewBatch() : [world.Content.NewItem()],
                false) is { } request)
                requests.Add(request);
            else
                return;
        if (requests.Count > 0)
            await WriteAsync(requests, false);
    }

    private async Task WriteAsync(IReadOnlyList<ModelRequest> requests, bool isChain)
    {
        uint of = requests[0].Client;
        bool isBehind = committed.TryGetValue(of, out ModelRequest? last) && last.Number == requests[0].Number - 1 && random.OneIn(2);
        WorldWriter writer = new(world, line, talk);
        await writer.WriteAsync(requests, isBehind ? last : null, isChain);
        if (writer.LastCommitted == null)
            return;
        committed[of] = writer.LastCommitted;
        if (of == client)
            lastCommitted = writer.LastCommitted;
    }

    // Exactly once: whatever happens on the way, no increment is lost or done twice. The rest of the value keeps two of them apart.
    private async Task CountAsync()
    {
        IReadOnlyList<Answer> read = await ReadAsync(StoreModel.CounterTrack);
        if (model.Layout == null)
            return;
        ulong count = read.Count == 0 ? 0 : BitConverter.ToUInt64(read[0].Payload, Block.PayloadHeadBytes);
        uint? version = world.IsShared || random.OneIn(2) ? read.Count == 0 ? 0 : read[0].Argument : null;
        // Behind each other without a version only where nobody else counts.
        int increments = world.IsShared ? 1 : random.Pick([1, 1, 1, 3, 8]);
        List<ModelRequest> requests = [];
        for (int i = 1; i <= increments; i++)
        {
            byte[] value = [.. BitConverter.GetBytes(count + (ulong)i), .. BitConverter.GetBytes(random.NextUInt64())];
            if (model.Add(client, NextNumber(), [new TrackItem(StoreModel.CounterTrack, value, i == 1 ? version : null)],
                false) is not { } request)
                return;
            requests.Add(request);
        }
        await WriteAsync(requests, true);
    }

    // Clients that are not seen again: those that say so push none out that stay.
    private async Task PassByAsync()
    {
        bool isPassing = !random.OneIn(3);
        for (int i = random.Between(1, random.OneIn(10) ? 40 : 6); i > 0 && model.Layout != null && talk.StoreId == storeId; i--)
        {
            uint id = (uint)random.NextUInt64() | 1;
            if (!isPassing)
                world.Remember(id);
            // In one session not more of them than the store keeps, or a frame that comes round again could be one of a forgotten client.
            if (i % 2 == 0)
                await talk.HelloAsync();
            TrackItem item = new(world.Content.NewTrack(), random.Bytes(random.Between(4, 20)));
            // Another number each time: answers do not tell the client.
            if (model.Layout != null && model.Add(id, (uint)random.NextUInt64(), [item], isPassing) is { } request)
                await WriteAsync([request], false);
        }
    }

    // A committed request once more, whole or in part, or an earlier one, or other content under its number.
    private async Task RepeatAsync()
    {
        if (lastCommitted is not { } request || model.Layout == null || talk.StoreId != storeId)
            return;
        Answer last = await LastAsync(client);
        if (last.Status != Status.Ok || last.U32(Payload.LastAnswer.Number) != request.Number || talk.StoreId != storeId
            || request.CommittedAs == null)
            return;
        int kind = random.Next(4);
        uint asked = kind == 0 ? request.Number - (uint)random.Between(1, 1000) : request.Number;
        int flags = request.IsPassing ? WriteFlags.Passing : 0;
        IReadOnlyList<TrackItem> items = kind == 1 ? [new TrackItem(1, random.Bytes(12))] : request.Items;
        List<byte[]> frames = Frames.WriteRequest(talk.Key, asked, items, client, model.Layout.PieceBytes, flags);
        int part = random.Next(frames.Count);
        bool isLast = part == frames.Count - 1;
        long sentUs = line.NowUs;
        // One more part, so that it is not the request's last one, could begin a request of its own; so no other than these.
        talk.Send(frames[part]);
        Answer? answer = await talk.AnswerAsync(FrameType.Write, asked, talk.TimeoutMs);
        if (answer == null || answer.Status == Status.BadCrc || await talk.IsOneOfTroubleAsync(answer, sentUs) || world.IsShared)
            return;
        bool isSameSession = request.CommittedInSession == talk.Key && !world.WasTroubledSince(sentUs - 60_000_000);
        Status right = kind == 0 || request.CommittedInSession != talk.Key ? Status.OldRequest : kind == 1 ? Status.Conflict : isLast
            ? Status.Ok : Status.Continue;
        World.Check(answer.Status == right || !isSameSession && answer.Status == Status.OldRequest,
            $"{request}, committed, is repeated as {asked}, kind {kind}, part {part}, and answered {answer.Status} instead of {right}");
        World.Check(answer.Status != Status.Ok || answer.Argument == request.CommittedAs,
            $"{request}, repeated, tells version {answer.Argument}");
        world.Repeats++;
    }

    private async Task<Answer> LastAsync(uint of)
    {
        Told told = await talk.AskAsync(FrameType.Last, of);
        World.Check(told.Answer.Status is Status.Ok or Status.NotFound, $"LAST is answered {told.Answer.Status}");
        if (!world.StoreChangedSince(told.SentUs))
            model.LastTold(of, told.Answer, told.SentUs);
        return told.Answer;
    }

    private async Task<IReadOnlyList<Answer>> ReadAsync(uint track)
    {
        while (true)
        {
            if (talk.Key == 0)
                await talk.HelloAsync();
            uint asked = talk.NextNumber();
            long sentUs = line.NowUs;
            talk.Send(Frames.Build(talk.Key, FrameType.Read, asked, track));
            List<Answer> parts = [];
            Answer? answer;
            do
            {
                answer = await talk.AnswerAsync(FrameType.Read, asked, talk.TimeoutMs);
                if (answer == null || answer.Status == Status.BadCrc || await talk.IsOneOfTroubleAsync(answer, sentUs)
                    || answer.Part != parts.Count && answer.Status != Status.NotFound)
                {
                    answer = null;
                    break;
                }
                if (answer.Status is Status.Ok or Status.Continue)
                    parts.Add(answer);
                else
                    World.Check(answer.Status == Status.NotFound && parts.Count == 0,
                        $"READ of track {track:x} is answered {answer.Status}");
            }
            while (answer.Status == Status.Continue);
            if (answer == null)
                continue;
            if (!world.StoreChangedSince(sentUs))
                model.TrackRead(track, parts, sentUs);
            return parts;
        }
    }

    private async Task ListAsync()
    {
        long sentUs = line.NowUs;
        Dictionary<uint, (uint Version, int Length)> told = [];
        await foreach (Answer page in PagesAsync(FrameType.List))
            for (int at = Payload.PageAnswer.Entries; at < page.Payload.Length; at += Payload.PageAnswer.EntryBytes)
            {
                World.Check(page.Payload[at + Payload.PageAnswer.EntryDamage] == 0 || world.WasTroubledSince(sentUs),
                    $"LIST tells damage of track {page.U32(at):x}");
                told[page.U32(at)] = (page.U32(at + Payload.PageAnswer.EntryVersion), page.U16(at + Payload.PageAnswer.EntryLength));
            }
        if (!world.StoreChangedSince(sentUs) && !world.WasTroubledSince(sentUs))
            model.Listed(told, sentUs);
    }

    private async Task VerifyAsync()
    {
        int verified = 0;
        long sentUs = line.NowUs;
        await foreach (Answer page in PagesAsync(FrameType.Verify))
        {
            World.Check(page.Payload.Length == Payload.PageAnswer.Entries || world.WasTroubledSince(sentUs)
                || world.StoreChangedSince(sentUs),
                $"VERIFY finds damage: {Convert.ToHexString(page.Payload)}");
            verified += page.U16(Payload.PageAnswer.Checked);
        }
        if (model.Since(sentUs).Select(state => state.Version).Distinct().Count() == 1 && !world.WasTroubledSince(sentUs)
            && !world.StoreChangedSince(sentUs))
            World.Check(verified == model.Now.Tracks.Count, $"VERIFY checks {verified} tracks of {model.Now.Tracks.Count}");
    }

    private async IAsyncEnumerable<Answer> PagesAsync(int type)
    {
        const uint end = 0xFFFFFFFF;
        for (uint start = 0; start != end;)
        {
            Told page = await talk.AskAsync(type, start);
            World.Check(page.Answer.Status == Status.Ok, $"a page of type {type:x} is answered {page.Answer.Status}");
            World.Check(page.Answer.Argument > start, $"after page {start} comes page {page.Answer.Argument}");
            start = page.Answer.Argument;
            yield return page.Answer;
        }
    }

    private async Task InfoAsync()
    {
        (Answer answer, long sentUs) = await talk.AskAsync(FrameType.Info);
        World.Check(answer.Status == Status.Ok, $"INFO is answered {answer.Status}");
        if (!world.StoreChangedSince(sentUs))
            World.Check(model.Since(sentUs).Any(state => IsRightInfo(state, answer)),
                $"INFO tells {Convert.ToHexString(answer.Payload)}; right is {model.Now.OwnedSegments} owned, "
                    + $"{model.Now.Tracks.Count} tracks, flag {model.Now.Flag}, {model.Now.Last}");
    }

    private bool IsRightInfo(StoreState state, Answer answer)
    {
        MediumLayout layout = model.Layout!;
        uint version = answer.U32(Payload.InfoAnswer.Version);
        bool isOfLast = version == state.Version && state.Last != null && version == state.Last.Version;
        return answer.U16(Payload.InfoAnswer.SegmentBytes) == layout.SegmentBytes
            && answer.U16(Payload.InfoAnswer.SetSegments) == layout.SetSegments
            && answer.U16(Payload.InfoAnswer.Segments) == layout.Segments
                && answer.U16(Payload.InfoAnswer.FreeSegments) == layout.Segments - state.OwnedSegments
            && answer.U16(Payload.InfoAnswer.Tracks) == state.Tracks.Count && answer.U16(Payload.InfoAnswer.Damaged) == 0
            && answer.Payload[Payload.InfoAnswer.Flag] == state.Flag && state.IsStoreVersion(version)
            && (!isOfLast || answer.U32(Payload.InfoAnswer.Client) == state.Last!.Client
                && answer.U32(Payload.InfoAnswer.Number) == state.Last.Number);
    }

    private async Task StatsAsync()
    {
        (Answer answer, long sentUs) = await talk.AskAsync(FrameType.Stats);
        uint upMs = answer.U32(Counter.UptimeMs * 4);
        // Since the board started, and the answer may have been on the line for a while.
        bool wasTroubled = world.WasTroubledSince(sentUs - (upMs + 15_000) * 1000L);
        World.Check(answer.U32(Counter.InternalErrors * 4) == 0, $"STATS counts internal errors");
        World.Check(answer.U32(Counter.TrackCrcErrors * 4) == 0 || wasTroubled, $"STATS counts tracks that do not match their CRC-32");
        World.Check(answer.U32(Counter.ChipErrors * 4) == 0 || wasTroubled, $"STATS counts chip errors");
        if (wasTroubled || world.StoreChangedSince(sentUs - upMs * 1000L))
            return;
        (uint, uint, uint, uint) told = (
            answer.U32(Counter.Commits * 4), answer.U32(Counter.TracksWritten * 4), answer.U32(Counter.TracksReleased * 4),
                answer.U32(Counter.BytesWritten * 4));
        World.Check(model.Since(sentUs)
            .Any(state => ((uint)state.Counts.Commits, (uint)state.Counts.Written, (uint)state.Counts.Released,
            (uint)state.Counts.Bytes) == told),
            $"STATS tells {told}; right is {model.Now.Counts}");
    }

    private async Task RepairAsync()
    {
        model.LeaveOut();
        ulong named = talk.StoreId; // repeated by that name, whatever has become of the store
        (Answer answer, long sentUs) = await talk.AskAsync(FrameType.Repair, 0, BitConverter.GetBytes(named));
        if (talk.StoreId == named && !world.StoreChangedSince(sentUs) && !world.WasTroubledSince(sentUs))
            World.Check(answer.Status == Status.Ok && answer.Argument == 0,
                $"REPAIR of a whole store is answered {StoreModel.Text(answer)}");
    }

    // Frames that are whole and make no sense.
    private async Task NonsenseAsync()
    {
        int type = random.Pick(
            [FrameType.Write, FrameType.Read, FrameType.List, FrameType.Last, FrameType.Info, FrameType.Stats, FrameType.Format,
                FrameType.Repair, 0x42]);
        byte[] payload = random.Bytes(random.Pick([1, 3, 7, 15, 19, 21, 60]));
        uint asked = talk.NextNumber();
        long sentUs = line.NowUs;
        byte[] frame = random.Next(3) switch
        {
            0 => Frames.Build(talk.Key, type, asked, 1, payload),
            1 => Frames.Build(talk.Key, type, asked, 1, payload, 0, 0x10 << random.Next(4)),
            _ => Frames.Build(talk.Key, type, asked, 1, payload, type == FrameType.Write ? 0 : random.Between(1, 9)),
        };
        if (type == FrameType.Write && payload.Length >= Block.PayloadHeadBytes)
            frame = Frames.Build(talk.Key, type, asked, 1, payload, 0, 0x80); // a flag that there is not
        talk.Send(frame);
        Answer? answer = await talk.AnswerAsync(type, asked, talk.TimeoutMs);
        if (answer == null || answer.Status == Status.BadCrc || await talk.IsOneOfTroubleAsync(answer, sentUs))
            return;
        Status right = type == 0x42 ? Status.UnknownType : Status.BadRequest;
        World.Check(answer.Status == right || answer.Status == Status.TooLong
            && payload.Length > world.Settings.LargestPieceBytes + Block.PayloadHeadBytes,
            $"a frame of type {type:x} with {payload.Length} bytes of nonsense is answered {answer.Status} instead of {right}");
        world.Nonsense++;
    }

    // A host that does not know the window: more than the board's buffer holds, at once.
    private async Task FloodAsync()
    {
        int window = world.Settings.ReceiveWindowBytes;
        for (int sent = 0; sent < 2 * window;)
        {
            byte[] frame = Frames.Build(talk.Key, FrameType.Read, talk.NextNumber(), world.Content.NewTrack());
            talk.Send(frame);
            sent += frame.Length;
        }
        await line.DelayAsync(1000);
        await talk.HelloAsync();
    }

    // A frame that comes byte by byte, slower than a line is silent, or nearly.
    private async Task DripAsync()
    {
        byte[] frame = Frames.WriteRequest(talk.Key, 0, [new TrackItem(1, random.Bytes(64))], 0xD41B, 64)[0];
        int everyMs = random.Pick([20, 200, 240, 260]);
        for (int i = 0; i < Math.Min(frame.Length - 1, 4000 / everyMs); i++)
        {
            line.Send([frame[i]]);
            await line.DelayAsync(everyMs);
        }
    }
}
