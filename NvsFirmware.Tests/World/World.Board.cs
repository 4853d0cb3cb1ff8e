using System;
using System.Threading.Tasks;
using NvsFirmware.Wire;

namespace NvsFirmware.Tests.World;

/// <content>The board: its turns and boots, what it sends, and what is looked at meanwhile.</content>
public sealed partial class World
{
    private void Turn()
    {
        if (!chip.IsPowered)
        {
            time.Pass(Random.Next(1 << Random.Between(4, 22)));
            if (Random.OneIn(2))
                Audit();
            ChangeWhilePowerIsOff();
            Boot();
        }
        else if (isResetDue)
        {
            Note("the board is reset");
            Resets++;
            Boot();
        }
        isResetDue = false;
        if (boardPauseUs > 0 && chip.IsPowered)
        {
            long pauseUs = boardPauseUs;
            boardPauseUs = 0;
            time.PassUntil(time.NowUs + pauseUs, () => !chip.IsPowered);
        }
        if (chip.IsPowered)
        {
            long beganUs = time.NowUs;
            bool wasStalled = uart.IsHostStalled;
            firmware.Step(100);
            long longestUs = LongestTurnUs + (long)(70_000 * UsPerByte);
            Check(time.NowUs - beganUs < longestUs || wasStalled || uart.IsHostStalled,
                $"one turn of the loop took {(time.NowUs - beganUs) / 1000} ms");
        }
        if (failure != null)
            throw failure is WorldException ? failure : new WorldException("looking at the medium failed", failure);
        for (int i = programs.Count - 1; i >= 0; i--)
        {
            Task life = programs[i].Life;
            if (life.IsFaulted)
                throw life.Exception.InnerException is WorldException e ? e
                    : new WorldException("a host failed", life.Exception.InnerException);
            if (life.IsCompleted)
                programs.RemoveAt(i);
        }
        Check(time.NowUs - lastOperationUs < PatienceUs, $"no host has made progress for two hours");
    }

    private void Boot()
    {
        if (!chip.IsPowered)
        {
            chip.PowerUp();
            bus.Heal();
        }
        time.IsBoardRunning = true;
        uart.Clear();
        session = 0;
        Settings.NewStoreId = Random.Bytes(8);
        Settings.SessionSeed = (int)Random.NextUInt64();
        awaitedIds.Add(BitConverter.ToUInt64(Settings.NewStoreId));
        Model.Boot(time.NowUs);
        if (!isCalm && Operations < operationsAllowed)
        {
            if (Random.OneIn(3))
                chip.CutAfterBits(Random.Next(1 << Random.Between(5, 18)) + 1);
            if (Random.OneIn(20))
                bus.DropAfter(Random.Next(64), 1);
            if (Random.OneIn(20))
                bus.NoiseAfter(Random.Next(64), 1);
            if (Random.OneIn(40))
                bus.LoseContactAfter(Random.Next(64));
        }
        firmware = new Firmware(bus, uart, time, Settings);
        firmware.Boot();
        if (!chip.IsPowered)
            CutsInRecovery++;
        if (chip.IsAbsent)
            BeTroubled();
        if (IsRecording)
            Note($"boot: {firmware.BootReport}");
    }

    // Another chip, or as if many commits had been made meanwhile.
    private void ChangeWhilePowerIsOff()
    {
        if (isCalm || Operations >= operationsAllowed || chip.IsAbsent)
            return;
        if (Random.OneIn(400))
        {
            Note("another chip");
            ChipsExchanged++;
            chip.Memory.Fill(Random.OneIn(2) ? (byte)0 : (byte)0xFF);
            watch.LookAnew();
            Model.Lose(time.NowUs);
            stores.Add((time.NowUs, null));
        }
        else if (Random.OneIn(20) && watch.Store != null && VersionJump.Try(Random, Model, chip) is { } jump)
        {
            Model.Jump(time.NowUs, jump.From, jump.Version, jump.Lap);
            Jumps++;
            if (jump.Version < jump.From)
                RoundTrips++;
            Note($"the version jumps from {jump.From} to {jump.Version}, lap {jump.Lap}");
        }
    }

    // What is found inside the firmware's own calls must not be taken by it for an error of the bus.
    private void Guard(Action look)
    {
        try
        {
            look();
        }
        catch (Exception e)
        {
            failure ??= e;
        }
    }

    private void Commit(WatchedRow row)
    {
        if (IsRecording)
            Note($"the medium has request {row.Last.Number} of client {row.Last.Client:x}, version {row.Last.Version}, "
                + $"{row.Blocks.Count} blocks from segment {row.First.Segment} on");
        Model.Commit(time.NowUs, row, session);
    }

    private void ChangeStore()
    {
        ulong? before = stores[^1].Id;
        ulong? now = watch.Store?.Id;
        Note($"the store is now {now:x}");
        if (before is ulong lost)
            Check(doomedIds.Contains(lost), $"the store {lost:x} is given up though nobody has asked for it");
        stores.Add((time.NowUs, now));
        if (now is not ulong id)
        {
            Model.Lose(time.NowUs);
            return;
        }
        Check(awaitedIds.Contains(id), $"the store {id:x} appears, which nobody has asked for");
        Check(watch.Store!.IsConsistent, $"the store {id:x} has sizes that cannot be: {watch.Store}");
        Formats++;
        Model.Format(time.NowUs, watch.Store.Layout);
        Model.Now.MostLeftOut = 1;
    }

    // The board has sent a frame.
    private void Answered(byte[] buffer, int offset, int count)
    {
        if (count < Frame.HeaderBytes || buffer[offset] != Frame.Sync0 || buffer[offset + 1] != Frame.Sync1)
            return;
        Status status = Frame.Status(buffer, offset);
        int type = Frame.Type(buffer, offset);
        if (type == (FrameType.Hello | FrameType.Answer) && status == Status.Ok)
            session = (uint)Frame.Argument(buffer, offset);
        if (type == (FrameType.Repair | FrameType.Answer))
            Model.LeaveOut();
        if (status == Status.Ok
            && type is (FrameType.Write | FrameType.Answer) or (FrameType.Read | FrameType.Answer) or (FrameType.Last | FrameType.Answer))
            Model.IsLastTold = true;
        if (IsRecording)
            Note($"the board says type {type:x}, {status}, {Frame.Number(buffer, offset):x}, "
                + $"part {Frame.Part(buffer, offset)}, {(uint)Frame.Argument(buffer, offset)}");
    }

    private void ToPrograms(byte[] chunk)
    {
        if (programs.Count == 0)
            return;
        if (!isHub)
        {
            if (reader >= programs.Count || --chunksToReader <= 0)
            {
                // Now and then so long that the longest track reaches one program whole.
                reader = Random.Next(programs.Count);
                chunksToReader = 1 << Random.Between(0, 11);
            }
            programs[reader].Line.Receive(chunk);
            return;
        }
        foreach ((HostEnd program, Task _) in programs.ToArray())
            program.Receive(chunk);
    }

    private void Audit()
    {
        if (watch.Store == null)
            return;
        Audits++;
        audit.Check(time.NowUs);
    }
}
