using System;
using NvsFirmware.Fram;
using NvsFirmware.Tests.Rig;
using NvsSim;

namespace NvsFirmware.Tests.World;

/// <summary>
/// The SPI bus: transactions take time; they may fail before, in or after they do something, do nothing and say nothing, or read noise; and
/// the chip may lose contact between two of them or in one.
/// </summary>
public sealed class WorldBus(WorldTime time, SeededRandom random, FramModel chip, CommitWatch watch) : ISpiBus
{
    private const double UsPerByte = 0.4; // 20 MHz
    private const int CallUs = 15;

    private long transactions;
    private long failAt = -1;
    private long dropFrom = -1;
    private long dropTo = -1;
    private long noiseFrom = -1;
    private long noiseTo = -1;
    private long loseAt = -1;
    private long callAt = -1;
    private Action? call;

    public long Failures { get; private set; }

    public long Dropped { get; private set; }

    public long NoiseReads { get; private set; }

    public long ContactsLost { get; private set; }

    /// <summary>Called when anything of this happens.</summary>
    public Action? Troubled { get; set; }

    /// <summary>Is told each write, if anybody wants to know.</summary>
    public Action<string>? Noted { get; set; }

    /// <summary>Called when the chip loses contact.</summary>
    public Action? ContactLost { get; set; }

    /// <summary>The bus fails at the transaction after so many more.</summary>
    public void FailAfter(int count) => failAt = transactions + count;

    /// <summary>Transactions silently do nothing: so many, after so many more. A read leaves the buffer as it was.</summary>
    public void DropAfter(int count, int dropped)
    {
        dropFrom = transactions + count;
        dropTo = dropFrom + dropped;
    }

    /// <summary>Reads are noise for so many transactions, after so many more.</summary>
    public void NoiseAfter(int count, int noisy)
    {
        noiseFrom = transactions + count;
        noiseTo = noiseFrom + noisy;
    }

    /// <summary>The chip loses contact in the transaction after so many more.</summary>
    public void LoseContactAfter(int count) => loseAt = transactions + count;

    /// <summary>Something is done between two transactions.</summary>
    public void CallAfter(int count, Action action)
    {
        callAt = transactions + count;
        call = action;
    }

    /// <summary>All is well from now on.</summary>
    public void Heal()
    {
        failAt = dropFrom = dropTo = noiseFrom = noiseTo = loseAt = callAt = -1;
    }

    public void Send(byte[] command) => Write(command, 0, command.Length);

    public void Exchange(byte[] output, byte[] input) => Transfer(output, input, 0, output.Length);

    public void Write(byte[] buffer, int offset, int count)
    {
        if (!Begin(count))
            return;
        if (IsFailing())
        {
            ToChip(buffer, offset, random.Next(count + 1));
            Troubled?.Invoke(); // behind a commit, if it was one
            throw new FramException("the bus failed");
        }
        if (IsLosingContact())
        {
            ToChip(buffer, offset, random.Next(count + 1));
            chip.IsAbsent = true;
            ContactLost?.Invoke();
            return;
        }
        ToChip(buffer, offset, count);
    }

    public void Transfer(byte[] output, byte[] input, int inputOffset, int count)
    {
        if (!Begin(count))
            return;
        if (IsFailing())
            throw new FramException("the bus failed");
        if (IsLosingContact())
        {
            chip.IsAbsent = true;
            ContactLost?.Invoke();
        }
        chip.Transfer(output, input, inputOffset, count);
        if (transactions > noiseFrom && transactions <= noiseTo)
            MakeNoise(output, input.AsSpan(inputOffset, count));
    }

    // False when nothing is to be done at all.
    private bool Begin(int count)
    {
        if (callAt == transactions)
        {
            callAt = -1;
            call?.Invoke();
        }
        transactions++;
        if (time.IsBoardRunning)
            time.Pass(CallUs + (long)(count * UsPerByte));
        if (!chip.IsPowered || transactions <= dropFrom || transactions > dropTo)
            return true;
        Dropped++;
        Noted?.Invoke($"a transaction of {count} bytes is dropped");
        Troubled?.Invoke();
        return false;
    }

    private void ToChip(byte[] buffer, int offset, int count)
    {
        if (count == 0)
            return;
        Noted?.Invoke($"clocks {count} bytes to the chip: {Convert.ToHexString(buffer, offset, Math.Min(count, 48))}");
        try
        {
            chip.Write(buffer, offset, count);
        }
        finally
        {
            watch.Clocked(buffer.AsSpan(offset, count));
        }
    }

    private bool IsFailing()
    {
        if (!chip.IsPowered || transactions - 1 != failAt)
            return false;
        Failures++;
        Noted?.Invoke("the bus fails");
        Troubled?.Invoke();
        return true;
    }

    private bool IsLosingContact()
    {
        if (!chip.IsPowered || transactions - 1 != loseAt)
            return false;
        ContactsLost++;
        Noted?.Invoke("the chip loses contact");
        Troubled?.Invoke();
        return true;
    }

    private void MakeNoise(byte[] output, Span<byte> read)
    {
        NoiseReads++;
        Noted?.Invoke($"{read.Length} bytes are noise, asked with {Convert.ToHexString(output, 0, Math.Min(4, read.Length))}");
        Troubled?.Invoke();
        switch (random.Next(4))
        {
            case 0:
                random.Fill(read);
                break;
            case 1:
                read.Fill(random.OneIn(2) ? (byte)0xFF : (byte)0);
                break;
            case 2: // a clock missed: all behind is shifted
                int at = random.Next(read.Length);
                read[at..^1].CopyTo(read[(at + 1)..]);
                break;
            default:
                for (int i = random.Between(1, 3); i > 0; i--)
                    read[random.Next(read.Length)] ^= (byte)(1 << random.Next(8));
                break;
        }
    }
}
