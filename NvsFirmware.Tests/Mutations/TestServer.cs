using System;
using System.Threading.Tasks;
using Microsoft.Testing.Platform.Builder;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Mutations;

/// <summary>
/// The program in the configuration 'Mutated': runs the tests again and again in one process, as Stryker asks. A process for each mutant would
/// take far longer than the tests.
/// </summary>
internal static class TestServer
{
    /// <summary>The variable with the filter that chooses the tests.</summary>
    public const string Filter = "NVS_MUTATION_TESTS";

    private static async Task<int> Main(string[] args)
    {
        ITestApplicationBuilder builder = await TestApplication.CreateBuilderAsync(
            [.. args, "--filter", Environment.GetEnvironmentVariable(Filter) ?? "TestCategory!=Long"]);
        builder.AddMSTest(() => [typeof(TestServer).Assembly]);
        using ITestApplication application = await builder.BuildAsync();
        return await application.RunAsync();
    }
}
