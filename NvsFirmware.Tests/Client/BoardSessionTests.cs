using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;
using NvsHost;

namespace NvsFirmware.Tests.Client;

/// <summary>What a HELLO's answer begins, by itself.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side")]
public sealed class BoardSessionTests
{
    private const int PieceBytes = 256;
    private static readonly int smallestWindow = Hello.Board(0, PieceBytes).LongestFrameBytes + Frame.HeaderBytes;

    /// <summary>Breaks when an answer to a HELLO of an earlier session, or to one that was repeated, begins this one.</summary>
    [TestMethod]
    public void TheLatestHelloOfThisSessionCounts()
    {
        BoardSession session = new();
        AnswerFrame first = Answer(session, Status.Ok);
        AnswerFrame second = Answer(session, Status.Ok);
        Assert.IsTrue(session.IsMine(first));
        Assert.IsTrue(session.IsMine(second));
        Assert.IsFalse(session.IsLatest(first));
        Assert.IsTrue(session.IsLatest(second));
        session.Begin();
        Assert.IsFalse(session.IsMine(first));
    }

    /// <summary>Breaks when the key or the board is not taken, or the least board that protocol.md allows is refused.</summary>
    [TestMethod]
    public void ABoardOfTheLeastWindowIsTaken()
    {
        BoardSession session = new();
        Assert.IsNull(session.Take(Answer(session, Status.Ok)));
        Assert.AreEqual(Hello.Key, session.Key);
        Assert.AreEqual(PieceBytes, session.Board!.PieceBytes);
    }

    /// <summary>Breaks when a board without a store is refused because it tells no sizes.</summary>
    [TestMethod]
    public void ABoardWithoutAStoreHasNoPieces()
    {
        BoardSession session = new();
        Assert.IsNull(session.Take(Answer(session, Status.Ok, Hello.Payload(smallestWindow, 0, Status.Blank))));
        Assert.AreEqual(Status.Blank, session.Board!.State);
    }

    /// <summary>Breaks when the client goes on with a board that makes no sense, or that it does not understand.</summary>
    [TestMethod]
    public void WhatMakesNoSenseBeginsNoSession()
    {
        Refuses<NvsLineException>(Hello.Payload(smallestWindow - 1, PieceBytes));
        Refuses<NvsLineException>(Hello.Payload(smallestWindow, 0));
        Refuses<NvsLineException>(Hello.Payload(smallestWindow, PieceBytes)[..^1]);
        Refuses<NvsLineException>(Hello.Payload(smallestWindow, PieceBytes), key: 0);
        Refuses<NvsRefusedException>(Hello.Payload(smallestWindow, PieceBytes, protocol: Frame.ProtocolVersion + 1));
        Refuses<NvsRefusedException>([1]);
        NvsRefusedException refused = Refuses<NvsRefusedException>([5, 0], Status.WrongProtocol);
        Assert.AreEqual(Status.WrongProtocol, refused.Status);
        StringAssert.Contains(refused.Message, "version 5");
        refused = Refuses<NvsRefusedException>(Hello.Payload(smallestWindow, PieceBytes), Status.InternalError);
        Assert.AreEqual(Status.InternalError, refused.Status);
    }

    /// <summary>Breaks when another store is taken for the one before, or the first one for another.</summary>
    [TestMethod]
    public void AnotherStoreIsNoticed()
    {
        BoardSession session = new();
        Assert.IsFalse(session.Meet("a"), "the first one");
        Assert.IsFalse(session.Meet("a"));
        Assert.IsTrue(session.Meet("b"));
        Assert.IsFalse(session.Meet("b"));
        Assert.AreEqual("b", session.StoreId);
    }

    private static T Refuses<T>(byte[] payload, Status status = Status.Ok, uint key = Hello.Key) where T : NvsException
    {
        BoardSession session = new();
        NvsException? why = session.Take(Answer(session, status, payload, key));
        Assert.IsNull(session.Board);
        Assert.AreEqual(0u, session.Key);
        Assert.IsInstanceOfType<T>(why);
        return (T)why;
    }

    private static AnswerFrame Answer(BoardSession session, Status status, byte[]? payload = null, uint key = Hello.Key)
    {
        byte[] hello = new byte[Frame.HeaderBytes];
        Assert.AreEqual(Frame.HeaderBytes, session.Seal(hello));
        payload ??= Hello.Payload(smallestWindow, PieceBytes);
        return new AnswerFrame(FrameType.Hello, status, (uint)Frame.Number(hello, 0), 0, key, payload);
    }
}
