using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.Host;

/// <summary>A board in this process, on a real pseudo-terminal, that can be made to answer late, or nothing but HELLO.</summary>
internal sealed class HeldBoard : IUart, IDisposable
{
    private readonly PtyUart uart = new();
    private readonly ManualResetEventSlim isFree = new(true);
    private readonly ManualResetEventSlim isAsked = new();
    private readonly Task loop;
    private volatile bool isMuted;

    public HeldBoard()
    {
        Firmware firmware = new(TestBoard.Formatted("MB85RS2MT").Chip, this, new SystemClock(), new BoardSettings());
        firmware.Boot();
        loop = Task.Run(() =>
        {
            while (!uart.IsStopped)
                firmware.Step(20);
        });
    }

    /// <summary>Its pseudo-terminal.</summary>
    public string Port => uart.Path;

    /// <summary>True while it answers HELLO only; what it is asked it does.</summary>
    public bool IsMuted
    {
        get => isMuted;
        set => isMuted = value;
    }

    /// <summary>From now on no answer leaves it.</summary>
    public void Hold() => isFree.Reset();

    /// <summary>Waits until an answer is due.</summary>
    public void WaitUntilAsked() => Assert.IsTrue(isAsked.Wait(ChildProcess.Guard));

    /// <summary>Lets its answers go.</summary>
    public void Release() => isFree.Set();

    public int Read(byte[] buffer, int offset, int count, int timeoutMs) => uart.Read(buffer, offset, count, timeoutMs);

    public bool Write(byte[] buffer, int offset, int count)
    {
        isAsked.Set();
        isFree.Wait();
        return (isMuted && Frame.Type(buffer, offset) != (FrameType.Hello | FrameType.Answer)) || uart.Write(buffer, offset, count);
    }

    public void Reopen() => uart.Reopen();

    public void Dispose()
    {
        Release();
        uart.Stop();
        loop.Wait();
        uart.Dispose();
    }
}
