using Spectre.Console;

namespace NvsHost.Commands.Monitor;

/// <summary>A line of the screen, which is never longer than the screen is wide.</summary>
internal sealed class ScreenLine(int width)
{
    private readonly Paragraph text = new() { Overflow = Overflow.Crop };
    private int used;

    /// <summary>The line, for the terminal library.</summary>
    public Paragraph Text => text;

    /// <summary>Adds text; what does not fit is left out.</summary>
    public ScreenLine Add(string more, Style? style = null)
    {
        if (more.Length > width - used)
            more = more[..(width - used)];
        if (more.Length > 0)
            text.Append(more, style);
        used += more.Length;
        return this;
    }

    /// <summary>Goes on at a column.</summary>
    public ScreenLine At(int column) => Add(new string(' ', column > used ? column - used : 0));

    /// <summary>Adds text that ends at the edge of the screen.</summary>
    public ScreenLine Right(string more, Style? style = null) => At(width - more.Length).Add(more, style);
}
