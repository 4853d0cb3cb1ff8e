using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Threading.Tasks;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NJsonSchema;
using NJsonSchema.Validation;
using NvsFirmware.Tests.Rig;

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
        JsonElement definitions = Definitions();
        using SimProcess board = new(FramPath);
        byte[] data = [.. Enumerable.Range(0, 2000).Select(i => (byte)i)];
        string id = (await CheckAsync("format", board, null, "BLANK")).GetProperty("storeId").GetString()!;
        await CheckAsync("write", board, data, "5");
        await CheckAsync("batch", board, [], "6=-", "--release", "5");
        await CheckAsync("read", board, null, "6");
        await CheckAsync("read", board, null, "6", "-o", Path.Combine(folder, "out"));
        await CheckAsync("release", board, null, "6");
        await CheckAsync("write", board, data, "7");
        foreach (string command in new[] { "info", "stats", "list", "verify", "ports" })
            await CheckAsync(command, board, null);
        await CheckAsync("repair", board, null, id);
        await CheckAsync("bench", board, null, "--size", "8", "--count", "2");

        async Task<JsonElement> CheckAsync(string command, SimProcess board, byte[]? input, params string[] arguments)
        {
            string json = NvsCommand.Run(board.Port, input, [command, .. arguments, "--json"]).Expect(0).Output;
            await ValidateAsync(definitions, command, json);
            return JsonDocument.Parse(json).RootElement;
        }
    }

    /// <summary>Breaks when a failure with --json is no JSON, leaves out what a program decides by, or goes to stdout.</summary>
    [TestMethod]
    public async Task FailuresAreAsDefined()
    {
        JsonElement definitions = Definitions();
        using SimProcess board = new(FramPath, "--format-blank");
        NvsCommand.Run(board.Port, [1], "write", "5").Expect(0);

        JsonElement error = await CheckAsync(5, "write", "5", "--expect", "7");
        Assert.AreEqual(
            ("VersionMismatch", 5, 2, 5, "NotCommitted"),
            (error.GetProperty("status").GetString(),
                error.GetProperty("track").GetInt32(),
                error.GetProperty("actualVersion").GetInt32(),
                error.GetProperty("exitCode").GetInt32(),
                error.GetProperty("outcome").GetString()));
        Assert.AreEqual(1, error.GetProperty("write").GetProperty("number").GetInt32());
        Assert.AreEqual("NotFound", (await CheckAsync(5, "read", "77")).GetProperty("status").GetString());
        Assert.AreEqual("Missing", (await CheckAsync(3, "info", "--port", "/dev/no-such-port")).GetProperty("port").GetString());
        StringAssert.Contains((await CheckAsync(1, "wirte")).GetProperty("message").GetString()!, "Did you mean write?");
        StringAssert.Contains((await CheckAsync(8, "write", "5", folder)).GetProperty("message").GetString()!, "is a folder");

        async Task<JsonElement> CheckAsync(int exitCode, params string[] arguments)
        {
            NvsCommand.Outcome outcome = NvsCommand.Run(board.Port, [1], [.. arguments, "--json"]).Expect(exitCode);
            Assert.AreEqual("", outcome.Output);
            await ValidateAsync(definitions, "error", outcome.Errors);
            return JsonDocument.Parse(outcome.Errors).RootElement.GetProperty("error");
        }
    }

    private static JsonElement Definitions()
    {
        string text = File.ReadAllText(Path.Combine(MarkdownSamples.Root, "docs/cli.md"));
        string json = Regex.Match(text, "^```json\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value;
        return JsonDocument.Parse(json).RootElement.GetProperty("definitions");
    }

    private static async Task ValidateAsync(JsonElement definitions, string name, string json)
    {
        JsonSchema schema = await JsonSchema.FromJsonAsync($$"""{ "$ref": "#/definitions/{{name}}", "definitions": {{definitions.GetRawText()}} }""");
        IEnumerable<ValidationError> errors = schema.ActualSchema.Validate(json);
        Assert.IsEmpty(errors, $"{name}: {string.Join("; ", errors)}\n{json}");
    }
}
