using System;
using System.CommandLine;
using System.Linq;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using NvsHost;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// A program of several tasks that all increment one counter, and in the same write request note how often they did so in a track of their own. It may be
/// killed and started again: the counter is right if it is the sum of what the tasks have noted. Also a command, for tests that kill processes.
/// </summary>
internal static class IncrementingHost
{
    public const string Name = "increment";

    /// <summary>The counter's track.</summary>
    public const uint Counter = 1000;

    /// <summary>Tasks of a program.</summary>
    public const int Tasks = 2;

    private const int RetryMs = 50;

    /// <summary>The track in which a task of a program notes its number.</summary>
    public static uint Track(int program, int task) => (uint)((program * Tasks) + task);

    /// <summary>The command.</summary>
    public static Command Create()
    {
        Argument<string> port = new("PORT");
        Argument<int> program = new("PROGRAM");
        Argument<uint> count = new("COUNT");
        Command command = new(Name, "Increments a counter from several tasks; for the tests.") { port, program, count };
        command.Hidden = true;
        command.SetAction(async (parsed, _) =>
        {
            await RunAsync(parsed.GetValue(port)!, parsed.GetValue(program), parsed.GetValue(count));
            return 0;
        });
        return command;
    }

    private static async Task RunAsync(string port, int program, uint count)
    {
        NvsClientOptions options = new()
        {
            ClientId = 0x100 + (uint)program,
            Reconnect = true,
            ReconnectPauseMs = RetryMs,
            OpenTimeoutMs = 600_000,
            Retries = 10_000, // Whatever is killed comes again.
        };
        await using NvsClient client = await ConnectAsync(port, options);
        // What the process before has sent is decided from here on; only then it is looked for.
        await client.LastAsync();
        await Task.WhenAll(Enumerable.Range(0, Tasks).Select(task => Task.Run(async () =>
        {
            uint track = Track(program, task);
            uint noted = Number(await client.ReadAsync(track));
            Tell(task, noted);
            while (noted < count)
            {
                NvsTrack? counter = await client.ReadAsync(Counter);
                try
                {
                    await client.WriteBatchAsync([
                        WriteItem.Store(Counter, BitConverter.GetBytes(Number(counter) + 1), counter?.Version ?? 0),
                        WriteItem.Store(track, BitConverter.GetBytes(noted + 1))]);
                    Tell(task, ++noted);
                }
                catch (NvsRefusedException e) when (e.Status == Status.VersionMismatch)
                {
                    // Another task was first.
                }
            }
        })));
    }

    /// <summary>The number in a track.</summary>
    public static uint Number(NvsTrack? track) => track is null ? 0 : BitConverter.ToUInt32(track.Data);

    private static async Task<NvsClient> ConnectAsync(string port, NvsClientOptions options)
    {
        while (true)
        {
            try
            {
                return await NvsClient.OpenAsync(port, options);
            }
            catch (NvsException)
            {
                await Task.Delay(RetryMs); // The server is being started again.
            }
        }
    }

    // One line, at once: the process may be killed behind it.
    private static void Tell(int task, uint noted)
    {
        lock (Name)
        {
            Console.Out.WriteLine($"{task} {noted}");
            Console.Out.Flush();
        }
    }
}
