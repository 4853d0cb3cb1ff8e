using System;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>What an answer frame means for its query.</summary>
internal enum Taken
{
    /// <summary>More parts follow.</summary>
    Part,

    /// <summary>That was all.</summary>
    All,

    /// <summary>A part is missing: ask anew.</summary>
    Again,
}

/// <summary>A request of one frame that may be repeated without harm: everything but WRITE.</summary>
internal abstract class Query(int type, uint argument, byte[] payload, string what, CancellationToken ct) : Request(what, ct)
{
    /// <inheritdoc/>
    public override int Type => type;

    /// <summary>Bytes of its frame.</summary>
    public int FrameBytes => Frame.TotalBytes(payload.Length);

    /// <summary>Writes its frame.</summary>
    /// <returns>The frame's length.</returns>
    public int Seal(byte[] buffer, uint key, uint number)
    {
        payload.CopyTo(buffer, Frame.HeaderBytes);
        Begin();
        return Frame.Seal(buffer, Frame.IsKeyless(type) ? 0 : key, type, 0, (int)number, 0, (int)argument, payload.Length);
    }

    /// <summary>Reads an answer frame whose payload is intact.</summary>
    /// <exception cref="NvsException">The answer is no, or makes no sense.</exception>
    public abstract Taken Take(AnswerFrame answer);

    /// <summary>It is asked, perhaps once more.</summary>
    protected virtual void Begin()
    {
    }
}

/// <summary>A query that has a result.</summary>
internal abstract class Query<T>(int type, uint argument, byte[] payload, string what, CancellationToken ct)
    : Query(type, argument, payload, what, ct)
{
    private readonly TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The result.</summary>
    public Task<T> Result => done.Task;

    /// <inheritdoc/>
    public override void Fail(NvsException cause) => End(() => done.TrySetException(
        cause is NvsLineException line ? new NvsLineException($"{What}: {line.Message}", line.IsTimeout, line) : cause));

    /// <inheritdoc/>
    public override void Cancel() => End(() => done.TrySetCanceled(Ct));

    /// <summary>That is the result.</summary>
    protected void Finish(T result) => End(() => done.TrySetResult(result));

    /// <summary>Throws unless the status is Ok.</summary>
    protected void CheckOk(AnswerFrame answer, uint? track = null)
    {
        if (answer.Status != Status.Ok)
            throw new NvsRefusedException(answer.Status, What, track);
    }
}

/// <summary>A query with an answer of one frame.</summary>
/// <param name="type">See <see cref="FrameType"/>.</param>
/// <param name="argument">The frame's argument.</param>
/// <param name="payload">Its payload.</param>
/// <param name="answerBytes">The least bytes that the answer's payload has.</param>
/// <param name="read">Makes the result of the answer, which has status Ok.</param>
/// <param name="what">What is asked, for a person.</param>
/// <param name="ct">Cancels.</param>
internal sealed class PlainQuery<T>(
    int type, uint argument, byte[] payload, int answerBytes, Func<AnswerFrame, byte[], T> read, string what, CancellationToken ct)
    : Query<T>(type, argument, payload, what, ct)
{
    /// <inheritdoc/>
    public override Taken Take(AnswerFrame answer)
    {
        CheckOk(answer);
        Finish(read(answer, answer.Checked(answerBytes)));
        return Taken.All;
    }
}

/// <summary>LAST.</summary>
internal sealed class LastQuery(uint client, CancellationToken ct) : Query<LastAnswer>(FrameType.Last, client, [], "last", ct)
{
    /// <inheritdoc/>
    public override Taken Take(AnswerFrame answer)
    {
        Finish(LastAnswer.Of(answer));
        return Taken.All;
    }
}

/// <summary>HELLO, asked by the program; the conversation says it.</summary>
internal sealed class HelloQuery(CancellationToken ct) : Query<BoardInfo>(FrameType.Hello, Frame.ProtocolVersion, [], "hello", ct)
{
    /// <inheritdoc/>
    public override Taken Take(AnswerFrame answer) => Taken.All;

    /// <summary>The answer's payload.</summary>
    public byte[] Payload { get; private set; } = [];

    /// <summary>The board has answered.</summary>
    public void Take(BoardInfo board, byte[] payload)
    {
        Payload = payload;
        Finish(board);
    }
}

/// <summary>FORMAT. Whether it was done, after a fault, HELLO tells: the store's id is then the new one.</summary>
internal sealed class FormatQuery(byte[] payload, string newId, string what, CancellationToken ct)
    : Query<string>(FrameType.Format, 0, payload, what, ct)
{
    /// <summary>The id of the store that it makes.</summary>
    public string NewId => newId;

    /// <inheritdoc/>
    public override Taken Take(AnswerFrame answer)
    {
        CheckOk(answer);
        Finish(newId);
        return Taken.All;
    }

    /// <summary>It was lost, and the board has told anew what it is.</summary>
    /// <returns>True if it was done all the same.</returns>
    public bool Take(BoardInfo board)
    {
        if (board.State != Status.Ok || board.StoreId != newId)
            return false;
        Finish(newId);
        return true;
    }
}

/// <summary>READ: puts the parts of the answer together.</summary>
internal sealed class ReadQuery(uint track, Action<int>? progress, CancellationToken ct)
    : Query<NvsTrack?>(FrameType.Read, track, [], $"read track {track}", ct)
{
    private readonly uint track = track;
    private byte[]? data;
    private uint version;
    private int received;
    private int nextPart;

    /// <inheritdoc/>
    protected override void Begin()
    {
        data = null;
        received = 0;
        nextPart = 0;
    }

    /// <inheritdoc/>
    public override Taken Take(AnswerFrame answer)
    {
        if (answer.Part != nextPart)
            return Taken.Again;
        nextPart++;
        if (answer.Status == Status.NotFound)
        {
            Finish(null);
            return Taken.All;
        }
        if (answer.Status != Status.Continue)
            CheckOk(answer, track);
        byte[] p = answer.Checked(Block.PayloadHeadBytes);
        int length = Buffers.GetUInt16(p, Block.LengthAt - Block.ClientAt);
        int pieceBytes = Buffers.GetUInt16(p, Block.CountAt - Block.ClientAt);
        if (data is null)
        {
            data = new byte[length];
            version = answer.Argument;
        }
        bool isLast = answer.Status == Status.Ok;
        if ((uint)Buffers.GetInt32(p, Block.TrackAt - Block.ClientAt) != track || version != answer.Argument || length != data.Length
            || p.Length < Block.PayloadHeadBytes + pieceBytes
            || (isLast ? received + pieceBytes != length : pieceBytes == 0 || received + pieceBytes > length))
            throw NvsLineException.NoSense($"part {answer.Part} of track {track} does not fit the parts before it");
        Array.Copy(p, Block.PayloadHeadBytes, data, received, pieceBytes);
        received += pieceBytes;
        if (progress is not null)
        {
            int count = received;
            Post(() => progress(count));
        }
        if (!isLast)
            return Taken.Part;
        Finish(new NvsTrack(track, version, data));
        return Taken.All;
    }
}
