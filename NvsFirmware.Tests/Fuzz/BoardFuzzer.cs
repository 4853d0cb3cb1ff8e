using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>
/// G7: throws blocks of bytes at the host adapter, each followed by a silence, and looks at the board after each. Bad frames change not a
/// byte of the medium, whole ones no more than they may; no error inside; no allocation; in the end HELLO is answered.
/// </summary>
public sealed class BoardFuzzer
{
    private const int LargestPieceBytes = 512;
    private const int QuietMs = FrameReader.SilenceMs + FrameReader.RestMs + 50;
    private const int StepMs = 10;
    private const int ChecksAfter = 1000; // recover a copy of the medium after so many blocks that committed something
    private const int WarmUpBlocks = 200;
    private const int MostKeys = 64;
    private const uint HelloNumber = 0xFFFF0001;
    private const uint StatsNumber = 0xFFFF0002;

    private static readonly byte[] hello = Frames.Hello(HelloNumber);

    private readonly VirtualClock clock = new();
    private readonly FramModel chip = new(SimPart.Find("MB85RS64V"));
    private readonly FuzzUart uart;
    private readonly Firmware firmware;
    private readonly byte[] before;
    private readonly byte[] stats = new byte[Frame.HeaderBytes];
    private readonly uint[] keys = new uint[MostKeys]; // that frames of this block may have had
    private int keyCount;
    private uint lastVersion;
    private long committing;

    public BoardFuzzer()
    {
        uart = new FuzzUart(clock);
        before = new byte[chip.Storage.Length];
        BoardSettings settings = new() { LargestPieceBytes = LargestPieceBytes, FormatBlank = true, NewStoreId = [1, 2, 3, 4, 5, 6, 7, 8] };
        firmware = new Firmware(chip, uart, clock, settings);
        firmware.Boot();
        Check();
    }

    /// <summary>Blocks sent.</summary>
    public long Blocks { get; private set; }

    /// <summary>Frames, or what may pass for one, sent.</summary>
    public long FramesSent { get; private set; }

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

    /// <summary>The session's key.</summary>
    public uint Key { get; private set; }

    /// <summary>Sends a block and looks at what it did.</summary>
    /// <exception cref="FuzzException">Something that must not be.</exception>
    public void Try(byte[] block, int count, int frames)
    {
        chip.Storage.CopyTo(before);
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long startMs = clock.NowMs;
        Send(block, count);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        long tookMs = clock.NowMs - startMs;
        (bool hasCommitted, bool hasFormatted) = FollowAnswers();
        (bool mayWrite, bool mayFormat) = FindWrites(block, count);
        if (Blocks > WarmUpBlocks && !mayFormat && allocated != 0)
            throw new FuzzException($"{allocated} bytes were allocated");
        if (tookMs > QuietMs + frames * FrameReader.RestMs + 2 * StepMs)
            throw new FuzzException($"the board was busy for {tookMs} ms");
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
        Check();
        Blocks++;
        FramesSent += frames;
        Bytes += count;
        if ((hasCommitted || hasFormatted) && committing++ % ChecksAfter == 0)
            CheckMedium();
    }

    /// <summary>Reads the medium by its document, and recovers a copy: all of it must be whole.</summary>
    public void CheckMedium()
    {
        Medium medium = Medium.Read(chip.Memory);
        if (medium.State != MediumState.Store || medium.Damages.Count > 0)
            throw new FuzzException($"the medium is {medium.State}, {string.Join("; ", medium.Damages)}");
        TestBoard board = new(new FramModel(chip.Part, chip.Storage.ToArray()));
        board.Boot();
        if (board.State != Status.Ok || board.Verify().Count > 0)
            throw new FuzzException($"the store is {board.State}, {board.Verify().Count} damages");
        Dictionary<uint, byte[]> tracks = board.ReadAll();
        if (tracks.Count != medium.Tracks.Count
            || tracks.Any(track => !medium.Tracks.TryGetValue(track.Key, out MediumTrack? right)
            || !track.Value.AsSpan().SequenceEqual(right.Data)))
            throw new FuzzException("recovery finds other tracks than the medium has");
        int free = board.Info().U16(Payload.InfoAnswer.FreeSegments);
        if (free != medium.FreeSegments)
            throw new FuzzException($"{free} segments are free; right is {medium.FreeSegments}");
    }

    private void Send(byte[] block, int count)
    {
        uart.Begin(block, count);
        int steps = 0;
        // Until all was taken and, as no time passes while there is something to do, looked at; then the silence.
        for (long quietMs = clock.NowMs; !uart.IsEmpty || clock.NowMs - quietMs < QuietMs;)
        {
            firmware.Step(uart.IsEmpty ? StepMs : 0);
            // A call takes what there is, or goes on in what it has; so one that does neither for long would be a hang.
            if (++steps > 2 * count + QuietMs)
                throw new FuzzException($"the board does not take what is sent: {steps} turns for {count} bytes");
            if (!uart.IsEmpty)
                quietMs = clock.NowMs;
        }
    }

    // Any place in the block where a whole WRITE, FORMAT or REPAIR of a session stands that there was, whether the board finds it or not.
    private (bool MayWrite, bool MayFormat) FindWrites(byte[] block, int count)
    {
        bool mayWrite = false;
        bool mayFormat = false;
        for (int at = 0; at + Frame.HeaderBytes <= count; at++)
        {
            if (block[at] != Frame.Sync0 || block[at + 1] != Frame.Sync1)
                continue;
            int type = Frame.Type(block, at);
            int payloadBytes = Frame.PayloadBytes(block, at);
            if (type is not (FrameType.Write or FrameType.Format or FrameType.Repair)
                || keys.AsSpan(0, keyCount).IndexOf(Frame.KeyOf(block, at)) < 0
                || at + Frame.TotalBytes(payloadBytes) > count || !Frame.IsPayloadIntact(block, at, payloadBytes))
                continue;
            mayWrite = true;
            mayFormat |= type != FrameType.Write;
        }
        return (mayWrite, mayFormat);
    }

    private (bool HasCommitted, bool HasFormatted) FollowAnswers()
    {
        bool hasCommitted = false;
        bool hasFormatted = false;
        keys[0] = Key;
        keyCount = 1;
        List<string>? signature = HasSignatures ? [] : null;
        ReadOnlySpan<byte> sent = uart.Sent;
        while (!sent.IsEmpty)
        {
            int type = sent[Frame.TypeAt] & ~FrameType.Answer;
            Status status = (Status)sent[Frame.StatusAt];
            int total = Frame.TotalBytes(sent[Frame.PayloadBytesAt] | sent[Frame.PayloadBytesAt + 1] << 8);
            uint argument = BitConverter.ToUInt32(sent[Frame.ArgumentAt..]);
            if (sent[0] != Frame.Sync0 || sent[1] != Frame.Sync1 || total > sent.Length || (sent[Frame.TypeAt] & FrameType.Answer) == 0)
                throw new FuzzException("the board sends what is no answer");
            if (status is Status.InternalError or Status.ChipError or Status.NoChip or Status.TrackDamaged or Status.StoreDamaged)
                throw new FuzzException($"type {type:x} is answered {status}");
            if (type == FrameType.Hello && status == Status.Ok && keyCount < MostKeys)
                keys[keyCount++] = argument;
            hasCommitted |= status == Status.Ok && (type == FrameType.Write && argument > lastVersion || type == FrameType.Repair);
            if (status == Status.Ok && type == FrameType.Format)
            {
                hasFormatted = true;
                lastVersion = 0;
                Formats++;
            }
            if (status == Status.Ok && type == FrameType.Write)
                lastVersion = Math.Max(lastVersion, argument);
            Answers++;
            signature?.Add($"{type:x2}{(int)status:x2}");
            sent = sent[total..];
        }
        if (signature != null)
            Signature = string.Join(' ', signature);
        return (hasCommitted, hasFormatted);
    }

    // After a silence HELLO is answered, and STATS in the session that it begins.
    private void Check()
    {
        ReadOnlySpan<byte> told = Ask(hello, Payload.HelloAnswer.Bytes);
        Key = BitConverter.ToUInt32(uart.Sent[Frame.ArgumentAt..]);
        if (told[Payload.HelloAnswer.State] != (byte)Status.Ok || Key == 0)
            throw new FuzzException($"HELLO is answered with key {Key:x}, the store is {(Status)told[Payload.HelloAnswer.State]}");
        told.Slice(Payload.HelloAnswer.StoreId, StoreId.Length).CopyTo(StoreId);
        Frame.Seal(stats, Key, FrameType.Stats, 0, unchecked((int)StatsNumber), 0, 0, 0);
        ReadOnlySpan<byte> counters = Ask(stats, Payload.StatsAnswer.Bytes);
        if (BitConverter.ToUInt32(counters[(Counter.InternalErrors * 4)..]) != 0
            || BitConverter.ToUInt32(counters[(Counter.ChipErrors * 4)..]) != 0)
            throw new FuzzException("the board counts internal or chip errors");
        Commits = BitConverter.ToUInt32(counters[(Counter.Commits * 4)..]);
    }

    private ReadOnlySpan<byte> Ask(byte[] request, int payloadBytes)
    {
        Send(request, request.Length);
        ReadOnlySpan<byte> sent = uart.Sent;
        if (sent.Length != Frame.TotalBytes(payloadBytes) || sent[Frame.StatusAt] != (byte)Status.Ok)
            throw new FuzzException($"after a silence type {request[Frame.TypeAt]:x} is answered with {sent.Length} bytes");
        return sent.Slice(Frame.HeaderBytes, payloadBytes);
    }

    private bool IsMetadataUnchanged()
    {
        MediumLayout layout = Medium.Read(chip.Memory).Layout;
        int segmentsEnd = layout.SegmentAt(layout.Segments);
        return chip.Storage[..layout.SegmentsAt].SequenceEqual(before.AsSpan(0, layout.SegmentsAt))
            && chip.Storage[segmentsEnd..].SequenceEqual(before.AsSpan(segmentsEnd));
    }
}

/// <summary>The fuzzer has found something.</summary>
public sealed class FuzzException(string message) : Exception(message);
