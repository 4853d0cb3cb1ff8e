using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// What a board may say of a damaged store. Of a track: the truth, or that it is damaged. Of a request: the truth, that it is not known, or
/// that the store is damaged; never that an acknowledged one was not committed.
/// </summary>
public static class DamageChecks
{
    private const uint NeverUsed = 999;

    /// <summary>Each track reads as committed or as damaged. Returns those damaged.</summary>
    public static HashSet<uint> CheckTracks(
        TestBoard board, IReadOnlyCollection<uint> numbers, IReadOnlyDictionary<uint, (uint Version, byte[] Data)> model, string where)
    {
        HashSet<uint> damaged = [];
        foreach (uint track in numbers.Append(NeverUsed))
        {
            (Status status, uint version, byte[]? data) = board.Read(track);
            if (!model.TryGetValue(track, out (uint Version, byte[] Data) expected))
                Assert.IsTrue(
                    status is Status.NotFound or Status.TrackDamaged, $"{where}: track {track}, which does not exist, reads {status}");
            else if (status == Status.Ok)
                Assert.IsTrue(version == expected.Version
                    && expected.Data.AsSpan().SequenceEqual(data), $"{where}: WRONG DATA of track {track}, version {version}");
            else
            {
                Assert.AreEqual(Status.TrackDamaged, status, $"{where}: track {track}");
                damaged.Add(track);
            }
        }
        List<(uint Track, uint Version, int Length, Damage Damage)> listed = board.List();
        Assert.IsTrue(damaged.Count == 0 || board.Verify().Count > 0, $"{where}: a loss that VERIFY does not tell");
        foreach ((uint track, uint version, int length, Damage _) in listed.Where(
            entry => entry.Damage == Damage.None && !damaged.Contains(entry.Track)))
            Assert.IsTrue(
                model.TryGetValue(track, out (uint Version, byte[] Data) expected)
                    && (expected.Version, expected.Data.Length) == (version, length),
                $"{where}: track {track} is listed with version {version} and {length} bytes");
        foreach (uint track in model.Keys.Except(damaged))
            Assert.AreEqual(
                1, listed.Count(entry => entry.Track == track && entry.Damage == Damage.None), $"{where}: track {track} as listed");
        return damaged;
    }

    /// <summary>No acknowledged request is told as not committed.</summary>
    /// <param name="board">The board.</param>
    /// <param name="clients">The last acknowledged request of each client.</param>
    /// <param name="where">For messages.</param>
    public static void CheckLast(TestBoard board, IEnumerable<MediumClient> clients, string where)
    {
        foreach (MediumClient client in clients)
            if (LieAbout(board, client) is string lie)
                Assert.Fail($"{where}: {lie}");
    }

    /// <summary>What LAST tells that is not so; null when it tells the truth, or that it does not know.</summary>
    public static string? LieAbout(TestBoard board, MediumClient client)
    {
        Answer last = board.Last(client.Client);
        MediumClient told = last.Status is Status.Ok or Status.NotFound
            ? new(client.Client, last.U32(Payload.LastAnswer.Number), last.Argument, last.U32(Payload.LastAnswer.Fingerprint))
            : client;
        return last.Status switch
        {
            Status.Ok => told == client || told.Number < client.Number
                && IsBehindHorizon(client, last) ? null : $"LAST tells {told}, and {client} was acknowledged",
            Status.NotFound => IsBehindHorizon(client, last)
                ? null
                : $"LAST tells that client {client.Client:X} never committed since {last.U32(Payload.LastAnswer.Horizon)}, "
                    + $"and {client} was acknowledged",
            Status.StoreDamaged => null,
            _ => $"LAST answers {last.Status}",
        };
    }

    // A client may know any version before that of its request.
    private static bool IsBehindHorizon(MediumClient client, Answer last) =>
        !MediumBytes.IsLater(client.Version, last.U32(Payload.LastAnswer.Horizon));
}
