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
    private readonly ManualResetEventSlim isSilenced = new();
    private readonly Task loop;
    private volatile bool isMuted;

    /// <summary>Boots it.</summary>
    /// <param name="isFormatted">False for a blank chip.</param>
    public HeldBoard(bool isFormatted = true)
    {
        FramModel chip = isFormatted ? TestBoard.Formatted("MB85RS2MT").Chip : new TestBoard("MB85RS2MT").Chip;
        Firmware firmware = new(chip, this, new SystemClock(), new BoardSettings());
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

    /// <summary>Waits until it has done what it was asked, and kept the answer, because it is muted.</summary>
    public void WaitUntilSilenced() => Assert.IsTrue(isSilenced.Wait(ChildProcess.Guard));

    /// <summary>Lets its answers go.</summary>
    public void Release() => isFree.Set();

    public int Read(byte[] buffer, int offset, int count, int timeoutMs) => uart.Read(buffer, offset, count, timeoutMs);

    public bool Write(byte[] buffer, int offset, int count)
    {
        isAsked.Set();
        isFree.Wait();
        if (!isMuted || Frame.Type(buffer, offset) == (FrameType.Hello | FrameType.Answer))
            return uart.Write(buffer, offset, count);
        isSilenced.Set();
        return true;
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
