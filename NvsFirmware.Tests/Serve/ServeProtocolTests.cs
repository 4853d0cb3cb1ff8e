using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Host;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Serve;

/// <summary>The protocol on a program's socket, frame by frame: docs/protocol.md, as with a board.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class ServeProtocolTests
{
    private const uint Client = 0xA1;
    private const int PieceBytes = 256; // Of LineBoard.

    /// <summary>
    /// Breaks when a request of a client is carried out after LAST has told another connection of that client what was: a program
    /// that was killed and started again would write it twice.
    /// </summary>
    [TestMethod]
    public async Task WhatLastHasToldIsFinal()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawProgram busy = server.ConnectRaw();
        using RawProgram killed = server.ConnectRaw();
        using RawProgram late = server.ConnectRaw();
        using RawProgram next = server.ConnectRaw();
        foreach (RawProgram program in new[] { busy, killed, late, next })
            program.Hello();
        server.Board.IsPaused = true;
        busy.Send(Frames.Build(busy.Key, FrameType.Read, 2, 7));
        List<byte[]> parts = Parts(killed, 1, 7, 300);
        killed.Send(parts[0]);
        Check(killed.Next(), FrameType.Write, Status.Continue, 1);
        killed.Send(parts[1]); // Whole now, and waits for its turn.
        next.Send(Frames.Build(next.Key, FrameType.Last, 2, Client));
        Assert.IsTrue(SpinWait.SpinUntil(() => server.Server.Fence.IsAsked(Client), ChildProcess.Guard), "LAST is asked");
        server.Board.IsPaused = false;
        Check(next.Next(), FrameType.Last, Status.NotFound, 0);
        Check(killed.Next(), 0, Status.Lost, 0);
        // It was on its way before LAST was asked.
        Check(late.Ask(Parts(late, 1, 7, 10)[0]), 0, Status.Lost, 0);
        Check(next.Ask(Frames.Build(next.Key, FrameType.Read, 3, 7)), FrameType.Read, Status.NotFound, 0);
        // Who asked goes on, and so does who says HELLO.
        Check(next.Ask(Parts(next, 1, 7, 10)[0]), FrameType.Write, Status.Ok, LineBoard.FirstVersion);
        late.Hello(4);
        Check(late.Ask(Parts(late, 2, 7, 20)[0]), FrameType.Write, Status.Ok, LineBoard.FirstVersion + 1);
    }

    /// <summary>
    /// Breaks when an answer overtakes one before it: to a program that says that no answer will come to the frame before.
    /// </summary>
    [TestMethod]
    public async Task AnswersComeInTheOrderOfTheFrames()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawProgram program = server.ConnectRaw();
        program.Hello();
        List<byte[]> parts = Parts(program, 1, 7, 600);
        program.Send(Frames.Build(program.Key, FrameType.Read, 2, 7));
        program.Send(parts[0]);
        program.Send(Frames.Build(program.Key, FrameType.Info, 3), parts[1], parts[2]);
        program.Send(Frames.Build(program.Key, FrameType.Read, 4, 7));
        Check(program.Next(), FrameType.Read, Status.NotFound, 0);
        Check(program.Next(), FrameType.Write, Status.Continue, 1);
        Assert.AreEqual(FrameType.Info | FrameType.Answer, program.Next().Type);
        Check(program.Next(), FrameType.Write, Status.Continue, 2);
        Check(program.Next(), FrameType.Write, Status.Ok, LineBoard.FirstVersion);
        Check(program.Next(), FrameType.Read, Status.Continue, LineBoard.FirstVersion);
        Check(program.Next(), FrameType.Read, Status.Continue, LineBoard.FirstVersion);
        Check(program.Next(), FrameType.Read, Status.Ok, LineBoard.FirstVersion);
    }

    /// <summary>Breaks when a number that is decided is carried out again, or gets another answer than before.</summary>
    [TestMethod]
    public async Task ADecidedNumberGetsTheSameAnswer()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawProgram program = server.ConnectRaw();
        program.Hello();
        byte[] second = Parts(program, 2, 7, 10)[0];
        Check(program.Ask(second), FrameType.Write, Status.Ok, LineBoard.FirstVersion);
        Check(program.Ask(second), FrameType.Write, Status.Ok, LineBoard.FirstVersion);
        Check(program.Ask(Parts(program, 2, 8, 10)[0]), FrameType.Write, Status.Conflict, 0);
        Check(program.Ask(Parts(program, 1, 8, 10)[0]), FrameType.Write, Status.OldRequest, 0);
        Check(program.Ask(Parts(program, 2, 8, 600)[1]), FrameType.Write, Status.Continue, 2);
        byte[] refused = Parts(program, 3, 7, 10, expected: 99)[0];
        Check(program.Ask(refused), FrameType.Write, Status.VersionMismatch, LineBoard.FirstVersion);
        Check(program.Ask(refused), FrameType.Write, Status.VersionMismatch, LineBoard.FirstVersion);
        // In another session the board would say OldRequest, and LAST that it is this one.
        program.Hello(5);
        Check(program.Ask(Parts(program, 2, 7, 10)[0]), FrameType.Write, Status.Ok, LineBoard.FirstVersion);
        Check(program.Ask(Frames.Build(program.Key, FrameType.Info, 6)), FrameType.Info, Status.Ok, 0);
    }

    /// <summary>Breaks when 'behind' is forgotten, or fails because another program's turn was between.</summary>
    [TestMethod]
    public async Task BehindHoldsWhoeverElseWrites()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawProgram program = server.ConnectRaw();
        using RawProgram other = server.ConnectRaw();
        program.Hello();
        other.Hello();
        program.SendTogether(
            Parts(program, 1, 7, 10, expected: 99)[0],
            Parts(program, 2, 7, 10, WriteFlags.Behind)[0],
            Parts(program, 3, 8, 10, WriteFlags.Behind)[0]);
        Check(program.Next(), FrameType.Write, Status.VersionMismatch, 0);
        Check(program.Next(), FrameType.Write, Status.NotNext, 0);
        Check(program.Next(), FrameType.Write, Status.NotNext, 0);
        Check(program.Ask(Parts(program, 2, 7, 10)[0]), FrameType.Write, Status.Ok, LineBoard.FirstVersion);
        Check(other.Ask(Frames.WriteRequest(other.Key, 3, [new TrackItem(9, [1])], 0xB2, PieceBytes)[0]), FrameType.Write, Status.Ok,
            LineBoard.FirstVersion + 1);
        Check(program.Ask(Parts(program, 3, 7, 11, WriteFlags.Behind)[0]), FrameType.Write, Status.Ok, LineBoard.FirstVersion + 2);
        Check(program.Ask(Parts(program, 5, 7, 12, WriteFlags.Behind)[0]), FrameType.Write, Status.NotNext, 0);
    }

    /// <summary>Breaks when what is not defined is passed over, or ends the connection.</summary>
    [TestMethod]
    public async Task WhatIsNotDefinedIsRefused()
    {
        await using TestServer server = await TestServer.StartAsync();
        using RawProgram program = server.ConnectRaw();
        Check(program.Ask(Frames.Hello(1, 9)), FrameType.Hello, Status.WrongProtocol, 0);
        Check(program.Ask(Frames.Build(77, FrameType.Info, 2)), 0, Status.Lost, 0);
        program.Hello(3);
        uint key = program.Key;
        Check(program.Ask(Frames.Build(key, 0x40, 4)), 0x40, Status.UnknownType, 0);
        Check(program.Ask(Frames.Build(key, FrameType.Info, 5, 1)), FrameType.Info, Status.BadRequest, 0);
        Check(program.Ask(Frames.Build(key, FrameType.Info, 5, flags: 1)), FrameType.Info, Status.BadRequest, 0);
        Check(program.Ask(Frames.Build(key, FrameType.Last, 6)), FrameType.Last, Status.BadRequest, 0);
        Check(program.Ask(Frames.Build(key, FrameType.Format, 7, 0, new byte[3])), FrameType.Format, Status.BadRequest, 0);
        Check(program.Ask(Frames.Write(key, 1, 0, 7, new byte[10], flags: 0x40, client: Client)), FrameType.Write, Status.BadRequest, 0);
        Check(program.Ask(Frames.Write(key, 1, 0, 7, new byte[10], flags: WriteFlags.Last, client: 0)), FrameType.Write, Status.BadRequest,
            0);
        Check(program.Ask(Frames.Write(key, 1, 0, 7, new byte[10], 11, WriteFlags.Last, Client)), FrameType.Write, Status.BadRequest, 0);
        Check(program.Ask(Frames.Write(key, 1, 1, 7, new byte[10], null, WriteFlags.Last, Client)), FrameType.Write, Status.WrongOrder, 0);
        Check(program.Ask(Frames.Write(key, 1, 0, 7, new byte[300], null, WriteFlags.Last, Client)), FrameType.Write, Status.TooLong,
            16 + PieceBytes);
        List<byte[]> parts = Parts(program, 1, 7, 600);
        Check(program.Ask(parts[0]), FrameType.Write, Status.Continue, 1);
        Check(program.Ask(parts[2]), FrameType.Write, Status.WrongOrder, 1);
        Check(program.Ask(LineTap.Damaged(parts[1], 30)), FrameType.Write, Status.BadCrc, 0);
        Check(program.Ask(Frames.Build(key, FrameType.Last, 8, Client)), FrameType.Last, Status.NotFound, 0);
    }

    private static List<byte[]> Parts(RawProgram program, uint number, uint track, int bytes, int flags = 0, uint? expected = null) =>
        Frames.WriteRequest(
            program.Key, number, [new TrackItem(track, LineTap.Data(bytes, (int)number), expected)], Client, PieceBytes, flags);

    private static void Check(Answer answer, int type, Status status, uint argument) =>
        Assert.AreEqual((type | FrameType.Answer, status, argument), (answer.Type, answer.Status, answer.Argument));
}
