using System;
using System.Collections.Generic;
using System.Diagnostics.Metrics;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsHost;
using static NvsFirmware.Tests.Host.LineTap;

namespace NvsFirmware.Tests.Host;

/// <summary>What a client tells a program besides its results, and that nothing of it can hide a commit.</summary>
[TestClass]
[DoNotParallelize] // The meter is the process's.
[OnlyOnDotNet("tests the host's side, with threads and tasks")]
public sealed class CallbackTests
{
    /// <summary>
    /// Breaks when an exception of a logger, of a listener to the meter, or of whoever is told the state, reaches the conversation.
    /// </summary>
    [TestMethod]
    public async Task ALoggerAListenerOrAHandlerThatThrowsHidesNoCommit()
    {
        using MeterListener listener = Listen((_, _) => throw new InvalidOperationException("a full disk"));
        using LineBoard board = new();
        await using NvsClient client = await board.StayConnectedAsync(LineBoard.Options with { Logger = new ThrowingLogger() });
        client.StateChanged += (_, _) => throw new InvalidOperationException("the handler");
        Assert.AreNotEqual(0u, await client.WriteAsync(7, new byte[] { 1 }));
        board.ToHost = Once(frame => IsAnswer(frame, FrameType.Write, Status.Ok), frame => []);
        Assert.AreNotEqual(0u, await client.WriteAsync(7, new byte[] { 2 }));
        board.Break();
        Assert.AreNotEqual(0u, await client.WriteAsync(7, new byte[] { 3 }));
        NvsRefusedException e = await Assert.ThrowsExactlyAsync<NvsRefusedException>(
            () => client.WriteAsync(7, new byte[] { 4 }, expectedVersion: 1));
        Assert.AreEqual(Status.VersionMismatch, e.Status);
        CollectionAssert.AreEqual(new byte[] { 3 }, (await client.ReadAsync(7))!.Data);
    }

    /// <summary>Breaks when what the client meets is not logged, or not counted.</summary>
    [TestMethod]
    public async Task WhatHappensIsLoggedAndCounted()
    {
        Dictionary<string, double> counts = [];
        TaskCompletionSource reconnected = new();
        using MeterListener listener = Listen((name, number) =>
        {
            lock (counts)
                counts[name] = counts.GetValueOrDefault(name) + number;
            if (name == NvsMetrics.ReconnectsName)
                reconnected.TrySetResult(); // Counted when the line is there, which may be after its first answer.
        });
        ListLogger logger = new();
        using LineBoard board = new();
        await using NvsClient client = await board.StayConnectedAsync(LineBoard.Options with { Logger = logger });
        await client.WriteAsync(7, new byte[] { 1 });
        await Assert.ThrowsExactlyAsync<NvsRefusedException>(() => client.WriteAsync(7, new byte[] { 2 }, expectedVersion: 1));
        board.ToBoard = Once(frame => Frame.Type(frame, 0) == FrameType.Read, frame => [Damaged(frame, 5)]);
        await client.ReadAsync(7);
        board.Break();
        await client.WriteAsync(7, new byte[] { 3 });
        await reconnected.Task.WaitAsync(ChildProcess.Guard);
        lock (counts)
        {
            Assert.AreEqual(2, counts["nvs.client.commits"]);
            Assert.AreEqual(1, counts["nvs.client.refusals"]);
            Assert.IsGreaterThanOrEqualTo(1, counts["nvs.client.repetitions"]);
            Assert.IsGreaterThanOrEqualTo(2, counts["nvs.client.line_errors"]); // A place lost, a line broken.
            Assert.AreEqual(1, counts[NvsMetrics.ReconnectsName]);
            Assert.IsGreaterThan(0, counts["nvs.client.write.duration"]);
        }
        logger.AssertHas(LogLevel.Information, "Board line, store Ok");
        logger.AssertHas(LogLevel.Debug, "lost its place");
        logger.AssertHas(LogLevel.Warning, "The line is lost");
    }

    private static MeterListener Listen(Action<string, double> tell)
    {
        MeterListener listener = new()
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == NvsMetrics.MeterName)
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, number, _, _) => tell(instrument.Name, number));
        listener.SetMeasurementEventCallback<double>((instrument, number, _, _) => tell(instrument.Name, number));
        listener.Start();
        return listener;
    }

    private sealed class ThrowingLogger : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => throw new InvalidOperationException("the scope");

        public bool IsEnabled(LogLevel logLevel) => logLevel == LogLevel.Warning ? throw new InvalidOperationException("the level") : true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new InvalidOperationException("the log");
    }

    private sealed class ListLogger : ILogger
    {
        private readonly List<(LogLevel Level, string Message)> entries = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (entries)
                entries.Add((logLevel, formatter(state, exception)));
        }

        public void AssertHas(LogLevel level, string message)
        {
            lock (entries)
                Assert.IsTrue(entries.Exists(e => e.Level == level && e.Message.Contains(message)), $"nothing says '{message}' at {level}");
        }
    }
}
