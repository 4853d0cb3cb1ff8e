namespace NvsFirmware.Fram;

/// <summary>One FRAM part: what the firmware must know of it.</summary>
public sealed class FramPart
{
    /// <summary>The manufacturer's name of it, at most 16 characters.</summary>
    public readonly string Name;

    /// <summary>Size in bytes.</summary>
    public readonly int CapacityBytes;

    /// <summary>What it answers to RDID, 4 or 9 bytes; empty for a part that does not know RDID and has to be named.</summary>
    public readonly byte[] Id;

    /// <summary>True if it has a sleep mode (opcode B9) that chip select alone ends.</summary>
    public readonly bool HasSleep;

    /// <summary>Address bytes in READ and WRITE: 2 up to 64 KiB, 3 above (data sheets of all parts in the table).</summary>
    public readonly int AddressBytes;

    /// <summary>Describes a part.</summary>
    public FramPart(string name, int capacityBytes, byte[] id, bool hasSleep)
    {
        Name = name;
        CapacityBytes = capacityBytes;
        Id = id;
        HasSleep = hasSleep;
        AddressBytes = capacityBytes <= 0x10000 ? 2 : 3;
    }

    /// <summary>True when the answer to RDID is this part's, in the order of the data sheet or, as some parts send it, reversed.</summary>
    /// <param name="answer">Nine bytes as they came.</param>
    public bool Matches(byte[] answer)
    {
        // A part without an id is found by its name only.
        bool forward = Id.Length > 0;
        bool reversed = forward;
        for (int i = 0; i < Id.Length; i++)
        {
            forward &= answer[i] == Id[i];
            reversed &= answer[i] == Id[Id.Length - 1 - i];
        }
        return forward || reversed;
    }
}
