using System;
using System.Collections.Generic;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Host;

/// <summary>What a test does to frames on their way.</summary>
internal static class LineTap
{
    /// <summary>All frames pass.</summary>
    public static readonly Func<byte[], IEnumerable<byte[]>> Open = frame => [frame];

    /// <summary>No frame passes.</summary>
    public static readonly Func<byte[], IEnumerable<byte[]>> Shut = frame => [];

    /// <summary>Changes the first frame that is meant, and no other.</summary>
    public static Func<byte[], IEnumerable<byte[]>> Once(Predicate<byte[]> isMeant, Func<byte[], IEnumerable<byte[]>> change)
    {
        bool isDone = false;
        return frame =>
        {
            if (isDone || !isMeant(frame))
                return [frame];
            isDone = true;
            return change(frame);
        };
    }

    /// <summary>Changes each frame that is meant.</summary>
    public static Func<byte[], IEnumerable<byte[]>> Each(Predicate<byte[]> isMeant, Func<byte[], IEnumerable<byte[]>> change) =>
        frame => isMeant(frame) ? change(frame) : [frame];

    /// <summary>True for an answer of this type and status.</summary>
    public static bool IsAnswer(byte[] frame, int type, Status status) =>
        Frame.Type(frame, 0) == (type | FrameType.Answer) && Frame.Status(frame, 0) == status;

    /// <summary>True for an answer of this type.</summary>
    public static bool IsAnswer(byte[] frame, int type) => Frame.Type(frame, 0) == (type | FrameType.Answer);

    /// <summary>The same answer with another status and payload, of the same session.</summary>
    public static byte[] Answered(byte[] frame, Status status, uint argument = 0, byte[]? payload = null)
    {
        int type = Frame.Type(frame, 0);
        return Frames.Build(
            Frame.IsKeyless(type) ? 0 : Frame.KeyOf(frame, 0), type, (uint)Frame.Number(frame, 0), argument, payload,
                Frame.Part(frame, 0), (int)status);
    }

    /// <summary>The frame with one bit flipped.</summary>
    public static byte[] Damaged(byte[] frame, int at)
    {
        byte[] damaged = [.. frame];
        damaged[at] ^= 0x10;
        return damaged;
    }

    /// <summary>Bytes as good as any.</summary>
    public static byte[] Data(int count, int seed)
    {
        byte[] data = new byte[count];
        new Random(seed).NextBytes(data);
        return data;
    }
}
