using System;
using System.Collections.Generic;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost.Serve;

/// <summary>A WRITE frame of a guest.</summary>
/// <param name="Flags">Its flags.</param>
/// <param name="Part">Its part.</param>
/// <param name="Number">The request's number.</param>
/// <param name="Argument">The expected version.</param>
/// <param name="Data">Its payload.</param>
/// <param name="Crc">The payload's CRC-32.</param>
internal readonly record struct WriteFrame(int Flags, int Part, uint Number, uint Argument, byte[] Data, uint Crc)
{
    public uint Client => Field(Block.ClientAt);

    public uint Before => Field(Block.FingerprintAt);

    public uint Track => Field(Block.TrackAt);

    public int Length => Buffers.GetUInt16(Data, Block.LengthAt - Block.ClientAt);

    public int Count => Buffers.GetUInt16(Data, Block.CountAt - Block.ClientAt);

    public bool IsLast => (Flags & WriteFlags.Last) != 0;

    public bool IsQuiet => (Flags & WriteFlags.Quiet) != 0;

    private uint Field(int at) => (uint)Buffers.GetInt32(Data, at - Block.ClientAt);
}

/// <summary>What becomes of a WRITE frame.</summary>
/// <param name="Status">Continue, or why it is refused; Ok: the request is whole.</param>
/// <param name="Argument">The answer's argument.</param>
/// <param name="Request">The request, when it is whole.</param>
internal readonly record struct TakenPart(Status Status, uint Argument, ServedWrite? Request = null);

/// <summary>
/// Puts a guest's write request together, because the board takes the parts of one request at a time and a guest may be slow. It
/// checks what the board would check of the parts' order and lengths; all else the board decides.
/// </summary>
internal sealed class Intake(BoardInfo board, GuestSession session)
{
    private readonly List<WriteItem> items = [];
    private bool isReceiving;
    private uint client;
    private uint number;
    private int firstFlags;
    private int nextPart;
    private uint crc;
    private int segments;
    private WriteFrame track; // The first part of the track that is being received.
    private byte[] data = [];
    private int received;

    /// <summary>Number of the request whose parts came last.</summary>
    public uint Number => number;

    /// <summary>Takes a part.</summary>
    public TakenPart Take(WriteFrame part)
    {
        int headBytes = Block.PayloadHeadBytes;
        if (part.Data.Length > headBytes + board.PieceBytes)
            return new TakenPart(Status.TooLong, (uint)(headBytes + board.PieceBytes));
        bool isBegun = isReceiving && part.Number == number && part.Data.Length >= headBytes && part.Client == client;
        if (isBegun && part.Part != nextPart)
            return new TakenPart(part.Part < nextPart ? Status.Continue : Status.WrongOrder, (uint)nextPart);
        int known = part.Part == 0 ? WriteFlags.All : WriteFlags.AnyPart;
        if (part.Data.Length < headBytes || (part.Flags & ~known) != 0 || part.Client == 0 || part.Count != part.Data.Length - headBytes)
            return Refuse(Status.BadRequest);
        if (!isBegun)
        {
            if (Repeat(part) is { } answer)
                return answer;
            if (part.Part != 0)
                return new TakenPart(Status.WrongOrder, 0);
            Begin(part);
        }
        if (part.Before != crc)
            return Refuse(part.Part == 0 ? Status.BadRequest : Status.Conflict);
        Status refusal = received < data.Length ? GoOn(part) : BeginTrack(part);
        if (refusal != Status.Ok)
            return Refuse(refusal);
        crc = part.Crc;
        nextPart++;
        if (!part.IsLast)
            return new TakenPart(Status.Continue, (uint)nextPart);
        if (received < data.Length)
            return Refuse(Status.BadRequest);
        isReceiving = false;
        ServedWrite request = new(session, client, [.. items], (firstFlags & WriteFlags.Behind) != 0)
        {
            GivenNumber = number,
            GivenPassing = (firstFlags & WriteFlags.Passing) != 0,
        };
        return new TakenPart(Status.Ok, 0, request);
    }

    // What was decided in this session gets the same answer again.
    private TakenPart? Repeat(WriteFrame part)
    {
        if (session.Decided is not { } decided || part.Client != decided.Client || LastAnswer.IsLater(part.Number, decided.Number))
            return null;
        if (part.Number != decided.Number)
            return new TakenPart(Status.OldRequest, 0);
        if (decided.Status != Status.Ok)
            return new TakenPart(decided.Status, decided.Argument);
        if (!part.IsLast)
            return new TakenPart(Status.Continue, (uint)part.Part + 1);
        return part.Crc == decided.Fingerprint ? new TakenPart(Status.Ok, decided.Argument) : new TakenPart(Status.Conflict, 0);
    }

    private void Begin(WriteFrame part)
    {
        isReceiving = true;
        client = part.Client;
        number = part.Number;
        firstFlags = part.Flags;
        items.Clear();
        nextPart = 0;
        crc = 0;
        segments = 0;
        data = [];
        received = 0;
    }

    private TakenPart Refuse(Status status)
    {
        isReceiving = false;
        return new TakenPart(status, 0);
    }

    private Status BeginTrack(WriteFrame part)
    {
        bool isRelease = part.Length == Block.Released;
        int length = isRelease ? 0 : part.Length;
        bool isExpecting = (part.Flags & WriteFlags.Expect) != 0;
        if (part.Count != Math.Min(length, board.PieceBytes) || (part.Argument != 0 && !isExpecting))
            return Status.BadRequest;
        segments += board.SegmentsOf(length);
        if (segments > board.SetSegments)
            return Status.TooLong;
        track = part;
        data = new byte[length];
        received = 0;
        uint? expected = isExpecting ? part.Argument : null;
        // The data follow; the item holds the array that they go to.
        items.Add(isRelease ? WriteItem.Release(part.Track, expected) : WriteItem.Store(part.Track, data, expected));
        Copy(part);
        return Status.Ok;
    }

    private Status GoOn(WriteFrame part)
    {
        if ((part.Flags & WriteFlags.Expect) != 0 || part.Argument != 0 || part.Count != Math.Min(data.Length - received, board.PieceBytes)
            || part.Track != track.Track || part.Length != track.Length)
            return Status.BadRequest;
        Copy(part);
        return Status.Ok;
    }

    private void Copy(WriteFrame part)
    {
        part.Data.AsSpan(Block.PayloadHeadBytes).CopyTo(data.AsSpan(received));
        received += part.Count;
    }
}
