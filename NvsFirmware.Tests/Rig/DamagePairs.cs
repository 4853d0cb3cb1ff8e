using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>Each pair of damages within the metadata of a store.</summary>
public sealed class DamagePairs
{
    private readonly StoreHistory store;
    private readonly List<(MediumUnit Unit, string How, byte[] Content)> damages = [];

    private DamagePairs(StoreHistory store)
    {
        this.store = store;
        foreach (MediumUnit unit in store.Units().Where(IsMetadata))
            foreach ((string how, byte[] content) in store.Damages(unit, noises: 1))
                if (!content.AsSpan().SequenceEqual(store.Now.AsSpan(unit.At, unit.Bytes)))
                    damages.Add((unit, how, content));
    }

    /// <summary>Pairs that were tried.</summary>
    public long Pairs { get; private set; }

    /// <summary>What the board said, by state.</summary>
    public Dictionary<Status, long> States { get; } = [];

    /// <summary>Pairs that cannot be told from a store without them, by the reason.</summary>
    public Dictionary<string, long> Excused { get; } = [];

    /// <summary>What was wrong.</summary>
    public List<string> Wrong { get; } = [];

    /// <summary>Tries pairs.</summary>
    /// <param name="store">The store.</param>
    /// <param name="every">1 for each pair, more to leave out some.</param>
    /// <param name="from">The first pair to try.</param>
    /// <param name="progress">Called now and then with what is done.</param>
    public static DamagePairs Try(StoreHistory store, int every = 1, long from = 0, Action<double>? progress = null)
    {
        DamagePairs pairs = new(store);
        long count = 0;
        for (int a = 0; a < pairs.damages.Count; a++)
            for (int b = a + 1; b < pairs.damages.Count; b++)
                if (pairs.damages[a].Unit != pairs.damages[b].Unit && count++ % every == 0 && count > from)
                {
                    pairs.Try(pairs.damages[a], pairs.damages[b], count - 1);
                    if (pairs.Pairs % 100 == 0)
                        progress?.Invoke((double)a / pairs.damages.Count);
                }
        return pairs;
    }

    /// <summary>Why a damage cannot be found, whatever the rest says; null when it can.</summary>
    public static string? Excuse(MediumUnit unit, string how) => unit.Kind == "client" && how is "older" or "zeros"
        ? "an entry of the client table is whole and old, or was never used, as far as anyone can tell" : null;

    public override string ToString() =>
        $"{damages.Count} damages, {Pairs} pairs: {string.Join(", ", States.Select(pair => $"{pair.Value} {pair.Key}"))}; wrong {Wrong.Count}; "
        + string.Join("; ", Excused.Select(pair => $"{pair.Value} where {pair.Key}"));

    private bool IsMetadata(MediumUnit unit) => unit.Kind switch
    {
        "segment" => false,
        "link" => unit.Hits.Count > 0 && store.Medium.Tracks[unit.Hits.First()].Blocks.Count > 1,
        "entry" or "client" => store.Now.AsSpan(unit.At, unit.Bytes).IndexOfAnyExcept((byte)0) >= 0,
        _ => true,
    };

    private void Try((MediumUnit Unit, string How, byte[] Content) first, (MediumUnit Unit, string How, byte[] Content) second, long number)
    {
        Pairs++;
        TestBoard board = store.Board;
        store.Restore(medium =>
        {
            first.Content.CopyTo(medium, first.Unit.At);
            second.Content.CopyTo(medium, second.Unit.At);
        });
        board.Recover();
        States[board.State] = States.GetValueOrDefault(board.State) + 1;
        if (board.State != Status.Ok)
            return;
        string where = $"pair {number}: {first.Unit} {first.How}, {second.Unit} {second.How}";
        string? wrong = null;
        try
        {
            DamageChecks.CheckTracks(board, store.Numbers, store.Tracks, where);
            DamageChecks.CheckLast(board, store.Clients.Values, where);
        }
        catch (Exception e) when (e is AssertFailedException or InvalidOperationException)
        {
            wrong = e.Message;
        }
        if (wrong == null)
            return;
        string? excuse = Excuse(first.Unit, first.How) ?? Excuse(second.Unit, second.How) ?? ExcuseTogether(first, second);
        if (excuse == null)
            Wrong.Add(wrong.StartsWith("Assert", StringComparison.Ordinal) ? wrong : $"{where}: {wrong}");
        else
            Excused[excuse] = Excused.GetValueOrDefault(excuse) + 1;
    }

    private static string? ExcuseTogether(
        (MediumUnit Unit, string How, byte[] Content) first, (MediumUnit Unit, string How, byte[] Content) second)
    {
        bool isEntryOld = first.Unit.Kind == "entry" && first.How is "older" or "zeros" || second.Unit.Kind == "entry" && second.How is "older" or "zeros";
        bool isRecordLost = first.Unit.Kind is "newest record" or "chain" || second.Unit.Kind is "newest record" or "chain";
        if ((first.Unit.Kind, second.Unit.Kind) is ("entry", "chain") or ("chain", "entry"))
            return "a block behind the record is lost, and with it the entry that would tell so";
        return isEntryOld && isRecordLost ? "an entry is whole and old, or zeros, and the sums that would tell it are lost with the record or the chain" : null;
    }
}
