using System;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using CliWrap;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Rig;

/// <summary>What a process prints on one of its streams. Who waits for more is woken when it comes.</summary>
internal sealed class Printed
{
    private readonly Lock gate = new();
    private readonly MemoryStream bytes = new();
    private TaskCompletionSource more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool isEnded;
    private int linesTo;

    /// <summary>Where the process's stream goes.</summary>
    public PipeTarget Target => PipeTarget.Create(TakeAsync);

    /// <summary>All of it until now.</summary>
    public byte[] Bytes
    {
        get
        {
            lock (gate)
                return bytes.ToArray();
        }
    }

    /// <summary>All of it until now, as text.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>Waits for the next line; null at the end.</summary>
    public string? ReadLine()
    {
        int end = Wait(() => bytes.GetBuffer().AsSpan(linesTo, (int)bytes.Length - linesTo).IndexOf((byte)'\n'));
        if (end < 0)
            return null;
        lock (gate)
        {
            string line = Encoding.UTF8.GetString(bytes.GetBuffer(), linesTo, end);
            linesTo += end + 1;
            return line;
        }
    }

    /// <summary>Waits for the end.</summary>
    /// <returns>All behind the lines that were read.</returns>
    public string ReadToEnd()
    {
        Wait(() => -1);
        return Encoding.UTF8.GetString(Bytes.AsSpan(linesTo));
    }

    /// <summary>Waits until it holds this.</summary>
    public void WaitFor(string part)
    {
        if (Wait(() => Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length).IndexOf(part, StringComparison.Ordinal)) < 0)
            Assert.Fail($"It has ended and not printed '{part}', but: {Text}");
    }

    // Waits until something is found, or the stream has ended.
    private int Wait(Func<int> find)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                int found = find();
                if (found >= 0 || isEnded)
                    return found;
                next = more.Task;
            }
            if (!next.Wait(ChildProcess.Guard))
                Assert.Fail($"It prints nothing more after: {Text}");
        }
    }

    private async Task TakeAsync(Stream stream, CancellationToken ct)
    {
        byte[] block = new byte[65536];
        int count;
        do
        {
            count = await stream.ReadAsync(block, ct);
            TaskCompletionSource waiting;
            lock (gate)
            {
                bytes.Write(block, 0, count);
                isEnded = count == 0;
                (waiting, more) = (more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }
            waiting.SetResult();
        }
        while (count > 0);
    }
}
