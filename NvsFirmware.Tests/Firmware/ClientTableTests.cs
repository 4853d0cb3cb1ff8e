using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

/// <summary>The client table of a small chip: 8 places for clients that stay and 2 for those that pass by.</summary>
[TestClass]
public class ClientTableTests
{
    private const int Stay = 8;
    private const int Pass = 2;

    [TestMethod]
    public void ANotedCommitIsKnown()
    {
        ClientTable table = Table(new SmallStore());
        Assert.AreEqual(-1, table.IndexOf(5));
        table.Note(5, 10, 100, 77, false);
        Is(table, 5, 10, 100);
        Assert.AreEqual(77, table.Fingerprints[table.IndexOf(5)]);
        table.Note(5, 11, 101, 78, false);
        Is(table, 5, 11, 101);
        Assert.AreEqual(1, table.Count());
    }

    // The oldest of its kind makes room, an empty place first; the other kind is not touched.
    [TestMethod]
    public void TheOldestOfItsKindMakesRoom()
    {
        ClientTable table = Table(new SmallStore());
        for (int i = 0; i < Pass; i++)
            table.Note(100 + i, 1, 1 + i, 0, true);
        for (int i = 0; i < Stay; i++)
            table.Note(200 + i, 1, 10 + i, 0, false);
        Assert.AreEqual(Stay + Pass, table.Count());
        table.Note(200, 2, 20, 0, false); // the newest again
        table.Note(300, 1, 21, 0, false);
        Assert.AreEqual(-1, table.IndexOf(201));
        Is(table, 200, 2, 20);
        table.Note(101, 2, 22, 0, true);
        table.Note(400, 1, 23, 0, true);
        Assert.AreEqual(-1, table.IndexOf(100));
        Is(table, 101, 2, 22);
        for (int i = 2; i < Stay; i++)
            Is(table, 200 + i, 1, 10 + i);
    }

    // Finding 10: an age beyond 2^31 turned negative, and the wrong client went. Breaks with ages compared by their sign.
    [TestMethod]
    [DataRow(1, 0x7FFFFFFF)]
    [DataRow(1, -2147483647)]
    [DataRow(1, -1)]
    [DataRow(-100, 5)] // the numbers have come round
    [DataRow(0x7FFFFFF0, -2147483600)]
    public void AnAgeIsWithoutSign(int oldest, int now)
    {
        ClientTable table = Table(new SmallStore());
        table.Note(1, 1, oldest, 0, false);
        for (int i = 2; i <= Stay; i++)
            table.Note(i, 1, now - 20 + i, 0, false);
        table.Note(50, 1, now, 0, false);
        Assert.AreEqual(-1, table.IndexOf(1), "the oldest went");
        for (int i = 2; i <= Stay; i++)
            Is(table, i, 1, now - 20 + i);
    }

    // No client that was forgotten committed later than the horizon; and it is not later than it must be.
    [TestMethod]
    public void TheHorizonIsThatOfAKind()
    {
        ClientTable table = Table(new SmallStore());
        for (int i = 0; i < Stay; i++)
        {
            Assert.AreEqual(0, table.Horizon(false, 10 + i), "there is an empty place");
            table.Note(200 + i, 1, 10 + i, 0, false);
        }
        Assert.AreEqual(10, table.Horizon(false, 17));
        Assert.AreEqual(0, table.Horizon(true, 17));
        table.Note(300, 1, 18, 0, false);
        Assert.AreEqual(11, table.Horizon(false, 18), "10 was forgotten");
        table.Note(1, 1, 19, 0, true);
        table.Note(2, 1, 20, 0, true);
        table.Note(3, 1, 21, 0, true);
        Assert.AreEqual(20, table.Horizon(true, 21));
        Assert.AreEqual(11, table.Horizon(false, 21));
    }

    [TestMethod]
    public void AClientThatStaysLaterStaysFromThenOn()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        table.Note(5, 1, 10, 0, true);
        table.Note(5, 2, 11, 0, false);
        for (int i = 0; i < 10; i++)
            table.Note(100 + i, 1, 20 + i, 0, true);
        Is(table, 5, 2, 11);
        Assert.AreEqual(3, table.Count());
        table.Note(5, 3, 40, 0, true); // it has its place
        Is(table, 5, 3, 40);
        table.StoreAll();
        Is(Loaded(store), 5, 3, 40);
        Assert.AreEqual(3, Loaded(store).Count());
    }

    // Of the last commit's client the blocks tell: its entry is written when another one commits.
    [TestMethod]
    public void AnEntryIsDueWhenAnotherClientCommits()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        table.Note(5, 1, 10, 7, false);
        Assert.IsFalse(table.IsAnyDue);
        table.Note(6, 1, 11, 8, false);
        Assert.IsTrue(table.IsAnyDue);
        table.StoreDue();
        Assert.IsFalse(table.IsAnyDue);
        ClientTable loaded = Loaded(store);
        Is(loaded, 5, 1, 10);
        Assert.AreEqual(-1, loaded.IndexOf(6));
        table.Note(0, 0, 12, 0, false); // nobody's
        table.StoreDue();
        loaded = Loaded(store);
        Is(loaded, 6, 1, 11);
        Assert.AreEqual(8, loaded.Fingerprints[loaded.IndexOf(6)]);
    }

    // Two entries of one client, which a cut can leave: the later version counts, also round the end of the numbers.
    [TestMethod]
    [DataRow(10, 11)]
    [DataRow(-1, 1)]
    public void OfTwinsTheLaterCounts(int earlier, int later)
    {
        for (int first = 0; first < 2; first++)
        {
            SmallStore store = new SmallStore();
            Put(store, 3 + first, 5, 1, earlier);
            Put(store, 4 - first, 5, 2, later);
            ClientTable table = Loaded(store);
            Is(table, 5, 2, later);
            Assert.AreEqual(1, table.Count());
            Assert.IsFalse(table.Settle());
            table.StoreAll();
            Assert.AreEqual(1, Loaded(store).Count());
        }
    }

    // Whose entry a damaged one was is not known: somebody may be told wrongly that he did not commit. Nobody is: Settle tells.
    [TestMethod]
    public void ADamagedEntryIsTold()
    {
        SmallStore store = new SmallStore();
        Put(store, 3, 5, 1, 10);
        for (int i = 0; i < ClientTable.EntryBytes; i++)
        {
            store.Fram.Memory[Geometry.ClientsAddress + 3 * ClientTable.EntryBytes + i] ^= 0x40;
            ClientTable table = Loaded(store);
            Assert.AreEqual(-1, table.IndexOf(5), "byte " + i.ToString());
            Assert.IsTrue(table.Settle(), "byte " + i.ToString());
            store.Fram.Memory[Geometry.ClientsAddress + 3 * ClientTable.EntryBytes + i] ^= 0x40;
        }
        Assert.IsFalse(Loaded(store).Settle());
    }

    // A cut in the middle of writing an entry: the client's commit is in the chain, so nobody's is lost.
    [TestMethod]
    public void ATornEntryIsNoDamageWhenItsClientCommittedSince()
    {
        for (int stored = 1; stored < ClientTable.EntryBytes; stored++)
        {
            SmallStore store = new SmallStore();
            Put(store, 0, 5, 7, 10);
            System.Array.Clear(store.Fram.Memory, Geometry.ClientsAddress + stored, ClientTable.EntryBytes - stored);
            ClientTable table = Loaded(store);
            table.Note(5, 7, 10, 0, false); // the chain tells
            Assert.IsFalse(table.Settle(), "stored " + stored.ToString());
            Is(table, 5, 7, 10);
        }
    }

    // Finding 10. What is 2^30 commits old could soon be taken for a later lap's.
    [TestMethod]
    public void WhatIsTooOldIsForgotten()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        table.Note(1, 1, 5, 0, false);
        table.Note(2, 1, 6, 0, false);
        table.Note(3, 1, 5 + ClientTable.OldestAge, 0, false);
        table.StoreDue();
        table.ForgetOld(5 + ClientTable.OldestAge);
        Assert.AreEqual(-1, table.IndexOf(1));
        Is(table, 2, 1, 6);
        Assert.AreEqual(-1, Loaded(store).IndexOf(1), "on the medium, too");
        Is(Loaded(store), 2, 1, 6);
    }

    [TestMethod]
    public void RepairWritesDamagedEntriesAgain()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        table.Note(1, 1, 5, 0, false);
        table.Note(2, 1, 6, 0, false);
        table.StoreAll();
        Assert.IsFalse(table.IsDamaged());
        store.Fram.Memory[Geometry.ClientsAddress + 2] ^= 1;
        Assert.IsTrue(table.IsDamaged());
        table.Restore();
        Assert.IsFalse(table.IsDamaged());
        Is(Loaded(store), 1, 1, 5);
    }

    // Finding 6. Breaks when an entry is not read back.
    [TestMethod]
    public void ADroppedWriteIsNoticed()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        table.Note(1, 1, 5, 0, false);
        store.Fram.Protection = 0x0C;
        Assert.ThrowsException(typeof(FramException), () => table.StoreAll());
    }

    private static ClientTable Table(SmallStore store) => new ClientTable(store.Open(), store.Geometry, new byte[512]);

    private static ClientTable Loaded(SmallStore store)
    {
        ClientTable table = Table(store);
        table.Load();
        return table;
    }

    // As docs/format.md has it.
    private static void Put(SmallStore store, int index, int client, int number, int version)
    {
        byte[] memory = store.Fram.Memory;
        int at = Geometry.ClientsAddress + index * ClientTable.EntryBytes;
        Buffers.PutInt32(memory, at, client);
        Buffers.PutInt32(memory, at + 4, number);
        Buffers.PutInt32(memory, at + 8, version);
        Buffers.PutInt32(memory, at + 12, 0);
        Buffers.PutUInt32(memory, at + 16, Crc.Of(memory, at, 16));
    }

    private static void Is(ClientTable table, int client, int number, int version)
    {
        int index = table.IndexOf(client);
        Assert.IsTrue(index >= 0, "client " + client.ToString() + " is not known");
        Assert.AreEqual(number, table.Numbers[index], "number of client " + client.ToString());
        Assert.AreEqual(version, table.Versions[index], "version of client " + client.ToString());
    }
}
