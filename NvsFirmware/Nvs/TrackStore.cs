using NvsFirmware.Fram;
using NvsFirmware.Nvs.Boot;

namespace NvsFirmware.Nvs;

/// <summary>The parts of a store on a chip of known sizes, wired once: all that runs shares them.</summary>
public sealed class TrackStore
{
    /// <summary>The store's sizes.</summary>
    public readonly Geometry Geometry;

    /// <summary>The mark of the store, which goes into the CRC-32 of its blocks.</summary>
    public readonly uint Mark;

    /// <summary>Free segments and links.</summary>
    public readonly SegmentTable Segments;

    /// <summary>Which tracks there are.</summary>
    public readonly TrackTable Tracks;

    /// <summary>Who committed what last.</summary>
    public readonly ClientTable Clients;

    /// <summary>The two sets, the flag, the last commit.</summary>
    public readonly VirtualTrackBuffer Vtb;

    /// <summary>The write request being received, until its commit.</summary>
    public readonly WriteRequest Request;

    /// <summary>What is due after a commit.</summary>
    public readonly Bookkeeping Bookkeeping;

    /// <summary>Reads tracks.</summary>
    public readonly TrackReader Reader;

    /// <summary>What boot does.</summary>
    public readonly Recovery Recovery;

    /// <summary>Wires the parts; touches nothing.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="geometry">The store's sizes.</param>
    /// <param name="mark">The mark of the store.</param>
    /// <param name="scratch">A buffer to write and read with: as long as a frame with a piece.</param>
    public TrackStore(FramChip chip, Geometry geometry, uint mark, byte[] scratch)
    {
        Geometry = geometry;
        Mark = mark;
        Segments = new SegmentTable(chip, geometry, scratch);
        Tracks = new TrackTable(chip, geometry, Segments, scratch);
        Clients = new ClientTable(chip, geometry, scratch);
        Vtb = new VirtualTrackBuffer(chip, geometry, scratch);
        Request = new WriteRequest(chip, geometry, Tracks, Vtb, Clients, mark);
        Bookkeeping = new Bookkeeping(Segments, Tracks, Clients, Vtb, Request);
        Reader = new TrackReader(chip, geometry, Segments, Tracks, mark);
        Recovery = new Recovery(chip, geometry, Segments, Tracks, Clients, Vtb, Request, scratch, mark);
    }

    /// <summary>Segments that new tracks can still take.</summary>
    public int FreeSegments => Geometry.Segments - Geometry.Reserve - Tracks.CountedSegments;
}
