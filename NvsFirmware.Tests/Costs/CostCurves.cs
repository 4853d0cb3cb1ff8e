using System.Collections.Generic;
using System.Linq;
using System.Text.Json;

namespace NvsFirmware.Tests.Costs;

/// <summary>What an overwrite costs by its length, by how full the store is, by how many tracks it holds.</summary>
internal static class CostCurves
{
    private const int Overwrites = 400;

    /// <summary>Tracks of one size, nothing else in the store.</summary>
    public static string ByPayload() => Json(new[] { 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192 }.Select(length =>
        new CostPoint(length, length, CostBench.Write(length))));

    /// <summary>Tracks of 1 KiB, beside others of all lengths that come and go.</summary>
    public static string ByFill() => Json(new[] { 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100 }.Select(percent =>
    {
        CostBoard board = CostBoard.Formatted();
        for (uint track = 1; track <= 16; track++)
            board.Write(track, 1024);
        board.Fill(percent, 3000, 100);
        board.Overwrite(200, 16, 1024);
        return new CostPoint(percent, 1024, CostBench.Mean(board.Overwrite(Overwrites, 16, 1024)));
    }));

    /// <summary>Tracks of 64 bytes.</summary>
    public static string ByTracks() => Json(new[] { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 797 }.Select(tracks =>
    {
        CostBoard board = CostBoard.Formatted();
        for (uint track = 1; track <= tracks; track++)
            board.Write(track, 64);
        board.Overwrite(200, tracks, 64);
        return new CostPoint(tracks, 64, CostBench.Mean(board.Overwrite(Overwrites, tracks, 64)));
    }));

    private static string Json(IEnumerable<CostPoint> points) => JsonSerializer.Serialize(points.ToArray(), CostTable.Json);
}
