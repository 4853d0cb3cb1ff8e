using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>G7: of several things wrong with a frame the one that the document has checked first is told.</summary>
[TestClass]
[OnlyOnDotNet("works through all and random inputs: too much for an interpreter")]
public sealed class CheckOrderTests : BadInput
{
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
        Assert.AreEqual(
            expected, board.Send(new Write { Number = nextNumber += 2, Track = 9000 }.Build(board)).Single().Status, "no fault");
    }

    [TestMethod]
    public void FormatAndRepairAreCheckedInTheOrderOfTheDocument()
    {
        byte[] payload = RightPayload(FrameType.Format, Payload.Format.Bytes);
        byte[] noise = "noise"u8.ToArray();
        // The place before the fields, and both before the name.
        Assert.AreEqual(Status.Lost, board.Send(noise, board.BuildFrame(FrameType.Format, 1, 0, payload, flags: 1))[^1].Status);
        Assert.AreEqual(
            Status.Lost, board.Send(noise, board.BuildFrame(FrameType.Format, 1, 0, new byte[Payload.Format.Bytes]))[^1].Status);
        Assert.AreEqual(
            Status.Lost, board.Send(noise, board.BuildFrame(FrameType.Repair, 1, 0, new byte[Payload.Repair.Bytes]))[^1].Status);
        AssertNothingChanged(Snapshot(), "FORMAT and REPAIR");
    }
}
