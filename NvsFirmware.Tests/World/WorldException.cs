using System;

namespace NvsFirmware.Tests.World;

/// <summary>The world is not as it must be.</summary>
public sealed class WorldException(string message, Exception? inner = null) : Exception(message, inner);
