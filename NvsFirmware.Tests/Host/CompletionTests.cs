using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.Host;

/// <summary>Completion as the shells ask for it, and the shells that are installed.</summary>
[TestClass]
[OnlyOnDotNet("runs shells")]
public sealed class CompletionTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when commands, options or a board's tracks are not offered, or a board that is not there is told of.</summary>
    [TestMethod]
    public void NvsKnowsWhatCanFollow()
    {
        using PtyBoard board = new(Path.Combine(folder, "cells.fram"), formatsBlank: true);
        NvsCommand.Run(board.Port, [1], "write", "41").Expect(0);
        NvsCommand.Run(board.Port, [1], "write", "4200").Expect(0);

        CollectionAssert.Contains(Suggest(null, "nvs w"), "write");
        CollectionAssert.Contains(Suggest(null, "nvs read --h"), "--hex");
        CollectionAssert.IsSubsetOf(new[] { "41", "4200" }, Suggest(board.Port, "nvs --timeout 600000 read "));
        CollectionAssert.AreEqual(new[] { "4200" }, Suggest(board.Port, "nvs --timeout 600000 read 42"));
        CollectionAssert.Contains(Suggest(null, $"nvs release --timeout 600000 --port {board.Port} "), "41");
        CollectionAssert.IsSubsetOf(new[] { "41", "4200" }, Suggest(board.Port, "nvs --timeout 600000 batch --release "));
        Assert.IsEmpty(Suggest("/dev/no-such-port", "nvs read ").Where(word => char.IsAsciiDigit(word[0])));
    }

    /// <summary>
    /// Breaks when a script does not run in its shell, or drops what nvs offers. Shells that are not installed are left out.
    /// </summary>
    [TestMethod]
    [DataRow("bash", "eval \"$(nvs completion bash)\"; COMP_WORDS=(nvs re); COMP_CWORD=1; COMP_LINE='nvs re'; COMP_POINT=6; _nvs; "
        + "printf '%s\\n' \"${COMPREPLY[@]}\"")]
    [DataRow("zsh", "compdef() { :; }; compadd() { printf '%s\\n' $found; }; source <(nvs completion zsh); "
        + "words=(nvs re); CURRENT=2; _nvs")]
    [DataRow("fish", "nvs completion fish | source; complete -C 'nvs re'")]
    public void TheShellCompletes(string shell, string script)
    {
        if (!Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(place => File.Exists(Path.Combine(place, shell))))
            Assert.Inconclusive($"{shell} is not installed.");
        Dictionary<string, string?> environment = new()
        {
            ["PATH"] = $"{AppContext.BaseDirectory}:{Environment.GetEnvironmentVariable("PATH")}",
            ["NVS_PORT"] = "",
        };
        using ChildProcess process = new(shell, environment, "-c", script);
        process.End();
        string[] words = process.Output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        CollectionAssert.IsSubsetOf(new[] { "read", "release", "repair" }, words, process.Errors.Text);
        CollectionAssert.DoesNotContain(words, "write");
    }

    private static string[] Suggest(string? port, string line)
    {
        NvsCommand.Outcome outcome = NvsCommand.RunProcess(port, null, $"[suggest:{line.Length}]", line).Expect(0);
        Assert.AreEqual("", outcome.Errors);
        return outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
