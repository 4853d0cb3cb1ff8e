using System;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Unicode;

namespace NvsHost.Commands;

/// <summary>Track numbers and data as people write and read them.</summary>
internal static class TrackText
{
    private const int RowBytes = 16;

    /// <summary>Reads a track number, decimal or 0x hex.</summary>
    public static bool TryParse(string text, out uint track) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out track)
        : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out track);

    /// <summary>True when a terminal shows the bytes as text, and nothing in them tells it to do something else.</summary>
    public static bool IsText(byte[] data) =>
        Utf8.IsValid(data) && !Encoding.UTF8.GetString(data).Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t'));

    /// <summary>Writes bytes as a table of offset, hex digits and characters, as xxd does.</summary>
    public static void WriteHex(TextWriter to, ReadOnlySpan<byte> data)
    {
        for (int at = 0; at < data.Length; at += RowBytes)
        {
            ReadOnlySpan<byte> row = data[at..Math.Min(at + RowBytes, data.Length)];
            StringBuilder hex = new();
            StringBuilder text = new();
            for (int i = 0; i < row.Length; i++)
            {
                hex.Append(CultureInfo.InvariantCulture, $"{row[i]:x2}{(i % 2 == 1 ? " " : "")}");
                text.Append(row[i] is >= 0x20 and < 0x7F ? (char)row[i] : '.');
            }
            to.Write($"{at:x8}: {hex.ToString().PadRight(RowBytes / 2 * 5)} {text}\n");
        }
    }
}
