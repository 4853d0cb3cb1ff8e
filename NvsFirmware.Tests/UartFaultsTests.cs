using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests;

/// <summary>Faults of the line are those of the ESP32's driver: tests that use them rely on it.</summary>
[TestClass]
[OnlyOnDotNet("tests the simulated board")]
public sealed class UartFaultsTests
{
    private const int WindowBytes = 100;

    private readonly Line line = new();
    private readonly byte[] buffer = new byte[4 * WindowBytes];

    [TestMethod]
    public void WhatFitsIntoTheWindowArrivesInWhateverPieces()
    {
        UartFaults uart = new(line, WindowBytes, 1);
        int next = 0, expected = 0;
        Random random = new(1);
        for (int i = 0; i < 1000; i++)
        {
            // Never more unread than the window.
            int sent = random.Next(WindowBytes - (next - expected) + 1);
            for (int j = 0; j < sent; j++)
                line.Unread.Enqueue((byte)next++);
            int read = uart.Read(buffer, 5, random.Next(1, WindowBytes + 1), 0);
            for (int j = 0; j < read; j++)
                Assert.AreEqual((byte)expected++, buffer[5 + j]);
        }
        Assert.AreEqual(0, uart.Flushes);
        Assert.IsGreaterThan(100 * WindowBytes, expected);
    }

    [TestMethod]
    public void OneByteMoreThanTheWindowLosesAllThatIsUnread()
    {
        UartFaults uart = new(line, WindowBytes, 1);
        line.Send(WindowBytes);
        Assert.AreEqual(1, uart.Read(buffer, 0, 1, 0));
        // 99 are unread; one fits, two do not.
        line.Send(2);
        Assert.AreEqual(0, uart.Read(buffer, 0, buffer.Length, 0));
        Assert.AreEqual(1, uart.Flushes);
        line.Send(WindowBytes);
        Assert.AreEqual(WindowBytes, uart.Read(buffer, 0, buffer.Length, 0));
        Assert.AreEqual(1, uart.Flushes);
    }

    [TestMethod]
    public void AnOverrunLosesAllThatIsUnread()
    {
        UartFaults uart = new(line, WindowBytes, 1) { Overrun = Occasions.At(2) };
        line.Send(50);
        Assert.AreEqual(10, uart.Read(buffer, 0, 10, 0));
        Assert.AreEqual(0, uart.Read(buffer, 0, 10, 0));
        Assert.AreEqual(1, uart.Flushes);
        line.Send(3);
        Assert.AreEqual(3, uart.Read(buffer, 0, 10, 0));
    }

    [TestMethod]
    public void AWrongRingIsDeadUntilThePortIsOpenedAnew()
    {
        List<string> told = [];
        UartFaults uart = new(line, WindowBytes, 1) { RingDies = Occasions.At(2), Happens = told.Add };
        line.Send(30);
        Assert.AreEqual(10, uart.Read(buffer, 0, 10, 0));
        Assert.AreEqual(10, uart.Read(buffer, 0, 10, 0));
        Assert.IsTrue(uart.IsDead);
        for (int i = 0; i < 10; i++)
        {
            Assert.AreEqual(0, uart.Read(buffer, 0, 10, 0));
            line.Send(5);
        }
        // It still sends.
        Assert.IsTrue(uart.Write(buffer, 0, 4));
        Assert.AreEqual(4, line.Sent);
        uart.Reopen();
        Assert.AreEqual(1, line.Reopened);
        Assert.IsFalse(uart.IsDead);
        Assert.AreEqual(0, uart.Read(buffer, 0, 10, 0), "what was unread is gone");
        line.Send(7);
        Assert.AreEqual(7, uart.Read(buffer, 0, 10, 0));
        Assert.HasCount(2, told);
    }

    [TestMethod]
    public void AGarbledByteHasOneBitFlipped()
    {
        UartFaults uart = new(line, WindowBytes, 1) { Garbled = Occasions.Every(3) };
        for (int i = 0; i < 30; i++)
            line.Unread.Enqueue(0x55);
        Assert.AreEqual(30, uart.Read(buffer, 0, 30, 0));
        for (int i = 0; i < 30; i++)
            Assert.AreEqual((i + 1) % 3 == 0 ? 1 : 0, System.Numerics.BitOperations.PopCount((uint)(buffer[i] ^ 0x55)), $"byte {i}");
    }

    [TestMethod]
    public void AnAnswerCanGetLostAndTheBoardDoesNotKnow()
    {
        UartFaults uart = new(line, WindowBytes, 1) { AnswerLost = Occasions.At(2) };
        for (int i = 1; i <= 3; i++)
            Assert.IsTrue(uart.Write(buffer, 0, i));
        Assert.AreEqual(1 + 3, line.Sent);
    }

    [TestMethod]
    public void AReadWaitsOnlyWhenNothingIsThere()
    {
        UartFaults uart = new(line, WindowBytes, 1);
        line.Send(10);
        uart.Read(buffer, 0, 5, 777);
        uart.Read(buffer, 0, 5, 777);
        uart.Read(buffer, 0, 5, 777);
        // The first one waits for the line, which has bytes; the second has them in the ring.
        CollectionAssert.AreEqual(new[] { 777, 777 }, line.Waits.Where(ms => ms > 0).ToArray());
    }

    private sealed class Line : IUart
    {
        public Queue<byte> Unread { get; } = new();

        public List<int> Waits { get; } = [];

        public int Sent { get; private set; }

        public int Reopened { get; private set; }

        public void Send(int count)
        {
            for (int i = 0; i < count; i++)
                Unread.Enqueue((byte)i);
        }

        public int Read(byte[] buffer, int offset, int count, int timeoutMs)
        {
            Waits.Add(timeoutMs);
            int read = 0;
            while (read < count && Unread.TryDequeue(out byte value))
                buffer[offset + read++] = value;
            return read;
        }

        public bool Write(byte[] buffer, int offset, int count)
        {
            Sent += count;
            return true;
        }

        public void Reopen()
        {
            Reopened++;
            Unread.Clear();
        }
    }
}
