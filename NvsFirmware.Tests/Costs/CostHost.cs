using System;
using System.Collections.Generic;
using System.IO.Hashing;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Costs;

/// <summary>The frames that a host sends: no more of the protocol than counting needs.</summary>
internal sealed class CostHost
{
    public const uint Client = 0xC057;

    // So many bytes of a request the client library sends without wanting an answer: a quarter of the default window.
    private const int QuietBytes = 8448 / 4;

    private uint number;

    /// <summary>The session key, from HELLO's answer.</summary>
    public uint Key { get; set; }

    /// <summary>Most data bytes in a frame, from HELLO's answer.</summary>
    public int PieceBytes { get; set; }

    /// <summary>Begins a session.</summary>
    public byte[] Hello() => Request(FrameType.Hello, Wire.Frame.ProtocolVersion);

    /// <summary>A request without parts. Its number is free, write requests have theirs.</summary>
    public byte[] Request(int type, uint argument = 0, params byte[] payload) => Frame(type, 0, number, 0, argument, payload);

    /// <summary>The frames of one write request; null data release the track.</summary>
    public List<byte[]> Write(bool isBehind, params (uint Track, byte[]? Data)[] tracks)
    {
        List<byte[]> frames = [];
        uint before = 0;
        int quietBytes = 0;
        number++;
        for (int i = 0; i < tracks.Length; i++)
        {
            byte[] data = tracks[i].Data ?? [];
            int length = tracks[i].Data == null ? Block.Released : data.Length;
            int at = 0;
            do
            {
                int count = Math.Min(PieceBytes, data.Length - at);
                bool isLast = i == tracks.Length - 1 && at + count == data.Length;
                byte[] payload = new byte[Block.PayloadHeadBytes + count];
                BitConverter.TryWriteBytes(payload.AsSpan(Block.ClientAt - Block.ClientAt), Client);
                BitConverter.TryWriteBytes(payload.AsSpan(Block.FingerprintAt - Block.ClientAt), before);
                BitConverter.TryWriteBytes(payload.AsSpan(Block.TrackAt - Block.ClientAt), tracks[i].Track);
                BitConverter.TryWriteBytes(payload.AsSpan(Block.LengthAt - Block.ClientAt), (ushort)length);
                BitConverter.TryWriteBytes(payload.AsSpan(Block.CountAt - Block.ClientAt), (ushort)count);
                data.AsSpan(at, count).CopyTo(payload.AsSpan(Block.PayloadHeadBytes));
                before = Crc32.HashToUInt32(payload);
                int flags = (isLast ? WriteFlags.Last : 0) | (isBehind && frames.Count == 0 ? WriteFlags.Behind : 0);
                quietBytes += Wire.Frame.HeaderBytes + payload.Length + Wire.Frame.CrcBytes;
                if (!isLast && quietBytes <= QuietBytes)
                    flags |= WriteFlags.Quiet;
                else
                    quietBytes = 0;
                frames.Add(Frame(FrameType.Write, flags, number, frames.Count, 0, payload));
                at += count;
            }
            while (at < data.Length);
        }
        return frames;
    }

    /// <summary>True for a part whose Continue the host does not want.</summary>
    public static bool IsQuiet(byte[] frame) =>
        frame[Wire.Frame.TypeAt] == FrameType.Write && (frame[Wire.Frame.FlagsAt] & WriteFlags.Quiet) != 0;

    private byte[] Frame(int type, int flags, uint number, int part, uint argument, byte[] payload)
    {
        Counters.IsPaused = true;
        byte[] frame = new byte[Wire.Frame.TotalBytes(payload.Length)];
        payload.CopyTo(frame.AsSpan(Wire.Frame.HeaderBytes));
        uint key = Wire.Frame.IsKeyless(type) ? 0 : Key;
        Wire.Frame.Seal(frame, key, type, flags, unchecked((int)number), part, unchecked((int)argument), payload.Length);
        Counters.IsPaused = false;
        return frame;
    }
}
