using System;
using System.Collections.Generic;
using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;

namespace NvsHost.Commands;

/// <summary>The numbers of a board's tracks, for a shell that completes a command line.</summary>
internal static class TrackCompletion
{
    /// <summary>The tracks of the board that the command line or NVS_PORT names; none when it cannot be asked.</summary>
    public static IEnumerable<CompletionItem> Tracks(CompletionContext context)
    {
        if (CommonOptions.Port(context.ParseResult) is not { } port)
            return []; // Nobody is asked who was not named.
        try
        {
            return Task.Run(() => AskAsync(port, context.ParseResult)).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is NvsException or ArgumentException or OperationCanceledException)
        {
            return [];
        }
    }

    private static async Task<IEnumerable<CompletionItem>> AskAsync(string port, ParseResult parsed)
    {
        NvsClientOptions options = CommonOptions.OfLine(parsed) with { PortWaitMs = 0 };
        using CancellationTokenSource patience = new(options.TimeoutMs); // For all of it: nobody waits long for a list of words.
        await using NvsClient client = await NvsClient.OpenAsync(port, options, patience.Token).ConfigureAwait(false);
        IReadOnlyList<TrackEntry> tracks = await client.ListAsync(patience.Token).ConfigureAwait(false);
        return [.. tracks.Select(track => track.Track.ToString(CultureInfo.InvariantCulture)).Select(number => new CompletionItem(number))];
    }
}
