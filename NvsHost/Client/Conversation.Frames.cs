using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsHost;

/// <content>What is sent, and what follows from what is heard.</content>
internal sealed partial class Conversation
{
    private readonly byte[] frame = new byte[Frame.TotalBytes(ushort.MaxValue)];
    private uint lastQuery; // Number of a request that is no write request.
    private uint doubted; // For which client LAST is asked.

    // ---- Sending.

    private void Fill()
    {
        window.Empty();
        if (line is null)
            return;
        bool isAlone = window.IsEmpty && row.Count == 0;
        if (phase == Phase.Open && (isHelloDue || row.IsHelloDue || (isAlone && queue.FirstOrDefault() is HelloQuery)))
            BeginHello();
        if (phase == Phase.Open)
            PutRequests();
        // Perhaps what comes next needs it.
        if (phase == Phase.Hello && isDue)
            PutHello();
        else if (phase == Phase.Asking && isDue)
            PutLast();
    }

    private void PutRequests()
    {
        if (row.IsHeld)
        {
            if (!window.IsEmpty)
                return;
            row.GoBack(true, Board!);
        }
        foreach (WriteRequest write in row.Requests)
            if (!PutParts(write))
                return;
        while (phase == Phase.Open && queue.Count > 0 && PutNext(queue[0]))
        {
        }
    }

    // False when nothing more can be sent now.
    private bool PutNext(Request request)
    {
        bool isAlone = window.IsEmpty && row.Count == 0;
        if (request is HelloQuery || (request.IsAlone && !isAlone) || window.IsTaken)
            return false;
        if (!request.IsWanted)
        {
            queue.RemoveAt(0);
            request.Cancel();
            return true;
        }
        if (request is WriteRequest write)
            return PutWrite(write);
        Query query = (Query)request;
        if (!window.HasRoom(query.FrameBytes, Board!))
            return false;
        queue.RemoveAt(0);
        uint number = ++lastQuery;
        Put(query.Seal(frame, session.Key, number), query, number, 0);
        return true;
    }

    private bool PutWrite(WriteRequest write)
    {
        if (Board!.PieceBytes == 0)
        {
            // No store, when HELLO was said last.
            if (write.IsGreeted)
            {
                queue.RemoveAt(0);
                write.Refuse(Board.State, 0, 0, Board);
                return true;
            }
            write.IsGreeted = true;
            BeginHello();
            return false;
        }
        if (!row.IsSessionOf(write))
        {
            // Another client's turn begins a session of its own.
            if (window.IsEmpty && row.Count == 0)
                BeginHello();
            return false;
        }
        if (write.GivenNumber is null && !row.AreNumbersKnown)
        {
            BeginAsking();
            return false;
        }
        write.Cut(Board.PieceBytes);
        if (!window.HasRoom(write.FrameBytes(0), Board) || (row.Count > 0 && !Board.CanBehind))
            return false;
        queue.RemoveAt(0);
        row.Begin(write, Board);
        return PutParts(write);
    }

    private bool PutParts(WriteRequest write)
    {
        while (write.NextPart < write.PartCount)
        {
            int part = write.NextPart;
            if (!window.HasRoom(write.FrameBytes(part), Board!) || (part == 0 && !row.Place(write)))
                return false;
            bool isQuiet = part + 1 < write.PartCount && window.CanBeQuiet(write.FrameBytes(part), write.FrameBytes(part + 1), Board!);
            Put(write.Seal(frame, session.Key, isQuiet), write, write.Number, part, isQuiet);
        }
        return true;
    }

    private void PutLast()
    {
        isDue = false;
        asked++;
        doubted = row.DoubtedClient;
        dueMs = NowMs + window.WaitMs(Board!);
        uint number = ++lastQuery;
        Put(Frame.Seal(frame, session.Key, FrameType.Last, 0, (int)number, 0, (int)doubted, 0), null, number, 0);
    }

    private void PutHello()
    {
        isDue = false;
        dueMs = NowMs + HelloEveryMs + options.LineMs(Frame.HeaderBytes + Frame.TotalBytes(Payload.HelloAnswer.Bytes));
        window.PutUncounted(frame, session.Seal(frame));
        movedMs = NowMs;
    }

    private void Put(int bytes, Request? request, uint number, int part, bool isQuiet = false)
    {
        window.Put(frame, bytes, request, number, part, isQuiet);
        movedMs = NowMs;
    }

    // ---- Hearing.

    private void Hear(NvsLine from, AnswerFrame? answer) => Act(() =>
    {
        if (from != line)
            return;
        if (answer is null)
            Disturb();
        else if (answer.Type == (FrameType.Lost & ~FrameType.Answer))
            HearLost(answer.Argument);
        else if (answer.Type == FrameType.Hello)
            HearHello(answer);
        else
            HearAnswer(answer);
    });

    private void HearLost(uint boardKey)
    {
        if (phase is not (Phase.Open or Phase.Asking))
            return;
        NvsLog.Lost(options.Logger, boardKey == session.Key);
        NvsMetrics.LineFailed();
        if (boardKey == session.Key)
            Disturb();
        else
            BeginHello();
    }

    private void HearHello(AnswerFrame answer)
    {
        if (phase != Phase.Hello || !session.IsMine(answer))
            return;
        if (!session.IsLatest(answer))
        {
            dueMs = NowMs + options.TimeoutMs; // The answer to the latest is on its way.
            return;
        }
        if (answer.Payload is null)
            return;
        if (session.Take(answer) is { } wrong)
        {
            attached?.TrySetException(wrong);
            FailAll(wrong);
            phase = Phase.Idle;
            TellState();
            return;
        }
        BoardInfo board = Board!;
        line!.Key = session.Key;
        row.BeginSession();
        isHelloDue = false;
        isNewSession = true;
        Lose(window.SettleAll());
        phase = Phase.Open;
        NvsLog.Greeted(options.Logger, board.BoardName, board.State, board.StoreId);
        TellState();
        if (attached is { } opened)
            door.Post(() => opened.TrySetResult(board)); // Who opens it hears of later changes only.
        attached = null;
        foreach (FormatQuery format in queue.OfType<FormatQuery>())
            if (format.Setbacks > 0 && format.Take(board))
                Meet(format.NewId);
        CheckStore(board);
        foreach (HelloQuery hello in queue.OfType<HelloQuery>())
            hello.Take(board, answer.Payload);
        queue.RemoveAll(request => request.IsDone);
        if (row.Count > 0)
            BeginAsking();
    }

    // Requests that were meant for another store are not carried out on this one.
    private void CheckStore(BoardInfo board)
    {
        if (board.State != Status.Ok)
            return;
        if (session.StoreId is { } before && before != board.StoreId)
        {
            NvsLineException other = new($"The board's store is another one than before: {board.StoreId} instead of {before}.", false);
            row.FailAll(other);
            foreach (WriteRequest write in queue.OfType<WriteRequest>())
                write.Fail(other);
        }
        Meet(board.StoreId);
        row.Learn(board.Version);
    }

    private void Meet(string storeId)
    {
        bool isFirst = session.StoreId is null;
        if (!session.Meet(storeId) && !isFirst)
            return;
        row.ForgetVersions();
        if (!isFirst)
            StoreChanged?.Invoke();
    }

    private void HearAnswer(AnswerFrame answer)
    {
        int at = window.IndexOf(answer);
        if (at < 0)
            return; // A repetition, or of a request before the last HELLO.
        movedMs = NowMs;
        if (phase == Phase.Asking)
            dueMs = Math.Max(dueMs, NowMs + window.WaitMs(Board!));
        Lose(window.Settle(at));
        SentFrame sent = window.Frames[0];
        switch (sent.Request)
        {
            case null:
                window.Settle(1);
                HearLast(answer);
                break;
            case Query query:
                HearQuery(query, answer);
                break;
            case WriteRequest write:
                window.Settle(1);
                if (!write.IsDone)
                    HearWrite(write, sent.Part, answer);
                break;
        }
    }

    private void HearQuery(Query query, AnswerFrame answer)
    {
        Taken taken = answer.Status == Status.Continue ? Taken.Part : Taken.All;
        if (!query.IsDone)
            try
            {
                taken = answer.Payload is null || answer.Status is Status.BadCrc or Status.Lost ? Taken.Again : query.Take(answer);
                query.Setbacks = taken == Taken.Again ? query.Setbacks : 0;
            }
            catch (NvsException e)
            {
                query.Fail(e);
            }
        if (taken == Taken.Part)
            return;
        window.Settle(1);
        if (taken == Taken.Again)
        {
            isHelloDue |= answer.Status == Status.Lost;
            Repeat([query]);
        }
        if (query is FormatQuery format && answer.Status == Status.Ok)
        {
            Meet(format.NewId);
            isHelloDue = true; // The session has ended with the old store.
        }
    }

    private void HearWrite(WriteRequest write, int part, AnswerFrame answer)
    {
        switch (answer.Status)
        {
            case Status.Ok when part == write.PartCount - 1:
                row.Commit(write, answer.Argument);
                break;
            case Status.Continue when answer.Argument < write.PartCount:
                write.Take((int)answer.Argument);
                break;
            case Status.WrongOrder when answer.Argument < write.PartCount:
                write.Take((int)answer.Argument);
                write.Setbacks++;
                row.IsHeld = true;
                break;
            case Status.BadCrc:
                write.Setbacks++;
                row.IsHeld = true;
                break;
            case Status.Lost:
                isHelloDue = true; // The board has lost its place, and trusts no unknown client until HELLO or a silence.
                break;
            case Status.NotNext when write.IsBehind && !(write.MustFollow && write == row.Requests[0]):
                row.IsHeld = true; // The one before it was lost or refused: again, when that is settled.
                break;
            case Status.ChipError or Status.InternalError or Status.OldRequest or Status.Conflict:
                write.InDoubt = answer.Status;
                BeginAsking();
                break;
            case Status.Ok or Status.Continue or Status.WrongOrder:
                write.InDoubt = Status.InternalError;
                BeginAsking(); // That makes no sense; LAST does.
                break;
            default:
                row.Refuse(write, answer.Status, part, answer.Argument, Board!);
                break;
        }
    }

    private void HearLast(AnswerFrame answer)
    {
        if (phase != Phase.Asking)
            return;
        if (answer.Payload is null)
        {
            isDue = true;
            return;
        }
        LastAnswer last;
        try
        {
            last = LastAnswer.Of(answer);
        }
        catch (NvsLineException e)
        {
            LoseLine(e);
            return;
        }
        phase = Phase.Open;
        if (!last.CanTell && !row.AreNumbersKnown && queue.FirstOrDefault() is WriteRequest { GivenNumber: null } next)
        {
            queue.RemoveAt(0);
            next.Refuse(last.Status, 0, 0, Board!);
        }
        row.Settle(last, doubted, Board!);
        row.GoBack(!isNewSession, Board!);
        isNewSession = false;
    }

    // ---- What was lost.

    private void Lose(List<SentFrame> lost)
    {
        Repeat(lost.Select(sent => sent.Request).OfType<Query>().Where(query => !query.IsDone).ToList());
        if (lost.Any(sent => sent.Request is WriteRequest { IsDone: false } && !sent.IsQuiet))
            BeginAsking();
    }

    private void Repeat(List<Query> queries)
    {
        NvsMetrics.Repeated(queries.Count);
        foreach (Query query in queries)
        {
            query.Setbacks++;
            if (query.Setbacks > options.Retries)
                query.Fail(new NvsLineException($"There is no intact answer, asked {query.Setbacks} times: is the line noisy?", true));
            isHelloDue |= query is FormatQuery;
        }
        queue.InsertRange(0, queries.Where(query => !query.IsDone));
    }
}
