using System;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>An answer frame.</summary>
/// <param name="Type">Its type, without <see cref="FrameType.Answer"/>; 0 for LOST.</param>
/// <param name="Status">Its status.</param>
/// <param name="Number">The number of the request it answers.</param>
/// <param name="Part">Its part.</param>
/// <param name="Argument">Its argument.</param>
/// <param name="Payload">Its payload; null when that was damaged on the way.</param>
internal sealed record AnswerFrame(int Type, Status Status, uint Number, int Part, uint Argument, byte[]? Payload)
{
    /// <summary>The payload, which has at least so many bytes.</summary>
    public byte[] Checked(int payloadBytes) => Payload is { } p && p.Length >= payloadBytes
        ? p
        : throw NvsLineException.NoSense($"an answer of {Payload?.Length} bytes instead of {payloadBytes}");

    /// <summary>The frame at the start of a buffer.</summary>
    /// <param name="buffer">Holds it.</param>
    /// <param name="isPayloadIntact">False: only the header is.</param>
    public static AnswerFrame Of(byte[] buffer, bool isPayloadIntact) => new(
        Frame.Type(buffer, 0) & ~FrameType.Answer,
        Frame.Status(buffer, 0),
        (uint)Frame.Number(buffer, 0),
        Frame.Part(buffer, 0),
        (uint)Frame.Argument(buffer, 0),
        isPayloadIntact ? buffer.AsSpan(Frame.HeaderBytes, Frame.PayloadBytes(buffer, 0)).ToArray() : null);
}
