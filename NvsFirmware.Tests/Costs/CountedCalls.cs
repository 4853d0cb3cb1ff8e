namespace NvsFirmware.Tests.Costs;

/// <summary>Single calls of the firmware, to check the counting with. Called in a <see cref="CountedContext"/>.</summary>
internal static class CountedCalls
{
    /// <summary>IL of storing a number: no branch, no call.</summary>
    public static long IlOfPutInt32()
    {
        long before = Counters.Now.Il;
        Buffers.PutInt32(new byte[4], 0, 1);
        return Counters.Now.Il - before;
    }

    /// <summary>IL of a loop that goes round so often.</summary>
    public static long IlOfALoop(int rounds)
    {
        byte[] buffer = new byte[rounds];
        long before = Counters.Now.Il;
        Buffers.AreAll(buffer, 0, rounds, 0);
        return Counters.Now.Il - before;
    }

    /// <summary>A CRC-32: what is called, and what lies below the firmware's assembly.</summary>
    public static long[] OfACrc()
    {
        Tally before = Counters.Now;
        Crc.Of(new byte[16], 0, 16);
        Tally crc = Counters.Now - before;
        return [crc.Il, crc.Calls, crc.Natives, crc.HeapBytes];
    }
}
