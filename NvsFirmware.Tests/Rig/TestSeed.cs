using System;
using System.Globalization;
using System.IO;
using System.Runtime.CompilerServices;

namespace NvsFirmware.Tests.Rig;

/// <summary>Chooses the part of something large that a test tries: another part in each run, so that in time all of it is tried.</summary>
internal static class TestSeed
{
    /// <summary>The environment variable that gives the seed.</summary>
    public const string Variable = "NVS_SEED";

    private const int MostSeeds = 1_000_000;

    /// <summary>A seed for the test that calls this; prints the command that takes the same one again.</summary>
    public static ulong Take([CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        ulong seed = ulong.TryParse(
            Environment.GetEnvironmentVariable(Variable), NumberStyles.None, CultureInfo.InvariantCulture, out ulong given)
            ? given
            : (ulong)Random.Shared.Next(MostSeeds);
        Console.WriteLine(
            $"Again: {Variable}={seed} dotnet test --filter FullyQualifiedName~{Path.GetFileNameWithoutExtension(file)}.{test}");
        return seed;
    }
}
