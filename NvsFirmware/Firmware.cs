using NvsFirmware.Fram;
using NvsFirmware.HostAdapter;

namespace NvsFirmware;

/// <summary>The firmware as a whole: wires the parts and turns the loop that pulls work.</summary>
public sealed class Firmware
{
    /// <summary>Major, minor and patch number.</summary>
    public const string Version = "1.0.0";

    /// <summary>Wires the parts; touches neither the chip nor the line yet.</summary>
    /// <param name="bus">The SPI bus with the FRAM chip.</param>
    /// <param name="uart">The line to the host.</param>
    /// <param name="clock">Time.</param>
    /// <param name="settings">What the board decides.</param>
    public Firmware(ISpiBus bus, IUart uart, IClock clock, BoardSettings settings)
    {
    }

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
