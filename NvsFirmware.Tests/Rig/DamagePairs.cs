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

    /// <summary>What was wrong, and with which pair.</summary>
    public List<(long Pair, string Text)> Wrong { get; } = [];

    /// <summary>Tries pairs.</summary>
    /// <param name="store">The store.</param>
    /// <param name="every">1 for each pair, more to leave out some.</param>
    /// <param name="only">The number of the one pair to try.</param>
    /// <param name="progress">Called now and then with what is done.</param>
    public static DamagePairs Try(StoreHistory store, int every = 1, long? only = null, Action<double>? progress = null)
    {
        DamagePairs pairs = new(store);
        long number = -1;
        for (int a = 0; a < pairs.damages.Count; a++)
            for (int b = a + 1; b < pairs.damages.Count; b++)
            {
                if (pairs.damages[a].Unit == pairs.damages[b].Unit)
                    continue;
                number++;
                if (only is long one ? number != one : number % every != 0)
                    continue;
                pairs.Try(pairs.damages[a], pairs.damages[b], number);
                if (pairs.Pairs % 100 == 0)
                    progress?.Invoke((double)a / pairs.damages.Count);
            }
        return pairs;
    }

    /// <summary>Why a damage cannot be found, whatever the rest says; null when it can.</summary>
    public static string? Excuse(MediumUnit unit, string how) => unit.Kind == "client" && how is "older" or "zeros"
        ? "an entry of the client table is whole and old, or was never used, as far as anyone can tell" : null;

    public override string ToString() =>
        $"{damages.Count} damages, {Pairs} pairs: {string.Join(", ", States.Select(pair => $"{pair.Value} {pair.Key}"))}; "
        + $"wrong {Wrong.Count}; {string.Join("; ", Excused.Select(pair => $"{pair.Value} where {pair.Key}"))}";

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
            Wrong.Add((number, wrong.StartsWith("Assert", StringComparison.Ordinal) ? wrong : $"{where}: {wrong}"));
        else
            Excused[excuse] = Excused.GetValueOrDefault(excuse) + 1;
    }

    private static string? ExcuseTogether(
        (MediumUnit Unit, string How, byte[] Content) first, (MediumUnit Unit, string How, byte[] Content) second)
    {
        (MediumUnit Unit, string How, byte[] Content)[] both = [first, second];
        bool isEntryOld = both.Any(damage => damage.Unit.Kind == "entry" && damage.How is "older" or "zeros");
        bool isRecordLost = both.Any(damage => damage.Unit.Kind is "newest record" or "chain");
        return isEntryOld && isRecordLost
            ? "an entry is whole and old, or zeros, and the sums that would tell it are lost with the record or the chain"
            : null;
    }
}
