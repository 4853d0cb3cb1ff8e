using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using NvsHost.Serve;
using Spectre.Console;

namespace NvsHost.Commands;

/// <summary>serve: several programs share a board.</summary>
internal static class ServeCommand
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly Option<string[]> listenOption = new("--listen")
    {
        Description = "Where programs come in: unix:PATH, tcp:PORT (this machine only) or tcp:HOST:PORT. Several are possible. "
            + "Without it, the sockets that systemd gives.",
        HelpName = "ADDRESS",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<UnixFileMode> modeOption = new("--mode")
    {
        Description = "Permissions of a Unix socket, octal: who may write to it may use the board. [default: 600]",
        HelpName = "MODE",
        DefaultValueFactory = _ => OwnerOnly,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            try
            {
                int mode = Convert.ToInt32(text, 8);
                if (mode is >= 0 and <= 0x1FF)
                    return (UnixFileMode)mode;
            }
            catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
            {
                // The message is the same.
            }
            result.AddError($"--mode {text} is not octal from 0 to 777, for example 660.");
            return OwnerOnly;
        },
    };

    private static readonly Option<string?> metricsOption = new("--metrics")
    {
        Description = "Serve metrics for Prometheus over HTTP at PORT (this machine only) or HOST:PORT, path /metrics.",
        HelpName = "ADDRESS",
    };

    /// <summary>Adds the command.</summary>
    public static void AddTo(Command root)
    {
        Command command = new(
            "serve",
            "Owns the port and serves any number of programs, each as if it had the board alone; they name the socket as their --port.")
        {
            listenOption, modeOption, metricsOption,
        };
        Session.SetAction(command, RunAsync);
        root.Subcommands.Add(command);
    }

    private static async Task<int> RunAsync(Session session, ParseResult parsed, CancellationToken ct)
    {
        string port = session.Port ?? throw new ArgumentException("serve needs to know the board's port: --port PORT or NVS_PORT.");
        IPEndPoint? metricsAt = parsed.GetValue(metricsOption) is { } address ? ListenAddress.EndPointOf(address) : null;
        UnixFileMode mode = parsed.GetValue(modeOption);
        List<ListenAddress> listening = [.. ListenAddress.FromSystemd()];
        try
        {
            using ServeMetrics metrics = new();
            // The port first: two servers of one board do not both come to listen.
            await using BoardServer server = await OpenAsync(port, session, metrics, ct).ConfigureAwait(false);
            foreach (string at in parsed.GetValue(listenOption) ?? [])
                listening.Add(ListenAddress.Open(at, mode));
            if (listening.Count == 0)
                throw new ArgumentException("Where do programs come in? --listen unix:PATH, for example.");
            if (metricsAt is not null)
                metrics.Serve(metricsAt, server);
            Announce(session, port, server, listening, metricsAt);
            using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(ct);
            List<Task> accepting = listening.Select(at => AcceptAsync(at.Socket, server, end.Token)).ToList();
            await Task.WhenAny([server.Closed, Task.WhenAny(accepting)]).ConfigureAwait(false);
            ServiceManager.Stopping();
            await end.CancelAsync().ConfigureAwait(false);
            if (ct.IsCancellationRequested)
                return ExitCode.Done;
            session.Err.WriteLine("nvs: the board speaks another protocol now, or a socket is gone.");
            return ExitCode.Line;
        }
        finally
        {
            foreach (ListenAddress at in listening)
                at.Dispose();
        }
    }

    private static async Task<BoardServer> OpenAsync(string port, Session session, ServeMetrics metrics, CancellationToken ct)
    {
        try
        {
            NvsClientOptions options = session.Options;
            return await BoardServer.OpenAsync(opening => NvsPort.OpenAsync(port, options, opening), options, metrics, ct).ConfigureAwait(false);
        }
        catch (NvsLineException e)
        {
            throw new NoBoardException($"{port}: {e.Message}", e); // Nothing has answered yet.
        }
    }

    private static void Announce(Session session, string port, BoardServer server, List<ListenAddress> listening, IPEndPoint? metricsAt)
    {
        foreach (ListenAddress at in listening.Where(at => at.IsOpenToOthers))
            session.Err.WriteLine($"nvs: warning: who can reach {at.Name} from another machine can read and overwrite the store");
        string serving = string.Create(
            CultureInfo.InvariantCulture, $"serving {server.Board.BoardName} on {port}, store {server.Board.StoreId} ({server.Board.State})");
        session.Err.WriteLine($"nvs: {serving} at {string.Join(", ", listening.Select(at => at.Name))}");
        if (metricsAt is not null)
            session.Err.WriteLine($"nvs: metrics at http://{metricsAt}/metrics");
        server.StateChanged += state =>
        {
            string now = state == NvsClientState.Connected ? serving : $"{port}: the board is gone, looking for it";
            session.Err.WriteLine($"nvs: {now}");
            ServiceManager.Status(now);
        };
        ServiceManager.Ready(serving);
    }

    private static async Task AcceptAsync(Socket socket, BoardServer server, CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            try
            {
                Socket guest = await socket.AcceptAsync(ct).ConfigureAwait(false);
                if (guest.ProtocolType == ProtocolType.Tcp)
                    guest.NoDelay = true;
                server.Welcome(guest);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // It has left already.
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }
}
