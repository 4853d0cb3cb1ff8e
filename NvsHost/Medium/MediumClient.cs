using System;

namespace NvsMedium;

/// <summary>What a store remembers of a client: its last committed request.</summary>
/// <param name="Client">Its id.</param>
/// <param name="Number">The request's number.</param>
/// <param name="Version">The version that the request gave.</param>
/// <param name="Fingerprint">The request's fingerprint.</param>
public sealed record MediumClient(uint Client, uint Number, uint Version, uint Fingerprint)
{
    /// <summary>The entry of the client table at an address; null when it is not whole.</summary>
    public static MediumClient? Parse(ReadOnlySpan<byte> medium, int address)
    {
        ReadOnlySpan<byte> bytes = medium.Slice(address, MediumLayout.ClientBytes);
        return bytes.U32(16) == bytes[..16].Crc() && bytes.U32(0) != 0
            ? new MediumClient(bytes.U32(0), bytes.U32(4), bytes.U32(8), bytes.U32(12))
            : null;
    }
}
