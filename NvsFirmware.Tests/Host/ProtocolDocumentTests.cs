using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Host;

/// <summary>docs/protocol.md is what somebody writes a client by: what it says and what the firmware does are the same.</summary>
[TestClass]
[OnlyOnDotNet("reads a document, and runs on the simulated board")]
public sealed class ProtocolDocumentTests
{
    // The document as it was when the host was built, in which it is embedded.
    private static readonly string[] lines = ReadDocument();

    /// <summary>
    /// Breaks when one byte of an example, or of an answer of the firmware, changes alone. `conversation` prints them anew.
    /// </summary>
    [TestMethod]
    public void TheFirmwareAnswersTheExamplesAsTheDocumentSays()
    {
        TestBoard board = DocumentConversation.NewBoard();
        List<byte> asked = [];
        Queue<byte> answered = new();
        int frames = 0;
        foreach ((string title, byte[] frame) in Examples())
        {
            frames++;
            Assert.IsTrue(IsDamaged(title) || IsWhole(frame), $"{title}: no whole frame");
            if ((Frame.Type(frame, 0) & FrameType.Answer) == 0)
            {
                Assert.IsEmpty(answered, $"before {title}: an answer that the document does not show");
                asked.AddRange(frame); // several may follow each other
                continue;
            }
            board.Uart.Send(asked.ToArray());
            asked.Clear();
            board.Run();
            foreach (byte b in board.Uart.TakeSent())
                answered.Enqueue(b);
            byte[] answer = new byte[Math.Min(frame.Length, answered.Count)];
            for (int i = 0; i < answer.Length; i++)
                answer[i] = answered.Dequeue();
            Assert.AreEqual(Hex(frame), Hex(answer), title);
        }
        Assert.IsEmpty(answered, "after the last example: an answer that the document does not show");
        Assert.IsGreaterThanOrEqualTo(41, frames);
    }

    /// <summary>Breaks when a status is added, renumbered or renamed in code or document alone.</summary>
    [TestMethod]
    public void TheDocumentListsEveryStatus() =>
        AssertSame(Enum.GetValues<Status>().Select(status => $"{(int)status:X2} {status}"), Rows("## Status"));

    /// <summary>Breaks when a request type is added, renumbered or renamed in code or document alone.</summary>
    [TestMethod]
    public void TheDocumentListsEveryRequestType() =>
        AssertSame(
            Constants(typeof(FrameType)).Where(type => (type.Value & FrameType.Answer) == 0 && type.Name != nameof(FrameType.KeyedBits))
                .Select(type => $"{type.Value:X2} {type.Name.ToUpperInvariant()}"),
            Rows("## Requests"));

    /// <summary>Breaks when a counter is added, moved or renamed in code or document alone.</summary>
    [TestMethod]
    public void TheDocumentListsEveryCounter() =>
        AssertSame(
            Constants(typeof(Counter)).Where(counter => counter.Name != nameof(Counter.Count))
                .Select(counter => $"{counter.Value} {counter.Name} {counter.Value * 4}"),
            Rows("### 03 STATS"));

    /// <summary>Breaks when a damage or a finding gets another number, or one that the document does not tell.</summary>
    [TestMethod]
    public void TheDocumentListsEveryDamageAndFinding()
    {
        AssertSame(
            Enum.GetValues<Damage>().Select(damage => $"{(int)damage}"),
            Table("### 12 LIST and 13 VERIFY", "damage").Select(cells => cells[0]));
        AssertSame(
            Constants(typeof(RecoveryFindings)).Select(finding => finding.Value == 0 ? "none" : $"{finding.Value:X2}"),
            Table("### 03 STATS", "bit").Select(cells => cells[0]));
    }

    /// <summary>Breaks when the layout of a payload in code or document grows, shrinks or moves alone.</summary>
    [TestMethod]
    [DataRow("### 01 HELLO", "answer", Payload.HelloAnswer.Bytes)]
    [DataRow("### 14 FORMAT", "request", Payload.Format.Bytes)]
    [DataRow("### 10 WRITE", "request", Block.PayloadHeadBytes)]
    [DataRow("### 11 READ", "answer", Block.PayloadHeadBytes)]
    [DataRow("### 04 LAST", "answer", Payload.LastAnswer.Bytes)]
    [DataRow("### 12 LIST and 13 VERIFY", "entry", Payload.PageAnswer.EntryBytes)]
    [DataRow("### 02 INFO", "answer", Payload.InfoAnswer.Bytes)]
    [DataRow("### 15 REPAIR", "request", Payload.Repair.Bytes)]
    [DataRow("## Frame", "field", Frame.HeaderBytes)]
    public void TheDocumentLaysOutEveryByteOfAPayload(string section, string table, int expectedBytes)
    {
        int at = 0;
        foreach (string[] cells in Table(section, "at", table))
        {
            Assert.AreEqual(at, int.Parse(cells[0]), $"{section}, {table}: a gap before '{cells[2]}'");
            if (!int.TryParse(cells[1], out int bytes))
                break; // the data
            at += bytes;
        }
        Assert.AreEqual(expectedBytes, at, $"{section}, {table}");
    }

    private static string[] ReadDocument()
    {
        using StreamReader reader = new(typeof(NvsHost.Commands.DemoCommand).Assembly.GetManifestResourceStream("protocol.md")!);
        return reader.ReadToEnd().Split('\n');
    }

    private static bool IsWhole(byte[] frame) =>
        frame.Length == Frame.TotalBytes(Frame.PayloadBytes(frame, 0)) && Frame.IsPayloadIntact(frame, 0, Frame.PayloadBytes(frame, 0));

    // The example of a header that does not match its CRC-32.
    private static bool IsDamaged(string title) => title.Contains("damaged", StringComparison.Ordinal);

    // Each frame of the ```hex blocks, of one or more lines, with the title above it.
    private static IEnumerable<(string Title, byte[] Frame)> Examples()
    {
        bool isHex = false;
        string title = "";
        string hex = "";
        foreach (string line in lines)
        {
            bool isFence = line.StartsWith("```", StringComparison.Ordinal);
            if (hex.Length > 0 && (isFence || line.StartsWith('#')))
            {
                yield return (title, Convert.FromHexString(hex));
                hex = "";
            }
            if (isFence)
                isHex = line == "```hex";
            else if (isHex && line.StartsWith('#'))
                title = line;
            else if (isHex)
                hex += line.Replace(" ", "");
        }
    }

    // The cells of the table below a heading whose own heading begins with `first` and ends with `last`.
    private static IEnumerable<string[]> Table(string heading, string first, string? last = null)
    {
        IEnumerable<string> section = lines.SkipWhile(line => line != heading).Skip(1)
            .TakeWhile(line => !line.StartsWith("##", StringComparison.Ordinal));
        List<string[]> rows = [.. section
            .SkipWhile(line => !(Cells(line) is { Length: > 1 } cells && cells[0] == first && (last == null || cells[^1] == last)))
            .Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(Cells)];
        Assert.IsNotEmpty(rows, $"{heading}: no table '{first}' … '{last}'");
        return rows;
    }

    private static string[] Cells(string line) => line.Length < 2 ? [] : [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];

    // The first two cells of each row of the first table below a heading.
    private static IEnumerable<string> Rows(string heading) => lines
        .SkipWhile(line => line != heading)
        .SkipWhile(line => !line.StartsWith('|'))
        .Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => string.Join(" ", Cells(line).Take(2)));

    private static IEnumerable<(string Name, int Value)> Constants(Type type) =>
        type.GetFields().Where(field => field.IsLiteral).Select(field => (field.Name, (int)field.GetRawConstantValue()!));

    private static void AssertSame(IEnumerable<string> code, IEnumerable<string> document) =>
        Assert.AreEqual(string.Join("\n", code), string.Join("\n", document));

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes);
}
