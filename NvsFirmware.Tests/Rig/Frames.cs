using System;
using System.Collections.Generic;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>Builds request frames, each field as wanted, right or wrong.</summary>
public static class Frames
{
    /// <summary>A whole frame.</summary>
    public static byte[] Build(
        uint key, int type, uint number, uint argument = 0, ReadOnlySpan<byte> payload = default, int part = 0, int flags = 0)
    {
        byte[] frame = new byte[Frame.TotalBytes(payload.Length)];
        payload.CopyTo(frame.AsSpan(Frame.HeaderBytes));
        Frame.Seal(frame, key, type, flags, unchecked((int)number), part, unchecked((int)argument), payload.Length);
        return frame;
    }

    public static byte[] Hello(uint number, uint version = Frame.ProtocolVersion) => Build(0, FrameType.Hello, number, version);

    /// <summary>One part of a write request.</summary>
    /// <param name="count">The field of this name; the length of the data unless told otherwise.</param>
    public static byte[] Write(
        uint key,
        uint number,
        int part,
        uint track,
        byte[] data,
        int? length = null,
        int flags = 0,
        uint client = TestBoard.Client,
        uint expected = 0,
        uint before = 0,
        int? count = null)
    {
        byte[] payload = new byte[Block.PayloadHeadBytes + data.Length];
        Span<byte> fields = payload;
        BitConverter.TryWriteBytes(fields, client);
        BitConverter.TryWriteBytes(fields[(Block.FingerprintAt - Block.ClientAt)..], before);
        BitConverter.TryWriteBytes(fields[(Block.TrackAt - Block.ClientAt)..], track);
        BitConverter.TryWriteBytes(fields[(Block.LengthAt - Block.ClientAt)..], (ushort)(length ?? data.Length));
        BitConverter.TryWriteBytes(fields[(Block.CountAt - Block.ClientAt)..], (ushort)(count ?? data.Length));
        data.CopyTo(fields[Block.PayloadHeadBytes..]);
        return Build(key, FrameType.Write, number, expected, payload, part, flags);
    }

    /// <summary>The parts of a write request, the last one with the flag that commits.</summary>
    /// <param name="flags">Flags of part 0: <see cref="WriteFlags.Behind"/>, <see cref="WriteFlags.Passing"/>.</param>
    public static List<byte[]> WriteRequest(
        uint key, uint number, IReadOnlyList<TrackItem> items, uint client, int pieceBytes, int flags = 0, Func<bool>? isQuiet = null)
    {
        List<byte[]> frames = [];
        uint before = 0;
        for (int i = 0; i < items.Count; i++)
        {
            TrackItem item = items[i];
            byte[] data = item.Data ?? [];
            int offset = 0;
            do
            {
                int count = Math.Min(data.Length - offset, pieceBytes);
                bool isLast = i == items.Count - 1 && offset + count == data.Length;
                bool isExpecting = offset == 0 && item.Expected != null;
                int quiet = !isLast && isQuiet?.Invoke() == true ? WriteFlags.Quiet : 0;
                byte[] frame = Write(
                    key,
                    number,
                    frames.Count,
                    item.Track,
                    data[offset..(offset + count)],
                    item.Data == null ? Block.Released : data.Length,
                    (frames.Count == 0 ? flags : 0) | quiet | (isLast ? WriteFlags.Last : 0) | (isExpecting ? WriteFlags.Expect : 0),
                    client,
                    isExpecting ? item.Expected!.Value : 0,
                    before);
                frames.Add(frame);
                before = Fingerprint(frame);
                offset += count;
            }
            while (offset < data.Length);
        }
        return frames;
    }

    /// <summary>The payload CRC-32 of a frame: of a write request's last part, its fingerprint.</summary>
    public static uint Fingerprint(byte[] frame) => BitConverter.ToUInt32(frame, frame.Length - Frame.CrcBytes);
}
