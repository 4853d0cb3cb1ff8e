using System;
using NvsFirmware.Cache;
using NvsFirmware.Nvs;

namespace NvsFirmware.HostAdapter;

/// <summary>What a board tells of itself: HELLO, INFO and STATS.</summary>
public sealed class Reports
{
    private readonly TrackCache cache;
    private readonly IClock clock;
    private readonly BoardSettings settings;
    private readonly FrameReader frames;
    private readonly AnswerFrame answer;
    private readonly Statistics statistics;
    private readonly long bootMs;

    /// <summary>Reports on a board that boots now.</summary>
    public Reports(
        TrackCache cache, IClock clock, BoardSettings settings, FrameReader frames, AnswerFrame answer, Statistics statistics)
    {
        this.cache = cache;
        this.clock = clock;
        this.settings = settings;
        this.frames = frames;
        this.answer = answer;
        this.statistics = statistics;
        bootMs = clock.NowMs;
    }

    /// <summary>Answers HELLO.</summary>
    /// <param name="frame">Holds the request from its start.</param>
    /// <param name="payloadBytes">Length of its payload.</param>
    public void Hello(byte[] frame, int payloadBytes)
    {
        if (payloadBytes != Payload.Hello.Bytes)
        {
            answer.Send(Status.BadRequest);
            return;
        }
        NvsStore nvs = cache.Nvs;
        byte[] buffer = answer.Buffer;
        int at = AnswerFrame.PayloadAt;
        Array.Clear(buffer, at, Payload.HelloAnswer.Bytes);
        Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.Protocol, Frame.ProtocolVersion);
        buffer[at + Payload.HelloAnswer.State] = (byte)nvs.State;
        buffer[at + Payload.HelloAnswer.Protected] = nvs.IsProtected ? (byte)1 : (byte)0;
        buffer[at + Payload.HelloAnswer.FirmwareVersion] = Firmware.Major;
        buffer[at + Payload.HelloAnswer.FirmwareVersion + 1] = Firmware.Minor;
        buffer[at + Payload.HelloAnswer.FirmwareVersion + 2] = Firmware.Patch;
        Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.LargestDataBytes, settings.LargestDataBytes);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.WindowBytes, settings.ReceiveWindowBytes);
        Array.Copy(nvs.Id, 0, buffer, at + Payload.HelloAnswer.StoreId, Superblock.IdBytes);
        Buffers.PutText(buffer, at + Payload.HelloAnswer.BoardName, Payload.HelloAnswer.NameBytes, settings.Name);
        Buffers.PutText(buffer, at + Payload.HelloAnswer.ChipName, Payload.HelloAnswer.NameBytes, nvs.ChipName);
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.ChipBytes, nvs.ChipBytes);
        if (nvs.State == Status.Ok)
        {
            Geometry geometry = nvs.Tracks.Geometry;
            Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.TrackSlots, geometry.TrackSlots);
            Buffers.PutInt32(buffer, at + Payload.HelloAnswer.LongestTrackBytes, geometry.LongestTrackBytes);
            Buffers.PutInt32(buffer, at + Payload.HelloAnswer.CapacityBytes, geometry.Segments * geometry.SegmentBytes);
            Buffers.PutInt32(buffer, at + Payload.HelloAnswer.FreeBytes, nvs.Tracks.FreeBytes);
            Buffers.PutInt32(buffer, at + Payload.HelloAnswer.BootCount, nvs.BootCount);
        }
        bool isSpoken = Buffers.GetUInt16(frame, at + Payload.Hello.Protocol) == Frame.ProtocolVersion;
        answer.Send(isSpoken ? Status.Ok : Status.WrongProtocol, Payload.HelloAnswer.Bytes);
    }

    /// <summary>Answers INFO; the store is ready.</summary>
    public void Info()
    {
        TrackStore tracks = cache.Nvs.Tracks;
        VirtualTrackBuffer vtb = tracks.Vtb;
        byte[] buffer = answer.Buffer;
        int at = AnswerFrame.PayloadAt;
        Array.Clear(buffer, at, Payload.InfoAnswer.Bytes);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.SegmentBytes, tracks.Geometry.SegmentBytes);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.SetSegments, tracks.Geometry.SetSegments);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.Segments, tracks.Geometry.Segments);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.FreeSegments, tracks.Segments.FreeCount);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.Tracks, tracks.Tracks.TrackCount);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.Damaged, tracks.Tracks.DamagedCount);
        buffer[at + Payload.InfoAnswer.Flag] = (byte)vtb.Flag;
        buffer[at + Payload.InfoAnswer.Findings] = (byte)cache.Nvs.Findings;
        Buffers.PutInt32(buffer, at + Payload.InfoAnswer.Sequence, vtb.Current.Sequence);
        Buffers.PutInt32(buffer, at + Payload.InfoAnswer.Client, vtb.Current.Client);
        Buffers.PutInt32(buffer, at + Payload.InfoAnswer.Request, vtb.Current.Request);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.CommittedFirst, vtb.CommittedCount > 0 ? vtb.CommittedSet[0] : 0);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.CommittedCount, vtb.CommittedCount);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.PreparedFirst, vtb.ActiveSet[0]);
        Buffers.PutUInt16(buffer, at + Payload.InfoAnswer.PreparedLast, vtb.ActiveSet[vtb.ActiveSet.Length - 1]);
        answer.Send(Status.Ok, Payload.InfoAnswer.Bytes);
    }

    /// <summary>Answers STATS.</summary>
    public void Stats()
    {
        long uptimeMs = clock.NowMs - bootMs;
        statistics.Set(Counter.CacheHits, cache.Hits);
        statistics.Set(Counter.Resyncs, frames.Resyncs);
        statistics.Set(Counter.BusBytes, cache.Nvs.BusBytes);
        statistics.Set(Counter.BusTransactions, cache.Nvs.BusTransactions);
        statistics.Set(Counter.UptimeMs, (int)(uptimeMs & 0x7FFFFFFF));
        statistics.Put(answer.Buffer, AnswerFrame.PayloadAt);
        answer.Send(Status.Ok, Payload.StatsAnswer.Bytes);
    }
}
