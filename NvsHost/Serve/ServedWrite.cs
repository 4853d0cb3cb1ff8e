using System.Collections.Generic;
using System.Threading;
using NvsFirmware.Wire;

namespace NvsHost.Serve;

/// <summary>A guest's write request, whole: it is passed on with the guest's own client, number and content.</summary>
/// <param name="session">The guest's session.</param>
/// <param name="client">The client's id.</param>
/// <param name="items">The tracks.</param>
/// <param name="isBehind">True if the guest said: only behind the request before.</param>
internal sealed class ServedWrite(GuestSession session, uint client, IReadOnlyList<WriteItem> items, bool isBehind)
    : WriteRequest(client, items, null, CancellationToken.None)
{
    /// <summary>How the board refused it.</summary>
    public (Status Status, int Part, uint Argument) Refusal { get; private set; }

    /// <inheritdoc/>
    public override bool MustFollow => isBehind && !session.IsLastCommit(Client, GivenNumber!.Value - 1);

    /// <inheritdoc/>
    public override void Commit(uint version)
    {
        session.NoteCommit(Client, GivenNumber!.Value);
        base.Commit(version);
    }

    /// <inheritdoc/>
    public override void Refuse(Status status, int part, uint argument, BoardInfo board)
    {
        Refusal = (status, part, argument);
        base.Refuse(status, part, argument, board);
    }
}
