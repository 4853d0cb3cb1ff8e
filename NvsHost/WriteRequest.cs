using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware;
using NvsFirmware.HostAdapter;

namespace NvsHost;

/// <summary>One write request on its way: cuts it into parts, keeps the window full, goes back when parts are lost.</summary>
/// <remarks>
/// Invariants: parts before <c>taken</c> are held by the board; <c>unanswered</c> are the parts sent and not answered, in the order in which
/// they were sent, and their bytes never exceed the window; nothing is repeated after a silence before LAST has told that the request
/// is not committed. Answers come in the order of their requests, so an answer to a part also settles all that were sent before it.
/// </remarks>
internal sealed class WriteRequest
{
    private readonly record struct Part(WriteItem Item, int Offset, int Count)
    {
        public int FrameBytes => Frame.TotalBytes(Payload.Write.Data + Count);
    }

    private readonly NvsClient client;
    private readonly NvsLine line;
    private readonly string what;
    private readonly uint request;
    private readonly int windowBytes;
    private readonly List<Part> parts = new();
    private readonly Queue<int> unanswered = new();
    private readonly byte[] frame;
    private readonly byte[] block;
    private int unansweredBytes;
    private readonly bool isBatch;
    private bool isLastSent;

    public WriteRequest(NvsClient client, NvsLine line, List<WriteItem> items, uint request, int largestDataBytes, int windowBytes)
    {
        this.client = client;
        this.line = line;
        this.request = request;
        this.windowBytes = windowBytes;
        isBatch = items.Count > 1;
        what = isBatch ? $"write request of {items.Count} tracks" : (items[0].IsRelease ? "release track " : "write track ") + items[0].Track;
        int largest = Math.Min(largestDataBytes, windowBytes - Frame.TotalBytes(Payload.Write.Data));
        foreach (WriteItem item in items)
        {
            int offset = 0;
            do
            {
                int count = Math.Min(largest, item.Data.Length - offset);
                parts.Add(new Part(item, offset, count));
                offset += count;
            }
            while (offset < item.Data.Length);
        }
        if (parts.Count > ushort.MaxValue)
            throw new ArgumentException($"The {what} needs {parts.Count} frames, more than a write request can have.", nameof(items));
        frame = new byte[Frame.TotalBytes(Payload.Write.Data + largest)];
        block = new byte[windowBytes];
    }

    /// <summary>True when frames may still be on the way to the board.</summary>
    public bool HasUnanswered => unanswered.Count > 0;

    /// <summary>Has it committed.</summary>
    /// <returns>The version it gave its tracks.</returns>
    public async Task<uint> RunAsync(IProgress<int>? progress, CancellationToken ct)
    {
        try
        {
            return await CommitAsync(progress, ct).ConfigureAwait(false);
        }
        catch (NvsLineException e)
        {
            throw new NvsLineException(e, what, isLastSent ? WriteOutcome.Unknown : WriteOutcome.NotCommitted, request);
        }
    }

    private async Task<uint> CommitAsync(IProgress<int>? progress, CancellationToken ct)
    {
        int taken = 0; // Parts that the board holds.
        int mostTaken = 0;
        int next = 0; // The part to send next.
        int setbacks = 0; // Since the last progress.
        bool isGoingBack = false; // A part is missing: let all answers come, then go on from `taken`.
        while (true)
        {
            if (isGoingBack && unanswered.Count == 0)
            {
                isGoingBack = false;
                next = taken;
                if (++setbacks > client.Options.Retries)
                    throw new NvsLineException($"Part {taken} did not arrive intact in {setbacks} attempts: is the line noisy?", false);
            }
            if (!isGoingBack)
                next = await SendAsync(next, ct).ConfigureAwait(false);

            Answer? answer = await client.AnswerAsync(FrameType.Write, request, client.WaitMs, ct).ConfigureAwait(false);
            if (answer?.Payload is null)
            {
                // Silence, or an answer that was damaged on the way. LAST is answered after all that was sent before it.
                uint? committed = await CommittedAsync(ct).ConfigureAwait(false);
                Settle(int.MaxValue);
                if (committed is not null)
                    return committed.Value;
                isGoingBack = true;
                continue;
            }

            Settle(answer.Part);
            switch (answer.Status)
            {
                case Status.Ok:
                    uint version = NvsClient.UInt32(NvsClient.Checked(answer, Payload.WriteAnswer.Bytes), Payload.WriteAnswer.Version);
                    progress?.Report(parts.Sum(p => p.Count));
                    return version;
                case Status.Continue:
                    taken = NextPart(answer);
                    next = Math.Max(next, taken);
                    break;
                case Status.WrongOrder:
                    taken = NextPart(answer);
                    isGoingBack = true;
                    break;
                case Status.BadCrc:
                    Settle(int.MaxValue); // The board has passed over all that came behind the damaged part.
                    isGoingBack = true;
                    break;
                default:
                    return await RefusedAsync(answer, ct).ConfigureAwait(false);
            }
            if (taken > mostTaken)
            {
                mostTaken = taken;
                setbacks = 0;
                progress?.Report(parts.Take(taken).Sum(p => p.Count));
            }
        }
    }

    // Sends as many parts as fit into the window, in one block. Returns the part to send next.
    private async Task<int> SendAsync(int next, CancellationToken ct)
    {
        int filled = 0;
        for (; next < parts.Count; next++)
        {
            Part part = parts[next];
            if (unanswered.Count > 0 && unansweredBytes + part.FrameBytes > windowBytes)
                break;
            Buffers.PutUInt32(frame, Frame.HeaderBytes + Payload.Write.Client, client.ClientId);
            Buffers.PutUInt32(frame, Frame.HeaderBytes + Payload.Write.Track, part.Item.Track);
            Buffers.PutUInt32(frame, Frame.HeaderBytes + Payload.Write.Expected, part.Item.ExpectedVersion ?? 0);
            Buffers.PutUInt16(frame, Frame.HeaderBytes + Payload.Write.Length, part.Item.Data.Length);
            Buffers.PutUInt16(frame, Frame.HeaderBytes + Payload.Write.Offset, part.Offset);
            bool isLast = next == parts.Count - 1;
            Buffers.PutInt32(
                frame,
                Frame.HeaderBytes + Payload.Write.Flags,
                (isLast ? Payload.Write.FlagLast : 0)
                    | (part.Item.ExpectedVersion is null ? 0 : Payload.Write.FlagExpect)
                    | (part.Item.IsRelease ? Payload.Write.FlagRelease : 0));
            part.Item.Data.Span.Slice(part.Offset, part.Count).CopyTo(frame.AsSpan(Frame.HeaderBytes + Payload.Write.Data));
            int count = Frame.Seal(frame, FrameType.Write, Status.Ok, (int)request, next, Payload.Write.Data + part.Count);
            Array.Copy(frame, 0, block, filled, count);
            filled += count;
            unanswered.Enqueue(next);
            unansweredBytes += count;
            isLastSent |= isLast;
        }
        if (filled > 0)
            await line.SendAsync(block, filled, ct).ConfigureAwait(false);
        return next;
    }

    // An answer to a part also tells that no answer will come any more to those sent before it.
    private void Settle(int part)
    {
        if (part != int.MaxValue && !unanswered.Contains(part))
            return;
        while (unanswered.TryDequeue(out int sent))
        {
            unansweredBytes -= parts[sent].FrameBytes;
            if (sent == part)
                break;
        }
    }

    // Throws, unless the chip failed right after the commit.
    private async Task<uint> RefusedAsync(Answer answer, CancellationToken ct)
    {
        uint? actual = null;
        if (answer.Status == Status.VersionMismatch)
            actual = NvsClient.UInt32(NvsClient.Checked(answer, Payload.WriteAnswer.Bytes), Payload.WriteAnswer.Version);
        if (answer.Status is Status.ChipError or Status.InternalError && await CommittedAsync(ct).ConfigureAwait(false) is { } version)
            return version;
        uint? track = answer.Part < parts.Count ? parts[answer.Part].Item.Track : null;
        throw new NvsRefusedException(answer.Status, what + (isBatch && track is not null ? $", track {track}" : ""), track, actual);
    }

    // The version, if the request was committed; null if it certainly was not.
    private async Task<uint?> CommittedAsync(CancellationToken ct)
    {
        try
        {
            LastCommit? last = await client.LastCoreAsync(ct).ConfigureAwait(false);
            return last?.Request == request ? last.Version : null;
        }
        catch (NvsRefusedException e) when (isLastSent)
        {
            throw new NvsLineException(e.Message, false, e); // The board is there, its store is not: the outcome stays unknown.
        }
    }

    private int NextPart(Answer answer)
    {
        int next = Buffers.GetUInt16(NvsClient.Checked(answer, Payload.WriteAnswer.Bytes), Payload.WriteAnswer.NextPart);
        return next < parts.Count ? next : throw NvsClient.NoSense($"part {next} of {parts.Count} wanted");
    }
}
