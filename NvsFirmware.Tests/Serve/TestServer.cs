using System;
using System.IO;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Tests.Host;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;
using NvsHost.Serve;

namespace NvsFirmware.Tests.Serve;

/// <summary>A board and its server in this process; programs come in over a Unix socket.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    /// <summary>What programs wait, however slow the machine is.</summary>
    public static readonly NvsClientOptions Options = new() { TimeoutMs = 600_000, OpenTimeoutMs = 600_000 };

    private const int Backlog = 64;

    private readonly string folder;
    private readonly Socket listener;
    private readonly ServeMetrics metrics;
    private readonly CancellationTokenSource end = new();
    private readonly Task accepting;

    private TestServer(LineBoard board, BoardServer server, ServeMetrics metrics)
    {
        Board = board;
        Server = server;
        this.metrics = metrics;
        folder = Directory.CreateTempSubdirectory("nvs-").FullName;
        listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen(Backlog);
        accepting = AcceptAsync();
    }

    public LineBoard Board { get; }

    public BoardServer Server { get; }

    /// <summary>What programs name.</summary>
    public string Port => "unix:" + SocketPath;

    private string SocketPath => Path.Combine(folder, "s");

    /// <summary>Boots a board and serves it.</summary>
    public static async Task<TestServer> StartAsync(LineBoard? board = null, NvsClientOptions? options = null)
    {
        board ??= new LineBoard();
        ServeMetrics metrics = new();
        NvsClientOptions line = (options ?? LineBoard.Options) with { Retries = 1000, ReconnectPauseMs = 20 };
        return new TestServer(board, await BoardServer.OpenAsync(board.OpenLineAsync, line, metrics, CancellationToken.None), metrics);
    }

    /// <summary>A program.</summary>
    public Task<NvsClient> ConnectAsync(NvsClientOptions? options = null) => NvsClient.OpenAsync(Port, options ?? Options);

    /// <summary>A program that says each frame by itself.</summary>
    public RawProgram ConnectRaw()
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
        return new RawProgram(socket);
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        await accepting;
        listener.Dispose();
        await Server.DisposeAsync();
        metrics.Dispose();
        Board.Dispose();
        end.Dispose();
        Directory.Delete(folder, true);
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                Server.Welcome(await listener.AcceptAsync(end.Token));
        }
        catch (OperationCanceledException)
        {
            // That was all.
        }
    }
}

/// <summary>A program that says each frame by itself.</summary>
internal sealed class RawProgram : IDisposable
{
    private readonly Socket socket;

    public RawProgram(Socket socket)
    {
        this.socket = socket;
        socket.ReceiveTimeout = ChildProcess.GuardMs;
    }

    /// <summary>The session's key.</summary>
    public uint Key { get; private set; }

    /// <summary>Begins a session.</summary>
    public Answer Hello(uint number = 1)
    {
        Send(Frames.Hello(number));
        Answer answer = Next();
        while (answer.Type != (FrameType.Hello | FrameType.Answer))
            answer = Next(); // LOST, of the session before.
        Key = answer.Argument;
        return answer;
    }

    public void Send(params byte[][] frames)
    {
        foreach (byte[] frame in frames)
            socket.Send(frame);
    }

    /// <summary>Sends frames at once.</summary>
    public void SendTogether(params byte[][] frames) => socket.Send([.. System.Linq.Enumerable.SelectMany(frames, frame => frame)]);

    /// <summary>The next answer.</summary>
    public Answer Next()
    {
        byte[] header = Receive(Frame.HeaderBytes);
        byte[] rest = Receive(Frame.TotalBytes(Frame.PayloadBytes(header, 0)) - Frame.HeaderBytes);
        uint key = Key;
        return Answer.ParseAll([.. header, .. rest], ref key)[0];
    }

    /// <summary>Asks, and takes the next answer.</summary>
    public Answer Ask(byte[] frame)
    {
        Send(frame);
        return Next();
    }

    public void Dispose() => socket.Dispose();

    private byte[] Receive(int count)
    {
        byte[] bytes = new byte[count];
        for (int at = 0; at < count;)
        {
            int read = socket.Receive(bytes, at, count - at, SocketFlags.None);
            if (read == 0)
                throw new EndOfStreamException("the server has closed the connection");
            at += read;
        }
        return bytes;
    }
}
