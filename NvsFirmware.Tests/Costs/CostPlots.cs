using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using ScottPlot;
using ScottPlot.Plottables;

namespace NvsFirmware.Tests.Costs;

/// <summary>Draws the plots of docs/performance.md: black on white, lines told apart by their patterns and marks.</summary>
internal static class CostPlots
{
    private const int Width = 560;
    private const int Height = 380;

    /// <summary>Draws all plots as SVG files.</summary>
    public static void Draw(string folder)
    {
        Directory.CreateDirectory(folder);
        Draw(folder, "payload", "payload, bytes", CostMeasuring.ByPayload, isDoubling: true);
        Draw(folder, "fill", "store filled, percent", CostMeasuring.ByFill, isDoubling: false);
        Draw(folder, "tracks", "tracks in the store", CostMeasuring.ByTracks, isDoubling: true);
    }

    private static void Draw(string folder, string name, string xLabel, IReadOnlyList<CostPoint> points, bool isDoubling)
    {
        double[] xs = [.. points.Select(point => isDoubling ? Math.Log2(point.X) : point.X)];
        Plot il = NewPlot(xLabel, "IL instructions");
        Add(il, xs, points.Select(point => point.Costs.IlInAll), "in all", LinePattern.Dashed, MarkerShape.OpenSquare);
        Add(il, xs, points.Select(point => point.Costs.IlUntilAnswer), "until the answer", LinePattern.Solid, MarkerShape.FilledCircle);
        Plot bus = NewPlot(xLabel, "bytes on the bus above the payload");
        IEnumerable<double> Above(Func<WriteCosts, double> bytes) => points.Select(point => bytes(point.Costs) - point.PayloadBytes);
        Add(bus, xs, Above(costs => costs.BusBytesInAllMax), "in all, dearest", LinePattern.Dotted, MarkerShape.OpenTriangleUp);
        Add(bus, xs, Above(costs => costs.BusBytesInAllMean), "in all, mean", LinePattern.Dashed, MarkerShape.OpenSquare);
        Add(bus, xs, Above(costs => costs.BusBytesUntilAnswer), "until the answer", LinePattern.Solid, MarkerShape.FilledCircle);
        foreach ((Plot plot, string what) in new[] { (il, "il"), (bus, "bus") })
        {
            if (isDoubling)
                plot.Axes.Bottom.SetTicks(xs, [.. points.Select(point => $"{point.X:0}")]);
            double highest = plot.GetPlottables<Scatter>().Max(line => line.Data.GetScatterPoints().Max(point => point.Y));
            plot.Axes.SetLimitsY(0, highest * 1.1);
            plot.SaveSvg(Path.Combine(folder, $"costs-{name}-{what}.svg"), Width, Height);
        }
    }

    private static Plot NewPlot(string xLabel, string yLabel)
    {
        Plot plot = new();
        plot.XLabel(xLabel);
        plot.YLabel(yLabel);
        plot.Axes.Bottom.Label.Bold = false;
        plot.Axes.Left.Label.Bold = false;
        plot.HideGrid();
        plot.ShowLegend(Edge.Top);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        return plot;
    }

    private static void Add(Plot plot, double[] xs, IEnumerable<double> ys, string name, LinePattern pattern, MarkerShape marker)
    {
        Scatter line = plot.Add.Scatter(xs, ys.ToArray(), Colors.Black);
        line.LegendText = name;
        line.LinePattern = pattern;
        line.LineWidth = 1.5f;
        line.MarkerShape = marker;
        line.MarkerSize = 7;
    }
}
