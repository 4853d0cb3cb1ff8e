using System.Collections.Generic;
using System.Threading;
using NvsFirmware.Wire;

namespace NvsHost.Serve;

/// <summary>A guest's request that is no write request: passed on as it is, and so is its answer, when it is whole.</summary>
internal sealed class RelayQuery(int type, uint argument, byte[] payload)
    : Query<IReadOnlyList<AnswerFrame>>(type, argument, payload, $"request {type:x2} of a program", CancellationToken.None)
{
    private readonly List<AnswerFrame> parts = [];

    /// <inheritdoc/>
    public override Taken Take(AnswerFrame answer)
    {
        if (answer.Part != parts.Count)
            return Taken.Again;
        parts.Add(answer);
        if (answer.Status == Status.Continue)
            return Taken.Part;
        Finish(parts);
        return Taken.All;
    }

    /// <inheritdoc/>
    protected override void Begin() => parts.Clear();
}
