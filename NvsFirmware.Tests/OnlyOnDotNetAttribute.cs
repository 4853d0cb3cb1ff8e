using System.Collections.Generic;
using Microsoft.VisualStudio.TestTools.UnitTesting;

namespace NvsFirmware.Tests;

/// <summary>
/// Says why a class of tests is not in Firmware/, and so does not run on nanoFramework's emulator. A test category as well:
/// <c>--filter TestCategory=OnlyOnDotNet</c>.
/// </summary>
/// <param name="reason">What it needs that the emulator does not have.</param>
public sealed class OnlyOnDotNetAttribute(string reason) : TestCategoryBaseAttribute
{
    public string Reason => reason;

    public override IList<string> TestCategories => ["OnlyOnDotNet"];
}
