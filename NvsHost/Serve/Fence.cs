using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace NvsHost.Serve;

/// <summary>
/// Keeps LAST final: when it has told a program what became of a client's requests, no request of that client that another
/// connection still holds, in the server or on its way to it, is carried out later. So a program that was killed and started again learns
/// the truth.
/// </summary>
/// <remarks>Invariant: a session sends write requests of a client only if it began after every LAST that another session has asked
/// for that client.</remarks>
internal sealed class Fence
{
    private readonly Lock sync = new();
    private readonly Dictionary<uint, (long At, GuestSession Asker)> asked = [];
    private readonly List<GuestSession> sessions = [];
    private long clock;

    /// <summary>A session begins.</summary>
    public GuestSession Begin(Guest owner)
    {
        lock (sync)
        {
            GuestSession session = new(owner, ++clock);
            sessions.Add(session);
            return session;
        }
    }

    /// <summary>A session is over.</summary>
    public void End(GuestSession session)
    {
        lock (sync)
        {
            session.End();
            sessions.Remove(session);
            long oldest = sessions.Count == 0 ? long.MaxValue : sessions.Min(s => s.BeganAt);
            foreach (uint client in asked.Where(a => a.Value.At < oldest).Select(a => a.Key).ToList())
                asked.Remove(client);
        }
    }

    /// <summary>All sessions are over.</summary>
    public List<GuestSession> EndAll()
    {
        lock (sync)
        {
            List<GuestSession> all = [.. sessions];
            foreach (GuestSession session in all)
                session.End();
            return all;
        }
    }

    /// <summary>A session asks LAST for a client.</summary>
    /// <returns>The other sessions that have sent write requests of that client: they are over.</returns>
    public List<GuestSession> Ask(uint client, GuestSession asker)
    {
        lock (sync)
        {
            asked[client] = (++clock, asker);
            List<GuestSession> others = sessions.Where(s => s != asker && s.Clients.Contains(client)).ToList();
            foreach (GuestSession other in others)
                other.End();
            return others;
        }
    }

    /// <summary>True if LAST was asked for a client, and a session that began before is still there.</summary>
    public bool IsAsked(uint client)
    {
        lock (sync)
            return asked.ContainsKey(client);
    }

    /// <summary>True if a session may send a client's write request; else it is over.</summary>
    public bool MayWrite(uint client, GuestSession session)
    {
        lock (sync)
        {
            if (asked.TryGetValue(client, out (long At, GuestSession Asker) last) && last.Asker != session && last.At > session.BeganAt)
                session.End();
            else
                session.Clients.Add(client);
            return !session.IsOver;
        }
    }
}
