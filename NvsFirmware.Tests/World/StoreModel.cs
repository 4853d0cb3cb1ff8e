using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.World;

/// <summary>A write request, as its host put it together.</summary>
public sealed record ModelRequest(uint Client, uint Number, IReadOnlyList<TrackItem> Items);

/// <summary>What the store promises, without segments, records or frames: says at any moment which answers are right.</summary>
/// <remarks>
/// At most one write request is undecided. The first thing that tells its outcome decides it; everything told later must agree.
/// </remarks>
public sealed class StoreModel
{
    private const int ClientsKept = 9; // that of the last commit and the eight before it

    private readonly List<(uint Client, uint Number, uint Version)> clients = []; // the last committed first
    private Geometry geometry = new(0x2000, 0, 0);

    public sealed record ModelTrack(uint Version, byte[] Data);

    public SortedDictionary<uint, ModelTrack> Tracks { get; } = [];

    /// <summary>Number of the last commit.</summary>
    public uint Sequence { get; private set; }

    /// <summary>The write request whose outcome nobody has been told yet.</summary>
    public ModelRequest? Undecided { get; private set; }

    /// <summary>The active-set flag.</summary>
    public int Flag { get; private set; }

    /// <summary>Called at each commit.</summary>
    public Action<ModelRequest>? Committed { get; set; }

    public long Commits { get; private set; }

    /// <summary>Write requests that turned out committed though their answer never came.</summary>
    public long CommitsFoundLater { get; private set; }

    public Geometry Geometry => geometry;

    public int FreeSegments => geometry.Segments - Tracks.Values.Sum(track => geometry.SegmentsFor(track.Data.Length));

    private uint NextSequence => Sequence == uint.MaxValue ? 1 : Sequence + 1;

    /// <summary>A new, empty store.</summary>
    public void Format(Geometry newGeometry)
    {
        geometry = newGeometry;
        Tracks.Clear();
        clients.Clear();
        Sequence = 0;
        Flag = 0;
        Undecided = null;
    }

    /// <summary>Frames of a write request go on the line: from now on it may be committed.</summary>
    public void Begin(ModelRequest request)
    {
        World.Check(Undecided == null, $"the host begins a write request before the one before it is decided");
        Undecided = request;
    }

    /// <summary>What the board must answer to the request, as things are.</summary>
    /// <param name="request">Any request.</param>
    /// <param name="actualVersion">With VersionMismatch: the version it must tell.</param>
    public Status Expect(ModelRequest request, out uint actualVersion)
    {
        int used = 0;
        int tracks = 0;
        int freed = 0;
        int slots = Tracks.Count;
        actualVersion = 0;
        HashSet<uint> seen = [];
        foreach (TrackItem item in request.Items)
        {
            bool exists = Tracks.TryGetValue(item.Track, out ModelTrack? old);
            int count = item.Data == null ? 0 : geometry.SegmentsFor(item.Data.Length);
            if (item.Data != null && (item.Data.Length > geometry.LongestTrackBytes || used + count > geometry.SetSegments) || tracks == geometry.SetSegments)
                return Status.TooLong;
            if (!seen.Add(item.Track))
                return Status.BadRequest;
            actualVersion = old?.Version ?? 0;
            if (item.Expected is uint expected && expected != actualVersion)
                return Status.VersionMismatch;
            if (item.Data == null && !exists)
                return Status.NotFound;
            if (item.Data != null && !exists && ++slots > geometry.TrackSlots)
                return Status.Full;
            tracks++;
            used += count;
            freed += exists ? geometry.SegmentsFor(old!.Data.Length) : 0;
        }
        return FreeSegments - used + freed < geometry.SetSegments ? Status.Full : Status.Ok;
    }

    /// <summary>The board says that the request is committed.</summary>
    public void Acknowledged(ModelRequest request, uint version)
    {
        World.Check(ReferenceEquals(Undecided, request), $"request {request.Number}, which is decided, is acknowledged");
        DecideCommitted(version);
    }

    /// <summary>The board refuses the request for a reason of the store's.</summary>
    public void Refused(ModelRequest request, Status status, uint actualVersion)
    {
        World.Check(ReferenceEquals(Undecided, request), $"request {request.Number}, which is decided, is refused with {status}");
        Status expected = Expect(request, out uint expectedVersion);
        World.Check(status == expected, $"request {request.Number} is answered {status}; right is {expected}");
        World.Check(status != Status.VersionMismatch || actualVersion == expectedVersion, $"VersionMismatch tells version {actualVersion} instead of {expectedVersion}");
        Undecided = null;
    }

    /// <summary>LAST was answered; <paramref name="told"/> is null when the store knows nothing of the client.</summary>
    public void LastTold(uint client, (uint Number, uint Version)? told)
    {
        if (Undecided?.Client == client)
        {
            if (told?.Number == Undecided.Number)
            {
                CommitsFoundLater++;
                DecideCommitted(told.Value.Version);
            }
            else
            {
                Undecided = null;
            }
        }
        int rank = clients.FindIndex(entry => entry.Client == client);
        if (told == null)
        {
            World.Check(rank < 0 || rank >= ClientsKept, $"LAST knows nothing of client {client:x}, which is {rank} clients back");
            return;
        }
        World.Check(rank >= 0, $"LAST tells request {told.Value.Number} of client {client:x}, which committed nothing");
        World.Check(clients[rank].Number == told.Value.Number && clients[rank].Version == told.Value.Version,
            $"LAST tells client {client:x} request {told.Value.Number}, version {told.Value.Version}; right is {clients[rank]}");
    }

    /// <summary>INFO told the last commit.</summary>
    public void SequenceTold(uint sequence)
    {
        if (Undecided != null)
        {
            if (sequence == NextSequence)
            {
                CommitsFoundLater++;
                DecideCommitted(sequence);
            }
            else
            {
                Undecided = null;
            }
        }
        World.Check(sequence == Sequence, $"the last commit is said to be {sequence} instead of {Sequence}");
    }

    /// <summary>A track was read; <paramref name="data"/> is null when there is none.</summary>
    public void TrackRead(uint track, uint version, byte[]? data)
    {
        if (Undecided?.Items.FirstOrDefault(i => i.Track == track) is { } item)
        {
            bool isNew = item.Data == null ? data == null && Tracks.ContainsKey(track) : data != null && version == NextSequence;
            if (isNew)
            {
                CommitsFoundLater++;
                DecideCommitted(NextSequence);
            }
            else
            {
                Undecided = null;
            }
        }
        if (!Tracks.TryGetValue(track, out ModelTrack? right))
        {
            World.Check(data == null, $"track {track} reads as version {version}, {data?.Length} bytes; there is no such track");
            return;
        }
        World.Check(data != null, $"track {track} is not found; it has version {right.Version}");
        World.Check(version == right.Version && data!.AsSpan().SequenceEqual(right.Data),
            $"track {track} reads as version {version}, {data?.Length} bytes; right is version {right.Version}, {right.Data.Length} bytes");
    }

    /// <summary>LIST told all tracks.</summary>
    public void Listed(IReadOnlyDictionary<uint, (uint Version, int Length)> told)
    {
        if (Undecided != null)
        {
            if (IsSame(told, After(Undecided)) && !IsSame(told, Tracks))
            {
                CommitsFoundLater++;
                DecideCommitted(NextSequence);
            }
            else
            {
                Undecided = null;
            }
        }
        World.Check(IsSame(told, Tracks), $"LIST tells {told.Count} tracks, which are not the {Tracks.Count} tracks of the store");
    }

    /// <summary>A store was recovered from the medium as it is at this moment; all of it is given.</summary>
    public void Recovered(uint sequence, IReadOnlyDictionary<uint, ModelTrack> found, int freeSegments)
    {
        bool isNew = Undecided != null && sequence == NextSequence;
        World.Check(isNew || sequence == Sequence, $"recovery finds commit {sequence}; the last one is {Sequence}");
        IReadOnlyDictionary<uint, ModelTrack> right = isNew ? After(Undecided!) : Tracks;
        World.Check(found.Count == right.Count, $"recovery finds {found.Count} tracks instead of {right.Count}");
        int owned = 0;
        foreach ((uint number, ModelTrack track) in right)
        {
            World.Check(found.TryGetValue(number, out ModelTrack? other) && other.Version == track.Version && other.Data.AsSpan().SequenceEqual(track.Data),
                $"recovery finds another track {number}");
            owned += geometry.SegmentsFor(track.Data.Length);
        }
        World.Check(freeSegments == geometry.Segments - owned, $"recovery finds {freeSegments} free segments; right is {geometry.Segments - owned}");
    }

    private void DecideCommitted(uint version)
    {
        ModelRequest request = Undecided!;
        World.Check(version == NextSequence, $"request {request.Number} was committed as version {version} instead of {NextSequence}");
        Status expected = Expect(request, out _);
        World.Check(expected == Status.Ok, $"request {request.Number} was committed; right is {expected}");
        Sequence = version;
        Flag = 1 - Flag;
        foreach (TrackItem item in request.Items)
            if (item.Data == null)
                Tracks.Remove(item.Track);
            else
                Tracks[item.Track] = new ModelTrack(version, item.Data);
        clients.RemoveAll(entry => entry.Client == request.Client);
        clients.Insert(0, (request.Client, request.Number, version));
        Undecided = null;
        Commits++;
        Committed?.Invoke(request);
    }

    private SortedDictionary<uint, ModelTrack> After(ModelRequest request)
    {
        SortedDictionary<uint, ModelTrack> tracks = new(Tracks);
        foreach (TrackItem item in request.Items)
            if (item.Data == null)
                tracks.Remove(item.Track);
            else
                tracks[item.Track] = new ModelTrack(NextSequence, item.Data);
        return tracks;
    }

    private static bool IsSame(IReadOnlyDictionary<uint, (uint Version, int Length)> told, IReadOnlyDictionary<uint, ModelTrack> right) =>
        told.Count == right.Count
        && right.All(pair => told.TryGetValue(pair.Key, out (uint Version, int Length) entry)
            && entry.Version == pair.Value.Version && entry.Length == pair.Value.Data.Length);
}
