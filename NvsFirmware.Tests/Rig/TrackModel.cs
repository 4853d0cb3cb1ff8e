using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>What a store should hold.</summary>
public sealed class TrackModel
{
    private readonly Dictionary<uint, byte[]> tracks = [];

    public IReadOnlyDictionary<uint, byte[]> Tracks => tracks;

    /// <summary>Bytes that a seed makes the same each time.</summary>
    public static byte[] Data(int length, int seed)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    /// <summary>A write request was committed.</summary>
    public void Apply(params IEnumerable<TrackItem> items)
    {
        foreach (TrackItem item in items)
            if (item.Data == null)
                tracks.Remove(item.Track);
            else
                tracks[item.Track] = item.Data;
    }

    /// <summary>A board must hold these tracks and no others, each intact.</summary>
    public void AssertHeldBy(TestBoard board, string where = "")
    {
        Assert.AreEqual(Status.Ok, board.State, where);
        Dictionary<uint, byte[]> found = board.ReadAll();
        CollectionAssert.AreEquivalent(tracks.Keys.ToArray(), found.Keys.ToArray(), where);
        foreach ((uint track, byte[] data) in tracks)
            CollectionAssert.AreEqual(data, found[track], $"{where}: track {track}");
    }
}
