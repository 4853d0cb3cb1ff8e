using nanoFramework.TestFramework;
using NvsFirmware.Nvs;

namespace NvsFirmware.UnitTests;

[TestClass]
public class BootCounterTests
{
    [TestMethod]
    public void AnEmptyChipHasNotStarted() => Assert.AreEqual(0, Load(new SmallStore()).Count);

    [TestMethod]
    public void EachBootCounts()
    {
        SmallStore store = new SmallStore();
        for (int i = 1; i <= 5; i++)
        {
            Load(store).Increment();
            Assert.AreEqual(i, Load(store).Count);
        }
    }

    // Power goes while a counter is written: at any byte of it, the count is the old one or the new one.
    [TestMethod]
    [DataRow(2)]
    [DataRow(3)]
    public void ATornCellLeavesTheOther(int boots)
    {
        const int WriteBytes = 1 + 3 + BootCounter.Bytes / 2;
        for (int stored = 1; stored <= WriteBytes; stored++)
        {
            SmallStore store = new SmallStore();
            for (int i = 0; i < boots; i++)
                Load(store).Increment();
            BootCounter counter = Load(store);
            store.Fram.CutAfter(stored);
            if (stored < WriteBytes)
                Assert.ThrowsException(typeof(Fram.FramException), () => counter.Increment());
            else
                counter.Increment();
            store.Fram.PowerUp();
            Assert.AreEqual(stored < WriteBytes ? boots : boots + 1, Load(store).Count, "stored " + stored.ToString());
            Load(store).Increment();
            Assert.AreEqual(stored < WriteBytes ? boots + 1 : boots + 2, Load(store).Count, "after it");
        }
    }

    private static BootCounter Load(SmallStore store)
    {
        BootCounter counter = new BootCounter(store.Open(), new byte[64]);
        counter.Load();
        return counter;
    }
}
