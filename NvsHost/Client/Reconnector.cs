using System;
using System.Threading;
using System.Threading.Tasks;
using NvsFirmware.Wire;
using Polly;
using Polly.Retry;

namespace NvsHost;

/// <summary>Gives a conversation another line whenever it needs one.</summary>
internal sealed class Reconnector : IAsyncDisposable
{
    private const int FirstPauseMs = 50;

    private readonly Conversation conversation;
    private readonly Func<CancellationToken, Task<IUart>> open;
    private readonly ResiliencePipeline again;
    private readonly SemaphoreSlim down = new(0);
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;

    /// <summary>Begins to watch.</summary>
    public Reconnector(Conversation conversation, Func<CancellationToken, Task<IUart>> open, NvsClientOptions options)
    {
        this.conversation = conversation;
        this.open = open;
        again = new ResiliencePipelineBuilder { TimeProvider = options.TimeProvider }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(Math.Min(FirstPauseMs, options.ReconnectPauseMs)),
                MaxDelay = TimeSpan.FromMilliseconds(options.ReconnectPauseMs),
                ShouldHandle = new PredicateBuilder().Handle<Exception>(e => e is not (NvsRefusedException or OperationCanceledException)),
                OnRetry = retry =>
                {
                    NvsLog.Reconnecting(options.Logger, retry.AttemptNumber + 1, retry.Outcome.Exception);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
        conversation.WentDown += () => down.Release();
        loop = Task.Run(RunAsync);
    }

    /// <summary>Ends the watch.</summary>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await down.WaitAsync(stop.Token).ConfigureAwait(false);
                if (!conversation.IsDown)
                    continue;
                await again.ExecuteAsync(
                    async ct => await conversation.AttachAsync(await open(ct).ConfigureAwait(false)).WaitAsync(ct).ConfigureAwait(false),
                    stop.Token).ConfigureAwait(false);
                NvsMetrics.Reconnected();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The client is disposed of.
        }
        catch (NvsRefusedException e)
        {
            conversation.Close(e); // The board speaks another protocol now.
        }
    }
}
