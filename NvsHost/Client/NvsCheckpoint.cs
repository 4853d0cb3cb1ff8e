using System;
using System.IO;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost;

/// <summary>A value as a checkpoint holds it.</summary>
/// <param name="Value">The value.</param>
/// <param name="Version">The version of its track.</param>
public sealed record NvsCheckpointValue<T>(T Value, uint Version);

/// <summary>A typed value in a track of its own: what a program was doing, to go on from after a power loss.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public sealed class NvsCheckpoint<T>
{
    private readonly NvsClient client;
    private readonly uint track;
    private readonly Func<T, byte[]> write;
    private readonly Func<byte[], T> read;

    /// <summary>A value that is stored as JSON.</summary>
    /// <param name="client">The client.</param>
    /// <param name="track">The track's number.</param>
    /// <param name="type">How the value becomes JSON: from a <see cref="System.Text.Json.Serialization.JsonSerializerContext"/>, so
    /// it works without reflection.</param>
    public NvsCheckpoint(NvsClient client, uint track, JsonTypeInfo<T> type)
        : this(
            client,
            track,
            value => JsonSerializer.SerializeToUtf8Bytes(value, type),
            data => JsonSerializer.Deserialize(data, type) ?? throw new JsonException("it is null"))
    {
    }

    /// <summary>A value that is stored in the program's own way.</summary>
    /// <param name="client">The client.</param>
    /// <param name="track">The track's number.</param>
    /// <param name="write">Makes bytes of a value.</param>
    /// <param name="read">Makes a value of bytes.</param>
    public NvsCheckpoint(NvsClient client, uint track, Func<T, byte[]> write, Func<byte[], T> read)
    {
        this.client = client;
        this.track = track;
        this.write = write;
        this.read = read;
    }

    /// <summary>The value that was saved last; null when none was.</summary>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="InvalidDataException">The track holds something else.</exception>
    public async Task<NvsCheckpointValue<T>?> LoadAsync(CancellationToken ct = default) =>
        await client.ReadAsync(track, null, ct).ConfigureAwait(false) is { } found
            ? new NvsCheckpointValue<T>(Value(found), found.Version)
            : null;

    /// <summary>Saves a value. When this returns it survives any power loss; until then the one before it does.</summary>
    /// <param name="value">The value.</param>
    /// <param name="expectedVersion">Refuse unless the value saved last has this version; 0: unless none was saved; null: do not
    /// care.</param>
    /// <param name="ct">Cancels. A value that turns out to be saved returns all the same.</param>
    /// <returns>Its version, see <see cref="NvsClient.WriteBatchAsync"/>.</returns>
    public Task<uint> SaveAsync(T value, uint? expectedVersion = null, CancellationToken ct = default) =>
        client.WriteAsync(track, write(value), expectedVersion, ct);

    /// <summary>The value as part of a write request of several tracks, which is committed as a whole.</summary>
    /// <param name="value">The value.</param>
    /// <param name="expectedVersion">As in <see cref="SaveAsync"/>.</param>
    public WriteItem Item(T value, uint? expectedVersion = null) => WriteItem.Store(track, write(value), expectedVersion);

    /// <summary>Changes the value, which others may change, too.</summary>
    /// <param name="change">Makes the new value of the one saved last, null when none was. Called once more each time that another
    /// one was faster.</param>
    /// <param name="ct">Cancels. A change that turns out to be saved returns all the same.</param>
    /// <returns>The new value.</returns>
    public async Task<NvsCheckpointValue<T>> UpdateAsync(Func<NvsCheckpointValue<T>?, T> change, CancellationToken ct = default)
    {
        T? value = default;
        NvsTrack? saved = await client.UpdateAsync(
            track,
            old =>
            {
                value = change(old is null ? null : new NvsCheckpointValue<T>(Value(old), old.Version));
                return write(value);
            },
            ct).ConfigureAwait(false);
        return new NvsCheckpointValue<T>(value!, saved!.Version);
    }

    private T Value(NvsTrack found)
    {
        try
        {
            return read(found.Data);
        }
        catch (Exception e) when (e is JsonException or FormatException or ArgumentException)
        {
            throw new InvalidDataException(
                $"Track {track}, version {found.Version}, {found.Data.Length} bytes, holds no {typeof(T).Name}: {e.Message}", e);
        }
    }
}
