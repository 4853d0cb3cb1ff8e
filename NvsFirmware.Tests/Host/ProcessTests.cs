using System.IO;
using System.Linq;
using System.Text;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>nvs is a process for who uses it, and most tests run it in their own: both do the same.</summary>
[TestClass]
[OnlyOnDotNet("runs processes on a pseudo-terminal")]
public sealed class ProcessTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// Breaks when bytes are changed on the way from stdin or to stdout, text is not UTF-8, NVS_PORT is not heard, or the exit code is
    /// lost: only
    /// the process has these.
    /// </summary>
    [TestMethod]
    public void AProcessDoesTheSameAsACall()
    {
        using SimProcess one = Board("one");
        using SimProcess other = Board("other");
        byte[] data = [.. Enumerable.Range(0, 8000).Select(i => (byte)(i * 7))];
        foreach ((byte[]? input, string line) in new (byte[]?, string)[]
        {
            (data, "write 5"), (null, "read 5"), (null, "read 5 --json"), ("é\n"u8.ToArray(), "batch 6=- --release 5"), (null, "read 6"),
            (null, "watch 6 --count 1"), (null, "verify"), (null, "list -v"), (null, "read 77"), (null, "read 77 --json"),
                (null, "wirte 5"), (null, "completion bash"),
        })
        {
            string[] arguments = line.Split(' ');
            NvsCommand.Outcome call = NvsCommand.Run(one.Port, input, arguments);
            NvsCommand.Outcome process = NvsCommand.RunProcess(other.Port, input, arguments);
            Assert.AreEqual(call.ExitCode, process.ExitCode, line);
            Assert.AreEqual(call.Errors.Replace(one.Port, other.Port), process.Errors, line);
            CollectionAssert.AreEqual(
                Encoding.UTF8.GetBytes(call.Output.Replace(one.Port, other.Port)), Encoding.UTF8.GetBytes(process.Output), line);
            if (line == "read 5")
                CollectionAssert.AreEqual(data, process.Bytes);
        }
    }

    /// <summary>Breaks when NVS_PORT goes before --port.</summary>
    [TestMethod]
    public void TheOptionGoesBeforeTheVariable()
    {
        using SimProcess board = Board("one");
        NvsCommand.RunProcess("/dev/no-such-port", null, "info", "--port", board.Port).Expect(0);
    }

    // Both alike, so that they say the same.
    private SimProcess Board(string name) => new(Path.Combine(folder, name), "--format-blank", "--seed", "1");
}
