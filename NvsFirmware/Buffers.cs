namespace NvsFirmware;

/// <summary>Little-endian numbers in byte arrays, without the allocation that BitConverter.GetBytes makes.</summary>
public static class Buffers
{
    /// <summary>Stores the low 16 bits of a number.</summary>
    public static void PutUInt16(byte[] buffer, int offset, int value)
    {
        buffer[offset] = (byte)value;
        buffer[offset + 1] = (byte)(value >> 8);
    }

    /// <summary>Stores a 32-bit number.</summary>
    public static void PutInt32(byte[] buffer, int offset, int value)
    {
        buffer[offset] = (byte)value;
        buffer[offset + 1] = (byte)(value >> 8);
        buffer[offset + 2] = (byte)(value >> 16);
        buffer[offset + 3] = (byte)(value >> 24);
    }

    /// <summary>Stores a 32-bit number.</summary>
    public static void PutUInt32(byte[] buffer, int offset, uint value)
    {
        buffer[offset] = (byte)value;
        buffer[offset + 1] = (byte)(value >> 8);
        buffer[offset + 2] = (byte)(value >> 16);
        buffer[offset + 3] = (byte)(value >> 24);
    }

    /// <summary>Reads a 16-bit number, 0 to 65535.</summary>
    public static int GetUInt16(byte[] buffer, int offset) => buffer[offset] | (buffer[offset + 1] << 8);

    /// <summary>Reads a 32-bit number. Built from bytes: an int made from a uint keeps its unsigned tag on nanoFramework.</summary>
    public static int GetInt32(byte[] buffer, int offset) => System.BitConverter.ToInt32(buffer, offset);

    /// <summary>Stores ASCII text, cut or padded with zeros to <paramref name="count"/> bytes.</summary>
    public static void PutText(byte[] buffer, int offset, int count, string text)
    {
        for (int i = 0; i < count; i++)
            buffer[offset + i] = i < text.Length ? (byte)text[i] : (byte)0;
    }

    /// <summary>True when bytes are ASCII text as <see cref="PutText"/> stores it.</summary>
    public static bool IsText(byte[] buffer, int offset, int count, string text)
    {
        for (int i = 0; i < count; i++)
            if (buffer[offset + i] != (i < text.Length ? (byte)text[i] : (byte)0))
                return false;
        return true;
    }

    /// <summary>True when all bytes have the value.</summary>
    public static bool AreAll(byte[] buffer, int offset, int count, byte value)
    {
        for (int i = 0; i < count; i++)
            if (buffer[offset + i] != value)
                return false;
        return true;
    }

    /// <summary>True when two stretches of bytes are the same.</summary>
    public static bool AreSame(byte[] buffer, int offset, byte[] other, int otherOffset, int count)
    {
        for (int i = 0; i < count; i++)
            if (buffer[offset + i] != other[otherOffset + i])
                return false;
        return true;
    }
}
