using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G8 and the fault model's "out of spec": every unit of the medium is overwritten with noise, zeros, FF and older versions of itself,
/// every bit of the metadata turned around, and every pair of damages within them tried. The store never serves wrong data, never tells an
/// acknowledged request as not committed, loses no more than was hit and says what it lost; its tracks can be written anew one by one, and
/// REPAIR brings the rest back. All pairs: <c>dotnet run -c Release -- damage</c>.
/// </summary>
/// <remarks>
/// Broken by: an entry's CRC-32 or the sums not checked, the mark, place, track or version of a block not checked, a lost record not
/// noticed, LAST from a table that is not whole.
/// </remarks>
[TestClass]
[OnlyOnDotNet("damages each unit of the medium in turn: too much for an interpreter")]
public sealed class DamageTests
{
    // At rest, and with commits behind the record.
    private static readonly Lazy<StoreHistory>[] histories = [new(() => StoreHistory.Make(true)), new(() => StoreHistory.Make(false))];

    // Few and long segments: the metadata are short, so that every bit of them can be tried.
    private static readonly Lazy<StoreHistory>[] small = [new(() => StoreHistory.Make(true, 200, 8)),
        new(() => StoreHistory.Make(false, 200, 8))];

    public static IEnumerable<object[]> Kinds =>
        from kind in new[] { "superblock", "client", "newest record", "older record", "link", "entry", "chain", "segment" }
        from history in new[] { 0, 1 }
        where kind != "chain" || history == 1
        select new object[] { kind, history };

    [TestMethod]
    [DynamicData(nameof(Kinds))]
    public void OneDamagedUnitCostsNoMoreThanItself(string kind, int which)
    {
        StoreHistory history = histories[which].Value;
        int damages = 0;
        int losses = 0;
        foreach (MediumUnit unit in history.Units().Where(unit => unit.Kind == kind))
            foreach ((string how, byte[] content) in history.Damages(unit))
            {
                losses += DamagedUnit.Check(history, unit, how, $"{unit}: {how}", medium => content.CopyTo(medium, unit.At));
                damages++;
            }
        Console.WriteLine($"{kind}: {damages} damages, {losses} of them cost a track");
        Assert.IsGreaterThanOrEqualTo(5, damages);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void OneTurnedBitOfTheMetadataCostsNoMoreThanItsUnit(int which)
    {
        const int oneOf = 10;
        (int bits, int losses) = DamagedUnit.TurnBits(small[which].Value, (int)(TestSeed.Take() % oneOf), oneOf);
        Console.WriteLine($"{bits} bits, {losses} of them cost a track");
        Assert.IsGreaterThanOrEqualTo(4000 / oneOf, bits);
    }

    [TestMethod]
    public void EveryTurnedBitOfBlocksIsFound()
    {
        StoreHistory history = histories[0].Value;
        MediumLayout layout = history.Medium.Layout;
        int found = 0;
        foreach (MediumUnit unit in history.Units().Where(unit => unit.Kind == "segment" && unit.Hits.Count > 0))
            for (int bit = 0; bit < unit.Bytes * 8; bit++)
            {
                history.Restore(medium => medium[unit.At + bit / 8] ^= (byte)(1 << bit % 8));
                history.Board.Boot();
                (Status status, _, byte[]? data) = history.Board.Read(unit.Hits.Single());
                if (status == Status.TrackDamaged)
                    found++;
                else // behind the end of the block
                    Assert.IsTrue(history.Tracks[unit.Hits.Single()].Data.AsSpan().SequenceEqual(data), $"{unit}, bit {bit}");
            }
        int stored = history.Medium.Tracks.Values.SelectMany(track => track.Blocks)
            .Sum(block => block.Count + MediumLayout.BlockOverheadBytes) * 8;
        Assert.AreEqual(stored, found, "bits of blocks");
    }

    // Whole, of this store and at its place, but of another commit or track: what an older lap may have left where a write was lost.
    [TestMethod]
    [DataRow(4, DisplayName = "version")]
    [DataRow(24, DisplayName = "track")]
    [DataRow(28, DisplayName = "length")]
    public void AWholeBlockThatIsNotTheTracksIsDamage(int at)
    {
        (TestBoard board, Dictionary<uint, byte[]> tracks) = Scenarios.SomeTracks();
        board.Recover();
        Medium medium = Medium.Read(board.Chip.Memory);
        MediumTrack track = medium.Tracks[1];
        int segment = track.Blocks.Single().Segment;
        board.Chip.Memory[medium.Layout.SegmentAt(segment) + at] ^= 1;
        MediumCraft.SealBlock(board.Chip.Memory, medium, segment);
        board.Boot();
        Assert.AreEqual(Status.TrackDamaged, board.Read(1).Status);
        Assert.AreEqual((1u, Damage.Data), board.Verify().Select(found => (found.Track, found.Damage)).Single());
        foreach (uint other in tracks.Keys.Where(other => other != 1))
            CollectionAssert.AreEqual(tracks[other], board.Read(other).Data, $"track {other}");
    }

    // A cell that does not take what is written: what is read back shows it.
    [TestMethod]
    public void AStuckBitIsFoundWhenItMatters()
    {
        const int trials = 500;
        SeededRandom random = new(3);
        int found = 0;
        StoreHistory store = small[0].Value;
        for (int i = 0; i < trials; i++)
        {
            int at = random.Next(store.Now.Length);
            byte mask = (byte)(1 << random.Next(8));
            store.Restore();
            store.Board.Chip.StickBits(at, mask, (byte)(i % 2 == 0 ? mask : 0));
            Dictionary<uint, (uint Version, byte[] Data)> model = new(store.Tracks);
            HashSet<uint> undecided = [];
            store.Board.Boot();
            string where = $"trial {i}: address {at}, bits {mask:X2} stuck at {i % 2}";
            for (uint request = 100; request < 106 && store.Board.State == Status.Ok; request++)
            {
                uint track = (uint)random.Between(1, 11);
                byte[] data = random.Bytes(random.Next(300));
                Answer? answer = store.Board.TryWrite(request, [new TrackItem(track, data)], 1);
                if (answer?.Status == Status.Ok)
                    model[track] = (answer.Argument, data);
                else if (answer?.Status == Status.ChipError)
                {
                    store.Board.Boot();
                    Answer last = store.Board.Last(1);
                    if (last.Status == Status.Ok && last.U32(Payload.LastAnswer.Number) == request)
                        model[track] = (last.Argument, data);
                    else if (last.Status != Status.Ok)
                        undecided.Add(track);
                }
                if (request % 2 == 0)
                    store.Board.Boot();
            }
            store.Board.Recover();
            if (store.Board.State == Status.Ok)
                found += DamageChecks.CheckTracks(store.Board, [.. store.Numbers.Except(undecided)], model, where).Count;
            store.Board.Chip.UnstickBits();
        }
        Console.WriteLine($"{trials} stuck bits, {found} tracks found damaged");
        Assert.IsGreaterThan(0, found);
    }

    // Who asked last may be lost with them: no later record may make that forgotten.
    [TestMethod]
    public void LostRecordsLeaveADoubtUntilRepairWhateverComesBetween()
    {
        StoreHistory history = histories[0].Value;
        TestBoard board = history.Board;
        history.Restore(medium =>
        {
            for (int i = 0; i < 2; i++)
                medium[history.Medium.Layout.RecordAt(i) + 5] ^= 1;
        });
        for (int boot = 0; boot < 4; boot++)
        {
            board.Recover();
            Assert.AreEqual(Status.StoreDamaged, board.Last(0xABC).Status, $"boot {boot}: LAST of a client that nobody knows");
            board.WriteAs(50, (uint)boot + 1, new TrackItem(12, [1, (byte)boot]));
            board.Rest();
        }
        Assert.AreEqual(Status.Ok, board.Repair(history.Id)?.Status);
        board.Rest();
        board.Recover();
        Assert.AreEqual(Status.NotFound, board.Last(0xABC).Status, "after the repair");
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(1)]
    public void TwoDamagesNeverServeWrongDataNorDenyACommit(int which)
    {
        DamagePairs pairs = DamagePairs.Try(small[which].Value, every: 7);
        Console.WriteLine(pairs);
        Assert.IsEmpty(pairs.Wrong, string.Join("\n", pairs.Wrong.Take(20).Select(wrong => wrong.Text)));
    }
}
