using System;
using System.CommandLine;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;
using NvsFirmware;

namespace NvsSim;

/// <summary>A run of the simulated board, from power-up to the end of the process. The README has the options and exit codes.</summary>
internal static partial class Simulation
{
    /// <summary>What it is, for the help.</summary>
    public const string Description =
        "Runs a simulated board: the NvsFirmware on a model of an FRAM chip. Its serial port is a pseudo-terminal, or a socket.";

    /// <summary>Exit code: an option says nothing that can be.</summary>
    public const int WrongOption = 1;

    /// <summary>Exit code: the power was cut, as --cut-after says.</summary>
    public const int PowerCut = 7;

    private const int Stopped = 0;
    private const int CannotOpen = 8;

    // The slowest of the parts: time from power to the first access, and from the chip select that ends sleep.
    private const int PowerUpUs = 5000;
    private const int WakeUs = 450;

    private const int WaitMs = 100;

    // Who drops each transaction wants no line for each.
    private const int MostFaultsTold = 200;

    /// <summary>Gives a command the board's options, and makes it run the board.</summary>
    public static void Make(Command command)
    {
        foreach (Option option in SimOptions.All)
            command.Add(option);
        command.SetAction(result =>
        {
            try
            {
                return Run(new SimOptions(result));
            }
            catch (FormatException e)
            {
                Console.Error.WriteLine($"error: {e.Message}");
                return WrongOption;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or Win32Exception or PlatformNotSupportedException)
            {
                Console.Error.WriteLine($"error: {e.Message}");
                return CannotOpen;
            }
        });
    }

    private static int Run(SimOptions options)
    {
        SimPart part = options.Part;
        BoardSettings settings = options.Settings();
        using ISimPort port = options.OpenPort();
        using FramFile? file = options.FramPath == null ? null : FramFile.Open(options.FramPath, part);
        using TerminalLink? link = options.LinkPath == null ? null : new TerminalLink(options.LinkPath, port.Path);

        using IDisposable interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using IDisposable terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        SystemClock clock = new();
        FramModel chip = new(part, file?.Memory ?? new byte[part.StorageBytes])
        {
            NowUs = () => clock.NowUs,
            PowerUpUs = PowerUpUs,
            WakeUs = WakeUs,
            StoresInOrder = true,
        };
        string where = options.FramPath == null ? "in memory: all is lost at the end, --fram FILE keeps it" : $"in '{options.FramPath}'";
        Console.Error.WriteLine($"chip: {part.Name}, {part.Bytes} bytes, {where}");
        Console.Error.WriteLine($"seed: {options.Seed}");
        if (port is SocketUart { IsOpenToOthers: true })
            Console.Error.WriteLine("warning: who can reach this address from another machine can read and overwrite the store");

        chip.PowerUp();
        chip.PowerLost = () =>
        {
            Console.Error.WriteLine($"power cut after {chip.Bytes} bytes and {chip.Transactions} transactions on the SPI bus");
            link?.Dispose();
            port.Dispose();
            ExitAtOnce(PowerCut);
        };
        if (options.CutAfterBytes is int cutBytes)
            chip.CutAfterBits(8L * cutBytes);
        if (options.ChipAfterMs > 0)
        {
            chip.IsAbsent = true;
            chip.BeforeTransaction = _ => PutChipIn();
        }

        long faults = 0;
        BusFaults bus = options.WithFaults(chip, TellFault);
        Firmware firmware = new(bus, options.WithFaults(port, settings.ReceiveWindowBytes, TellFault), clock, settings);
        // A board's processor needs longer to start than its chip. So boot costs the same traffic each time, as --cut-after needs.
        clock.Sleep(PowerUpUs / 1000 + 1);
        firmware.Boot();
        Console.Error.WriteLine($"boot: {firmware.BootReport}");
        Console.Error.WriteLine($"bus: {bus.Transactions} transactions, {chip.Bytes} bytes since power-up");
        Console.WriteLine($"serial port: {port.Path}");
        while (!port.IsStopped)
            firmware.Step(WaitMs);
        Console.Error.WriteLine(faults == 0 ? "stopped" : $"stopped after {faults} faults");
        return Stopped;

        void Stop(PosixSignalContext context)
        {
            // A second signal ends the process the hard way.
            context.Cancel = !port.IsStopped;
            port.Stop();
        }

        void PutChipIn()
        {
            if (clock.NowMs < options.ChipAfterMs)
                return;
            chip.BeforeTransaction = null;
            chip.PutIn();
            Console.Error.WriteLine("chip: put in");
        }

        void TellFault(string fault)
        {
            faults++;
            if (faults <= MostFaultsTold)
                Console.Error.WriteLine($"fault: {fault}");
            if (faults == MostFaultsTold)
                Console.Error.WriteLine("fault: the next ones are not told");
        }
    }

    // Environment.Exit would run the firmware on while it tidies up.
    private static void ExitAtOnce(int code)
    {
        if (OperatingSystem.IsWindows())
            TerminateProcess(-1, (uint)code);
        else
            ExitProcess(code);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitProcess(int code);

    [LibraryImport("kernel32")]
    private static partial int TerminateProcess(nint process, uint code);
}
