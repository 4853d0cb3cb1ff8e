using System;
using System.Linq;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>How FORMAT and REPAIR name a store.</summary>
internal static class StoreName
{
    /// <summary>Bytes of a store's id.</summary>
    public const int IdBytes = 8;

    /// <summary>The eight bytes of a name.</summary>
    /// <param name="name">An id in hex, <see cref="Payload.Format.BlankName"/> or <see cref="Payload.Format.DamagedName"/>.</param>
    /// <exception cref="ArgumentException">It is none of these.</exception>
    public static byte[] Bytes(string name)
    {
        if (name is Payload.Format.BlankName or Payload.Format.DamagedName)
        {
            byte[] bytes = new byte[IdBytes];
            Buffers.PutText(bytes, 0, IdBytes, name);
            return bytes;
        }
        return name.Length == 2 * IdBytes && name.All(char.IsAsciiHexDigit)
            ? Convert.FromHexString(name)
            : throw new ArgumentException(
                $"\"{name}\" names no store: it is the store's id of 16 hex digits, "
                + $"{Payload.Format.BlankName} or {Payload.Format.DamagedName}.");
    }
}
