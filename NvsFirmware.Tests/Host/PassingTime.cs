using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;

namespace NvsFirmware.Tests.Host;

/// <summary>A client's time that stands still but while a test lets it pass: so however slow the machine is, nothing is overdue before.</summary>
internal static class PassingTime
{
    private static readonly TimeSpan step = TimeSpan.FromMilliseconds(50);

    /// <summary>Lets time pass until something has ended, as one that waits for a board that stays silent.</summary>
    public static async Task PassUntilEndAsync(this FakeTimeProvider time, Task waiting)
    {
        while (!waiting.IsCompleted)
        {
            time.Advance(step);
            await Task.Delay(1);
        }
    }
}
