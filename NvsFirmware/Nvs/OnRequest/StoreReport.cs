using System;
using NvsFirmware.Wire;

namespace NvsFirmware.Nvs.OnRequest;

/// <summary>What a store tells of itself, to a person, or straight into the payload of an answer.</summary>
public static class StoreReport
{
    // By bits of RecoveryFindings.
    private static readonly string[] findingTexts =
    {
        "commits were taken over",
        "an interrupted request was discarded",
        "a copy of the superblock was damaged",
        "a record of a commit is lost",
        "tracks are damaged",
        "the chip was blank and was formatted",
    };

    /// <summary>What a mount found, in a line of text for a person.</summary>
    public static string Text(string chipName, Status state, TrackStore store, int findings)
    {
        switch (state)
        {
            case Status.NoChip:
                return "no chip answers on the SPI bus; looking for it again every second";
            case Status.UnknownChip:
                return "the chip is not in the chip table, or not the one that the board's settings name; name it there";
            case Status.Blank:
                return chipName + ": blank; format it with 'nvs format BLANK'";
            case Status.NewerFormat:
                return chipName + ": holds a store of a newer format; this firmware leaves it alone";
            case Status.BoardTooSmall:
                return chipName + ": holds a store whose pieces are longer than this board's frames; raise its LargestPieceBytes";
            case Status.StoreDamaged:
                return chipName + ": holds a damaged store; nothing was changed";
        }
        int tracks = store.Tracks.TrackCount;
        string text = chipName + ": store ready, boot " + store.Vtb.Boots.ToString()
            + ", " + tracks.ToString() + (tracks == 1 ? " track" : " tracks") + ", last commit " + store.Vtb.Version.ToString()
            + ", set " + (store.Vtb.Flag == 0 ? "A" : "B") + " is active; recovery: ";
        if (findings == RecoveryFindings.Clean)
            return text + "clean";
        string separator = "";
        for (int bit = 0; bit < findingTexts.Length; bit++)
            if ((findings & (1 << bit)) != 0)
            {
                text += separator + findingTexts[bit];
                separator = ", ";
            }
        return text;
    }

    /// <summary>Puts the store's fields into the answer to HELLO.</summary>
    public static void PutHello(TrackStore store, byte[] buffer, int at)
    {
        Geometry geometry = store.Geometry;
        Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.PieceBytes, geometry.PieceBytes);
        Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.SetSegments, geometry.SetSegments);
        Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.SegmentDataBytes, geometry.DataBytes);
        Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.MostTracks, geometry.Entries);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.LongestTrackBytes, geometry.LongestTrackBytes);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.CapacityBytes, (geometry.Segments - geometry.Reserve) * geometry.DataBytes);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.FreeBytes, store.FreeSegments * geometry.DataBytes);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.BootCount, store.Vtb.Boots);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.Version, store.Vtb.Version);
    }

    /// <summary>Puts the answer to INFO together.</summary>
    public static void PutInfo(TrackStore store, byte[] buffer, int at, int findings)
    {
        VirtualTrackBuffer vtb = store.Vtb;
        int last = store.Clients.Last;
        Array.Clear(buffer, at, Payload.InfoAnswer.Bytes);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.SegmentBytes, store.Geometry.SegmentBytes);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.SetSegments, store.Geometry.SetSegments);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.Segments, store.Geometry.Segments);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.FreeSegments, store.Geometry.Segments - store.Segments.OwnedCount);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.Tracks, store.Tracks.TrackCount);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.Damaged, store.Tracks.DamagedCount);
        buffer[at + Payload.InfoAnswer.Flag] = (byte)vtb.Flag;
        buffer[at + Payload.InfoAnswer.Findings] = (byte)findings;
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.SinceRecord, vtb.CommitsSinceRecord);
        Buffers.PutInt32(buffer, at + Payload.InfoAnswer.Version, vtb.Version);
        if (last >= 0)
        {
            Buffers.PutInt32(buffer, at + Payload.InfoAnswer.Client, store.Clients.Ids[last]);
            Buffers.PutInt32(buffer, at + Payload.InfoAnswer.Number, store.Clients.Numbers[last]);
        }
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.CommittedFirst, vtb.CommittedFirst);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.CommittedCount, vtb.CommittedCount);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.PreparedFirst, vtb.Active[0]);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.PreparedLast, vtb.Active[vtb.Active.Length - 2]);
        Buffers.PutInt32(buffer, at + Payload.InfoAnswer.Horizon, store.Clients.Horizon(false, vtb.Version));
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.Clients, store.Clients.Count());
    }

    /// <summary>Puts the answer to LAST together.</summary>
    /// <param name="store">The store.</param>
    /// <param name="client">Whose last request is asked for.</param>
    /// <param name="mountVersion">The last commit when the store was mounted: what is known since is not in doubt.</param>
    /// <param name="buffer">Receives it.</param>
    /// <param name="at">Where it begins.</param>
    /// <param name="version">The version that the request gave.</param>
    /// <returns>Ok, NotFound, or StoreDamaged when it may have been lost.</returns>
    public static Status PutLast(TrackStore store, int client, int mountVersion, byte[] buffer, int at, out int version)
    {
        ClientTable clients = store.Clients;
        int index = clients.IndexOf(client);
        version = index < 0 ? 0 : clients.Versions[index];
        if (store.Vtb.IsInDoubt && (index < 0 || version - mountVersion <= 0))
            return Status.StoreDamaged;
        Buffers.PutInt32(buffer, at + Payload.LastAnswer.Number, index < 0 ? 0 : clients.Numbers[index]);
        Buffers.PutInt32(buffer, at + Payload.LastAnswer.Fingerprint, index < 0 ? 0 : clients.Fingerprints[index]);
        Buffers.PutInt32(buffer, at + Payload.LastAnswer.Horizon, clients.Horizon(false, store.Vtb.Version));
        Buffers.PutInt32(buffer, at + Payload.LastAnswer.PassingHorizon, clients.Horizon(true, store.Vtb.Version));
        Buffers.PutInt32(buffer, at + Payload.LastAnswer.StoreVersion, store.Vtb.Version);
        return index < 0 ? Status.NotFound : Status.Ok;
    }
}
