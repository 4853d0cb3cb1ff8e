using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests;

/// <summary>Do the proofs prove anything? Mistakes are built into the firmware one by one, and one of the proofs has to fail.</summary>
[TestClass]
[OnlyOnDotNet("compiles mistakes into the firmware and runs other tests against it")]
public sealed class MutationTests
{
    private const string Receiver = "HostAdapter/WriteReceiver.cs";
    private const string Store = "Nvs/TrackStore.cs";
    private const string Table = "Nvs/TrackTable.cs";
    private const string Vtb = "Nvs/VirtualTrackBuffer.cs";

    private static readonly Mutant[] mutants =
    [
        new("entry CRC-32 not checked", Table, ("return EntryCrc(slot, FramChip.CommandBytes) == crcs[slot];", "return true;")),
        new("data CRC-32 not checked", "Nvs/TrackReader.cs", ("IsIntact = System.BitConverter.ToUInt32(buffer, offset + count) == data.Value;", "IsIntact = true;")),
        new("record CRC-32 not checked", "Nvs/VtbRecord.cs", ("if (BitConverter.ToUInt32(buffer, at) != Crc.Of(buffer, offset, at - offset))", "if (at < 0)")),
        new("data label without version", "Nvs/TrackData.cs", ("Buffers.PutInt32(label, 4, version);", "")),
        new("record before data", Store,
            ("chip.Write(start, buffer, offset, piece);", "{ byte[] b = (byte[])buffer.Clone(); int s = start, o = offset, p = piece; late.Add(() => chip.Write(s, b, o, p)); }"),
            ("Vtb.Commit(used);", "Vtb.Commit(used); foreach (var write in late) write(); late.Clear();"),
            ("private bool isInRequest;", "private bool isInRequest; private readonly System.Collections.Generic.List<System.Action> late = new();")),
        new("entries before record", Store,
            ("Vtb.Commit(used);", "for (int i = 0; i < coming.TrackCount; i++) Tracks.Store(coming.Slot(i)); Vtb.Commit(used);")),
        new("acknowledged before the record", Receiver,
            ("            status = cache.Commit();", "        { answer.SendWrite(Status.Ok, cache.Nvs.Tracks.Vtb.NextSequence, 0); status = cache.Commit(); isReceiving = false; return; }")),
        new("set not prepared", Store, ("isPrepareDue = true;", "")),
        new("set prepared of segments in use", Vtb, ("segment = segments.NextFree(segment);", "segment %= geometry.Segments;")),
        new("flag not turned", Vtb, ("Coming.Flag = 1 - Flag;", "Coming.Flag = Flag;")),
        new("flag turned after the record", Vtb,
            ("int length = Coming.Put(scratch, FramChip.CommandBytes, ActiveSet, segmentCount);", "Coming.Flag = Flag; int length = Coming.Put(scratch, FramChip.CommandBytes, ActiveSet, segmentCount); Coming.Flag = 1 - Flag;")),
        new("both records in the same place", Vtb, ("        where = 1 - where;\n        CommittedCount", "        CommittedCount")),
        new("newer record by plain comparison", Vtb, ("Coming.Sequence - Current.Sequence > 0", "Coming.Sequence > Current.Sequence")),
        new("sequence number 0 after the last", Vtb, ("sequence == -1 ? 1 : sequence + 1", "sequence + 1")),
        new("old record believed", Vtb, (" && After(Coming.Sequence) == Current.Sequence", "")),
        new("not rolled forward", Store, ("isBookkeepingDue = Redo();", "isBookkeepingDue = false;")),
        new("rolled forward in RAM only", Store, ("isBookkeepingDue = Redo();", "Redo();")),
        new("redo with the wrong version", Store, ("record.Track(i), record.Sequence, record.Length(i)", "record.Track(i), record.Sequence - 1, record.Length(i)")),
        new("bookkeeping without links", Store,
            ("Segments.StoreLinks(Tracks.First(record.Slot(i)), Tracks.SegmentCount(record.Slot(i)));", "_ = i;")),
        new("bookkeeping without the last entry", Store, ("for (int i = 0; i < record.TrackCount; i++)\n                Tracks.Store", "for (int i = 0; i < record.TrackCount - 1; i++)\n                Tracks.Store")),
        new("next request before the bookkeeping", Store, ("        Abort();\n        BringUpToDate();\n        Vtb.Begin", "        Abort();\n        isBookkeepingDue = false;\n        Vtb.Begin"), ("if (isBookkeepingDue)\n        {", "if (isBookkeepingDue && isInRequest)\n        {")),
        new("sum not brought up to date", Table, ("Sum1 = (Sum1 + (slot + 1) * difference) & SumMask;", "")),
        new("sums not compared", Store, ("Tracks.Check(!IsRecordLost,", "Tracks.Check(false,")),
        new("older of two entries wins", Table, ("versions[slot] - versions[other] <= 0", "versions[slot] - versions[other] > 0")),
        new("segments of the old version kept", Store, ("Segments.Free(Tracks.First(slot), Tracks.SegmentCount(slot));", "_ = slot;")),
        new("last set given away", Store, ("if (Segments.FreeCount - usedSegments + SegmentsFreed() < Geometry.SetSegments)", "if (usedSegments < 0)")),
        new("no write enable", "Fram/FramChip.cs", ("            Send(OpWriteEnable);\n            Write(", "            Write(")),
        new("client table not written", Store, ("clients.Store(Vtb.Coming.Client, Vtb.Coming.Request, Vtb.Coming.Sequence, Vtb.Current.Client);", "")),
        new("client forgotten by recovery", Store, ("isClientDue = Vtb.HasPrevious && IsClientDue();", "isClientDue = false;")),
        new("repeated request applied again", Receiver, ("if (!isSame && AnswerRepeated(client, request))", "if (part < 0)")),
        new("lost record not noticed", Store, ("IsRecordLost = !hasRecord || IsNewerThanRecord();", "IsRecordLost = !hasRecord;")),
        new("absent although an entry is damaged", Store, ("return Tracks.DamagedCount > 0 ? Status.TrackDamaged : Status.NotFound;", "return Status.NotFound;")),
        new("format without giving up the old store", "Nvs/NvsStore.cs", ("GiveUp(firstState, OldChipBytes(), 0);", "")),
        new("first superblock copy before the tables", "Nvs/NvsStore.cs", ("        Tracks.Initialise();\n", "        System.Array.Copy(id, Id, id.Length);\n        StoreSuperblock(0);\n        Tracks.Initialise();\n")),
        new("superblock copy of the earlier store wins", "Nvs/NvsStore.cs", ("int later = second.FormatCount - first.FormatCount;", "int later = first.FormatCount - second.FormatCount;")),
        new("boot counter in one place", "Nvs/BootCounter.cs", ("next = 1 - cell;", "next = cell;")),
    ];

    public static IEnumerable<object[]> Names => mutants.Select(mutant => new object[] { mutant.Name });

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void AMistakeInTheFirmwareIsFound(string name)
    {
        string? failure = mutants.Single(mutant => mutant.Name == name).FirstFailure(typeof(PowerCutTests), typeof(DamageTests));
        Assert.IsNotNull(failure, $"nothing noticed: {name}");
        Console.WriteLine($"{name}: {failure}");
    }

    // Else the mutants might be found because of how they are run.
    [TestMethod]
    public void TheFirmwareWithoutAMistakePasses() =>
        Assert.IsNull(new Mutant("none", "").FirstFailure(typeof(PowerCutTests), typeof(DamageTests)));
}
