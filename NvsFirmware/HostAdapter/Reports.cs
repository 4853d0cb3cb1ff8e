using System;
using NvsFirmware.Cache;
using NvsFirmware.Nvs;
using NvsFirmware.Wire;

namespace NvsFirmware.HostAdapter;

/// <summary>What a board tells of itself: HELLO, which begins a session, INFO and STATS.</summary>
public sealed class Reports
{
    private readonly NvsStore nvs;
    private readonly TrackCache cache;
    private readonly IClock clock;
    private readonly BoardSettings settings;
    private readonly FrameReader frames;
    private readonly AnswerFrame answer;
    private readonly int[] counters;
    private readonly byte[] findings = new byte[Payload.StatsAnswer.FindingsCount];
    private readonly byte[] keyed = new byte[12];
    private readonly long bootMs;
    private int sessions;

    /// <summary>Reports on a board that boots now.</summary>
    public Reports(
        NvsStore nvs, TrackCache cache, IClock clock, BoardSettings settings, FrameReader frames, AnswerFrame answer, int[] counters)
    {
        this.nvs = nvs;
        this.cache = cache;
        this.clock = clock;
        this.settings = settings;
        this.frames = frames;
        this.answer = answer;
        this.counters = counters;
        bootMs = clock.NowMs;
    }

    /// <summary>Answers HELLO: a session begins.</summary>
    /// <param name="protocol">The version that the host speaks.</param>
    /// <param name="number">The number of the request.</param>
    public void Hello(int protocol, int number)
    {
        byte[] buffer = answer.Buffer;
        int at = Frame.HeaderBytes;
        Array.Clear(buffer, at, Payload.HelloAnswer.Bytes);
        Buffers.PutUInt16(buffer, at + Payload.HelloAnswer.Protocol, Frame.ProtocolVersion);
        buffer[at + Payload.HelloAnswer.FirmwareVersion] = Firmware.Major;
        buffer[at + Payload.HelloAnswer.FirmwareVersion + 1] = Firmware.Minor;
        buffer[at + Payload.HelloAnswer.FirmwareVersion + 2] = Firmware.Patch;
        buffer[at + Payload.HelloAnswer.Abilities] = Payload.HelloAnswer.CanBehind | Payload.HelloAnswer.CanPassing;
        Buffers.PutInt32(buffer, at + Payload.HelloAnswer.WindowBytes, settings.ReceiveWindowBytes);
        Buffers.PutText(buffer, at + Payload.HelloAnswer.BoardName, Payload.HelloAnswer.NameBytes, settings.Name);
        nvs.PutHello(buffer, at);
        if (protocol != Frame.ProtocolVersion)
        {
            answer.Send(Status.WrongProtocol, 0, Payload.HelloAnswer.Bytes, 0);
            return;
        }
        nvs.BeginSession();
        PutNewKey(number);
        answer.Send(Status.Ok, Buffers.GetInt32(keyed, 0), Payload.HelloAnswer.Bytes, 0);
    }

    /// <summary>Answers INFO; the store is ready.</summary>
    public void Info()
    {
        nvs.PutInfo(answer.Buffer, Frame.HeaderBytes);
        answer.Send(Status.Ok, 0, Payload.InfoAnswer.Bytes, frames.Key);
    }

    /// <summary>Answers STATS.</summary>
    public void Stats()
    {
        counters[Counter.CacheHits] = cache.Hits;
        counters[Counter.PlacesLost] = frames.PlacesLost;
        nvs.PutCounters(counters);
        counters[Counter.LineReopened] = frames.Reopened;
        for (int i = 0; i < counters.Length; i++)
            Buffers.PutInt32(answer.Buffer, Frame.HeaderBytes + i * 4, counters[i]);
        PutLow32(clock.NowMs - bootMs, answer.Buffer, Frame.HeaderBytes + Counter.UptimeMs * 4);
        Array.Copy(findings, 0, answer.Buffer, Frame.HeaderBytes + Payload.StatsAnswer.Findings, findings.Length);
        answer.Send(Status.Ok, 0, Payload.StatsAnswer.Bytes, frames.Key);
    }

    /// <summary>Notes a recovery.</summary>
    /// <param name="found">Bits of <see cref="RecoveryFindings"/>.</param>
    public void NoteRecovery(int found)
    {
        counters[Counter.Recoveries]++;
        Array.Copy(findings, 0, findings, 1, findings.Length - 1);
        findings[0] = (byte)found;
    }

    // Another one each time: the seed changes with each boot, the count with each HELLO, the number as the host likes.
    private void PutNewKey(int number)
    {
        Buffers.PutInt32(keyed, 0, settings.SessionSeed);
        Buffers.PutInt32(keyed, 4, ++sessions);
        Buffers.PutInt32(keyed, 8, number);
        uint key = Crc.Of(keyed, 0, keyed.Length);
        while (key == 0 || key == frames.Key)
            key++;
        frames.Key = key;
        Buffers.PutUInt32(keyed, 0, key);
    }

    // By bytes: a long that was made an int keeps its tag on nanoFramework.
    private static void PutLow32(long value, byte[] buffer, int at)
    {
        for (int i = 0; i < 4; i++)
        {
            buffer[at + i] = (byte)(value & 0xFF);
            value >>= 8;
        }
    }
}
