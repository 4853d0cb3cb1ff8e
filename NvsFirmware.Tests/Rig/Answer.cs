using System;
using System.Collections.Generic;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>A frame from the board.</summary>
public sealed record Answer(int Type, Status Status, uint Number, int Part, uint Argument, byte[] Payload)
{
    public uint U32(int at) => BitConverter.ToUInt32(Payload, at);

    public int U16(int at) => BitConverter.ToUInt16(Payload, at);

    /// <summary>All frames in what a board sent; anything else in it is a failure of the board.</summary>
    /// <param name="sent">The bytes.</param>
    /// <param name="key">The session key, which an answer to HELLO in between changes.</param>
    public static List<Answer> ParseAll(byte[] sent, ref uint key)
    {
        List<Answer> answers = [];
        for (int at = 0; at < sent.Length;)
        {
            int left = sent.Length - at;
            if (left < Frame.HeaderBytes || sent[at] != Frame.Sync0 || sent[at + 1] != Frame.Sync1)
                throw new InvalidOperationException($"the board sent bytes that are no frame, {left} of {sent.Length}");
            int type = Frame.Type(sent, at);
            uint expectedKey = Frame.IsKeyless(type) ? 0 : key;
            if (Frame.KeyOf(sent, at) != expectedKey)
                throw new InvalidOperationException(
                    $"the board sent a frame of type {type:X2} with key {Frame.KeyOf(sent, at):X8}, not {expectedKey:X8}");
            int payloadBytes = Frame.PayloadBytes(sent, at);
            int total = Frame.TotalBytes(payloadBytes);
            if (left < total || !Frame.IsPayloadIntact(sent, at, payloadBytes))
                throw new InvalidOperationException("the board sent a frame that is not whole");
            Answer answer = new(
                type,
                Frame.Status(sent, at),
                (uint)Frame.Number(sent, at),
                Frame.Part(sent, at),
                (uint)Frame.Argument(sent, at),
                sent[(at + Frame.HeaderBytes)..(at + Frame.HeaderBytes + payloadBytes)]);
            answers.Add(answer);
            if (type == (FrameType.Hello | FrameType.Answer) && answer.Status == Status.Ok)
                key = answer.Argument;
            at += total;
        }
        return answers;
    }
}
