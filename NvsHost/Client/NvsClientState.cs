namespace NvsHost;

/// <summary>How an <see cref="NvsClient"/> stands to its board.</summary>
public enum NvsClientState
{
    /// <summary>The board has answered, and nothing speaks against it answering now.</summary>
    Connected,

    /// <summary>The board, or the line to it, is gone; the client looks for it, and what is asked meanwhile waits.</summary>
    Reconnecting,

    /// <summary>The line broke and is not opened again, or the client was disposed of.</summary>
    Closed,
}
