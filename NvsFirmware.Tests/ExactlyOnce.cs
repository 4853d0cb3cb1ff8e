using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>A board that several clients and sessions write to.</summary>
public abstract class ExactlyOnce
{
    private protected const uint Client = TestBoard.Client;

    private protected readonly TestBoard board = TestBoard.Formatted();

    private protected uint mismatches = 1000;

    private protected uint Version() => board.Info().U32(Payload.InfoAnswer.Version);

    private protected void NewSession(bool isRestarted)
    {
        if (isRestarted)
            board.Boot();
        else
            board.Hello();
    }

    // The medium when all that follows a commit is written.
    private protected byte[] Rest()
    {
        board.Idle(500);
        return board.Chip.Storage.ToArray();
    }

    private protected void AssertLast(uint client, uint number, uint version)
    {
        Answer last = board.Last(client);
        Assert.AreEqual(Status.Ok, last.Status, $"client {client}");
        Assert.AreEqual((number, version), (last.U32(Payload.LastAnswer.Number), last.Argument), $"client {client}");
        Assert.AreEqual(Version(), last.U32(Payload.LastAnswer.StoreVersion));
    }

    private protected void AssertMismatch(uint actual, params TrackItem[] items)
    {
        Answer? answer = board.TryWrite(mismatches++, items);
        Assert.AreEqual((Status.VersionMismatch, actual), (answer!.Status, answer.Argument));
    }
}
