using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <summary>
/// Sends the write requests of one client behind each other as far as the window allows, and sees them through by docs/protocol.md: goes
/// back where something was lost, asks LAST where it is in doubt.
/// </summary>
public sealed class WorldWriter(World world, HostEnd line, Conversation talk)
{
    private const int MostSetbacks = 6;

    private readonly SeededRandom random = world.Random;
    private readonly StoreModel model = world.Model;
    private readonly Queue<(uint Number, int Part, int Bytes)> onTheWay = new();
    private List<ModelRequest> open = [];
    private List<byte[]> frames = []; // of the request in turn
    private ModelRequest? framed;
    private uint framedKey;
    private bool framedBehind;
    private int turn; // index in `open` of the request in turn
    private int part;
    private bool isGoingBack;
    private uint sessionBehind; // in which the request before the first open one was committed: only there may that one go behind it
    private int setbacks;
    private long startUs;
    private ulong storeId;
    private uint knownVersion;
    private int roundTrips;

    /// <summary>The request that was committed last, as far as this writer knows.</summary>
    public ModelRequest? LastCommitted { get; private set; }

    /// <summary>Writes requests with numbers one behind the other.</summary>
    /// <param name="requests">In their order.</param>
    /// <param name="behind">The client's last commit, if the first one shall go behind it.</param>
    /// <param name="isChain">Each makes sense only if the one before it was committed.</param>
    public async Task WriteAsync(IReadOnlyList<ModelRequest> requests, ModelRequest? behind, bool isChain)
    {
        open = [.. requests];
        onTheWay.Clear();
        turn = part = setbacks = 0;
        isGoingBack = false;
        sessionBehind = behind?.CommittedInSession ?? 0;
        startUs = line.NowUs;
        storeId = talk.StoreId;
        knownVersion = talk.KnownVersion;
        roundTrips = world.RoundTrips;
        if (world.IsRecording)
            foreach (ModelRequest request in requests)
                world.Note($"{request} will be written: {Describe(request)}");
        while (open.Count > 0)
        {
            if (talk.StoreId != storeId)
                return; // there is another store
            if (isGoingBack && onTheWay.Count == 0)
            {
                isGoingBack = false;
                if (++setbacks > MostSetbacks || random.OneIn(20))
                {
                    await GiveUpAsync();
                    return;
                }
            }
            SendWhatFits();
            Answer? answer = await NextAsync();
            if (answer == null)
                await AskLastAsync();
            else if (answer.Type == 0)
                await BeLostAsync(answer);
            else if (!await TakeAsync(answer, isChain))
                return;
        }
    }

    private void SendWhatFits()
    {
        while (!isGoingBack && turn < open.Count)
        {
            ModelRequest request = open[turn];
            bool isBehind = turn > 0 || sessionBehind == talk.Key;
            if (framed != request || framedKey != talk.Key || framedBehind != isBehind)
            {
                (framed, framedKey, framedBehind) = (request, talk.Key, isBehind);
                int flags = (isBehind ? WriteFlags.Behind : 0) | (request.IsPassing ? WriteFlags.Passing : 0);
                frames = Frames.WriteRequest(talk.Key, request.Number, request.Items, request.Client, model.Layout?.PieceBytes ?? 64,
                    flags, () => random.OneIn(2));
            }
            if (part >= frames.Count)
            {
                turn++;
                part = 0;
                continue;
            }
            byte[] frame = frames[part];
            if (onTheWay.Count > 0 && onTheWay.Sum(sent =>
                sent.Bytes) + frame.Length + Frame.HeaderBytes > world.Settings.ReceiveWindowBytes)
                return;
            if (part == 0 && !isBehind)
                request.WasSentAlone = true;
            talk.Send(frame);
            onTheWay.Enqueue((request.Number, part, frame.Length));
            part++;
            if (random.OneIn(100))
                world.PauseHost();
        }
    }

    // The next answer to one of the frames on the way, or LOST. Answers to frames before it are not to come any more.
    private async Task<Answer?> NextAsync()
    {
        long untilUs = line.NowUs + talk.TimeoutMs * 1000L;
        while (onTheWay.Count > 0)
        {
            long leftMs = (untilUs - line.NowUs) / 1000;
            Answer? answer = leftMs > 0 ? await line.NextAnswerAsync((int)leftMs) : null;
            if (world.IsRecording)
                world.Note($"waits for {onTheWay.Count} answers; gets {StoreModel.Received(answer)}");
            if (answer == null || answer.Type == 0)
                return answer;
            World.Check(answer.Status != Status.InternalError, $"the firmware reports an internal error");
            if (answer.Type != FrameType.Write || !onTheWay.Any(sent => sent.Number == answer.Number && sent.Part == answer.Part))
                continue;
            while (onTheWay.Dequeue() is { } sent && (sent.Number != answer.Number || sent.Part != answer.Part))
            {
            }
            return answer;
        }
        return null;
    }

    // False when the rest is not to be sent any more.
    private async Task<bool> TakeAsync(Answer answer, bool isChain)
    {
        int index = open.FindIndex(request => request.Number == answer.Number);
        if (index < 0)
            return true; // decided by an answer before
        ModelRequest request = open[index];
        switch (answer.Status)
        {
            case Status.Ok:
                model.Acknowledged(request, answer.Argument);
                Committed(index);
                return true;
            case Status.Continue:
                World.Check(answer.Argument == answer.Part + 1 || answer.Argument > answer.Part,
                    $"Continue to part {answer.Part} asks for part {answer.Argument}");
                return true;
            case Status.WrongOrder or Status.BadCrc:
                GoBackTo(index, answer.Status == Status.BadCrc ? answer.Part : (int)answer.Argument);
                return true;
            case Status.NotNext when index > 0:
                GoBackTo(0, 0);
                return true;
            case Status.NotNext:
                // Not decided; and it may be the answer to an earlier sending, which comes late.
                if (request.CommittedAs == null)
                    model.Refused(request, answer.Status, answer.Argument, startUs, world.WasTroubledSince(startUs - 60_000_000));
                sessionBehind = 0;
                GoBackTo(0, 0);
                return true;
            case Status.Lost:
                // It was found where data may look like it: once more behind a silence, or in another session.
                if (random.OneIn(2))
                    await talk.RenewAsync();
                else
                    await line.DelayAsync(FrameReader.SilenceMs + 50);
                onTheWay.Clear();
                GoBackTo(0, 0);
                return true;
        }
        if (world.IsExcused(answer.Status, startUs))
        {
            if (answer.Status is Status.ChipError)
                world.ChipErrorAnswers++;
            await line.DelayAsync(300);
            await talk.BecomeReadyAsync();
            await AskLastAsync();
            return talk.StoreId == storeId;
        }
        uint refusedIn = talk.Key;
        model.Refused(request, answer.Status, answer.Argument, startUs, world.WasTroubledSince(startUs - 60_000_000));
        world.Refusals++;
        if (answer.Status == Status.Full)
            world.Fulls++;
        // What became of those before it an answer may have told that was lost.
        if (index > 0 || answer.Status is Status.OldRequest or Status.Conflict)
            await AskLastAsync();
        if (!open.Contains(request) || talk.StoreId != storeId)
            return open.Count > 0 && talk.StoreId == storeId;
        await RepeatRefusedAsync(request, answer, refusedIn);
        request.IsOver = true;
        open.Remove(request);
        bool isRestSent = !isChain && open.Count > 0 && talk.StoreId == storeId && random.OneIn(2);
        await DrainAsync();
        if (!isRestSent)
        {
            await GiveUpAsync();
            return false;
        }
        // The next one goes on, with the number that it has.
        sessionBehind = 0;
        turn = part = 0;
        return true;
    }

    private void Committed(int index)
    {
        // Behind each other: those before are committed, too.
        for (int i = 0; i < index; i++)
            model.Concluded(open[i], true);
        LastCommitted = open[index];
        if (LastCommitted.Items.Any(item => item.Data == null))
            world.BeginRelease();
        open.RemoveRange(0, index + 1);
        turn = Math.Max(0, turn - index - 1);
        sessionBehind = random.OneIn(4) ? 0 : LastCommitted.CommittedInSession;
    }

    private void GoBackTo(int index, int atPart)
    {
        isGoingBack = true;
        turn = index;
        part = atPart;
    }

    private async Task BeLostAsync(Answer lost)
    {
        bool isOtherSession = lost.Argument != talk.Key;
        if (isOtherSession)
            await talk.RenewAsync();
        // In another session the store may have forgotten what it has committed: LAST comes before sending again.
        if (isOtherSession || random.OneIn(2))
        {
            await AskLastAsync();
            return;
        }
        // Send again what is unanswered.
        int index = onTheWay.Count == 0 ? -1 : open.FindIndex(request => request.Number == onTheWay.Peek().Number);
        int atPart = onTheWay.Count == 0 ? 0 : onTheWay.Peek().Part;
        onTheWay.Clear();
        GoBackTo(Math.Max(0, index), index < 0 ? 0 : atPart);
    }

    // LAST decides what became of all open requests.
    private async Task AskLastAsync()
    {
        onTheWay.Clear();
        if (open.Count == 0)
            return;
        uint client = open[0].Client;
        Told told = await talk.AskAsync(FrameType.Last, client);
        if (talk.StoreId != storeId)
        {
            open.Clear();
            return;
        }
        World.Check(told.Answer.Status is Status.Ok or Status.NotFound, $"LAST is answered {told.Answer.Status}");
        model.LastTold(client, told.Answer, told.SentUs);
        uint number = told.Answer.U32(Payload.LastAnswer.Number);
        uint storeVersion = told.Answer.U32(Payload.LastAnswer.StoreVersion);
        bool isForgotten = IsBehind(StoreModel.Horizon(told.Answer, false)) || open[0].IsPassing
            && IsBehind(StoreModel.Horizon(told.Answer, true))
            || StoreState.Distance(knownVersion, storeVersion) >= 1u << 30 || roundTrips != world.RoundTrips;
        if (told.Answer.Status == Status.Ok)
        {
            int index = open.FindIndex(request => request.Number == number
                && request.Fingerprint == told.Answer.U32(Payload.LastAnswer.Fingerprint));
            if (index >= 0)
            {
                model.Acknowledged(open[index], told.Answer.Argument);
                Committed(index);
            }
            else if (open.Find(request => request.Number == number) is { } other)
            {
                // Another program uses the same id: this number is not this program's, if none was forgotten; of those before nothing is
                // known.
                if (!isForgotten)
                    model.Concluded(other, false);
                isForgotten = true;
            }
            else if (open.Any(request => StoreModel.IsLater(number, request.Number)))
                isForgotten = true;
        }
        if (isForgotten && open.Count > 0)
            BeUnknown();
        foreach (ModelRequest request in open)
            model.Concluded(request, false);
        GoBackTo(0, 0);
    }

    private bool IsBehind(uint horizon) => horizon != 0 && StoreModel.IsLater(horizon, knownVersion);

    // The protocol's table says so, and the host may not guess.
    private void BeUnknown()
    {
        world.Unknowns++;
        open.Clear();
    }

    // What is given up undecided may not come back as data that look like a frame: HELLO sees to that.
    private async Task GiveUpAsync()
    {
        if (open.Count == 0)
            return;
        await talk.HelloAsync();
        await AskLastAsync();
        if (talk.StoreId == storeId)
            foreach (ModelRequest request in open)
                request.IsOver = true;
        open.Clear();
    }

    // The answers to what was on the way behind a refused request: the window must be free for what comes next.
    private async Task DrainAsync()
    {
        while (onTheWay.Count > 0 && await NextAsync() is { Type: not 0 } late)
        {
            ModelRequest? request = open.Find(other => other.Number == late.Number);
            World.Check(request == null || late.Status != Status.Ok || request.CommittedAs == late.Argument,
                $"{request} is answered {StoreModel.Text(late)}");
            World.Check(late.Status != Status.Ok || request == null || request.WasSentAlone,
                $"{request} is committed behind one that was refused");
        }
        onTheWay.Clear();
    }

    // A refused number gets the same answer again, whatever part is sent.
    private async Task RepeatRefusedAsync(ModelRequest request, Answer refused, uint session)
    {
        if (!random.OneIn(4) || onTheWay.Count > 0 || refused.Status is Status.OldRequest or Status.Conflict)
            return;
        if (talk.Key != session)
            return;
        int flags = request.IsPassing ? WriteFlags.Passing : 0;
        byte[] frame = random.Pick(Frames.WriteRequest(session, request.Number, request.Items, request.Client, model.Layout!.PieceBytes,
            flags));
        long sentUs = line.NowUs;
        request.WasSentAlone = true;
        talk.Send(frame);
        Answer? again = await talk.AnswerAsync(FrameType.Write, request.Number, talk.TimeoutMs);
        if (again == null || again.Status == Status.BadCrc || await talk.IsOneOfTroubleAsync(again, sentUs))
            return;
        World.Check(again.Status == refused.Status || world.WasTroubledSince(startUs),
            $"{request} is refused with {refused.Status}, and repeated with {again.Status}");
        world.Repeats++;
    }

    private static string Describe(ModelRequest request) => string.Join(", ", request.Items.Select(item =>
        $"{item.Track:x}={(item.Data == null ? "released" : $"{item.Data.Length} bytes")}"
        + (item.Expected == null ? "" : $" if {item.Expected}")));
}
