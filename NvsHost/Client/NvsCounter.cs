using System;
using System.Buffers.Binary;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost;

/// <summary>A counter in a track of its own, 8 bytes, little-endian. Several tasks and programs may count in it; each addition counts once.</summary>
/// <param name="client">The client.</param>
/// <param name="track">The track's number. A track that is not there counts as 0.</param>
public sealed class NvsCounter(NvsClient client, uint track)
{
    /// <summary>The count.</summary>
    /// <param name="ct">Cancels.</param>
    public async Task<long> ReadAsync(CancellationToken ct = default) =>
        Value(await client.ReadAsync(track, null, ct).ConfigureAwait(false));

    /// <summary>Adds to the count. When this returns the new count survives any power loss.</summary>
    /// <param name="number">What to add; may be negative.</param>
    /// <param name="ct">Cancels. An addition that turns out to be committed returns all the same.</param>
    /// <returns>The new count.</returns>
    /// <exception cref="OverflowException">The count would not fit into 64 bits. Nothing was added.</exception>
    /// <exception cref="NvsException">Its <see cref="NvsException.Outcome"/> tells whether it was added.</exception>
    public async Task<long> AddAsync(long number = 1, CancellationToken ct = default)
    {
        long count = 0;
        await client.UpdateAsync(
            track,
            old =>
            {
                count = checked(Value(old) + number);
                byte[] data = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64LittleEndian(data, count);
                return data;
            },
            ct).ConfigureAwait(false);
        return count;
    }

    private long Value(NvsTrack? found) => found switch
    {
        null => 0,
        { Data.Length: sizeof(long) } => BinaryPrimitives.ReadInt64LittleEndian(found.Data),
        _ => throw new InvalidDataException($"Track {track} is no counter: it has {found.Data.Length} bytes instead of {sizeof(long)}."),
    };
}
