using System;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Fram;
using NvsFirmware.Tests.Rig;
using NvsSim;
using BusFault = NvsFirmware.Tests.Rig.BusFault;

namespace NvsFirmware.Tests;

/// <summary>
/// G2 where it is kept: what <see cref="FramChip"/> says it has read, or stored, it has, whichever transactions silently do nothing.
/// </summary>
/// <remarks>Broken by: the buffer of a read, or of a reading back, that is not prepared to show that nothing came.</remarks>
[TestClass]
[OnlyOnDotNet("needs a bus that drops transactions")]
public sealed class FramDropTests
{
    private const int Address = 100;
    private const int At = FramChip.CommandBytes;
    private const int Bytes = 20;

    private readonly FramModel model = new(SimPart.Find("MB85RS64V"));
    private readonly FaultyBus bus;
    private readonly FramChip chip;

    public FramDropTests()
    {
        model.PowerUp();
        bus = new FaultyBus(model);
        chip = new FramChip(bus, new VirtualClock());
        Assert.AreEqual(Wire.Status.Ok, chip.Open(""));
    }

    // Whatever the last byte is, what stood in the buffer before is never taken for what the chip holds: it is an error, or it was read
    // again.
    [TestMethod]
    public void ADroppedReadIsNeverBelieved()
    {
        for (int last = 0; last < 256; last++)
        {
            byte[] held = [.. TrackModel.Data(Bytes - 1, last), (byte)last];
            held.AsSpan().CopyTo(model.Memory[Address..]);
            foreach (int dropped in new[] { 0, 1, 2 })
            {
                byte[] buffer = [.. Enumerable.Repeat((byte)last, At + Bytes)];
                bus.Restart(n => n < dropped ? BusFault.Dropped : BusFault.None);
                try
                {
                    chip.Read(Address, buffer, At, Bytes);
                }
                catch (FramException) when (dropped > 0)
                {
                    continue;
                }
                CollectionAssert.AreEqual(held, buffer[At..], $"last byte {last:X2}, {dropped} dropped");
            }
        }
    }

    // The bytes behind the last ones may be those of the store before, elsewhere: what was read back then is still in the buffer.
    [TestMethod]
    public void AStoreOfWhichAnythingIsDroppedIsStoredOrAnError()
    {
        byte[] data = [1, 2, 3, 4, 5, 6, 7, 8];
        for (int dropped = 1; dropped < 8; dropped++)
        {
            model.Memory.Clear();
            bus.Restart();
            Store(Address + 50, data);
            int pattern = dropped;
            bus.Restart(n => (pattern >> (int)n & 1) != 0 ? BusFault.Dropped : BusFault.None);
            bool isStored = true;
            try
            {
                Store(Address, data);
            }
            catch (FramException)
            {
                isStored = false;
            }
            Assert.IsTrue(
                !isStored || model.Memory.Slice(Address, data.Length).SequenceEqual(data), $"WREN, WRITE, READ dropped: {pattern:B3}");
        }
    }

    private void Store(int address, byte[] data) => chip.Store(address, [.. new byte[At], .. data], At, data.Length);
}
