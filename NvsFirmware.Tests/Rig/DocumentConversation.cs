using System;
using System.Collections.Generic;
using System.CommandLine;
using System.Linq;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Rig;

/// <summary>
/// The conversation that docs/protocol.md shows in hex, held with the firmware itself. The command `conversation` prints it.
/// </summary>
public sealed class DocumentConversation
{
    private const uint Client = 0x11223344;
    private const int Last = WriteFlags.Last;
    private const int HexBytesPerLine = 32;

    private readonly TestBoard board = NewBoard();
    private readonly List<string> lines = [];
    private uint number;
    private uint key;

    /// <summary>The board of the conversation: 8 KiB, blank, short frames.</summary>
    public static TestBoard NewBoard()
    {
        TestBoard board = new("MB85RS64V", new BoardSettings { Name = "sim", LargestPieceBytes = 64, ReceiveWindowBytes = 1024 });
        board.Boot();
        return board;
    }

    public static Command Create()
    {
        Command command = new("conversation", "Prints the hex of docs/protocol.md as the firmware speaks it.");
        command.SetAction(_ =>
        {
            foreach (string line in new DocumentConversation().Hold())
                Console.WriteLine(line);
        });
        return command;
    }

    /// <summary>Holds it. Lines that begin with ## are the sections of the document that the frames behind them belong to.</summary>
    public List<string> Hold()
    {
        lines.Add("### 01 HELLO");
        Say("HELLO", Frames.Hello(++number), "HELLO answer: the session key is at 12; the state is Blank (32 at 2), window 1024");
        lines.Add("### 14 FORMAT");
        byte[] format = [.. "BLANK\0\0\0"u8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0];
        Say("FORMAT the blank chip", Build(FrameType.Format, payload: format), "FORMAT answer: Ok");
        Say("HELLO", Frames.Hello(++number), "HELLO answer: another key; the state is Ok, piece 64, 45 tracks of at most 1024 bytes");
        lines.Add("### 10 WRITE");
        Writes();
        lines.Add("### 11 READ");
        byte[] read = Build(FrameType.Read, 5);
        Say("READ track 5", read, "READ answer: Ok, version 4, \"four\"");
        byte[] damaged = [.. read];
        damaged[8] ^= 1;
        Say("READ track 5, damaged on the way: a bit of its length", damaged, "LOST: the session goes on");
        Say("READ track 5, sent again", read, "READ answer: Ok, version 4, \"four\"");
        Say("READ track 8", Build(FrameType.Read, 8), "READ answer: NotFound");
        lines.Add("### 04 LAST");
        Say("LAST", Build(FrameType.Last, Client), "LAST answer: request 6, its fingerprint, no horizon, last commit 5; version 5");
        lines.Add("### 12 LIST and 13 VERIFY");
        Say("LIST from the beginning", Build(FrameType.List), "LIST answer: no further page; tracks 5 and 6");
        Say("VERIFY from the beginning", Build(FrameType.Verify), "VERIFY answer: go on at 32; 2 tracks checked, no damage");
        lines.Add("### 02 INFO");
        Say("INFO", Build(FrameType.Info), "INFO answer: set B is active; commit 5 by request 6");
        return lines;
    }

    private void Writes()
    {
        byte[] hello = Frames.Write(key, 1, 0, 5, "hello"u8.ToArray(), flags: Last, client: Client);
        Say("WRITE request 1: track 5 becomes \"hello\"", hello, "WRITE answer: Ok, version 1");
        Say("WRITE request 1, sent again", hello, "WRITE answer: Ok, version 1; it is not stored again");
        byte[] other = Frames.Write(key, 1, 0, 5, "other"u8.ToArray(), flags: Last, client: Client);
        Say("WRITE request 1 with other content", other, "WRITE answer: Conflict");
        byte[] expecting = Frames.Write(key, 2, 0, 5, "bye"u8.ToArray(), flags: Last | WriteFlags.Expect, client: Client, expected: 7);
        Say("WRITE request 2: track 5 becomes \"bye\" if its version is 7", expecting, "WRITE answer: VersionMismatch, it is 1");

        byte[] longer = [.. Enumerable.Range(0, 70).Select(i => (byte)('a' + i % 26))];
        byte[] part0 = Frames.Write(key, 3, 0, 6, longer[..64], 70, client: Client);
        byte[] part1 = Frames.Write(key, 3, 1, 6, longer[64..], 70, WriteFlags.Quiet, Client, before: Frames.Fingerprint(part0));
        byte[] part2 = Frames.Write(key, 3, 2, 7, [], flags: Last, client: Client, before: Frames.Fingerprint(part1));
        Say("WRITE request 3, a batch; part 0: track 6 gets 70 bytes, the first 64", part0, "WRITE answer: Continue with part 1");
        Add("WRITE request 3, part 1, quiet: the others", part1);
        Add("WRITE request 3, part 2: track 7, empty", part2);
        Answers([part1, part2], "WRITE answer to part 2: Ok, version 2");

        byte[] three = Frames.Write(key, 4, 0, 5, "three"u8.ToArray(), flags: Last, client: Client);
        byte[] four = Frames.Write(key, 5, 0, 5, "four"u8.ToArray(), flags: Last | WriteFlags.Behind, client: Client);
        Add("WRITE request 4: track 5 becomes \"three\"", three);
        Add("WRITE request 5, behind it without waiting: track 5 becomes \"four\"", four);
        Answers([three, four], "WRITE answer to 4: Ok, version 3", "WRITE answer to 5: Ok, version 4");

        byte[] release = Frames.Write(key, 6, 0, 7, [], Block.Released, Last, Client);
        Say("WRITE request 6: track 7 is released", release, "WRITE answer: Ok, version 5");
    }

    private byte[] Build(int type, uint argument = 0, byte[]? payload = null) => Frames.Build(key, type, ++number, argument, payload);

    private void Say(string title, byte[] request, string answerTitle)
    {
        Add(title, request);
        Answers([request], answerTitle);
    }

    private void Answers(byte[][] requests, params string[] titles)
    {
        foreach (byte[] request in requests)
            board.Uart.Send(request);
        board.Run();
        byte[] sent = board.Uart.TakeSent();
        int count = Answer.ParseAll(sent, ref key).Count;
        if (count != titles.Length)
            throw new InvalidOperationException($"{titles[0]}: {count} answers");
        int at = 0;
        foreach (string title in titles)
        {
            int end = at + Frame.TotalBytes(Frame.PayloadBytes(sent, at));
            Add(title, sent[at..end]);
            at = end;
        }
    }

    private void Add(string title, byte[] frame)
    {
        lines.Add($"# {title}");
        lines.AddRange(frame.Chunk(HexBytesPerLine).Select(line => string.Join(" ", line.Select(b => b.ToString("X2")))));
    }
}
