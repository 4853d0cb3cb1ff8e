using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class ClientTableTests
{
    [TestMethod]
    public void AClientIsRememberedOnTheMedium()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Load(store);
        Assert.AreEqual(-1, table.IndexOf(5));
        table.Store(5, 70, 3);
        table.Store(-6, 80, 4);
        table = Load(store);
        Assert.AreEqual(70, table.Request(table.IndexOf(5)));
        Assert.AreEqual(3, table.Version(table.IndexOf(5)));
        Assert.IsTrue(table.Holds(-6, 80, 4));
        Assert.IsFalse(table.Holds(-6, 81, 4));
        Assert.IsFalse(table.Holds(-6, 80, 5));
        Assert.IsFalse(table.Holds(6, 80, 4));
        Assert.AreEqual(0, table.Damaged);
    }

    [TestMethod]
    public void AClientStandsThereOnce()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Load(store);
        table.Store(5, 70, 1);
        for (int i = 0; i < ClientTable.Entries + 2; i++)
            table.Store(6, 80 + i, 2 + i);
        Assert.IsTrue(Load(store).Holds(5, 70, 1));
    }

    // The versions wrap: what was committed the longest ago is told by differences.
    [TestMethod]
    [DataRow(10)]
    [DataRow(-3)]
    [DataRow(int.MaxValue - 4)]
    public void TheOldestMakesRoom(int firstVersion)
    {
        SmallStore store = new SmallStore();
        ClientTable table = Load(store);
        for (int i = 0; i < ClientTable.Entries; i++)
            table.Store(100 + i, 1, firstVersion + i);
        table.Store(100, 2, firstVersion + ClientTable.Entries); // so the second is the oldest
        table.Store(200, 1, firstVersion + ClientTable.Entries + 1);
        table = Load(store);
        Assert.AreEqual(-1, table.IndexOf(101));
        Assert.IsTrue(table.IndexOf(100) >= 0);
        Assert.IsTrue(table.IndexOf(102) >= 0);
        Assert.IsTrue(table.IndexOf(200) >= 0);
    }

    [TestMethod]
    public void ADamagedEntryIsCountedAndForgotten()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Load(store);
        table.Store(5, 70, 3);
        table.Store(6, 80, 4);
        store.Fram.Memory[Geometry.ClientTableAddress + 6] ^= 4;
        table = Load(store);
        Assert.AreEqual(1, table.Damaged);
        Assert.AreEqual(-1, table.IndexOf(5));
        Assert.IsTrue(table.Holds(6, 80, 4));
    }

    private static ClientTable Load(SmallStore store)
    {
        ClientTable table = new ClientTable(store.Open(), new byte[256]);
        table.Load();
        return table;
    }
}
