using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>
/// What a write request and a recovery may cost on the bus, counted at the chip model of 256 KiB after long random runs. Counts and no
/// seconds, so that they are the same on every machine. docs/performance.md explains the figures.
/// </summary>
[TestClass]
[OnlyOnDotNet("counts at the full chip model over long runs: too much for an interpreter")]
public sealed class BudgetTests
{
    private const string Chip = "MB85RS2MT";
    private const int Overwrites = 20_000;

    // Cost until the answer: two WRENs, two commands, the data and their CRC-32, a record of 25 bytes, a track and an extent in it.
    private const int AnswerOverhead = 49;

    // A further run of segments costs a WREN, a command and an extent in the record.
    private const int RunOverhead = 7;

    private static readonly int[] sizes = [32, 64, 256, 1024, 4096];
    private static readonly Age[] ages = [Age.SameSize, Age.MixedSizes, Age.MixedSizesFull];

    /// <summary>What a store went through before it is measured.</summary>
    public enum Age
    {
        /// <summary>Tracks of one size only.</summary>
        SameSize,

        /// <summary>3,000 requests with 40 tracks of all sizes, which stay.</summary>
        MixedSizes,

        /// <summary>The same with 400 tracks, until the store is full and what is free lies about in single segments.</summary>
        MixedSizesFull,
    }

    public static IEnumerable<object[]> SizesAndAges => sizes.SelectMany(size => ages.Select(age => new object[] { size, age }));

    [TestMethod]
    [DynamicData(nameof(SizesAndAges))]
    public void AnOverwriteStaysWithinItsBudget(int length, Age age)
    {
        // Breaks, for one, with a read of the record after writing it, or with each link written in a transaction of its own.
        List<Cost> costs = Aged(length, age).Overwrite(Overwrites, Tracks(length), length);
        int segments = new Geometry(256 * 1024, 0, 0).SegmentsFor(length);
        double mean = costs.Average(cost => cost.Bytes);

        Assert.AreEqual(0, costs.Max(cost => cost.Reads), "reads until the answer");
        foreach (Cost cost in costs)
        {
            long runs = (cost.AnswerTransactions - 2) / 2;
            Assert.AreEqual(0, cost.AnswerTransactions % 2);
            if (runs == 1)
                Assert.IsTrue(cost.AnswerBytes <= length + 64, $"{cost.AnswerBytes} bytes until the answer");
            // The budget of 64 is for a contiguous set; each further run costs what it must.
            Assert.AreEqual(length + AnswerOverhead + RunOverhead * (runs - 1), cost.AnswerBytes, $"{runs} runs");
            Assert.IsTrue(cost.Bytes <= length + 96 + 12 * (segments - 1), $"{cost.Bytes} bytes in all");
        }
        Assert.IsTrue(mean <= MeanBudget(length) * CostMeter.MinimumBytes(length), $"{mean} bytes on average");
        Assert.IsTrue(costs.Max(cost => cost.Bytes) <= 1.1 * mean, $"{costs.Max(cost => cost.Bytes)} bytes at most, {mean} on average");
    }

    [TestMethod]
    [DataRow(Age.SameSize)]
    [DataRow(Age.MixedSizes)]
    public void AShortTrackNeedsOneRunWhateverTheAge(Age age)
    {
        foreach (int length in new[] { 0, 1, 32, 64, 256, 284 })
            Assert.AreEqual(4, Aged(length, age).Overwrite(200, Tracks(length), length).Max(cost => cost.AnswerTransactions), $"{length} bytes");
    }

    [TestMethod]
    public void ARecoveryStaysWithinItsBudgetWhateverTheHistory()
    {
        // Breaks with the tables read in pieces of 256 bytes.
        long mostBytes = 0, mostTransactions = 0, mostDueBytes = 0, mostDueTransactions = 0;
        int rolledForward = 0, discarded = 0;
        Random random = new(4);
        foreach (Age age in ages)
        {
            TestBoard board = TestBoard.Formatted(Chip);
            CostMeter meter = new(board, 1);
            for (int i = 0; i < 120; i++)
            {
                Grow(meter, age, i == 0 ? 1500 : 5);
                int length = random.Next(6000);
                board.Chip.CutAfterBits(8 * (length + random.Next(-length / 4, 250)));
                board.TryWrite((uint)(1000 + i), [new((uint)random.Next(1, 17), new byte[length])], client: (uint)random.Next(1, 4));
                board.Chip.PowerUp();
                board.Chip.ResetCounters();
                board.Boot();
                Assert.AreEqual(Status.Ok, board.State);
                (long bytes, long transactions) = (board.Chip.Bytes, board.Chip.Transactions);
                mostBytes = Math.Max(mostBytes, bytes);
                mostTransactions = Math.Max(mostTransactions, transactions);
                board.Run(); // what is due then is the interrupted request's own bookkeeping
                mostDueBytes = Math.Max(mostDueBytes, board.Chip.Bytes - bytes);
                mostDueTransactions = Math.Max(mostDueTransactions, board.Chip.Transactions - transactions);
                int findings = board.Info().Payload[Payload.InfoAnswer.Findings];
                rolledForward += findings & RecoveryFindings.RolledForward;
                discarded += (findings & RecoveryFindings.Discarded) / RecoveryFindings.Discarded;
            }
        }
        Console.WriteLine($"recovery: at most {mostBytes} bytes, {mostTransactions} transactions; then due {mostDueBytes} / {mostDueTransactions}; "
            + $"{rolledForward} rolled forward, {discarded} discarded");
        Assert.IsTrue(mostBytes <= 16 * 1024, $"{mostBytes} bytes");
        Assert.IsTrue(mostTransactions <= 24, $"{mostTransactions} transactions");
        Assert.IsTrue(rolledForward > 5 && discarded > 5, $"{rolledForward} rolled forward, {discarded} discarded: the cuts test too little");
    }

    [TestMethod]
    public void NothingIsAllocatedPerRequest()
    {
        // Breaks with, say, a `new byte[...]` anywhere on the way of a frame.
        TestBoard rig = TestBoard.Formatted(Chip);
        ScriptUart uart = new(rig.Clock);
        Firmware firmware = new(rig.Chip, uart, rig.Clock, rig.Settings);
        firmware.Boot();
        uint request = 1;
        long allocated = 0;
        for (int round = 0; round < 6; round++)
        {
            byte[] script =
            [
                .. rig.WriteFrames(request++, [new(1, TrackModel.Data(100, round))]).SelectMany(frame => frame),
                .. rig.WriteFrames(request++, [new(1, TrackModel.Data(7000, round)), new(2, []), new(3, new byte[500])]).SelectMany(frame => frame),
                .. rig.WriteFrames(request++, [new(4, [1])], client: 77).SelectMany(frame => frame),
                .. rig.WriteFrames(request++, [new(2, null)]).SelectMany(frame => frame),
                .. rig.WriteFrames(request++, [new(2, null)]).SelectMany(frame => frame),
                .. rig.WriteFrames(1, [new(1, [1])]).SelectMany(frame => frame),
                .. Query(FrameType.Hello, 1, 0, 0, 0),
                .. Query(FrameType.Info),
                .. Query(FrameType.Stats),
                .. Query(FrameType.Last, 77, 0, 0, 0),
                .. Query(FrameType.Read, 1, 0, 0, 0),
                .. Query(FrameType.Read, 3, 0, 0, 0),
                .. Query(FrameType.Read, 99, 0, 0, 0),
                .. Query(FrameType.List, 0, 0),
                .. Query(FrameType.Verify, 0, 0),
                .. Query(0x6F, 1, 2, 3),
                .. TrackModel.Data(100, round), // noise, then silence
            ];
            uart.Play(script);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 60; i++)
                firmware.Step(50);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.IsTrue(uart.IsAtEnd && uart.Answers > 6 * 18, $"{uart.Answers} answers");
        Assert.AreEqual(0, allocated, "bytes allocated in the last round");
    }

    [TestMethod]
    public void TheFirmwareNeedsAtMost48KiBOnA256KiBChip()
    {
        // All that is allocated until it serves, garbage included, so that the figure does not depend on a collector.
        TestBoard board = TestBoard.Formatted(Chip, new BoardSettings());
        long before = GC.GetAllocatedBytesForCurrentThread();
        Firmware firmware = new(board.Chip, board.Uart, board.Clock, board.Settings);
        firmware.Boot();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.AreEqual(Status.Ok, firmware.State);
        Console.WriteLine($"{allocated} bytes allocated at start");
        Assert.IsTrue(allocated <= 48 * 1024, $"{allocated} bytes");
    }

    /// <summary>
    /// The tables of docs/performance.md: dotnet test NvsFirmware.Tests --filter TestCategory=Report --logger "console;verbosity=detailed".
    /// </summary>
    [TestMethod]
    [TestCategory("Report")]
    public void PrintTheCostTables()
    {
        Console.WriteLine("| n | age | until the answer: mean / max | transactions | in all: mean / max | transactions | mean / minimum | max / mean |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (int length in sizes)
            foreach (Age age in ages)
            {
                List<Cost> costs = Aged(length, age).Overwrite(Overwrites, Tracks(length), length);
                double mean = costs.Average(cost => cost.Bytes);
                Console.WriteLine(
                    $"| {length} | {Name(age)} | n + {costs.Average(cost => cost.AnswerBytes) - length:F1} / n + {costs.Max(cost => cost.AnswerBytes) - length} "
                    + $"| {costs.Average(cost => cost.AnswerTransactions):F2} / {costs.Max(cost => cost.AnswerTransactions)} "
                    + $"| n + {mean - length:F1} / n + {costs.Max(cost => cost.Bytes) - length} "
                    + $"| {costs.Average(cost => cost.Transactions):F2} / {costs.Max(cost => cost.Transactions)} "
                    + $"| {mean / CostMeter.MinimumBytes(length):F3} | {costs.Max(cost => cost.Bytes) / mean:F3} |");
            }
        Console.WriteLine();
        foreach ((string name, int tracks, int length, int count) in workloads)
        {
            TestBoard board = TestBoard.Formatted(Chip);
            CostMeter meter = new(board, 1);
            for (uint track = 1; track <= tracks; track++)
                meter.Write(track, length);
            List<Cost> costs = meter.Overwrite(count, tracks, length);
            long[] bytes = [.. costs.Select(cost => cost.Bytes).Order()];
            board.Chip.PowerUp();
            board.Chip.ResetCounters();
            board.Boot();
            Console.WriteLine($"{name}: {bytes.Average() / CostMeter.MinimumBytes(length):F2} × minimum, mean / p99 / max "
                + $"{bytes.Average():F0} / {bytes[bytes.Length * 99 / 100]} / {bytes[^1]}, mount {board.Chip.Bytes} / {board.Chip.Transactions}, "
                + $"until durable {costs.Average(cost => cost.AnswerBytes):F0} / {costs.Average(cost => cost.AnswerTransactions):F1}");
        }
    }

    private static readonly (string Name, int Tracks, int Length, int Count)[] workloads =
        [("W1", 16, 64, 10_000), ("W2", 16, 256, 4_000), ("W3", 16, 1024, 2_000), ("W4", 8, 4096, 1_000), ("W5", 1, 32, 20_000)];

    private static double MeanBudget(int length) => length switch { 32 => 2.1, 64 => 1.7, 256 => 1.2, 1024 => 1.08, _ => 1.05 };

    private static int Tracks(int length) => length > 1024 ? 8 : 16;

    private static string Name(Age age) => age switch
    {
        Age.SameSize => "one size",
        Age.MixedSizes => "mixed sizes",
        _ => "mixed sizes, full",
    };

    private static byte[] Query(int type, params byte[] payload) => TestBoard.BuildFrame(type, 1, 0, payload);

    // A store that holds the tracks to be overwritten, at the given age.
    private static CostMeter Aged(int length, Age age)
    {
        CostMeter meter = new(TestBoard.Formatted(Chip), 1);
        for (uint track = 1; track <= Tracks(length); track++)
            meter.Write(track, length);
        if (age != Age.SameSize)
            Grow(meter, age, 3000);
        meter.Overwrite(500, Tracks(length), length);
        return meter;
    }

    private static void Grow(CostMeter meter, Age age, int requests)
    {
        if (age == Age.SameSize)
            meter.Overwrite(requests, 16, 256);
        else
            meter.AgeMixed(requests, firstTrack: 100, tracks: age == Age.MixedSizes ? 40 : 400);
    }

    /// <summary>A line that allocates nothing: plays bytes that were put together before, counts what comes back.</summary>
    private sealed class ScriptUart(VirtualClock clock) : IUart
    {
        private byte[] script = [];
        private int at;

        public int Answers { get; private set; }

        public bool IsAtEnd => at == script.Length;

        public void Play(byte[] bytes)
        {
            script = bytes;
            at = 0;
        }

        public int Read(byte[] buffer, int offset, int count, int timeoutMs)
        {
            int read = Math.Min(count, script.Length - at);
            Array.Copy(script, at, buffer, offset, read);
            at += read;
            if (read == 0)
                clock.Sleep(timeoutMs);
            return read;
        }

        public bool Write(byte[] buffer, int offset, int count)
        {
            Answers++;
            return true;
        }
    }
}
