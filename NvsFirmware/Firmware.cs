using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsFirmware;

/// <summary>The firmware as a whole: wires host adapter, cache, NVS and chip, and turns the loop that pulls work.</summary>
public sealed class Firmware
{
    /// <summary>Wires the parts; touches neither the chip nor the line yet.</summary>
    public Firmware(ISpiBus bus, IUart uart, IClock clock, BoardSettings settings)
    {
    }

    /// <summary>State of the store.</summary>
    public Status State => Status.NoChip;

    /// <summary>What boot found, one line of text for a person.</summary>
    public string BootReport => "";

    /// <summary>Finds the chip and recovers the store. Call once, before <see cref="Step"/>. Never throws.</summary>
    public void Boot()
    {
    }

    /// <summary>One turn of the loop: at most one frame, its answer, the bookkeeping after it. Never throws.</summary>
    /// <param name="waitMs">How long to wait for the host when there is nothing to do, in milliseconds.</param>
    public void Step(int waitMs)
    {
    }
}
