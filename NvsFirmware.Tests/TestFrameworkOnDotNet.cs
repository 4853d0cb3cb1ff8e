// The tests in Firmware/ are written for nanoFramework.TestFramework, so that they run on the emulator. Here its names are given
// MSTest's meaning, so that the same files run on .NET. Only what they use; the emulator's build leaves this file out.
global using DataRowAttribute = Microsoft.VisualStudio.TestTools.UnitTesting.DataRowAttribute;
global using TestClassAttribute = Microsoft.VisualStudio.TestTools.UnitTesting.TestClassAttribute;
global using TestMethodAttribute = Microsoft.VisualStudio.TestTools.UnitTesting.TestMethodAttribute;
using System;
using System.Runtime.CompilerServices;
using MSTest = Microsoft.VisualStudio.TestTools.UnitTesting;

namespace nanoFramework.TestFramework;

internal static class Assert
{
    public static void AreEqual(int expected, int actual, [CallerArgumentExpression(nameof(actual))] string message = "") =>
        MSTest.Assert.AreEqual(expected, actual, message);

    public static void AreEqual(uint expected, uint actual, [CallerArgumentExpression(nameof(actual))] string message = "") =>
        MSTest.Assert.AreEqual(expected, actual, message);

    public static void AreEqual(string expected, string actual, [CallerArgumentExpression(nameof(actual))] string message = "") =>
        MSTest.Assert.AreEqual(expected, actual, message);

    public static void IsTrue(bool condition, [CallerArgumentExpression(nameof(condition))] string message = "") =>
        MSTest.Assert.IsTrue(condition, message);

    public static void IsFalse(bool condition, [CallerArgumentExpression(nameof(condition))] string message = "") =>
        MSTest.Assert.IsFalse(condition, message);

    public static void ThrowsException(Type exception, Action action, [CallerArgumentExpression(nameof(action))] string message = "")
    {
        try
        {
            action();
        }
        catch (Exception thrown)
        {
            MSTest.Assert.AreEqual(exception, thrown.GetType(), message);
            return;
        }
        MSTest.Assert.Fail($"{message}: nothing was thrown");
    }
}
