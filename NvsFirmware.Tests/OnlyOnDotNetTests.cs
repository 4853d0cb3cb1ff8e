using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests;

[TestClass]
[OnlyOnDotNet("reads the test assembly by reflection")]
public class OnlyOnDotNetTests
{
    public TestContext TestContext { get; set; } = null!;

    // A test of the firmware's own code belongs to Firmware/, where the emulator runs it too; one that cannot says why. The test's output
    // lists them.
    [TestMethod]
    public void EachTestRunsOnTheEmulatorOrSaysWhyNot()
    {
        List<string> silent = [];
        foreach (Type type in typeof(OnlyOnDotNetTests).Assembly.GetTypes().Where(type => type.IsDefined(typeof(TestClassAttribute), true)))
        {
            bool isInFirmware = type.Namespace == "NvsFirmware.UnitTests"; // the namespace of Firmware/
            string? reason = type.GetCustomAttribute<OnlyOnDotNetAttribute>()?.Reason;
            Assert.IsFalse(isInFirmware && reason != null, $"{type.Name} is in Firmware/, so it runs on the emulator");
            if (!isInFirmware && string.IsNullOrWhiteSpace(reason))
                silent.Add(type.Name);
            if (reason != null)
                TestContext.WriteLine($"{type.Name}: {reason}");
        }
        Assert.IsEmpty(silent, $"move to Firmware/, or give [OnlyOnDotNet(\"why\")]: {string.Join(", ", silent)}");
    }
}
