using NvsFirmware.Cache;
using NvsFirmware.Nvs;

namespace NvsFirmware.HostAdapter;

/// <summary>Receives write requests, part by part, and passes them on to the cache.</summary>
/// <remarks>
/// Invariants: a part is taken only right behind the one before it, so that the cache sees each byte once and in order; the answer to the
/// last part is sent after the commit; a request that its client has committed already is answered and not applied again.
/// </remarks>
public sealed class WriteReceiver
{
    /// <summary>A write request of which no part arrives for so long is dropped, in milliseconds.</summary>
    public const int TimeoutMs = 10000;

    private readonly TrackCache cache;
    private readonly IClock clock;
    private readonly AnswerFrame answer;
    private readonly Statistics statistics;
    private bool isReceiving;
    private int requestClient;
    private int requestNumber;
    private int nextPart;
    private int track;
    private int trackPosition;
    private int requestBytes;
    private long lastPartMs;

    /// <summary>A receiver that has received nothing.</summary>
    public WriteReceiver(TrackCache cache, IClock clock, AnswerFrame answer, Statistics statistics)
    {
        this.cache = cache;
        this.clock = clock;
        this.answer = answer;
        this.statistics = statistics;
    }

    /// <summary>Takes a part of a write request, and answers it.</summary>
    /// <param name="frame">Holds the frame from its start. It is written over.</param>
    /// <param name="payloadBytes">Length of its payload.</param>
    public void Take(byte[] frame, int payloadBytes)
    {
        int at = Frame.HeaderBytes;
        int part = Frame.Part(frame, 0);
        int request = Frame.Request(frame, 0);
        int client = payloadBytes < Payload.Write.Data ? 0 : Buffers.GetInt32(frame, at + Payload.Write.Client);
        Status status = client == 0 ? Status.BadRequest : cache.Nvs.CheckWritable();
        if (status != Status.Ok)
        {
            Refuse(status);
            return;
        }
        bool isSame = isReceiving && client == requestClient && request == requestNumber;
        if (!isSame && AnswerRepeated(client, request))
            return;
        if (part != 0 && (!isSame || part > nextPart))
        {
            answer.SendWrite(Status.WrongOrder, 0, isSame ? nextPart : 0);
            return;
        }
        if (isSame && part != 0 && part < nextPart)
        {
            answer.SendWrite(Status.Continue, 0, nextPart);
            return;
        }
        if (part == 0)
            Begin(client, request);
        lastPartMs = clock.NowMs;
        status = TakePart(frame, at, payloadBytes - Payload.Write.Data);
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
            answer.SendWrite(Status.Continue, 0, nextPart);
            return;
        }
        isReceiving = false;
        answer.SendWrite(Status.Ok, cache.Nvs.Tracks.Vtb.Current.Sequence, 0);
        CountCommit();
    }

    /// <summary>Drops a request of which no part has come for too long.</summary>
    public void DropLate()
    {
        if (isReceiving && clock.NowMs - lastPartMs > TimeoutMs)
            Drop();
    }

    /// <summary>Forgets a half-received request that the cache has forgotten already.</summary>
    public void Forget() => isReceiving = false;

    /// <summary>
    /// Drops a half-received request. Who says HELLO begins anew: a client that restarts uses its numbers again, and its new request must not
    /// go on where the old one with the same number was cut off.
    /// </summary>
    public void Drop()
    {
        if (isReceiving)
            cache.Abort();
        isReceiving = false;
    }

    // A request that is committed already gets its original answer; one before that is too late. Both are not applied again.
    private bool AnswerRepeated(int client, int request)
    {
        TrackStore tracks = cache.Nvs.Tracks;
        if (tracks.FindLast(client) != Status.Ok)
            return false;
        int later = request - tracks.LastRequest;
        if (later > 0)
            return false;
        if (later < 0)
        {
            answer.SendWrite(Status.OldRequest, 0, 0);
            return true;
        }
        statistics.Count(Counter.Repeated);
        answer.SendWrite(Status.Ok, tracks.LastVersion, 0);
        return true;
    }

    private void Begin(int client, int request)
    {
        cache.Begin(client, request);
        isReceiving = true;
        requestClient = client;
        requestNumber = request;
        nextPart = 0;
        trackPosition = 0;
        requestBytes = 0;
    }

    private Status TakePart(byte[] frame, int at, int count)
    {
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
        statistics.Count(Counter.Commits);
        statistics.Add(Counter.BytesWritten, requestBytes);
        for (int i = 0; i < commit.TrackCount; i++)
            statistics.Count(commit.IsRelease(i) ? Counter.TracksReleased : Counter.TracksWritten);
        statistics.Raise(Counter.LongestRequestBytes, requestBytes);
        statistics.Raise(Counter.MostSegmentsOwned, cache.Nvs.Tracks.Geometry.Segments - cache.Nvs.Tracks.Segments.FreeCount);
    }

    private void Refuse(Status status)
    {
        int actual = status == Status.VersionMismatch ? cache.Nvs.Tracks.ActualVersion : 0;
        Drop();
        answer.SendWrite(status, actual, 0);
    }
}
