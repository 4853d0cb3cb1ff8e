using System;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.Host;

/// <summary>
/// A board in this process, on a real pseudo-terminal, that can be made to answer late, or nothing but HELLO. Where its end must be that of
/// a process, or its options matter, there is <see cref="SimProcess"/>.
/// </summary>
internal sealed class PtyBoard : IUart, IDisposable
{
    private const string Part = "MB85RS2MT";

    private readonly PtyUart uart = new();
    private readonly FramFile? file;
    private readonly ManualResetEventSlim isFree = new(true);
    private readonly ManualResetEventSlim isAsked = new();
    private readonly SemaphoreSlim silenced = new(0);
    private readonly Task loop;
    private volatile bool isMuted;

    /// <summary>Boots one whose chip is in memory.</summary>
    /// <param name="isFormatted">False for a blank chip.</param>
    public PtyBoard(bool isFormatted = true)
        : this((isFormatted ? TestBoard.Formatted(Part) : new TestBoard(Part)).Chip, false, null)
    {
    }

    /// <summary>Boots one whose chip is a file.</summary>
    /// <param name="fram">The file; made if there is none.</param>
    /// <param name="formatsBlank">True to format it if it is blank.</param>
    public PtyBoard(string fram, bool formatsBlank = false)
        : this(FramFile.Open(fram, SimPart.Find(Part)), formatsBlank)
    {
    }

    private PtyBoard(FramFile file, bool formatsBlank)
        : this(new FramModel(SimPart.Find(Part), file.Memory) { StoresInOrder = true }, formatsBlank, file)
    {
    }

    private PtyBoard(FramModel chip, bool formatsBlank, FramFile? file)
    {
        this.file = file;
        BoardSettings settings = new() { Name = "sim", FormatBlank = formatsBlank, SessionSeed = Random.Shared.Next() };
        Random.Shared.NextBytes(settings.NewStoreId);
        chip.PowerUp();
        Firmware firmware = new(chip, this, new SystemClock(), settings);
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

    /// <summary>Waits until it has done what it was asked next, and kept the answer, because it is muted.</summary>
    public void WaitUntilSilenced() => Assert.IsTrue(silenced.Wait(ChildProcess.Guard));

    /// <summary>Lets its answers go.</summary>
    public void Release() => isFree.Set();

    public int Read(byte[] buffer, int offset, int count, int timeoutMs) => uart.Read(buffer, offset, count, timeoutMs);

    public bool Write(byte[] buffer, int offset, int count)
    {
        isAsked.Set();
        isFree.Wait();
        if (!isMuted || Frame.Type(buffer, offset) == (FrameType.Hello | FrameType.Answer))
            return uart.Write(buffer, offset, count);
        silenced.Release();
        return true;
    }

    public void Reopen() => uart.Reopen();

    public void Dispose()
    {
        if (loop.IsCompleted)
            return;
        Release();
        uart.Stop();
        loop.Wait();
        uart.Dispose();
        ((IDisposable?)file)?.Dispose();
    }
}
