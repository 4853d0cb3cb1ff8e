using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;
using NvsMedium;

namespace NvsHost.Commands.Monitor;

/// <summary>What the board told at one moment.</summary>
/// <param name="AtMs">When, by the host's clock.</param>
/// <param name="Board">Who it is.</param>
/// <param name="Store">Its store; null when there is none that can be read.</param>
/// <param name="Stats">Its counters.</param>
/// <param name="AnswerMs">How long the answer to INFO took.</param>
internal sealed record MonitorSample(long AtMs, BoardInfo Board, StoreInfo? Store, BoardStats Stats, double AnswerMs);

/// <summary>A commit that was seen.</summary>
internal sealed record SeenCommit(uint Version, uint Client, uint Number, char Set, string Segments, string Tracks);

/// <summary>What the monitor shows: the last samples, the commits seen, what happened.</summary>
internal sealed class MonitorState
{
    private const int MostSamples = 120;
    private const int MostCommits = 3;
    private const int MostEvents = 2;
    private const int RateMs = 2000;

    private readonly object gate = new();
    private readonly List<MonitorSample> samples = [];
    private readonly List<SeenCommit> commits = [];
    private readonly List<string> events = [];
    private Medium? medium;

    /// <summary>Where the board is.</summary>
    public string Port { get; init; } = "";

    /// <summary>The keys that do something, for a person; empty when none is read.</summary>
    public string Keys { get; set; } = "";

    /// <summary>The power of a simulated board is off.</summary>
    public bool IsPowerOff { get; set; }

    /// <summary>How the client stands to the board.</summary>
    public NvsClientState Client { get; set; } = NvsClientState.Connected;

    /// <summary>The last sample; null before the first one.</summary>
    public MonitorSample? Last => Locked(() => samples.LastOrDefault());

    /// <summary>The medium of a simulated board.</summary>
    public Medium? Medium
    {
        get => Locked(() => medium);
        set => Locked(() =>
        {
            medium = value;
            foreach (MediumRow row in value?.Rows ?? [])
                See(Seen(row));
            return 0;
        });
    }

    /// <summary>The last commits that were seen, the newest first.</summary>
    public IReadOnlyList<SeenCommit> Commits => Locked(() => commits.ToArray());

    /// <summary>What happened, the oldest first.</summary>
    public IReadOnlyList<string> Events => Locked(() => events.ToArray());

    /// <summary>Commits in a second, one number for each sample, the newest last.</summary>
    public IReadOnlyList<double> CommitRates => Locked(() => samples.Zip(samples.Skip(1), (a, b) => Rate(a, b, Counter.Commits)).ToArray());

    /// <summary>The longest of the answers that are remembered.</summary>
    public double MostAnswerMs => Locked(() => samples.Count == 0 ? 0 : samples.Max(sample => sample.AnswerMs));

    /// <summary>Adds what the board told.</summary>
    public void Add(MonitorSample sample) => Locked(() =>
    {
        samples.Add(sample);
        if (samples.Count > MostSamples)
            samples.RemoveAt(0);
        if (sample.Store is { Version: > 0 } store)
            See(new SeenCommit(
                store.Version,
                store.Client,
                store.Number,
                StoreCommands.SetName(1 - store.Flag),
                StoreCommands.CommittedSegments(store),
                ""));
        return 0;
    });

    /// <summary>Adds what happened.</summary>
    public void Tell(string what) => Locked(() =>
    {
        events.Add(what);
        if (events.Count > MostEvents)
            events.RemoveAt(0);
        return 0;
    });

    /// <summary>How much a counter grew in a second, over the last two.</summary>
    public double RateOf(int counter) => Locked(() =>
    {
        if (samples.Count < 2)
            return 0;
        MonitorSample last = samples[^1];
        return Rate(samples.FirstOrDefault(sample => last.AtMs - sample.AtMs <= RateMs && sample != last) ?? samples[^2], last, counter);
    });

    // A board that restarted counts from 0 again.
    private static double Rate(MonitorSample from, MonitorSample to, int counter)
    {
        double elapsedMs = (double)to.Stats[Counter.UptimeMs] - from.Stats[Counter.UptimeMs];
        return elapsedMs <= 0 ? 0 : unchecked(to.Stats[counter] - from.Stats[counter]) * 1000.0 / elapsedMs;
    }

    // What the medium tells of a commit is more than what INFO tells.
    private void See(SeenCommit commit)
    {
        int at = commits.FindIndex(other => other.Version == commit.Version);
        if (at >= 0 && commit.Tracks.Length > 0)
            commits[at] = commit;
        if (at >= 0)
            return;
        int before = commits.FindIndex(other => unchecked((int)(commit.Version - other.Version)) > 0);
        commits.Insert(before < 0 ? commits.Count : before, commit);
        if (commits.Count > MostCommits)
            commits.RemoveAt(MostCommits);
    }

    private static SeenCommit Seen(MediumRow row)
    {
        string[] tracks = [.. row.Tracks.Select(blocks =>
            blocks[0].Length == MediumLayout.Released ? $"{blocks[0].Track} released" : $"{blocks[0].Track}")];
        return new SeenCommit(
            row.Version,
            row.Last.Client,
            row.Last.Number,
            StoreCommands.SetName(row.Last.Set),
            $"segments {InspectReport.Ranges(row.Segments)}",
            tracks.Length == 1 ? $"track {tracks[0]}" : $"{tracks.Length} tracks");
    }

    private T Locked<T>(Func<T> what)
    {
        lock (gate)
            return what();
    }
}
