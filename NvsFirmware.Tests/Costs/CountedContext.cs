using System;
using System.IO;
using System.Reflection;
using System.Runtime.Loader;

namespace NvsFirmware.Tests.Costs;

/// <summary>
/// Where the counting firmware lives, and with it a second copy of the tests and of the simulated chip, which know no difference.
/// </summary>
internal sealed class CountedContext : AssemblyLoadContext
{
    private readonly byte[] firmware;

    /// <summary>Rewrites the firmware.</summary>
    public CountedContext()
    {
        firmware = CountingRewriter.Rewrite(FirmwarePath, out string[] methods);
        Methods = methods;
    }

    /// <summary>Names of the firmware's methods, by the numbers with which <see cref="Counters"/> counts them.</summary>
    public string[] Methods { get; }

    /// <summary>The firmware that is counted: built Release, as for a board.</summary>
    public static string FirmwarePath => Path.Combine(AppContext.BaseDirectory, "Release", "NvsFirmware.dll");

    /// <summary>Calls a static method of the copy.</summary>
    public object? Call(Type type, string method, params object?[] arguments) =>
        LoadFromAssemblyPath(type.Assembly.Location).GetType(type.FullName!)!
            .GetMethod(method, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)!
            .Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        if (assemblyName.Name == "NvsFirmware")
            return LoadFromStream(new MemoryStream(firmware));
        bool isCopied = assemblyName.Name is "NvsSim" || assemblyName.Name == typeof(CountedContext).Assembly.GetName().Name;
        return isCopied ? LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, assemblyName.Name + ".dll")) : null;
    }
}
