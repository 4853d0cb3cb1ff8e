using System.Collections.Generic;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>What LAST tells, and what follows from it: the table of docs/protocol.md, 'Clients and numbers'.</summary>
/// <param name="Status">Ok, NotFound, or why the store cannot tell.</param>
/// <param name="Number">Number of the client's write request that was committed last.</param>
/// <param name="Fingerprint">Its fingerprint.</param>
/// <param name="Version">The version that it gave its tracks.</param>
/// <param name="Horizon">No client that stays and may be forgotten committed later than this version; 0: none was forgotten.</param>
/// <param name="PassingHorizon">The same of the clients that only pass by.</param>
/// <param name="StoreVersion">Number of the store's last commit.</param>
internal readonly record struct LastAnswer(
    Status Status, uint Number, uint Fingerprint, uint Version, uint Horizon, uint PassingHorizon, uint StoreVersion)
{
    // A client whose last commit was so many commits ago may be forgotten whatever the horizon says.
    private const uint MostCommits = 1u << 30;

    /// <summary>False when the store cannot tell who committed what.</summary>
    public bool CanTell => Status is Status.Ok or Status.NotFound;

    /// <summary>Reads the answer.</summary>
    public static LastAnswer Of(AnswerFrame answer)
    {
        if (answer.Status is not (Status.Ok or Status.NotFound))
            return new LastAnswer(answer.Status, 0, 0, 0, 0, 0, 0);
        byte[] p = answer.Checked(Payload.LastAnswer.Bytes);
        return new LastAnswer(
            answer.Status,
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.Number),
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.Fingerprint),
            answer.Argument,
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.Horizon),
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.PassingHorizon),
            (uint)Buffers.GetInt32(p, Payload.LastAnswer.StoreVersion));
    }

    /// <summary>What became of one write request.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="knownVersion">A version that the client knew before it sent the request.</param>
    /// <param name="isPassing">True if it said that its client only passes by.</param>
    /// <remarks>What was committed because a later request, sent behind it, was, is told by <see cref="CommittedOf"/>.</remarks>
    public WriteOutcome OutcomeOf(uint number, uint fingerprint, uint knownVersion, bool isPassing)
    {
        switch (Status)
        {
            case Status.Ok when Number == number && Fingerprint == fingerprint:
                return WriteOutcome.Committed;
            case Status.Ok when IsLater(Number, number):
                return WriteOutcome.Unknown;
            case Status.Ok or Status.NotFound:
                // One that passes by may have had a place among those that stay: its id may have been used so.
                bool isKnown = IsWithin(Horizon, knownVersion) && (!isPassing || IsWithin(PassingHorizon, knownVersion));
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

    private static bool IsWithin(uint horizon, uint knownVersion) => horizon == 0 || !IsLater(horizon, knownVersion);

    /// <summary>True if a number, of a request or a commit, comes behind another; both go round.</summary>
    public static bool IsLater(uint number, uint than) => (int)(number - than) > 0;
}
