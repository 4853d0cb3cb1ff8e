using System;
using NvsFirmware.Cache;
using NvsFirmware.Fram;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;

namespace NvsFirmware;

/// <summary>The firmware as a whole: wires host adapter, cache, NVS and chip, and turns the loop that pulls work.</summary>
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
    private const int AliveMs = 1000;
    private const int MostRetries = 5;

    private readonly FramChip chip;
    private readonly NvsStore nvs;
    private readonly RequestHandler handler;
    private readonly IClock clock;
    private readonly BoardSettings settings;
    private bool isBootCounted;
    private int retries = MostRetries;
    private long mountedMs;
    private long busyMs;
    private long aliveMs;

    /// <summary>Wires the parts; touches neither the chip nor the line yet.</summary>
    /// <param name="bus">The SPI bus with the FRAM chip.</param>
    /// <param name="uart">The line to the host.</param>
    /// <param name="clock">Time.</param>
    /// <param name="settings">What the board decides.</param>
    public Firmware(ISpiBus bus, IUart uart, IClock clock, BoardSettings settings)
    {
        this.clock = clock;
        this.settings = settings;
        chip = new FramChip(bus, clock);
        nvs = new NvsStore(chip);
        handler = new RequestHandler(uart, clock, new TrackCache(nvs, settings.CacheBlocks, settings.CacheBlockBytes), settings);
    }

    /// <summary>State of the store, see <see cref="NvsStore.State"/>.</summary>
    public Status State => nvs.State;

    /// <summary>What boot found, one line of text for a person.</summary>
    public string BootReport
    {
        get
        {
            switch (nvs.State)
            {
                case Status.Ok:
                    return nvs.ChipName + ": store ready, boot " + nvs.BootCount.ToString() + ", "
                        + nvs.Tracks.Tracks.TrackCount.ToString() + (nvs.Tracks.Tracks.TrackCount == 1 ? " track" : " tracks")
                        + ", last commit " + nvs.Tracks.Vtb.Current.Sequence.ToString()
                        + ", set " + (nvs.Tracks.Vtb.Flag == 0 ? "A" : "B") + " is active; recovery: " + FindingsText();
                case Status.NoChip:
                    return "no chip answers on the SPI bus; looking for it again every second";
                case Status.UnknownChip:
                    return "the chip is not in the chip table, or not the one that the board's settings name; name it there";
                case Status.Blank:
                    return nvs.ChipName + ": blank; format it with 'nvs format BLANK'";
                case Status.NewerFormat:
                    return nvs.ChipName + ": holds a store of a newer format; this firmware leaves it alone";
                default:
                    return nvs.ChipName + ": holds a damaged store; nothing was changed";
            }
        }
    }

    /// <summary>Finds the chip and recovers the store. Call once, before <see cref="Step"/>. Never throws.</summary>
    public void Boot() => Mount();

    /// <summary>One turn of the loop: at most one frame, its answer, the bookkeeping after it. Never throws.</summary>
    /// <param name="waitMs">How long to wait for the host when there is nothing to do, in milliseconds.</param>
    public void Step(int waitMs)
    {
        if (nvs.State != Status.Ok && retries > 0 && clock.NowMs - mountedMs >= RetryMs)
        {
            // A chip may appear at any time; what a chip holds is read again a few times only: one bad read must not stick.
            if (nvs.State != Status.NoChip && nvs.State != Status.UnknownChip)
                retries--;
            Mount();
        }
        if (handler.Poll(waitMs))
        {
            busyMs = clock.NowMs;
            if (nvs.State == Status.NoChip)
                Mount(); // a request failed: perhaps only that request
        }
        try
        {
            nvs.BringUpToDate();
            WatchChip();
        }
        catch (FramException)
        {
            Fail(Counter.ChipErrors);
            Mount(); // what is due after a commit is due again after a mount
        }
        catch (Exception)
        {
            Fail(Counter.InternalErrors);
        }
    }

    // Is the chip still there? Nothing else would tell, writes are not acknowledged on this bus.
    private void WatchChip()
    {
        long nowMs = clock.NowMs;
        if (nvs.State != Status.Ok)
            return;
        if (settings.SleepAfterMs > 0 && nowMs - busyMs >= settings.SleepAfterMs && chip.Sleep())
            return;
        if (nowMs - aliveMs < AliveMs)
            return;
        aliveMs = nowMs;
        if (!chip.IsAlive())
            Fail(Counter.ChipErrors);
    }

    private void Fail(int counter)
    {
        handler.Count(counter);
        nvs.Unmount();
    }

    private void Mount()
    {
        mountedMs = clock.NowMs;
        aliveMs = mountedMs;
        try
        {
            Status state = MountPatiently();
            if (state == Status.Blank && settings.FormatBlank && !isBootCounted)
                state = nvs.FormatBlank(settings.NewStoreId, settings.SegmentBytes, settings.SetSegments);
            if (state != Status.Ok)
                return;
            retries = MostRetries;
            handler.NoteRecovery(nvs.Findings);
            if (!isBootCounted)
                nvs.CountBoot();
            isBootCounted = true;
        }
        catch (FramException)
        {
            Fail(Counter.ChipErrors);
        }
        catch (Exception)
        {
            Fail(Counter.InternalErrors);
        }
    }

    // While the supply comes up, or a contact is loose, a store can be read wrong. Nothing but a whole store is believed at once: on a blank
    // chip the board may format, and the segments of a track that seems damaged count as free.
    private Status MountPatiently()
    {
        Status state = nvs.Mount(settings.ChipName);
        int pauseMs = MountPauseMs;
        for (int attempt = 1; attempt < MountAttempts && state != Status.NoChip && !nvs.IsWhole; attempt++)
        {
            clock.Sleep(pauseMs);
            pauseMs *= 4;
            state = nvs.Mount(settings.ChipName);
        }
        return state;
    }

    private string FindingsText()
    {
        int found = nvs.Findings;
        if (found == RecoveryFindings.Clean)
            return "clean";
        string text = "";
        if ((found & RecoveryFindings.Formatted) != 0)
            text += ", the chip was blank and was formatted";
        if ((found & RecoveryFindings.RolledForward) != 0)
            text += ", a commit was rolled forward";
        if ((found & RecoveryFindings.Discarded) != 0)
            text += ", an interrupted commit was discarded";
        if ((found & RecoveryFindings.SuperblockCopy) != 0)
            text += ", a copy of the superblock was damaged";
        if ((found & RecoveryFindings.RecordLost) != 0)
            text += ", the newest record is damaged";
        if ((found & RecoveryFindings.TracksDamaged) != 0)
            text += ", tracks are damaged";
        return text.Substring(2);
    }
}
