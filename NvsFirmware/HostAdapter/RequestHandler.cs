using System;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.HostAdapter;

/// <summary>The host adapter: takes frames off the line, turns them into requests to the cache and the NVS, and answers each.</summary>
/// <remarks>
/// <para>Invariants: every intact request frame gets an answer, whatever happens inside; Ok to the last part of a write request is sent only
/// after its commit; what is not defined is refused.</para>
/// <para>Nothing is allocated per request but by <see cref="Crc"/> and the bus: a request is read from the buffer it was received in, and
/// its data go to the chip from there.</para>
/// </remarks>
public sealed class RequestHandler
{
    /// <summary>A write request of which no part has come for so long is dropped, in milliseconds.</summary>
    public const int RequestTimeoutMs = 10_000;

    /// <summary>The line is opened anew when nothing was heard for so long, in milliseconds.</summary>
    public const int IdleReopenMs = 10_000;

    private const int EntriesVerifiedPerPage = 32;
    private const int BytesVerifiedPerPage = 16384;

    private readonly TrackCache cache;
    private readonly NvsStore nvs;
    private readonly BoardSettings settings;
    private readonly FrameReader frames;
    private readonly Statistics statistics = new Statistics();
    private readonly AnswerFrame answer;
    private readonly Reports reports;
    private readonly byte[] data;
    private readonly int[] counters;
    private int committedCount = -1;

    /// <summary>A host adapter on a line.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="clock">Time.</param>
    /// <param name="cache">Takes the requests for tracks' data.</param>
    /// <param name="nvs">Takes the requests for the store.</param>
    /// <param name="settings">What the board decides.</param>
    /// <param name="data">A buffer for a track's data on the way to the host: as long as a frame with a piece.</param>
    public RequestHandler(IUart uart, IClock clock, TrackCache cache, NvsStore nvs, BoardSettings settings, byte[] data)
    {
        this.cache = cache;
        this.nvs = nvs;
        this.settings = settings;
        this.data = data;
        counters = statistics.Values;
        frames = new FrameReader(uart, clock, Block.PayloadHeadBytes + settings.LargestPieceBytes, IdleReopenMs);
        answer = new AnswerFrame(uart, frames, statistics);
        reports = new Reports(nvs, cache, clock, settings, frames, answer, statistics);
    }

    /// <summary>When the line was last heard, in the clock's milliseconds.</summary>
    public long LastByteMs => frames.LastByteMs;

    /// <summary>Takes at most one frame off the line and answers it. Never throws.</summary>
    /// <param name="waitMs">How long to wait for the host, in milliseconds.</param>
    /// <returns>True when there was a frame.</returns>
    public bool Poll(int waitMs)
    {
        FrameEvent found = frames.Poll(waitMs);
        if (found == FrameEvent.None)
        {
            nvs.DropLate(RequestTimeoutMs);
            return false;
        }
        byte[] frame = frames.Buffer;
        int type = frame[Frame.TypeAt];
        if (found == FrameEvent.PlaceLost)
            answer.SendLost();
        if (found == FrameEvent.PlaceLost || (type & FrameType.Answer) != 0)
            return true; // an echo of our own answer, or another board's: answering it could go on for ever
        answer.Begin(frame);
        try
        {
            if (found != FrameEvent.Whole)
                Refuse(found);
            else if (type == FrameType.Write)
                Write(frame, frames.PayloadBytes - Block.PayloadHeadBytes);
            else
                Take(frame, type, frames.PayloadBytes);
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

    /// <summary>After the answer, and before the next request: does what a commit left to do.</summary>
    /// <exception cref="FramException">The chip failed: the store has to be mounted anew.</exception>
    public void Keep()
    {
        if (committedCount < 0)
            return;
        int count = committedCount;
        committedCount = -1;
        WriteRequest request = nvs.LastRequest;
        if (!request.IsCommitted)
        {
            counters[Counter.Repeated]++;
            return;
        }
        counters[Counter.Commits]++;
        counters[Counter.BytesWritten] += request.DataBytes;
        counters[Counter.TracksReleased] += request.Releases;
        counters[Counter.TracksWritten] += request.Blocks.Count - request.Releases;
        if (request.DataBytes > counters[Counter.LongestRequestBytes])
            counters[Counter.LongestRequestBytes] = request.DataBytes;
        cache.Keep(frames.Buffer, count);
        if (nvs.OwnedSegments > counters[Counter.MostSegmentsOwned])
            counters[Counter.MostSegmentsOwned] = nvs.OwnedSegments;
        if (nvs.IsSessionOver)
            frames.Key = 0;
    }

    /// <summary>Counts an event that happened outside a request.</summary>
    /// <param name="counter">Which, see <see cref="Counter"/>.</param>
    public void Count(int counter) => counters[counter]++;

    /// <summary>Notes a recovery and what it found; what the cache held is not valid any more.</summary>
    public void NoteRecovery(int found)
    {
        Forget();
        if (nvs.IsSessionOver)
            frames.Key = 0;
        statistics.NoteRecovery(found);
    }

    private void Take(byte[] frame, int type, int payloadBytes)
    {
        counters[Counter.FramesReceived]++;
        if (!IsPossible(frame, type, payloadBytes))
            return;
        switch (type)
        {
            case FrameType.Hello:
                reports.Hello(Buffers.GetInt32(frame, Frame.ArgumentAt), Buffers.GetInt32(frame, Frame.NumberAt));
                break;
            case FrameType.Info:
                reports.Info();
                break;
            case FrameType.Stats:
                reports.Stats();
                break;
            case FrameType.Last:
                Last(Buffers.GetInt32(frame, Frame.ArgumentAt));
                break;
            case FrameType.Read:
                Read(Buffers.GetInt32(frame, Frame.ArgumentAt));
                break;
            case FrameType.List:
            case FrameType.Verify:
                SendPage(Buffers.GetInt32(frame, Frame.ArgumentAt), type == FrameType.Verify);
                break;
            case FrameType.Format:
                Format(frame);
                break;
            default:
                Repair(frame);
                break;
        }
    }

    // The way of a write request: from here to the cache, to the NVS, to the chip, and back with the answer.
    private void Write(byte[] frame, int count)
    {
        counters[Counter.FramesReceived]++;
        if (!frames.IsInPlace && !nvs.IsClientKnown(frame))
        {
            answer.Send(Status.Lost, 0); // a recording of a client that is forgotten would be carried out once more
            return;
        }
        Status status = cache.Write(frame, count);
        answer.Send(status, nvs.Argument);
        if (status == Status.Ok)
            committedCount = count;
    }

    // Answers when it says no: the type is unknown, a field is not possible, or the store is not in the state that the request needs.
    private bool IsPossible(byte[] frame, int type, int payloadBytes)
    {
        int argument = Buffers.GetInt32(frame, Frame.ArgumentAt);
        int expectedBytes = 0;
        bool isArgumentFree = false;
        bool isStoreNeeded = true;
        switch (type)
        {
            case FrameType.Hello:
                isArgumentFree = true;
                isStoreNeeded = false;
                break;
            case FrameType.Stats:
                isStoreNeeded = false;
                break;
            case FrameType.Info:
                break;
            case FrameType.Last:
                isArgumentFree = argument != 0;
                if (argument == 0)
                    argument = 1; // refused: nobody's id
                break;
            case FrameType.Read:
            case FrameType.List:
            case FrameType.Verify:
                isArgumentFree = true;
                break;
            case FrameType.Format:
                expectedBytes = Payload.Format.Bytes;
                isStoreNeeded = false;
                break;
            case FrameType.Repair:
                expectedBytes = Payload.Repair.Bytes;
                isStoreNeeded = false;
                break;
            case 0:
                return false; // its answer would be LOST
            default:
                answer.Send(Status.UnknownType, 0);
                return false;
        }
        Status status = isStoreNeeded ? nvs.State : Status.Ok;
        if (expectedBytes > 0 && !frames.IsInPlace)
            status = Status.Lost; // a track's data may look like it
        else if (status == Status.Ok
            && (payloadBytes != expectedBytes || frame[Frame.FlagsAt] != 0 || frame[Frame.PartAt] != 0 || frame[Frame.PartAt + 1] != 0
                || (!isArgumentFree && argument != 0)))
            status = Status.BadRequest;
        if (status == Status.Ok)
            return true;
        answer.Send(status, 0, type == FrameType.Hello ? 0 : frames.Key);
        return false;
    }

    private void Last(int client)
    {
        Status status = nvs.PutLast(client, answer.Buffer, Frame.HeaderBytes, out int version);
        if (status == Status.StoreDamaged)
            answer.Send(status, 0);
        else
            answer.Send(status, version, Payload.LastAnswer.Bytes);
    }

    private void Read(int track)
    {
        Status status = cache.BeginRead(track);
        if (status != Status.Ok)
        {
            answer.Send(status, 0);
            return;
        }
        counters[Counter.Reads]++;
        while (true)
        {
            int payloadBytes = cache.Read(data);
            if (payloadBytes < 0)
            {
                nvs.CheckChip();
                counters[Counter.TrackCrcErrors]++;
                answer.Send(Status.TrackDamaged, 0);
                return;
            }
            status = cache.IsReadAtEnd ? Status.Ok : Status.Continue;
            if (!answer.SendPart(data, status, cache.ReadVersion, payloadBytes) || status == Status.Ok)
                return;
        }
    }

    private void SendPage(int start, bool isVerified)
    {
        byte[] buffer = answer.Buffer;
        int at = Frame.HeaderBytes + Payload.PageAnswer.Entries;
        int end = Frame.HeaderBytes + Payload.PageAnswer.Entries + AnswerFrame.EntriesPerPage * Payload.PageAnswer.EntryBytes;
        int verified = 0;
        int left = BytesVerifiedPerPage;
        int entry = start < 0 ? nvs.Entries : start;
        int last = isVerified && nvs.Entries - entry > EntriesVerifiedPerPage ? entry + EntriesVerifiedPerPage : nvs.Entries;
        if (isVerified && start == 0)
            at = PutParts(buffer, at);
        for (; entry < last && at < end && left > 0; entry++)
        {
            if (nvs.PutEntry(entry, isVerified, buffer, at, out int bytesRead))
                at += Payload.PageAnswer.EntryBytes;
            if (bytesRead > 0)
                verified++;
            left -= bytesRead;
        }
        Buffers.PutInt32(buffer, Frame.HeaderBytes + Payload.PageAnswer.Checked, verified);
        answer.Send(Status.Ok, entry < nvs.Entries ? entry : Payload.PageAnswer.End, at - Frame.HeaderBytes);
    }

    private int PutParts(byte[] buffer, int at)
    {
        for (int part = 0; part < nvs.Parts; part++)
        {
            Damage damage = nvs.VerifyPart(part);
            if (damage == Damage.None)
                continue;
            Array.Clear(buffer, at, Payload.PageAnswer.EntryBytes);
            buffer[at + Payload.PageAnswer.EntryLength] = (byte)part;
            buffer[at + Payload.PageAnswer.EntryDamage] = (byte)damage;
            at += Payload.PageAnswer.EntryBytes;
        }
        return at;
    }

    private void Format(byte[] frame)
    {
        int at = Frame.HeaderBytes;
        Forget();
        Status status = nvs.Format(
            frame,
            at + Payload.Format.Name,
            frame,
            at + Payload.Format.NewId,
            Buffers.GetUInt16(frame, at + Payload.Format.SegmentBytes),
            Buffers.GetUInt16(frame, at + Payload.Format.SetSegments));
        answer.Send(status, 0);
        if (nvs.IsSessionOver)
            frames.Key = 0;
    }

    private void Repair(byte[] frame)
    {
        Forget();
        Status status = nvs.Repair(frame, Frame.HeaderBytes + Payload.Repair.Name, out int givenUp);
        answer.Send(status, givenUp);
    }

    private void Refuse(FrameEvent found)
    {
        if (found == FrameEvent.TooLong)
        {
            answer.Send(Status.TooLong, Block.PayloadHeadBytes + settings.LargestPieceBytes);
            return;
        }
        counters[Counter.FrameCrcErrors]++;
        answer.Send(Status.BadCrc, 0);
    }

    // The chip or the firmware itself failed during a request. Whatever RAM holds of the store may be wrong now: it is mounted anew.
    private void Fail(int counter, Status status)
    {
        counters[counter]++;
        nvs.Unmount();
        Forget();
        answer.Send(status, 0);
    }

    private void Forget()
    {
        committedCount = -1;
        cache.Clear();
    }
}
