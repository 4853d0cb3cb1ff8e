using System;
using System.Collections.Generic;
using NvsFirmware.HostAdapter;
using NvsFirmware.Nvs;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>
/// G7: throws blocks of bytes at the host adapter, each followed by a silence, and looks at the board after each. Bad frames change not a
/// byte of the medium, whole ones no more than they may; no error inside; no allocation; in the end HELLO is answered.
/// </summary>
public sealed class BoardFuzzer
{
    private const int LargestDataBytes = 512;
    private const int QuietMs = FrameReader.QuietMs + 50;
    private const int StepMs = 10;
    private const int ChecksAfter = 1000; // recover a copy of the medium after so many blocks that committed something
    private const int WarmUpBlocks = 200;
    private const uint HelloNumber = 0xFFFF0001;
    private const uint StatsNumber = 0xFFFF0002;

    private static readonly byte[] hello = TestBoard.BuildFrame(FrameType.Hello, HelloNumber, 0, [Frame.ProtocolVersion, 0, 0, 0]);
    private static readonly byte[] stats = TestBoard.BuildFrame(FrameType.Stats, StatsNumber, 0, []);

    private readonly VirtualClock clock = new();
    private readonly FramModel chip = new(SimPart.Find("MB85RS64V"));
    private readonly FuzzUart uart;
    private readonly Firmware firmware;
    private readonly byte[] before;
    private readonly byte[] check = [.. hello, .. stats];
    private Geometry geometry = new(0x2000, 0, 0);
    private long committing;

    public BoardFuzzer()
    {
        uart = new FuzzUart(clock);
        before = new byte[chip.Storage.Length];
        firmware = new Firmware(chip, uart, clock, new BoardSettings { LargestDataBytes = LargestDataBytes, FormatBlank = true, NewStoreId = [1, 2, 3, 4, 5, 6, 7, 8] });
        firmware.Boot();
        Send(check, check.Length);
        Check();
    }

    /// <summary>Blocks sent.</summary>
    public long Blocks { get; private set; }

    /// <summary>Frames, or what may pass for one, sent.</summary>
    public long Frames { get; private set; }

    public long Bytes { get; private set; }

    public long Answers { get; private set; }

    public long Commits { get; private set; }

    public long Formats { get; private set; }

    /// <summary>Blocks without a whole frame that may write, after which the medium was the same byte for byte.</summary>
    public long HarmlessBlocks { get; private set; }

    /// <summary>The id of the store on the chip.</summary>
    public byte[] StoreId { get; } = new byte[8];

    /// <summary>What the board answered to the last block, in short: blocks that differ in it are worth keeping.</summary>
    public string Signature { get; private set; } = "";

    /// <summary>True to make <see cref="Signature"/>, which allocates.</summary>
    public bool HasSignatures { get; set; }

    /// <summary>Sends a block and looks at what it did.</summary>
    /// <exception cref="FuzzException">Something that must not be.</exception>
    public void Try(byte[] block, int count, int frames)
    {
        chip.Storage.CopyTo(before);
        (bool mayWrite, bool mayFormat) = FindWrites(block.AsSpan(0, count));
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long startMs = clock.NowMs;
        Send(block, count);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (Blocks > WarmUpBlocks && !mayFormat && allocated != 0)
            throw new FuzzException($"{allocated} bytes were allocated");
        if (clock.NowMs - startMs > QuietMs + StepMs)
            throw new FuzzException($"the board was busy for {clock.NowMs - startMs} ms");
        (bool hasCommitted, bool hasFormatted) = FollowAnswers();
        if (!mayWrite)
        {
            HarmlessBlocks++;
            if (!chip.Storage.SequenceEqual(before))
                throw new FuzzException("the medium changed though no whole frame asked for it");
        }
        else if (!hasCommitted && !hasFormatted && !IsMetadataUnchanged())
        {
            throw new FuzzException("metadata changed without a commit");
        }
        Send(check, check.Length);
        Check();
        Blocks++;
        Frames += frames;
        Bytes += count;
        if ((hasCommitted || hasFormatted) && committing++ % ChecksAfter == 0)
            CheckMedium();
    }

    /// <summary>Recovers a copy of the medium: all of it must be whole.</summary>
    public void CheckMedium()
    {
        TestBoard board = new(new FramModel(chip.Part, chip.Storage.ToArray()));
        board.Boot();
        if (board.State != Status.Ok || board.Verify().Count > 0)
            throw new FuzzException($"the store is {board.State}, {board.Verify().Count} damages");
        int owned = 0;
        foreach ((uint track, uint _, int length, Damage _) in board.List())
        {
            if (board.Read(track).Status != Status.Ok)
                throw new FuzzException($"track {track} cannot be read");
            owned += geometry.SegmentsFor(length);
        }
        int free = board.Info().U16(Payload.InfoAnswer.FreeSegments);
        if (free + owned != geometry.Segments)
            throw new FuzzException($"{free} segments are free and {owned} owned, of {geometry.Segments}");
    }

    private void Send(byte[] block, int count)
    {
        uart.Begin(block, count);
        int steps = 0;
        while (!uart.IsEmpty)
        {
            firmware.Step(0);
            // A frame is at least a header; and a call takes what there is, so one that takes nothing would be a hang.
            if (++steps > count + 10)
                throw new FuzzException($"the board does not take what is sent: {steps} turns for {count} bytes");
        }
        for (int ms = 0; ms < QuietMs; ms += StepMs)
            firmware.Step(StepMs);
    }

    // Any place in the block where a whole WRITE, FORMAT or REPAIR stands, whether the board finds it or not.
    private static (bool MayWrite, bool MayFormat) FindWrites(ReadOnlySpan<byte> block)
    {
        bool mayWrite = false;
        bool mayFormat = false;
        for (int at = 0; at + Frame.HeaderBytes <= block.Length; at++)
        {
            int next = block[at..].IndexOf(Frame.Sync0);
            if (next < 0)
                break;
            at += next;
            if (at + Frame.HeaderBytes > block.Length || block[at + 1] != Frame.Sync1 || block[at + 2] is not (FrameType.Write or FrameType.Format or FrameType.Repair))
                continue;
            int length = Frame.TotalBytes(block[at + 8] | block[at + 9] << 8);
            if (at + length > block.Length)
                continue;
            mayWrite = true;
            mayFormat |= block[at + 2] != FrameType.Write;
        }
        return (mayWrite, mayFormat);
    }

    private (bool HasCommitted, bool HasFormatted) FollowAnswers()
    {
        bool hasCommitted = false;
        bool hasFormatted = false;
        List<string>? signature = HasSignatures ? [] : null;
        ReadOnlySpan<byte> sent = uart.Sent;
        while (!sent.IsEmpty)
        {
            int type = sent[2] & ~FrameType.Answer;
            Status status = (Status)sent[3];
            int total = Frame.TotalBytes(sent[8] | sent[9] << 8);
            if (sent[0] != Frame.Sync0 || sent[1] != Frame.Sync1 || total > sent.Length || (sent[2] & FrameType.Answer) == 0)
                throw new FuzzException("the board sends what is no answer");
            if (status is Status.InternalError or Status.ChipError or Status.NoChip or Status.TrackDamaged or Status.StoreDamaged)
                throw new FuzzException($"type {type:x} is answered {status}");
            if (status == Status.Ok && type == FrameType.Write)
                hasCommitted = true;
            if (status == Status.Ok && type == FrameType.Format)
            {
                hasFormatted = true;
                Formats++;
            }
            hasCommitted |= status == Status.Ok && type == FrameType.Repair;
            Answers++;
            signature?.Add($"{type:x2}{(int)status:x2}");
            sent = sent[total..];
        }
        if (signature != null)
            Signature = string.Join(' ', signature);
        return (hasCommitted, hasFormatted);
    }

    // The answers to HELLO and STATS, after all.
    private void Check()
    {
        ReadOnlySpan<byte> sent = uart.Sent;
        int helloBytes = Frame.TotalBytes(Payload.HelloAnswer.Bytes);
        if (sent.Length != helloBytes + Frame.TotalBytes(Payload.StatsAnswer.Bytes))
            throw new FuzzException($"after a silence HELLO and STATS are answered with {sent.Length} bytes");
        ReadOnlySpan<byte> told = sent[Frame.HeaderBytes..];
        if (sent[3] != (byte)Status.Ok || told[Payload.HelloAnswer.State] != (byte)Status.Ok)
            throw new FuzzException($"HELLO is answered {(Status)sent[3]}, the store is {(Status)told[Payload.HelloAnswer.State]}");
        told.Slice(Payload.HelloAnswer.StoreId, StoreId.Length).CopyTo(StoreId);
        ReadOnlySpan<byte> counters = sent[(helloBytes + Frame.HeaderBytes)..];
        if (counters.Slice(Counter.InternalErrors * 4, 4).IndexOfAnyExcept((byte)0) >= 0 || counters.Slice(Counter.ChipErrors * 4, 4).IndexOfAnyExcept((byte)0) >= 0)
            throw new FuzzException("the board counts internal or chip errors");
        Commits = BitConverter.ToUInt32(counters[(Counter.Commits * 4)..]);
        if (Formats > 0 || Blocks == 0)
            geometry = GeometryOnMedium();
    }

    private Geometry GeometryOnMedium() => geometry.SegmentBytes == chip.Memory[16] + chip.Memory[17] * 256 && geometry.SetSegments == chip.Memory[18] + chip.Memory[19] * 256
        ? geometry
        : new Geometry(chip.Memory.Length, chip.Memory[16] + chip.Memory[17] * 256, chip.Memory[18] + chip.Memory[19] * 256);

    private bool IsMetadataUnchanged()
    {
        int segmentsEnd = geometry.SegmentAddress(geometry.Segments);
        return chip.Storage[..geometry.SegmentsAddress].SequenceEqual(before.AsSpan(0, geometry.SegmentsAddress))
            && chip.Storage[segmentsEnd..].SequenceEqual(before.AsSpan(segmentsEnd));
    }
}

/// <summary>The fuzzer has found something.</summary>
public sealed class FuzzException(string message) : Exception(message);
