using System;
using nanoFramework.TestFramework;
using NvsFirmware.Fram;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

/// <summary>The client table's entries on the medium: what is written, when, and what becomes of those that are not whole.</summary>
[TestClass]
public class ClientEntryTests
{
    private const int Stay = 8;
    private const int FirstPassing = Stay;

    // Nobody's commit takes no place, so the record after it does not tell of a client that passes by.
    [TestMethod]
    public void NobodysCommitTakesNoPlace()
    {
        ClientTable table = Table(new SmallStore());
        NoteStaying(table, Stay);
        table.Note(0, 9, 30, 8, false);
        Assert.AreEqual(-1, table.Last);
    }

    // What is not due is not written: an FRAM wears, and each write takes time.
    [TestMethod]
    public void OnlyWhatIsDueIsWritten()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        table.Note(5, 1, 10, 0, false);
        table.Note(6, 1, 11, 0, false);
        Mark(store, 4);
        table.StoreDue();
        IsMarked(store, 4);
        table.ForgetOld(12);
        IsMarked(store, 4);
        table = Loaded(store);
        Mark(store, 3);
        table.StoreDue();
        IsMarked(store, 3);
        Assert.IsTrue(table.IsDamaged(), "an entry that was read is looked at");
    }

    // Both places for those that pass by are taken by what must stay: the last commit's client and an entry that is not whole. The next
    // one takes the former's place; there is no horizon, for none was forgotten.
    [TestMethod]
    public void WhenNoPlaceCanBeGivenAwayTheFirstOfItsKindIs()
    {
        SmallStore store = new SmallStore();
        Put(store, FirstPassing + 1, 77, 1, 5);
        Damage(store, FirstPassing + 1);
        ClientTable table = Loaded(store);
        table.Note(5, 1, 10, 0, true);
        Assert.AreEqual(0, table.Horizon(true, 10));
        table.Note(6, 2, 11, 0, true);
        Assert.AreEqual(FirstPassing, table.Last);
        Assert.AreEqual(6, table.Ids[FirstPassing]);
        Assert.AreEqual(10, table.ForgottenVersion);
    }

    // Whose an entry was that is not whole is not known: it is nobody's to take, and no horizon.
    [TestMethod]
    public void AnEntryThatIsNotWholeKeepsItsPlace()
    {
        SmallStore store = new SmallStore();
        Put(store, 3, 77, 1, 5);
        Damage(store, 3);
        ClientTable table = Loaded(store);
        NoteStaying(table, Stay - 1);
        Assert.AreEqual(10, table.Horizon(false, 16));
        Assert.AreEqual(0, table.ForgottenVersion);
        table.Note(300, 1, 17, 0, false);
        Assert.AreEqual(-1, table.IndexOf(200), "the oldest made room");
        Assert.AreEqual(10, table.ForgottenVersion);
    }

    // The client whose entry was torn has it again; another one whose id ends like that one's number does not get it.
    [TestMethod]
    public void ATornEntryIsGivenAwayOnce()
    {
        SmallStore store = new SmallStore();
        Put(store, 2, 5, 7, 10);
        Damage(store, 2, 12);
        ClientTable table = Loaded(store);
        table.Note(5, 7, 10, 0, false);
        table.Note(0x107, 1, 11, 0, false);
        Assert.AreEqual(2, table.IndexOf(5));
        Assert.IsTrue(table.IndexOf(0x107) >= 0);
        Assert.AreEqual(2, table.Count());
    }

    // Zeros are empty; one field that is not zero makes an entry that is not whole. Several are damage, too.
    [TestMethod]
    public void OnlyZerosAreEmpty()
    {
        SmallStore store = new SmallStore();
        Assert.IsFalse(Loaded(store).Settle());
        for (int field = 0; field < ClientTable.EntryBytes; field += 4)
        {
            store.Fram.Memory[AddressOf(3) + field] = 1;
            Assert.IsTrue(Loaded(store).Settle(), "field " + field.ToString());
            store.Fram.Memory[AddressOf(3) + field] = 0;
        }
        store.Fram.Memory[AddressOf(3)] = 1;
        store.Fram.Memory[AddressOf(5)] = 1;
        Assert.IsTrue(Loaded(store).Settle());
    }

    // What is not whole is emptied when all is stored; its place is one like the others then.
    [TestMethod]
    public void WhatIsNotWholeIsEmptied()
    {
        SmallStore store = new SmallStore();
        Put(store, 3, 77, 1, 5);
        Damage(store, 3);
        ClientTable table = Loaded(store);
        Assert.IsTrue(table.Settle());
        table.StoreAll();
        Assert.IsFalse(table.IsDamaged());
        Assert.IsFalse(Loaded(store).Settle());
        NoteStaying(table, Stay);
        Assert.AreEqual(Stay, table.Count());
        Assert.AreEqual(0, table.ForgottenVersion);
    }

    // A whole entry is given up by its CRC's first byte alone, so that a cut leaves it as it was or given up; that is no damage.
    [TestMethod]
    public void AWholeEntryIsGivenUpByOneByte()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        table.Note(1, 1, 5, 3, false);
        table.Note(2, 1, 5 + ClientTable.OldestAge, 0, false);
        table.StoreDue();
        byte[] before = (byte[])store.Fram.Memory.Clone();
        table.ForgetOld(5 + ClientTable.OldestAge);
        int changed = 0;
        for (int i = 0; i < before.Length; i++)
            if (before[i] != store.Fram.Memory[i])
                changed++;
        Assert.AreEqual(1, changed);
        Assert.AreEqual(before[AddressOf(0) + 16] ^ 0xFF, (int)store.Fram.Memory[AddressOf(0) + 16]);
        Assert.IsFalse(table.IsDamaged());
        ClientTable loaded = Loaded(store);
        Assert.IsFalse(loaded.Settle());
        Assert.AreEqual(0, loaded.Count());
    }

    // Of two entries of one client the medium keeps one, wherever they are.
    [TestMethod]
    [DataRow(10, 11)]
    [DataRow(11, 10)]
    public void ATwinIsEmptied(int first, int second)
    {
        SmallStore store = new SmallStore();
        Put(store, 0, 5, 1, first);
        Put(store, 1, 5, 2, second);
        ClientTable table = Loaded(store);
        Assert.AreEqual(1, table.Count());
        Assert.AreEqual(11, table.Versions[table.IndexOf(5)]);
        table.StoreAll();
        Assert.AreEqual(1, EntriesOf(store, 5));
    }

    // A client that passed by and now stays has one entry, on the medium too, as soon as what is due is written.
    [TestMethod]
    public void WhoStaysLaterLeavesItsPlaceAtOnce()
    {
        SmallStore store = new SmallStore();
        Put(store, FirstPassing, 5, 1, 10);
        ClientTable table = Loaded(store);
        table.Note(5, 2, 11, 0, false);
        Assert.IsTrue(table.IsAnyDue);
        Assert.AreEqual(1, table.Count());
        table.StoreAll();
        Assert.AreEqual(1, EntriesOf(store, 5));
    }

    // What was read before counts no more.
    [TestMethod]
    public void ATableThatIsReadAgainIsThatOfTheMedium()
    {
        SmallStore store = new SmallStore();
        Put(store, 3, 5, 1, 10);
        ClientTable table = Loaded(store);
        Array.Clear(store.Fram.Memory, AddressOf(3), ClientTable.EntryBytes);
        table.Load();
        Assert.AreEqual(-1, table.IndexOf(5));
        Assert.AreEqual(0, table.Count());
    }

    // No sum tells that the table was read well: two reads must agree, in all of it.
    [TestMethod]
    public void TwoReadsThatDifferAreNotBelieved()
    {
        for (int index = 0; index < Stay + 2; index++)
        {
            SmallStore store = new SmallStore();
            ChangingBus bus = new ChangingBus(store.Fram, AddressOf(index));
            FramChip chip = new FramChip(bus, new BoardLine());
            chip.Open("");
            ClientTable table = new ClientTable(chip, store.Geometry, new byte[512]);
            bus.IsChanging = true;
            Assert.ThrowsException(typeof(FramException), () => table.Load(), "entry " + index.ToString());
        }
    }

    // Where no chip answers all reads agree: zeros.
    [TestMethod]
    public void AChipThatIsGoneIsNoEmptyTable()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Table(store);
        store.Fram.IsThere = false;
        store.Fram.FloatingLevel = 0;
        Assert.ThrowsException(typeof(FramException), () => table.Load());
    }

    // Changes a byte of the chip after each long read.
    private sealed class ChangingBus : ISpiBus
    {
        private const int LongRead = 100;

        private readonly SmallFram fram;
        private readonly int address;

        public bool IsChanging;

        public ChangingBus(SmallFram fram, int address)
        {
            this.fram = fram;
            this.address = address;
        }

        public void Send(byte[] command) => fram.Send(command);

        public void Write(byte[] buffer, int offset, int count) => fram.Write(buffer, offset, count);

        public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
        {
            fram.Transfer(output, input, inputOffset, count);
            if (IsChanging && count > LongRead)
                fram.Memory[address] ^= 1;
        }

        public void Exchange(byte[] output, byte[] input) => fram.Exchange(output, input);
    }

    private static int AddressOf(int index) => Geometry.ClientsAddress + index * ClientTable.EntryBytes;

    private static ClientTable Table(SmallStore store) => new ClientTable(store.Open(), store.Geometry, new byte[512]);

    private static ClientTable Loaded(SmallStore store)
    {
        ClientTable table = Table(store);
        table.Load();
        return table;
    }

    // Clients that stay: their numbers begin at 200, the versions of their commits at 10.
    private static void NoteStaying(ClientTable table, int count)
    {
        for (int i = 0; i < count; i++)
            table.Note(200 + i, 1, 10 + i, 0, false);
    }

    private static void Put(SmallStore store, int index, int client, int number, int version)
    {
        byte[] memory = store.Fram.Memory;
        int at = AddressOf(index);
        Buffers.PutInt32(memory, at, client);
        Buffers.PutInt32(memory, at + 4, number);
        Buffers.PutInt32(memory, at + 8, version);
        Buffers.PutUInt32(memory, at + 16, Crc.Of(memory, at, 16));
    }

    private static void Damage(SmallStore store, int index, int field = 4) => store.Fram.Memory[AddressOf(index) + field] ^= 0x40;

    private static void Mark(SmallStore store, int index) => store.Fram.Memory[AddressOf(index) + 15] = 0x5A;

    private static void IsMarked(SmallStore store, int index) =>
        Assert.AreEqual(0x5A, (int)store.Fram.Memory[AddressOf(index) + 15], "entry " + index.ToString());

    // Whole ones; one that was given up is not.
    private static int EntriesOf(SmallStore store, int client)
    {
        int count = 0;
        byte[] memory = store.Fram.Memory;
        for (int i = 0; i < store.Geometry.Clients; i++)
            if (BitConverter.ToInt32(memory, AddressOf(i)) == client
                && BitConverter.ToUInt32(memory, AddressOf(i) + 16) == Crc.Of(memory, AddressOf(i), 16))
                count++;
        return count;
    }
}
