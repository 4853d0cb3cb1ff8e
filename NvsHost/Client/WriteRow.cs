using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>
/// The write requests that were sent and are not decided, one behind the other, and what decides them: an answer, or LAST. Also
/// what is known of numbers and versions.
/// </summary>
/// <remarks>
/// Invariants: the row has the order of the numbers, all of one client; all but the last one were sent to their last part at least
/// once. A session's write requests are one client's: then a number stands for one request, and what the board remembers of it is not
/// another's.
/// </remarks>
internal sealed class WriteRow
{
    private readonly NvsClientOptions options;
    private readonly uint ownClient;
    private readonly List<WriteRequest> row = [];
    private uint lastNumber; // Of a write request with this client's id, whoever sent it.
    private uint sessionClient; // Whose write requests this session has; 0: nobody's yet.
    private uint commitVersion; // Of the last commit.

    /// <summary>An empty row.</summary>
    public WriteRow(NvsClientOptions options, uint ownClient)
    {
        this.options = options;
        this.ownClient = ownClient;
        AreNumbersKnown = options.ClientId is null;
    }

    /// <summary>How many there are.</summary>
    public int Count => row.Count;

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<WriteRequest> Requests => row;

    /// <summary>Whom LAST is asked for: whose requests are in doubt.</summary>
    public uint DoubtedClient => row.Count > 0 ? row[0].Client : ownClient;

    /// <summary>False until LAST has told the number of the last request of an id that was in use before.</summary>
    public bool AreNumbersKnown { get; private set; }

    /// <summary>The latest version known.</summary>
    public uint KnownVersion { get; private set; }

    /// <summary>True when nothing is sent until all in flight is settled; then <see cref="GoBack"/> follows.</summary>
    public bool IsHeld { get; set; }

    /// <summary>
    /// True when one was given up undecided: what may be left of it on the line, or in a track's data, must belong to no session.
    /// </summary>
    public bool IsHelloDue { get; private set; }

    /// <summary>A session has begun.</summary>
    public void BeginSession()
    {
        IsHelloDue = false;
        sessionClient = 0;
        AreNumbersKnown &= options.ClientId is null;
    }

    /// <summary>What is known of the versions of another store says nothing of this one.</summary>
    public void ForgetVersions()
    {
        KnownVersion = 0;
        commitVersion = 0;
    }

    /// <summary>A version was told.</summary>
    public void Learn(uint version)
    {
        if (LastAnswer.IsLater(version, KnownVersion))
            KnownVersion = version;
    }

    /// <summary>True if the session may have this client's write requests.</summary>
    public bool IsSessionOf(WriteRequest write) => sessionClient == 0 || sessionClient == write.Client;

    /// <summary>A request enters the row, with its number.</summary>
    public void Begin(WriteRequest write, BoardInfo board)
    {
        sessionClient = write.Client;
        write.Begin(write.GivenNumber ?? ++lastNumber, KnownVersion, (write.GivenPassing ?? options.IsPassing) && board.CanPassing);
        row.Add(write);
    }

    /// <summary>Says whether the first part of a request goes behind the one before it.</summary>
    /// <returns>False when it cannot be sent yet: one between was refused, so it waits until all before it are decided.</returns>
    public bool Place(WriteRequest write)
    {
        int at = row.IndexOf(write);
        if (at > 0 && row[at - 1].Number != write.Number - 1)
            return false;
        write.IsBehind = at > 0 || write.MustFollow;
        return true;
    }

    /// <summary>The board has committed one, and with it all before it.</summary>
    public void Commit(WriteRequest write, uint version) => Commit(row.IndexOf(write) + 1, version);

    /// <summary>The board has refused one.</summary>
    public void Refuse(WriteRequest write, Status status, int part, uint argument, BoardInfo board)
    {
        row.Remove(write);
        write.Refuse(status, part, argument, board);
        IsHeld = row.Count > 0; // All behind it get NotNext.
        NvsMetrics.Refused(status);
    }

    /// <summary>One is given up, though the board has not decided it.</summary>
    public void GiveUp(WriteRequest write, NvsException cause, WriteOutcome outcome)
    {
        row.Remove(write);
        write.Fail(cause, outcome);
        IsHelloDue = true;
    }

    /// <summary>Nobody wants it any more, and its last part was never sent.</summary>
    public void Drop(WriteRequest write) => row.Remove(write);

    /// <summary>The line, or the store, is gone.</summary>
    public void FailAll(NvsException cause)
    {
        foreach (WriteRequest write in row)
            write.Fail(cause);
        row.Clear();
        IsHeld = false;
    }

    /// <summary>Gives up those whose caller has waited long enough to learn the outcome of what it had cancelled.</summary>
    public void Expire(long nowMs)
    {
        foreach (WriteRequest write in row.Where(w => w.IsGivenUp && nowMs >= w.GivenUpMs).ToList())
            GiveUp(write, new NvsLineException("cancelled", true), WriteOutcome.Unknown);
    }

    /// <summary>When <see cref="Expire"/> has something to do.</summary>
    public long ExpireMs => row.Where(w => w.IsGivenUp).Select(w => w.GivenUpMs).DefaultIfEmpty(long.MaxValue).Min();

    /// <summary>What LAST says of them.</summary>
    /// <param name="last">The answer.</param>
    /// <param name="client">For whom it was asked.</param>
    /// <param name="board">The board.</param>
    public void Settle(LastAnswer last, uint client, BoardInfo board)
    {
        if (last.CanTell)
        {
            Learn(last.StoreVersion);
            if (client == ownClient)
                LearnNumber(last);
        }
        int committed = last.CommittedOf(row.Where(w => w.IsLastSent).Select(w => (w.Number, w.Fingerprint)).ToList());
        if (committed > 0)
            Commit(committed, last.Version);
        foreach (WriteRequest write in row.ToList())
        {
            WriteOutcome outcome = !write.IsLastSent ? WriteOutcome.NotCommitted
                : last.OutcomeOf(write.Number, write.Fingerprint, write.KnownVersion, write.IsPassing);
            if (outcome == WriteOutcome.Unknown)
                GiveUp(write, new NvsLineException(
                    $"The board cannot tell what became of it (LAST: {NvsRefusedException.Name(last.Status)}).", false), outcome);
            else if (write.IsGivenUp)
                GiveUp(write, new NvsLineException("cancelled", false), outcome);
            else if (write.InDoubt is { } status)
                Refuse(write, status, 0, 0, board);
            else if (!last.CanTell)
                Refuse(write, last.Status, 0, 0, board);
        }
        if (row.Count > 0)
            row[0].Setbacks++;
    }

    /// <summary>All in flight is settled: goes on from the first one that is not decided.</summary>
    /// <param name="isHeldByBoard">False: the board holds nothing of it.</param>
    /// <param name="board">The board.</param>
    public void GoBack(bool isHeldByBoard, BoardInfo board)
    {
        IsHeld = false;
        if (row.Count > 0 && row[0].Setbacks > options.Retries)
            GiveUp(row[0], new NvsLineException(
                $"It did not arrive intact in {row[0].Setbacks} attempts: is the line noisy?", false), WriteOutcome.NotCommitted);
        for (int i = 0; i < row.Count; i++)
        {
            if (board.PieceBytes > 0)
                row[i].Cut(board.PieceBytes);
            row[i].GoBack(isHeldByBoard && i == 0);
        }
    }

    private void Commit(int count, uint version)
    {
        // Versions are given in order, so those of the first ones, whose answers were lost, are known if none is left between.
        uint before = row[0].KnownVersion;
        if (commitVersion != 0 && LastAnswer.IsLater(commitVersion, before))
            before = commitVersion;
        bool areKnown = version - before == (uint)count;
        for (int i = 0; i < count; i++)
        {
            row[i].Setbacks = 0;
            row[i].Commit(i == count - 1 ? version : areKnown ? before + (uint)i + 1 : 0);
        }
        row.RemoveRange(0, count);
        commitVersion = version;
        Learn(version);
        NvsMetrics.Committed(count);
    }

    private void LearnNumber(LastAnswer last)
    {
        if (!AreNumbersKnown && last.Status == Status.Ok && (lastNumber == 0 || LastAnswer.IsLater(last.Number, lastNumber)))
            lastNumber = last.Number;
        AreNumbersKnown = true;
    }
}
