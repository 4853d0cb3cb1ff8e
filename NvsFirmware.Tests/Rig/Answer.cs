using System;
using System.Collections.Generic;
using NvsFirmware.HostAdapter;

namespace NvsFirmware.Tests.Rig;

/// <summary>A frame from the board.</summary>
public sealed record Answer(int Type, Status Status, uint Request, int Part, byte[] Payload)
{
    public uint U32(int at) => BitConverter.ToUInt32(Payload, at);

    public int U16(int at) => BitConverter.ToUInt16(Payload, at);

    /// <summary>All frames in what a board sent; anything else in it is a failure of the board.</summary>
    public static List<Answer> ParseAll(byte[] sent)
    {
        List<Answer> answers = [];
        for (int at = 0; at < sent.Length;)
        {
            if (sent.Length - at < Frame.HeaderBytes || !Frame.IsHeader(sent, at))
                throw new InvalidOperationException($"the board sent bytes that are no frame, {sent.Length - at} of {sent.Length}");
            int total = Frame.TotalBytes(Frame.PayloadBytes(sent, at));
            if (sent.Length - at < total || !Frame.IsPayloadIntact(sent, at))
                throw new InvalidOperationException("the board sent a frame that is not whole");
            answers.Add(new Answer(
                Frame.Type(sent, at),
                Frame.Status(sent, at),
                (uint)Frame.Request(sent, at),
                Frame.Part(sent, at),
                sent[(at + Frame.HeaderBytes)..(at + Frame.HeaderBytes + Frame.PayloadBytes(sent, at))]));
            at += total;
        }
        return answers;
    }
}
