using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using Status = NvsFirmware.Wire.Status;

namespace NvsHost.Commands;

/// <summary>Reads all tracks of a store as they are at one moment, while others may commit.</summary>
/// <remarks>
/// A pass lists the tracks and reads those whose version is another one than what was read before. When the number of the last commit is
/// the same before and after a pass, nothing was committed meanwhile: what has been read is the store as that commit left it.
/// </remarks>
internal sealed class StoreReading(NvsClient client, IProgress<int>? progress, CancellationToken ct)
{
    private readonly Dictionary<uint, BackupTrack> read = [];
    private readonly Dictionary<uint, BackupTrack> now = [];

    /// <summary>How many passes it took.</summary>
    public int Passes { get; private set; }

    /// <summary>The tracks by number.</summary>
    public IReadOnlyList<BackupTrack> Tracks => [.. now.Values.OrderBy(track => track.Track)];

    /// <summary>The last commit when the reading began.</summary>
    public uint FirstVersion { get; private set; }

    /// <summary>The last commit when it ended.</summary>
    public uint LastVersion { get; private set; }

    /// <summary>The tracks are as they were at one moment.</summary>
    public bool IsSnapshot { get; private set; }

    /// <summary>Makes passes until nothing was committed during one, but not more than so many.</summary>
    public async Task RunAsync(int mostPasses)
    {
        uint before = FirstVersion = await VersionAsync().ConfigureAwait(false);
        while (!IsSnapshot && Passes < mostPasses)
        {
            await PassAsync().ConfigureAwait(false);
            Passes++;
            LastVersion = await VersionAsync().ConfigureAwait(false);
            IsSnapshot = LastVersion == before;
            before = LastVersion;
        }
    }

    private async Task<uint> VersionAsync() => (await client.InfoAsync(ct).ConfigureAwait(false)).Version;

    private async Task PassAsync()
    {
        IReadOnlyList<TrackEntry> listed = await client.ListAsync(ct).ConfigureAwait(false);
        now.Clear();
        foreach (TrackEntry entry in listed)
        {
            if (now.TryGetValue(entry.Track, out BackupTrack? other) && other.Data is not null)
                continue; // A damaged entry of the same track.
            BackupTrack? track = read.TryGetValue(entry.Track, out BackupTrack? had) && had.Version == entry.Version && had.Data is not null
                ? had
                : await ReadAsync(entry).ConfigureAwait(false);
            if (track is not null) // Else it was released after the list.
                now[entry.Track] = read[entry.Track] = track;
            progress?.Report(now.Count);
        }
    }

    private async Task<BackupTrack?> ReadAsync(TrackEntry entry)
    {
        try
        {
            return await client.ReadAsync(entry.Track, null, ct).ConfigureAwait(false) is { } track ? BackupTrack.Of(track) : null;
        }
        catch (NvsRefusedException e) when (e.Status == Status.TrackDamaged)
        {
            return BackupTrack.Of(entry, entry.Damage == Damage.None ? Damage.Data : entry.Damage);
        }
    }
}
