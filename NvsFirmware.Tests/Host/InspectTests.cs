using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>nvs inspect, on the file of a simulated board whose power was cut.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class InspectTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string FramPath => Path.Combine(folder, "cells.fram");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when inspect does not find what was committed, or does not get it out as it was.</summary>
    [TestMethod]
    public void AnImageTellsWhatWasCommitted()
    {
        byte[] data = Data(8000);
        using (PtyBoard board = new(FramPath, formatsBlank: true))
        {
            Nvs(board.Port, data, "write", "100").Expect(0);
            Nvs(board.Port, "41\n"u8.ToArray(), "write", "7").Expect(0);
            Nvs(board.Port, [], "write", "8").Expect(0);
            Nvs(board.Port, null, "release", "8").Expect(0);
        }
        string target = Path.Combine(folder, "out");
        JsonElement image = Inspect(0, "--extract", target);
        Assert.AreEqual("Store", image.GetProperty("state").GetString());
        Assert.AreEqual(5, image.GetProperty("version").GetInt32());
        Assert.AreEqual(0, image.GetProperty("damages").GetArrayLength());
        Assert.AreEqual(32, image.GetProperty("activeSet").GetArrayLength());
        Dictionary<uint, JsonElement> entries = image.GetProperty("entries").EnumerateArray()
            .ToDictionary(entry => entry.GetProperty("track").GetUInt32());
        Assert.AreEqual((2, 8000, true), (entries[100].GetProperty("version").GetInt32(), entries[100].GetProperty("length").GetInt32(),
            entries[100].GetProperty("isWhole").GetBoolean()));
        Assert.IsTrue(entries[8].GetProperty("isReleased").GetBoolean());
        CollectionAssert.AreEquivalent(new[] { "7", "100" }, Directory.GetFiles(target).Select(Path.GetFileName).ToArray());
        CollectionAssert.AreEqual(data, File.ReadAllBytes(Path.Combine(target, "100")));
        NvsCommand.Run(null, null, "inspect", FramPath, "--extract", target).ExpectFailure(1, "not empty");
        string told = NvsCommand.Run(null, null, "inspect", FramPath).Expect(0).Output;
        foreach (string part in new[] { "0x3FFC0", "current", "set A is next", "released", "no damage" })
            StringAssert.Contains(told, part);
    }

    /// <summary>Breaks when inspect overlooks a request that a power cut interrupted, or takes it for a commit.</summary>
    [TestMethod]
    public void AnInterruptedRequestIsShown()
    {
        long bootBytes;
        using (PtyBoard board = new(FramPath, formatsBlank: true))
            Nvs(board.Port, "old"u8.ToArray(), "write", "5").Expect(0);
        using (PtyBoard board = new(FramPath))
            bootBytes = Nvs(board.Port, null, "stats", "--json").Expect(0).Json.GetProperty("counters").GetProperty("busBytes").GetInt64();
        using (SimProcess board = new(FramPath, "--cut-after", $"{bootBytes + 5000}"))
            Nvs(board.Port, Data(8000), "write", "5").ExpectFailure(4, "not known");
        JsonElement image = Inspect(0);
        JsonElement block = image.GetProperty("unfinished")[0];
        Assert.AreEqual((1, 5, 4096), (image.GetProperty("unfinished").GetArrayLength(), block.GetProperty("track").GetInt32(),
            block.GetProperty("count").GetInt32()));
        Assert.AreEqual(3, image.GetProperty("entries")[0].GetProperty("length").GetInt32(), "the old one is the track");
        StringAssert.Contains(NvsCommand.Run(null, null, "inspect", FramPath).Expect(0).Output, "it did not commit");
    }

    /// <summary>Breaks when a damage is not found, is given another address, or keeps the whole tracks from being extracted.</summary>
    [TestMethod]
    public void EachDamageIsToldWithItsAddress()
    {
        byte[] data = Data(8000);
        using (PtyBoard board = new(FramPath, formatsBlank: true))
        {
            Nvs(board.Port, data, "write", "100").Expect(0);
            Nvs(board.Port, "whole"u8.ToArray(), "write", "7").Expect(0);
            Nvs(board.Port, "x"u8.ToArray(), "write", "9").Expect(0);
        }
        using (PtyBoard board = new(FramPath))
            Nvs(board.Port, null, "info").Expect(0); // its record says that the tables hold all
        JsonElement before = Inspect(0);
        byte[] cells = File.ReadAllBytes(FramPath);
        int dataAt = cells.AsSpan().IndexOf(data.AsSpan(4500, 30)); // in the second block
        int entryAt = before.GetProperty("entries").EnumerateArray().Single(entry => entry.GetProperty("track").GetInt32() == 9)
            .GetProperty("address").GetInt32();
        cells[dataAt] ^= 1;
        cells[entryAt + 12] ^= 1;
        cells[20] ^= 1;
        File.WriteAllBytes(FramPath, cells);
        string target = Path.Combine(folder, "out");
        JsonElement image = Inspect(6, "--extract", target);
        (string, int)[] damages = [.. image.GetProperty("damages").EnumerateArray().Select(
            damage => (damage.GetProperty("kind").GetString()!, damage.GetProperty("address").GetInt32()))];
        int segmentsAt = before.GetProperty("store").GetProperty("segmentsAt").GetInt32();
        int segmentBytes = before.GetProperty("store").GetProperty("segmentBytes").GetInt32();
        Assert.Contains(("superblock", 0), damages);
        Assert.Contains(("entry", entryAt), damages);
        (string _, int at) = damages.Single(damage => damage.Item1 == "data");
        Assert.IsTrue(
            at > segmentsAt && at < dataAt && dataAt - at < 4500 && (at - segmentsAt) % segmentBytes == 0,
            "the block that is hit, not the track's first one");
        CollectionAssert.AreEqual(new[] { "7" }, Directory.GetFiles(target).Select(Path.GetFileName).ToArray());
    }

    /// <summary>Breaks when what is no store is taken for one, or is not told as what it is.</summary>
    [TestMethod]
    public void WhatIsNoStoreIsToldAsWhatItIs()
    {
        File.WriteAllBytes(FramPath, new byte[8192]);
        Assert.AreEqual("Blank", Inspect(0).GetProperty("state").GetString());
        File.WriteAllBytes(FramPath, Data(8192));
        Assert.AreEqual("Damaged", Inspect(6).GetProperty("state").GetString());
        NvsCommand.Run(null, null, "inspect", FramPath, "--extract", Path.Combine(folder, "out")).ExpectFailure(1, "nothing to extract");
        File.WriteAllBytes(FramPath, [1, 2, 3]);
        NvsCommand.Run(null, null, "inspect", FramPath).ExpectFailure(8, "3 bytes");
        NvsCommand.Run(null, null, "inspect", Path.Combine(folder, "none")).ExpectFailure(8, "none");
        NvsCommand.Run(null, null, "inspect", folder).ExpectFailure(8, folder);
    }

    /// <summary>Breaks when the file of a running board cannot be looked at, or when looking keeps it from anything.</summary>
    [TestMethod]
    public void ARunningBoardsFileCanBeLookedAt()
    {
        using PtyBoard board = new(FramPath, formatsBlank: true);
        Nvs(board.Port, "a"u8.ToArray(), "write", "5").Expect(0);
        NvsCommand.Outcome inspected = NvsCommand.Run(null, null, "inspect", FramPath).Expect(0);
        StringAssert.Contains(inspected.Errors, "running board");
        Nvs(board.Port, "b"u8.ToArray(), "write", "5").Expect(0);
    }

    private JsonElement Inspect(int exitCode, params string[] options) =>
        NvsCommand.Run(null, null, ["inspect", FramPath, "--json", .. options]).Expect(exitCode).Json;

    private static byte[] Data(int count) => LineTap.Data(count, 1);

    private static NvsCommand.Outcome Nvs(string port, byte[]? input, params string[] arguments) => NvsCommand.Run(port, input, arguments);
}
