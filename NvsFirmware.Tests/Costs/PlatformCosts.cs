using System.Collections.Frozen;
using System.Collections.Generic;

namespace NvsFirmware.Tests.Costs;

/// <summary>
/// What lies below the firmware's assembly on a board: nanoFramework's class library down to its native methods, and the board's adapters.
/// Here the firmware meets .NET's instead, so these are constants: counted once, in a program on the interpreter and in the libraries'
/// sources.
/// </summary>
internal static class PlatformCosts
{
    /// <summary>A SpanByte takes so many bytes of a board's heap each time one is made, and once more where a method returns it.</summary>
    public const int SpanHeapBytes = 48;

    // new SpanByte(array, start, length); as an argument or a result of a method it is passed by copies.
    private static readonly Tally span = new(30, 1, 0, SpanHeapBytes);

    // new SpanByte(array).
    private static readonly Tally wholeSpan = new(14, 1, 0, SpanHeapBytes);

    // An array where a SpanByte is wanted: an implicit conversion, which makes one and returns it.
    private static readonly Tally implicitSpan = new(14 + 3, 2, 0, 2 * SpanHeapBytes);

    // SpiDevice.Write takes null for what it reads: an implicit conversion, which makes a SpanByte and returns it.
    private static readonly Tally nullSpan = new(13 + 3, 2, 0, 2 * SpanHeapBytes);

    private static readonly Tally native = new(0, 0, 1, 0);

    private static readonly FrozenDictionary<string, Tally> costs = new Dictionary<string, Tally>
    {
        ["System.Array::Copy/5"] = native,
        ["System.Array::Copy/3"] = new(7, 1, 1, 0),
        ["System.Array::Clear/3"] = native,
        ["System.Array::IndexOf/4"] = new(9, 1, 1, 0),
        ["System.BitConverter::ToInt16/2"] = native,
        ["System.BitConverter::ToUInt16/2"] = native,
        ["System.BitConverter::ToInt32/2"] = native,
        ["System.BitConverter::ToUInt32/2"] = native,
        ["System.Object::.ctor/0"] = new(1, 1, 0, 0),
        ["System.Object::ReferenceEquals/2"] = new(4, 1, 0, 0),

        // .NET has a ReadOnlySpan where nanoFramework has a SpanByte.
        ["System.ReadOnlySpan`1<System.Byte>::.ctor/3"] = span,
        ["System.Span`1<System.Byte>::.ctor/3"] = span,
        ["System.IO.Hashing.Crc32::.ctor/0"] = new(6, 1, 0, 0),
        ["System.IO.Hashing.Crc32::HashToUInt32/1"] = new(6, 1, 1, 0),
        ["System.IO.Hashing.Crc32::Append/1"] = new(7, 1, 1, 0),
        ["System.IO.Hashing.Crc32::GetCurrentHashAsUInt32/0"] = new(5, 1, 0, 0),
        ["System.IO.Hashing.NonCryptographicHashAlgorithm::Append/1"] = new(7, 1, 1, 0),
        ["System.IO.Hashing.NonCryptographicHashAlgorithm::Reset/0"] = new(4, 1, 0, 0),
        ["System.IO.Hashing.Crc32::Reset/0"] = new(4, 1, 0, 0),

        // The board's adapters: SpiDeviceBus, SerialPortUart, SystemClock.
        ["NvsFirmware.Fram.ISpiBus::Send/1"] = new Tally(11 + 7, 2, 1, 0) + wholeSpan + nullSpan,
        ["NvsFirmware.Fram.ISpiBus::Write/3"] = new Tally(12 + 7, 2, 1, 0) + span + nullSpan,
        ["NvsFirmware.Fram.ISpiBus::Transfer/4"] = new Tally(16 + 10, 2, 1, 2 * SpanHeapBytes) + span + span,
        ["NvsFirmware.Fram.ISpiBus::Exchange/2"] = new Tally(12 + 10, 2, 1, 2 * SpanHeapBytes) + wholeSpan + wholeSpan,
        ["NvsFirmware.Wire.IUart::Read/4"] = new(60, 5, 4, 0),
        ["NvsFirmware.Wire.IUart::Write/3"] = new(19, 3, 1, 0),
        ["NvsFirmware.Wire.IUart::Reopen/0"] = new(19, 3, 2, 0),
        ["NvsFirmware.IClock::get_NowMs/0"] = new(2, 1, 1, 0),
        ["NvsFirmware.IClock::Sleep/1"] = new(3, 1, 1, 0),

        // Only at boot, in errors, and in texts for people.
        ["System.Runtime.CompilerServices.RuntimeHelpers::InitializeArray/2"] = native,
        ["System.Exception::.ctor/1"] = new(6, 1, 0, 0),
        ["System.Exception::.ctor/2"] = new(9, 1, 0, 0),
        ["System.Int32::ToString/0"] = new(10, 3, 1, 32),
        ["System.UInt32::ToString/0"] = new(10, 3, 1, 32),
        ["System.String::Concat/2"] = native,
        ["System.String::Concat/3"] = native,
        ["System.String::Concat/4"] = native,
        ["System.String::Concat/1"] = native,
        ["System.String::get_Length/0"] = native,
        ["System.String::get_Chars/1"] = native,
        ["System.String::Substring/1"] = native,
        ["System.String::op_Equality/2"] = new(4, 1, 1, 0),
        ["System.String::Equals/2"] = native,
    }.ToFrozenDictionary();

    /// <summary>The cost of a call out of the firmware's assembly, or null where nobody has counted it.</summary>
    /// <param name="method">Type, name and number of parameters, as <c>System.Array::Copy/5</c>.</param>
    public static Tally? Of(string method) => costs.TryGetValue(method, out Tally cost) ? cost : null;
}
