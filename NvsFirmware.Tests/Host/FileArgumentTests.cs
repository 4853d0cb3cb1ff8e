using System;
using System.IO;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>The files that nvs reads and writes.</summary>
[TestClass]
[OnlyOnDotNet("runs processes")]
public sealed class FileArgumentTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>
    /// Breaks when a file error looks like a mistake in the command line, or its message does not name the file that was given.
    /// </summary>
    [TestMethod]
    [DataRow("write 5 FOLDER", "FOLDER is a folder")]
    [DataRow("write 5 FOLDER/none", "There is no file FOLDER/none")]
    [DataRow("batch 5=FOLDER/none/none", "There is no file FOLDER/none/none")]
    [DataRow("demo FOLDER", "FOLDER is a folder")]
    [DataRow("demo FOLDER/none", "There is no file")]
    public void WhatCannotBeReadEndsWith8(string arguments, string told) =>
        NvsCommand.Run("/dev/no-such-port", null, arguments.Replace("FOLDER", folder).Split(' '))
            .ExpectFailure(8, told.Replace("FOLDER", folder));

    /// <summary>Breaks when an endless or far too long input is read whole before it is refused.</summary>
    [TestMethod]
    [Timeout(600_000)] // If it were, that would never end.
    public void InputWithoutEndIsRefused()
    {
        NvsCommand.Run("/dev/no-such-port", null, "write", "5", "/dev/zero").ExpectFailure(1, "more than 65534 bytes");
        using ChildProcess shell = new("sh", null, "-c", $"{Path.Combine(AppContext.BaseDirectory, "nvs")} write 5 </dev/zero");
        Assert.AreEqual(1, shell.End());
        StringAssert.Contains(shell.Errors.Text, "stdin has more than 65534 bytes");
        string file = Path.Combine(folder, "large");
        using (FileStream large = File.Create(file))
            large.SetLength(400_000_000);
        NvsCommand.Run("/dev/no-such-port", null, "write", "5", file).ExpectFailure(1, "400000000 bytes; a track has at most 65534");
    }

    /// <summary>Breaks when -o changes who may read a file, puts a file in a pipe's place, or names a file that nobody gave.</summary>
    [TestMethod]
    public void OutputKeepsWhatAFileIs()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Inconclusive("There are neither modes nor pipes in folders.");
            return;
        }
        using PtyBoard board = new(Path.Combine(folder, "cells.fram"), formatsBlank: true);
        NvsCommand.Run(board.Port, "new"u8.ToArray(), "write", "5").Expect(0);

        string file = Path.Combine(folder, "file");
        File.WriteAllText(file, "old");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        NvsCommand.Run(board.Port, null, "read", "5", "-o", file).Expect(0);
        Assert.AreEqual("new", File.ReadAllText(file));
        Assert.AreEqual(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead, File.GetUnixFileMode(file));

        string pipe = Path.Combine(folder, "pipe");
        using (ChildProcess make = new("mkfifo", null, pipe))
            make.End();
        using ChildProcess reader = new("cat", null, pipe);
        NvsCommand.Run(board.Port, null, "read", "5", "-o", pipe).Expect(0);
        Assert.AreEqual("new", reader.Output.ReadToEnd());
        NvsCommand.Run(board.Port, null, "read", "5", "-o", "/dev/null").Expect(0);

        string[] before = Directory.GetFileSystemEntries(folder);
        NvsCommand.Run(board.Port, null, "read", "5", "-o", folder).ExpectFailure(8, $"{folder} is a folder");
        string none = Path.Combine(folder, "none", "file");
        NvsCommand.Outcome outcome = NvsCommand.Run(board.Port, null, "read", "5", "-o", none).ExpectFailure(8, $"The folder of {none}");
        Assert.DoesNotContain(".nvs", outcome.Errors);
        CollectionAssert.AreEquivalent(before, Directory.GetFileSystemEntries(folder), "no half file is left");
        if (File.Exists("/dev/full"))
            NvsCommand.Run(board.Port, null, "read", "5", "-o", "/dev/full").ExpectFailure(8, "/dev/full cannot be written");
    }
}
