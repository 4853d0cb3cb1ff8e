using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests;

/// <summary>
/// G8: the two sums over the track table find entries that are whole and not the committed ones, whichever of the sums such entries leave
/// as it was: docs/format.md, Track table.
/// </summary>
/// <remarks>Broken by: only one of the sums compared.</remarks>
[TestClass]
[OnlyOnDotNet("makes media by hand, with the independent reader")]
public sealed class SumTests
{
    private readonly TestBoard board = TestBoard.Formatted();
    private readonly Dictionary<uint, byte[]> tracks = [];
    private readonly Medium medium;

    public SumTests()
    {
        for (uint track = 0; track < 8; track++)
            board.Write(track + 1, new TrackItem(track, tracks[track] = TrackModel.Data(20 + (int)track, (int)track)));
        board.Recover();
        MediumCraft.SetVersion(board.Chip.Memory, 0x1000000, 0); // so that there are many older ones
        medium = Medium.Read(board.Chip.Memory);
    }

    [TestMethod]
    public void TwoEntriesInEachOthersPlaceLeaveTheFirstSum()
    {
        byte[] second = Entry(2).ToArray();
        Entry(5).CopyTo(Entry(2));
        second.CopyTo(Entry(5));
        CheckFound(isFirstSumChanged: false, isSecondSumChanged: true);
    }

    [TestMethod]
    public void TwoOldEntriesMayLeaveTheFirstSum()
    {
        MakeOld(1, 1);
        CheckFound(isFirstSumChanged: false, isSecondSumChanged: true);
    }

    [TestMethod]
    public void TwoOldEntriesMayLeaveTheSecondSum()
    {
        MakeOld(3, 6); // places 2 and 5, counted from 1
        CheckFound(isFirstSumChanged: true, isSecondSumChanged: false);
    }

    // Gives entries 2 and 5 other versions, so that the differences of their CRC-32 fields, each times a factor, make 0.
    private void MakeOld(uint factor2, uint factor5)
    {
        Dictionary<uint, uint> differences = []; // to the version that makes it
        uint before2 = Crc(2), before5 = Crc(5);
        for (uint version = 0x10000; version < 0x60000; version++)
            differences[unchecked(factor2 * (Crc(2, version) - before2))] = version;
        for (uint version = 0x10000; version < 0x60000; version++)
            if (differences.TryGetValue(unchecked(0 - factor5 * (Crc(5, version) - before5)), out uint other))
            {
                Seal(2, other);
                Seal(5, version);
                return;
            }
        Assert.Fail("no two such entries");
    }

    private void CheckFound(bool isFirstSumChanged, bool isSecondSumChanged)
    {
        uint sum0 = 0, sum1 = 0;
        for (int entry = 0; entry < medium.Layout.Entries; entry++)
        {
            uint crc = Crc(entry);
            sum0 += crc;
            sum1 += (uint)(entry + 1) * crc;
        }
        Assert.AreEqual((isFirstSumChanged, isSecondSumChanged), (sum0 != medium.Current!.Sum0, sum1 != medium.Current.Sum1),
            "this is not what the test is for");
        board.Boot();
        Assert.AreEqual(Status.StoreDamaged, board.State, "two entries are not those of the last commit, and nothing says which");
        Assert.AreEqual(Status.StoreDamaged, board.Read(0).Status);
        Assert.AreEqual(Status.Ok, board.Repair(BitConverter.GetBytes(medium.Superblock.Id))?.Status);
        foreach ((uint track, byte[] data) in tracks.Where(pair => pair.Key is not (2 or 5)))
            CollectionAssert.AreEqual(data, board.Read(track).Data, $"track {track}");
    }

    private Span<byte> Entry(int entry) => board.Chip.Memory.Slice(medium.Layout.EntryAt(entry), MediumLayout.EntryBytes);

    private uint Crc(int entry) => ((ReadOnlySpan<byte>)Entry(entry)).U32(12);

    private uint Crc(int entry, uint version)
    {
        Span<byte> bytes = stackalloc byte[12];
        Entry(entry)[..12].CopyTo(bytes);
        bytes.Put32(8, version);
        return ((ReadOnlySpan<byte>)bytes).Crc();
    }

    private void Seal(int entry, uint version)
    {
        uint crc = Crc(entry, version);
        Entry(entry).Put32(8, version);
        Entry(entry).Put32(12, crc);
    }
}
