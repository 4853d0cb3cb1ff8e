using System.IO;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsHost;
using NvsSim;

namespace NvsFirmware.Tests.Client;

/// <summary>A serial port as the line of a client, on a real pseudo-terminal.</summary>
[TestClass]
[OnlyOnDotNet("needs a pseudo-terminal")]
public sealed class SerialPortUartTests
{
    private const int Rounds = 200;

    private static readonly byte[] frame = new byte[100];

    /// <summary>
    /// Breaks when a write that begins while the port is being closed waits for its whole time: a client whose board has gone would not
    /// speak to the next one meanwhile.
    /// </summary>
    [TestMethod]
    public void AWriteEndsWhenThePortIsClosed()
    {
        for (int round = 0; round < Rounds; round++)
        {
            PtyUart board = new();
            SerialPortUart port = new(board.Path, 921600, ChildProcess.GuardMs, null);
            using SemaphoreSlim begun = new(0);
            Task writing = Task.Factory.StartNew(
                () =>
                {
                    while (true)
                    {
                        port.Write(frame, 0, frame.Length);
                        begun.Release();
                    }
                },
                TaskCreationOptions.LongRunning);
            Task reading = Task.Factory.StartNew(
                () =>
                {
                    byte[] answer = new byte[100];
                    while (true)
                        port.Read(answer, 0, answer.Length, 100);
                },
                TaskCreationOptions.LongRunning);
            begun.Wait(ChildProcess.Guard);
            board.Dispose();
            Assert.AreEqual(0, Task.WaitAny([reading], ChildProcess.Guard), $"round {round}: a read hangs");
            port.Dispose();
            Assert.AreEqual(0, Task.WaitAny([writing], ChildProcess.Guard), $"round {round}: a write hangs");
            Assert.IsInstanceOfType<IOException>(writing.Exception?.InnerException);
        }
    }
}
