using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;
using NvsHost;
using static NvsFirmware.Tests.Host.LineTap;

namespace NvsFirmware.Tests.Host;

/// <summary>The client wants no answer to most parts of a batch, and is never left waiting for one that does not come.</summary>
/// <remarks>
/// Broken by: a part that is quiet though the next one does not fit behind it, which waits for ever; a last part that is quiet; quiet
/// parts that count as lost when a later answer comes; a window full of them.
/// </remarks>
[TestClass]
[OnlyOnDotNet("needs the board and the host in this process")]
public sealed class QuietPartsTests
{
    /// <summary>With many retries nearly all of the window is kept for asking LAST: one long frame fits.</summary>
    [TestMethod]
    [DataRow(20, 16, 40)]
    [DataRow(1000, 16, 40)]
    [DataRow(20, 8, 700)]
    [DataRow(1000, 8, 700)]
    [DataRow(20, 1, 8000)]
    [DataRow(1000, 1, 8000)]
    public async Task EachRequestComesToItsEnd(int retries, int tracks, int bytes)
    {
        using LineBoard board = new();
        int answers = 0;
        board.ToHost = frame =>
        {
            answers += IsAnswer(frame, FrameType.Write) ? 1 : 0;
            return [frame];
        };
        await using NvsClient client = await board.ConnectAsync(LineBoard.Options with { Retries = retries });
        WriteItem[] items = [.. Enumerable.Range(0, tracks).Select(i => WriteItem.Store((uint)i, Data(bytes, i)))];
        await client.WriteBatchAsync(items);
        foreach (WriteItem item in items)
            CollectionAssert.AreEqual(item.Data.ToArray(), (await client.ReadAsync(item.Track))!.Data.ToArray());
        Assert.AreEqual(1, board.CountSent(FrameType.Hello), "no answer was missed");
        Assert.AreEqual(0, board.CountSent(FrameType.Last), "no answer was missed");
        Assert.IsLessThanOrEqualTo(board.WindowBytes, board.MostUnansweredBytes);
        List<byte[]> parts = [.. board.Sent.Where(frame => Frame.Type(frame, 0) == FrameType.Write)];
        Assert.AreEqual(parts.Count(frame => (frame[Frame.FlagsAt] & WriteFlags.Quiet) == 0), answers);
        if (bytes == 40)
            Assert.IsLessThan(parts.Count / 2, answers, "answers to short parts");
    }
}
