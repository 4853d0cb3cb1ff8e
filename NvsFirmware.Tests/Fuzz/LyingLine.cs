using System;
using System.Collections.Generic;
using System.Threading;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>A line to a board that answers at once; on the way back its answers are tampered with.</summary>
public sealed class LyingLine(TestBoard board, SeededRandom random)
{
    private const int MostUseless = 20;
    private const int SlowLieOneIn = 40; // lies that cost a timeout or a silence
    private const int OddLieOneIn = 100; // whole answers to the right request that make no sense
    private const int FramesKept = 30;
    private static readonly int[] unasked = [FrameType.Info, FrameType.Stats, FrameType.Verify, FrameType.Format, FrameType.Repair, 0x05,
        0x42];
    private readonly Lock gate = new();
    private readonly List<byte[]> earlier = []; // answers that the board gave
    private uint key;
    private long frames;

    /// <summary>Frames sent to the client, whole or not.</summary>
    public long Frames => Interlocked.Read(ref frames);

    /// <summary>The client's end, for one client.</summary>
    public IUart Connect() => new End(this);

    /// <summary>What the board has stored, read off its chip behind the client's back.</summary>
    public Medium Stored()
    {
        lock (gate)
            return Medium.Read(board.Chip.Memory);
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
            if (Frame.Type(frame, 0) == (FrameType.Hello | FrameType.Answer) && Frame.Status(frame, 0) == Status.Ok)
                key = (uint)Frame.Argument(frame, 0);
            if (random.OneIn(SlowLieOneIn))
                Append(bytes, SlowLie([.. frame]));
            else if (random.OneIn(OddLieOneIn))
                Append(bytes, OddLie(frame));
            else
                Append(bytes, frame);
            if (earlier.Count == FramesKept)
                earlier.RemoveAt(0);
            earlier.Add(frame);
        }
        return [.. bytes];
    }

    // Whole frames that answer something else, or came before, and so must be passed over.
    private byte[] Useless(byte[] frame)
    {
        int type = Frame.Type(frame, 0);
        uint number = (uint)Frame.Number(frame, 0);
        int lie = random.Next(4);
        if (lie == 3 && earlier.Count > 0)
            return random.Pick(earlier);
        uint otherNumber = lie == 0 ? number : number + (uint)random.Between(1, 5) * 0x01000001;
        // With the right number only a type that these clients never ask for: requests of several types are under way, each with numbers
        // of its own.
        int otherType = lie == 0 ? random.Pick(unasked) | FrameType.Answer : lie == 1 ? type : random.Next(256);
        byte[] payload = random.OneIn(2) ? frame[Frame.HeaderBytes..^Math.Min(Frame.CrcBytes, frame.Length - Frame.HeaderBytes)]
            : random.Bytes(random.Next(40));
        Status status = random.OneIn(2) ? (Status)random.Next(256) : Status.Ok;
        // LOST answers nothing, but asks for something.
        if (otherType == FrameType.Lost)
            otherType = FrameType.Stats | FrameType.Answer;
        return Build(otherType, status, otherNumber, random.OneIn(2) ? 0 : random.Next(5), (uint)random.Next(100), payload);
    }

    // What the line does. The client must notice by CRC-32 or by time.
    private byte[] SlowLie(byte[] frame)
    {
        switch (random.Next(7))
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
            case 5: // the board has lost its place, or another program has said HELLO
                return [.. Build(FrameType.Lost, Status.Lost, 0, 0, random.OneIn(2) ? key : (uint)random.NextUInt64(), []), .. frame];
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
        uint number = (uint)Frame.Number(frame, 0);
        int part = Frame.Part(frame, 0);
        uint argument = (uint)Frame.Argument(frame, 0);
        byte[] payload = Frame.PayloadBytes(frame, 0) == 0 ? [] : frame[Frame.HeaderBytes..^Frame.CrcBytes];
        bool isRead = type == (FrameType.Read | FrameType.Answer) && payload.Length > Block.PayloadHeadBytes;
        switch (random.Next(isRead ? 6 : 3))
        {
            case 0: // too short
                return payload.Length == 0 ? frame
                    : Build(type, status, number, part, argument, payload[..random.Next(Math.Min(payload.Length, 4))]);
            case 1: // a status that this client does not know
                return Build(type, (Status)random.Between(0x40, 0xFF), number, part, argument, payload);
            case 2: // a status that says no
                return Build(type, random.Pick([Status.BadRequest, Status.UnknownType, Status.TooLong, Status.Full, Status.StoreDamaged]),
                    number, part, 0, []);
            case 3: // data missing
                return Build(type, Status.Ok, number, part, argument, payload[..^1]);
            case 4: // another track
                payload[Block.TrackAt - Block.ClientAt] ^= 1;
                return Build(type, status, number, part, argument, payload);
            default: // another length
                payload[Block.LengthAt - Block.ClientAt] ^= (byte)random.Between(1, 255);
                return Build(type, status, number, part, argument, payload);
        }
    }

    private byte[] Build(int type, Status status, uint number, int part, uint argument, byte[] payload) =>
        Rig.Frames.Build(Frame.IsKeyless(type) ? 0 : key, type, number, argument, payload, part, (int)status);

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

        public void Reopen()
        {
            lock (arrived)
                arrived.Clear();
        }
    }
}
