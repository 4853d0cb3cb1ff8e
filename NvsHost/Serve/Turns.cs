using System;
using System.Collections.Generic;
using System.Threading;

namespace NvsHost.Serve;

/// <summary>One request's turn at the board.</summary>
/// <param name="owner">Whose.</param>
/// <param name="go">Submits the request.</param>
internal sealed class Turn(object owner, Action go)
{
    /// <summary>Whose it is.</summary>
    public object Owner => owner;

    /// <summary>Submits the request.</summary>
    public Action Go => go;

    /// <summary>How many turns had begun when this one became its owner's next.</summary>
    public long NextSince { get; set; }

    /// <summary>True from its beginning to its end.</summary>
    public bool IsTaken { get; set; }
}

/// <summary>Who may ask the board next: one request each, round robin among those who wait.</summary>
/// <remarks>
/// Invariants: an owner stands in <c>order</c>, once, while it has a turn that waits; turns of an owner begin in the order in which they
/// were asked for. While several wait, one turn is taken at a time. An owner that is alone may have <see cref="MostAhead"/>, which travel
/// behind each other. So whoever comes waits for as many turns as the others had taken, and one of each who waits before it.
/// </remarks>
internal sealed class Turns
{
    /// <summary>The most turns that an owner has taken when nobody else waits.</summary>
    public const int MostAhead = 4;

    private readonly Lock sync = new();
    private readonly Dictionary<object, LinkedList<Turn>> waiting = [];
    private readonly List<object> order = [];
    private readonly HashSet<Turn> taken = [];
    private bool isAdvancing;
    private long begun;

    /// <summary>The most turns of others that one has waited for, once it was its owner's next.</summary>
    public long MostWaited { get; private set; }

    /// <summary>Asks for a turn, behind those that this owner has asked for before.</summary>
    public Turn Enter(object owner, Action go)
    {
        Turn turn = new(owner, go);
        lock (sync)
        {
            if (!waiting.TryGetValue(owner, out LinkedList<Turn>? own))
                waiting[owner] = own = [];
            own.AddLast(turn);
            if (own.Count == 1)
                Queue(own);
        }
        Advance();
        return turn;
    }

    /// <summary>A turn is over, or is not wanted any more.</summary>
    /// <returns>True if it had begun.</returns>
    public bool Leave(Turn turn)
    {
        bool hadBegun;
        lock (sync)
        {
            hadBegun = turn.IsTaken;
            if (!taken.Remove(turn) && waiting.TryGetValue(turn.Owner, out LinkedList<Turn>? own))
                GiveUp(turn, own);
        }
        Advance();
        return hadBegun;
    }

    private void Advance()
    {
        while (true)
        {
            Turn? next;
            lock (sync)
            {
                if (isAdvancing)
                    return;
                next = Take();
                if (next is null)
                    return;
                isAdvancing = true;
            }
            try
            {
                next.Go();
            }
            finally
            {
                lock (sync)
                    isAdvancing = false;
            }
        }
    }

    private Turn? Take()
    {
        if (order.Count == 0 || !MayTake(order[0]))
            return null;
        LinkedList<Turn> own = waiting[order[0]];
        Turn turn = own.First!.Value;
        order.RemoveAt(0);
        own.RemoveFirst();
        MostWaited = Math.Max(MostWaited, begun - turn.NextSince);
        begun++;
        turn.IsTaken = true;
        taken.Add(turn);
        if (own.Count > 0)
            Queue(own);
        else
            waiting.Remove(turn.Owner);
        return turn;
    }

    // The first of an owner's turns becomes its next.
    private void Queue(LinkedList<Turn> own)
    {
        Turn first = own.First!.Value;
        first.NextSince = begun;
        order.Add(first.Owner);
    }

    private void GiveUp(Turn turn, LinkedList<Turn> own)
    {
        bool wasNext = own.First?.Value == turn;
        own.Remove(turn);
        if (own.Count > 0 && wasNext)
            own.First!.Value.NextSince = turn.NextSince; // it has its place
        else if (own.Count == 0)
        {
            order.Remove(turn.Owner);
            waiting.Remove(turn.Owner);
        }
    }

    private bool MayTake(object owner)
    {
        if (taken.Count == 0)
            return true;
        if (taken.Count >= MostAhead || order.Count > 1)
            return false;
        foreach (Turn turn in taken)
            if (turn.Owner != owner)
                return false;
        return true;
    }
}
