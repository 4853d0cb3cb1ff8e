using System;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.HostAdapter;

/// <summary>The host adapter: takes frames off the line, turns them into requests to the cache, and answers each.</summary>
/// <remarks>
/// <para>Invariant: every intact request frame gets an answer, whatever happens inside; Ok to the last part of a write request is sent
/// only after its commit.</para>
/// <para>Nothing is allocated per request: requests are read from the buffer they were received in, and their data go to the chip from
/// there; answers are put together in one buffer of their own.</para>
/// </remarks>
public sealed class RequestHandler
{
    /// <summary>A write request of which no part arrives for so long is dropped, in milliseconds.</summary>
    public const int RequestTimeoutMs = 10000;

    private const int VerifySlotsPerPage = 32;
    private const int VerifyBytesPerPage = 16384;

    private readonly IUart uart;
    private readonly IClock clock;
    private readonly TrackCache cache;
    private readonly BoardSettings settings;
    private readonly FrameReader frames;
    private readonly byte[] answer;
    private readonly int[] counters = new int[Counter.Count];
    private readonly byte[] findings = new byte[Payload.StatsAnswer.FindingsCount];
    private readonly long bootMs;
    private int type;
    private int request;
    private int part;
    private bool isWriting;
    private int writeClient;
    private int writeRequest;
    private int nextPart;
    private int track;
    private int trackPosition;
    private int requestBytes;
    private long lastPartMs;

    /// <summary>A host adapter on a line.</summary>
    public RequestHandler(IUart uart, IClock clock, TrackCache cache, BoardSettings settings)
    {
        this.uart = uart;
        this.clock = clock;
        this.cache = cache;
        this.settings = settings;
        frames = new FrameReader(uart, clock, Payload.Write.Data + settings.LargestDataBytes);
        answer = new byte[Frame.TotalBytes(Payload.ReadAnswer.Data + settings.LargestDataBytes)];
        bootMs = clock.NowMs;
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
                DropLateRequest();
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
    public void Count(int counter) => counters[counter]++;

    /// <summary>Notes a recovery and what it found; what the cache and a half-sent write request held is not valid any more.</summary>
    public void NoteRecovery(int found)
    {
        Forget();
        counters[Counter.Recoveries]++;
        Array.Copy(findings, 0, findings, 1, findings.Length - 1);
        findings[0] = (byte)found;
    }

    private void Take(FrameEvent found)
    {
        byte[] frame = frames.Buffer;
        type = Frame.Type(frame, 0);
        request = Frame.Request(frame, 0);
        part = Frame.Part(frame, 0);
        if ((type & FrameType.Answer) != 0)
            return; // an echo of our own answer, or another board's: answering it could go on for ever
        if (found == FrameEvent.BadPayload)
        {
            counters[Counter.FrameCrcErrors]++;
            Send(Status.BadCrc, part, 0);
            return;
        }
        if (found == FrameEvent.TooLong)
        {
            Send(Status.TooLong, part, 0);
            return;
        }
        counters[Counter.FramesReceived]++;
        Dispatch(Frame.PayloadBytes(frame, 0));
    }

    private void Dispatch(int payloadBytes)
    {
        switch (type)
        {
            case FrameType.Hello:
                Hello(payloadBytes);
                break;
            case FrameType.Info:
                Info(payloadBytes);
                break;
            case FrameType.Stats:
                Stats(payloadBytes);
                break;
            case FrameType.Last:
                Last(payloadBytes);
                break;
            case FrameType.Write:
                Write(payloadBytes);
                break;
            case FrameType.Read:
                Read(payloadBytes);
                break;
            case FrameType.List:
                List(payloadBytes);
                break;
            case FrameType.Verify:
                Verify(payloadBytes);
                break;
            case FrameType.Format:
                Format(payloadBytes);
                break;
            case FrameType.Repair:
                Repair(payloadBytes);
                break;
            default:
                Send(Status.UnknownType, 0, 0);
                break;
        }
    }

    private void Hello(int payloadBytes)
    {
        if (payloadBytes != Payload.Hello.Bytes)
        {
            Send(Status.BadRequest, 0, 0);
            return;
        }
        NvsStore nvs = cache.Nvs;
        int at = Frame.HeaderBytes;
        Array.Clear(answer, at, Payload.HelloAnswer.Bytes);
        Buffers.PutUInt16(answer, at + Payload.HelloAnswer.Protocol, Frame.ProtocolVersion);
        answer[at + Payload.HelloAnswer.State] = (byte)nvs.State;
        answer[at + Payload.HelloAnswer.Protected] = nvs.IsProtected ? (byte)1 : (byte)0;
        answer[at + Payload.HelloAnswer.FirmwareVersion] = Firmware.Major;
        answer[at + Payload.HelloAnswer.FirmwareVersion + 1] = Firmware.Minor;
        answer[at + Payload.HelloAnswer.FirmwareVersion + 2] = Firmware.Patch;
        Buffers.PutUInt16(answer, at + Payload.HelloAnswer.LargestDataBytes, settings.LargestDataBytes);
        Buffers.PutInt32(answer, at + Payload.HelloAnswer.WindowBytes, settings.ReceiveWindowBytes);
        Array.Copy(nvs.Id, 0, answer, at + Payload.HelloAnswer.StoreId, Superblock.IdBytes);
        Buffers.PutText(answer, at + Payload.HelloAnswer.BoardName, Payload.HelloAnswer.NameBytes, settings.Name);
        Buffers.PutText(answer, at + Payload.HelloAnswer.ChipName, Payload.HelloAnswer.NameBytes, nvs.ChipName);
        Buffers.PutInt32(answer, at + Payload.HelloAnswer.ChipBytes, nvs.ChipBytes);
        if (nvs.State == Status.Ok)
        {
            Geometry geometry = nvs.Tracks.Geometry;
            Buffers.PutUInt16(answer, at + Payload.HelloAnswer.TrackSlots, geometry.TrackSlots);
            Buffers.PutInt32(answer, at + Payload.HelloAnswer.LongestTrackBytes, geometry.LongestTrackBytes);
            Buffers.PutInt32(answer, at + Payload.HelloAnswer.CapacityBytes, geometry.Segments * geometry.SegmentBytes);
            Buffers.PutInt32(answer, at + Payload.HelloAnswer.FreeBytes, nvs.Tracks.FreeBytes);
            Buffers.PutInt32(answer, at + Payload.HelloAnswer.BootCount, nvs.BootCount);
        }
        bool isSpoken = Buffers.GetUInt16(frames.Buffer, at + Payload.Hello.Protocol) == Frame.ProtocolVersion;
        Send(isSpoken ? Status.Ok : Status.WrongProtocol, 0, Payload.HelloAnswer.Bytes);
    }

    private void Info(int payloadBytes)
    {
        if (!IsReady(payloadBytes, 0))
            return;
        TrackStore tracks = cache.Nvs.Tracks;
        VirtualTrackBuffer vtb = tracks.Vtb;
        int at = Frame.HeaderBytes;
        Array.Clear(answer, at, Payload.InfoAnswer.Bytes);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.SegmentBytes, tracks.Geometry.SegmentBytes);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.SetSegments, tracks.Geometry.SetSegments);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.Segments, tracks.Geometry.Segments);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.FreeSegments, tracks.Segments.FreeCount);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.Tracks, tracks.Tracks.TrackCount);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.Damaged, tracks.Tracks.DamagedCount);
        answer[at + Payload.InfoAnswer.Flag] = (byte)vtb.Flag;
        answer[at + Payload.InfoAnswer.Findings] = (byte)cache.Nvs.Findings;
        Buffers.PutInt32(answer, at + Payload.InfoAnswer.Sequence, vtb.Current.Sequence);
        Buffers.PutInt32(answer, at + Payload.InfoAnswer.Client, vtb.Current.Client);
        Buffers.PutInt32(answer, at + Payload.InfoAnswer.Request, vtb.Current.Request);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.CommittedFirst, vtb.CommittedCount > 0 ? vtb.CommittedSet[0] : 0);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.CommittedCount, vtb.CommittedCount);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.PreparedFirst, vtb.ActiveSet[0]);
        Buffers.PutUInt16(answer, at + Payload.InfoAnswer.PreparedLast, vtb.ActiveSet[vtb.ActiveSet.Length - 1]);
        Send(Status.Ok, 0, Payload.InfoAnswer.Bytes);
    }

    private void Stats(int payloadBytes)
    {
        if (payloadBytes != 0)
        {
            Send(Status.BadRequest, 0, 0);
            return;
        }
        counters[Counter.CacheHits] = cache.Hits;
        counters[Counter.Resyncs] = frames.Resyncs;
        counters[Counter.BusBytes] = cache.Nvs.BusBytes;
        counters[Counter.BusTransactions] = cache.Nvs.BusTransactions;
        long uptimeMs = clock.NowMs - bootMs;
        counters[Counter.UptimeMs] = (int)(uptimeMs & 0x7FFFFFFF);
        int at = Frame.HeaderBytes;
        for (int i = 0; i < counters.Length; i++)
            Buffers.PutInt32(answer, at + i * 4, counters[i]);
        Array.Copy(findings, 0, answer, at + Payload.StatsAnswer.Findings, findings.Length);
        Send(Status.Ok, 0, Payload.StatsAnswer.Bytes);
    }

    private void Last(int payloadBytes)
    {
        if (!IsReady(payloadBytes, Payload.Last.Bytes))
            return;
        TrackStore tracks = cache.Nvs.Tracks;
        Status status = tracks.FindLast(Buffers.GetInt32(frames.Buffer, Frame.HeaderBytes + Payload.Last.Client));
        if (status == Status.Ok)
        {
            Buffers.PutInt32(answer, Frame.HeaderBytes + Payload.LastAnswer.Request, tracks.LastRequest);
            Buffers.PutInt32(answer, Frame.HeaderBytes + Payload.LastAnswer.Version, tracks.LastVersion);
        }
        Send(status, 0, status == Status.Ok ? Payload.LastAnswer.Bytes : 0);
    }

    private void Write(int payloadBytes)
    {
        byte[] frame = frames.Buffer;
        int at = Frame.HeaderBytes;
        int client = payloadBytes < Payload.Write.Data ? 0 : Buffers.GetInt32(frame, at + Payload.Write.Client);
        Status status = client == 0 ? Status.BadRequest : cache.Nvs.CheckWritable();
        if (status != Status.Ok)
        {
            Refuse(status);
            return;
        }
        bool isSame = isWriting && client == writeClient && request == writeRequest;
        if (!isSame && AnswerRepeated(client))
            return;
        if (part != 0 && (!isSame || part > nextPart))
        {
            SendWriteAnswer(Status.WrongOrder, 0, isSame ? nextPart : 0);
            return;
        }
        if (isSame && part != 0 && part < nextPart)
        {
            SendWriteAnswer(Status.Continue, 0, nextPart);
            return;
        }
        if (part == 0)
            BeginWrite(client);
        lastPartMs = clock.NowMs;
        status = TakePart(at, payloadBytes - Payload.Write.Data);
        bool isLast = (frame[at + Payload.Write.Flags] & Payload.Write.FlagLast) != 0;
        if (status == Status.Ok && isLast)
            status = cache.Commit();
        if (status != Status.Ok)
        {
            Refuse(status);
            return;
        }
        nextPart++;
        if (!isLast)
        {
            SendWriteAnswer(Status.Continue, 0, nextPart);
            return;
        }
        isWriting = false;
        SendWriteAnswer(Status.Ok, cache.Nvs.Tracks.Vtb.Current.Sequence, 0);
        CountCommit();
    }

    // A request that is committed already gets its original answer; one before that is too late. Both are not applied again.
    private bool AnswerRepeated(int client)
    {
        TrackStore tracks = cache.Nvs.Tracks;
        if (tracks.FindLast(client) != Status.Ok)
            return false;
        int later = request - tracks.LastRequest;
        if (later > 0)
            return false;
        if (later < 0)
        {
            SendWriteAnswer(Status.OldRequest, 0, 0);
            return true;
        }
        counters[Counter.Repeated]++;
        SendWriteAnswer(Status.Ok, tracks.LastVersion, 0);
        return true;
    }

    private void BeginWrite(int client)
    {
        cache.Begin(client, request);
        isWriting = true;
        writeClient = client;
        writeRequest = request;
        nextPart = 0;
        trackPosition = 0;
        requestBytes = 0;
    }

    private Status TakePart(int at, int count)
    {
        byte[] frame = frames.Buffer;
        int flags = frame[at + Payload.Write.Flags];
        int partTrack = Buffers.GetInt32(frame, at + Payload.Write.Track);
        int length = Buffers.GetUInt16(frame, at + Payload.Write.Length);
        int offset = Buffers.GetUInt16(frame, at + Payload.Write.Offset);
        bool isExpected = (flags & Payload.Write.FlagExpect) != 0;
        int expected = Buffers.GetInt32(frame, at + Payload.Write.Expected);
        if ((flags & Payload.Write.FlagRelease) != 0)
            return length != 0 || offset != 0 || count != 0 ? Status.BadRequest : cache.Release(partTrack, isExpected, expected);
        if (count == 0 && length != 0)
            return Status.BadRequest;
        if (offset == 0)
        {
            Status status = cache.BeginTrack(partTrack, length, isExpected, expected);
            if (status != Status.Ok)
                return status;
            track = partTrack;
            trackPosition = 0;
        }
        else if (partTrack != track || offset != trackPosition)
        {
            return Status.BadRequest;
        }
        trackPosition += count;
        requestBytes += count;
        return cache.Append(frame, at + Payload.Write.Data, count);
    }

    private void CountCommit()
    {
        VtbRecord commit = cache.Nvs.Tracks.Vtb.Current;
        counters[Counter.Commits]++;
        counters[Counter.BytesWritten] += requestBytes;
        for (int i = 0; i < commit.TrackCount; i++)
            counters[commit.IsRelease(i) ? Counter.TracksReleased : Counter.TracksWritten]++;
        if (requestBytes > counters[Counter.LongestRequestBytes])
            counters[Counter.LongestRequestBytes] = requestBytes;
        int owned = cache.Nvs.Tracks.Geometry.Segments - cache.Nvs.Tracks.Segments.FreeCount;
        if (owned > counters[Counter.MostSegmentsOwned])
            counters[Counter.MostSegmentsOwned] = owned;
    }

    private void Refuse(Status status)
    {
        int actual = status == Status.VersionMismatch ? cache.Nvs.Tracks.ActualVersion : 0;
        DropRequest();
        SendWriteAnswer(status, actual, 0);
    }

    private void Read(int payloadBytes)
    {
        if (!IsReady(payloadBytes, Payload.Read.Bytes))
            return;
        Status status = cache.BeginRead(Buffers.GetInt32(frames.Buffer, Frame.HeaderBytes + Payload.Read.Track));
        if (status != Status.Ok)
        {
            Send(status, 0, 0);
            return;
        }
        counters[Counter.Reads]++;
        int length = cache.ReadLength;
        int version = cache.ReadVersion;
        int at = Frame.HeaderBytes;
        int position = 0;
        for (int answerPart = 0; ; answerPart++)
        {
            int left = length - position;
            int count = left < settings.LargestDataBytes ? left : settings.LargestDataBytes;
            Buffers.PutInt32(answer, at + Payload.ReadAnswer.Version, version);
            Buffers.PutUInt16(answer, at + Payload.ReadAnswer.Length, length);
            Buffers.PutUInt16(answer, at + Payload.ReadAnswer.Offset, position);
            cache.Read(answer, at + Payload.ReadAnswer.Data, count);
            position += count;
            bool isLast = position == length;
            status = !isLast ? Status.Continue : cache.IsReadIntact ? Status.Ok : Status.TrackDamaged;
            if (status == Status.TrackDamaged)
            {
                cache.Nvs.CheckChip();
                counters[Counter.TrackCrcErrors]++;
            }
            if (!Send(status, answerPart, Payload.ReadAnswer.Data + count) || isLast)
                return;
        }
    }

    private void List(int payloadBytes)
    {
        if (!IsReady(payloadBytes, Payload.Page.Bytes))
            return;
        TrackTable tracks = cache.Nvs.Tracks.Tracks;
        int slot = Buffers.GetUInt16(frames.Buffer, Frame.HeaderBytes + Payload.Page.Start);
        BeginPage();
        for (; slot < tracks.Slots && !IsPageFull(); slot++)
            if (tracks.IsTrack(slot))
                AddEntry(tracks.Track(slot), tracks.Version(slot), tracks.Length(slot), Damage.None);
            else if (tracks.IsDamaged(slot))
                AddEntry(tracks.Track(slot), tracks.Version(slot), slot, Damage.Entry);
        SendPage(slot < tracks.Slots ? slot : Payload.Page.End, 0);
    }

    private void Verify(int payloadBytes)
    {
        if (!IsReady(payloadBytes, Payload.Page.Bytes))
            return;
        cache.Nvs.BringUpToDate();
        TrackStore store = cache.Nvs.Tracks;
        TrackTable tracks = store.Tracks;
        int slot = Buffers.GetUInt16(frames.Buffer, Frame.HeaderBytes + Payload.Page.Start);
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

    private void Format(int payloadBytes)
    {
        byte[] frame = frames.Buffer;
        int at = Frame.HeaderBytes;
        if (payloadBytes != Payload.Format.Bytes || Buffers.AreAll(frame, at + Payload.Format.NewId, Superblock.IdBytes, 0))
        {
            Send(Status.BadRequest, 0, 0);
            return;
        }
        Forget();
        Status status = cache.Nvs.Format(
            frame,
            at + Payload.Format.Name,
            frame,
            at + Payload.Format.NewId,
            Buffers.GetUInt16(frame, at + Payload.Format.SegmentBytes),
            Buffers.GetUInt16(frame, at + Payload.Format.SetSegments));
        Send(status, 0, 0);
    }

    private void Repair(int payloadBytes)
    {
        if (payloadBytes != Payload.Repair.Bytes)
        {
            Send(Status.BadRequest, 0, 0);
            return;
        }
        Forget();
        Status status = cache.Nvs.Repair(frames.Buffer, Frame.HeaderBytes + Payload.Repair.Name, out int givenUp);
        Buffers.PutInt32(answer, Frame.HeaderBytes + Payload.RepairAnswer.GivenUp, givenUp);
        Send(status, 0, status == Status.Ok ? Payload.RepairAnswer.Bytes : 0);
    }

    private void BeginPage() => Array.Clear(answer, Frame.HeaderBytes, Payload.PageAnswer.Entries);

    private int PageCount() => Buffers.GetUInt16(answer, Frame.HeaderBytes + Payload.PageAnswer.Count);

    private bool IsPageFull() => (PageCount() + 1) * Payload.PageAnswer.EntryBytes > settings.LargestDataBytes;

    private void AddEntry(int track, int version, int length, Damage damage)
    {
        int count = PageCount();
        int at = Frame.HeaderBytes + Payload.PageAnswer.Entries + count * Payload.PageAnswer.EntryBytes;
        Buffers.PutInt32(answer, at + Payload.PageAnswer.EntryTrack, track);
        Buffers.PutInt32(answer, at + Payload.PageAnswer.EntryVersion, version);
        Buffers.PutUInt16(answer, at + Payload.PageAnswer.EntryLength, length);
        Buffers.PutUInt16(answer, at + Payload.PageAnswer.EntryDamage, (int)damage);
        Buffers.PutUInt16(answer, Frame.HeaderBytes + Payload.PageAnswer.Count, count + 1);
    }

    private void SendPage(int next, int verified)
    {
        Buffers.PutUInt16(answer, Frame.HeaderBytes + Payload.PageAnswer.Next, next);
        Buffers.PutUInt16(answer, Frame.HeaderBytes + Payload.PageAnswer.Checked, verified);
        Send(Status.Ok, 0, Payload.PageAnswer.Entries + PageCount() * Payload.PageAnswer.EntryBytes);
    }

    // Answers for the store when it is not ready or the payload's length is wrong.
    private bool IsReady(int payloadBytes, int expectedBytes)
    {
        Status status = payloadBytes == expectedBytes ? cache.Nvs.State : Status.BadRequest;
        if (status == Status.Ok)
            return true;
        Send(status, 0, 0);
        return false;
    }

    private void SendWriteAnswer(Status status, int version, int next)
    {
        Buffers.PutInt32(answer, Frame.HeaderBytes + Payload.WriteAnswer.Version, version);
        Buffers.PutInt32(answer, Frame.HeaderBytes + Payload.WriteAnswer.NextPart, next);
        Send(status, part, Payload.WriteAnswer.Bytes);
    }

    private bool Send(Status status, int part, int payloadBytes)
    {
        if (status != Status.Ok && status != Status.Continue)
            counters[Counter.Refused]++;
        counters[Counter.FramesSent]++;
        int count = Frame.Seal(answer, type | FrameType.Answer, status, request, part, payloadBytes);
        return uart.Write(answer, 0, count);
    }

    // The chip or the firmware itself failed during a request. Whatever RAM holds of the store may be wrong now: it is mounted anew.
    private void Fail(int counter, Status status)
    {
        counters[counter]++;
        cache.Nvs.Unmount();
        Forget();
        try
        {
            Send(status, part, 0);
        }
        catch (Exception)
        {
            counters[Counter.InternalErrors]++;
        }
    }

    private void DropLateRequest()
    {
        if (isWriting && clock.NowMs - lastPartMs > RequestTimeoutMs)
            DropRequest();
    }

    private void DropRequest()
    {
        if (isWriting)
            cache.Abort();
        isWriting = false;
    }

    private void Forget()
    {
        isWriting = false;
        cache.Clear();
    }
}
