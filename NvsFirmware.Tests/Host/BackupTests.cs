using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>nvs backup and nvs restore, on a real pseudo-terminal.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class BackupTests
{
    private static readonly Lazy<byte[]> filled = new(Fill);

    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private readonly string dataFolder = Directory.CreateTempSubdirectory("nvs-data-").FullName;

    private string FramPath => Path.Combine(folder, "cells.fram");

    private string BackupPath => Path.Combine(folder, "store.backup");

    [TestCleanup]
    public void RemoveFolders()
    {
        Directory.Delete(folder, recursive: true);
        Directory.Delete(dataFolder, recursive: true);
    }

    /// <summary>Breaks when a track is changed on the way into the file, or out of it into another store.</summary>
    [TestMethod]
    public void WhatIsKeptIsBroughtBack()
    {
        using (PtyBoard board = Filled())
        {
            JsonElement kept = Nvs(board.Port, null, "backup", BackupPath, "--json").Expect(0).Json;
            Assert.AreEqual((43, true), (kept.GetProperty("tracks").GetInt32(), kept.GetProperty("isSnapshot").GetBoolean()));
            StringAssert.Contains(
                Nvs(board.Port, null, "restore", BackupPath).Expect(0).Output, "0 tracks restored in 0 commits, 43 were there already");
        }
        StringAssert.Contains(NvsCommand.Run(null, null, "restore", BackupPath, "--check").Expect(0).Output, "is whole: 43 tracks");
        Dictionary<uint, byte[]> before = TracksOn(FramPath);
        string other = Path.Combine(folder, "other.fram");
        using (PtyBoard board = new(other, formatsBlank: true))
        {
            Nvs(board.Port, null, "restore", BackupPath).Expect(0);
            CollectionAssert.AreEqual(before[200], Nvs(board.Port, null, "read", "200").Expect(0).Bytes);
        }
        AssertSame(before, TracksOn(other));
        Assert.AreEqual(43, File.ReadLines(BackupPath).Count(
            line => line.Contains("\"crc32\"", StringComparison.Ordinal) && line.Contains("\"data\"", StringComparison.Ordinal)));
    }

    /// <summary>Breaks when a restore overwrites or releases what it was not told to, or --replace leaves anything.</summary>
    [TestMethod]
    public void OnlyTheStoreThatIsNamedLosesItsTracks()
    {
        using (PtyBoard board = Filled())
        {
            Nvs(board.Port, null, "backup", BackupPath).Expect(0);
            Nvs(board.Port, "new"u8.ToArray(), "write", "1").Expect(0);
            Nvs(board.Port, "more"u8.ToArray(), "write", "999").Expect(0);
            string id = Nvs(board.Port, null, "info", "--json").Json.GetProperty("board").GetProperty("storeId").GetString()!;
            Nvs(board.Port, null, "restore", BackupPath).ExpectFailure(1, $"--replace {id}");
            Nvs(board.Port, null, "restore", BackupPath, "--replace", "0123456789abcdef").ExpectFailure(1, id);
            Assert.AreEqual("new", Nvs(board.Port, null, "read", "1").Output);
            JsonElement done = Nvs(board.Port, null, "restore", BackupPath, "--replace", id, "--json").Expect(0).Json;
            Assert.AreEqual((1, 42, 1), (
                done.GetProperty("written").GetInt32(), done.GetProperty("unchanged").GetInt32(), done.GetProperty("released").GetInt32()));
            Nvs(board.Port, null, "read", "999").ExpectFailure(5, "NotFound");
        }
    }

    /// <summary>Breaks when a restore that was killed cannot go on, or ends otherwise than one that was not.</summary>
    [TestMethod]
    public void ARestoreThatWasKilledGoesOn()
    {
        using (PtyBoard board = Filled())
            Nvs(board.Port, null, "backup", BackupPath).Expect(0);
        Dictionary<uint, byte[]> before = TracksOn(FramPath);
        string other = Path.Combine(folder, "other.fram");
        long bootBytes;
        using (PtyBoard board = new(other, formatsBlank: true))
        {
        }
        using (PtyBoard board = new(other))
            bootBytes = Nvs(board.Port, null, "stats", "--json").Expect(0).Json.GetProperty("counters").GetProperty("busBytes").GetInt64();
        foreach (int more in new[] { 9_000, 13_000, 30_000 })
            using (SimProcess board = new(other, "--cut-after", $"{bootBytes + more}"))
                StringAssert.Contains(Nvs(board.Port, null, "restore", BackupPath).Expect(4).Errors, "The same command goes on");
        int part = TracksOn(other).Count;
        Assert.IsTrue(part is > 0 and < 43, $"{part} tracks of 43");
        using (PtyBoard board = new(other))
        {
            using (NvsCommand killed = NvsCommand.Start(board.Port, null, "restore", BackupPath))
            {
                killed.Send(Signal.Kill);
                killed.End();
            }
            Nvs(board.Port, null, "restore", BackupPath, "--wait", "30").Expect(0);
        }
        AssertSame(before, TracksOn(other));
    }

    /// <summary>
    /// Breaks when a file that was cut short or changed is restored, even in part, or a track has no room and others are written.
    /// </summary>
    [TestMethod]
    public void WhatIsNotAWholeBackupIsNotRestored()
    {
        using (PtyBoard board = Filled())
            Nvs(board.Port, null, "backup", BackupPath).Expect(0);
        byte[] whole = File.ReadAllBytes(BackupPath);
        string bad = Path.Combine(folder, "bad");
        using SimProcess small = new(Path.Combine(folder, "small.fram"), "--chip", "MB85RS64V", "--format-blank");
        foreach ((int length, int flip, string told) in new[] { (whole.Length - 1, -1, "its end is missing"),
            (whole.Length / 2, -1, "not a whole backup"), (whole.Length, 900, "CRC-32"), (0, -1, "end is missing") })
        {
            byte[] changed = whole[..length];
            if (flip >= 0)
                changed[flip] = (byte)(changed[flip] == 'A' ? 'B' : 'A');
            File.WriteAllBytes(bad, changed);
            Nvs(small.Port, null, "restore", bad).ExpectFailure(6, told);
        }
        Nvs(small.Port, null, "restore", BackupPath).ExpectFailure(1, "at most 1024");
        Assert.AreEqual("no tracks\n", Nvs(small.Port, null, "list").Output);
        Nvs(small.Port, null, "restore", Path.Combine(folder, "none")).ExpectFailure(8, "none");
    }

    /// <summary>Breaks when one damaged track keeps the others from being saved, or is not told.</summary>
    [TestMethod]
    public void ADamagedTrackIsToldAndTheOthersKept()
    {
        using (Filled())
        {
        }
        byte[] cells = File.ReadAllBytes(FramPath);
        cells[cells.AsSpan().IndexOf(Data(200, 6000).AsSpan(5000, 30))] ^= 1;
        File.WriteAllBytes(FramPath, cells);
        using (PtyBoard board = new(FramPath))
            StringAssert.Contains(Nvs(board.Port, null, "backup", BackupPath).Expect(6).Errors, "track 200");
        using PtyBoard other = new(Path.Combine(folder, "other.fram"), formatsBlank: true);
        StringAssert.Contains(Nvs(other.Port, null, "restore", BackupPath).Expect(6).Errors, "track 200");
        Assert.AreEqual(42, Nvs(other.Port, null, "list", "--json").Json.GetArrayLength());
    }

    /// <summary>Breaks when a backup that fails takes the old file with it, or leaves half of one.</summary>
    [TestMethod]
    public void ABackupThatFailsLeavesTheOldOne()
    {
        File.WriteAllText(BackupPath, "precious");
        long bootBytes;
        using (Filled())
        {
        }
        using (PtyBoard board = new(FramPath))
            bootBytes = Nvs(board.Port, null, "stats", "--json").Expect(0).Json.GetProperty("counters").GetProperty("busBytes").GetInt64();
        using (SimProcess board = new(FramPath, "--cut-after", $"{bootBytes + 1000}"))
            Nvs(board.Port, null, "backup", BackupPath).Expect(4);
        Assert.AreEqual("precious", File.ReadAllText(BackupPath));
        CollectionAssert.AreEquivalent(new[] { FramPath, BackupPath }, Directory.GetFileSystemEntries(folder));
    }

    // A board on its own copy of a chip that is filled once.
    private PtyBoard Filled()
    {
        File.WriteAllBytes(FramPath, filled.Value);
        return new PtyBoard(FramPath);
    }

    // 40 short tracks, one of two pieces, an empty one and one with the largest number.
    private static byte[] Fill()
    {
        BackupTests files = new();
        using (PtyBoard board = new(files.FramPath, formatsBlank: true))
        {
            foreach (int[] tracks in Enumerable.Range(0, 40).Chunk(5)) // what a set holds
                Nvs(board.Port, null, ["batch", .. tracks.Select(track => $"{track}={files.FileOf((uint)track, 30 * track)}")]).Expect(0);
            Nvs(board.Port, null, "batch", $"200={files.FileOf(200, 6000)}", $"201={files.FileOf(201, 0)}",
                $"4294967295={files.FileOf(uint.MaxValue, 5)}").Expect(0);
        }
        byte[] cells = File.ReadAllBytes(files.FramPath);
        files.RemoveFolders();
        return cells;
    }

    private string FileOf(uint track, int count)
    {
        string path = Path.Combine(dataFolder, $"{track}");
        File.WriteAllBytes(path, Data(track, count));
        return path;
    }

    private static byte[] Data(uint track, int count) => LineTap.Data(count, (int)track);

    // By the reader that shares nothing with the firmware.
    private static Dictionary<uint, byte[]> TracksOn(string fram) =>
        Medium.Read(File.ReadAllBytes(fram).AsSpan()[..^1]).Tracks.ToDictionary(pair => pair.Key, pair => pair.Value.Data!);

    private static void AssertSame(Dictionary<uint, byte[]> expected, Dictionary<uint, byte[]> found)
    {
        CollectionAssert.AreEquivalent(expected.Keys, found.Keys);
        foreach ((uint track, byte[] data) in expected)
            CollectionAssert.AreEqual(data, found[track], $"track {track}");
    }

    private static NvsCommand.Outcome Nvs(string port, byte[]? input, params string[] arguments) => NvsCommand.Run(port, input, arguments);
}
