using System;
using System.IO;
using System.Linq;
using System.Text.Json.Serialization;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;
using NvsHost;

namespace NvsFirmware.Tests.Host;

/// <summary>What programs store: counters, checkpoints, what they compare and set.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class HelperTests
{
    private const uint Track = 5;

    /// <summary>
    /// Breaks when a track is set without the version that was read, or an addition that came too late is not made again.
    /// </summary>
    [TestMethod]
    public async Task SeveralTasksAndProgramsCountTogether()
    {
        const int Tasks = 4;
        const int Additions = 25;
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        long[] counts = (await Task.WhenAll(Enumerable.Range(0, Tasks).Select(async _ =>
        {
            NvsCounter counter = new(client, Track);
            long[] told = new long[Additions];
            for (int i = 0; i < Additions; i++)
                told[i] = await counter.AddAsync();
            return told;
        }))).SelectMany(told => told).ToArray();
        CollectionAssert.AreEqual(Enumerable.Range(1, Tasks * Additions).Select(i => (long)i).ToArray(), counts.Order().ToArray());
        Assert.AreEqual(Tasks * Additions, await new NvsCounter(client, Track).ReadAsync());
        Assert.AreEqual(-1, await new NvsCounter(client, Track).AddAsync(-Tasks * Additions - 1));
    }

    /// <summary>Breaks when a sum that does not fit goes round, or another kind of track is overwritten.</summary>
    [TestMethod]
    public async Task WhatIsNoCounterOrTooMuchIsLeftAsItIs()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        NvsCounter counter = new(client, Track);
        await counter.AddAsync(long.MaxValue);
        await Assert.ThrowsExactlyAsync<OverflowException>(() => counter.AddAsync());
        Assert.AreEqual(long.MaxValue, await counter.ReadAsync());
        await client.WriteAsync(Track, "no counter"u8.ToArray());
        InvalidDataException e = await Assert.ThrowsExactlyAsync<InvalidDataException>(() => counter.AddAsync());
        StringAssert.Contains(e.Message, "Track 5 is no counter: it has 10 bytes");
    }

    /// <summary>
    /// Breaks when a change is made to data that were replaced meanwhile: also by the making or the release of the track.
    /// </summary>
    [TestMethod]
    [DataRow(true, true)]
    [DataRow(true, false)]
    [DataRow(false, true)]
    public async Task AChangeIsMadeToWhatIsThere(bool isThereBefore, bool isThereAfter)
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        if (isThereBefore)
            await client.WriteAsync(Track, new byte[] { 1 });
        int calls = 0;
        NvsTrack? made = await client.UpdateAsync(Track, old =>
        {
            // Another program, in the middle of it.
            if (++calls == 1)
                Task.Run(() => isThereAfter ? client.WriteAsync(Track, new byte[] { 2 }) : client.ReleaseAsync([Track])).Wait();
            return [.. old?.Data ?? [], 9];
        });
        Assert.AreEqual(2, calls);
        CollectionAssert.AreEqual(isThereAfter ? new byte[] { 2, 9 } : [9], made!.Data);
        Assert.AreEqual(made.Version, (await client.ReadAsync(Track))!.Version);
    }

    /// <summary>Breaks when "leave it" writes, or a refusal for another reason is tried again.</summary>
    [TestMethod]
    public async Task AChangeMayLeaveItAsItIs()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        Assert.IsNull(await client.UpdateAsync(Track, _ => null));
        uint version = await client.WriteAsync(Track, new byte[] { 1 });
        Assert.AreEqual(version, (await client.UpdateAsync(Track, _ => null))!.Version);
        Assert.AreEqual(version, (await client.HelloAsync()).Version);
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(
            () => client.UpdateAsync(Track, _ => new byte[60_000]));
        Assert.AreEqual(Status.TooLong, e.Status);
    }

    /// <summary>Breaks when a checkpoint does not read back as it was saved, or is saved over a version that was not expected.</summary>
    [TestMethod]
    public async Task ACheckpointIsReadAsItWasSaved()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        NvsCheckpoint<Step> checkpoint = new(client, Track, SteppingContext.Default.Step);
        Assert.IsNull(await checkpoint.LoadAsync());
        uint version = await checkpoint.SaveAsync(new Step("drill", 3), expectedVersion: 0);
        Assert.AreEqual(new NvsCheckpointValue<Step>(new Step("drill", 3), version), await checkpoint.LoadAsync());
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => checkpoint.SaveAsync(new Step("mill", 1), 0));
        Assert.AreEqual((Status.VersionMismatch, version), (e.Status, e.ActualVersion));
        NvsCheckpointValue<Step> next = await checkpoint.UpdateAsync(old => old!.Value with { Hole = old.Value.Hole + 1 });
        Assert.AreEqual(new Step("drill", 4), next.Value);
        await client.WriteBatchAsync([checkpoint.Item(new Step("done", 0), next.Version), WriteItem.Store(6, new byte[] { 1 })]);
        Assert.AreEqual("done", (await checkpoint.LoadAsync())!.Value.Tool);

        NvsCheckpoint<int> own = new(client, 7, BitConverter.GetBytes, data => BitConverter.ToInt32(data));
        await own.SaveAsync(42);
        Assert.AreEqual(42, (await own.LoadAsync())!.Value);
    }

    /// <summary>Breaks when other data are taken for a value, or the message does not say of which track.</summary>
    [TestMethod]
    public async Task WhatIsNoCheckpointIsTold()
    {
        using LineBoard board = new();
        await using NvsClient client = await board.ConnectAsync();
        NvsCheckpoint<Step> checkpoint = new(client, Track, SteppingContext.Default.Step);
        foreach (string text in new[] { "no JSON", "null" })
        {
            await client.WriteAsync(Track, System.Text.Encoding.UTF8.GetBytes(text));
            InvalidDataException e = await Assert.ThrowsExactlyAsync<InvalidDataException>(() => checkpoint.LoadAsync());
            StringAssert.Contains(e.Message, "Track 5, version");
        }
    }

    internal sealed record Step(string Tool, int Hole);
}

/// <summary>As a program would have it.</summary>
[JsonSerializable(typeof(HelperTests.Step))]
internal sealed partial class SteppingContext : JsonSerializerContext;
