using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <summary>
/// What hosts write in a world: tracks, data, batches, stores; what is at a limit comes more often than chance would have it.
/// </summary>
/// <param name="random">Decides.</param>
/// <param name="model">Knows what the store holds.</param>
/// <param name="settings">The board's.</param>
/// <param name="chipBytes">The chip's size.</param>
/// <param name="trackCount">How many different tracks there are.</param>
/// <param name="usualBytes">Most tracks are shorter.</param>
/// <param name="hasSmallSegments">All stores have the smallest segments and sets.</param>
public sealed class WorldContent(
    SeededRandom random, StoreModel model, BoardSettings settings, int chipBytes, int trackCount, int usualBytes, bool hasSmallSegments)
{
    private const int FramesKept = 40;

    private readonly Queue<byte[]> frames = new(); // that were sent: data may look like them

    /// <summary>Remembers a frame that was sent, so that data can look like it.</summary>
    public void Record(byte[] frame)
    {
        if (frames.Count == FramesKept)
            frames.Dequeue();
        frames.Enqueue(frame);
    }

    /// <summary>A track's number; the same ones come again.</summary>
    public uint NewTrack()
    {
        int index = random.Next(trackCount);
        return index switch
        {
            0 => 0,
            1 => uint.MaxValue,
            _ => (uint)index,
        };
    }

    /// <summary>What a request may do to a track.</summary>
    public TrackItem NewItem()
    {
        uint track = NewTrack();
        uint version = model.Now.Tracks.TryGetValue(track, out ModelTrack? old) ? old.Version : 0;
        uint? expected = random.OneIn(5) ? random.OneIn(4) ? (uint)random.Next(100) : version : null;
        // Released, or written anew at its length, which must always do; or anything.
        if (random.OneIn(12))
            return new TrackItem(track, null, expected);
        return new TrackItem(track, old != null && random.OneIn(4) ? random.Bytes(old.Data.Length) : NewData(), expected);
    }

    /// <summary>What a request may do to several tracks, now and then to one twice.</summary>
    public List<TrackItem> NewBatch()
    {
        List<TrackItem> items = [];
        int count = random.OneIn(20) ? random.Between(1, (model.Layout?.SetSegments ?? 2) + 1) : random.Between(2, 5);
        for (int i = 0; i < count; i++)
            if (NewItem() is { } item && (items.All(other => other.Track != item.Track) || random.OneIn(50)))
                items.Add(item);
        return items;
    }

    /// <summary>Sizes for a new store: the defaults, any, or those at the limits.</summary>
    public (int SegmentBytes, int SetSegments) NewGeometry()
    {
        MediumLayout standard = MediumLayout.Default(chipBytes)!;
        if (random.OneIn(3) && standard.DataBytes <= settings.LargestPieceBytes)
            return (0, 0);
        while (true)
        {
            int segmentBytes = hasSmallSegments ? 64 : random.Pick([64, random.Between(64, 300), random.Between(64, 4132)]);
            int setSegments = hasSmallSegments ? 2 : random.Pick([2, 3, 8, 16, 32, 64, random.Between(2, 64)]);
            MediumLayout layout = new(chipBytes, segmentBytes, setSegments);
            if ((layout with { PieceBytes = layout.DefaultPieceBytes }).IsPossible && layout.DataBytes <= settings.LargestPieceBytes)
                return (segmentBytes, setSegments);
        }
    }

    // Lengths around the edges of segments and pieces, more often than they deserve.
    private byte[] NewData()
    {
        if (model.Layout is not { } layout)
            return [];
        int length = random.Next(12) switch
        {
            0 => 0,
            1 => random.Between(1, Math.Min(4, layout.SetSegments)) * layout.DataBytes + random.Between(-1, 1),
            2 => random.Between(0, layout.LongestTrack),
            3 => Math.Min(layout.LongestTrack, layout.PieceBytes * random.Between(1, 3) + random.Between(-1, 1)),
            4 when random.OneIn(10) => Math.Min(layout.LongestTrack + random.Between(0, 5), 65534),
            _ => random.Next(Math.Min(usualBytes, layout.LongestTrack)),
        };
        byte[] data = random.Bytes(Math.Max(0, length));
        // Much that looks like a frame: the beginning of one, or one that was sent.
        for (int i = random.Next(4); i > 0 && data.Length > 1; i--)
        {
            byte[] frame = random.OneIn(2) || frames.Count == 0 ? [Frame.Sync0, Frame.Sync1] : frames.ElementAt(random.Next(frames.Count));
            if (frame.Length <= data.Length)
                frame.CopyTo(data, random.OneIn(4) ? data.Length - frame.Length : random.Next(data.Length - frame.Length + 1));
        }
        return data;
    }
}
