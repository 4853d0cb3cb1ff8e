using System;
using System.Collections.Generic;
using System.IO;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.Costs;

/// <summary>A board on the chip model with a line that is never slow. In a <see cref="CountedContext"/> its firmware counts.</summary>
internal sealed class CostBoard : IUart, IClock
{
    /// <summary>The chip of the table: 256 KiB.</summary>
    public const string ChipName = "MB85RS2MT";

    private readonly MemoryStream toBoard = new();
    private readonly Random random = new(1);
    private readonly Dictionary<uint, byte[]> data = [];
    private Cost answered;
    private bool isAnswered;
    private Firmware firmware;
    private long nowMs = 1000;

    private CostBoard() => firmware = new Firmware(Chip, this, this, Settings);

    public FramModel Chip { get; } = new(SimPart.Find(ChipName));

    public BoardSettings Settings { get; } = new() { SessionSeed = 1 };

    public CostHost Host { get; } = new();

    /// <summary>What the board sent last.</summary>
    public byte[] Answer { get; private set; } = [];

    /// <summary>Called before each answer leaves the board.</summary>
    public Action? Answering { get; set; }

    public long NowMs => nowMs;

    /// <summary>The status of the answer that came last.</summary>
    public Status Status => (Status)Answer[Frame.StatusAt];

    private Cost Now => new(Counters.Now, Chip.Bytes, Chip.Transactions);

    /// <summary>A board with an empty store.</summary>
    /// <param name="segmentBytes">0 for the default.</param>
    public static CostBoard Formatted(int segmentBytes = 0)
    {
        CostBoard board = new();
        board.Boot();
        byte[] request = new byte[Payload.Format.Bytes];
        Buffers.PutText(request, Payload.Format.Name, 8, Payload.Format.BlankName);
        request[Payload.Format.NewId] = 1;
        Buffers.PutUInt16(request, Payload.Format.SegmentBytes, segmentBytes);
        board.Ask(FrameType.Format, 0, request);
        board.Expect(Status.Ok);
        board.Hello();
        return board;
    }

    /// <summary>Power comes: a new firmware on the chip as it is. Returns what it cost until it was ready.</summary>
    public Cost Boot()
    {
        Chip.PowerUp();
        Counters.IsAfterAnswer = false;
        toBoard.SetLength(0);
        Cost before = Now;
        firmware = new Firmware(Chip, this, this, Settings);
        firmware.Boot();
        Cost cost = Now - before;
        Hello();
        return cost;
    }

    /// <summary>Takes the power away in a write request, after so many bits on the bus. Returns what the boot after it cost.</summary>
    public Cost BootAfterCut(int bits, uint track, int length)
    {
        Chip.CutAfterBits(bits);
        Request(Host.Write(false, (track, new byte[length])));
        return Boot();
    }

    /// <summary>The host says nothing for a while.</summary>
    public void Idle(int durationMs)
    {
        for (long endMs = nowMs + durationMs; nowMs < endMs;)
            firmware.Step(50);
    }

    public RequestCost Ask(int type, uint argument = 0, params byte[] payload) => Request([Host.Request(type, argument, payload)]);

    /// <summary>Overwrites or makes one track, with new random data.</summary>
    public RequestCost Write(uint track, int length)
    {
        RequestCost cost = Request(Host.Write(false, (track, NewData(track, length))));
        Expect(Status.Ok);
        return cost;
    }

    /// <summary>Writes several tracks in one request.</summary>
    public RequestCost WriteBatch(uint firstTrack, int count, int length)
    {
        (uint, byte[]?)[] tracks = new (uint, byte[]?)[count];
        for (int i = 0; i < count; i++)
            tracks[i] = (firstTrack + (uint)i, NewData(firstTrack + (uint)i, length));
        RequestCost cost = Request(Host.Write(false, tracks));
        Expect(Status.Ok);
        return cost;
    }

    /// <summary>Reads a track, which must be what was written last.</summary>
    public RequestCost Read(uint track)
    {
        RequestCost cost = Ask(FrameType.Read, track);
        Expect(Status.Ok);
        int count = Math.Min(data[track].Length, Buffers.GetUInt16(Answer, Frame.HeaderBytes + Block.CountAt - Block.ClientAt));
        if (!Answer.AsSpan(Frame.HeaderBytes + Block.PayloadHeadBytes, count).SequenceEqual(data[track].AsSpan(^count)))
            throw new InvalidOperationException($"track {track} holds something else");
        return cost;
    }

    /// <summary>Overwrites the tracks 1 to <paramref name="tracks"/> at random.</summary>
    public List<RequestCost> Overwrite(int count, int tracks, int length)
    {
        List<RequestCost> costs = [];
        for (int i = 0; i < count; i++)
            costs.Add(Write((uint)random.Next(1, tracks + 1), length));
        return costs;
    }

    /// <summary>Writes, overwrites and releases tracks of all lengths until their segments lie about everywhere.</summary>
    public void AgeMixed(int requests, int firstTrack, int tracks)
    {
        const int Longest = 8192;
        for (int i = 0; i < requests; i++)
        {
            uint track = (uint)(firstTrack + random.Next(tracks));
            bool isReleased = random.Next(8) == 0 && data.ContainsKey(track);
            byte[]? written = isReleased ? null : new byte[random.Next(3) == 0 ? random.Next(Longest) : random.Next(Longest / 8)];
            Request(Host.Write(false, (track, written)));
            if (Status == Status.Full)
                continue;
            Expect(Status.Ok);
            if (written == null)
                data.Remove(track);
            else
                data[track] = written;
        }
    }

    /// <summary>Writes and releases tracks of all lengths, so that so many percent of the segments are taken.</summary>
    public void Fill(int percent, int requests, uint firstTrack)
    {
        List<uint> filling = [];
        for (int i = 0; i < requests; i++)
        {
            Ask(FrameType.Info);
            int segments = Buffers.GetUInt16(Answer, Frame.HeaderBytes + Payload.InfoAnswer.Segments);
            int free = Buffers.GetUInt16(Answer, Frame.HeaderBytes + Payload.InfoAnswer.FreeSegments);
            bool isReleased = filling.Count > 0 && (Status == Status.Full || (segments - free) * 100 >= segments * percent);
            uint track = isReleased ? filling[random.Next(filling.Count)] : firstTrack + (uint)i;
            Request(Host.Write(false, (track, isReleased ? null : NewData(track, random.Next(4096)))));
            if (isReleased)
                filling.Remove(track);
            else if (Status == Status.Ok)
                filling.Add(track);
        }
    }

    int IUart.Read(byte[] buffer, int offset, int count, int timeoutMs)
    {
        int read = toBoard.Read(buffer, offset, count);
        if (read == 0)
            nowMs += Math.Max(timeoutMs, 1);
        return read;
    }

    bool IUart.Write(byte[] buffer, int offset, int count)
    {
        answered = Now;
        isAnswered = true;
        Counters.IsAfterAnswer = true;
        Answer = buffer[offset..(offset + count)];
        Answering?.Invoke();
        return true;
    }

    void IUart.Reopen()
    {
    }

    void IClock.Sleep(int durationMs) => nowMs += durationMs;

    private RequestCost Request(List<byte[]> frames)
    {
        Cost before = Now;
        Tally allocation = Counters.Allocation;
        toBoard.SetLength(0);
        foreach (byte[] frame in frames)
        {
            toBoard.Write(frame);
            if (CostHost.IsQuiet(frame))
                continue; // the host does not wait: the next one arrives together with it
            Counters.IsAfterAnswer = false;
            toBoard.Position = 0;
            isAnswered = false;
            while (!isAnswered && Chip.IsPowered)
                firmware.Step(0);
            toBoard.SetLength(0);
        }
        return new(answered - before, Now - before, Counters.Allocation - allocation);
    }

    private void Hello()
    {
        Request([Host.Hello()]);
        if (!Chip.IsPowered || Status != Status.Ok)
            throw new InvalidOperationException($"HELLO: {Status}");
        Host.Key = BitConverter.ToUInt32(Answer, Frame.ArgumentAt);
        Host.PieceBytes = Buffers.GetUInt16(Answer, Frame.HeaderBytes + Payload.HelloAnswer.PieceBytes);
    }

    private byte[] NewData(uint track, int length)
    {
        byte[] bytes = new byte[length];
        random.NextBytes(bytes);
        data[track] = bytes;
        return bytes;
    }

    private void Expect(Status expected)
    {
        if (Status != expected)
            throw new InvalidOperationException($"the board answered {Status}");
    }
}
