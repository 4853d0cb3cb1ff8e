using System;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.Testing.Platform.Builder;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests.Mutations;

/// <summary>
/// The program in the configuration 'Mutated': one process runs the tests for one mutant after the other, as Stryker asks. A process for
/// each mutant would take far longer than the tests.
/// </summary>
[TestClass]
public static class TestServer
{
    // How Stryker says which mutant is the active one: a file with its number. Mutated code would read it at each expression, a hundred
    // times slower than the code itself; so it is not told of the file, and gets the number here, before each test.
    private const string MutantFile = "STRYKER_MUTANT_FILE";
    private const string MutantControl = "MutantControl";
    private const string ActiveMutant = "ActiveMutant";
    private const int None = -1;

    private static string? mutantFile;
    private static int foundMutant = None;

    /// <summary>Makes the mutant that is to be tested the active one. Those that a test of this run has found need no other.</summary>
    [GlobalTestInitialize]
    public static void BeforeTest(TestContext context)
    {
        if (mutantFile == null)
            return;
        int mutant = ReadMutant();
        foreach (FieldInfo field in activeMutantFields.Value)
            field.SetValue(null, mutant);
        if (mutant != None && mutant == Volatile.Read(ref foundMutant))
            Assert.Inconclusive("Another test has found this mutant.");
    }

    /// <summary>Notes that a test found the active mutant.</summary>
    [GlobalTestCleanup]
    public static void AfterTest(TestContext context)
    {
        if (mutantFile != null && context.CurrentTestOutcome is UnitTestOutcome.Failed or UnitTestOutcome.Error)
            Volatile.Write(ref foundMutant, ReadMutant());
    }

    private static async Task<int> Main(string[] args)
    {
        mutantFile = Environment.GetEnvironmentVariable(MutantFile);
        Environment.SetEnvironmentVariable(MutantFile, null);
        ITestApplicationBuilder builder = await TestApplication.CreateBuilderAsync(
            [.. args, "--filter", Environment.GetEnvironmentVariable(MutationTarget.FilterVariable) ?? "TestCategory!=Long"]);
        builder.AddMSTest(() => [typeof(TestServer).Assembly]);
        using ITestApplication application = await builder.BuildAsync();
        return await application.RunAsync();
    }

    private static int ReadMutant()
    {
        using FileStream file = new(mutantFile!, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> number = stackalloc byte[sizeof(int)];
        return file.ReadAtLeast(number, number.Length, throwOnEndOfStream: false) == number.Length ? BitConverter.ToInt32(number) : None;
    }

    // Stryker puts its class into the assembly that it changes.
    private static readonly Lazy<FieldInfo[]> activeMutantFields = new(() =>
    [
        .. new[] { typeof(NvsFirmware.Firmware), typeof(NvsHost.NvsClient) }
            .SelectMany(product => product.Assembly.GetTypes().Where(type => type.Name == MutantControl))
            .Select(type => type.GetField(ActiveMutant)!),
    ]);
}
