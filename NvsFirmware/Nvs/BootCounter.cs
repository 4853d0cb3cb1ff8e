using NvsFirmware.Fram;

namespace NvsFirmware.Nvs;

/// <summary>How often a board has started with this store: two counters written in turn, so that a torn one leaves the other.</summary>
public sealed class BootCounter
{
    /// <summary>Bytes of both counters on the medium.</summary>
    public const int Bytes = 2 * CellBytes;

    private const int CellBytes = 8;
    private const int CrcAt = 4;

    private readonly FramChip chip;
    private readonly byte[] scratch;
    private int next;

    /// <summary>A counter that is not read yet.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="scratch">A buffer to encode and decode in.</param>
    public BootCounter(FramChip chip, byte[] scratch)
    {
        this.chip = chip;
        this.scratch = scratch;
    }

    /// <summary>Boots counted so far.</summary>
    public int Count { get; private set; }

    /// <summary>Takes the newer of the two counters that match their CRC-32.</summary>
    public void Load()
    {
        Count = 0;
        next = 0;
        chip.Read(Geometry.BootCountersAddress, scratch, FramChip.CommandBytes, Bytes);
        for (int cell = 0; cell < 2; cell++)
        {
            int at = FramChip.CommandBytes + cell * CellBytes;
            int count = Buffers.GetInt32(scratch, at);
            if (System.BitConverter.ToUInt32(scratch, at + CrcAt) == Crc.Of(scratch, at, CrcAt) && count - Count > 0)
            {
                Count = count;
                next = 1 - cell;
            }
        }
    }

    /// <summary>Counts one more boot on the medium.</summary>
    public void Increment()
    {
        Count++;
        Buffers.PutInt32(scratch, FramChip.CommandBytes, Count);
        Buffers.PutUInt32(scratch, FramChip.CommandBytes + CrcAt, Crc.Of(scratch, FramChip.CommandBytes, CrcAt));
        chip.Write(Geometry.BootCountersAddress + next * CellBytes, scratch, FramChip.CommandBytes, CellBytes);
        next = 1 - next;
    }
}
