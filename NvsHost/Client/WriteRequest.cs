using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>A write request: its tracks cut into the parts that its frames carry, and how far the board has taken them.</summary>
/// <remarks>
/// Invariants: the board holds the parts before <see cref="NextTaken"/>, as far as its answers tell; parts before
/// <see cref="NextPart"/> were sent, or are held
/// from before the last go-back. The number is given once, when the first part is sent, and stays through all repetitions.
/// </remarks>
internal class WriteRequest : Request
{
    private readonly record struct Part(WriteItem Item, int Offset, int Count, int TotalBefore);

    private readonly IReadOnlyList<WriteItem> items;
    private readonly Action<int>? progress;
    private readonly TaskCompletionSource<uint> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Part> parts = [];
    private readonly List<uint> crcs = []; // Payload CRC-32 of each part: the chain whose last link is the fingerprint.
    private int pieceBytes;
    private int furthestTaken; // Only what goes beyond it is progress: what a new session sends once more is none.

    /// <summary>A request for at least one track.</summary>
    /// <param name="client">The client's id.</param>
    /// <param name="items">The tracks, each once.</param>
    /// <param name="progress">Is told the bytes of data that the board has taken.</param>
    /// <param name="ct">Cancels.</param>
    public WriteRequest(uint client, IReadOnlyList<WriteItem> items, Action<int>? progress, CancellationToken ct)
        : base(Name(items), ct)
    {
        Client = client;
        this.items = items;
        this.progress = progress;
    }

    /// <inheritdoc/>
    public override int Type => FrameType.Write;

    /// <summary>Who asks.</summary>
    public uint Client { get; }

    /// <summary>The number that whoever asked has chosen; null: the next one of this client.</summary>
    public uint? GivenNumber { get; init; }

    /// <summary>True if whoever asked says that its client only passes by; null: as the options say.</summary>
    public bool? GivenPassing { get; init; }

    /// <summary>True when it must not be committed unless the client's request before it was.</summary>
    public virtual bool MustFollow => false;

    /// <summary>The version that the request gave its tracks.</summary>
    public Task<uint> Result => done.Task;

    /// <summary>The request's number; without meaning until <see cref="IsNumbered"/>.</summary>
    public uint Number { get; private set; }

    /// <summary>True from the first time on that a part is sent.</summary>
    public bool IsNumbered { get; private set; }

    /// <summary>A version that the client knew before it sent the request.</summary>
    public uint KnownVersion { get; private set; }

    /// <summary>The fingerprint; without meaning until <see cref="IsLastSent"/>.</summary>
    public uint Fingerprint => crcs.Count == parts.Count && parts.Count > 0 ? crcs[^1] : 0;

    /// <summary>True from the first time on that the last part is sent: the request may be committed.</summary>
    public bool IsLastSent { get; private set; }

    /// <summary>How many parts it has.</summary>
    public int PartCount => parts.Count;

    /// <summary>The part to send next.</summary>
    public int NextPart { get; set; }

    /// <summary>The part that the board wants next.</summary>
    public int NextTaken { get; private set; }

    /// <summary>A refusal after which only LAST tells whether the request was committed; null: none.</summary>
    public Status? InDoubt { get; set; }

    /// <summary>True when its first part was sent with the flag <see cref="WriteFlags.Behind"/>.</summary>
    public bool IsBehind { get; set; }

    /// <summary>True when HELLO was said for it, because there was no store.</summary>
    public bool IsGreeted { get; set; }

    /// <summary>True when whoever asked has cancelled it while it was undecided.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>Until when a request that was given up waits to learn its outcome, in the clock's milliseconds.</summary>
    public long GivenUpMs { get; set; }

    /// <summary>The request as it can be asked for later; null when nothing of it was sent.</summary>
    public WriteId? Id => IsNumbered ? new WriteId(Client, Number, Fingerprint, KnownVersion, IsPassing) : null;

    /// <summary>True if it says that its client only passes by.</summary>
    public bool IsPassing { get; private set; }

    /// <summary>Gives it its number.</summary>
    public void Begin(uint number, uint knownVersion, bool isPassing)
    {
        IsPassing = isPassing;
        Number = number;
        KnownVersion = knownVersion;
        IsNumbered = true;
    }

    /// <summary>Cuts the tracks into pieces of the length that the board takes.</summary>
    public void Cut(int bytes)
    {
        if (pieceBytes == bytes)
            return;
        pieceBytes = bytes;
        parts.Clear();
        crcs.Clear();
        NextPart = 0;
        NextTaken = 0;
        furthestTaken = 0;
        int total = 0;
        foreach (WriteItem item in items)
        {
            int offset = 0;
            do
            {
                int count = Math.Min(bytes, item.Data.Length - offset);
                parts.Add(new Part(item, offset, count, total));
                offset += count;
                total += count;
            }
            while (offset < item.Data.Length);
        }
    }

    /// <summary>Bytes of the frame of a part.</summary>
    public int FrameBytes(int part) => Frame.TotalBytes(Block.PayloadHeadBytes + parts[part].Count);

    /// <summary>Writes the frame of <see cref="NextPart"/>, and goes on to the next one.</summary>
    /// <param name="buffer">The frame stands at its start.</param>
    /// <param name="key">The session key.</param>
    /// <param name="isQuiet">True when its answer is not wanted if it would be Continue.</param>
    /// <returns>The frame's length.</returns>
    public int Seal(byte[] buffer, uint key, bool isQuiet)
    {
        int index = NextPart++;
        Part part = parts[index];
        bool isLast = index == parts.Count - 1;
        int payload = Frame.HeaderBytes - Block.ClientAt; // Where a field of a block stands in the frame.
        Buffers.PutUInt32(buffer, payload + Block.ClientAt, Client);
        Buffers.PutUInt32(buffer, payload + Block.FingerprintAt, index == 0 ? 0 : crcs[index - 1]);
        Buffers.PutUInt32(buffer, payload + Block.TrackAt, part.Item.Track);
        Buffers.PutUInt16(buffer, payload + Block.LengthAt, part.Item.IsRelease ? Block.Released : part.Item.Data.Length);
        Buffers.PutUInt16(buffer, payload + Block.CountAt, part.Count);
        part.Item.Data.Span.Slice(part.Offset, part.Count).CopyTo(buffer.AsSpan(payload + Block.DataAt));
        uint? expected = part.Offset == 0 ? part.Item.ExpectedVersion : null;
        int flags = (isLast ? WriteFlags.Last : 0) | (expected is null ? 0 : WriteFlags.Expect) | (isQuiet ? WriteFlags.Quiet : 0);
        if (index == 0)
            flags |= (IsBehind ? WriteFlags.Behind : 0) | (IsPassing ? WriteFlags.Passing : 0);
        int payloadBytes = Block.PayloadHeadBytes + part.Count;
        int bytes = Frame.Seal(buffer, key, FrameType.Write, flags, (int)Number, index, (int)(expected ?? 0), payloadBytes);
        if (crcs.Count == index)
            crcs.Add((uint)Buffers.GetInt32(buffer, Frame.HeaderBytes + payloadBytes));
        IsLastSent |= isLast;
        return bytes;
    }

    /// <summary>The board holds all parts before this one.</summary>
    public void Take(int nextPart)
    {
        if (nextPart >= parts.Count)
            throw NvsLineException.NoSense($"part {nextPart} of {parts.Count} wanted");
        if (nextPart > furthestTaken)
        {
            furthestTaken = nextPart;
            Setbacks = 0;
            Tell(parts[nextPart].TotalBefore);
        }
        NextTaken = nextPart;
        NextPart = Math.Max(NextPart, nextPart);
    }

    /// <summary>Sends again from what the board wants next.</summary>
    /// <param name="isHeld">False: the board holds nothing of the request.</param>
    public void GoBack(bool isHeld)
    {
        if (!isHeld)
            NextTaken = 0;
        NextPart = NextTaken;
    }

    /// <summary>It was committed.</summary>
    public virtual void Commit(uint version)
    {
        Tell(parts[^1].TotalBefore + parts[^1].Count);
        End(() => done.TrySetResult(version));
    }

    /// <summary>The board refused it.</summary>
    /// <param name="status">How.</param>
    /// <param name="part">The part that was refused.</param>
    /// <param name="argument">The answer's argument.</param>
    /// <param name="board">The board.</param>
    public virtual void Refuse(Status status, int part, uint argument, BoardInfo board)
    {
        uint? track = part < parts.Count ? parts[part].Item.Track : null;
        string what = items.Count > 1 && track is not null ? $"{What}, track {track}" : What;
        uint? actual = status == Status.VersionMismatch ? argument : null;
        NvsRefusedException refused = new(status, what, track, actual, status == Status.TooLong ? TooLong(board) : null, Id);
        End(() => done.TrySetException(refused));
    }

    /// <inheritdoc/>
    public override void Fail(NvsException cause) => Fail(cause, IsLastSent ? WriteOutcome.Unknown : WriteOutcome.NotCommitted);

    /// <summary>It is given up with this outcome.</summary>
    public virtual void Fail(NvsException cause, WriteOutcome outcome)
    {
        Exception told = IsGivenUp ? new NvsCanceledException(What, outcome, Id, Ct)
            : cause is NvsLineException line ? new NvsLineException(line, What, outcome, Id)
            : cause;
        End(() => done.TrySetException(told));
    }

    /// <inheritdoc/>
    public override void Cancel()
    {
        IsGivenUp = true;
        Fail(new NvsLineException("cancelled", false), WriteOutcome.NotCommitted);
    }

    private void Tell(int bytes)
    {
        if (progress is not null)
            Post(() => progress(bytes));
    }

    private static string Name(IReadOnlyList<WriteItem> items) => items.Count > 1
        ? $"write request of {items.Count} tracks"
        : (items[0].IsRelease ? "release track " : "write track ") + items[0].Track;

    private string TooLong(BoardInfo board)
    {
        int segments = 0;
        long bytes = 0;
        foreach (WriteItem item in items)
        {
            segments += board.SegmentsOf(item.Data.Length);
            bytes += item.Data.Length;
        }
        return $"Its {bytes} bytes need {segments} segments of {board.SegmentDataBytes} bytes, "
            + $"and a request has at most {board.SetSegments}: split it, or format with a larger set.";
    }
}
