using System.Runtime.CompilerServices;

namespace NvsFirmware.Tests.World;

/// <summary>The text of a check that fails; of one that does not, nothing is put together.</summary>
[InterpolatedStringHandler]
public ref struct WhenWrong
{
    private DefaultInterpolatedStringHandler text;

    public WhenWrong(int literalLength, int formattedCount, bool isRight, out bool isNeeded)
    {
        isNeeded = !isRight;
        text = isRight ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount);
    }

    public void AppendLiteral(string literal) => text.AppendLiteral(literal);

    public void AppendFormatted<T>(T value) => text.AppendFormatted(value);

    public void AppendFormatted<T>(T value, string format) => text.AppendFormatted(value, format);

    public string ToText() => text.ToStringAndClear();
}
