using System;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>Makes blocks of frames, good and bad, that know the protocol well enough to get far into the board.</summary>
public sealed class FrameMix(SeededRandom random, int largestPieceBytes)
{
    private const int MostPieces = 8;
    private const int At = Block.InFrame; // where a block's fields begin in a frame
    private static readonly int[] types =
    [
        FrameType.Hello, FrameType.Info, FrameType.Stats, FrameType.Last, FrameType.Write, FrameType.Write, FrameType.Write, FrameType.Read,
        FrameType.List, FrameType.Verify, FrameType.Format, FrameType.Repair,
    ];

    private readonly byte[] frame = new byte[Frame.TotalBytes(ushort.MaxValue)];
    private readonly byte[] other = new byte[Frame.TotalBytes(ushort.MaxValue)];
    private int number = 1000;
    private int part;
    private uint before;

    /// <summary>The block made last: its first <see cref="Count"/> bytes.</summary>
    public byte[] Bytes { get; } = new byte[1 << 19];

    public int Count { get; private set; }

    /// <summary>The session's key: most frames have it, or nothing would get behind their headers.</summary>
    public uint Key { get; set; }

    /// <summary>The id of the board's store, so that some FORMATs are carried out.</summary>
    public byte[] StoreId { get; } = new byte[8];

    /// <summary>Makes the next block.</summary>
    /// <returns>How many frames, or what may pass for one, it has.</returns>
    public int Next()
    {
        Count = 0;
        int pieces = random.Between(1, MostPieces);
        for (int i = 0; i < pieces; i++)
            AppendPiece();
        return pieces;
    }

    private void AppendPiece()
    {
        int length = Valid();
        switch (random.Next(16))
        {
            case 0: // raw noise
                length = random.Next(random.OneIn(10) ? 5000 : 60);
                random.Fill(frame.AsSpan(0, length));
                break;
            case 1: // bits
                for (int i = random.Between(1, 4); i > 0; i--)
                    frame[random.Next(length)] ^= (byte)(1 << random.Next(8));
                break;
            case 2: // cut off
                length = random.Next(length + 1);
                break;
            case 3: // a byte lost
                int lost = random.Next(length);
                Array.Copy(frame, lost + 1, frame, lost, length - lost - 1);
                length--;
                break;
            case 4: // the beginning of one and the end of another
                Array.Copy(frame, other, length);
                int otherLength = length;
                length = Valid();
                int from = random.Next(otherLength);
                int at = random.Next(length);
                Array.Copy(other, from, frame, at, otherLength - from);
                length = at + otherLength - from;
                break;
            case 5: // a frame as the data of a frame that is damaged
                length = Enclose(length);
                frame[random.Next(length)] ^= 1;
                break;
            case 6: // fields at random, CRC-32s right
                length = Seal(random.Next(256), random.OneIn(2) ? 0 : random.Next(4),
                    random.Next(random.OneIn(20) ? ushort.MaxValue : 100));
                break;
            case 7: // announces more than follows
                length = Seal(RandomType(), 0, random.Next(ushort.MaxValue));
                length = Math.Min(length, random.Next(200));
                break;
            default:
                break;
        }
        Array.Copy(frame, 0, Bytes, Count, length);
        Count += length;
    }

    // A whole frame with fields that make sense, or nearly.
    private int Valid()
    {
        int type = RandomType();
        Span<byte> payload = frame.AsSpan(Frame.HeaderBytes);
        switch (type)
        {
            case FrameType.Write:
                return Write(payload);
            case FrameType.Hello:
                return SealAs(type, random.OneIn(8) ? random.Next(256) : Frame.ProtocolVersion, 0);
            case FrameType.Last:
                return SealAs(type, random.Next(4), 0);
            case FrameType.Read:
                return SealAs(type, random.Next(12), 0);
            case FrameType.List or FrameType.Verify:
                return SealAs(type, random.OneIn(4) ? (int)random.NextUInt64() : random.Next(100), 0);
            case FrameType.Format:
                random.Fill(payload[..Payload.Format.Bytes]);
                if (random.OneIn(20))
                    StoreId.CopyTo(payload);
                Buffers.PutUInt16(frame, Frame.HeaderBytes + Payload.Format.SegmentBytes, random.OneIn(2) ? 0 : random.Next(500));
                Buffers.PutUInt16(frame, Frame.HeaderBytes + Payload.Format.SetSegments, random.OneIn(2) ? 0 : random.Next(70));
                return SealAs(type, 0, Payload.Format.Bytes);
            case FrameType.Repair:
                random.Fill(payload[..Payload.Repair.Bytes]);
                if (random.OneIn(4))
                    StoreId.CopyTo(payload);
                return SealAs(type, 0, Payload.Repair.Bytes);
            default:
                return SealAs(type, 0, 0);
        }
    }

    // Parts of write requests that go on, start anew, or go wrong.
    private int Write(Span<byte> payload)
    {
        payload[..Block.PayloadHeadBytes].Clear();
        bool isGoingOn = random.OneIn(3);
        part = isGoingOn ? part + 1 : random.OneIn(10) ? random.Next(4) : 0;
        if (!isGoingOn && !random.OneIn(8))
            number++;
        int count = random.OneIn(5) ? 0 : random.Next(random.OneIn(8) ? largestPieceBytes + 2 : 100);
        int flags = random.OneIn(20) ? random.Next(256) : random.Pick([0, 4, 1, 1, 1, 1, 3, 5, 9, 17, 25]);
        int length = random.OneIn(8) ? random.Next(random.OneIn(3) ? 65536 : 1200) : random.OneIn(12) ? Block.Released : count;
        if (length == Block.Released && !random.OneIn(8))
            count = 0;
        int argument = (flags & WriteFlags.Expect) != 0 ? random.Next(random.OneIn(2) ? 1 : 1000) : random.OneIn(30) ? 1 : 0;
        Buffers.PutInt32(frame, At + Block.ClientAt, random.OneIn(30) ? 0 : 1 + random.Next(random.OneIn(10) ? 50 : 2));
        Buffers.PutUInt32(frame, At + Block.FingerprintAt, part == 0 && !random.OneIn(30) ? 0 : before);
        Buffers.PutInt32(frame, At + Block.TrackAt, random.Next(12));
        Buffers.PutUInt16(frame, At + Block.LengthAt, length);
        Buffers.PutUInt16(frame, At + Block.CountAt, random.OneIn(30) ? random.Next(1200) : count);
        random.Fill(payload.Slice(Block.PayloadHeadBytes, count));
        int total = Frame.Seal(frame, KeyOf(FrameType.Write), FrameType.Write, flags, number, part, argument,
            Block.PayloadHeadBytes + count);
        before = BitConverter.ToUInt32(frame, total - Frame.CrcBytes);
        return total;
    }

    private int Enclose(int length)
    {
        int inner = Math.Min(length, largestPieceBytes);
        Array.Copy(frame, 0, frame, Frame.HeaderBytes + Block.PayloadHeadBytes, inner);
        frame.AsSpan(Frame.HeaderBytes, Block.PayloadHeadBytes).Clear();
        Buffers.PutInt32(frame, At + Block.ClientAt, 1);
        Buffers.PutUInt16(frame, At + Block.LengthAt, inner);
        Buffers.PutUInt16(frame, At + Block.CountAt, inner);
        return SealAs(FrameType.Write, 0, Block.PayloadHeadBytes + inner);
    }

    private int Seal(int type, int framePart, int payloadBytes)
    {
        random.Fill(frame.AsSpan(Frame.HeaderBytes, Math.Min(payloadBytes, 300)));
        return Frame.Seal(frame, KeyOf(type), type, random.OneIn(2) ? 0 : random.Next(256), random.Next(2000), framePart, random.Next(3),
            payloadBytes);
    }

    private int SealAs(int type, int argument, int payloadBytes) =>
        Frame.Seal(frame, KeyOf(type), type, 0, number, 0, argument, payloadBytes);

    private uint KeyOf(int type) => Frame.IsKeyless(type) ? 0 : random.OneIn(30) ? (uint)random.NextUInt64() : Key;

    private int RandomType() => random.Pick(types);
}
