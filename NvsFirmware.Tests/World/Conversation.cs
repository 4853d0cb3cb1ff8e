using System;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <summary>An answer, and when its request was sent.</summary>
public sealed record Told(Answer Answer, long SentUs);

/// <summary>
/// A host's conversation with the board, after docs/protocol.md and as simple as it can be: sessions, repetition, waiting for the store. It
/// checks what HELLO tells.
/// </summary>
public sealed class Conversation(World world, HostEnd line)
{
    private const int HelloEveryMs = 500;
    private const int BackOffMs = 400;
    private const int MostFruitless = 60;

    private readonly SeededRandom random = world.Random;

    /// <summary>Id of the store as HELLO told it last.</summary>
    public ulong StoreId { get; private set; }

    /// <summary>A commit number that the board has told.</summary>
    public uint KnownVersion { get; private set; }

    public uint Key => line.Key;

    /// <summary>How long an answer may take: 2 s, and what the line needs for all that may be on it.</summary>
    public int TimeoutMs =>
        2000 + (int)(4 * (world.Settings.ReceiveWindowBytes + world.Settings.LargestPieceBytes + 200) * world.UsPerByte / 1000);

    public uint NextNumber() => (uint)random.NextUInt64();

    public void Send(byte[] frame)
    {
        world.Content.Record(frame);
        line.Send(frame);
    }

    /// <summary>Begins a session.</summary>
    public async Task<Answer> HelloAsync()
    {
        while (true)
        {
            uint asked = NextNumber();
            long sentUs = line.NowUs;
            Send(Frames.Hello(asked));
            Answer? answer = await AnswerAsync(FrameType.Hello, asked, HelloEveryMs + TimeoutMs - 2000);
            if (answer == null || answer.Status is Status.BadCrc or Status.Lost)
                continue;
            World.Check(answer.Status == Status.Ok && answer.Argument != 0, $"HELLO is answered {StoreModel.Text(answer)}");
            line.Key = answer.Argument;
            world.HelloTold(answer, sentUs);
            ulong id = BitConverter.ToUInt64(answer.Payload, Payload.HelloAnswer.StoreId);
            if ((Status)answer.Payload[Payload.HelloAnswer.State] == Status.Ok)
            {
                if (StoreId != id || StoreState.Distance(KnownVersion, answer.U32(Payload.HelloAnswer.Version)) < int.MaxValue)
                    KnownVersion = answer.U32(Payload.HelloAnswer.Version);
                StoreId = id;
            }
            return answer;
        }
    }

    /// <summary>The session is another one: says HELLO, after a while if others want the line, too.</summary>
    public async Task RenewAsync()
    {
        if (world.IsShared)
            await line.DelayAsync(random.Next(BackOffMs));
        await HelloAsync();
    }

    /// <summary>Asks what may be repeated as it is, until there is an answer.</summary>
    public async Task<Told> AskAsync(int type, uint argument = 0, byte[]? payload = null)
    {
        while (true)
        {
            if (Key == 0)
                await HelloAsync();
            uint asked = NextNumber();
            long sentUs = line.NowUs;
            Send(Frames.Build(Key, type, asked, argument, payload));
            Answer? answer = await AnswerAsync(type, asked, TimeoutMs);
            if (answer == null || answer.Status == Status.BadCrc)
                continue;
            if (await IsOneOfTroubleAsync(answer, sentUs))
                continue;
            return new Told(answer, sentUs);
        }
    }

    /// <summary>True when the answer says no more than that the place, the session, the chip or the store is lost; by then all is well
    /// again.</summary>
    public async Task<bool> IsOneOfTroubleAsync(Answer answer, long sentUs)
    {
        if (answer.Type == 0 || answer.Status == Status.Lost)
        {
            if (answer.Type != 0)
                await line.DelayAsync(FrameReader.SilenceMs + 50);
            else if (answer.Argument != Key)
                await RenewAsync();
            return true;
        }
        if (!world.IsExcused(answer.Status, sentUs))
            return false;
        await line.DelayAsync(BackOffMs);
        await BecomeReadyAsync();
        return true;
    }

    /// <summary>The answer to a request, or LOST, which has the type 0 here; null when none comes in time.</summary>
    public async Task<Answer?> AnswerAsync(int type, uint number, int timeoutMs)
    {
        long untilUs = line.NowUs + timeoutMs * 1000L;
        while (true)
        {
            long leftMs = (untilUs - line.NowUs) / 1000;
            Answer? answer = leftMs > 0 ? await line.NextAnswerAsync((int)leftMs) : null;
            if (world.IsRecording)
                world.Note($"waits for type {type:x}, {number:x}; gets {StoreModel.Received(answer)}");
            if (answer == null)
                return null;
            World.Check(answer.Status != Status.InternalError, $"the firmware reports an internal error");
            if (answer.Type == 0 && type != FrameType.Hello || answer.Type == type && answer.Number == number)
                return answer;
        }
    }

    /// <summary>Until the store is ready: waits for a chip, makes a store where there is none.</summary>
    public async Task BecomeReadyAsync()
    {
        for (int fruitless = 0; ; fruitless++)
        {
            Answer hello = await HelloAsync();
            Status state = (Status)hello.Payload[Payload.HelloAnswer.State];
            if (state == Status.Ok)
                return;
            World.Check(fruitless < MostFruitless || world.IsTroubled, $"the store stays {state}");
            if (state is Status.Blank or Status.StoreDamaged && !world.HasStore)
                await FormatAsync(state == Status.Blank ? Payload.Format.BlankName : Payload.Format.DamagedName);
            else
                await line.DelayAsync(HelloEveryMs);
        }
    }

    /// <summary>Destroys the store, or what is there instead, and makes another one.</summary>
    /// <param name="name">BLANK or DAMAGED; null for the store that is there.</param>
    public async Task FormatAsync(string? name)
    {
        (int segmentBytes, int setSegments) = world.Content.NewGeometry();
        byte[] payload = new byte[Payload.Format.Bytes];
        if (name == null)
            BitConverter.TryWriteBytes(payload.AsSpan(Payload.Format.Name), StoreId);
        else
            Buffers.PutText(payload, Payload.Format.Name, 8, name);
        ulong newId = random.NextUInt64() | 1;
        BitConverter.TryWriteBytes(payload.AsSpan(Payload.Format.NewId), newId);
        Buffers.PutUInt16(payload, Payload.Format.SegmentBytes, segmentBytes);
        Buffers.PutUInt16(payload, Payload.Format.SetSegments, setSegments);
        if (world.IsRecording)
            world.Note($"formats {name ?? StoreId.ToString("x")} to {newId:x}, segments of {segmentBytes}, sets of {setSegments}");
        uint asked = NextNumber();
        long sentUs = line.NowUs;
        world.BeginFormat(name == null ? StoreId : null, newId);
        Send(Frames.Build(Key, FrameType.Format, asked, 0, payload));
        Answer? answer = await AnswerAsync(FrameType.Format, asked, TimeoutMs + 28_000);
        // In any other case HELLO tells.
        if (answer is { Type: FrameType.Format } && answer.Status is not (Status.BadCrc or Status.Lost)
            && !world.IsExcused(answer.Status, sentUs))
            World.Check(answer.Status == Status.Ok && world.CouldBeStore(newId, sentUs) || answer.Status == Status.WrongName
                && world.StoreChangedSince(sentUs),
                $"FORMAT is answered {answer.Status}");
    }
}
