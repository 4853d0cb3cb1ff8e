using System;
using System.Threading.Tasks;
using Microsoft.Extensions.Time.Testing;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsHost;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// A client's time that stands still but while a test lets it pass: so however slow the machine is, nothing is overdue before.
/// </summary>
internal static class PassingTime
{
    private static readonly TimeSpan step = TimeSpan.FromMilliseconds(50);

    /// <summary>Lets time pass until something has ended, as one that waits for a board that stays silent.</summary>
    public static Task PassUntilEndAsync(this FakeTimeProvider time, Task waiting) => time.PassUntilAsync(() => waiting.IsCompleted);

    /// <summary>Lets time pass until something has happened.</summary>
    /// <remarks>In steps: a client that is about to wait would miss a single one.</remarks>
    public static async Task PassUntilAsync(this FakeTimeProvider time, Func<bool> hasHappened)
    {
        while (!hasHappened())
        {
            time.Advance(step);
            await Task.Delay(1);
        }
    }

    /// <summary>What comes of a request on a line that has fallen silent.</summary>
    public static async Task<NvsLineException> GiveUpAsync(this FakeTimeProvider time, Task request)
    {
        await time.PassUntilEndAsync(request);
        return await Assert.ThrowsExactlyAsync<NvsLineException>(() => request);
    }
}
