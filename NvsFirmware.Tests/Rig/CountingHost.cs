using System;
using System.CommandLine;
using System.Linq;
using System.Threading.Tasks;
using NvsHost;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// A host that counts: each write request is a batch that puts the next count into all of its tracks. So a mix of two requests, a lost one
/// and one that was applied twice all show. Also a command, for hosts that are processes of their own and can be killed.
/// </summary>
internal static class CountingHost
{
    public const string Name = "count";

    /// <summary>A board that is gone is known by its terminal; one on a busy machine is waited for.</summary>
    public static NvsClientOptions Options { get; } = new() { ClientId = 0xC0, OpenTimeoutMs = 600_000, Retries = 300 };

    private const int Tracks = 3;

    /// <summary>The command that counts on until it is killed, and prints each count when it is committed.</summary>
    public static Command Create()
    {
        Argument<string> port = new("PORT");
        Command command = new(Name, "Counts on a board until it is killed; for the tests.") { port };
        command.Hidden = true;
        command.SetAction(async (parsed, ct) =>
        {
            try
            {
                await using NvsClient client = await NvsClient.OpenAsync(parsed.GetValue(port)!, Options, ct);
                uint count = await ReadAsync(client);
                Console.WriteLine(count);
                while (true)
                {
                    await WriteAsync(client, ++count);
                    Console.WriteLine(count);
                }
            }
            catch (NvsLineException e)
            {
                Console.Error.WriteLine(e.Message); // the board is gone
                return 1;
            }
        });
        return command;
    }

    public static Task<uint> WriteAsync(NvsClient client, uint count) =>
        client.WriteBatchAsync(Enumerable.Range(0, Tracks).Select(track => WriteItem.Store((uint)track, Data(track, count))));

    /// <summary>The count that all tracks hold.</summary>
    public static async Task<uint> ReadAsync(NvsClient client)
    {
        uint count = 0;
        for (int track = 0; track < Tracks; track++)
        {
            NvsTrack? read = await client.ReadAsync((uint)track);
            uint told = read == null ? 0 : BitConverter.ToUInt32(read.Data);
            if (track == 0)
                count = told;
            if (told != count || (read != null && !read.Data.AsSpan().SequenceEqual(Data(track, told))))
                throw new InvalidOperationException(
                    $"track 0 holds count {count}, track {track} count {told} in {read?.Data.Length} bytes");
        }
        return count;
    }

    private static byte[] Data(int track, uint count)
    {
        byte[] data = new byte[4 + (count * 37 + track * 211) % 1500];
        data.AsSpan().Fill((byte)(count * 3 + track));
        BitConverter.TryWriteBytes(data, count);
        return data;
    }
}
