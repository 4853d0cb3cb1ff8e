using System;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.HostAdapter;

/// <summary>The host adapter: takes frames off the line, turns them into requests to the cache and the NVS, and answers each.</summary>
/// <remarks>
/// <para>Invariants: every intact request frame gets an answer, whatever happens inside, but for the Continue of a quiet part; Ok to the
/// last part of a write request is sent only after its commit; what is not defined is refused.</para>
/// <para>Nothing is allocated per request but by <see cref="Crc"/> and the bus: a request is read from the buffer it was received in, and
/// its data go to the chip from there.</para>
/// </remarks>
public sealed class RequestHandler
{
    /// <summary>A write request of which no part has come for so long is dropped, in milliseconds.</summary>
    public const int RequestTimeoutMs = 10_000;

    /// <summary>The line is opened anew when nothing was heard for so long, in milliseconds.</summary>
    public const int IdleReopenMs = 10_000;

    private const int FramesPerTurn = 16;
    private const int EntriesVerifiedPerPage = 32;
    private const int BytesVerifiedPerPage = 16384;

    private readonly TrackCache cache;
    private readonly NvsStore nvs;
    private readonly BoardSettings settings;
    private readonly FrameReader frames;
    private readonly AnswerFrame answer;
    private readonly Reports reports;
    private readonly byte[] data;
    private readonly int[] counters = new int[Counter.Count];
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
        frames = new FrameReader(uart, clock, Block.PayloadHeadBytes + settings.LargestPieceBytes, IdleReopenMs);
        answer = new AnswerFrame(uart, frames, counters);
        reports = new Reports(nvs, cache, clock, settings, frames, answer, counters);
    }

    /// <summary>When the line was last heard, in the clock's milliseconds.</summary>
    public long LastByteMs => frames.LastByteMs;

    /// <summary>Takes a frame off the line and answers it, and before it a few that want no answer. Never throws.</summary>
    /// <param name="waitMs">How long to wait for the host, in milliseconds.</param>
    /// <returns>True when there was a frame.</returns>
    public bool Poll(int waitMs)
    {
        FrameEvent found = frames.Poll(waitMs);
        if (found != FrameEvent.Whole)
            return Refuse(found);
        byte[] frame = frames.Buffer;
        try
        {
            int left = FramesPerTurn;
            while (frame[Frame.TypeAt] == FrameType.Write)
            {
                if (IsAnswered(frame, frames.PayloadBytes - Block.PayloadHeadBytes) || --left == 0)
                    return true;
                found = frames.Poll(0);
                if (found != FrameEvent.Whole)
                {
                    Refuse(found);
                    return true;
                }
            }
            Take(frame, frame[Frame.TypeAt], frames.PayloadBytes);
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
        int count = committedCount;
        if (count >= 0)
        {
            committedCount = -1;
            Keep(nvs.Request, count);
        }
        frames.GoOn();
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
        reports.NoteRecovery(found);
    }

    private void Keep(WriteRequest request, int count)
    {
        if (!request.IsCommitted)
        {
            counters[Counter.Repeated]++;
            return;
        }
        int[] values = counters;
        int dataBytes = request.DataBytes;
        int written = request.Blocks.Count + 1; // the last track gets its block only now
        if (request.Releases != 0)
        {
            values[Counter.TracksReleased] += request.Releases;
            written -= request.Releases;
        }
        values[Counter.Commits]++;
        values[Counter.BytesWritten] += dataBytes;
        values[Counter.TracksWritten] += written;
        if (dataBytes > values[Counter.LongestRequestBytes])
            values[Counter.LongestRequestBytes] = dataBytes;
        cache.Keep(frames.Buffer, count);
        int owned = nvs.OwnedSegments;
        if (owned > values[Counter.MostSegmentsOwned])
            values[Counter.MostSegmentsOwned] = owned;
        if (request.IsSessionOver)
            frames.Key = 0;
    }

    private void Take(byte[] frame, int type, int payloadBytes)
    {
        if ((type & FrameType.Answer) != 0)
            return; // an echo of our own answer, or another board's: answering it could go on for ever
        if (type != FrameType.Read)
            answer.Begin(frame); // a copy in the cache is an answer already
        counters[Counter.FramesReceived]++;
        int argument = BitConverter.ToInt32(frame, Frame.ArgumentAt);
        switch (type)
        {
            case FrameType.Read:
                if (IsPossible(frame, payloadBytes, isStoreNeeded: true, isArgumentFree: true))
                    Read(frame, argument);
                break;
            case FrameType.Hello:
                if (IsPossible(frame, payloadBytes, isStoreNeeded: false, isArgumentFree: true))
                    reports.Hello(argument, BitConverter.ToInt32(frame, Frame.NumberAt));
                break;
            case FrameType.Info:
                if (IsPossible(frame, payloadBytes, isStoreNeeded: true, isArgumentFree: false))
                    reports.Info();
                break;
            case FrameType.Stats:
                if (IsPossible(frame, payloadBytes, isStoreNeeded: false, isArgumentFree: false))
                    reports.Stats();
                break;
            case FrameType.Last:
                if (IsPossible(frame, payloadBytes, isStoreNeeded: true, isArgumentFree: true))
                    Last(argument);
                break;
            case FrameType.List:
            case FrameType.Verify:
                if (IsPossible(frame, payloadBytes, isStoreNeeded: true, isArgumentFree: true))
                    SendPage(argument, type == FrameType.Verify);
                break;
            case FrameType.Format:
                if (IsBelieved() && IsPossible(frame, payloadBytes - Payload.Format.Bytes, isStoreNeeded: false, isArgumentFree: false))
                    Format(frame);
                break;
            case FrameType.Repair:
                if (IsBelieved() && IsPossible(frame, payloadBytes - Payload.Repair.Bytes, isStoreNeeded: false, isArgumentFree: false))
                    Repair(frame);
                break;
            case 0:
                break; // its answer would be LOST
            default:
                answer.Send(Status.UnknownType, 0);
                break;
        }
    }

    // The way of a write request: from here to the cache, to the NVS, to the chip, and back with the answer. False when none was wanted.
    private bool IsAnswered(byte[] frame, int count)
    {
        answer.Begin(frame);
        counters[Counter.FramesReceived]++;
        if (!frames.IsInPlace && !nvs.IsClientKnown(frame))
        {
            answer.Send(Status.Lost, 0); // a recording of a client that is forgotten would be carried out once more
            return true;
        }
        int flags = frame[Frame.FlagsAt]; // a command to the chip takes its place
        Status status = cache.Write(frame, count);
        if (status == Status.Ok)
            committedCount = count;
        else if (status == Status.Continue && (flags & WriteFlags.Quiet) != 0)
            return false;
        answer.Send(status, nvs.Request.Argument, frames.Key);
        return true;
    }

    // Answers when it says no: the store is not ready, or a field is not what it has to be.
    private bool IsPossible(byte[] frame, int surplusBytes, bool isStoreNeeded, bool isArgumentFree)
    {
        Status status = isStoreNeeded ? nvs.State : Status.Ok;
        if (status == Status.Ok
            && ((surplusBytes | frame[Frame.FlagsAt] | frame[Frame.PartAt] | frame[Frame.PartAt + 1]) != 0
                || !isArgumentFree && BitConverter.ToInt32(frame, Frame.ArgumentAt) != 0))
            status = Status.BadRequest;
        if (status == Status.Ok)
            return true;
        answer.Begin(frame); // READ has not
        answer.Send(status, 0, frame[Frame.TypeAt] == FrameType.Hello ? 0 : frames.Key);
        return false;
    }

    // A track's data may look like what destroys.
    private bool IsBelieved()
    {
        if (!frames.IsInPlace)
            answer.Send(Status.Lost, 0);
        return frames.IsInPlace;
    }

    private void Last(int client)
    {
        if (client == 0)
        {
            answer.Send(Status.BadRequest, 0); // nobody's id
            return;
        }
        Status status = nvs.PutLast(client, answer.Buffer, Frame.HeaderBytes, out int version);
        if (status == Status.StoreDamaged)
            answer.Send(status, 0);
        else
            answer.Send(status, version, Payload.LastAnswer.Bytes, frames.Key);
    }

    private void Read(byte[] frame, int track)
    {
        if (cache.Find(track))
        {
            counters[Counter.Reads]++;
            answer.SendCopy(cache.Found, cache.FoundBytes, frame);
            return;
        }
        answer.Begin(frame);
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
            {
                if (isVerified && buffer[at + Payload.PageAnswer.EntryDamage] == (byte)Damage.Data)
                    counters[Counter.TrackCrcErrors]++;
                at += Payload.PageAnswer.EntryBytes;
            }
            if (bytesRead > 0)
                verified++;
            left -= bytesRead;
        }
        Buffers.PutInt32(buffer, Frame.HeaderBytes + Payload.PageAnswer.Checked, verified);
        answer.Send(Status.Ok, entry < nvs.Entries ? entry : Payload.PageAnswer.End, at - Frame.HeaderBytes, frames.Key);
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

    // Answers what is no whole frame. False when there is nothing at all.
    private bool Refuse(FrameEvent found)
    {
        if (found == FrameEvent.None)
        {
            nvs.DropLate(RequestTimeoutMs);
            return false;
        }
        byte[] frame = frames.Buffer;
        if (found == FrameEvent.PlaceLost)
        {
            answer.SendLost();
            return true;
        }
        if ((frame[Frame.TypeAt] & FrameType.Answer) != 0)
            return true;
        answer.Begin(frame);
        if (found == FrameEvent.TooLong)
        {
            answer.Send(Status.TooLong, Block.PayloadHeadBytes + settings.LargestPieceBytes);
            return true;
        }
        counters[Counter.FrameCrcErrors]++;
        answer.Send(Status.BadCrc, 0);
        return true;
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
