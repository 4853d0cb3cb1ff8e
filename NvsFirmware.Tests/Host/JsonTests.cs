using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NJsonSchema;
using NJsonSchema.Validation;

namespace NvsFirmware.Tests.Host;

/// <summary>What --json prints is what docs/cli.md defines, field by field.</summary>
[TestClass]
[OnlyOnDotNet("runs processes")]
public sealed class JsonTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("nvs-").FullName;

    private string FramPath => Path.Combine(folder, "cells.fram");

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    /// <summary>Breaks when an answer has a field that docs/cli.md does not define, lacks one, or an enum is a number.</summary>
    [TestMethod]
    public async Task AnswersAreAsDefined()
    {
        JsonSchema document = await DocumentAsync();
        using PtyBoard board = new(FramPath);
        byte[] data = [.. Enumerable.Range(0, 2000).Select(i => (byte)i)];
        string id = Check("format", board, null, "BLANK").GetProperty("storeId").GetString()!;
        Check("write", board, data, "5");
        Check("batch", board, [], "6=-", "--release", "5");
        Check("read", board, null, "6");
        Check("read", board, null, "6", "-o", Path.Combine(folder, "out"));
        Check("release", board, null, "6");
        Check("write", board, data, "7");
        foreach (string command in new[] { "info", "stats", "list", "verify", "ports" })
            Check(command, board, null);
        string backup = Path.Combine(folder, "backup");
        Check("backup", board, null, backup);
        Check("restore", board, null, backup);
        Check("watch", board, null, "7", "--count", "1");
        Check("monitor", board, null, "--once");
        Check("inspect", board, null, FramPath);
        Check("repair", board, null, id);
        Check("bench", board, null, "--size", "8", "--count", "2");
        Check("watch", board, null, "8", "--count", "1");
        Check("inspect", board, null, FramPath, "--extract", Path.Combine(folder, "tracks"));

        JsonElement Check(string command, PtyBoard board, byte[]? input, params string[] arguments)
        {
            string json = NvsCommand.Run(board.Port, input, [command, .. arguments, "--json"]).Expect(0).Output;
            Validate(document, command, json);
            return JsonDocument.Parse(json).RootElement;
        }
    }

    /// <summary>Breaks when a failure with --json is no JSON, leaves out what a program decides by, or goes to stdout.</summary>
    [TestMethod]
    public async Task FailuresAreAsDefined()
    {
        JsonSchema document = await DocumentAsync();
        using PtyBoard board = new(FramPath, formatsBlank: true);
        NvsCommand.Run(board.Port, [1], "write", "5").Expect(0);

        JsonElement error = Check(5, "write", "5", "--expect", "7");
        Assert.AreEqual(
            ("VersionMismatch", 5, 2, 5, "NotCommitted"),
            (error.GetProperty("status").GetString(),
                error.GetProperty("track").GetInt32(),
                error.GetProperty("actualVersion").GetInt32(),
                error.GetProperty("exitCode").GetInt32(),
                error.GetProperty("outcome").GetString()));
        Assert.AreEqual(1, error.GetProperty("write").GetProperty("number").GetInt32());
        Assert.AreEqual("NotFound", Check(5, "read", "77").GetProperty("status").GetString());
        Assert.AreEqual("Missing", Check(3, "info", "--port", "/dev/no-such-port").GetProperty("port").GetString());
        StringAssert.Contains(Check(1, "wirte").GetProperty("message").GetString()!, "Did you mean write?");
        StringAssert.Contains(Check(8, "write", "5", folder).GetProperty("message").GetString()!, "is a folder");

        JsonElement Check(int exitCode, params string[] arguments)
        {
            NvsCommand.Outcome outcome = NvsCommand.Run(board.Port, [1], [.. arguments, "--json"]).Expect(exitCode);
            Assert.AreEqual("", outcome.Output);
            Validate(document, "error", outcome.Errors);
            return JsonDocument.Parse(outcome.Errors).RootElement.GetProperty("error");
        }
    }

    private static async Task<JsonSchema> DocumentAsync()
    {
        string text = File.ReadAllText(Path.Combine(MarkdownSamples.Root, "docs/cli.md"));
        return await JsonSchema.FromJsonAsync(
            Regex.Match(text, "^```json\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value);
    }

    private static void Validate(JsonSchema document, string name, string json)
    {
        IEnumerable<ValidationError> errors = document.Definitions[name].ActualSchema.Validate(json);
        Assert.IsEmpty(errors, $"{name}: {string.Join("; ", errors)}\n{json}");
    }
}
