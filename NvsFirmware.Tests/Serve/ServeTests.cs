using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Host;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;
using NvsHost.Serve;
using static NvsFirmware.Tests.Host.LineTap;

namespace NvsFirmware.Tests.Serve;

/// <summary>Programs that share a board through the server, each as if it had the board alone.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class ServeTests
{
    private const uint Counter = 100;

    /// <summary>Breaks when any kind of request is not passed on whole, or its answer is another one than the board's.</summary>
    [TestMethod]
    public async Task EachRequestIsAnsweredAsTheBoardWould()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using NvsClient client = await server.ConnectAsync();
        await using NvsClient other = await server.ConnectAsync();
        Assert.AreEqual("line", client.Board.BoardName);
        byte[] data = Data(3000, 1); // Twelve frames.
        uint version = await client.WriteBatchAsync(
            [WriteItem.Store(7, data), WriteItem.Store(8, default), WriteItem.Store(9, Data(700, 2))]);
        CollectionAssert.AreEqual(data, (await other.ReadAsync(7))!.Data);
        Assert.IsEmpty((await other.ReadAsync(8))!.Data);
        await other.ReleaseAsync([8]);
        Assert.IsNull(await client.ReadAsync(8));
        Assert.AreEqual($"7:{version}:3000 9:{version}:700",
            string.Join(' ', (await client.ListAsync()).Select(t => $"{t.Track}:{t.Version}:{t.Length}")));
        Assert.AreEqual(2, (await client.VerifyAsync()).TracksChecked);
        Assert.AreEqual(version + 1, (await client.InfoAsync()).Version);
        Assert.AreEqual(2u, (await client.StatsAsync())[NvsFirmware.Wire.Counter.Commits]);
        Assert.AreEqual(1u, (await client.LastAsync())!.Number);
        Assert.AreEqual(version + 1, (await client.HelloAsync()).Version);
        Assert.AreEqual(0, await client.RepairAsync(client.Board.StoreId));
    }

    /// <summary>
    /// Breaks when a refusal is not passed on, names another track, or is given for another request than the one refused.
    /// </summary>
    [TestMethod]
    public async Task RefusalsReachTheirProgram()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using NvsClient client = await server.ConnectAsync();
        uint version = await client.WriteAsync(7, Data(300, 1));
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => client.WriteBatchAsync(
            [WriteItem.Store(6, default), WriteItem.Store(7, Data(300, 2), version + 1), WriteItem.Store(8, default)]));
        Assert.AreEqual((Status.VersionMismatch, 7u, version), (e.Status, e.Track, e.ActualVersion));
        Assert.AreEqual(WriteOutcome.NotCommitted, e.Outcome);
        e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => client.ReleaseAsync([99]));
        Assert.AreEqual(Status.NotFound, e.Status);
        e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => client.WriteAsync(5, new byte[60_000]));
        Assert.AreEqual(Status.TooLong, e.Status);
        e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => client.FormatAsync("0123456789abcdef"));
        Assert.AreEqual(Status.WrongName, e.Status);
        await client.WriteAsync(7, Data(300, 3), version);
        Assert.IsNull(await client.ReadAsync(8));
    }

    /// <summary>
    /// Breaks when one of several on the way that is refused takes others with it, or lets those through that were to follow it
    /// only.
    /// </summary>
    [TestMethod]
    public async Task ARefusalInARowHitsOnlyItsRequest()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using NvsClient client = await server.ConnectAsync();
        await using NvsClient other = await server.ConnectAsync();
        Task<uint>[] row = Enumerable.Range(0, 9).Select(i => client.WriteAsync((uint)i, Data(10 + i, i), i == 4 ? 1234 : null)).ToArray();
        await other.WriteAsync(50, default);
        for (int i = 0; i < row.Length; i++)
            if (i != 4)
                CollectionAssert.AreEqual(Data(10 + i, i), await row[i] > 0 ? (await other.ReadAsync((uint)i))!.Data : null);
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => row[4]);
        Assert.AreEqual(Status.VersionMismatch, e.Status);
        Assert.AreEqual(9u, (await client.StatsAsync())[NvsFirmware.Wire.Counter.Commits]);
    }

    /// <summary>
    /// Breaks when requests of two programs are mixed, one is lost or carried out twice, or a program waits for more than one turn
    /// of each other; the board restarts and the line breaks meanwhile.
    /// </summary>
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public async Task EightProgramsLoseNothing(bool isTroubled)
    {
        const int Programs = 8;
        const int Increments = 12;
        int seed = Environment.TickCount;
        Console.WriteLine($"seed {seed}");
        Random random = new(seed);
        await using TestServer server = await TestServer.StartAsync();
        using CancellationTokenSource done = new();
        Task trouble = isTroubled ? Task.Run(() => Trouble(server.Board, random, done.Token)) : Task.CompletedTask;
        await Task.WhenAll(Enumerable.Range(0, Programs).Select(i => Task.Run(async () =>
        {
            await using NvsClient client = await server.ConnectAsync();
            for (uint n = 1; n <= Increments; n++)
            {
                // The count and the program's own track, in one request of several frames.
                byte[] own = Data(600, (i * 1000) + (int)n);
                BitConverter.TryWriteBytes(own, n);
                while (true)
                {
                    NvsTrack? count = await client.ReadAsync(Counter);
                    byte[] next = BitConverter.GetBytes(count is null ? 1 : BitConverter.ToInt32(count.Data) + 1);
                    try
                    {
                        await client.WriteBatchAsync([WriteItem.Store(Counter, next, count?.Version ?? 0), WriteItem.Store((uint)i, own)]);
                        break;
                    }
                    catch (NvsRefusedException e) when (e.Status == Status.VersionMismatch)
                    {
                        // Another program was first.
                    }
                }
                CollectionAssert.AreEqual(own, (await client.ReadAsync((uint)i))!.Data);
            }
        })));
        await done.CancelAsync();
        await trouble;
        await using NvsClient last = await server.ConnectAsync();
        Assert.AreEqual(Programs * Increments, BitConverter.ToInt32((await last.ReadAsync(Counter))!.Data));
        Assert.IsEmpty((await last.VerifyAsync()).Damages);
        Assert.IsLessThanOrEqualTo((long)Programs, server.Server.Turns.MostWaited);
    }

    /// <summary>Breaks when the board's session is used for two clients: then a number would stand for two requests.</summary>
    [TestMethod]
    public async Task ASessionWithTheBoardHasOneClientsRequests()
    {
        await using TestServer server = await TestServer.StartAsync();
        NvsClient[] clients = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => server.ConnectAsync()));
        for (int i = 0; i < 5; i++)
            await Task.WhenAll(
                clients.SelectMany(c => new[] { c.WriteAsync(c.ClientId, Data(40, i)), c.WriteAsync(c.ClientId, Data(41, i)) }));
        uint session = 0;
        HashSet<uint> asked = [];
        foreach (byte[] frame in server.Board.Sent.Where(f => Frame.Type(f, 0) == FrameType.Write))
        {
            if (Frame.KeyOf(frame, 0) != session)
                asked.Clear();
            session = Frame.KeyOf(frame, 0);
            asked.Add(BitConverter.ToUInt32(frame, Frame.HeaderBytes));
            Assert.HasCount(1, asked);
        }
        foreach (NvsClient client in clients)
            await client.DisposeAsync();
    }

    /// <summary>Breaks when a turn waits for a timer, for example before the HELLO that each client's turn begins with.</summary>
    [TestMethod]
    [Timeout(600_000)] // Against a hang.
    public async Task NoTurnWaitsForTimeToPass()
    {
        await using TestServer server = await TestServer.StartAsync(null, LineBoard.Options with { TimeProvider = new FrozenTime() });
        await using NvsClient client = await server.ConnectAsync();
        await using NvsClient other = await server.ConnectAsync();
        for (int i = 0; i < 5; i++)
            await Task.WhenAll(client.WriteAsync(7, Data(300, i)), other.WriteAsync(8, Data(300, i)));
        Assert.AreEqual(LineBoard.FirstVersion + 9, (await other.HelloAsync()).Version);
    }

    /// <summary>Breaks when a program's requests do not travel behind each other to the board while it is alone.</summary>
    [TestMethod]
    public async Task AProgramThatIsAloneHasSeveralRequestsOnTheWay()
    {
        // Nothing is ever overdue.
        await using TestServer server = await TestServer.StartAsync(null, LineBoard.Options with { TimeoutMs = 600_000 });
        await using NvsClient client = await server.ConnectAsync();
        await client.WriteAsync(1, default);
        server.Board.IsPaused = true;
        Task<uint>[] writes = Enumerable.Range(0, Turns.MostAhead).Select(i => client.WriteAsync((uint)i, Data(20, i))).ToArray();
        server.Board.WaitForSent(FrameType.Write, 1 + Turns.MostAhead);
        server.Board.IsPaused = false;
        uint[] versions = await Task.WhenAll(writes);
        CollectionAssert.AreEqual(versions.Order().Distinct().ToArray(), versions);
    }

    /// <summary>Breaks when a program goes on in a session that was the old store's, or is not told that it is over.</summary>
    [TestMethod]
    public async Task AfterAFormatEachProgramMeetsTheNewStore()
    {
        await using TestServer server = await TestServer.StartAsync();
        await using NvsClient client = await server.ConnectAsync();
        using RawProgram other = server.ConnectRaw();
        other.Hello();
        BoardInfo made = await client.FormatAsync(client.Board.StoreId);
        Assert.AreEqual((FrameType.Lost, 0u), Told(other.Next()));
        Assert.AreEqual((FrameType.Lost, 0u), Told(other.Ask(Frames.Build(other.Key, FrameType.Read, 2, 7))));
        byte[] hello = other.Hello(3).Payload;
        Assert.AreEqual(made.StoreId, Convert.ToHexStringLower(hello.AsSpan(Payload.HelloAnswer.StoreId, 8)));
        Assert.AreEqual(made.StoreId, (await client.HelloAsync()).StoreId);

        static (int Type, uint Argument) Told(Answer answer) => (answer.Type, answer.Argument);
    }

    private static void Trouble(LineBoard board, Random random, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            int sent = board.Sent.Count + random.Next(20, 60);
            SpinWait.SpinUntil(() => board.Sent.Count >= sent || done.IsCancellationRequested);
            if (random.Next(2) == 0)
                board.Restart();
            else
                board.Break();
        }
    }
}
