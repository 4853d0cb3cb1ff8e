using System;
using System.Collections.Generic;
using System.Threading;
using Microsoft.Extensions.Logging;

namespace NvsHost;

/// <summary>The lock that guards a conversation, and what is told to others as soon as it is left: in order, one at a time.</summary>
internal sealed class Door(ILogger logger)
{
    private readonly Lock sync = new();
    private readonly Queue<Action> posted = new();
    private bool isRunningPosted;

    /// <summary>Looks at what the lock guards.</summary>
    public T Look<T>(Func<T> look)
    {
        lock (sync)
            return look();
    }

    /// <summary>Runs something when the lock is left. Called under the lock.</summary>
    public void Post(Action action) => posted.Enqueue(action);

    /// <summary>Does something under the lock, then what was posted, outside it.</summary>
    public void Enter(Action action)
    {
        lock (sync)
            action();
        while (true)
        {
            Action next;
            lock (sync)
            {
                if (isRunningPosted || !posted.TryDequeue(out next!))
                    return;
                isRunningPosted = true;
            }
            try
            {
                next();
            }
            catch (Exception e)
            {
                // What a program does when it is told something does not change what happened.
                logger.LogWarning(e, "A callback failed.");
            }
            lock (sync)
                isRunningPosted = false;
        }
    }
}
