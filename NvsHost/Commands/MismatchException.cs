using System;

namespace NvsHost.Commands;

/// <summary>Data are not what they should be.</summary>
internal sealed class MismatchException(string message, Exception? inner = null) : Exception(message, inner);
