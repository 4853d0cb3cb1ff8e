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
        table.Store(5, 70, 3, 0);
        table.Store(-6, 80, 4, 0);
        table = Load(store);
        Assert.AreEqual(70, table.Request(table.IndexOf(5)));
        Assert.AreEqual(3, table.Version(table.IndexOf(5)));
        Assert.IsTrue(table.Holds(-6, 80, 4));
        Assert.IsFalse(table.Holds(-6, 81, 4));
        Assert.IsFalse(table.Holds(-6, 80, 5));
        Assert.IsFalse(table.Holds(6, 80, 4));
        Assert.IsFalse(table.IsAnyLost());
        Assert.IsFalse(table.IsDamaged());
    }

    [TestMethod]
    public void AClientStandsThereOnce()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Load(store);
        table.Store(5, 70, 1, 0);
        for (int i = 0; i < ClientTable.Entries + 2; i++)
            table.Store(6, 80 + i, 2 + i, 0);
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
            table.Store(100 + i, 1, firstVersion + i, 0);
        table.Store(100, 2, firstVersion + ClientTable.Entries, 0); // so the second is the oldest
        table.Store(200, 1, firstVersion + ClientTable.Entries + 1, 0);
        table = Load(store);
        Assert.AreEqual(-1, table.IndexOf(101));
        Assert.IsTrue(table.IndexOf(100) >= 0);
        Assert.IsTrue(table.IndexOf(102) >= 0);
        Assert.IsTrue(table.IndexOf(200) >= 0);
    }

    [TestMethod]
    public void ADamagedEntryIsToldAndForgotten()
    {
        SmallStore store = new SmallStore();
        ClientTable table = Load(store);
        table.Store(5, 70, 3, 0);
        table.Store(6, 80, 4, 0);
        store.Fram.Memory[Geometry.ClientTableAddress + 6] ^= 4;
        table = Load(store);
        Assert.IsTrue(table.IsAnyLost());
        Assert.IsTrue(table.IsDamaged());
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
