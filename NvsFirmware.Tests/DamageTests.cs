using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>
/// G8 and the fault model's "out of spec": every unit of the medium is overwritten with noise, zeros, FF and older versions of itself,
/// and every bit turned around. The store never serves wrong data, loses no more than was hit and says what it lost; its tracks can be
/// written anew one by one, and REPAIR brings the rest back.
/// </summary>
[TestClass]
[OnlyOnDotNet("damages each unit of the medium in turn: too much for an interpreter")]
public sealed class DamageTests
{
    private static readonly StoreHistory history = StoreHistory.Make();

    // Few and long segments: the metadata are short, so that every bit of them can be tried.
    private static readonly StoreHistory small = StoreHistory.Make(330, 4);

    public static IEnumerable<object[]> Kinds => [["superblock"], ["boot"], ["client"], ["newest"], ["older"], ["link"], ["entry"], ["segment"]];

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void OneDamagedUnitCostsNoMoreThanItself(string kind)
    {
        int damages = 0;
        int losses = 0;
        foreach (StoreHistory.Region region in history.Regions().Where(region => region.Is(kind)))
            foreach ((string how, byte[] content) in Damages(region))
            {
                losses += CheckDamage(history, region, $"{region.Name}: {how}", how == OldVersion || how == Zeros, medium => content.CopyTo(medium, region.At));
                damages++;
            }
        Console.WriteLine($"{kind}: {damages} damages, {losses} of them cost a track");
        Assert.IsGreaterThanOrEqualTo(5, damages);
    }

    [TestMethod]
    public void OneTurnedBitOfTheMetadataCostsNoMoreThanItsUnit()
    {
        int bits = 0;
        int losses = 0;
        foreach (StoreHistory.Region region in small.Regions().Where(region => !region.Is("segment")))
            for (int bit = 0; bit < region.Bytes * 8; bit++, bits++)
            {
                int at = region.At + bit / 8;
                int turned = 1 << bit % 8;
                losses += CheckDamage(small, region, $"{region.Name}: bit {bit}", false, medium => medium[at] ^= (byte)turned);
            }
        Console.WriteLine($"{bits} bits, {losses} of them cost a track");
        Assert.IsGreaterThanOrEqualTo(4000, bits);
    }

    [TestMethod]
    public void EveryTurnedBitOfDataIsFound()
    {
        MediumLayout layout = history.Medium.Layout!;
        int[] segments = [.. Enumerable.Range(0, layout.Segments).Where(segment => history.Medium.Owners[segment] >= 0)];
        int found = 0;
        foreach (int segment in segments)
        {
            StoreHistory.Region region = history.Regions().Single(r => r.Name == $"segment {segment}");
            for (int bit = 0; bit < region.Bytes * 8; bit++)
            {
                history.Restore(medium => medium[region.At + bit / 8] ^= (byte)(1 << bit % 8));
                history.Board.Boot();
                uint track = region.Hits.Single();
                (Status status, _, byte[]? data) = history.Board.Read(track);
                if (status == Status.TrackDamaged)
                    found++;
                else // behind the end of the track
                    Assert.IsTrue(history.Medium.Tracks[track].Data.AsSpan().SequenceEqual(data), $"{region.Name}, bit {bit}");
            }
        }
        int stored = history.Medium.Tracks.Values.Sum(track => track.Data.Length + 4) * 8;
        Assert.AreEqual(stored, found, "bits of tracks and their CRC-32s");
    }

    // A cell that does not take what is written: the board cannot know before it reads.
    [TestMethod]
    public void AStuckBitIsFoundWhenItMatters()
    {
        Random random = new(3);
        int found = 0;
        for (int i = 0; i < 3000; i++)
        {
            StoreHistory store = small;
            int at = random.Next(store.Now.Length);
            byte mask = (byte)(1 << random.Next(8));
            store.Restore();
            store.Board.Chip.StickBits(at, mask, (byte)(i % 2 == 0 ? mask : 0));
            Dictionary<uint, (uint Version, byte[] Data)> model = store.Medium.Tracks.ToDictionary(pair => pair.Key, pair => (pair.Value.Version, pair.Value.Data));
            store.Board.Boot();
            string where = $"address {at}, bits {mask:X2} stuck at {i % 2}";
            for (uint request = 100; request < 106 && store.Board.State == Status.Ok; request++)
            {
                uint track = (uint)random.Next(1, 12);
                byte[] data = new byte[random.Next(300)];
                random.NextBytes(data);
                Answer? answer = store.Board.TryWrite(request, [new TrackItem(track, data)], 1);
                if (answer?.Status == Status.Ok)
                    model[track] = (answer.U32(Payload.WriteAnswer.Version), data);
                if (request % 2 == 0)
                    store.Board.Boot();
            }
            store.Board.Boot();
            store.Board.Run();
            found += CheckServed(store, model, where, out _).Count;
            store.Board.Chip.UnstickBits();
        }
        Console.WriteLine($"3000 stuck bits, {found} tracks found damaged");
        Assert.IsGreaterThan(0, found);
    }

    [TestMethod]
    public void TwoDamagedUnitsNeverServeWrongData() => DamageTwo(4000);

    [TestMethod]
    [TestCategory("Long")]
    public void ManyPairsOfDamagedUnitsNeverServeWrongData() => DamageTwo(200000);

    // One unit of any damage and one destroyed. Two that are whole but old, or zeros, are not promised to be found.
    private static void DamageTwo(int pairs)
    {
        Random random = new(4);
        StoreHistory.Region[] regions = [.. history.Regions().Where(region => !region.Is("link") || region.Hits.Count > 0)];
        Dictionary<string, int> states = [];
        for (int i = 0; i < pairs; i++)
        {
            StoreHistory.Region first = regions[random.Next(regions.Length)];
            StoreHistory.Region second = regions[random.Next(regions.Length)];
            (string How, byte[] Content)[] firsts = [.. Damages(first)];
            (string How, byte[] Content) one = firsts[random.Next(firsts.Length)];
            if (first.Is("entry") && second.Is("newest") && one.How is OldVersion or Zeros)
                continue; // not covered: see docs/guarantees.md
            (string How, byte[] Content) other = ("noise", Noise(second.Bytes, i));
            history.Restore(medium =>
            {
                one.Content.CopyTo(medium, first.At);
                other.Content.CopyTo(medium, second.At);
            });
            history.Board.Boot();
            history.Board.Run();
            string where = $"pair {i}: {first.Name}, {one.How}; {second.Name}, {other.How}";
            if (history.Board.State == Status.Ok)
                CheckServed(history, Model(history), where, out _);
            string state = history.Board.State.ToString();
            states[state] = states.GetValueOrDefault(state) + 1;
        }
        Console.WriteLine($"{pairs} pairs of damages: {string.Join(", ", states.Select(state => $"{state.Value} {state.Key}"))}");
    }

    private const string OldVersion = "old version";
    private const string Zeros = "zeros";

    private static IEnumerable<(string How, byte[] Content)> Damages(StoreHistory.Region region)
    {
        for (int seed = 0; seed < 3; seed++)
            yield return ("noise", Noise(region.Bytes, seed));
        yield return (Zeros, new byte[region.Bytes]);
        yield return ("FF", [.. Enumerable.Repeat((byte)0xFF, region.Bytes)]);
        foreach (byte[] old in history.Versions(region))
            yield return (OldVersion, old);
    }

    private static byte[] Noise(int count, int seed)
    {
        byte[] noise = new byte[count];
        new Random(seed).NextBytes(noise);
        return noise;
    }

    // Returns how many tracks were lost.
    private static int CheckDamage(StoreHistory store, StoreHistory.Region region, string where, bool isWhole, Action<byte[]> damage)
    {
        TestBoard board = store.Board;
        store.Restore(damage);
        bool isChanged = !board.Chip.Memory.SequenceEqual(store.Now);
        board.Boot();
        board.Run();
        byte[] damaged = board.Chip.Memory.ToArray();
        bool isHealed = damaged.AsSpan(region.At, region.Bytes).SequenceEqual(store.Now.AsSpan(region.At, region.Bytes));
        Dictionary<uint, (uint Version, byte[] Data)> model = Model(store);
        HashSet<uint> lost = CheckServed(store, model, where, out int findings);
        Assert.IsTrue(lost.IsSubsetOf(region.Hits), $"{where}: lost tracks {string.Join(", ", lost.Except(region.Hits))}");
        CheckLast(store, where, region.Is("newest"), region.Is("client") && isWhole);
        List<(uint Track, uint Version, int Length, Damage Damage)> told = board.Verify();
        Assert.IsTrue(lost.Count == 0 || told.Count > 0, $"{where}: a loss that VERIFY does not tell");
        if (!isHealed && (region.Is("newest") || region.Is("client") && !isWhole))
            Assert.IsNotEmpty(told, $"{where}: VERIFY tells nothing");
        if (isChanged && region.Is("superblock"))
            Assert.IsTrue((findings & RecoveryFindings.SuperblockCopy) != 0 || told.Count > 0, $"{where}: neither recovery nor VERIFY tells it");

        // One by one: what is lost is written anew, or released.
        foreach (uint track in lost)
        {
            Answer? written = board.TryWrite(500, [new TrackItem(track, [1, 2, 3])], 1);
            Assert.AreEqual(Status.Ok, written?.Status, $"{where}: write track {track} anew");
            model[track] = (written!.U32(Payload.WriteAnswer.Version), [1, 2, 3]);
            board.Boot();
            board.Run();
            string then = $"{where}, then track {track} written anew";
            Assert.IsEmpty(CheckServed(store, model, then, out _), then);

            board.Chip.PowerUp();
            damaged.CopyTo(board.Chip.Memory);
            board.Boot();
            Status? released = board.TryWrite(500, [new TrackItem(track, null)], 1)?.Status;
            // When the number itself was hit, nobody knows which entry to release.
            Assert.IsTrue(released == Status.Ok || released == Status.TrackDamaged && region.Is("entry"), $"{where}: release track {track}: {released}");
            model.Remove(track);
            board.Boot();
            board.Run();
            then = $"{where}, then track {track} released";
            Assert.IsEmpty(CheckServed(store, model, then, out _), then);
            board.Chip.PowerUp();
            damaged.CopyTo(board.Chip.Memory);
            board.Boot();
        }

        Assert.AreEqual(Status.WrongName, board.Repair("BLANK\0\0\0"u8.ToArray())?.Status, where);
        Assert.AreEqual(Status.Ok, board.Repair(store.Id)?.Status, $"{where}: repair");
        for (int boots = 0; boots < 2; boots++)
        {
            board.Run();
            MediumChecker medium = StoreChecks.CheckServed(board, $"{where}, repaired", true);
            Assert.AreEqual(store.Medium.Tracks.Count - lost.Count, medium.Tracks.Count, $"{where}, repaired: tracks");
            Assert.IsEmpty(CheckServed(store, Model(store).Where(pair => !lost.Contains(pair.Key)).ToDictionary(), $"{where}, repaired", out _));
            board.Boot();
        }
        return lost.Count;
    }

    private static Dictionary<uint, (uint Version, byte[] Data)> Model(StoreHistory store) =>
        store.Medium.Tracks.ToDictionary(pair => pair.Key, pair => (pair.Value.Version, pair.Value.Data));

    // Each track reads as committed or as damaged. Returns those damaged.
    private static HashSet<uint> CheckServed(
        StoreHistory store, Dictionary<uint, (uint Version, byte[] Data)> model, string where, out int findings)
    {
        TestBoard board = store.Board;
        Assert.AreEqual(Status.Ok, board.State, where);
        findings = board.Info().Payload[Payload.InfoAnswer.Findings];
        HashSet<uint> damaged = [];
        foreach (uint track in store.Numbers.Append(999u))
        {
            (Status status, uint version, byte[]? data) = board.Read(track);
            if (!model.TryGetValue(track, out (uint Version, byte[] Data) expected))
                Assert.IsTrue(status is Status.NotFound or Status.TrackDamaged, $"{where}: track {track}, which does not exist, reads {status}");
            else if (status == Status.Ok)
                Assert.IsTrue(version == expected.Version && expected.Data.AsSpan().SequenceEqual(data), $"{where}: WRONG DATA of track {track}, version {version}");
            else
            {
                Assert.AreEqual(Status.TrackDamaged, status, $"{where}: track {track}");
                damaged.Add(track);
            }
        }
        List<(uint Track, uint Version, int Length, Damage Damage)> listed = board.List();
        Assert.IsTrue(damaged.Count == 0 || board.Verify().Count > 0, $"{where}: a loss that VERIFY does not tell");
        foreach ((uint track, uint version, int length, Damage damage) in listed.Where(entry => entry.Damage == Damage.None))
            Assert.IsTrue(
                model.TryGetValue(track, out (uint Version, byte[] Data) expected) && (expected.Version, expected.Data.Length) == (version, length),
                $"{where}: track {track} is listed with version {version} and {length} bytes");
        foreach (uint track in model.Keys.Except(damaged))
            Assert.AreEqual(1, listed.Count(entry => entry.Track == track && entry.Damage == Damage.None), $"{where}: track {track} as listed");
        return damaged;
    }

    private static void CheckLast(StoreHistory store, string where, bool isRecordLost, bool isClientOld)
    {
        foreach ((uint client, (uint request, uint version)) in store.Medium.Clients)
        {
            Answer last = store.Board.Last(client);
            if (isClientOld)
                continue; // not covered: see docs/guarantees.md
            if (last.Status == Status.Ok)
                Assert.AreEqual((request, version), (last.U32(Payload.LastAnswer.Request), last.U32(Payload.LastAnswer.Version)), $"{where}: LAST of {client}");
            else
                Assert.AreEqual(Status.StoreDamaged, last.Status, $"{where}: LAST of {client}");
        }
        if (isRecordLost)
            Assert.IsTrue(store.Medium.Clients.Keys.Any(client => store.Board.Last(client).Status == Status.Ok) is false, $"{where}: LAST is told, and the newest record is lost");
    }
}
