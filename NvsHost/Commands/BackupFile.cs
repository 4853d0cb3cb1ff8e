using System;
using System.Buffers;
using System.Collections.Generic;
using System.Globalization;
using System.IO.Hashing;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Serialization;
using NvsFirmware.Wire;

namespace NvsHost.Commands;

/// <summary>What the first line of a backup tells.</summary>
/// <param name="Format">Always <see cref="BackupFile.FormatName"/>.</param>
/// <param name="FormatVersion">Always 1.</param>
/// <param name="StoreId">The store.</param>
/// <param name="Board">The board's name.</param>
/// <param name="Chip">The chip's name.</param>
/// <param name="Time">When it was taken, by the host's clock.</param>
/// <param name="FirstVersion">The store's last commit when the reading began.</param>
/// <param name="LastVersion">The same when it ended.</param>
/// <param name="IsSnapshot">All tracks are as they were at one moment, that of commit <paramref name="LastVersion"/>.</param>
internal sealed record BackupHeader(
    string Format,
    int FormatVersion,
    string StoreId,
    string Board,
    string Chip,
    DateTimeOffset Time,
    uint FirstVersion,
    uint LastVersion,
    bool IsSnapshot);

/// <summary>A track in a backup; one that could not be read has a damage and no data.</summary>
internal sealed record BackupTrack(uint Track, uint Version, int? Length, string? Crc32, byte[]? Data, Damage? Damage)
{
    /// <summary>A track that was read.</summary>
    public static BackupTrack Of(NvsTrack track) =>
        new(track.Track, track.Version, track.Data.Length, BackupFile.CrcOf(track.Data), track.Data, null);

    /// <summary>A track that is damaged.</summary>
    public static BackupTrack Of(TrackEntry entry, Damage damage) => new(entry.Track, entry.Version, null, null, null, damage);
}

/// <summary>What the last line of a backup tells; its CRC-32 is that of all bytes before that line.</summary>
internal sealed record BackupEnd(int Tracks, int Damaged, long Bytes, string Crc32);

/// <summary>All tracks of a store in a file. docs/backup.md has its format.</summary>
internal sealed class BackupFile(BackupHeader header, IReadOnlyList<BackupTrack> tracks)
{
    /// <summary>What the first line says that it is.</summary>
    public const string FormatName = "nvs-backup";

    private static readonly JsonSerializerOptions options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter() },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The first line.</summary>
    public BackupHeader Header => header;

    /// <summary>The tracks that can be restored.</summary>
    public IReadOnlyList<BackupTrack> Tracks { get; } = [.. tracks.Where(track => track.Data is not null)];

    /// <summary>The tracks that were damaged.</summary>
    public IReadOnlyList<BackupTrack> Damaged { get; } = [.. tracks.Where(track => track.Data is null)];

    /// <summary>Data bytes of all tracks.</summary>
    public long Bytes => Tracks.Sum(track => (long)track.Data!.Length);

    /// <summary>A CRC-32 as it stands in the file.</summary>
    public static string CrcOf(ReadOnlySpan<byte> data) => Crc32.HashToUInt32(data).ToString("x8", CultureInfo.InvariantCulture);

    /// <summary>The whole file.</summary>
    public byte[] ToBytes()
    {
        ArrayBufferWriter<byte> file = new();
        Line(header);
        foreach (BackupTrack track in tracks)
            Line(track);
        Line(new BackupEnd(Tracks.Count, Damaged.Count, Bytes, CrcOf(file.WrittenSpan)));
        return file.WrittenSpan.ToArray();

        void Line<T>(T line)
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(line, options));
            file.Write("\n"u8);
        }
    }

    /// <summary>Reads a file and checks all that it says.</summary>
    /// <exception cref="MismatchException">It is not a whole and intact backup.</exception>
    public static BackupFile Parse(ReadOnlySpan<byte> file, string path)
    {
        if (file.IsEmpty || file[^1] != '\n')
            throw Broken(path, "its end is missing");
        List<Range> lines = [];
        for (int at = 0; at < file.Length;)
        {
            int length = file[at..].IndexOf((byte)'\n');
            lines.Add(at..(at + length));
            at += length + 1;
        }
        if (lines.Count < 2)
            throw Broken(path, "its end is missing");
        BackupHeader header = Line<BackupHeader>(file, lines, 0, path);
        if (header.Format != FormatName)
            throw Broken(path, "line 1: it is no backup of nvs");
        if (header.FormatVersion != 1)
            throw Broken(path, $"line 1: its format version is {header.FormatVersion}, and this program knows 1. Use a later one");
        BackupEnd end = Line<BackupEnd>(file, lines, lines.Count - 1, path);
        if (end.Crc32 != CrcOf(file[..lines[^1].Start.Value]))
            throw Broken(path, $"the CRC-32 of the lines before the last one is {CrcOf(file[..lines[^1].Start.Value])}, not {end.Crc32}");
        List<BackupTrack> tracks = [];
        for (int i = 1; i < lines.Count - 1; i++)
            tracks.Add(Checked(Line<BackupTrack>(file, lines, i, path), path, i));
        BackupFile backup = new(header, tracks);
        if ((end.Tracks, end.Damaged, end.Bytes) != (backup.Tracks.Count, backup.Damaged.Count, backup.Bytes))
            throw Broken(path, "the last line counts other tracks than there are");
        if (tracks.Select(track => track.Track).Distinct().Count() != tracks.Count)
            throw Broken(path, "a track stands in it twice");
        return backup;
    }

    private static T Line<T>(ReadOnlySpan<byte> file, List<Range> lines, int index, string path)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(file[lines[index]], options) ?? throw Broken(path, $"line {index + 1} says nothing");
        }
        catch (JsonException e)
        {
            string what = index == 0 ? "the first line" : index == lines.Count - 1 ? "the last one, so the file was cut short" : "a track";
            throw Broken(path, $"line {index + 1} is not {what}", e);
        }
    }

    private static BackupTrack Checked(BackupTrack track, string path, int index)
    {
        if (track.Damage is null && track.Data is null)
            throw Broken(path, $"line {index + 1} has no data");
        if (track.Data is not null && (track.Data.Length != track.Length || CrcOf(track.Data) != track.Crc32))
            throw Broken(path, $"line {index + 1}: the data of track {track.Track} do not match their length or CRC-32");
        return track;
    }

    private static MismatchException Broken(string path, string why, Exception? inner = null) =>
        new($"{path} is not a whole backup: {why}. Nothing was written.", inner);
}
