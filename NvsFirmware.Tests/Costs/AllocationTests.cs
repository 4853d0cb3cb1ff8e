using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.Costs;

/// <summary>That a running firmware makes no garbage of its own: on a board only the platform's CRC-32 and SPI calls do.</summary>
[TestClass]
[OnlyOnDotNet("the exact count of allocations is .NET's; CostTests in Firmware/ counts on the interpreter")]
public sealed class AllocationTests
{
    [TestMethod]
    public void NothingIsAllocatedPerRequest()
    {
        // Breaks with, say, a `new byte[...]` anywhere on the way of a frame.
        CostBoard board = CostBoard.Formatted();
        ScriptLine line = new();
        Firmware firmware = new(board.Chip, line, line, board.Settings);
        firmware.Boot();
        CostHost host = board.Host;
        Random random = new(1);
        long allocated = 0;
        byte[] noise = new byte[100];
        for (int round = 0; round < 6; round++)
        {
            line.Play([host.Hello()]);
            firmware.Step(0);
            host.Key = line.Key;
            random.NextBytes(noise);
            byte[] data = new byte[7000];
            random.NextBytes(data);
            byte[][] script =
            [
                .. host.Write(false, (1, data[..100])),
                .. host.Write(true, (1, data), (2, []), (3, data[..500])),
                .. host.Write(false, (2, null)),
                .. host.Write(false, (2, null)),
                host.Request(FrameType.Info),
                host.Request(FrameType.Stats),
                host.Request(FrameType.Last, CostHost.Client),
                host.Request(FrameType.Last, 77),
                host.Request(FrameType.Read, 1),
                host.Request(FrameType.Read, 3),
                host.Request(FrameType.Read, 99),
                host.Request(FrameType.List),
                host.Request(FrameType.Verify),
                host.Request(0x6F, 1, 2, 3),
                host.Hello(),
                noise,
            ];
            int answers = line.Answers;
            line.Play(script);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
                firmware.Step(50);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.IsTrue(line.IsAtEnd, $"round {round}");
            Assert.IsGreaterThanOrEqualTo(script.Length - 1, line.Answers - answers, $"answers in round {round}");
        }
        Assert.AreEqual(0, allocated, "bytes allocated in the last round");
    }

    /// <summary>A line that allocates nothing: plays bytes that were put together before, counts what comes back.</summary>
    private sealed class ScriptLine : IUart, IClock
    {
        private byte[] script = [];
        private int at;

        public int Answers { get; private set; }

        /// <summary>The session key, as HELLO's answer told it last.</summary>
        public uint Key { get; private set; }

        public bool IsAtEnd => at == script.Length;

        public long NowMs { get; private set; } = 1000;

        public void Play(IEnumerable<byte[]> frames)
        {
            script = [.. frames.SelectMany(frame => frame)];
            at = 0;
        }

        public int Read(byte[] buffer, int offset, int count, int timeoutMs)
        {
            int read = Math.Min(count, script.Length - at);
            Array.Copy(script, at, buffer, offset, read);
            at += read;
            if (read == 0)
                NowMs += timeoutMs;
            return read;
        }

        public bool Write(byte[] buffer, int offset, int count)
        {
            Answers++;
            if (buffer[offset + Frame.TypeAt] == (FrameType.Hello | FrameType.Answer))
                Key = BitConverter.ToUInt32(buffer, offset + Frame.ArgumentAt);
            return true;
        }

        public void Reopen()
        {
        }

        public void Sleep(int durationMs) => NowMs += durationMs;
    }
}
