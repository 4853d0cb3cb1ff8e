using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>G3: a repeated request is not applied twice and gets its original answer; LAST tells what was committed. And versions.</summary>
[TestClass]
[OnlyOnDotNet("needs the chip model of the simulated board")]
public sealed class ExactlyOnceTests
{
    // The board remembers the client of the last commit and so many before it: what the documentation promises, not what the code has.
    private const int EarlierClients = 8;

    private readonly TestBoard board = TestBoard.Formatted();

    // Repeats

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ARepeatedRequestGetsItsOriginalAnswerAndIsNotAppliedAgain(bool isRestarted)
    {
        // Breaks with RequestHandler.AnswerRepeated always false.
        uint version = board.Write(7, new(1, [1]), new(2, [2]));
        if (isRestarted)
            board.Boot();
        for (int i = 0; i < 3; i++)
            Assert.AreEqual(version, board.Write(7, new(1, [1]), new(2, [2])));
        Assert.AreEqual(version, Sequence());
        Assert.AreEqual(version, board.Read(1).Version);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void ARepeatAfterAnotherClientsCommitsChangesNothing(bool isRestarted)
    {
        uint version = Write(1, 7, new TrackItem(1, [1]));
        Write(2, 1, new TrackItem(1, [2]));
        Write(2, 2, new TrackItem(1, [3]));
        if (isRestarted)
            board.Boot();
        Assert.AreEqual(version, Write(1, 7, new TrackItem(1, [1])));
        CollectionAssert.AreEqual(new byte[] { 3 }, board.Read(1).Data);
    }

    [TestMethod]
    public void ARepeatedReleaseIsNotAppliedToTheTrackThatCameAfterIt()
    {
        board.Write(1, new TrackItem(1, [1]));
        uint released = Write(1, 7, new TrackItem(1, null));
        Write(2, 1, new TrackItem(1, [2]));
        Assert.AreEqual(released, Write(1, 7, new TrackItem(1, null)));
        CollectionAssert.AreEqual(new byte[] { 2 }, board.Read(1).Data);
    }

    [TestMethod]
    public void ARepeatThatExpectsTheOldVersionIsNotAMismatch()
    {
        uint first = board.Write(1, new TrackItem(1, [1], Expected: 0));
        uint second = board.Write(2, new TrackItem(1, [2], Expected: first));
        Assert.AreEqual(second, board.Write(2, new TrackItem(1, [2], Expected: first)));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void EightEarlierClientsAreRememberedAndTheNinthIsForgotten(bool isRestarted)
    {
        // Breaks with ClientTable.Entries made 7.
        List<uint> versions = [];
        for (uint client = 1; client <= EarlierClients + 2; client++)
            versions.Add(Write(client, 100 + client, new TrackItem(client, [(byte)client])));
        if (isRestarted)
            board.Boot();
        for (uint client = 2; client <= EarlierClients + 2; client++)
        {
            AssertLast(client, 100 + client, versions[(int)client - 1]);
            Assert.AreEqual(versions[(int)client - 1], Write(client, 100 + client, new TrackItem(client, [0])));
        }
        Assert.AreEqual(Status.NotFound, board.Last(1).Status, "the client longest ago is forgotten");
        Assert.AreNotEqual(versions[0], Write(1, 101, new TrackItem(1, [1])), "so its request counts as new");
    }

    [TestMethod]
    public void AClientThatComesBackIsTheNewestAgain()
    {
        for (uint client = 1; client <= EarlierClients + 1; client++)
            Write(client, 1, new TrackItem(client, [1]));
        Write(1, 2, new TrackItem(1, [2]));
        for (uint client = 20; client < 20 + EarlierClients - 1; client++)
            Write(client, 1, new TrackItem(client, [1]));
        Assert.AreEqual(2u, board.BootCopy().Last(1).U32(Payload.LastAnswer.Request));
        Assert.AreEqual(Status.NotFound, board.Last(2).Status);
    }

    [TestMethod]
    public void ManyClientsAreEachToldTheirLastRequestWhateverTheOrder()
    {
        // Breaks with the current client's own entry in the client table kept when another needs a place.
        Random random = new(3);
        Dictionary<uint, (uint Request, uint Version)> model = [];
        List<uint> order = []; // the newest last
        for (uint request = 1; request < 600; request++)
        {
            uint client = (uint)random.Next(1, 14);
            model[client] = (request, Write(client, request, new TrackItem((uint)random.Next(1, 5), [1])));
            order.Remove(client);
            order.Add(client);
            if (random.Next(20) == 0)
                board.Boot();
            foreach (uint known in order.TakeLast(EarlierClients + 1))
                AssertLast(known, model[known].Request, model[known].Version);
        }
    }

    [TestMethod]
    public void ACutAtAnyByteForgetsNoClient()
    {
        // Breaks with Recover leaving isClientDue false. All entries are in use, so that each cut hits one that is written over. Client 10 comes next, and client 1 makes room for 9.
        for (uint client = 1; client <= EarlierClients + 1; client++)
            Write(client, 1, new TrackItem(client, [1]));
        byte[] before = board.Chip.Storage.ToArray();
        int isNew = 0;
        for (int bytes = 1; bytes < 400; bytes++)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Chip.CutAfterBits(8 * bytes);
            board.TryWrite(1, [new(10, [1])], 10);
            board.Boot();
            isNew += board.Last(10).Status == Status.Ok ? 1 : 0;
            for (uint client = 2; client <= EarlierClients + 1; client++)
                AssertLast(client, 1, client);
            board.Run();
            Assert.AreEqual(0, board.Verify().Count, $"cut after {bytes}");
            TestBoard again = board.BootCopy();
            for (uint client = 2; client <= EarlierClients + 1; client++)
                Assert.AreEqual(client, again.Last(client).U32(Payload.LastAnswer.Version), $"cut after {bytes}");
        }
        Assert.IsTrue(isNew is > 0 and < 399);
    }

    [TestMethod]
    public void AnOlderRequestNumberIsRefused()
    {
        board.Write(100, new TrackItem(1, [1]));
        foreach (uint older in new uint[] { 99, 1, 0, 0xFFFFFFFF, 0x80000065 })
        {
            Assert.AreEqual(Status.OldRequest, board.TryWrite(older, [new(1, [2])])?.Status, $"{older}");
            CollectionAssert.AreEqual(new byte[] { 1 }, board.Read(1).Data);
        }
        board.Write(0x80000063, new TrackItem(1, [3]));
    }

    [TestMethod]
    public void AnotherClientMayUseLowerNumbers()
    {
        Write(1, 100, new TrackItem(1, [1]));
        Write(2, 5, new TrackItem(1, [2]));
        Write(1, 101, new TrackItem(1, [3]));
        Write(2, 6, new TrackItem(1, [4]));
    }

    [TestMethod]
    public void RequestNumbersWrap()
    {
        uint version = 0;
        foreach (uint request in new uint[] { 0xFFFFFFFE, 0xFFFFFFFF, 0, 1 })
        {
            Assert.AreEqual(++version, board.Write(request, new TrackItem(1, [(byte)request])));
            AssertLast(TestBoard.Client, request, version);
            board.Boot();
            Assert.AreEqual(version, board.Write(request, new TrackItem(1, [9])));
        }
        Assert.AreEqual(Status.OldRequest, board.TryWrite(0xFFFFFFFF, [new(1, [2])])?.Status);
    }

    // LAST

    [TestMethod]
    public void LastTellsTheCommitAndNothingElse()
    {
        Assert.AreEqual(Status.NotFound, board.Last().Status, "a new store");
        uint version = board.Write(5, new TrackItem(1, [1]));
        AssertLast(TestBoard.Client, 5, version);
        List<byte[]> frames = board.WriteFrames(6, [new(1, [2]), new(2, [2])]);
        board.Send(frames[0]);
        AssertLast(TestBoard.Client, 5, version); // half-sent
        Assert.AreEqual(Status.VersionMismatch, board.TryWrite(7, [new(1, [3], Expected: 99)])?.Status);
        AssertLast(TestBoard.Client, 5, version); // refused
        board.Boot();
        AssertLast(TestBoard.Client, 5, version);
        Assert.AreEqual(version + 1, board.Write(6, new(1, [2]), new(2, [2])));
        AssertLast(TestBoard.Client, 6, version + 1);
    }

    [TestMethod]
    public void ARefusedRequestMayBeSentAgainUnderItsNumber()
    {
        board.Write(5, new TrackItem(1, [1]));
        Assert.AreEqual(Status.NotFound, board.TryWrite(6, [new(9, null)])?.Status);
        Assert.AreEqual(2u, board.Write(6, new TrackItem(1, [2])));
    }

    [TestMethod]
    public void AFormattedStoreKnowsNoClient()
    {
        board.Write(5, new TrackItem(1, [1]));
        Assert.AreEqual(Status.Ok, board.Format(board.StoreId()).Status);
        Assert.AreEqual(Status.NotFound, board.Last().Status);
        Assert.AreEqual(1u, board.Write(5, new TrackItem(1, [1])));
    }

    // Versions

    [TestMethod]
    public void EveryTrackOfARequestGetsTheSameNewVersion()
    {
        Assert.AreEqual(1u, board.Write(1, new(1, [1]), new(2, [2]), new(3, [])));
        Assert.AreEqual(2u, board.Write(2, new(2, [5]), new(3, null)));
        CollectionAssert.AreEquivalent(
            new (uint, uint)[] { (1, 1), (2, 2) }, board.List().Select(entry => (entry.Track, entry.Version)).ToArray());
        Assert.AreEqual((1u, 2u), (board.Read(1).Version, board.Read(2).Version));
    }

    [TestMethod]
    public void AnExpectedVersionThatIsNotTheActualOneIsRefusedWithIt()
    {
        // Breaks with CheckTrack not comparing the version.
        board.Write(1, new TrackItem(1, [1]));
        board.Write(2, new TrackItem(1, [2]));
        foreach (uint expected in new uint[] { 0, 1, 3, 0xFFFFFFFF })
            AssertMismatch(2, new TrackItem(1, [3], expected));
        AssertMismatch(2, new TrackItem(1, null, Expected: 1));
        AssertMismatch(0, new TrackItem(5, [1], Expected: 1));
        AssertMismatch(0, new TrackItem(5, null, Expected: 1));
        board.Write(4, new TrackItem(1, [3], Expected: 2));
        board.Write(5, new TrackItem(1, null, Expected: 3));
    }

    [TestMethod]
    public void ExpectedVersionZeroMeansThatThereMustBeNoSuchTrack()
    {
        board.Write(1, new TrackItem(1, [1], Expected: 0));
        AssertMismatch(1, new TrackItem(1, [1], Expected: 0));
        board.Write(2, new TrackItem(1, null));
        board.Write(3, new TrackItem(1, [1], Expected: 0));
    }

    [TestMethod]
    public void AMismatchInOneTrackRefusesTheWholeRequest()
    {
        board.Write(1, new(1, [1]), new(2, [1]));
        AssertMismatch(1, new(1, [2], Expected: 1), new(3, [2], Expected: 0), new(2, [2], Expected: 5));
        CollectionAssert.AreEqual(new byte[] { 1 }, board.Read(1).Data);
        Assert.AreEqual(Status.NotFound, board.Read(3).Status);
    }

    // The number of the last commits before it wraps

    [TestMethod]
    public void TheCommitNumberWrapsAndLeavesZeroOut()
    {
        // Breaks with VirtualTrackBuffer.After not leaving 0 out, and with numbers compared other than by their difference.
        SetSequence(0xFFFFFFFD);
        TrackModel model = new();
        uint request = 1;
        foreach (uint version in new uint[] { 0xFFFFFFFE, 0xFFFFFFFF, 1, 2 })
            foreach (uint client in new uint[] { version, version }) // the second is the repeat
            {
                TrackItem[] items = [new(request % 3, [(byte)version]), new(10, [(byte)version, 1])];
                Assert.AreEqual(version, Write(client, request, items));
                model.Apply(items);
                board.Boot();
                model.AssertHeldBy(board, $"{version:X}");
                Assert.AreEqual(version, board.Read(10).Version);
                AssertLast(client, request, version);
            }
        AssertLast(0xFFFFFFFE, 1, 0xFFFFFFFE);
        AssertMismatch(2, new TrackItem(10, [1], Expected: 0xFFFFFFFF));
    }

    [TestMethod]
    public void ACutWhereTheCommitNumberWrapsLosesNothing()
    {
        SetSequence(0xFFFFFFFE);
        board.Write(1, new TrackItem(1, [1]));
        byte[] before = board.Chip.Storage.ToArray();
        bool wasOld = false, wasNew = false;
        for (int bytes = 1; bytes < 150; bytes++)
        {
            before.CopyTo(board.Chip.Storage);
            board.Boot();
            board.Chip.CutAfterBits(8 * bytes);
            board.TryWrite(2, [new(1, [2])]);
            board.Boot();
            byte found = board.Read(1).Data!.Single();
            Assert.AreEqual(found == 1 ? 0xFFFFFFFF : 1u, Sequence(), $"cut after {bytes}");
            Assert.AreEqual(1u, board.Write(2, new TrackItem(1, [2])), $"cut after {bytes}");
            wasOld |= found == 1;
            wasNew |= found == 2;
        }
        Assert.IsTrue(wasOld && wasNew);
    }

    [TestMethod]
    public void AStoreWithBothRecordsLostGoesOnBehindItsNewestTrackAlsoBeyondHalfTheNumbers()
    {
        SetSequence(0x90000000);
        for (uint request = 1; request < 5; request++)
            board.Write(request, new TrackItem(request, [1]));
        Geometry geometry = new(board.Chip.Part.Bytes, 0, 0);
        board.Chip.Fill(geometry.RecordAddress(0), geometry.RecordBytes, 0xAA);
        board.Chip.Fill(geometry.RecordAddress(1), geometry.RecordBytes, 0xAA);
        board.Boot();
        Assert.AreEqual(0x90000005, board.Write(5, new TrackItem(5, [1])));
    }

    private uint Sequence() => board.Info().U32(Payload.InfoAnswer.Sequence);

    private uint Write(uint client, uint request, params TrackItem[] items)
    {
        Answer? answer = board.TryWrite(request, items, client);
        Assert.AreEqual(Status.Ok, answer?.Status, $"client {client}, request {request}");
        return answer!.U32(Payload.WriteAnswer.Version);
    }

    private void AssertLast(uint client, uint request, uint version)
    {
        Answer last = board.Last(client);
        Assert.AreEqual(Status.Ok, last.Status, $"client {client}");
        Assert.AreEqual((request, version), (last.U32(Payload.LastAnswer.Request), last.U32(Payload.LastAnswer.Version)), $"client {client}");
    }

    private void AssertMismatch(uint actual, params TrackItem[] items)
    {
        Answer? answer = board.TryWrite(1000, items);
        Assert.AreEqual((Status.VersionMismatch, actual), (answer!.Status, answer.U32(Payload.WriteAnswer.Version)));
    }

    // The empty store's record gets another number, as if so many commits had gone before.
    private void SetSequence(uint sequence)
    {
        Geometry geometry = new(board.Chip.Part.Bytes, 0, 0);
        byte[] medium = board.Chip.Memory.Slice(geometry.RecordAddress(0), geometry.RecordBytes).ToArray();
        VtbRecord record = new(geometry.SetSegments);
        short[] set = new short[geometry.SetSegments];
        int count = record.Parse(medium, 0, geometry, set);
        record.Sequence = unchecked((int)sequence);
        record.Put(medium, 0, set, count);
        medium.CopyTo(board.Chip.Memory[geometry.RecordAddress(0)..]);
        board.Boot();
        Assert.AreEqual(sequence, Sequence());
    }
}
