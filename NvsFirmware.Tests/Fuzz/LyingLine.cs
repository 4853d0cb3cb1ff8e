using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using NvsFirmware.HostAdapter;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>A line to a board that answers at once; on the way back its answers are tampered with.</summary>
public sealed class LyingLine(TestBoard board, SeededRandom random)
{
    private const int MostUseless = 40;
    private const int SlowLieOneIn = 40; // lies that cost a timeout or a silence
    private const int OddLieOneIn = 100; // whole answers to the right request that make no sense
    private readonly Lock gate = new();
    private long frames;

    /// <summary>Frames sent to the client, whole or not.</summary>
    public long Frames => Interlocked.Read(ref frames);

    /// <summary>The client's end, for one client.</summary>
    public IUart Connect() => new End(this);

    /// <summary>What the board has stored of a track, asked behind the client's back.</summary>
    public (uint Version, byte[]? Data) Stored(uint track)
    {
        lock (gate)
        {
            (Status _, uint version, byte[]? data) = board.Read(track);
            return (version, data);
        }
    }

    public List<(uint Track, uint Version)> Tracks()
    {
        lock (gate)
            return [.. board.List().Select(entry => (entry.Track, entry.Version))];
    }

    public uint LastVersion()
    {
        lock (gate)
            return board.Last(7).U32(Payload.LastAnswer.Version);
    }

    private byte[] Ask(ReadOnlySpan<byte> request)
    {
        lock (gate)
        {
            board.Uart.Send(request);
            board.Run();
            return Tamper(board.Uart.TakeSent());
        }
    }

    private byte[] Tamper(byte[] sent)
    {
        List<byte> bytes = [];
        for (int at = 0; at < sent.Length;)
        {
            int total = Frame.TotalBytes(Frame.PayloadBytes(sent, at));
            byte[] frame = sent[at..(at + total)];
            at += total;
            for (int i = random.Next(MostUseless); i > 0; i--)
                Append(bytes, Useless(frame));
            if (random.OneIn(SlowLieOneIn))
                Append(bytes, SlowLie(frame));
            else if (random.OneIn(OddLieOneIn))
                Append(bytes, OddLie(frame));
            else
                Append(bytes, frame);
        }
        return [.. bytes];
    }

    // Whole frames that answer something else, and so must be passed over.
    private byte[] Useless(byte[] frame)
    {
        int type = Frame.Type(frame, 0);
        uint request = (uint)Frame.Request(frame, 0);
        int lie = random.Next(3);
        uint otherRequest = lie == 0 ? request : request - (uint)random.Between(1, 5);
        int otherType = lie == 0 ? type ^ random.Between(1, 0x3F) : lie == 1 ? type : random.Next(256);
        byte[] payload = random.OneIn(2) ? frame[Frame.HeaderBytes..^Math.Min(Frame.CrcBytes, frame.Length - Frame.HeaderBytes)] : random.Bytes(random.Next(40));
        return Build(otherType, random.OneIn(2) ? (Status)random.Next(256) : Status.Ok, otherRequest, random.OneIn(2) ? 0 : random.Next(5), payload);
    }

    // What the line does. The client must notice by CRC-32 or by time.
    private byte[] SlowLie(byte[] frame)
    {
        switch (random.Next(6))
        {
            case 0:
                return [];
            case 1:
                return frame[..random.Next(frame.Length)];
            case 2:
                frame[random.Next(frame.Length)] ^= (byte)(1 << random.Next(8));
                return frame;
            case 3:
                return [.. random.Bytes(random.Between(1, 30)), .. frame];
            case 4:
                int at = random.Next(frame.Length);
                return [.. frame[..at], (byte)random.NextUInt64(), .. frame[at..]];
            default: // twice
                return [.. frame, .. frame];
        }
    }

    // Whole answers to the right request that a board of this protocol does not give. They may be refused or found to make no sense; they
    // must not be taken for success.
    private byte[] OddLie(byte[] frame)
    {
        int type = Frame.Type(frame, 0);
        Status status = Frame.Status(frame, 0);
        uint request = (uint)Frame.Request(frame, 0);
        int part = Frame.Part(frame, 0);
        byte[] payload = Frame.PayloadBytes(frame, 0) == 0 ? [] : frame[Frame.HeaderBytes..^Frame.CrcBytes];
        bool isRead = type == (FrameType.Read | FrameType.Answer) && payload.Length > Payload.ReadAnswer.Data;
        switch (random.Next(isRead ? 5 : 3))
        {
            case 0: // too short
                return Build(type, status, request, part, payload[..random.Next(Math.Min(payload.Length + 1, 4))]);
            case 1: // a status that this client does not know
                return Build(type, (Status)random.Between(0x40, 0xFF), request, part, payload);
            case 2: // a status that says no
                return Build(type, random.Pick([Status.BadRequest, Status.UnknownType, Status.TooLong, Status.Full, Status.ChipError, Status.StoreDamaged]), request, part, []);
            case 3: // data missing
                return Build(type, Status.Ok, request, part, payload[..^1]);
            default: // another place in the track
                Buffers.PutUInt16(payload, Payload.ReadAnswer.Offset, Buffers.GetUInt16(payload, Payload.ReadAnswer.Offset) + random.Between(1, 300));
                return Build(type, status, request, part, payload);
        }
    }

    private static byte[] Build(int type, Status status, uint request, int part, byte[] payload)
    {
        byte[] frame = new byte[Frame.TotalBytes(payload.Length)];
        payload.CopyTo(frame, Frame.HeaderBytes);
        Frame.Seal(frame, type, status, (int)request, part, payload.Length);
        return frame;
    }

    private void Append(List<byte> bytes, byte[] frame)
    {
        bytes.AddRange(frame);
        Interlocked.Increment(ref frames);
    }

    private sealed class End(LyingLine line) : IUart
    {
        private readonly Queue<byte> arrived = new();

        public int Read(byte[] buffer, int offset, int count, int timeoutMs)
        {
            lock (arrived)
            {
                if (arrived.Count == 0)
                    Monitor.Wait(arrived, timeoutMs);
                int read = 0;
                while (read < count && arrived.TryDequeue(out byte b))
                    buffer[offset + read++] = b;
                return read;
            }
        }

        public bool Write(byte[] buffer, int offset, int count)
        {
            byte[] answers = line.Ask(buffer.AsSpan(offset, count));
            lock (arrived)
            {
                foreach (byte b in answers)
                    arrived.Enqueue(b);
                Monitor.PulseAll(arrived);
            }
            return true;
        }
    }
}
