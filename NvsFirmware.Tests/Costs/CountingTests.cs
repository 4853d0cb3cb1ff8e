using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using Mono.Cecil;

namespace NvsFirmware.Tests.Costs;

/// <summary>That the rewritten firmware counts what it executes: no more and no less.</summary>
[TestClass]
[OnlyOnDotNet("rewrites the firmware's assembly")]
public sealed class CountingTests
{
    private readonly CountedContext context = new();

    [TestMethod]
    public void AMethodWithoutBranchesCountsItsInstructions()
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(CountedContext.FirmwarePath);
        int instructions = assembly.MainModule.GetType(typeof(Buffers).FullName)
            .Methods.Single(method => method.Name == nameof(Buffers.PutInt32)).Body.Instructions.Count;

        Assert.AreEqual(instructions, Call<long>(nameof(CountedCalls.IlOfPutInt32)));
    }

    [TestMethod]
    public void ALoopCountsEachOfItsRounds()
    {
        // Breaks when a branch's target is not moved to the counting in front of it.
        long none = Call<long>(nameof(CountedCalls.IlOfALoop), 0);
        long one = Call<long>(nameof(CountedCalls.IlOfALoop), 1) - none;

        Assert.IsGreaterThan(5, one);
        Assert.AreEqual(none + 1000 * one, Call<long>(nameof(CountedCalls.IlOfALoop), 1000));
    }

    [TestMethod]
    public void WhatLiesBelowTheFirmwareIsCountedByItsConstants()
    {
        long[] crc = Call<long[]>(nameof(CountedCalls.OfACrc));

        Assert.IsGreaterThan(30 + 6, crc[0], "IL: a SpanByte, HashToUInt32 and the firmware's own");
        Assert.AreEqual(1, crc[2], "native calls");
        Assert.IsTrue(crc[3] is 48 or 96, $"{crc[3]} bytes of heap: one or two copies of a SpanByte");
    }

    [TestMethod]
    public void TheCountedFirmwareIsNotTheTestsOwn()
    {
        // Breaks when the context hands on the tests' own firmware: then everything would cost nothing.
        Assert.AreEqual(0, CountedCalls.IlOfPutInt32());
        Assert.AreNotEqual(0, Call<long>(nameof(CountedCalls.IlOfPutInt32)));
    }

    private T Call<T>(string method, params object[] arguments) => (T)context.Call(typeof(CountedCalls), method, arguments)!;
}
