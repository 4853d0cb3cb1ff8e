using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using NvsFirmware.Tests.Host;

namespace NvsFirmware.Tests.Mutations;

/// <summary>Files that are mutated in one run, and the tests that must find the mutants.</summary>
/// <param name="Project">The project file that they are part of, from the repository's root.</param>
/// <param name="Files">They, from the repository's root.</param>
/// <param name="Tests">The classes of the tests; those that take processes, terminals or long do not belong here.</param>
/// <param name="SlowTests">Tests of these classes that are left out: each takes longer than most mutants.</param>
internal sealed record MutationTarget(
    string Project, IReadOnlyList<string> Files, IReadOnlyList<string> Tests, IReadOnlyList<string> SlowTests)
{
    /// <summary>The variable by which <see cref="Filter"/> gets to the tests.</summary>
    public const string FilterVariable = "NVS_MUTATION_TESTS";

    private const string Firmware = "NvsFirmware/NvsFirmware.csproj";
    private const string Client = "NvsHost/Client/NvsClient.csproj";

    private static readonly string[] firmwareFolders = ["Wire", "Fram", "HostAdapter", "Cache", "Nvs", "Nvs/Boot", "Nvs/OnRequest", "."];

    /// <summary>What of the client speaks the protocol. The rest are ports, files and locks: tests of processes show those.</summary>
    private static readonly string[] clientFiles =
    [
        "AnswerFrame", "BoardInfo", "BoardSession", "BoardStats", "Conversation", "Conversation.Frames", "Door", "LastAnswer",
        "NvsCheckpoint",
        "NvsClient", "NvsCounter", "NvsUpdate", "Query", "Reconnector", "Request", "StoreInfo", "StoreName", "Window", "WriteItem",
        "WriteRequest", "WriteRow",
    ];

    /// <summary>What only a board has.</summary>
    private static readonly string[] notMutated = ["Program.cs"];

    private static readonly string[] firmwareTests =
    [
        "NvsFirmware.UnitTests", "Tests.BadInputTests", "Tests.BadWriteTests", "Tests.BehindTests", "Tests.BlankChipTests",
        "Tests.BootReadTests", "Tests.CacheTests", "Tests.CheckOrderTests", "Tests.ChipFormatTests", "Tests.ChipLostTests",
        "Tests.ClaimsTests", "Tests.DamagedStoreTests", "Tests.ExactlyOnceTests", "Tests.ForgottenClientTests",
        "Tests.FormatTests", "Tests.FramDropTests", "Tests.LapTests", "Tests.LineTests", "Tests.MidRequestTests", "Tests.ProtectionTests",
        "Tests.QuietTests", "Tests.RecordTests", "Tests.RecordedFramesTests", "Tests.RepairTests", "Tests.RunsTests", "Tests.StatsTests",
        "Tests.SumTests", "Tests.TimeoutTests", "Tests.UartFaultsTests", "Tests.UndefinedInputTests", "Tests.VersionTests",
        "Tests.WhichChipTests",
    ];

    private static readonly string[] slowFirmwareTests =
    [
        "PowerLossTests", "AClientThatMayHaveBeenForgottenIsNeverToldThatItDi", "NoMixOfGoodAndBadFramesChangesMoreThanItsWholeRequ",
        "RandomReadsAndWritesMatchAModel", "AContactThatIsLostForAWhileIsNoDamage", "ACutFormatLeavesTheOldStoreOrABlankChipOrTheNewSto",
        "ACutRepairForgetsNoClient",
    ];

    private static readonly string[] clientTests =
    [
        "Host.CallbackTests", "Host.ClientPropertyTests", "Host.DoubtTests", "Host.HelperTests", "Host.LastAnswerTests",
        "Host.LineFaultTests",
        "Host.NvsClientTests", "Host.ReconnectTests", "Tests.Client.",
    ];

    private static readonly string[] slowClientTests =
    [
        "ACounterCountsEveryIncrementOnce", "OneBadFrameChangesNothing", "AWriteWhoseLastPartWasNotSentIsNotCommitted",
        "TwoProgramsOnOneLineNoticeEachOther",
        "ABoardThatRestartsAfterTheCommitStillTellsIt", "ALoggerAListenerOrAHandlerThatThrowsHidesNoCommit",
        "WhatTooManyClientsHaveCommittedSinceIsUnknown",
    ];

    /// <summary>The tests, as a filter of test platforms.</summary>
    public string Filter => $"({string.Join('|', Tests.Select(name => $"FullyQualifiedName~{name}"))})"
        + string.Concat(SlowTests.Select(name => $"&FullyQualifiedName!~{name}"));

    /// <summary>All of them, a project each: beside the mutants a run takes its time to build, and for the tests without one.</summary>
    public static IEnumerable<MutationTarget> All() =>
    [
        new MutationTarget(Firmware, [.. FirmwareFiles()], firmwareTests, slowFirmwareTests),
        new MutationTarget(Client, [.. clientFiles.Select(name => $"NvsHost/Client/{name}.cs")], clientTests, slowClientTests),
    ];

    private static IEnumerable<string> FirmwareFiles() =>
        firmwareFolders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(MarkdownSamples.Root, "NvsFirmware", folder), "*.cs"))
            .Select(file => Path.GetRelativePath(MarkdownSamples.Root, Path.GetFullPath(file)).Replace('\\', '/'))
            .Where(file => !notMutated.Contains(Path.GetFileName(file)))
            .Order();

    /// <summary>What of it lies in or is one of these paths; nothing, if no path is given, means all.</summary>
    public MutationTarget Within(IReadOnlyList<string> paths) => paths.Count == 0 ? this : this with
    {
        Files = [.. Files.Where(file => paths.Any(path =>
            path == "." || file == path || file.StartsWith($"{path.TrimEnd('/')}/", StringComparison.Ordinal)))],
    };
}
