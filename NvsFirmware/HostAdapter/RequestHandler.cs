using System;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.HostAdapter;

/// <summary>The host adapter: takes frames off the line, turns them into requests to the cache, and answers each.</summary>
/// <remarks>
/// <para>Invariant: every intact request frame gets an answer, whatever happens inside; Ok to the last part of a write request is sent
/// only after its commit.</para>
/// <para>Nothing is allocated per request but by <see cref="Crc"/>: requests are read from the buffer they were received
/// in, and their data go to the chip from there; answers are put together in one buffer of their own.</para>
/// </remarks>
public sealed class RequestHandler
{
    private const int VerifySlotsPerPage = 32;
    private const int VerifyBytesPerPage = 16384;

    private readonly TrackCache cache;
    private readonly BoardSettings settings;
    private readonly FrameReader frames;
    private readonly Statistics statistics = new Statistics();
    private readonly AnswerFrame answer;
    private readonly WriteReceiver writes;
    private readonly Reports reports;

    /// <summary>A host adapter on a line.</summary>
    public RequestHandler(IUart uart, IClock clock, TrackCache cache, BoardSettings settings)
    {
        this.cache = cache;
        this.settings = settings;
        frames = new FrameReader(uart, clock, Payload.Write.Data + settings.LargestDataBytes);
        answer = new AnswerFrame(uart, statistics, settings.LargestDataBytes);
        writes = new WriteReceiver(cache, clock, answer, statistics);
        reports = new Reports(cache, clock, settings, frames, answer, statistics);
    }

    /// <summary>Takes at most one frame off the line and answers it. Never throws.</summary>
    /// <param name="waitMs">How long to wait for the host, in milliseconds.</param>
    /// <returns>True when there was a frame.</returns>
    public bool Poll(int waitMs)
    {
        try
        {
            FrameEvent found = frames.Poll(waitMs);
            if (found == FrameEvent.None)
            {
                writes.DropLate();
                return false;
            }
            Take(found);
        }
        catch (FramException)
        {
            Fail(Counter.ChipErrors, Status.ChipError);
        }
        catch (Exception)
        {
            Fail(Counter.InternalErrors, Status.InternalError);
        }
        return true;
    }

    /// <summary>Counts an event that happened outside a request.</summary>
    /// <param name="counter">Which, see <see cref="Counter"/>.</param>
    public void Count(int counter) => statistics.Count(counter);

    /// <summary>Notes a recovery and what it found; what the cache and a half-sent write request held is not valid any more.</summary>
    public void NoteRecovery(int found)
    {
        Forget();
        statistics.NoteRecovery(found);
    }

    private void Take(FrameEvent found)
    {
        byte[] frame = frames.Buffer;
        if ((Frame.Type(frame, 0) & FrameType.Answer) != 0)
            return; // an echo of our own answer, or another board's: answering it could go on for ever
        answer.Begin(frame);
        switch (found)
        {
            case FrameEvent.BadPayload:
                statistics.Count(Counter.FrameCrcErrors);
                answer.Send(Status.BadCrc);
                break;
            case FrameEvent.TooLong:
                answer.Send(Status.TooLong);
                break;
            default:
                statistics.Count(Counter.FramesReceived);
                Dispatch(frame, Frame.PayloadBytes(frame, 0));
                break;
        }
    }

    private void Dispatch(byte[] frame, int payloadBytes)
    {
        switch (Frame.Type(frame, 0))
        {
            case FrameType.Hello:
                writes.Drop();
                reports.Hello(frame, payloadBytes);
                break;
            case FrameType.Info:
                if (IsReady(payloadBytes, 0))
                    reports.Info();
                break;
            case FrameType.Stats:
                if (IsLong(payloadBytes, 0))
                    reports.Stats();
                break;
            case FrameType.Last:
                if (IsReady(payloadBytes, Payload.Last.Bytes))
                    Last(frame);
                break;
            case FrameType.Write:
                writes.Take(frame, payloadBytes);
                break;
            case FrameType.Read:
                if (IsReady(payloadBytes, Payload.Read.Bytes))
                    Read(frame);
                break;
            case FrameType.List:
                if (IsReady(payloadBytes, Payload.Page.Bytes))
                    List(frame);
                break;
            case FrameType.Verify:
                if (IsReady(payloadBytes, Payload.Page.Bytes))
                    Verify(frame);
                break;
            case FrameType.Format:
                if (IsLong(payloadBytes, Payload.Format.Bytes))
                    Format(frame);
                break;
            case FrameType.Repair:
                if (IsLong(payloadBytes, Payload.Repair.Bytes))
                    Repair(frame);
                break;
            default:
                answer.Send(Status.UnknownType);
                break;
        }
    }

    private void Last(byte[] frame)
    {
        TrackStore tracks = cache.Nvs.Tracks;
        Status status = tracks.FindLast(Buffers.GetInt32(frame, Frame.HeaderBytes + Payload.Last.Client));
        if (status == Status.Ok)
        {
            Buffers.PutInt32(answer.Buffer, AnswerFrame.PayloadAt + Payload.LastAnswer.Request, tracks.LastRequest);
            Buffers.PutInt32(answer.Buffer, AnswerFrame.PayloadAt + Payload.LastAnswer.Version, tracks.LastVersion);
        }
        answer.Send(status, status == Status.Ok ? Payload.LastAnswer.Bytes : 0);
    }

    private void Read(byte[] frame)
    {
        Status status = cache.BeginRead(Buffers.GetInt32(frame, Frame.HeaderBytes + Payload.Read.Track));
        if (status != Status.Ok)
        {
            answer.Send(status);
            return;
        }
        statistics.Count(Counter.Reads);
        int length = cache.ReadLength;
        int version = cache.ReadVersion;
        int at = Frame.HeaderBytes;
        int position = 0;
        for (int part = 0; ; part++)
        {
            int left = length - position;
            int count = left < settings.LargestDataBytes ? left : settings.LargestDataBytes;
            Buffers.PutInt32(answer.Buffer, at + Payload.ReadAnswer.Version, version);
            Buffers.PutUInt16(answer.Buffer, at + Payload.ReadAnswer.Length, length);
            Buffers.PutUInt16(answer.Buffer, at + Payload.ReadAnswer.Offset, position);
            cache.Read(answer.Buffer, at + Payload.ReadAnswer.Data, count);
            position += count;
            bool isLast = position == length;
            status = !isLast ? Status.Continue : cache.IsReadIntact ? Status.Ok : Status.TrackDamaged;
            if (status == Status.TrackDamaged)
            {
                cache.Nvs.CheckChip();
                statistics.Count(Counter.TrackCrcErrors);
            }
            if (!answer.Send(status, part, Payload.ReadAnswer.Data + count) || isLast)
                return;
        }
    }

    private void List(byte[] frame)
    {
        TrackTable tracks = cache.Nvs.Tracks.Tracks;
        int slot = Buffers.GetUInt16(frame, Frame.HeaderBytes + Payload.Page.Start);
        BeginPage();
        for (; slot < tracks.Slots && !IsPageFull(); slot++)
            if (tracks.IsTrack(slot))
                AddEntry(tracks.Track(slot), tracks.Version(slot), tracks.Length(slot), Damage.None);
            else if (tracks.IsDamaged(slot))
                AddEntry(tracks.Track(slot), tracks.Version(slot), slot, Damage.Entry);
        SendPage(slot < tracks.Slots ? slot : Payload.Page.End, 0);
    }

    private void Verify(byte[] frame)
    {
        cache.Nvs.BringUpToDate();
        TrackStore store = cache.Nvs.Tracks;
        TrackTable tracks = store.Tracks;
        int slot = Buffers.GetUInt16(frame, Frame.HeaderBytes + Payload.Page.Start);
        int end = slot + VerifySlotsPerPage;
        int left = VerifyBytesPerPage;
        int verified = 0;
        BeginPage();
        if (slot == 0)
            for (int i = 0; i < NvsStore.VerifyParts; i++)
            {
                Damage damage = cache.Nvs.VerifyPart(i);
                if (damage != Damage.None)
                    AddEntry(0, 0, i, damage);
            }
        for (; slot < tracks.Slots && slot < end && left > 0 && !IsPageFull(); slot++)
        {
            Damage damage = store.Verify(slot);
            if (damage != Damage.None)
            {
                cache.Nvs.CheckChip();
                AddEntry(tracks.Track(slot), tracks.Version(slot), slot, damage);
            }
            if (!tracks.IsTrack(slot))
                continue;
            verified++;
            left -= tracks.Length(slot);
        }
        SendPage(slot < tracks.Slots ? slot : Payload.Page.End, verified);
    }

    private void Format(byte[] frame)
    {
        int at = Frame.HeaderBytes;
        Forget();
        Status status = cache.Nvs.Format(
            frame,
            at + Payload.Format.Name,
            frame,
            at + Payload.Format.NewId,
            Buffers.GetUInt16(frame, at + Payload.Format.SegmentBytes),
            Buffers.GetUInt16(frame, at + Payload.Format.SetSegments));
        answer.Send(status);
    }

    private void Repair(byte[] frame)
    {
        Forget();
        Status status = cache.Nvs.Repair(frame, Frame.HeaderBytes + Payload.Repair.Name, out int givenUp);
        Buffers.PutInt32(answer.Buffer, AnswerFrame.PayloadAt + Payload.RepairAnswer.GivenUp, givenUp);
        answer.Send(status, status == Status.Ok ? Payload.RepairAnswer.Bytes : 0);
    }

    private void BeginPage() => Array.Clear(answer.Buffer, AnswerFrame.PayloadAt, Payload.PageAnswer.Entries);

    private int PageCount() => Buffers.GetUInt16(answer.Buffer, AnswerFrame.PayloadAt + Payload.PageAnswer.Count);

    private bool IsPageFull() => (PageCount() + 1) * Payload.PageAnswer.EntryBytes > settings.LargestDataBytes;

    private void AddEntry(int track, int version, int length, Damage damage)
    {
        int count = PageCount();
        int at = Frame.HeaderBytes + Payload.PageAnswer.Entries + count * Payload.PageAnswer.EntryBytes;
        Buffers.PutInt32(answer.Buffer, at + Payload.PageAnswer.EntryTrack, track);
        Buffers.PutInt32(answer.Buffer, at + Payload.PageAnswer.EntryVersion, version);
        Buffers.PutUInt16(answer.Buffer, at + Payload.PageAnswer.EntryLength, length);
        Buffers.PutUInt16(answer.Buffer, at + Payload.PageAnswer.EntryDamage, (int)damage);
        Buffers.PutUInt16(answer.Buffer, AnswerFrame.PayloadAt + Payload.PageAnswer.Count, count + 1);
    }

    private void SendPage(int next, int verified)
    {
        Buffers.PutUInt16(answer.Buffer, AnswerFrame.PayloadAt + Payload.PageAnswer.Next, next);
        Buffers.PutUInt16(answer.Buffer, AnswerFrame.PayloadAt + Payload.PageAnswer.Checked, verified);
        answer.Send(Status.Ok, Payload.PageAnswer.Entries + PageCount() * Payload.PageAnswer.EntryBytes);
    }

    // Both answer when they say no: the payload's length is wrong, or the store is not ready.
    private bool IsLong(int payloadBytes, int expectedBytes)
    {
        if (payloadBytes != expectedBytes)
            answer.Send(Status.BadRequest);
        return payloadBytes == expectedBytes;
    }

    private bool IsReady(int payloadBytes, int expectedBytes)
    {
        if (!IsLong(payloadBytes, expectedBytes))
            return false;
        Status state = cache.Nvs.State;
        if (state != Status.Ok)
            answer.Send(state);
        return state == Status.Ok;
    }

    // The chip or the firmware itself failed during a request. Whatever RAM holds of the store may be wrong now: it is mounted anew.
    private void Fail(int counter, Status status)
    {
        statistics.Count(counter);
        cache.Nvs.Unmount();
        Forget();
        try
        {
            answer.Send(status);
        }
        catch (Exception)
        {
            statistics.Count(Counter.InternalErrors);
        }
    }

    private void Forget()
    {
        writes.Forget();
        cache.Clear();
    }
}
