using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G7: what is not defined is refused, changes nothing that is committed, and the next good frame works. The store is a small one, 16 segments
/// of 64 data bytes a set and pieces of 512 bytes, so that its limits are near. LineTests.cs has what is no whole frame.
/// </summary>
[TestClass]
[OnlyOnDotNet("works through all and random inputs: too much for an interpreter")]
public sealed class BadInputTests
{
    private const int Piece = 512;
    private const int SegmentData = 64;
    private const int SetSegments = 16;
    private const int LongestTrack = SetSegments * SegmentData;
    private const int Last = WriteFlags.Last;

    private static readonly byte[] ten = TrackModel.Data(10, 99);

    private readonly TestBoard board = TestBoard.Formatted(settings: new BoardSettings { LargestPieceBytes = Piece });
    private readonly TrackModel model = new();
    private uint nextNumber = 10;

    public static IEnumerable<object[]> Types =>
    [
        [FrameType.Hello, 0], [FrameType.Info, 0], [FrameType.Stats, 0], [FrameType.Last, 0], [FrameType.Read, 0], [FrameType.List, 0],
        [FrameType.Verify, 0], [FrameType.Format, Payload.Format.Bytes], [FrameType.Repair, Payload.Repair.Bytes],
    ];

    [TestInitialize]
    public void WriteSomeTracks()
    {
        Commit(new(1, TrackModel.Data(40, 1)), new(2, TrackModel.Data(300, 2)), new(3, []));
        Commit(new TrackItem(1, TrackModel.Data(50, 3)));
    }

    // What is not defined

    [TestMethod]
    public void EveryUnknownTypeIsToldSo()
    {
        Assert.IsEmpty(board.Send(Frames.Build(0, 0, 1)), "its answer would be LOST");
        foreach (int type in Enumerable.Range(1, 0x7F).Except(Types.Select(row => (int)row[0])).Except([FrameType.Write]))
            Assert.AreEqual(Status.UnknownType, board.Send(board.BuildFrame(type, 1, 5, ten, part: 3, flags: 9)).Single().Status, $"{type:X2}");
        AssertNothingChanged(Snapshot(), "unknown types");
    }

    [TestMethod]
    [DynamicData(nameof(Types))]
    public void APayloadOfAnotherLengthIsABadRequest(int type, int right)
    {
        // Breaks, for FORMAT say, with `<` for `!=`.
        foreach (int length in new[] { 0, 1, right - 1, right + 1, right + 4, Block.PayloadHeadBytes + Piece })
            if (length >= 0 && length != right)
                AssertRefused(Status.BadRequest, board.BuildFrame(type, 1, Argument(type), new byte[length]));
    }

    [TestMethod]
    [DynamicData(nameof(Types))]
    public void EveryFlagIsABadRequestWhereThereIsNone(int type, int right)
    {
        // Finding 14. Breaks with the flags of all types but WRITE not looked at; a request has no status either.
        for (int bit = 0; bit < 8; bit++)
            AssertRefused(Status.BadRequest, board.BuildFrame(type, 1, Argument(type), RightPayload(type, right), flags: 1 << bit));
    }

    [TestMethod]
    [DynamicData(nameof(Types))]
    public void APartIsABadRequestWhereThereIsNone(int type, int right)
    {
        foreach (int part in new[] { 1, 0x100, 0xFFFF })
            AssertRefused(Status.BadRequest, board.BuildFrame(type, 1, Argument(type), RightPayload(type, right), part));
    }

    [TestMethod]
    [DataRow(FrameType.Info, 0)]
    [DataRow(FrameType.Stats, 0)]
    [DataRow(FrameType.Format, Payload.Format.Bytes)]
    [DataRow(FrameType.Repair, Payload.Repair.Bytes)]
    public void AnArgumentIsABadRequestWhereThereIsNone(int type, int right)
    {
        for (int bit = 0; bit < 32; bit++)
            AssertRefused(Status.BadRequest, board.BuildFrame(type, 1, 1u << bit, RightPayload(type, right)));
    }

    [TestMethod]
    public void LastOfClientZeroIsABadRequest() => AssertRefused(Status.BadRequest, board.BuildFrame(FrameType.Last, 1, 0));

    [TestMethod]
    public void EveryUndefinedFlagOfAWriteIsABadRequest()
    {
        for (int bit = 5; bit < 8; bit++)
        {
            AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, flags: Last | 1 << bit));
            AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, flags: WriteFlags.All | 1 << bit));
        }
    }

    [TestMethod]
    public void AnExpectedVersionWithoutItsFlagIsABadRequest()
    {
        for (int bit = 0; bit < 32; bit++)
            AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, flags: Last, expected: 1u << bit));
    }

    [TestMethod]
    [DataRow(WriteFlags.Behind)]
    [DataRow(WriteFlags.Passing)]
    public void WhatStandsInPartZeroIsABadRequestElsewhere(int flag)
    {
        uint number = nextNumber++;
        List<byte[]> frames = board.WriteFrames(number, [new(9, ten), new(10, ten)]);
        board.Send(frames[0]);
        AssertRefused(
            Status.BadRequest, board.WriteFrame(number, 1, 10, ten, flags: Last | flag, before: Frames.Fingerprint(frames[0])));
    }

    [TestMethod]
    public void ExpectIsABadRequestButInTheFirstPartOfATrack()
    {
        uint number = nextNumber++;
        List<byte[]> frames = board.WriteFrames(number, [new(9, TrackModel.Data(Piece + 10, 1))]);
        board.Send(frames[0]);
        AssertRefused(
            Status.BadRequest,
            board.WriteFrame(number, 1, 9, TrackModel.Data(10, 1), length: Piece + 10, flags: Last | WriteFlags.Expect, before: Frames.Fingerprint(frames[0])));
    }

    [TestMethod]
    public void BeforeInPartZeroIsABadRequest()
    {
        for (int bit = 0; bit < 32; bit++)
            AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, flags: Last, before: 1u << bit));
    }

    [TestMethod]
    public void AWriteShorterThanItsFieldsIsABadRequest()
    {
        for (int length = 0; length < Block.PayloadHeadBytes; length++)
            AssertRefused(Status.BadRequest, board.BuildFrame(FrameType.Write, nextNumber++, 0, [.. Enumerable.Repeat((byte)1, length)], flags: Last));
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(9)]
    [DataRow(11)]
    [DataRow(65535)]
    public void ACountThatIsNotThatOfTheDataIsABadRequest(int count)
    {
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, flags: Last, count: count));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, length: count, flags: Last, count: count));
    }

    [TestMethod]
    public void ClientZeroIsABadRequest() => AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, flags: Last, client: 0));

    // The order of checks

    // Each is one thing wrong with a write request of one frame, in the order in which the document has them checked.
    private sealed record Fault(string Name, Status Status, Action<Write> Apply);

    private sealed class Write
    {
        public uint Number;
        public int Type = FrameType.Write;
        public int Flags = Last;
        public uint Track = 9;
        public byte[] Data = ten;
        public int? Length;
        public uint Expected;
        public bool IsDamaged;

        public byte[] Build(TestBoard board)
        {
            byte[] frame = board.WriteFrame(Number, 0, Track, Data, Length, Flags, expected: Expected);
            frame = board.BuildFrame(Type, Number, Expected, frame[Frame.HeaderBytes..^Frame.CrcBytes], flags: Flags);
            if (IsDamaged)
                frame[^1] ^= 1;
            return frame;
        }
    }

    private static readonly Fault[] faults =
    [
        new("damaged", Status.BadCrc, write => write.IsDamaged = true),
        new("unknown type", Status.UnknownType, write => write.Type = 0x16),
        new("undefined flag", Status.BadRequest, write => write.Flags |= 0x40),
        new("old number", Status.OldRequest, write => write.Number = 2),
        new("not behind", Status.NotNext, write => write.Flags |= WriteFlags.Behind),
        new("too many data", Status.BadRequest, write => (write.Length, write.Data) = (write.Length ?? 5, ten)),
        new("too long", Status.TooLong, write =>
        {
            if (write.Length == null)
                (write.Data, write.Flags) = (new byte[Piece], write.Flags & ~Last);
            write.Length = LongestTrack + 1;
        }),
        new("another version", Status.VersionMismatch, write => (write.Flags, write.Expected) = (write.Flags | WriteFlags.Expect, 12345)),
    ];

    [TestMethod]
    public void OfTwoFaultsTheOneCheckedFirstIsTold()
    {
        for (int first = 0; first < faults.Length; first++)
            for (int second = first; second < faults.Length; second++)
            {
                Write write = new() { Number = nextNumber += 2 };
                faults[first].Apply(write);
                faults[second].Apply(write);
                AssertRefused(faults[first].Status, write.Build(board), $"{faults[first].Name}, {faults[second].Name}");
            }
    }

    [TestMethod]
    [DataRow("full")]
    [DataRow("protected")]
    [DataRow("absent")]
    public void TheStateOfBoardAndStoreHasItsPlaceInTheOrder(string state)
    {
        Status expected = state switch { "full" => Status.Full, "protected" => Status.Protected, _ => Status.NoChip };
        if (state == "full")
            FillUp();
        if (state == "protected")
            board.Chip.Status = 0x0C;
        if (state == "absent")
            board.Chip.IsAbsent = true;
        board.Boot();
        int itsPlace = state == "full" ? faults.Length : 2;
        for (int i = 0; i < faults.Length; i++)
        {
            Write write = new() { Number = nextNumber += 2, Track = 9000 };
            faults[i].Apply(write);
            Status status = board.Send(write.Build(board))[^1].Status;
            Assert.AreEqual(i < itsPlace ? faults[i].Status : expected, status, faults[i].Name);
            board.Idle(2 * FrameReader.SilenceMs);
            board.TakeAnswers();
        }
        Assert.AreEqual(expected, board.Send(new Write { Number = nextNumber += 2, Track = 9000 }.Build(board)).Single().Status, "no fault");
    }

    [TestMethod]
    public void FormatAndRepairAreCheckedInTheOrderOfTheDocument()
    {
        byte[] payload = RightPayload(FrameType.Format, Payload.Format.Bytes);
        byte[] noise = "noise"u8.ToArray();
        // The place before the fields, and both before the name.
        Assert.AreEqual(Status.Lost, board.Send(noise, board.BuildFrame(FrameType.Format, 1, 0, payload, flags: 1))[^1].Status);
        Assert.AreEqual(Status.Lost, board.Send(noise, board.BuildFrame(FrameType.Format, 1, 0, new byte[Payload.Format.Bytes]))[^1].Status);
        Assert.AreEqual(Status.Lost, board.Send(noise, board.BuildFrame(FrameType.Repair, 1, 0, new byte[Payload.Repair.Bytes]))[^1].Status);
        AssertNothingChanged(Snapshot(), "FORMAT and REPAIR");
    }

    // Write requests

    [TestMethod]
    public void AnEmptyTrackIsStoredAndReadBack()
    {
        Commit(new TrackItem(9, []));
        (Status status, uint _, byte[]? data) = board.BootCopy().Read(9);
        Assert.AreEqual(Status.Ok, status);
        Assert.IsEmpty(data!);
        AssertNothingChanged(Snapshot(), "an empty track");
    }

    [TestMethod]
    [DataRow(0u)]
    [DataRow(0x80000000u)]
    [DataRow(0xFFFFFFFFu)]
    public void AnyNumberIsATrack(uint track)
    {
        Commit(new TrackItem(track, ten));
        AssertNothingChanged(Snapshot(), "a track");
        Commit(new TrackItem(track, null));
        AssertNothingChanged(Snapshot(), "no track");
    }

    [TestMethod]
    public void ATrackAsLongAsASetIsStoredAndALongerOneIsTooLong()
    {
        Commit(new TrackItem(9, TrackModel.Data(LongestTrack, 4)));
        AssertRequestRefused(Status.TooLong, new TrackItem(9, new byte[LongestTrack + 1]));
        AssertRequestRefused(Status.TooLong, new TrackItem(9, new byte[65534]));
    }

    [TestMethod]
    public void ARequestLongerThanASetIsTooLong()
    {
        Commit(new(9, TrackModel.Data(8 * SegmentData, 4)), new(10, TrackModel.Data(8 * SegmentData, 5)));
        AssertRequestRefused(Status.TooLong, new(9, new byte[8 * SegmentData]), new(10, new byte[8 * SegmentData + 1]));
        AssertRequestRefused(Status.TooLong, [.. Enumerable.Range(20, SetSegments + 1).Select(i => new TrackItem((uint)i, ten))]);
        Commit([.. Enumerable.Range(20, SetSegments).Select(i => new TrackItem((uint)i, ten))]);
    }

    [TestMethod]
    public void MoreReleasesThanASetHasSegmentsAreTooLong()
    {
        for (uint track = 20; track < 20 + SetSegments + 1; track++)
            Commit(new TrackItem(track, ten));
        AssertRequestRefused(Status.TooLong, [.. Enumerable.Range(20, SetSegments + 1).Select(i => new TrackItem((uint)i, null))]);
        Commit([.. Enumerable.Range(20, SetSegments).Select(i => new TrackItem((uint)i, null))]);
        AssertNothingChanged(Snapshot(), "released");
    }

    [TestMethod]
    public void PartsInWrongOrderNameTheOneThatIsMissing()
    {
        // Breaks with the comparison of a part with the next one removed.
        List<byte[]> frames = board.WriteFrames(nextNumber++, [new(9, ten), new(10, ten), new(11, ten)]);
        Assert.AreEqual(0u, AssertRefused(Status.WrongOrder, frames[1]).Argument);
        Assert.AreEqual(1u, board.Send(frames[0]).Single().Argument);
        Assert.AreEqual(1u, AssertRefused(Status.WrongOrder, frames[2]).Argument);
    }

    [TestMethod]
    public void TheMissingPartMayComeLater()
    {
        TrackItem[] items = [new(9, ten), new(10, ten), new(11, ten)];
        List<byte[]> frames = board.WriteFrames(nextNumber++, items);
        Statuses([Status.Continue, Status.WrongOrder, Status.Continue, Status.Ok], frames[0], frames[2], frames[1], frames[2]);
        model.Apply(items);
        AssertNothingChanged(Snapshot(), "in the end whole");
    }

    [TestMethod]
    public void ARepeatedPartIsTakenOnce()
    {
        TrackItem[] items = [new(9, TrackModel.Data(Piece + 20, 6)), new(10, ten)];
        List<byte[]> frames = board.WriteFrames(nextNumber++, items);
        List<Answer> answers = board.Send(frames[0], frames[1], frames[1], frames[0], frames[1], frames[2], frames[2], frames[0]);
        CollectionAssert.AreEqual(
            new[] { Status.Continue, Status.Continue, Status.Continue, Status.Continue, Status.Continue, Status.Ok, Status.Ok, Status.Continue },
            answers.Select(a => a.Status).ToArray());
        Assert.AreEqual(answers[5].Argument, answers[6].Argument);
        model.Apply(items);
        AssertNothingChanged(Snapshot(), "each part once");
    }

    [TestMethod]
    public void APartThatDoesNotFollowTheOnesBeforeItIsAConflictAndDropsTheRequest()
    {
        // Two programs with one id and number send parts of different requests. Breaks with *before* not compared.
        uint number = nextNumber++;
        List<byte[]> frames = board.WriteFrames(number, [new(9, ten), new(10, ten)]);
        List<byte[]> others = board.WriteFrames(number, [new(9, [1, 2, 3]), new(10, ten)]);
        board.Send(frames[0]);
        AssertRefused(Status.Conflict, others[1]);
        AssertRefused(Status.Conflict, frames[1]); // refused, so its number is decided
    }

    [TestMethod]
    public void AnotherPartThanTheOneHeldIsAConflict()
    {
        // A part that the board holds already, with other content: not a repetition. Breaks with parts compared by their number only.
        uint number = nextNumber++;
        List<byte[]> frames = board.WriteFrames(number, [new(9, ten), new(10, ten), new(11, ten)]);
        List<byte[]> others = board.WriteFrames(number, [new(9, [1, 2, 3]), new(10, ten), new(11, ten)]);
        Statuses([Status.Continue, Status.Continue], frames[0], frames[1]);
        Status status = board.Send(others[0]).Single().Status;
        Assert.IsTrue(status is Status.Conflict or Status.Continue, $"{status}");
        Status last = board.Send(others[1], others[2])[^1].Status;
        Assert.AreNotEqual(Status.WrongOrder, status);
        if (last == Status.Ok)
            model.Apply(new(9, [1, 2, 3]), new(10, ten), new(11, ten)); // begun anew with the other content
        AssertNothingChanged(Snapshot(), "never a mix");
    }

    [TestMethod]
    public void TheSameTrackTwiceInARequestIsABadRequest()
    {
        AssertRequestRefused(Status.BadRequest, new(9, ten), new(9, ten));
        AssertRequestRefused(Status.BadRequest, new(1, ten), new(1, null));
        AssertRequestRefused(Status.BadRequest, new(1, null), new(1, ten));
        AssertRequestRefused(Status.BadRequest, new(1, null), new(1, null));
        AssertRequestRefused(Status.BadRequest, new(9, ten), new(10, ten), new(11, TrackModel.Data(700, 1)), new(9, []));
    }

    [TestMethod]
    public void PiecesOfAnotherSizeAreABadRequest()
    {
        // All but a track's last piece are as long as HELLO says.
        const int length = Piece + 20;
        foreach (int first in new[] { 0, 1, SegmentData, Piece - 1 })
            AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[first], length: length));
        foreach (int second in new[] { 0, 1, 19, 21 })
        {
            uint number = nextNumber++;
            byte[] begin = board.WriteFrame(number, 0, 9, new byte[Piece], length: length);
            Statuses([Status.Continue], begin);
            AssertRefused(
                Status.BadRequest, board.WriteFrame(number, 1, 9, new byte[second], length: length, flags: Last, before: Frames.Fingerprint(begin)));
        }
    }

    [TestMethod]
    public void APieceOfAnotherTrackOrLengthBeforeTheEndIsABadRequest()
    {
        // Finding 14: a wrong length in later pieces.
        const int length = Piece + 20;
        foreach ((uint track, int told) in new[] { (10u, length), (9u, length + 1), (9u, 20), (9u, Block.Released), (10u, 20) })
        {
            uint number = nextNumber++;
            byte[] begin = board.WriteFrame(number, 0, 9, new byte[Piece], length: length);
            Statuses([Status.Continue], begin);
            AssertRefused(
                Status.BadRequest, board.WriteFrame(number, 1, track, new byte[20], length: told, flags: Last, before: Frames.Fingerprint(begin)));
        }
    }

    [TestMethod]
    public void ATrackWithoutAllItsDataIsNotCommitted()
    {
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[20], length: 40, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, [], length: 40, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[Piece], length: Piece + 1, flags: Last));
    }

    [TestMethod]
    public void MoreDataThanTheTrackIsLongAreABadRequest()
    {
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[20], length: 19, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, new byte[20], length: 0, flags: Last));
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 1, new byte[20], length: Block.Released, flags: Last));
    }

    [TestMethod]
    public void AnAbsentTrackIsNotFound()
    {
        AssertRefused(Status.NotFound, board.BuildFrame(FrameType.Read, 1, 9));
        AssertRequestRefused(Status.NotFound, new TrackItem(9, null));
        AssertRequestRefused(Status.NotFound, new(1, ten), new(9, null));
    }

    [TestMethod]
    public void ANewTrackInAFullStoreIsFull()
    {
        uint track = FillUp();
        AssertRequestRefused(Status.Full, new TrackItem(track, []));
        Commit(new TrackItem(100, TrackModel.Data(600, 5)));
        AssertNothingChanged(Snapshot(), "full");
    }

    // Requests that stop half-way

    [TestMethod]
    public void AHalfSentRequestIsReplacedByAnother()
    {
        List<byte[]> half = board.WriteFrames(nextNumber++, [new(1, ten), new(10, ten)]);
        Statuses([Status.Continue], half[0]);
        Commit(new TrackItem(11, ten));
        AssertRefused(Status.OldRequest, half[1]);
    }

    [TestMethod]
    public void HelloDropsAHalfSentRequest()
    {
        uint number = nextNumber++;
        Statuses([Status.Continue], board.WriteFrames(number, [new(1, ten), new(10, ten)])[0]);
        board.Hello();
        List<byte[]> again = board.WriteFrames(number, [new(1, ten), new(10, ten)]);
        Assert.AreEqual(0u, AssertRefused(Status.WrongOrder, again[1]).Argument);
        Statuses([Status.Continue, Status.Ok], again[0], again[1]);
        model.Apply(new(1, ten), new(10, ten));
        AssertNothingChanged(Snapshot(), "in the end whole");
    }

    [TestMethod]
    public void TwoClientsTakeTurnsAndNeverMix()
    {
        uint number = nextNumber++;
        List<byte[]> one = board.WriteFrames(number, [new(9, ten), new(10, ten)], client: 1);
        List<byte[]> two = board.WriteFrames(number, [new(11, ten), new(12, ten)], client: 2);
        Statuses([Status.Continue, Status.Continue, Status.WrongOrder, Status.Ok], one[0], two[0], one[1], two[1]);
        model.Apply(new(11, ten), new(12, ten));
        AssertNothingChanged(Snapshot(), "client 2");
        Statuses([Status.Continue, Status.WrongOrder, Status.Ok], one[0], board.WriteFrame(number + 1, 1, 13, ten, client: 2), one[1]);
        model.Apply(new(9, ten), new(10, ten));
        AssertNothingChanged(Snapshot(), "client 1");
    }

    [TestMethod]
    public void OtherRequestsBetweenThePartsDoNotDisturbAWriteRequest()
    {
        TrackItem[] items = [new(1, TrackModel.Data(700, 6)), new(10, ten), new(2, null)];
        List<byte[]> frames = board.WriteFrames(nextNumber++, items);
        foreach (byte[] frame in frames)
        {
            model.AssertHeldBy(board, "before the commit");
            Assert.IsEmpty(board.Verify());
            board.Last();
            board.Info();
            Assert.AreEqual(frame == frames[^1] ? Status.Ok : Status.Continue, board.Send(frame).Single().Status);
        }
        model.Apply(items);
        AssertNothingChanged(Snapshot(), "after the commit");
    }

    // Pages, FORMAT, HELLO

    [TestMethod]
    [DataRow(FrameType.List)]
    [DataRow(FrameType.Verify)]
    public void APageBehindTheEndIsEmpty(int type)
    {
        foreach (uint start in new uint[] { 46, 70, 71, 1000, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF })
        {
            Answer page = board.AskOne(type, start);
            Assert.AreEqual(
                (Status.Ok, 0xFFFFFFFF, Payload.PageAnswer.Entries), (page.Status, page.Argument, page.Payload.Length), $"{start:X}");
        }
    }

    [TestMethod]
    [DataRow("BLANK")]
    [DataRow("DAMAGED")]
    [DataRow("")]
    [DataRow("whatever")]
    public void FormatWithAWrongNameFormatsNothing(string name)
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.WrongName, board.Format(name).Status);
        AssertNothingChanged(before, "FORMAT");
    }

    [TestMethod]
    public void RepairWithAWrongNameRepairsNothing()
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.WrongName, board.Repair("DAMAGED\0"u8.ToArray())?.Status);
        AssertNothingChanged(before, "REPAIR");
    }

    [TestMethod]
    public void FormatWithTheIdOfNoStoreFormatsNothing()
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.BadRequest, board.Format(board.StoreId(), newId: 0).Status);
        AssertNothingChanged(before, "FORMAT");
    }

    [TestMethod]
    [DataRow(63, 2)]
    [DataRow(1, 2)]
    [DataRow(4133, 2)]
    [DataRow(65535, 2)]
    [DataRow(0, 1)]
    [DataRow(0, 65)]
    [DataRow(0, 65535)]
    [DataRow(1100, 64)] // the set is longer than 65,532 bytes
    [DataRow(4132, 2)] // fewer segments fit than twice the reserve
    [DataRow(1000, 4)]
    public void FormatWithImpossibleSizesFormatsNothing(int segmentBytes, int setSegments)
    {
        byte[] before = Snapshot();
        Assert.AreEqual(Status.BadRequest, board.Format(board.StoreId(), segmentBytes: segmentBytes, setSegments: setSegments).Status);
        AssertNothingChanged(before, "FORMAT");
    }

    [TestMethod]
    [DataRow("MB85RS64V", 64, 16)]
    [DataRow("MB85RS64V", 64, 2)]
    [DataRow("MB85RS64V", 1000, 2)]
    [DataRow("MB85RS2MT", 4132, 15)]
    [DataRow("MB85RS2MT", 1024, 64)]
    [DataRow("CY15B108QI", 64, 2)]
    [DataRow("CY15B108QI", 100, 40)]
    public void TheLimitsThemselvesArePossible(string chip, int segmentBytes, int setSegments)
    {
        TestBoard other = TestBoard.Formatted(chip, segmentBytes: segmentBytes, setSegments: setSegments);
        byte[] longest = TrackModel.Data((int)other.Hello().U32(Payload.HelloAnswer.LongestTrackBytes), 3);
        Assert.HasCount((segmentBytes - 36) * setSegments, longest);
        for (uint number = 1; number < 4; number++)
            other.Write(number, new TrackItem(5, longest));
        CollectionAssert.AreEqual(longest, other.BootCopy().Read(5).Data);
    }

    [TestMethod]
    [DataRow(0u)]
    [DataRow(2u)]
    [DataRow(0x101u)]
    [DataRow(0x10001u)]
    [DataRow(0xFFFFFFFFu)]
    public void HelloOfAnotherProtocolTellsWhichIsSpokenAndBeginsNoSession(uint version)
    {
        uint key = board.Key;
        Answer answer = board.Hello(5, version);
        Assert.AreEqual((Status.WrongProtocol, 0u), (answer.Status, answer.Argument));
        Assert.AreEqual(Frame.ProtocolVersion, answer.U16(Payload.HelloAnswer.Protocol));
        Assert.HasCount(Payload.HelloAnswer.Bytes, answer.Payload);
        Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Info).Status, "the session goes on");
        Assert.AreEqual(key, board.Key);
    }

    // All of it mixed

    private static IEnumerable<int> Seeds => Enumerable.Range(1, 8);

    [TestMethod]
    [DynamicData(nameof(Seeds))]
    public void NoMixOfGoodAndBadFramesChangesMoreThanItsWholeRequests(int seed)
    {
        // Breaks, for one, with the order of parts not checked, or a commit before all data are there. A seed repeats its run.
        BadInputMix mix = new(board, model, seed);
        for (int i = 0; i < 60; i++)
        {
            mix.Send(25);
            Assert.AreEqual(Status.Ok, board.Hello().Status, $"seed {seed}, round {i}");
            model.AssertHeldBy(board, $"seed {seed}, round {i}");
        }
        Assert.IsTrue(mix.Committed > 100, $"{mix.Committed} requests were committed: the mix tests too little");
        model.AssertHeldBy(board.BootCopy(), $"seed {seed}, after a restart");
        Assert.IsEmpty(board.Verify());
        Assert.AreEqual(0u, board.Stat(Counter.InternalErrors), $"seed {seed}");
        Assert.AreEqual(0u, board.Stat(Counter.ChipErrors), $"seed {seed}");
    }

    // A right argument for a type, so that only what a test makes wrong is.
    private static uint Argument(int type) => type is FrameType.Hello or FrameType.Last or FrameType.Read ? 1u : 0;

    private byte[] RightPayload(int type, int length)
    {
        if (length == 0)
            return [];
        byte[] id = board.StoreId();
        return type == FrameType.Format ? [.. id, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0] : id;
    }

    // Until there is no room for the shortest track; the next track's number.
    private uint FillUp()
    {
        uint track = 100;
        foreach (int length in new[] { 600, 0 })
            while (board.TryWrite(nextNumber++, [new(track, new byte[length])])?.Status == Status.Ok)
                model.Apply(new TrackItem(track++, new byte[length]));
        return track;
    }

    private void Commit(params TrackItem[] items)
    {
        board.Write(nextNumber++, items);
        model.Apply(items);
    }

    private void Statuses(Status[] expected, params byte[][] frames) =>
        CollectionAssert.AreEqual(expected, board.Send(frames).Select(a => a.Status).ToArray());

    private void AssertRequestRefused(Status expected, params TrackItem[] items)
    {
        byte[] before = Snapshot();
        Assert.AreEqual(expected, board.TryWrite(nextNumber++, items)?.Status);
        AssertNothingChanged(before, $"{expected}");
    }

    // The frame is a whole one, so there is exactly one answer, which repeats what it must; but for a damaged payload the place is not lost.
    private Answer AssertRefused(Status expected, byte[] frame, string where = "")
    {
        byte[] before = Snapshot();
        List<Answer> answers = board.Send(frame);
        Assert.AreEqual(expected, answers.Single().Status, where);
        Answer answer = answers[0];
        Assert.AreEqual(
            (Frame.Type(frame, 0) | FrameType.Answer, (uint)Frame.Number(frame, 0)), (answer.Type, answer.Number), $"{where}: {expected}");
        if (Frame.Type(frame, 0) == FrameType.Write)
            Assert.AreEqual(Frame.Part(frame, 0), answer.Part, where);
        if (Frame.Type(frame, 0) != FrameType.Last)
            Assert.IsEmpty(answer.Payload, where);
        AssertNothingChanged(before, $"{where}: {expected}");
        return answer;
    }

    // All of the medium but the segments: free ones may have taken the data of a request that was refused then. At rest, because what follows a
    // commit, a record say, is no change.
    private byte[] Snapshot()
    {
        board.Idle(400);
        MediumLayout layout = Medium.Read(board.Chip.Memory).Layout;
        return [.. board.Chip.Memory[..layout.SegmentsAt], .. board.Chip.Memory[layout.RecordAt(1)..]];
    }

    private void AssertNothingChanged(byte[] before, string where)
    {
        CollectionAssert.AreEqual(before, Snapshot(), $"{where}: metadata");
        model.AssertHeldBy(board.BootCopy(), where);
        Assert.AreEqual(Status.Ok, board.AskOne(FrameType.Stats).Status, $"{where}: the next good frame");
    }
}
