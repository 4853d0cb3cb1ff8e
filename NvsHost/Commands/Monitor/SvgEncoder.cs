using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace NvsHost.Commands.Monitor;

/// <summary>Makes an SVG picture of what was recorded, as the terminal library's export lets an encoder do.</summary>
internal sealed class SvgEncoder : IAnsiConsoleEncoder
{
    private const double CellWidth = 8.4;
    private const int CellHeight = 18;
    private const int Margin = 12;
    private const string Background = "#101418";
    private const string Foreground = "#d8dee4";

    /// <inheritdoc/>
    public string Encode(IAnsiConsole console, IEnumerable<IRenderable> renderable)
    {
        StringBuilder body = new();
        int row = 0;
        int column = 0;
        int columns = 0;
        foreach (IRenderable item in renderable)
        {
            foreach (Segment segment in item.GetSegments(console))
            {
                if (segment.IsControlCode)
                    continue;
                string[] parts = segment.Text.Split('\n'); // Segments of one style are joined, also over the end of a line.
                for (int i = 0; i < parts.Length; i++)
                {
                    if (i > 0)
                    {
                        row++;
                        column = 0;
                    }
                    Append(body, row, column, parts[i], segment.Style);
                    column += parts[i].Length;
                    columns = Math.Max(columns, column);
                }
            }
        }
        int lines = column > 0 ? row + 1 : row;
        string width = Number(columns * CellWidth + 2 * Margin);
        int height = lines * CellHeight + 2 * Margin;
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">
            <rect width="100%" height="100%" rx="6" fill="{Background}"/>
            <g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" fill="{Foreground}" xml:space="preserve">
            {body}</g>
            </svg>

            """.Replace("\r\n", "\n");
    }

    private static void Append(StringBuilder body, int row, int column, string text, Style style)
    {
        double x = Margin + column * CellWidth;
        int y = Margin + row * CellHeight;
        string width = Number(text.Length * CellWidth);
        if (text.Length > 0 && style.Background != Color.Default)
            body.Append(
                CultureInfo.InvariantCulture,
                $"<rect x=\"{Number(x)}\" y=\"{y}\" width=\"{width}\" height=\"{CellHeight}\" fill=\"#{style.Background.ToHex()}\"/>\n");
        if (string.IsNullOrWhiteSpace(text))
            return;
        string color = style.Foreground == Color.Default ? "" : $" fill=\"#{style.Foreground.ToHex()}\"";
        string weight = (style.Decoration & Decoration.Bold) != 0 ? " font-weight=\"bold\"" : "";
        body.Append(
            CultureInfo.InvariantCulture,
            $"<text x=\"{Number(x)}\" y=\"{y + 14}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"{color}{weight}>"
                + $"{WebUtility.HtmlEncode(text)}</text>\n");
    }

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
