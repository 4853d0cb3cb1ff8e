using System.Collections.Generic;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>What LAST tells, and what follows from it: the table of docs/protocol.md, 'Clients and numbers'.</summary>
/// <param name="Status">Ok, NotFound, or why the store cannot tell.</param>
/// <param name="Number">Number of the client's write request that was committed last.</param>
/// <param name="Fingerprint">Its fingerprint.</param>
/// <param name="Version">The version that it gave its tracks.</param>
/// <param name="Horizon">No client that the store may have forgotten committed later than this version; 0: none was forgotten.</param>
/// <param name="StoreVersion">Number of the store's last commit.</param>
internal readonly record struct LastAnswer(Status Status, uint Number, uint Fingerprint, uint Version, uint Horizon, uint StoreVersion)
{
    // A client whose last commit was so many commits ago may be forgotten whatever the horizon says.
    private const uint MostCommits = 1u << 30;

    /// <summary>Reads the answer.</summary>
    public static LastAnswer Of(AnswerFrame answer)
    {
        if (answer.Status is not (Status.Ok or Status.NotFound))
            return new LastAnswer(answer.Status, 0, 0, 0, 0, 0);
        byte[] p = answer.Checked(Payload.LastAnswer.Bytes);
        return new LastAnswer(
            answer.Status,
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.Number),
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.Fingerprint),
            answer.Argument,
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.Horizon),
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.StoreVersion));
    }

    /// <summary>What became of one write request.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="knownVersion">A version that the client knew before it sent the request.</param>
    /// <param name="hasSentLater">True if the client itself has, or may have, sent write requests with later numbers.</param>
    public WriteOutcome OutcomeOf(uint number, uint fingerprint, uint knownVersion, bool hasSentLater)
    {
        switch (Status)
        {
            case Status.Ok when Number == number:
                return Fingerprint == fingerprint ? WriteOutcome.Committed : WriteOutcome.NotCommitted;
            case Status.Ok:
                return IsLater(Number, number) && hasSentLater ? WriteOutcome.Unknown : WriteOutcome.NotCommitted;
            case Status.NotFound:
                bool isKnown = Horizon == 0 || !IsLater(Horizon, knownVersion);
                return isKnown && StoreVersion - knownVersion < MostCommits ? WriteOutcome.NotCommitted : WriteOutcome.Unknown;
            default:
                return WriteOutcome.Unknown;
        }
    }

    /// <summary>How many of these requests, sent one behind the other, were committed for certain: a beginning of the row.</summary>
    public int CommittedOf(IReadOnlyList<(uint Number, uint Fingerprint)> row)
    {
        if (Status == Status.Ok)
            for (int i = row.Count; i > 0; i--)
                if (row[i - 1].Number == Number && row[i - 1].Fingerprint == Fingerprint)
                    return i;
        return 0;
    }

    /// <summary>True if a number, of a request or a commit, comes behind another; both go round.</summary>
    public static bool IsLater(uint number, uint than) => (int)(number - than) > 0;
}
