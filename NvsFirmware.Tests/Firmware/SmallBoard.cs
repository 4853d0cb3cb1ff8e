using System;
using nanoFramework.TestFramework;
using NvsFirmware.Wire;

namespace NvsFirmware.UnitTests;

/// <summary>The whole firmware on the small chip model, spoken to in frames; of the host's side only what tests need.</summary>
public sealed class SmallBoard
{
    private readonly byte[] frame = new byte[2048];
    private readonly BoardSettings settings;
    private uint key;
    private int fingerprint;
    private int at;

    /// <summary>A board with a blank chip of 8 KiB, not started.</summary>
    public SmallBoard()
        : this(SmallFram.Small(), new BoardSettings { Name = "small", LargestPieceBytes = 128, CacheBlocks = 2, CacheBlockBytes = 64 })
    {
    }

    /// <summary>A board with a chip, not started.</summary>
    public SmallBoard(SmallFram fram, BoardSettings settings)
    {
        Fram = fram;
        this.settings = settings;
        Line = new BoardLine(fram);
        Firmware = new Firmware(Fram, Line, Line, settings);
    }

    /// <summary>The chip's model.</summary>
    public SmallFram Fram { get; }

    /// <summary>The line, and time.</summary>
    public BoardLine Line { get; }

    /// <summary>The firmware.</summary>
    public Firmware Firmware { get; private set; }

    /// <summary>Status of the last answer.</summary>
    public Status Status => Frame.Status(Line.FromBoard, at);

    /// <summary>Argument of the last answer.</summary>
    public int Argument => Frame.Argument(Line.FromBoard, at);

    /// <summary>Length of the payload of the last answer.</summary>
    public int PayloadBytes => Frame.PayloadBytes(Line.FromBoard, at);

    /// <summary>How many frames the board sent as its answer; 0 if it did not answer.</summary>
    public int Answers { get; private set; }

    /// <summary>Power comes (back), and the firmware starts with empty RAM.</summary>
    public void Boot()
    {
        Fram.PowerUp();
        Reset();
    }

    /// <summary>The firmware starts with empty RAM, and without a session.</summary>
    public void Reset()
    {
        Line.Clear();
        Line.SentBytes = 0;
        key = 0;
        settings.SessionSeed++;
        Firmware = new Firmware(Fram, Line, Line, settings);
        Firmware.Boot();
    }

    /// <summary>Boots and formats a blank chip with segments of 64 data bytes and sets of 4.</summary>
    public void Format()
    {
        Boot();
        byte[] payload = new byte[Payload.Format.Bytes];
        Buffers.PutText(payload, Payload.Format.Name, 8, Payload.Format.BlankName);
        Check.PutSample(8, payload, Payload.Format.NewId, 8);
        Buffers.PutUInt16(payload, Payload.Format.SegmentBytes, 100);
        Buffers.PutUInt16(payload, Payload.Format.SetSegments, 4);
        Check.Is(Status.Ok, Ask(FrameType.Format, 1, 0, payload));
        key = 0; // the session ends with FORMAT
    }

    /// <summary>Begins a session. The first request after a start does so, too.</summary>
    public Status Hello(int version = Frame.ProtocolVersion)
    {
        Status status = Exchange(Frame.Seal(frame, 0, FrameType.Hello, 0, 1, 0, version, 0));
        if (Answers > 0 && status == Status.Ok)
            key = (uint)Argument;
        return status;
    }

    /// <summary>Sends a request of one frame; returns the status of the last answer. With no answer <see cref="Answers"/> is 0.</summary>
    public Status Ask(int type, int number, int argument, byte[] payload)
    {
        BeginSession();
        Array.Copy(payload, 0, frame, Frame.HeaderBytes, payload.Length);
        return Exchange(Frame.Seal(frame, key, type, 0, number, 0, argument, payload.Length));
    }

    /// <summary>Sends one part of a write request, a whole track: a sample.</summary>
    public Status Write(int client, int number, int part, int track, int seed, int length, bool isLast) =>
        WritePart(client, number, part, track, seed, length, isLast ? WriteFlags.Last : 0);

    /// <summary>Sends one part of a write request with the flags wanted, a whole track: a sample.</summary>
    public Status WritePart(int client, int number, int part, int track, int seed, int length, int flags)
    {
        Check.PutSample(seed, frame, Block.InFrame + Block.DataAt, length);
        return SendPart(client, number, part, track, length, length, flags);
    }

    /// <summary>Sends a release, in a request of its own.</summary>
    public Status Release(int client, int number, int track) => SendPart(client, number, 0, track, Block.Released, 0, WriteFlags.Last);

    /// <summary>Sends the frame that was sent last again, with this number.</summary>
    public Status Repeat(int number) =>
        Exchange(Frame.Seal(
            frame,
            key,
            Frame.Type(frame, 0),
            frame[Frame.FlagsAt],
            number,
            Frame.Part(frame, 0),
            Frame.Argument(frame, 0),
            Frame.PayloadBytes(frame, 0)));

    /// <summary>Reads a track of one frame. The answer's payload is that of a <see cref="Block"/>, its argument the version.</summary>
    public Status Read(int track) => Ask(FrameType.Read, 99, track, new byte[0]);

    /// <summary>Which request of a client was committed last, see <see cref="Payload.LastAnswer"/>; the argument is the version.</summary>
    public Status Last(int client) => Ask(FrameType.Last, 98, client, new byte[0]);

    /// <summary>A counter of STATS.</summary>
    public int Stat(int counter)
    {
        Check.Is(Status.Ok, Ask(FrameType.Stats, 97, 0, new byte[0]));
        return Int32(counter * 4);
    }

    /// <summary>The host keeps silent, so that its next frame is taken for one whatever came before.</summary>
    public void Silence()
    {
        for (int i = 0; i < 3; i++)
        {
            Line.Sleep(FrameReader.SilenceMs);
            Firmware.Step(0);
        }
    }

    /// <summary>A number in the payload of the last answer.</summary>
    public int Int32(int offset) => Buffers.GetInt32(Line.FromBoard, at + Frame.HeaderBytes + offset);

    /// <summary>A short number in the payload of the last answer.</summary>
    public int UInt16(int offset) => Buffers.GetUInt16(Line.FromBoard, at + Frame.HeaderBytes + offset);

    /// <summary>A byte in the payload of the last answer.</summary>
    public int Byte(int offset) => Line.FromBoard[at + Frame.HeaderBytes + offset];

    /// <summary>Fails unless a read returns this sample.</summary>
    public void Holds(int track, int seed, int length)
    {
        Check.Is(Status.Ok, Read(track), "read of track " + track.ToString());
        Assert.AreEqual(length, UInt16(Block.LengthAt - Block.ClientAt), "length of track " + track.ToString());
        Check.IsSample(seed, Line.FromBoard, at + Frame.HeaderBytes + Block.PayloadHeadBytes, length);
    }

    /// <summary>True when a read returns a sample that begins as this one does; the rest is for <see cref="Holds"/>.</summary>
    public bool BeginsAs(int track, int seed)
    {
        byte[] first = new byte[1];
        Check.PutSample(seed, first, 0, 1);
        return Read(track) == Status.Ok && Line.FromBoard[at + Frame.HeaderBytes + Block.PayloadHeadBytes] == first[0];
    }

    private Status SendPart(int client, int number, int part, int track, int length, int count, int flags)
    {
        BeginSession();
        Buffers.PutInt32(frame, Block.InFrame + Block.ClientAt, client);
        Buffers.PutInt32(frame, Block.InFrame + Block.FingerprintAt, part == 0 ? 0 : fingerprint);
        Buffers.PutInt32(frame, Block.InFrame + Block.TrackAt, track);
        Buffers.PutUInt16(frame, Block.InFrame + Block.LengthAt, length);
        Buffers.PutUInt16(frame, Block.InFrame + Block.CountAt, count);
        int total = Frame.Seal(frame, key, FrameType.Write, flags, number, part, 0, Block.PayloadHeadBytes + count);
        fingerprint = Buffers.GetInt32(frame, total - Frame.CrcBytes);
        return Exchange(total);
    }

    private void BeginSession()
    {
        if (key == 0 && Fram.HasPower)
            Hello();
    }

    // Turns the firmware's loop until it has taken all; what is due after the answer comes in the same turn.
    private Status Exchange(int count)
    {
        Line.SentBytes = 0;
        Line.Send(frame, 0, count);
        while (!Line.IsEmpty && Fram.HasPower)
            Firmware.Step(0);
        Answers = 0;
        at = 0;
        for (int next = 0; next < Line.SentBytes; next += Frame.TotalBytes(Frame.PayloadBytes(Line.FromBoard, next)))
        {
            // Not asserted in passing: an assertion allocates, and CostTests count.
            uint expectedKey = Frame.IsKeyless(Frame.Type(Line.FromBoard, next)) ? 0 : key;
            if (Frame.KeyOf(Line.FromBoard, next) != expectedKey
                || !Frame.IsPayloadIntact(Line.FromBoard, next, Frame.PayloadBytes(Line.FromBoard, next))
                || Frame.Number(frame, 0) != Frame.Number(Line.FromBoard, next))
                Assert.IsTrue(false, "the board sent something else than an answer to this request");
            at = next;
            Answers++;
        }
        return Status;
    }
}
