using System;
using System.Threading.Tasks;

namespace NvsFirmware.Tests.World;

/// <content>What goes wrong: bus, chip, line, power and programs.</content>
public sealed partial class World
{
    /// <summary>A host begins something: a good moment for trouble.</summary>
    public void BeginOperation()
    {
        Operations++;
        lastOperationUs = time.NowUs;
        if (isCalm || Operations >= operationsAllowed)
            return;
        long current = plan;
        if (Random.OneIn(8))
            chip.CutAfterBits(Random.Next(1 << Random.Between(5, 17)) + 1);
        else if (Random.OneIn(30))
            time.After(Random.Next(1 << Random.Between(6, 20)), () => InPlan(current, () => chip.CutAfterBits(0)));
        else if (Random.OneIn(40))
            time.After(Random.Next(50_000), () => InPlan(current, () => isResetDue = true));
        if (Random.OneIn(25))
            time.After(Random.Next(1 << Random.Between(6, 22)), () => InPlan(current, KillProgram));
        if (Random.OneIn(40) && programs.Count < mostPrograms)
            time.After(Random.Next(1 << Random.Between(6, 22)), () => InPlan(current, StartProgram));
        if (Random.OneIn(60))
            boardPauseUs = Random.Next(5_000_000);
        if (Random.OneIn(80))
            StallHost();
        TroubleTheBus(current);
        TroubleTheLine(current);
        if (Random.OneIn(50))
            Audit();
        if (Random.OneIn(20))
            bus.CallAfter(Random.Next(1 << Random.Between(1, 7)), () => Guard(Audit));
    }

    /// <summary>A track was released: a good moment for the chip to be gone, while its segments wait for a record.</summary>
    public void BeginRelease()
    {
        if (!isCalm && Operations < operationsAllowed && Random.OneIn(20))
            bus.LoseContactAfter(Random.Next(16));
    }

    public void PauseHost() => toBoard.Pause(Random.Next(12_000_000));

    private void TroubleTheBus(long current)
    {
        if (Random.OneIn(60))
            bus.FailAfter(Random.Next(40));
        if (Random.OneIn(40))
            bus.DropAfter(Random.Next(1 << Random.Between(1, 6)), Random.Pick([1, 1, 1, 2, 3, Random.Between(1, 40)]));
        if (Random.OneIn(80))
        {
            // Until power goes.
            bus.DropAfter(Random.Next(1 << Random.Between(1, 6)), int.MaxValue);
            time.After(Random.Next(1 << Random.Between(10, 21)), () => InPlan(current, () => chip.CutAfterBits(0)));
        }
        if (Random.OneIn(50))
            bus.NoiseAfter(Random.Next(1 << Random.Between(1, 6)), 1);
        if (Random.OneIn(60))
            bus.LoseContactAfter(Random.Next(1 << Random.Between(1, 6)));
    }

    private void TroubleTheLine(long current)
    {
        if (Random.OneIn(30))
        {
            Disturb(Random.Pick(noises), Random.Pick(noises));
            // Heavy noise lets nothing long pass, so it ends some time.
            time.After(Random.Next(60_000_000), () => Disturb(0, 0));
        }
        if (Random.OneIn(80))
            time.After(Random.Next(100_000), () =>
                InPlan(current, () => uart.BreakRing(Random.Pick([RingFault.Dead, RingFault.Stale, RingFault.Garbage]))));
        if (Random.OneIn(60))
            MakeNoises(Random.Between(1, 40), Random.Between(5, 400));
        if (Random.OneIn(100))
        {
            Echoes++;
            if (Random.OneIn(2))
                toBoard.Echo = chunk => ToPrograms(chunk);
            else
                toHost.Echo = uart.Receive;
            time.After(Random.Next(10_000_000), () => toBoard.Echo = toHost.Echo = null);
        }
    }

    private void MakeNoises(int count, int everyMs)
    {
        toBoard.MakeNoise();
        if (count > 1)
            time.After(everyMs * 1000L, () => MakeNoises(count - 1, everyMs));
    }

    private void LosePower()
    {
        time.IsBoardRunning = false;
        Cuts++;
        Note("power cut");
    }

    private void InPlan(long current, Action action)
    {
        if (current == plan)
            action();
    }

    private void KillProgram()
    {
        if (programs.Count == 0)
            return;
        Note("a host dies");
        HostKills++;
        int index = Random.Next(programs.Count);
        HostEnd killed = programs[index].Line;
        programs.RemoveAt(index);
        killed.Kill();
    }

    private void StartProgram()
    {
        if (Operations >= operationsAllowed)
            return;
        uint client = NewClient();
        Note($"host starts as client {client:x}");
        Programs++;
        HostEnd line = NewEnd();
        int operations = Random.OneIn(3) ? Random.Between(1, 10) : Random.Between(10, 500);
        // In the list before it lives: what it sends at once may be answered.
        programs.Add((line, Task.CompletedTask));
        Task life = LiveAsync(new WorldHost(this, line, client, operations).RunAsync());
        int index = programs.FindIndex(program => program.Line == line);
        if (index >= 0)
            programs[index] = (line, life);
    }

    private void Disturb(int toBoardOneIn, int toHostOneIn)
    {
        toBoard.DisturbedOneIn = toBoardOneIn;
        toHost.DisturbedOneIn = toHostOneIn;
    }

    private void StallHost()
    {
        uart.IsHostStalled = true;
        time.After(Random.Next(1 << Random.Between(10, 23)), () => uart.IsHostStalled = false);
    }

    private void BeTroubled()
    {
        if (lastTroubleUs < time.NowUs - 1_000_000)
            Note(chip.IsAbsent ? "the chip is absent" : "chip or bus fail");
        lastTroubleUs = time.NowUs;
        Model.LeaveOut();
    }

    private void LoseContact()
    {
        BeTroubled();
        time.After(Random.Next(1 << Random.Between(6, 23)), () => SetAbsent(false));
    }

    private void SetAbsent(bool isAbsent)
    {
        if (chip.IsAbsent == isAbsent)
            return;
        chip.IsAbsent = isAbsent;
        BeTroubled();
    }
}
