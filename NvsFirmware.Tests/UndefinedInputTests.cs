using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>G7: what is not defined is refused: types, lengths, flags, parts, arguments, counts.</summary>
[TestClass]
[OnlyOnDotNet("works through all and random inputs: too much for an interpreter")]
public sealed class UndefinedInputTests : BadInput
{
    public static IEnumerable<object[]> Types =>
    [
        [FrameType.Hello, 0], [FrameType.Info, 0], [FrameType.Stats, 0], [FrameType.Last, 0], [FrameType.Read, 0], [FrameType.List, 0],
        [FrameType.Verify, 0], [FrameType.Format, Payload.Format.Bytes], [FrameType.Repair, Payload.Repair.Bytes],
    ];

    [TestMethod]
    public void EveryUnknownTypeIsToldSo()
    {
        Assert.IsEmpty(board.Send(Frames.Build(0, 0, 1)), "its answer would be LOST");
        foreach (int type in Enumerable.Range(1, 0x7F).Except(Types.Select(row => (int)row[0])).Except([FrameType.Write]))
            Assert.AreEqual(
                Status.UnknownType, board.Send(board.BuildFrame(type, 1, 5, ten, part: 3, flags: 9)).Single().Status, $"{type:X2}");
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
            board.WriteFrame(number, 1, 9, TrackModel.Data(10, 1), length: Piece + 10, flags: Last | WriteFlags.Expect,
                before: Frames.Fingerprint(frames[0])));
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
            AssertRefused(Status.BadRequest,
                board.BuildFrame(FrameType.Write, nextNumber++, 0, [.. Enumerable.Repeat((byte)1, length)], flags: Last));
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
    public void ClientZeroIsABadRequest() =>
        AssertRefused(Status.BadRequest, board.WriteFrame(nextNumber++, 0, 9, ten, flags: Last, client: 0));
}
