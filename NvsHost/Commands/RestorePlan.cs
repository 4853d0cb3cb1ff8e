using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>What has to be committed so that a store holds what a backup holds.</summary>
/// <remarks>
/// Only what is missing or different is written, so a plan made after an interruption is the rest of the one before. Each item expects
/// the version that was seen here: who writes meanwhile is not overwritten.
/// </remarks>
internal sealed class RestorePlan
{
    private readonly BackupFile backup;

    private RestorePlan(BackupFile backup) => this.backup = backup;

    /// <summary>The write requests, in order: what is released, then what becomes shorter, then the rest.</summary>
    public IReadOnlyList<WriteItem[]> Batches { get; private set; } = [];

    /// <summary>Tracks that are written.</summary>
    public int Written { get; private set; }

    /// <summary>Tracks that the store holds already as the backup has them.</summary>
    public int Unchanged => backup.Tracks.Count - Written;

    /// <summary>Tracks that are released.</summary>
    public int Released { get; private set; }

    /// <summary>Compares the store with the backup.</summary>
    /// <param name="client">The board.</param>
    /// <param name="backup">The backup.</param>
    /// <param name="replace">The id of the store, if it may lose what the backup does not have; null: it may not.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="ArgumentException">The store would lose something, or has no room.</exception>
    public static async Task<RestorePlan> MakeAsync(NvsClient client, BackupFile backup, string? replace, CancellationToken ct)
    {
        BoardInfo board = client.Board;
        if (board.State == Status.Ok && replace is not null && replace != board.StoreId)
            throw new ArgumentException($"The store on this board is {board.StoreId}, not {replace}. Nothing was written.");
        IReadOnlyList<TrackEntry> there = await client.ListAsync(ct).ConfigureAwait(false); // Refused if there is no store.
        CheckRoom(board, backup);
        Dictionary<uint, BackupTrack> wanted = backup.Tracks.ToDictionary(track => track.Track);
        List<(WriteItem Item, int MoreSegments)> items = [];
        HashSet<uint> right = [];
        List<uint> lost = [];
        Dictionary<uint, TrackEntry> present = [];
        foreach (TrackEntry entry in there)
        {
            present[entry.Track] = entry;
            if (!wanted.TryGetValue(entry.Track, out BackupTrack? track))
                lost.Add(entry.Track);
            else if (await HoldsAsync(client, entry, track, ct).ConfigureAwait(false))
                right.Add(entry.Track);
            else
                lost.Add(entry.Track);
        }
        if (lost.Count > 0 && replace is null)
            throw new ArgumentException(
                $"The store {board.StoreId} holds {Session.Count(lost.Count, "track")} that the backup does not have like that, "
                + $"such as track {lost[0]}. Nothing was written. To lose them: nvs restore FILE --replace {board.StoreId}");
        List<WriteItem> releases = [.. lost.Where(track => !wanted.ContainsKey(track)).Distinct().Select(track => Release(present[track]))];
        foreach (BackupTrack track in backup.Tracks.Where(track => !right.Contains(track.Track)))
        {
            TrackEntry? old = present.GetValueOrDefault(track.Track);
            uint? expected = old is null ? 0 : old.Damage == Damage.None ? old.Version : null;
            int oldSegments = old?.Length is { } length ? board.SegmentsOf(length) : 0;
            int moreSegments = board.SegmentsOf(track.Data!.Length) - oldSegments;
            items.Add((WriteItem.Store(track.Track, track.Data, expected), moreSegments));
        }
        List<WriteItem> writes = [.. items.OrderBy(item => item.MoreSegments).Select(item => item.Item)];
        return new RestorePlan(backup)
        {
            Written = writes.Count,
            Released = releases.Count,
            Batches = [.. releases.Chunk(board.SetSegments), .. Together(writes, board)],
        };
    }

    /// <summary>Reads every track of the backup from the store, and compares.</summary>
    /// <exception cref="MismatchException">One is not as in the backup.</exception>
    public async Task VerifyAsync(NvsClient client, CancellationToken ct)
    {
        foreach (BackupTrack track in backup.Tracks)
        {
            NvsTrack? read = await client.ReadAsync(track.Track, null, ct).ConfigureAwait(false);
            if (read is null || !read.Data.AsSpan().SequenceEqual(track.Data))
                throw new MismatchException(
                    $"Track {track.Track} was restored, and is not as in the backup: does another program write to it?");
        }
    }

    // As many tracks into one request as a set holds.
    private static IEnumerable<WriteItem[]> Together(List<WriteItem> items, BoardInfo board)
    {
        List<WriteItem> batch = [];
        int segments = 0;
        foreach (WriteItem item in items)
        {
            int own = board.SegmentsOf(item.Data.Length);
            if (segments + own > board.SetSegments)
            {
                yield return [.. batch];
                batch.Clear();
                segments = 0;
            }
            batch.Add(item);
            segments += own;
        }
        if (batch.Count > 0)
            yield return [.. batch];
    }

    private static void CheckRoom(BoardInfo board, BackupFile backup)
    {
        if (backup.Tracks.FirstOrDefault(track => track.Data!.Length > board.LongestTrackBytes) is { } longest)
            throw new ArgumentException(
                $"Track {longest.Track} has {longest.Length} bytes, and this store takes at most {board.LongestTrackBytes}. "
                + "Nothing was written. Format with larger segments or sets (nvs format --segment-bytes, --set-segments), "
                + "or use the chip size of the backup.");
        long segments = backup.Tracks.Sum(track => (long)board.SegmentsOf(track.Data!.Length));
        if (segments * board.SegmentDataBytes > board.CapacityBytes || backup.Tracks.Count > board.MostTracks)
            throw new ArgumentException(
                $"The backup needs {segments} segments for {backup.Tracks.Count} tracks; "
                + $"this store has {board.CapacityBytes / board.SegmentDataBytes} for at most {board.MostTracks}. "
                + "Nothing was written. Use a larger chip.");
    }

    private static async Task<bool> HoldsAsync(NvsClient client, TrackEntry entry, BackupTrack wanted, CancellationToken ct)
    {
        if (entry.Damage != Damage.None || entry.Length != wanted.Length)
            return false;
        try
        {
            NvsTrack? track = await client.ReadAsync(entry.Track, null, ct).ConfigureAwait(false);
            return track is not null && track.Data.AsSpan().SequenceEqual(wanted.Data);
        }
        catch (NvsRefusedException e) when (e.Status == Status.TrackDamaged)
        {
            return false;
        }
    }

    private static WriteItem Release(TrackEntry entry) =>
        WriteItem.Release(entry.Track, entry.Damage == Damage.None ? entry.Version : null);
}
