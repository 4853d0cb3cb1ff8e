using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <summary>What the store promises: says of each answer whether it is right.</summary>
/// <remarks>
/// The watch tells it each commit when it happens, so what the store holds is never in doubt. An answer is right when it was right at some
/// moment between the request and its arrival.
/// </remarks>
public sealed class StoreModel
{
    public const uint CounterTrack = 0xC0FFEE;

    private const int StatesKept = 3000;
    private const int LeftOutByTrouble = 100; // mounts after chip errors, and repairs, leave out one number each
    private const long Forgettable = 1L << 30;
    private const uint MostAhead = 1u << 30; // a number further ahead is another program's

    private readonly List<StoreState> states = [StoreState.Empty(0)];
    private readonly Dictionary<(uint Client, uint Number, uint Fingerprint), ModelRequest> requests = [];
    private readonly Dictionary<uint, HashSet<uint>> numbers = []; // that were ever sent, by client
    private ModelRequest? lastRequest;
    private StoreState? beforeLast;

    /// <summary>The store's sizes; null when there is none.</summary>
    public MediumLayout? Layout { get; private set; }

    public StoreState Now => states[^1];

    public long Commits { get; private set; }

    /// <summary>Commits that a recovery took back before anybody was told: allowed only while the bus fails.</summary>
    public long TakenBack { get; private set; }

    /// <summary>The board has said that the last commit is one, by any answer behind it.</summary>
    public bool IsLastTold { get; set; }

    public int ClientsKept => Layout!.ClientEntries - Layout.PassingEntries;

    /// <summary>A new, empty store.</summary>
    public void Format(long nowUs, MediumLayout layout)
    {
        Layout = layout;
        states.Clear();
        states.Add(StoreState.Empty(nowUs));
        requests.Clear();
        numbers.Clear();
        lastRequest = null;
        beforeLast = null;
    }

    /// <summary>The store is no more.</summary>
    public void Lose(long nowUs)
    {
        Layout = null;
        states.Clear();
        states.Add(StoreState.Empty(nowUs));
    }

    /// <summary>The board starts: it counts from zero, and leaves out a number.</summary>
    public void Boot(long nowUs) => states.Add(Now with { SinceUs = nowUs, Counts = default, MostLeftOut = Now.MostLeftOut + 1 });

    /// <summary>The store may be mounted anew, or repaired, any number of times.</summary>
    public void LeaveOut() => Now.MostLeftOut += LeftOutByTrouble;

    /// <summary>As if there had been many commits more, of tracks released since.</summary>
    /// <param name="from">The last number before: of a commit, or of a mount since.</param>
    public void Jump(long nowUs, uint from, uint version, int lap) =>
        states.Add(Now with
        {
            SinceUs = nowUs,
            Version = version,
            Lap = lap,
            Index = Now.Index + StoreState.Distance(Now.Version, from) + StoreState.Distance(from, version),
            MostLeftOut = 0
        });

    /// <summary>A request that is going to be sent; null when nothing could tell it from one that was sent before.</summary>
    public ModelRequest? Add(uint client, uint number, IReadOnlyList<TrackItem> items, bool isPassing)
    {
        uint fingerprint = Frames.Fingerprint(Frames.WriteRequest(0, number, items, client, Layout!.PieceBytes)[^1]);
        ModelRequest request = new(client, number, items, isPassing, fingerprint);
        if (!requests.TryAdd((client, number, fingerprint), request))
            return null;
        if (!numbers.TryGetValue(client, out HashSet<uint>? sent))
            numbers.Add(client, sent = []);
        sent.Add(number);
        return request;
    }

    /// <summary>A row is in the cells.</summary>
    public void Commit(long nowUs, WatchedRow row, uint session)
    {
        MediumBlock last = row.Last;
        if (Layout == null || Now.Version == last.Version
            && (Now.Last?.Version, Now.Last?.Client, Now.Last?.Number) == (last.Version, last.Client, last.Number))
            return; // the same block once more
        requests.TryGetValue((last.Client, last.Number, last.Fingerprint), out ModelRequest? request);
        World.Check(request != null, $"request {last.Number} of client {last.Client:x} is committed, which nobody has sent");
        World.Check(request!.CommittedAs == null, $"{request} is committed twice, as {request.CommittedAs} and {last.Version}");
        World.Check(!request.IsOver, $"{request} is committed after its host was told that it is not");
        World.Check(request.WasSentAlone || Now.Clients.TryGetValue(last.Client, out ModelCommit? before)
            && before.Number == request.Number - 1,
            $"{request} is committed, but not behind the one before it");
        Refusal right = Judge(Now, request);
        World.Check(right.Status == Status.Ok, $"{request} is committed; right is {right}");
        World.Check(request.IsPassing == last.IsPassing, $"{request} has another flag 'passing' on the medium");
        uint distance = StoreState.Distance(Now.Version, last.Version);
        World.Check(last.Version != 0 && distance >= 1 && distance <= 1 + (uint)Now.MostLeftOut,
            $"{request} is committed as version {last.Version}, behind {Now.Version} with at most {Now.MostLeftOut} left out");
        int lap = last.Version < Now.Version ? (Now.Lap + 1) & 15 : Now.Lap;
        World.Check(last.Lap == lap, $"{request} is committed in lap {last.Lap} instead of {lap}");
        World.Check(last.Set == Now.Flag, $"{request} is in set {last.Set} though the flag says {Now.Flag}");
        CheckCounter(request);
        beforeLast = Now;
        lastRequest = request;
        IsLastTold = false;
        states.Add(After(nowUs, request, row));
        if (states.Count > StatesKept)
            states.RemoveRange(0, StatesKept / 2);
        request.CommittedAs = last.Version;
        request.CommittedInSession = session;
        Commits++;
    }

    /// <summary>A record is in the cells. When it has the last commit's number and is not that commit's, a recovery has taken the commit
    /// back.</summary>
    public void Record(long nowUs, MediumRecord record, bool isTroubled)
    {
        if (Layout == null || lastRequest == null || record.Version != Now.Version || Now.Last == null || Now.Last.Version != Now.Version
            || record.Client == Now.Last.Client && record.Number == Now.Last.Number)
            return;
        World.Check(isTroubled, $"a record takes {lastRequest} back");
        World.Check(!IsLastTold, $"a record takes {lastRequest} back, which was told as committed");
        lastRequest.CommittedAs = null;
        states.Add(beforeLast! with { SinceUs = nowUs, MostLeftOut = beforeLast!.MostLeftOut + LeftOutByTrouble });
        lastRequest = null;
        TakenBack++;
        Commits--;
    }

    public void Acknowledged(ModelRequest request, uint version) =>
        World.Check(request.CommittedAs == version, $"{request} is answered Ok, version {version}; it is {Told(request)}");

    /// <summary>A host concludes from an answer that its request is committed, or that it is not.</summary>
    public void Concluded(ModelRequest request, bool isCommitted) =>
        World.Check(request.CommittedAs != null == isCommitted,
            $"{request} is told as {(isCommitted ? "committed" : "not committed")}; it is {Told(request)}");

    /// <summary>The board refuses the request for a reason of the store's, or of the numbers'.</summary>
    public void Refused(ModelRequest request, Status status, uint argument, long sentUs, bool wasMounted)
    {
        World.Check(request.CommittedAs == null || status == Status.OldRequest,
            $"{request} is refused with {status}; it is {Told(request)}");
        bool isRight = status switch
        {
            Status.OldRequest => Since(sentUs).Any(state => state.Clients.TryGetValue(request.Client, out ModelCommit? last)
                && request.Number - last.Number - 1 >= MostAhead)
                || numbers[request.Client].Any(other => IsLater(other, request.Number)),
            Status.Conflict => requests.Values.Any(other => other != request && other.Client == request.Client
                && other.Number == request.Number),
            // A mount after a chip error forgets what was committed in this session.
            Status.NotNext => wasMounted || Since(sentUs).Any(state =>
                !state.Clients.TryGetValue(request.Client, out ModelCommit? last) || last.Number != request.Number - 1
                    || MayBeForgotten(state, last)),
            _ => Since(sentUs).Any(state => Judge(state, request).IsToldBy(status, argument)),
        };
        World.Check(isRight, $"{request} is answered {status}, {argument}; right is {Judge(Now, request)}");
        World.Check(argument == 0 || status == Status.VersionMismatch, $"{status} has the argument {argument}");
    }

    /// <summary>LAST was answered, Ok or NotFound.</summary>
    public void LastTold(uint client, Answer answer, long sentUs) =>
        World.Check(Since(sentUs).Any(state => IsRightLast(state, client, answer)),
            $"LAST tells of client {client:x} {Text(answer)}; right is {LastOf(client)}");

    /// <summary>A track was read; <paramref name="parts"/> is empty when there is none.</summary>
    public void TrackRead(uint track, IReadOnlyList<Answer> parts, long sentUs) =>
        World.Check(Since(sentUs).Any(state => IsRightRead(state, track, parts)),
            $"track {track:x} reads as {(parts.Count == 0 ? "absent" : string.Join("; ", parts.Select(Text)))}; right is {TrackOf(track)}");

    /// <summary>LIST told all tracks.</summary>
    public void Listed(IReadOnlyDictionary<uint, (uint Version, int Length)> told, long sentUs)
    {
        List<StoreState> possible = [.. Since(sentUs)];
        if (possible.Select(state => state.Version).Distinct().Count() == 1)
            World.Check(told.Count == Now.Tracks.Count, $"LIST tells {told.Count} tracks of {Now.Tracks.Count}");
        foreach ((uint track, (uint version, int length)) in told)
            World.Check(possible.Any(state => state.Tracks.TryGetValue(track, out ModelTrack? right) && right.Version == version
                && right.Data.Length == length),
                $"LIST tells track {track:x} as version {version}, {length} bytes; right is {TrackOf(track)}");
    }

    public IEnumerable<StoreState> Since(long us)
    {
        for (int i = states.Count - 1; i >= 0; i--)
        {
            yield return states[i];
            if (states[i].SinceUs <= us)
                yield break;
        }
    }

    /// <summary>What must be answered to a request in a state of the store.</summary>
    public Refusal Judge(StoreState state, ModelRequest request)
    {
        int used = 0;
        int nominal = state.NominalSegments;
        int entries = state.Tracks.Count; // those of released tracks, too: a commit gives them back
        HashSet<uint> seen = [];
        foreach (TrackItem item in request.Items)
        {
            state.Tracks.TryGetValue(item.Track, out ModelTrack? old);
            int count = Nominal(item.Data?.Length ?? 0);
            used += count;
            if (!seen.Add(item.Track))
                return new Refusal(Status.BadRequest, 0);
            if (item.Data?.Length > Layout!.LongestTrack || used > Layout!.SetSegments)
                return new Refusal(Status.TooLong, 0);
            if (item.Expected is uint expected && expected != (old?.Version ?? 0))
                return new Refusal(Status.VersionMismatch, old?.Version ?? 0);
            if (item.Data == null && old == null)
                return new Refusal(Status.NotFound, 0);
            if (old == null && ++entries > Layout.Entries)
                return new Refusal(Status.Full, 0);
            nominal += (item.Data == null ? 0 : count) - (old == null ? 0 : Nominal(old.Data.Length));
        }
        // Room is counted in nominal segments, of which there are as many as entries, and for the request as a whole.
        return new Refusal(nominal > Layout!.Entries ? Status.Full : Status.Ok, 0);
    }

    /// <summary>Segments that a track takes when each holds nothing but data.</summary>
    public int Nominal(int length) => Math.Max(1, (length + Layout!.DataBytes - 1) / Layout.DataBytes);

    public static bool IsLater(uint a, uint b) => MediumBytes.IsLater(a, b);

    public static string Received(Answer? answer) =>
        answer == null ? "nothing" : $"type {answer.Type:x}, {answer.Number:x}, {Text(answer)}";

    public static string Text(Answer answer) =>
        $"{answer.Status}, part {answer.Part}, {answer.Argument}, "
        + Convert.ToHexString(answer.Payload, 0, Math.Min(answer.Payload.Length, 24));

    private static string Told(ModelRequest request) =>
        request.CommittedAs is uint version ? $"committed as version {version}" : "not committed";

    private string TrackOf(uint track) => Now.Tracks.TryGetValue(track, out ModelTrack? right)
        ? $"version {right.Version}, {right.Data.Length} bytes by {right.Client:x}, pieces {string.Join(", ", right.Pieces)}"
        : "no such track";

    private string LastOf(uint client) => Now.Clients.TryGetValue(client, out ModelCommit? last)
        ? $"{last}, {Now.RankOf(last)} back, version {Now.Version} + {Now.MostLeftOut}"
        : $"nothing, version {Now.Version} + {Now.MostLeftOut}";

    // The value counts commits: it may not repeat and not leave out one.
    private void CheckCounter(ModelRequest request)
    {
        foreach (TrackItem item in request.Items.Where(item => item.Track == CounterTrack && item.Data != null))
        {
            ulong before = Now.Tracks.TryGetValue(CounterTrack, out ModelTrack? old) ? BitConverter.ToUInt64(old.Data) : 0;
            ulong after = BitConverter.ToUInt64(item.Data!);
            World.Check(after == before + 1, $"the counter goes from {before} to {after}");
        }
    }

    private StoreState After(long nowUs, ModelRequest request, WatchedRow row)
    {
        uint distance = StoreState.Distance(Now.Version, row.Last.Version);
        MediumBlock last = row.Last;
        ImmutableSortedDictionary<uint, ModelTrack>.Builder tracks = Now.Tracks.ToBuilder();
        int owned = Now.OwnedSegments;
        int nominal = Now.NominalSegments;
        int at = 0;
        (long Commits, long Written, long Released, long Bytes) counts = Now.Counts;
        counts.Commits++;
        foreach (TrackItem item in request.Items)
        {
            if (Now.Tracks.TryGetValue(item.Track, out ModelTrack? old))
            {
                owned -= old.Segments;
                nominal -= Nominal(old.Data.Length);
            }
            List<byte> data = [];
            List<ModelPiece> pieces = [];
            int segments = 0;
            do
            {
                World.Check(at < row.Blocks.Count && row.Blocks[at].Block.Track == item.Track,
                    $"{request} is committed without all of track {item.Track:x}");
                (MediumBlock block, byte[] piece) = row.Blocks[at++];
                data.AddRange(piece);
                pieces.Add(new ModelPiece(block.Count, block.Fingerprint));
                segments += block.SegmentCount;
                World.Check(block.Length == (item.Data?.Length ?? MediumLayout.Released),
                    $"{request}: track {item.Track:x} is committed with another length");
            }
            while (item.Data != null && data.Count < item.Data.Length);
            if (item.Data == null)
            {
                tracks.Remove(item.Track);
                counts.Released++;
                continue;
            }
            World.Check(data.Count == item.Data.Length && item.Data.AsSpan().SequenceEqual(data.ToArray()),
                $"{request} is committed with other data of track {item.Track:x}");
            tracks[item.Track] = new ModelTrack(last.Version, item.Data, request.Client, pieces, segments);
            owned += segments;
            nominal += Nominal(item.Data.Length);
            counts.Written++;
            counts.Bytes += item.Data.Length;
        }
        World.Check(at == row.Blocks.Count, $"{request} is committed with blocks that are not its own");
        ModelCommit commit = new(request.Client, request.Number, request.Fingerprint, last.Version, request.IsPassing,
            Now.Index + distance);
        return new StoreState(
            nowUs, tracks.ToImmutable(), Now.Clients.SetItem(request.Client, commit), commit, last.Version, last.Lap, last.NextFlag,
                Now.Index + distance, owned, nominal)
        {
            Counts = counts,
        };
    }

    private bool IsRightLast(StoreState state, uint client, Answer answer)
    {
        state.Clients.TryGetValue(client, out ModelCommit? last);
        if (Layout == null || !state.IsStoreVersion(answer.U32(Payload.LastAnswer.StoreVersion))
            || !IsPossibleHorizon(state, answer, false) || !IsPossibleHorizon(state, answer, true))
            return false;
        uint number = answer.U32(Payload.LastAnswer.Number);
        uint fingerprint = answer.U32(Payload.LastAnswer.Fingerprint);
        if (answer.Status == Status.Ok)
            return last != null && (number, fingerprint, answer.Argument) == (last.Number, last.Fingerprint, last.Version);
        if (number != 0 || fingerprint != 0 || answer.Argument != 0)
            return false;
        return last == null || IsAncient(state, last) || MayBeForgotten(state, last)
            && !IsLater(last.Version, Horizon(answer, last.IsPassing));
    }

    private bool MayBeForgotten(StoreState state, ModelCommit last) =>
        IsAncient(state, last) || state.RankOf(last) >= (last.IsPassing ? Layout!.PassingEntries : ClientsKept);

    /// <summary>The horizon of a kind of clients, as LAST tells it.</summary>
    public static uint Horizon(Answer answer, bool isPassing) =>
        answer.U32(isPassing ? Payload.LastAnswer.PassingHorizon : Payload.LastAnswer.Horizon);

    // It is the version of the oldest client that is remembered, or nobody has been forgotten.
    private bool IsPossibleHorizon(StoreState state, Answer answer, bool isPassing)
    {
        uint told = Horizon(answer, isPassing);
        int kept = isPassing ? Layout!.PassingEntries : ClientsKept;
        return told == 0 || state.Clients.Values.Any(client => client.IsPassing == isPassing && client.Version == told
            && state.RankOf(client) >= kept - 1);
    }

    private static bool IsAncient(StoreState state, ModelCommit commit) => state.Index - commit.Index >= Forgettable;

    private static bool IsRightRead(StoreState state, uint track, IReadOnlyList<Answer> parts)
    {
        if (!state.Tracks.TryGetValue(track, out ModelTrack? right))
            return parts.Count == 0;
        if (parts.Count != right.Pieces.Count)
            return false;
        int at = 0;
        for (int i = 0; i < parts.Count; i++)
        {
            Answer part = parts[i];
            ReadOnlySpan<byte> data = part.Payload.AsSpan(Block.PayloadHeadBytes);
            if (part.Argument != right.Version || part.U32(0) != right.Client || part.U32(4) != right.Pieces[i].Fingerprint
                || part.U32(8) != track
                || part.U16(12) != right.Data.Length || part.U16(14) != right.Pieces[i].Count || data.Length != right.Pieces[i].Count
                || !data.SequenceEqual(right.Data.AsSpan(at, data.Length)))
                return false;
            at += data.Length;
        }
        return true;
    }
}

/// <summary>What must be answered to a request.</summary>
/// <param name="Version">The version that VersionMismatch must tell; else 0.</param>
public sealed record Refusal(Status Status, uint Version)
{
    public bool IsToldBy(Status status, uint argument) => status == Status && argument == Version;
}
