using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>Sends a board good and bad frames at random and follows, by the answers alone, what the store must hold.</summary>
public sealed class BadInputMix(TestBoard board, TrackModel model, int seed)
{
    private readonly Random random = new(seed);

    // What each request that was sent would commit; the board may not commit anything else.
    private readonly Dictionary<uint, TrackItem[]> requests = [];
    private uint nextNumber = 10000;
    private uint lastVersion;

    /// <summary>Requests that the board committed.</summary>
    public int Committed { get; private set; }

    /// <summary>Sends so many things.</summary>
    public void Send(int count)
    {
        for (int i = 0; i < count; i++)
        {
            foreach (byte[] piece in NextPieces())
                board.Uart.Send(piece);
            board.Run();
            // Now and then a pause, in which the board gives up what is not whole.
            if (random.Next(4) == 0)
                board.Idle(random.Next(20) == 0 ? 11_000 : FrameReader.SilenceMs + 100);
            Follow();
        }
        board.Idle(1000);
        Follow();
    }

    private IEnumerable<byte[]> NextPieces()
    {
        List<byte[]> frames = NewRequest();
        switch (random.Next(12))
        {
            case 0:
                return [RandomBytes(random.Next(1, 200))];
            case 1: // a frame cut off
                byte[] half = frames[0];
                return [half[..random.Next(half.Length)]];
            case 2: // a frame with a flipped bit
                byte[] flipped = frames[random.Next(frames.Count)];
                flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
                return frames;
            case 3: // a part missing
                frames.RemoveAt(random.Next(frames.Count));
                return frames;
            case 4: // two parts exchanged
                int a = random.Next(frames.Count), b = random.Next(frames.Count);
                (frames[a], frames[b]) = (frames[b], frames[a]);
                return frames;
            case 5: // a part twice
                frames.Insert(random.Next(frames.Count), frames[random.Next(frames.Count)]);
                return frames;
            case 6: // noise between parts
                frames.Insert(random.Next(frames.Count), RandomBytes(random.Next(1, 40)));
                return frames;
            case 7: // an intact frame of any type and payload; FORMAT and REPAIR cannot guess the store's id
                return [board.BuildFrame(
                    random.Next(2, 256), 1, (uint)random.Next(3), RandomBytes(random.Next(30)), random.Next(3), random.Next(4))];
            case 8: // a write request of one frame whose fields may be wrong
                return [OddWrite()];
            case 9: // what other requests may do between the parts
                frames.Insert(random.Next(frames.Count), board.BuildFrame(FrameType.Read, 1, (uint)random.Next(1, 12)));
                frames.Insert(random.Next(frames.Count), board.BuildFrame(FrameType.Verify, 1, (uint)random.Next(80)));
                return frames;
            default:
                return frames;
        }
    }

    private List<byte[]> NewRequest()
    {
        uint number = nextNumber++;
        TrackItem[] items =
        [
            .. Enumerable.Range(0, random.Next(1, 5)).Select(_ => (uint)random.Next(1, 12)).Distinct().Select(track =>
                new TrackItem(track, random.Next(5) == 0 ? null : RandomBytes(random.Next(10) == 0 ? random.Next(800) : random.Next(90)))),
        ];
        requests[number] = items;
        return board.WriteFrames(number, items, flags: random.Next(4) == 0 ? WriteFlags.Behind : 0);
    }

    private byte[] OddWrite()
    {
        uint number = nextNumber++;
        uint track = (uint)random.Next(1, 12);
        byte[] data = RandomBytes(random.Next(4) == 0 ? 0 : random.Next(60));
        int length = random.Next(3) switch { 0 => data.Length, 1 => random.Next(70), _ => Block.Released };
        int flags = random.Next(256) & ~WriteFlags.Expect;
        if (length == data.Length || (length == Block.Released && data.Length == 0))
            requests[number] = [new(track, length == Block.Released ? null : data)];
        return board.WriteFrame(number, random.Next(8) == 0 ? 1 : 0, track, data, length, flags, before: random.Next(8) == 0 ? 1u : 0);
    }

    // A committed request answers Ok with a new version; a repeated part of it may answer Ok with the same one.
    private void Follow()
    {
        foreach (Answer answer in board.TakeAnswers())
        {
            if (answer.Type != (FrameType.Write | FrameType.Answer) || answer.Status != Status.Ok || answer.Argument <= lastVersion)
                continue;
            lastVersion = answer.Argument;
            Committed++;
            if (!requests.TryGetValue(answer.Number, out TrackItem[]? items))
                throw new InvalidOperationException($"seed {seed}: the board committed request {answer.Number}, which is not a whole one");
            model.Apply(items);
        }
    }

    private byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
