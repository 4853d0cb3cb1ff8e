using System;
using System.Collections.Generic;
using System.Linq;
using Microsoft.VisualStudio.TestTools.UnitTesting;
using NvsFirmware.Tests.Rig;
using NvsHost.Serve;

namespace NvsFirmware.Tests.Serve;

/// <summary>Whose turn it is.</summary>
[TestClass]
[OnlyOnDotNet("tests the host's side")]
public sealed class TurnsTests
{
    /// <summary>
    /// Breaks when one is passed over, gets a turn out of its order, has one beside another's, or waits for more turns than there
    /// are others; also when one that does not wait any more keeps the others waiting, or stays in the order and comes back.
    /// </summary>
    [TestMethod]
    public void NobodyWaitsForMoreTurnsThanThereAreOthers()
    {
        const int Owners = 8;
        const int Steps = 20_000;
        ulong seed = (ulong)Environment.TickCount64;
        Console.WriteLine($"seed {seed}");
        SeededRandom random = new(seed);
        Turns turns = new();
        int[] owners = Enumerable.Range(0, Owners).ToArray();
        Dictionary<int, Queue<int>> expected = owners.ToDictionary(owner => owner, _ => new Queue<int>());
        List<(int Owner, Turn Turn)> taken = [];
        Dictionary<Turn, (int Owner, int Number)> all = [];
        Dictionary<int, Turn> turnOf = [];
        List<Turn> begun = [];
        object[] names = owners.Select(owner => (object)$"program {owner}").ToArray();
        int next = 0;
        for (int step = 0; step < Steps; step++)
        {
            if (random.OneIn(2) || taken.Count == 0)
            {
                int owner = random.Next(Owners);
                int number = next++;
                Turn? turn = null;
                bool hasBegun = false;
                turn = turns.Enter(names[owner], () =>
                {
                    hasBegun = true;
                    if (turn is not null)
                        begun.Add(turn);
                });
                all[turn] = (owner, number);
                turnOf[number] = turn;
                expected[owner].Enqueue(number);
                if (hasBegun)
                    Begin(turn);
            }
            else if (random.OneIn(4) && expected.Values.Any(queue => queue.Count > 0))
            {
                int owner = random.Pick([.. owners.Where(owner => expected[owner].Count > 0)]);
                int number = random.Pick([.. expected[owner]]);
                expected[owner] = new Queue<int>(expected[owner].Where(other => other != number));
                Assert.IsFalse(turns.Leave(turnOf[number]), "it has not begun");
            }
            else
            {
                int at = random.Next(taken.Count);
                Turn over = taken[at].Turn;
                taken.RemoveAt(at);
                Assert.IsTrue(turns.Leave(over));
            }
            foreach (Turn turn in begun.ToList())
                Begin(turn);
            begun.Clear();
            Assert.IsTrue(taken.Select(t => t.Owner).Distinct().Count() <= 1, "turns of two at the same time");
            Assert.IsLessThanOrEqualTo(Turns.MostAhead, taken.Count);
            Assert.IsTrue(taken.Count > 0 || expected.Values.All(queue => queue.Count == 0), "nobody has the turn, though some wait");
        }
        Assert.IsLessThanOrEqualTo(Owners - 1L, turns.MostWaited);
        Assert.IsGreaterThan(2L, turns.MostWaited, "it was never crowded");

        void Begin(Turn turn)
        {
            (int owner, int number) = all[turn];
            Assert.AreEqual(expected[owner].Dequeue(), number, "in the order in which they were asked for");
            taken.Add((owner, turn));
        }
    }

    /// <summary>Breaks when a turn that is given up is taken, or is counted as taken.</summary>
    [TestMethod]
    public void WhatIsNotWantedAnyMoreIsPassedOver()
    {
        Turns turns = new();
        List<string> begun = [];
        Turn first = turns.Enter("a", () => begun.Add("a1"));
        Turn second = turns.Enter("b", () => begun.Add("b1"));
        turns.Enter("c", () => begun.Add("c1"));
        Assert.IsFalse(turns.Leave(second));
        Assert.IsTrue(turns.Leave(first));
        CollectionAssert.AreEqual(new[] { "a1", "c1" }, begun);
    }

    /// <summary>
    /// Breaks when a program that is alone gets no turns behind each other, or more than those that whoever comes may have to wait
    /// for.
    /// </summary>
    [TestMethod]
    public void WhoIsAloneHasSeveralAhead()
    {
        Turns turns = new();
        List<string> begun = [];
        List<Turn> own = Enumerable.Range(0, 6).Select(i => turns.Enter("a", () => begun.Add($"a{i}"))).ToList();
        Assert.HasCount(Turns.MostAhead, begun);
        Turn other = turns.Enter("b", () => begun.Add("b"));
        for (int i = 0; i < Turns.MostAhead; i++)
            turns.Leave(own[i]);
        // a was in line before b came.
        CollectionAssert.AreEqual(new[] { "a0", "a1", "a2", "a3", "a4" }, begun);
        turns.Leave(own[4]);
        Assert.AreEqual("b", begun[^1]);
        turns.Leave(other);
        Assert.AreEqual("a5", begun[^1]);
    }
}
