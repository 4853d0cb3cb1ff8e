using nanoFramework.TestFramework;
using NvsFirmware.Fram;

namespace NvsFirmware.UnitTests;

[TestClass]
public class ChipTableTests
{
    [TestMethod]
    [DataRow("MB85RS64V", 8)]
    [DataRow("MB85RS256B", 32)]
    [DataRow("MB85RS1MT", 128)]
    [DataRow("MB85RS2MTA", 256)]
    [DataRow("MB85RS4MT", 512)]
    [DataRow("FM25V05", 64)]
    [DataRow("FM25V20A", 256)]
    [DataRow("CY15B108QI", 1024)]
    [DataRow("MR25H256", 32)]
    [DataRow("MR25H10", 128)]
    [DataRow("MR25H40", 512)]
    [DataRow("MR20H40", 512)]
    public void SizesAreThoseOfTheDataSheets(string name, int kibibytes)
    {
        FramPart part = ChipTable.Named(name);
        Assert.AreEqual(name, part.Name);
        Assert.AreEqual(kibibytes * 1024, part.CapacityBytes);
    }

    // The first match counts, so no part may answer as one before it does, read forward or backward.
    [TestMethod]
    public void EachIdIsItsPartsAlone()
    {
        byte[] answer = new byte[9];
        for (int i = 0; i < ChipTable.Parts.Length; i++)
        {
            byte[] id = ChipTable.Parts[i].Id;
            if (id.Length == 0)
                continue;
            System.Array.Clear(answer, 0, answer.Length);
            System.Array.Copy(id, 0, answer, 0, id.Length);
            Assert.IsTrue(ChipTable.Parts[i] == ChipTable.WithId(answer));
            for (int j = 0; j < id.Length; j++)
                answer[j] = id[id.Length - 1 - j];
            Assert.IsTrue(ChipTable.Parts[i] == ChipTable.WithId(answer));
        }
    }

    // A part without an id would else match whatever comes: no chip, an unknown chip.
    [TestMethod]
    public void WhatHasNoIdIsFoundByItsNameOnly()
    {
        int count = 0;
        byte[] answer = new byte[9];
        for (int i = 0; i < ChipTable.Parts.Length; i++)
        {
            FramPart part = ChipTable.Parts[i];
            if (part.Id.Length > 0)
                continue;
            count++;
            for (int value = 0; value < 256; value++)
            {
                for (int at = 0; at < answer.Length; at++)
                    answer[at] = (byte)value;
                Assert.IsFalse(part.Matches(answer), part.Name);
            }
            // It wakes by an opcode that no other part knows, so it must not be put to sleep.
            Assert.IsFalse(part.HasSleep, part.Name);
        }
        Assert.AreEqual(4, count, "parts without an id");
    }

    [TestMethod]
    public void NamesDifferAndAreShortEnoughForTheWire()
    {
        for (int i = 0; i < ChipTable.Parts.Length; i++)
        {
            Assert.IsTrue(ChipTable.Parts[i] == ChipTable.Named(ChipTable.Parts[i].Name));
            Assert.IsTrue(ChipTable.Parts[i].Name.Length <= 16);
        }
        Assert.IsTrue(ChipTable.None == ChipTable.Named("MB85RS64"));
        Assert.IsTrue(ChipTable.None == ChipTable.Named(""));
    }

    [TestMethod]
    public void AddressBytesFollowFromTheSize()
    {
        Assert.AreEqual(2, new FramPart("", 0x10000, new byte[4], false).AddressBytes);
        Assert.AreEqual(3, new FramPart("", 0x20000, new byte[4], false).AddressBytes);
    }

    [TestMethod]
    public void AnotherPartsIdIsUnknown()
    {
        Assert.IsTrue(ChipTable.None == ChipTable.WithId(new byte[] { 0x04, 0x7F, 0x03, 0x03, 0, 0, 0, 0, 0 }));
        Assert.IsTrue(ChipTable.None == ChipTable.WithId(new byte[] { 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0xC2, 0x22, 0x07 }));
    }
}
