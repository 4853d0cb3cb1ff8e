using System;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware;

/// <summary>The firmware as a whole: wires host adapter, cache, NVS and chip, and turns the loop that pulls work.</summary>
/// <remarks>Invariant: each turn is bounded in time, and what a commit left to do is done in the turn of its answer.</remarks>
public sealed class Firmware
{
    /// <summary>Version of the firmware, first number.</summary>
    public const byte Major = 1;

    /// <summary>Version of the firmware, second number.</summary>
    public const byte Minor = 0;

    /// <summary>Version of the firmware, third number.</summary>
    public const byte Patch = 0;

    private const int RetryMs = 1000;
    private const int MountAttempts = 4;
    private const int MountPauseMs = 10;
    private const int RestMs = 250;
    private const int WatchMs = 1000;
    private const int MostRetries = 5;
    private const int SmallestScratchBytes = 1024;

    private readonly FramChip chip;
    private readonly NvsStore nvs;
    private readonly RequestHandler handler;
    private readonly IClock clock;
    private readonly BoardSettings settings;
    private bool isBootCounted;
    private int retries = MostRetries;
    private long mountedMs;
    private long watchedMs;

    /// <summary>Wires the parts; touches neither the chip nor the line yet.</summary>
    public Firmware(ISpiBus bus, IUart uart, IClock clock, BoardSettings settings)
    {
        this.clock = clock;
        this.settings = settings;
        int scratchBytes = Frame.TotalBytes(Block.PayloadHeadBytes + settings.LargestPieceBytes);
        byte[] scratch = new byte[scratchBytes > SmallestScratchBytes ? scratchBytes : SmallestScratchBytes];
        chip = new FramChip(bus, clock);
        nvs = new NvsStore(chip, clock, settings.LargestPieceBytes, scratch);
        TrackCache cache = new TrackCache(nvs, settings.CacheBlocks, settings.CacheBlockBytes);
        handler = new RequestHandler(uart, clock, cache, nvs, settings, scratch);
    }

    /// <summary>State of the store, see <see cref="NvsStore.State"/>.</summary>
    public Status State => nvs.State;

    /// <summary>What boot found, one line of text for a person.</summary>
    public string BootReport => nvs.Text();

    /// <summary>Finds the chip and recovers the store. Call once, before <see cref="Step"/>. Never throws.</summary>
    public void Boot() => Mount();

    /// <summary>One turn of the loop: a frame, or a few quiet parts, its answer, the bookkeeping after it. Never throws.</summary>
    /// <param name="waitMs">How long to wait for the host when there is nothing to do, in milliseconds.</param>
    public void Step(int waitMs)
    {
        if (nvs.State != Status.Ok)
            Retry();
        bool isFrame = handler.Poll(waitMs);
        try
        {
            if (isFrame)
                handler.Keep();
            else
                Rest();
            Watch(isFrame ? handler.LastByteMs : clock.NowMs);
        }
        catch (FramException)
        {
            Fail(Counter.ChipErrors);
        }
        catch (Exception)
        {
            Fail(Counter.InternalErrors);
        }
        if (isFrame && nvs.State == Status.NoChip)
            Mount(); // a request failed: perhaps only that request
    }

    // A chip may appear at any time; what a chip holds is read again a few times only: one bad read must not stick.
    private void Retry()
    {
        if (retries == 0 || clock.NowMs - mountedMs < RetryMs)
            return;
        if (nvs.State != Status.NoChip && nvs.State != Status.UnknownChip)
            retries--;
        Mount();
    }

    // Nothing to do: a record says that the tables are complete.
    private void Rest()
    {
        long nowMs = clock.NowMs;
        if (nvs.State != Status.Ok || nowMs - handler.LastByteMs < RestMs)
            return;
        nvs.Rest();
        if (settings.SleepAfterMs > 0 && nowMs - handler.LastByteMs >= settings.SleepAfterMs && nvs.Sleep())
            watchedMs = nowMs;
    }

    // A chip that has gone is noticed while nothing is written, too: nothing else would tell.
    private void Watch(long nowMs)
    {
        if (nowMs - watchedMs < WatchMs || nvs.State != Status.Ok)
            return;
        watchedMs = nowMs;
        nvs.CheckChip();
    }

    private void Fail(int counter)
    {
        handler.Count(counter);
        nvs.Unmount();
        Mount();
    }

    // While the supply comes up, or a contact is loose, a store can be read wrong. Nothing but a whole store is believed at once: on a
    // blank chip the board may format, and the segments of a track that seems damaged count as free.
    private void Mount()
    {
        int pauseMs = MountPauseMs;
        for (int attempt = 1; !TryMount(attempt == MountAttempts) && attempt < MountAttempts; attempt++)
        {
            clock.Sleep(pauseMs);
            pauseMs *= 4;
        }
        mountedMs = clock.NowMs;
        watchedMs = mountedMs;
    }

    // True when there is nothing to gain by another attempt.
    private bool TryMount(bool isLastAttempt)
    {
        try
        {
            Status state = nvs.Mount(settings.ChipName);
            if (state == Status.NoChip)
                return true;
            if (!isLastAttempt && !nvs.IsWhole)
                return false;
            if (state == Status.Blank && settings.FormatBlank && !isBootCounted)
                state = nvs.FormatBlank(settings.NewStoreId, settings.SegmentBytes, settings.SetSegments);
            if (state != Status.Ok)
                return true;
            handler.NoteRecovery(nvs.Findings);
            nvs.Resume(!isBootCounted);
            isBootCounted = true;
            retries = MostRetries;
            return true;
        }
        catch (FramException)
        {
            handler.Count(Counter.ChipErrors);
        }
        catch (Exception)
        {
            handler.Count(Counter.InternalErrors);
        }
        nvs.Unmount();
        return false;
    }
}
