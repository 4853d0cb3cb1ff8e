using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;
using NvsSim;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// A board in this process that runs by itself, in real time, and a line to it that can be made to lose, change and delay frames.
/// </summary>
internal sealed class LineBoard : IUart, IDisposable
{
    /// <summary>
    /// For lines that lose frames: a short timeout, so that they are soon asked for again, and a minute of patience, for a machine may be
    /// slow.
    /// </summary>
    public static readonly NvsClientOptions Options = new()
    {
        TimeoutMs = 2000,
        OpenTimeoutMs = 600_000,
        FormatTimeoutMs = 2000,
        Retries = 29,
    };

    /// <summary>Nothing is ever overdue: for tests in which every answer comes, and which count what is asked.</summary>
    public static readonly NvsClientOptions Patient = Options with { TimeoutMs = 600_000, FormatTimeoutMs = 600_000 };

    private const int StepMs = 5;

    private readonly BytePipe toBoard = new();
    private readonly BoardSettings settings;
    private readonly SystemClock clock = new();
    private readonly object accounts = new();
    private readonly List<byte[]> sent = [];
    private readonly List<byte[]> unanswered = [];
    private Thread thread;
    private volatile bool isStopping;
    private readonly ConcurrentBag<HostEnd> ends = [];
    private volatile HostEnd? speaking;

    /// <summary>Boots a board.</summary>
    /// <param name="chip">Null for a chip of 256 KiB with an empty store.</param>
    /// <param name="settings">Null for small frames, so that a track of a few hundred bytes takes several.</param>
    public LineBoard(FramModel? chip = null, BoardSettings? settings = null)
    {
        this.settings = settings ?? SmallFrames();
        Chip = chip ?? TestBoard.Formatted("MB85RS2MT", this.settings).Chip;
        thread = Boot();
    }

    /// <summary>A board with pieces of 256 bytes.</summary>
    public static BoardSettings SmallFrames() => new() { Name = "line", LargestPieceBytes = 256, ReceiveWindowBytes = 2048 };

    public FramModel Chip { get; }

    /// <summary>What becomes of a frame that the host sends: the frames that arrive at the board. Called by the host's thread.</summary>
    public Func<byte[], IEnumerable<byte[]>> ToBoard { get; set; } = frame => [frame];

    /// <summary>What becomes of a frame that the board sends: the frames that arrive at the host. Called by the board's thread.</summary>
    public Func<byte[], IEnumerable<byte[]>> ToHost { get; set; } = frame => [frame];

    /// <summary>While true the board does nothing, as one that is busy; what it is sent waits in its UART's buffer.</summary>
    public bool IsPaused
    {
        get => toBoard.IsHeld;
        set => toBoard.IsHeld = value;
    }

    /// <summary>The most bytes of frames that the host had sent and not yet seen answered, as docs/protocol.md counts them.</summary>
    public int MostUnansweredBytes { get; private set; }

    /// <summary>The frames that the host has sent so far, the lost ones too.</summary>
    public List<byte[]> Sent
    {
        get
        {
            lock (accounts)
                return [.. sent];
        }
    }

    /// <summary>The version of the first commit to an empty store: the board's own start has taken one.</summary>
    public const uint FirstVersion = 2;

    public int WindowBytes => settings.ReceiveWindowBytes;

    /// <summary>How many frames of a type the host has sent.</summary>
    public int CountSent(int type) => Sent.Count(frame => Frame.Type(frame, 0) == type);

    /// <summary>Waits until the host has sent so many frames of a type.</summary>
    public void WaitForSent(int type, int count = 1)
    {
        lock (accounts)
            while (sent.Count(frame => Frame.Type(frame, 0) == type) < count)
                if (!Monitor.Wait(accounts, ChildProcess.GuardMs))
                    throw new TimeoutException($"The host has not sent {count} frames of type {type}.");
    }

    /// <summary>Opens the line as a host.</summary>
    public Task<NvsClient> ConnectAsync(NvsClientOptions? options = null) => NvsClient.ConnectAsync(Open(), options ?? Options);

    /// <summary>Opens the line as a host that opens it again when it breaks.</summary>
    public Task<NvsClient> StayConnectedAsync(NvsClientOptions? options = null) =>
        NvsClient.ConnectAsync(_ => Task.FromResult(Open()), (options ?? Options) with { Reconnect = true, ReconnectPauseMs = 20 });

    /// <summary>Opens the line as a server does.</summary>
    public Task<IUart> OpenLineAsync(CancellationToken ct) => Task.FromResult(Open());

    /// <summary>The board restarts: what its UART held is gone.</summary>
    public void Restart()
    {
        Stop();
        toBoard.Clear();
        Chip.PowerUp();
        thread = Boot();
    }

    /// <summary>The line breaks: all hosts' ports are gone, and can be opened again.</summary>
    public void Break()
    {
        foreach (HostEnd end in ends)
            end.Break();
    }

    /// <summary>Bytes that the board has not sent arrive at the host.</summary>
    public void SendToHost(byte[] bytes) => speaking?.Incoming.Put(bytes);

    public void Dispose() => Stop();

    int IUart.Read(byte[] buffer, int offset, int count, int timeoutMs) => toBoard.Take(buffer, offset, count, timeoutMs);

    bool IUart.Write(byte[] buffer, int offset, int count)
    {
        foreach (byte[] frame in ToHost(buffer[offset..(offset + count)]))
        {
            Settle(frame);
            SendToHost(frame);
        }
        return true;
    }

    void IUart.Reopen() => toBoard.Clear();

    private IUart Open()
    {
        HostEnd end = new(this);
        ends.Add(end);
        speaking = end;
        return end;
    }

    private Thread Boot()
    {
        isStopping = false;
        settings.SessionSeed++;
        Firmware firmware = new(Chip, this, clock, settings);
        firmware.Boot();
        Thread started = new(() =>
        {
            while (!isStopping)
                firmware.Step(StepMs);
        })
        { IsBackground = true, Name = "board" };
        started.Start();
        return started;
    }

    private void Stop()
    {
        isStopping = true;
        thread.Join();
    }

    private void SendToBoard(byte[] block)
    {
        List<byte[]> frames = [];
        for (int at = 0; at < block.Length; at += frames[^1].Length)
            frames.Add(block[at..(at + Frame.TotalBytes(Frame.PayloadBytes(block, at)))]);
        lock (accounts)
        {
            sent.AddRange(frames);
            unanswered.AddRange(frames);
            MostUnansweredBytes = Math.Max(MostUnansweredBytes, unanswered.Sum(frame => frame.Length));
            Monitor.PulseAll(accounts);
        }
        foreach (byte[] arrived in frames.SelectMany(ToBoard))
            toBoard.Put(arrived);
    }

    // Answers come in order, so one also tells that none will come any more to the frames sent before.
    private void Settle(byte[] answer)
    {
        if (answer.Length < Frame.HeaderBytes || answer[0] != Frame.Sync0 || answer[1] != Frame.Sync1
            || answer.Length < Frame.TotalBytes(Frame.PayloadBytes(answer, 0))
                || !Frame.IsPayloadIntact(answer, 0, Frame.PayloadBytes(answer, 0)))
            return;
        lock (accounts)
        {
            int at = unanswered.FindIndex(frame => (Frame.Type(frame, 0) | FrameType.Answer) == Frame.Type(answer, 0)
                && Frame.Number(frame, 0) == Frame.Number(answer, 0)
                && (Frame.Type(frame, 0) != FrameType.Write || Frame.Part(frame, 0) == Frame.Part(answer, 0)));
            unanswered.RemoveRange(0, at + 1);
        }
    }

    /// <summary>A host's end of the line. When there are several, the one that has sent last gets what the board sends.</summary>
    private sealed class HostEnd(LineBoard board) : IUart, IDisposable
    {
        private volatile bool isClosed;

        public BytePipe Incoming { get; } = new();

        public int Read(byte[] buffer, int offset, int count, int timeoutMs)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            return Incoming.Take(buffer, offset, count, timeoutMs);
        }

        public bool Write(byte[] buffer, int offset, int count)
        {
            ObjectDisposedException.ThrowIf(isClosed, this);
            board.speaking = this;
            board.SendToBoard(buffer[offset..(offset + count)]);
            return true;
        }

        public void Reopen()
        {
        }

        public void Break() => Incoming.Break();

        public void Dispose()
        {
            isClosed = true;
            Incoming.Wake();
        }
    }

    /// <summary>One direction of the line.</summary>
    private sealed class BytePipe
    {
        private readonly Queue<byte> bytes = new();
        private bool isBroken;
        private bool isHeld;

        /// <summary>While true nothing is taken out.</summary>
        public bool IsHeld
        {
            get
            {
                lock (bytes)
                    return isHeld;
            }
            set
            {
                lock (bytes)
                    isHeld = value;
            }
        }

        public void Put(byte[] block)
        {
            lock (bytes)
            {
                foreach (byte b in block)
                    bytes.Enqueue(b);
                Monitor.PulseAll(bytes);
            }
        }

        public int Take(byte[] buffer, int offset, int count, int timeoutMs)
        {
            lock (bytes)
            {
                if ((bytes.Count == 0 || isHeld) && !isBroken && timeoutMs > 0)
                    Monitor.Wait(bytes, timeoutMs);
                if (isBroken)
                    throw new IOException("the port is gone");
                if (isHeld)
                    return 0;
                int taken = 0;
                while (taken < count && bytes.TryDequeue(out byte b))
                    buffer[offset + taken++] = b;
                return taken;
            }
        }

        public void Clear()
        {
            lock (bytes)
                bytes.Clear();
        }

        /// <summary>Ends a wait for bytes.</summary>
        public void Wake()
        {
            lock (bytes)
                Monitor.PulseAll(bytes);
        }

        public void Break()
        {
            lock (bytes)
            {
                isBroken = true;
                Monitor.PulseAll(bytes);
            }
        }
    }
}
