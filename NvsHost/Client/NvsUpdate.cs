using System;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>Compare-and-set: changes a track that others may change, too.</summary>
public static class NvsUpdate
{
    /// <summary>Reads a track, changes it, stores it if nobody else has done so meanwhile; else begins anew.</summary>
    /// <param name="client">The client.</param>
    /// <param name="track">The track's number.</param>
    /// <param name="change">
    /// Makes the new data of the track as it is, null when there is none. Null: leave it as it is. Called once more each time that
    /// another one was faster.
    /// </param>
    /// <param name="ct">Cancels. An update that turns out to be committed returns all the same.</param>
    /// <returns>The track as it is now. Null when there is none, and none was made.</returns>
    /// <exception cref="NvsException">
    /// Also with <see cref="WriteOutcome.Unknown"/>. Then nothing is repeated, because it could be the second time.
    /// </exception>
    public static async Task<NvsTrack?> UpdateAsync(
        this NvsClient client, uint track, Func<NvsTrack?, byte[]?> change, CancellationToken ct = default)
    {
        while (true)
        {
            NvsTrack? old = await client.ReadAsync(track, null, ct).ConfigureAwait(false);
            byte[]? data = change(old);
            if (data is null)
                return old;
            try
            {
                // Version 0: there must still be none.
                return new NvsTrack(track, await client.WriteAsync(track, data, old?.Version ?? 0, ct).ConfigureAwait(false), data);
            }
            catch (NvsRefusedException e) when (e.Status == Status.VersionMismatch)
            {
                // Another one was faster: its data count, and the change is made to them.
            }
        }
    }
}
