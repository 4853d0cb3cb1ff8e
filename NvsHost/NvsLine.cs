using System;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using NvsFirmware;
using NvsFirmware.HostAdapter;

namespace NvsHost;

/// <summary>An answer frame.</summary>
/// <param name="Type">Its type, without <see cref="FrameType.Answer"/>.</param>
/// <param name="Status">Its status.</param>
/// <param name="Request">The number of the request it answers.</param>
/// <param name="Part">Its part.</param>
/// <param name="Payload">Its payload; null when that was damaged on the way.</param>
internal sealed record Answer(int Type, Status Status, uint Request, int Part, byte[]? Payload);

/// <summary>The pump between a line and its client: a thread that never stops reading, so that a board is never kept from sending.</summary>
internal sealed class NvsLine : IAsyncDisposable
{
    private const int LargestPayloadBytes = ushort.MaxValue;
    private const int PollMs = 100;
    private const int StopTimeoutMs = 1000;
    private const int QuietMarginMs = 100;

    /// <summary>
    /// How long the line has to be silent for both sides to find the beginning of the next frame, in milliseconds. A wait for an answer is never
    /// shorter, or the repetitions would keep a board that met noise waiting for ever.
    /// </summary>
    public const int QuietMs = FrameReader.QuietMs + QuietMarginMs;

    private readonly IUart uart;
    private readonly FrameReader frames;
    private readonly Channel<Answer> answers = Channel.CreateUnbounded<Answer>();
    private readonly Thread reader;
    private volatile bool isStopping;

    public NvsLine(IUart uart)
    {
        this.uart = uart;
        frames = new FrameReader(uart, new SystemClock(), LargestPayloadBytes);
        reader = new Thread(Pump) { IsBackground = true, Name = "nvs reader" };
        reader.Start();
    }

    /// <summary>Sends whole frames.</summary>
    public async Task SendAsync(byte[] buffer, int count, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        try
        {
            // Not cancelled half way: the rest of a half frame would swallow the next one. Whether all was sent does not matter here: the
            // answer will tell.
            await Task.Run(() => uart.Write(buffer, 0, count), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw Gone(e);
        }
    }

    /// <summary>The next answer; null when none comes in time.</summary>
    public async Task<Answer?> ReceiveAsync(int timeoutMs, CancellationToken ct)
    {
        if (answers.Reader.TryRead(out Answer? answer))
            return answer;
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
        timeout.CancelAfter(timeoutMs);
        try
        {
            return await answers.Reader.ReadAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return null;
        }
        catch (ChannelClosedException e)
        {
            throw Gone(e.InnerException);
        }
    }

    /// <summary>
    /// Waits until neither side has sent anything for <see cref="QuietMs"/>. A receiver that met a damaged frame passes over everything until
    /// then, and the board may still be sending a long answer: asking again meanwhile would make it go on for ever.
    /// </summary>
    /// <param name="sentMs">When this side sent last, in milliseconds of <see cref="Environment.TickCount64"/>.</param>
    /// <param name="mostMs">Waits no longer than so, in milliseconds: a line that babbles is never silent.</param>
    /// <param name="ct">Cancels.</param>
    public async Task QuietAsync(long sentMs, int mostMs, CancellationToken ct)
    {
        long endMs = Environment.TickCount64 + mostMs;
        while (true)
        {
            long nowMs = Environment.TickCount64;
            long leftMs = Math.Min(Math.Max(sentMs, frames.LastByteMs) + QuietMs, endMs) - nowMs;
            if (leftMs <= 0)
                return;
            await Task.Delay((int)leftMs, ct).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        isStopping = true;
        await Task.Run(() =>
        {
            (uart as IDisposable)?.Dispose();
            reader.Join(StopTimeoutMs);
        }).ConfigureAwait(false);
    }

    private void Pump()
    {
        try
        {
            while (!isStopping)
            {
                FrameEvent found = frames.Poll(PollMs);
                if (found is not (FrameEvent.Whole or FrameEvent.BadPayload))
                    continue;
                byte[] buffer = frames.Buffer;
                int type = Frame.Type(buffer, 0);
                if ((type & FrameType.Answer) == 0)
                    continue; // An echo of this host's own request.
                byte[]? payload = found == FrameEvent.Whole
                    ? buffer.AsSpan(Frame.HeaderBytes, Frame.PayloadBytes(buffer, 0)).ToArray()
                    : null;
                answers.Writer.TryWrite(new Answer(
                    type & ~FrameType.Answer, Frame.Status(buffer, 0), (uint)Frame.Request(buffer, 0), Frame.Part(buffer, 0), payload));
            }
            answers.Writer.TryComplete();
        }
        catch (Exception e)
        {
            answers.Writer.TryComplete(e);
        }
    }

    private NvsLineException Gone(Exception? e) => isStopping
        ? new NvsLineException("The line was closed by this program.", false, e)
        : new NvsLineException($"The line broke ({e?.Message ?? "closed"}): is the board still connected and running?", false, e);

    private sealed class SystemClock : IClock
    {
        public long NowMs => Environment.TickCount64;

        public void Sleep(int durationMs) => Thread.Sleep(durationMs);
    }
}
