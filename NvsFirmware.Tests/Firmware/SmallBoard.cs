using nanoFramework.TestFramework;
using NvsFirmware.HostAdapter;

namespace NvsFirmware.UnitTests;

/// <summary>The whole firmware on the small chip model, spoken to in frames; the host's side of the protocol in as few words as tests need.</summary>
public sealed class SmallBoard
{
    private readonly byte[] frame = new byte[2048];
    private readonly BoardSettings settings;
    private int at;

    /// <summary>A board with a blank chip of 8 KiB, not started.</summary>
    public SmallBoard()
        : this(SmallFram.Small(), new BoardSettings { Name = "small", LargestDataBytes = 128, CacheBlocks = 2, CacheBlockBytes = 64 })
    {
    }

    /// <summary>A board with a chip, not started.</summary>
    public SmallBoard(SmallFram fram, BoardSettings settings)
    {
        Fram = fram;
        this.settings = settings;
        Line = new HostLine(fram);
        Firmware = new Firmware(Fram, Line, Line, settings);
    }

    /// <summary>The chip's model.</summary>
    public SmallFram Fram { get; }

    /// <summary>The line, and time.</summary>
    public HostLine Line { get; }

    /// <summary>The firmware.</summary>
    public Firmware Firmware { get; private set; }

    /// <summary>Status of the last answer.</summary>
    public Status Status => Frame.Status(Line.FromBoard, at);

    /// <summary>How many frames the board sent as its answer; 0 if it did not answer.</summary>
    public int Answers { get; private set; }

    /// <summary>Power comes (back), and the firmware starts with empty RAM.</summary>
    public void Boot()
    {
        Fram.PowerUp();
        Reset();
    }

    /// <summary>The firmware starts with empty RAM.</summary>
    public void Reset()
    {
        Line.Clear();
        Line.SentBytes = 0;
        Firmware = new Firmware(Fram, Line, Line, settings);
        Firmware.Boot();
    }

    /// <summary>Boots and formats a blank chip with segments of 64 bytes and sets of 4.</summary>
    public void Format()
    {
        Boot();
        byte[] payload = new byte[Payload.Format.Bytes];
        Buffers.PutText(payload, Payload.Format.Name, 8, Payload.Format.BlankName);
        Check.PutSample(8, payload, Payload.Format.NewId, 8);
        Buffers.PutUInt16(payload, Payload.Format.SegmentBytes, 64);
        Buffers.PutUInt16(payload, Payload.Format.SetSegments, 4);
        Check.Is(Status.Ok, Ask(FrameType.Format, 1, payload));
    }

    /// <summary>Sends a request of one frame, and returns the status of the last answer; with no answer <see cref="Answers"/> is 0.</summary>
    public Status Ask(int type, int request, byte[] payload)
    {
        System.Array.Copy(payload, 0, frame, Frame.HeaderBytes, payload.Length);
        return Exchange(Frame.Seal(frame, type, Status.Ok, request, 0, payload.Length));
    }

    /// <summary>Sends one part of a write request, a whole track: a sample.</summary>
    public Status Write(int client, int request, int part, int track, int seed, int length, bool isLast)
    {
        int payload = Frame.HeaderBytes;
        Buffers.PutInt32(frame, payload + Payload.Write.Client, client);
        Buffers.PutInt32(frame, payload + Payload.Write.Track, track);
        Buffers.PutInt32(frame, payload + Payload.Write.Expected, 0);
        Buffers.PutUInt16(frame, payload + Payload.Write.Length, length);
        Buffers.PutUInt16(frame, payload + Payload.Write.Offset, 0);
        Buffers.PutInt32(frame, payload + Payload.Write.Flags, isLast ? Payload.Write.FlagLast : 0);
        Check.PutSample(seed, frame, payload + Payload.Write.Data, length);
        return Exchange(Frame.Seal(frame, FrameType.Write, Status.Ok, request, part, Payload.Write.Data + length));
    }

    /// <summary>Sends the frame that was sent last again, with this request number.</summary>
    public Status Repeat(int request) =>
        Exchange(Frame.Seal(frame, Frame.Type(frame, 0), Status.Ok, request, Frame.Part(frame, 0), Frame.PayloadBytes(frame, 0)));

    /// <summary>Reads a track of one frame. The data are in the payload of the answer, see <see cref="Payload.ReadAnswer"/>.</summary>
    public Status Read(int track)
    {
        byte[] payload = new byte[Payload.Read.Bytes];
        Buffers.PutInt32(payload, Payload.Read.Track, track);
        return Ask(FrameType.Read, 99, payload);
    }

    /// <summary>What a client's last request was, and its version, in the payload of the answer; see <see cref="Payload.LastAnswer"/>.</summary>
    public Status Last(int client)
    {
        byte[] payload = new byte[Payload.Last.Bytes];
        Buffers.PutInt32(payload, Payload.Last.Client, client);
        return Ask(FrameType.Last, 98, payload);
    }

    /// <summary>The host keeps silent, so that its next frame is taken for one whatever came before.</summary>
    public void Silence()
    {
        Line.Sleep(FrameReader.QuietMs);
        Firmware.Step(0);
    }

    /// <summary>A number in the payload of the last answer.</summary>
    public int Int32(int offset) => Buffers.GetInt32(Line.FromBoard, at + Frame.HeaderBytes + offset);

    /// <summary>A short number in the payload of the last answer.</summary>
    public int UInt16(int offset) => Buffers.GetUInt16(Line.FromBoard, at + Frame.HeaderBytes + offset);

    /// <summary>Fails unless a read returns this sample.</summary>
    public void Holds(int track, int seed, int length)
    {
        Check.Is(Status.Ok, Read(track), "read of track " + track.ToString());
        Assert.AreEqual(length, UInt16(Payload.ReadAnswer.Length), "length of track " + track.ToString());
        Check.IsSample(seed, Line.FromBoard, at + Frame.HeaderBytes + Payload.ReadAnswer.Data, length);
    }

    /// <summary>True when a read returns a sample of this length that begins as this one does; the rest is for <see cref="Holds"/>.</summary>
    public bool BeginsAs(int track, int seed)
    {
        byte[] first = new byte[1];
        Check.PutSample(seed, first, 0, 1);
        return Read(track) == Status.Ok && Line.FromBoard[at + Frame.HeaderBytes + Payload.ReadAnswer.Data] == first[0];
    }

    // Turns the firmware's loop until it has taken all; what is due after the answer comes in the same turn.
    private Status Exchange(int count)
    {
        Line.SentBytes = 0;
        Line.Send(frame, count);
        while (!Line.IsEmpty && Fram.HasPower)
            Firmware.Step(0);
        Answers = 0;
        at = 0;
        for (int next = 0; next < Line.SentBytes; next += Frame.TotalBytes(Frame.PayloadBytes(Line.FromBoard, next)))
        {
            // Not asserted in passing: an assertion allocates, and CostTests count.
            if (!Frame.IsHeader(Line.FromBoard, next) || !Frame.IsPayloadIntact(Line.FromBoard, next)
                || Frame.Request(frame, 0) != Frame.Request(Line.FromBoard, next))
                Assert.IsTrue(false, "the board sent something else than an answer to this request");
            at = next;
            Answers++;
        }
        return Status;
    }
}
